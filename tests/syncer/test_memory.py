from __future__ import annotations

from tests.processes import run

SETTLED = """
import gc
import sys
from syncer import memory

class Told:
    def why(self, name: str) -> str: return name

memory.settle_in()
print(len(sys.path_importer_cache))
del Told
print(gc.get_freeze_count() > 1000, memory.settle_in.__annotations__, gc.collect(), *gc.get_threshold())
"""
USED = """
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, runtime_checkable
import yaml  # its parser in C has classes that cannot be changed
from syncer.memory import settle_in

class Pair(NamedTuple):
    left: int
    right: int = 2

@dataclass(frozen=True, slots=True)
class Box:
    size: int
    label: str = ""

@runtime_checkable
class Sized(Protocol):
    size: int

settle_in()
print(Pair.__annotations__, Box.__annotations__)
print(Pair(1)._replace(left=3), replace(Box(1), label="a"), isinstance(Box(1), Sized), isinstance(Pair(1), Sized))
import colorsys
print(colorsys.__name__)
"""


def test_what_is_loaded_is_looked_through_no_more_and_says_nothing_of_types() -> None:
    ended = run(["-c", SETTLED])
    assert ended.out == "0\nTrue {} 0 700 10 50\n", ended.err


def test_what_said_its_types_works_without_them_and_more_can_be_imported() -> None:
    ended = run(["-c", USED])
    told = ["{} {}", "Pair(left=3, right=2) Box(size=1, label='a') True False", "colorsys"]
    assert ended.out.splitlines() == told, ended.err
