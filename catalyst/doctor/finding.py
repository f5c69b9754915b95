"""What the doctor says: one line each."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(NamedTuple):
    """``text`` of a problem says what to do about it."""

    level: Level
    about: str
    text: str


def ok(about: str, text: str) -> Finding:
    return Finding(Level.OK, about, text)


def warning(about: str, text: str) -> Finding:
    return Finding(Level.WARNING, about, text)


def problem(about: str, text: str) -> Finding:
    return Finding(Level.PROBLEM, about, text)
