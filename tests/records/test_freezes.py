"""Who holds all writes, until when, and what is refused meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models.functions import Now

from catalyst.doctor.finding import Level
from catalyst.doctor.here import check_freezes
from records import custom_entries, operations, sync_requests
from records.freezes import current_freezes
from records.ledger import DatabaseLedger
from records.models import AuditEntry, CustomEntry, SyncRequest, WriteFreeze
from syncer.ledger import Freeze
from tests.records.cast import Cast, make_cast

pytestmark = pytest.mark.django_db

ZONE = "talos00"
HOUR = timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def told() -> list[tuple[str, str, str, str]]:
    entries = AuditEntry.objects.filter(action__startswith="writes").order_by("id")
    return [(entry.action, entry.actor, entry.zone, entry.reason) for entry in entries]


def run_out(freeze: WriteFreeze) -> None:
    WriteFreeze.objects.filter(pk=freeze.pk).update(until=Now())


def run(command: str, *args: str) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue().strip()


def test_it_is_set_and_ended_and_the_audit_tells_both() -> None:
    freeze = operations.hold_writes("ada", None, ZONE, "  the server moves ")
    assert DatabaseLedger().freezes("default") == [Freeze(ZONE, None, "ada", "the server moves")]
    operations.resume_writes("bob", freeze)
    assert DatabaseLedger().freezes("default") == []
    freeze.refresh_from_db()
    assert freeze.ended_by == "bob"
    assert freeze.ended_at
    assert freeze.ended_at >= freeze.set_at
    assert told() == [
        ("writes held", "ada", ZONE, "until someone ends it: the server moves"),
        ("writes resumed", "bob", ZONE, ""),
    ]
    with pytest.raises(ValidationError, match="has ended already"):
        operations.resume_writes("bob", freeze)


def test_a_later_one_takes_the_place_of_the_first_and_leaves_other_zones_alone() -> None:
    operations.hold_writes("ada", None, ZONE)
    everywhere = operations.hold_writes("ada", HOUR)
    longer = operations.hold_writes("bob", 2 * HOUR, ZONE)
    assert current_freezes() == [everywhere, longer]
    assert longer.until
    assert longer.until - longer.set_at == pytest.approx(2 * HOUR, abs=timedelta(seconds=1))
    assert [action for action, *_ in told()] == ["writes held"] * 3


def test_one_that_is_over_is_ended_once_by_the_syncer_and_told() -> None:
    run_out(operations.hold_writes("ada", HOUR))
    assert current_freezes() == []
    for _ in range(2):
        assert DatabaseLedger().freezes("default") == []
    assert told()[1:] == [("writes resumed", "syncer", "", "the time of the hold is over")]


def test_one_that_is_over_is_told_before_the_next_takes_its_place() -> None:
    run_out(operations.hold_writes("ada", HOUR))
    operations.hold_writes("bob", HOUR)
    assert [(action, actor) for action, actor, *_ in told()] == [
        ("writes held", "ada"),
        ("writes resumed", "syncer"),
        ("writes held", "bob"),
    ]


def test_nobody_ends_by_hand_what_was_over_before() -> None:
    freeze = operations.hold_writes("ada", HOUR)
    run_out(freeze)
    with pytest.raises(ValidationError, match="has ended already"):
        operations.resume_writes("bob", freeze)


def test_a_reason_is_kept_whole_or_refused() -> None:
    with pytest.raises(ValidationError, match="Give a reason of at most 500 characters; it has 501"):
        operations.hold_writes("ada", None, reason="x" * 501)
    assert operations.hold_writes("ada", None, reason=f"  {'x' * 500} ").reason == "x" * 500


@pytest.mark.parametrize(
    ("length", "zone", "problem"),
    [
        (timedelta(0), "", "Give 1 to 43200 minutes, or no end."),
        (timedelta(days=31), "", "Give 1 to 43200 minutes, or no end."),
        (None, "example.org", r"example\.org is no managed zone \(talos00\)\."),
    ],
)
def test_what_makes_no_sense_is_refused(length: timedelta | None, zone: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        operations.hold_writes("ada", length, zone)
    assert not WriteFreeze.objects.exists()


def test_another_target_is_not_concerned() -> None:
    WriteFreeze.objects.create(target="lan", set_by="ada")
    assert DatabaseLedger().freezes("default") == []
    assert DatabaseLedger().freezes("lan") == [Freeze("", None, "ada", target="lan")]


@pytest.mark.parametrize(
    "ask",
    [
        lambda cast: operations.replace_record("bob", cast.nas),
        lambda cast: operations.keep_theirs("bob", cast.nas),
        lambda cast: operations.delete_from_dns("bob", cast.grafana),
        lambda cast: operations.remediate_drift("bob", cast.drift),
    ],
)
def test_what_would_be_written_is_refused_and_nothing_is_left_of_it(cast: Cast, ask: Callable[[Cast], Any]) -> None:
    operations.hold_writes("ada", None, ZONE, "the server moves")
    before = SyncRequest.objects.count(), CustomEntry.objects.count(), AuditEntry.objects.count()
    words = (
        r"All writes to talos00 are held by ada until someone ends that \(the server moves\): ask again after that, or"
        " resume writes first."
    )
    with pytest.raises(ValidationError, match=words):
        ask(cast)
    assert before == (SyncRequest.objects.count(), CustomEntry.objects.count(), AuditEntry.objects.count())


def test_what_is_of_the_database_alone_goes_on(cast: Cast) -> None:
    operations.hold_writes("ada", None)
    operations.release_record("bob", cast.grafana)
    operations.approve_plan("bob", cast.plan)
    operations.accept_drift("bob", cast.drift)
    sync_requests.sync_now("bob")
    custom_entries.block_name("bob", "tv.talos00")


def test_the_commands_set_and_end_it() -> None:
    said = run("hold-writes", "--minutes", "10", "--zone", ZONE, "--reason", "the server moves")
    assert said.startswith("all writes to talos00 are held by ")
    assert said.endswith(" UTC (the server moves)")
    assert run("hold-writes", "--until-resumed").endswith("until someone ends that")
    assert run("resume-writes", "--zone", ZONE) == "writes to talos00 are resumed"
    with pytest.raises(CommandError, match=r"^talos00 has no hold of its own; all writes to every zone are held by .*"):
        run("resume-writes", "--zone", ZONE)
    assert run("resume-writes") == "writes to every zone are resumed"
    for args, problem in [
        (("resume-writes",), "^no writes to any zone are held$"),
        (("resume-writes", "--zone", ZONE), "^no writes to talos00 are held$"),
        (("hold-writes",), "one of the arguments --minutes --until-resumed is required"),
        (("hold-writes", "--minutes", "0"), "^Give 1 to 43200 minutes, or no end.$"),
        (("hold-writes", "--minutes", "9" * 20), "longer than anything lasts"),
    ]:
        with pytest.raises(CommandError, match=problem):
            run(*args)


def test_the_doctor_warns_of_it() -> None:
    operations.hold_writes("ada", None)
    findings = list(check_freezes())
    assert [finding.level for finding in findings] == [Level.WARNING]
    assert findings[0].text.startswith("all writes to every zone are held by ada until someone ends that; ")
    assert findings[0].text.endswith("resume-writes ends that")
