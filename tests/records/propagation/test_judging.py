"""Several servers, caches, and what is shown of an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dns.rrset
import pytest

from records.propagation.judging import (
    RIGHT,
    TOO_EARLY,
    Expected,
    Judgement,
    Result,
    combine_judgements,
    describe_records,
    find_wildcard_place,
    judge_answer,
)
from records.resolve import Answer, Query

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
NAME = "grafana.talos00"
QUERY = Query(NAME, ("A",), "talos00")


def answer(*values: str, **more: object) -> Answer:
    records = (dns.rrset.from_text(NAME + ".", 60, "IN", "A", *values),) if values else ()
    return Answer("ns", rcode="NOERROR", records=records, **{"authoritative": True, **more})  # type: ignore[arg-type]


def expect(*values: str, until: datetime = NOW, name: str = NAME) -> Expected:
    return Expected("talos00", name, "A", (frozenset(values),), until)


WRONG, SILENT = Judgement(Result.WRONG, "a answers x"), Judgement(Result.UNANSWERED, "b: no answer within 3 s")
DELEGATED = Judgement(Result.DELEGATED, "c leaves lab to other servers")


@pytest.mark.parametrize(
    ("judgements", "combined"),
    [
        ([RIGHT], RIGHT),
        ([RIGHT, DELEGATED], DELEGATED),
        ([RIGHT, TOO_EARLY, DELEGATED], (None, DELEGATED.reason)),
        ([RIGHT, SILENT, TOO_EARLY], SILENT),
        ([SILENT, RIGHT, WRONG], (Result.WRONG, f"{SILENT.reason}; {WRONG.reason}")),
    ],
)
def test_the_gravest_of_several_servers_counts(judgements: list[Judgement], combined: Judgement) -> None:
    assert combine_judgements(judgements) == combined


def test_a_cache_may_say_what_was_there_before_a_change() -> None:
    """A server that owns the zone may not, and neither may a cache for ever."""
    late = expect("192.0.2.5", until=NOW + timedelta(seconds=1))
    assert judge_answer(late, QUERY, answer("192.0.2.9", authoritative=False), NOW) == TOO_EARLY
    assert judge_answer(late, QUERY, answer("192.0.2.5", authoritative=False), NOW) == RIGHT
    assert judge_answer(late, QUERY, answer("192.0.2.9"), NOW).result is Result.WRONG
    early = expect("192.0.2.5", until=NOW)
    assert judge_answer(early, QUERY, answer("192.0.2.9", authoritative=False), NOW).result is Result.WRONG


def test_what_a_person_accepted_is_right_too() -> None:
    both = Expected("talos00", NAME, "A", (frozenset(["192.0.2.5"]), frozenset(["192.0.2.9"])), NOW)
    assert judge_answer(both, QUERY, answer("192.0.2.5"), NOW) == RIGHT
    assert judge_answer(both, QUERY, answer("192.0.2.9"), NOW) == RIGHT
    assert judge_answer(both, QUERY, answer("192.0.2.5", "192.0.2.9"), NOW).result is Result.WRONG


def test_a_long_answer_is_cut() -> None:
    text = describe_records(QUERY, answer(*(f"192.0.2.{number}" for number in range(100))))
    assert text.startswith("192.0.2.0, 192.0.2.1, ")
    assert text.endswith("…")
    assert len(text) == 300


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("grafana.talos00", "talos00"),
        ("a.b.talos00", "b.talos00"),
        ("talos00", ""),
        ("*.talos00", ""),
        ("*.apps.talos00", "talos00"),
    ],
)
def test_where_a_wildcard_would_answer_instead(name: str, place: str) -> None:
    assert find_wildcard_place(expect(name=name)) == place
