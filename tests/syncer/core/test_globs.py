from __future__ import annotations

import pytest

from syncer.core.globs import BadGlob, match_glob, read_glob


@pytest.mark.parametrize(
    ("text", "name", "matches"),
    [
        ("*.team-a.talos00", "shop.team-a.talos00", True),
        ("*.team-a.talos00", "a.b.team-a.talos00", True),
        ("*.team-a.talos00", "*.team-a.talos00", True),
        ("*.team-a.talos00", "team-a.talos00", False),
        ("*.team-a.talos00", "shop.team-b.talos00", False),
        ("team-a*.talos00", "team-a.x.talos00", True),
        ("shop.talos00", "shop.talos00", True),
        ("shop.talos00", "*.talos00", False),
        ("shop.talos00", "shopxtalos00", False),
        ("*", "shop.talos00", True),
        ("SHOP.Talos00.", "shop.talos00", True),
        ("*.bücher.home.lab", "x.xn--bcher-kva.home.lab", True),
    ],
)
def test_a_star_stands_for_any_characters(text: str, name: str, matches: bool) -> None:
    assert match_glob(read_glob(text), name) is matches


@pytest.mark.parametrize(
    "text", ["", ".", "a b", "[a-z].talos00", "shop?.talos00", "a..b", "*ü.talos00", "x" * 254, "a/b"]
)
def test_what_is_no_glob_is_refused(text: str) -> None:
    with pytest.raises(BadGlob, match=r"."):
        read_glob(text)


def test_many_stars_are_no_trap() -> None:
    assert not match_glob(read_glob("*" * 200 + "b"), "a" * 250)
