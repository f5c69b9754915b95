"""What the answer of a DNS server says of one record of ours. Values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from records.answer_models import RecordAnswer
from records.resolve import Answer, Query
from syncer.core.manifest import clip_text

Result = RecordAnswer.Result

ANSWERED = ("NOERROR", "NXDOMAIN")
"""With any other code the server says that it cannot or will not answer."""

SHOWN = 300
"""Characters of what came instead."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What DNS should say. Each of ``values`` is right: what we wrote, and what a person accepted in its place. Until
    ``cached_until`` a server that does not own the zone may still give what was there before. ``is_doubtful``: it was
    not right when it was last asked for."""

    zone: str
    name: str
    type: str
    values: tuple[frozenset[str], ...]
    cached_until: datetime
    is_doubtful: bool = False


class Judgement(NamedTuple):
    """``result`` None: nothing can be said yet. ``reason`` is a sentence part that begins with the server."""

    result: RecordAnswer.Result | None
    reason: str = ""


RIGHT, TOO_EARLY = Judgement(Result.RIGHT), Judgement(None)

GRAVEST = (Result.WRONG, Result.UNANSWERED, None, Result.DELEGATED, Result.RIGHT)


def judge_silence(answer: Answer) -> Judgement | None:
    """None when the server did answer, whatever it said."""
    if answer.error:
        return Judgement(Result.UNANSWERED, f"{answer.server}: {answer.error}")
    if answer.rcode not in ANSWERED:
        return Judgement(Result.UNANSWERED, f"{answer.server} answers {answer.rcode}")
    return None


def judge_answer(expected: Expected, query: Query, answer: Answer, now: datetime) -> Judgement:
    """``query`` is what was asked: for a wildcard a name below it."""
    if silence := judge_silence(answer):
        return silence
    if answer.hides(query.name, expected.type):
        return Judgement(Result.DELEGATED, f"{answer.server} leaves {answer.delegation} to other servers")
    if answer.values(query.name, expected.type) in expected.values:
        return RIGHT
    is_owner = answer.authoritative or answer.delegation
    if not is_owner and now < expected.cached_until:
        return TOO_EARLY
    return Judgement(Result.WRONG, f"{answer.server} answers {describe_records(query, answer)}")


def describe_records(query: Query, answer: Answer) -> str:
    """What came at the name: of the type that was asked for, else a CNAME in its place."""
    values = sorted(answer.values(query.name, query.types[0]))
    others = [f"CNAME {value}" for value in sorted(answer.values(query.name, "CNAME"))]
    text = ", ".join(values or others) or f"nothing ({answer.rcode})"
    return clip_text(text, SHOWN)


def combine_judgements(judgements: Sequence[Judgement]) -> Judgement:
    """Of several servers: the gravest result, with the reasons of all."""
    result = min((judgement.result for judgement in judgements), key=GRAVEST.index)
    return Judgement(result, "; ".join(judgement.reason for judgement in judgements if judgement.reason))


def find_wildcard_place(expected: Expected) -> str:
    """The name below which a wildcard would answer in the record's place; "" when none can."""
    place = expected.name.removeprefix("*.")
    return "" if place == expected.zone else place.partition(".")[2]
