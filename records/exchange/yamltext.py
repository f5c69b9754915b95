"""YAML of a backup, one item at a time. A small part of YAML, so that nothing in a text can make it big or dangerous:
no aliases, no tags, no depth."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from records.exchange.shape import BackupError, Problem
from syncer.core.manifest import shown

DEPTH_LIMIT = 6

_is_number = re.compile(r"-?(?:0|[1-9][0-9]{0,14})").fullmatch
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}

Take = Callable[[str, str, Any], None]


def read_yaml(text: str, take: Take) -> dict[str, Any]:
    """Calls ``take(section, place, item)`` for each item of a list at the top, and returns the rest of the top."""
    try:
        return _Reader(text, take).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}" if mark else "the file"
        raise BackupError([Problem(place, shown(error.problem or error.context or "no YAML", 200))]) from error
    except yaml.YAMLError as error:
        raise BackupError([Problem("the file", shown(" ".join(str(error).split()), 200))]) from error


class _Reader:
    def __init__(self, text: str, take: Take) -> None:
        self.events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.take = take

    def document(self) -> dict[str, Any]:
        next(self.events)
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise BackupError([Problem("the file", "it is empty")])
        event = next(self.events)
        if not isinstance(event, yaml.MappingStartEvent):
            raise _refusal(event, "it is no backup: apiVersion, kind and records are missing")
        top: dict[str, Any] = {}
        for key, value_event in self.pairs(event):
            if key in top:
                raise _refusal(value_event, f"{shown(key)} is there twice")
            top[key] = self.section(key, value_event)
        next(self.events)
        if not isinstance(after := next(self.events), yaml.StreamEndEvent):
            raise _refusal(after, "a second document begins here")
        return top

    def section(self, key: str, event: Any) -> Any:
        if not isinstance(event, yaml.SequenceStartEvent):
            return self.value(event, 1)
        _check(event)
        while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
            self.take(key, _place(item), self.value(item, 2))
        return ()

    def pairs(self, start: Any) -> Any:
        _check(start)
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _refusal(event, "a key is no text")
            _check(event)
            yield event.value, next(self.events)

    def value(self, event: Any, depth: int) -> Any:
        _check(event)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if depth > DEPTH_LIMIT:
            raise _refusal(event, f"nested deeper than {DEPTH_LIMIT} levels")
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
                items.append(self.value(item, depth + 1))
            return items
        mapping: dict[str, Any] = {}
        for key, value_event in self.pairs(event):
            if key in mapping:
                raise _refusal(value_event, f"{shown(key)} is there twice")
            mapping[key] = self.value(value_event, depth + 1)
        return mapping


def _check(event: Any) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor:
        raise _refusal(event, "aliases and anchors are not taken in a backup")
    if event.tag not in (None, "!"):
        raise _refusal(event, f"tags such as {shown(event.tag)} are not taken in a backup")


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style:
        return text
    if _is_number(text):
        return int(text)
    return _WORDS.get(text, text)


def _refusal(event: Any, reason: str) -> BackupError:
    return BackupError([Problem(_place(event), reason)])


def _place(event: Any) -> str:
    return f"line {event.start_mark.line + 1}"
