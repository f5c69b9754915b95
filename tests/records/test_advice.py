"""The next step behind a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from records.advice import NEXT_STEPS, find_step, tell_clients, tell_warnings
from records.answer_models import RecordAnswer
from records.models import ManagedRecord, SourceName
from syncer.core.known import RecordState
from tests.records.objects import make_source

pytestmark = pytest.mark.django_db

NAME = "xn--bcher-kva.talos00"
DOCS = (Path(__file__).parents[2] / "docs/operations.md").read_text()


def record(state: RecordState = RecordState.SYNCED) -> ManagedRecord:
    return ManagedRecord.objects.create(
        zone="talos00", name=NAME, type="A", values=["192.0.2.1"], ttl=60, state=state, owned=True
    )


@pytest.mark.parametrize("part", NEXT_STEPS)
def test_what_it_knows_is_in_the_docs_and_is_found_in_a_longer_reason(part: str) -> None:
    assert part in DOCS
    assert find_step(f"Gateway net/edge: {part} of all") == f" {NEXT_STEPS[part]}."
    assert find_step("outside every managed zone") == ""


@pytest.mark.parametrize(
    ("server", "at"), [("192.0.2.53:53", "192.0.2.53"), ("[2001:db8::1]:5353", "2001:db8::1 -p 5353")]
)
def test_of_a_name_that_is_in_step_it_says_how_to_compare_what_a_client_sees(server: str, at: str) -> None:
    assert list(tell_clients(NAME, [record()], [server, "192.0.2.54:53"])) == [
        "A client that sees something else asks another server, or has an old answer for up to 60 s: compare with"
        f" dig bücher.talos00 A @{at}."
    ]


def test_of_one_that_is_not_it_says_nothing_of_clients() -> None:
    assert not list(tell_clients(NAME, [record(RecordState.DRIFTED)], ["192.0.2.53:53"]))
    ManagedRecord.objects.all().delete()
    synced = record()
    assert not list(tell_clients(NAME, [synced], [])), "a hosts file is asked by nobody"
    RecordAnswer.objects.create(record=synced, of_change=synced.changed_at, result="wrong", reason="192.0.2.9")
    assert not list(tell_clients(NAME, list(ManagedRecord.objects.all()), ["192.0.2.53:53"]))


def test_the_first_warnings_of_an_object_are_told_of_its_name() -> None:
    warnings = [f"{number}: no such annotation" for number in range(5)]
    make_source("Ingress", "web", "shop", names=[(NAME, [])], warnings=warnings)
    told = list(tell_warnings(list(SourceName.objects.select_related("source"))))
    assert told == [f"Ingress/web/shop has a warning: {number}: no such annotation." for number in range(3)]
