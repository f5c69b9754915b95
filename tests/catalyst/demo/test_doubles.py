"""The two servers of the demo, as programs that it starts."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalyst.demo import doubles
from catalyst.demo.cast import ZONES
from catalyst.demo.doubles import DoubleEnded, find_doubles, start_doubles
from catalyst.up import stop_children, watch_end
from tests.processes import ROOT

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for child in started:
        watch_end(child, SimpleQueue())  # one that has ended is waited for as one that runs, until somebody asked
    stop_children(started)


def test_both_say_where_they_are_also_where_the_working_folder_has_tests_of_its_own(
    children: list[subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = tmp_path / "tests" / "fakes"
    decoy.mkdir(parents=True)
    for folder in (tmp_path / "tests", decoy):
        (folder / "__init__.py").write_text("raise SystemExit('another project')\n")
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "log").open("wb") as log:
        found = start_doubles({"PATH": os.environ["PATH"]}, tmp_path, log, children)
    assert len(children) == 2
    with urllib.request.urlopen(f"{found.cluster}/version") as answer:
        assert answer.status == 200
    asked = urllib.request.Request(
        f"{found.dns_api}/api/zones/list", headers={"Authorization": f"Bearer {found.token}"}
    )
    with urllib.request.urlopen(asked) as answer:
        said = answer.read().decode()
    assert all(zone in said for zone in ZONES)
    assert Path(found.kubeconfig).exists()


def test_one_that_ends_before_it_says_where_it_is_leaves_the_reason_in_the_log(
    children: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    with (tmp_path / "log").open("wb") as log, pytest.raises(DoubleEnded):
        start_doubles({"PATH": os.environ["PATH"]}, tmp_path / "none", log, children)
    assert "none/kubeconfig" in (tmp_path / "log").read_text()


def test_a_clone_has_them_and_an_image_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_doubles() == ROOT
    monkeypatch.setattr(doubles, "FOLDERS", (tmp_path,))
    with pytest.raises(ImproperlyConfigured, match="as in an image: take a clone"):
        find_doubles()
