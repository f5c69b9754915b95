"""Which files of a folder hold documents."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from syncer.documents.folders import is_excluded, scan_folder


def found(folder: Path, *excluded: str) -> list[str]:
    return sorted(os.path.relpath(path, folder) for path in scan_folder(str(folder), excluded).stamps)


def test_a_folder_is_searched_to_its_leaves(tmp_path: Path) -> None:
    for path in ("a.yaml", "b.yml", "c.json", "d.txt", ".e.yaml", "x/y/f.yaml", ".git/g.yaml", "x/.h/i.yaml", "yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    assert found(tmp_path) == ["a.yaml", "b.yml", "c.json", "x/y/f.yaml"]
    with pytest.raises(FileNotFoundError):
        scan_folder(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("excluded", "left"),
    [
        ((), ["a.yaml", "charts/shop/templates/t.yaml", "charts/shop/values.yaml", "templates/a.yaml"]),
        (("templates",), ["a.yaml", "charts/shop/values.yaml"]),
        (("charts/*/templates",), ["a.yaml", "charts/shop/values.yaml", "templates/a.yaml"]),
        (("charts*",), ["a.yaml", "templates/a.yaml"]),
        (("a.yaml", "charts"), []),
        (("*/a.yaml",), ["a.yaml", "charts/shop/templates/t.yaml", "charts/shop/values.yaml"]),
        (("*",), []),
    ],
)
def test_globs_leave_out_files_and_folders_by_name_or_path(
    tmp_path: Path, excluded: tuple[str, ...], left: list[str]
) -> None:
    for path in ("a.yaml", "charts/shop/templates/t.yaml", "charts/shop/values.yaml", "templates/a.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    assert found(tmp_path, *excluded) == left


def test_a_glob_tells_upper_from_lower_case() -> None:
    assert is_excluded("charts/Values.yaml", ["Values.*"])
    assert not is_excluded("charts/values.yaml", ["Values.*"])
    assert not is_excluded("charts", [])
