"""What happened, pass by pass: the entries of the audit that one pass wrote, under a line that says what it did."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from records.audit import CHANGES, SYNCER, TROUBLE, Action, edits_entry
from records.models import AuditEntry
from syncer.core.names import people_name
from syncer.core.origin import Origin

CAUSES = (
    (re.compile(r"; (\S+) approved it$"), r"approved by \1"),
    (re.compile(r" was deleted$"), "their objects went"),
    (re.compile(r" was disabled$"), "their entries were disabled"),
    (re.compile(r" does not name it any more$"), "their objects name them no more"),
    (re.compile(r" does not publish it any more: "), "their objects publish them no more"),
    (re.compile(r"^someone (changed|deleted) it"), r"someone \1 them"),
)
"""Why something happened, of what the entry says."""
OF_WRITES = (Action.FROZEN, Action.RESUMED)
"""They name what was done to all writes."""
SHOWN = 4
"""What a line counts; the rest is in the entries."""


@dataclass(slots=True)
class PassSummary:
    """``key`` is the correlation of a pass, or the entry's own number for what belongs to none."""

    key: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    people: set[str] = field(default_factory=set)
    entries: set[int] = field(default_factory=set)

    def add_entry(self, entry: AuditEntry) -> None:
        """Each counts once, however often it is added."""
        if entry.pk in self.entries:
            return
        self.entries.add(entry.pk)
        self.counts[_name_place(entry), entry.action] += 1
        if cause := find_cause(entry):
            self.causes[cause] += 1
        if entry.actor != SYNCER:
            self.people.add(entry.actor)

    def describe(self) -> str:
        """``apps: 8 deleted, their objects went``; by whom, where a person did it."""
        places: dict[str, list[str]] = {}
        for (place, action), number in self.counts.most_common(SHOWN):
            places.setdefault(place, []).append(_count_action(number, action))
        told = "; ".join(": ".join(filter(None, (place, ", ".join(words)))) for place, words in places.items())
        more = [" and more"] if len(self.counts) > SHOWN else []
        causes = [f", {cause}" for cause, _ in self.causes.most_common(1)]
        people = [f", by {' and '.join(sorted(self.people))}"] if self.people else []
        return "".join((told, *more, *causes, *people))


@dataclass(slots=True)
class Pass:
    summary: PassSummary
    entries: list[AuditEntry] = field(default_factory=list)


def group_entries(entries: Iterable[AuditEntry]) -> list[Pass]:
    """``entries`` are the newest first, and so are the passes and what is in them."""
    passes: dict[str, Pass] = {}
    for entry in entries:
        key = find_pass(entry)
        found = passes.setdefault(key, Pass(PassSummary(key)))
        found.summary.add_entry(entry)
        found.entries.append(entry)
    return list(passes.values())


def find_pass(entry: AuditEntry) -> str:
    return entry.correlation or str(entry.pk)


def find_cause(entry: AuditEntry) -> str:
    """In a few words that other entries share; "" where there is none."""
    if entry.action == Action.TAKEN_OVER:
        return "the name passed to another"
    for pattern, words in CAUSES:
        if match := pattern.search(entry.reason):
            return match.expand(words)
    return ""


def sort_of(entry: AuditEntry) -> str:
    """The words by which the stream can be narrowed."""
    is_change = entry.action in CHANGES and not edits_entry(entry)
    sorts = {"change": is_change, "trouble": entry.action in TROUBLE, "person": entry.actor != SYNCER}
    return " ".join(word for word, is_so in sorts.items() if is_so)


def _count_action(number: int, action: str) -> str:
    return action if number == 1 and action in OF_WRITES else f"{number} {action}"


def _name_place(entry: AuditEntry) -> str:
    """The namespace of the object; for what has none, the zone."""
    if edits_entry(entry):
        return "custom entries"
    origin = Origin.parse(entry.source)
    return origin.namespace or people_name(entry.zone)
