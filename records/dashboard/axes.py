"""The two questions of a record that are never mixed: how it is in DNS, and why it is so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from records.models import ManagedRecord
from syncer.core.known import RecordState


class AxisWord(NamedTuple):
    word: str
    tone: str
    icon: str


IN_DNS: Mapping[str, AxisWord] = {
    RecordState.SYNCED: AxisWord("in step", "good", "check"),
    RecordState.KEPT: AxisWord("in step", "good", "check"),
    RecordState.PENDING: AxisWord("pending", "busy", "clock"),
    RecordState.DRIFTED: AxisWord("drifted", "bad", "drift"),
    RecordState.FAILED: AxisWord("failed", "bad", "cross"),
    RecordState.HELD: AxisWord("delete held", "warn", "pause"),
    RecordState.CONFLICT: AxisWord("not written", "bad", "cross"),
    RecordState.SKIPPED: AxisWord("not written", "warn", "skip"),
    RecordState.FOREIGN: AxisWord("not ours", "quiet", "person"),
}
"""How it is in DNS, by state."""

WHY: Mapping[str, str] = {
    RecordState.KEPT: "kept",
    RecordState.HELD: "nobody wants it",
    RecordState.CONFLICT: "conflict",
    RecordState.SKIPPED: "skipped",
    RecordState.FOREIGN: "foreign, as wanted",
}
"""Why it is so, where it is not simply that its winner wants it."""


class Axes(NamedTuple):
    dns: AxisWord
    why: str
    rivals: int


def read_axes(record: ManagedRecord) -> Axes:
    dns = IN_DNS.get(record.state, AxisWord(record.state, "quiet", "skip"))
    return Axes(dns, WHY.get(record.state, ""), len(record.losers))
