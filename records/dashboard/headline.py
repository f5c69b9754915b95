"""How the system is, in one line: the same that /readyz of the syncer and the API's status say, and what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from records.admin.columns import count_noun
from records.explain import PROBLEM_STATES
from records.models import SyncStatus
from syncer.core.known import RecordState

NAMES = ("record", "records")


class Headline(NamedTuple):
    """``tone`` is good, busy, warn or bad. ``since`` is when the trouble began, where that is known."""

    tone: str
    words: str
    since: datetime | None = None
    problems: Sequence[str] = ()
    warnings: Sequence[str] = ()
    advice: str = ""

    @property
    def icon(self) -> str:
        return {"good": "check", "busy": "clock", "warn": "alert", "bad": "cross"}[self.tone]


def judge_system(status: SyncStatus | None, states: Mapping[str, int], needs: int) -> Headline:
    """``states`` counts the records by state, ``needs`` what waits for a person."""
    if status is None:
        return Headline(
            "bad",
            "No syncer has run yet",
            advice="Start one with `catalyst-dns-sync runsyncer`: until then nothing is written to DNS.",
        )
    warnings = list(status.warnings or ())
    if status.is_silent:
        word = "The syncer was stopped" if status.stopped_at else "The syncer has fallen silent"
        told = status.list_problems() if status.is_ahead else ()
        since = status.trouble_since and (status.stopped_at or status.trouble_since)
        return Headline("bad", word, since, told, advice="Nothing is written to DNS until it runs again.")
    if problems := status.list_problems():
        return Headline("bad", "In trouble", status.trouble_since, problems, warnings)
    if needs:
        words = f"{count_noun(needs, ('thing needs', 'things need'))} you"
        return Headline("warn", words, None, (), warnings)
    # What a target cannot hold is as in step as it will ever be: its row says why.
    skipped = states.get(RecordState.SKIPPED, 0)
    if beside := sum(states.get(state, 0) for state in PROBLEM_STATES) - skipped:
        return Headline("warn", f"{count_noun(beside, NAMES)} not in step", None, (), warnings)
    if pending := states.get(RecordState.PENDING, 0):
        return Headline("busy", f"Catching up: {count_noun(pending, NAMES)} on the way", None, (), warnings)
    if warnings:
        return Headline("warn", "In step, with a warning", None, (), warnings)
    return Headline("good", f"In step, {count_noun(skipped, NAMES)} skipped" if skipped else "In step")
