"""docs/architecture.md is true: its files are there, and neither walk visits one twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncer.config import TargetSettings
from syncer.targets.base import Target, TargetZone

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text()


def section(title: str) -> str:
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_file_and_folder_that_it_names_is_there() -> None:
    named = set(re.findall(r"`((?:catalyst|records|syncer|tests|docs)/[\w/.]+)`", TEXT))
    assert len(named) > 40
    assert {path for path in named if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize(("title", "files"), [("The way of a host name", 19), ("The way of a custom entry", 10)])
def test_a_walk_visits_no_file_twice(title: str, files: int) -> None:
    walk = re.findall(r"`((?:catalyst|records|syncer)/[\w/]+\.py)`", section(title))
    assert len(walk) == len(set(walk)) == files


def test_every_package_of_the_engine_has_its_room() -> None:
    rooms = set(re.findall(r"`syncer/(\w+)`", section("Rooms")))
    folders = {path.name for path in (ROOT / "syncer").iterdir() if (path / "__init__.py").exists()}
    assert folders - {"management"} == rooms


@pytest.mark.parametrize("protocol", [TargetSettings, Target, TargetZone])
def test_what_a_target_must_have_is_said_in_full(protocol: type) -> None:
    text = re.sub(r"```.*?```", "", section("Add a target"), flags=re.DOTALL)
    members = {name for name in {*vars(protocol), *protocol.__annotations__} if not name.startswith("_")}
    assert {name for name in members if not re.search(rf"`{name}\b", text)} == set()


def test_the_smallest_target_that_it_shows_is_the_one_that_keeps_the_contract() -> None:
    shown, line = re.findall(r"```python\n(.*?)```", section("Add a target"), re.DOTALL)
    assert shown == (ROOT / "tests" / "contract" / "smallest.py").read_text()
    assert line.strip() == 'ShelfConfig: "syncer.targets.shelf:ShelfTarget",'
