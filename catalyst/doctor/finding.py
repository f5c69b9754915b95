"""What the doctor reports, one line each."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(NamedTuple):
    """The ``text`` of a problem also says what to do about it."""

    level: Level
    about: str
    text: str


def report_ok(about: str, text: str) -> Finding:
    return Finding(Level.OK, about, text)


def report_warning(about: str, text: str) -> Finding:
    return Finding(Level.WARNING, about, text)


def report_problem(about: str, text: str) -> Finding:
    return Finding(Level.PROBLEM, about, text)
