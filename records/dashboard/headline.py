"""How the system is, in one line: the same that /readyz of the syncer and the API's status say, and what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Min
from django.utils.timesince import timesince
from django_q.models import Schedule

from records.admin.columns import count_noun
from records.explain import PROBLEM_STATES
from records.models import SyncStatus
from syncer.core.known import RecordState

NAMES = ("record", "records")
LATE = timedelta(minutes=5)
DRY_ADVICE = "The log of the syncer says what would be done. Without DRY_RUN=true it is done, and shown here."


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


def list_late_tasks(now: datetime) -> list[str]:
    """A warning where the background tasks do not run: one of them is due every minute."""
    due = Schedule.objects.aggregate(first=Min("next_run"))["first"]
    if due is None or now - due < LATE:
        return []
    return [f"the background tasks are late by {timesince(due, now)}: start them with catalyst-dns-sync qcluster"]


def count_trouble(states: Mapping[str, int]) -> int:
    """The records that are not in step. What a target cannot hold is as in step as it will ever be, and its row says
    why."""
    return sum(states.get(state, 0) for state in PROBLEM_STATES if state != RecordState.SKIPPED)


def judge_system(
    status: SyncStatus | None,
    states: Mapping[str, int],
    needs: int,
    late_tasks: Sequence[str] = (),
    *,
    is_dry: bool = False,
) -> Headline:
    """``states`` counts the records by state, ``needs`` what waits for a person; ``late_tasks`` are warnings of the
    background tasks. ``is_dry``: the settings ask for a dry run, which tells nothing of itself here."""
    if is_dry and (status is None or status.is_silent):
        return Headline("warn", "A dry run: nothing is written to DNS", None, (), late_tasks, DRY_ADVICE)
    if status is None:
        return Headline(
            "bad",
            "No syncer has run yet",
            advice="Start one with `catalyst-dns-sync runsyncer`: until then nothing is written to DNS.",
        )
    warnings = [*(status.warnings or ()), *late_tasks]
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
    skipped = states.get(RecordState.SKIPPED, 0)
    if beside := count_trouble(states):
        return Headline("warn", f"{count_noun(beside, NAMES)} not in step", None, (), warnings)
    if pending := states.get(RecordState.PENDING, 0):
        return Headline("busy", f"Catching up: {count_noun(pending, NAMES)} on the way", None, (), warnings)
    if warnings:
        return Headline("warn", "In step, with a warning", None, (), warnings)
    return Headline("good", f"In step, {count_noun(skipped, NAMES)} skipped" if skipped else "In step")
