"""What the ledger remembers of a zone, and that it does so for each target by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from records.audit import SYNCER
from records.ledger import DatabaseLedger
from records.limits import KEYS
from records.models import (
    AuditEntry,
    DeletedRRset,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    ManagedZone,
    SourceName,
    SyncRequest,
    SyncStatus,
)
from records.rows import ZoneKey
from records.zone_ledger import DatabaseZoneLedger
from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import Change, Drift, DriftType, ForgottenRRset, Op, RRsetStatus
from syncer.core.rrsets import Found, RRset
from syncer.identity import ProcessIdentity
from syncer.ledger import AnotherSyncer, AppliedChange, Deletion, LeftZone, ObservedRRset
from syncer.targets.base import Outcome, Result
from tests.records.objects import blog_source, save_source

ZONE = "talos00"
BLOG = RRset("blog.talos00", "A", 300, ("192.0.2.7",))
KEY = (BLOG.name, BLOG.type)
MARK = "catalyst-dns-sync/default Ingress/web/blog"

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone() -> DatabaseZoneLedger:
    return DatabaseLedger().zone("default", ZONE)


def decision(rrset: RRset = BLOG) -> Decision:
    return Decision(rrset.name, (rrset,), "Ingress/web/blog", ("Ingress/web/blog",))


def applied(op: Op, outcome: Outcome = Outcome.DONE, reason: str = "", rrset: RRset = BLOG) -> AppliedChange:
    before = None if op is Op.CREATE else Found(rrset, (MARK,))
    change = Change(op, before, None if op is Op.DELETE else rrset, MARK)
    return AppliedChange(decision(rrset), Result(change, outcome, reason))


def observed(state: RecordState) -> ObservedRRset:
    return ObservedRRset(decision(), RRsetStatus(BLOG, state, "why"))


def gone(*, owned: bool) -> ObservedRRset:
    return ObservedRRset(decision(), ForgottenRRset(BLOG, owned))


def pass_over(zone: DatabaseZoneLedger, *changes: AppliedChange, seen: ObservedRRset | None = None) -> None:
    zone.record_pass(changes, [seen] if seen else [], "abc", "syncer")


def said() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_a_zone_is_new_until_something_of_it_is_known(zone: DatabaseZoneLedger) -> None:
    assert zone.is_new()
    zone.record_pass([], [], "abc", "syncer")
    assert zone.is_new(), "a pass that found nothing teaches nothing"
    pass_over(zone, applied(Op.CREATE))
    assert not zone.is_new()
    pass_over(zone, applied(Op.DELETE))
    assert not ManagedRecord.objects.exists()
    assert not zone.is_new()


def test_a_zone_is_new_until_its_rebuild_has_come_to_an_end(zone: DatabaseZoneLedger) -> None:
    zone.note_rebuild(under_way=True)
    pass_over(zone, applied(Op.CREATE))
    assert zone.is_new()
    zone.note_rebuild(under_way=False)
    assert not zone.is_new()


def test_retention_of_the_audit_changes_no_decision(zone: DatabaseZoneLedger) -> None:
    pass_over(zone, applied(Op.CREATE))
    pass_over(zone, applied(Op.DELETE))
    AuditEntry.objects.all().forget_before(timezone.now() + timedelta(days=1))
    assert not AuditEntry.objects.exists()
    assert zone.deleted([BLOG.name]) == {KEY}
    assert not zone.is_new()
    pass_over(zone, applied(Op.CREATE, Outcome.REFUSED, "busy"))
    AuditEntry.objects.all().forget_before(timezone.now() + timedelta(days=1))
    pass_over(zone, applied(Op.CREATE, Outcome.REFUSED, "busy"))
    assert said() == []


def test_what_we_deleted_is_known_until_it_has_a_row_again(zone: DatabaseZoneLedger) -> None:
    pass_over(zone, applied(Op.CREATE))
    assert zone.deleted([BLOG.name]) == frozenset()
    pass_over(zone, applied(Op.DELETE))
    assert zone.deleted([BLOG.name, "other.talos00"]) == {KEY}
    pass_over(zone, applied(Op.CREATE))
    assert zone.deleted([BLOG.name]) == frozenset()
    pass_over(zone, seen=gone(owned=True))
    assert zone.deleted([BLOG.name]) == {KEY}
    pass_over(zone, seen=observed(RecordState.FOREIGN))
    assert zone.deleted([BLOG.name]) == frozenset()
    pass_over(zone, seen=gone(owned=False))
    assert zone.deleted([BLOG.name]) == frozenset(), "it was not ours that went"


def test_a_deletion_of_one_type_says_nothing_of_another(zone: DatabaseZoneLedger) -> None:
    other = replace(BLOG, type="AAAA", values=("2001:db8::1",))
    pass_over(zone, applied(Op.CREATE), applied(Op.CREATE, rrset=other))
    pass_over(zone, applied(Op.DELETE), applied(Op.DELETE, rrset=other))
    pass_over(zone, applied(Op.CREATE, rrset=other))
    assert zone.deleted([BLOG.name]) == {KEY}


def test_what_was_released_did_not_go(zone: DatabaseZoneLedger) -> None:
    pass_over(zone, applied(Op.DELETE))
    ManagedRecord.objects.create(zone=ZONE, name=BLOG.name, type="A", ttl=300, owned=True, state="pending")
    assert zone.release_records([BLOG.name], "", "ada") == 1
    assert zone.deleted([BLOG.name]) == frozenset()
    assert zone.drifting() == {KEY: True}


def test_a_refusal_is_told_once_and_again_when_it_is_another(zone: DatabaseZoneLedger) -> None:
    refused = applied(Op.CREATE, Outcome.REFUSED, "busy")
    for _ in range(3):
        zone.claim_changes([(decision(), refused.result.change)])
        pass_over(zone, refused)
    assert said() == ["failed"]
    pass_over(zone, applied(Op.CREATE, Outcome.UNKNOWN, "no answer"))
    pass_over(zone, refused)
    assert said() == ["failed"], "silence in between is no news"
    pass_over(zone, applied(Op.CREATE, Outcome.REFUSED, "full"))
    pass_over(zone, applied(Op.CREATE))
    pass_over(zone, refused)
    assert said() == ["failed", "failed", "created", "failed"]


def test_refusals_cost_a_question_for_all_of_them(zone: DatabaseZoneLedger) -> None:
    def count_queries(number: int) -> int:
        changes = [
            applied(Op.CREATE, Outcome.REFUSED, "busy", replace(BLOG, name=f"app{number}-{at}.talos00"))
            for at in range(number)
        ]
        with CaptureQueriesContext(connection) as queries:
            pass_over(zone, *changes)
        return len(queries)

    assert count_queries(2) == count_queries(50)


def test_targets_that_hold_the_same_zone_know_nothing_of_each_other() -> None:
    ledger = DatabaseLedger()
    one, two = ledger.zone("default", ZONE), ledger.zone("backup", ZONE)
    one.record_pass([applied(Op.CREATE)], [], "abc", "syncer", 7)
    assert (two.is_new(), two.names(), two.owned_count(), two.left()) == (True, [], 0, LeftZone())
    two.record_pass([applied(Op.CREATE)], [], "abc", "syncer", 9)
    assert (one.left().serial, two.left().serial) == (7, 9)
    assert ManagedRecord.objects.count() == 2
    drift = Drift(DriftType.MISSING_RECORD, BLOG, None, "someone deleted it")
    for zone in (one, two):
        assert zone.record_drift([(decision(), drift)], None, "abc") == [drift]
        zone.hold_deletes([KEY], "too many")
    assert sorted(DriftFinding.objects.values_list("target", flat=True)) == ["backup", "default"]
    assert two.holds().open == {KEY}
    pass_over(one, applied(Op.DELETE))
    assert one.deleted([BLOG.name]) == {KEY}
    assert two.deleted([BLOG.name]) == frozenset()
    assert two.rows([BLOG.name])[BLOG.name]["A"].owned
    assert sorted(set(AuditEntry.objects.values_list("target", flat=True))) == ["backup", "default"]
    assert two.release_records([BLOG.name], "A", "ada") == 1
    assert sorted(ManagedZone.objects.values_list("target", flat=True)) == ["backup", "default"]


def test_an_approval_is_for_the_target_that_it_names() -> None:
    ledger = DatabaseLedger()
    for target in ("default", "backup"):
        ledger.zone(target, ZONE).hold_deletes([KEY], "too many")
    SyncRequest.objects.create(action="approve", target="backup", zone=ZONE, requested_by="ada")
    (request,) = ledger.requests()
    assert ledger.decide_hold(request, approve=True) == (1, "")
    assert ledger.zone("backup", ZONE).holds().approved == {KEY}
    assert ledger.zone("default", ZONE).holds().open == {KEY}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.actor) == ("approved", "backup", "ada")


def test_requests_that_wait_for_one_target_or_zone_are_in_the_way_of_no_others() -> None:
    waiting = [SyncRequest(action="remediate", target="lan", zone=ZONE, name=f"app{n}.{ZONE}") for n in range(KEYS + 1)]
    later = [SyncRequest(action="sync", target="public"), SyncRequest(action="sync", zone="home.lab")]
    SyncRequest.objects.bulk_create([*waiting, *later])
    requests = DatabaseLedger().requests()
    assert [request.id for request in requests] == sorted(request.id for request in requests)
    assert [(request.target, request.zone) for request in requests[KEYS:]] == [("public", ""), ("", "home.lab")]
    assert len(requests) == KEYS + 2


def test_what_was_counted_is_old_when_others_can_see_what_was_written() -> None:
    events: list[str] = []

    @contextmanager
    def write() -> Iterator[None]:
        yield
        events.append("written")

    zone = DatabaseZoneLedger(ZoneKey("default", ZONE), lambda: events.append("counts are old"), write)
    zone.claim_changes([])
    zone.record_pass([], [], "", SYNCER)
    zone.release_records([BLOG.name], "A", "ada")
    assert events == ["written", "counts are old"] * 3


def test_what_a_thread_writes_is_counted_in_the_main_thread_and_fenced_as_its_own() -> None:
    main = DatabaseLedger()
    of_thread = main.for_thread()
    assert main.take_over(None, ProcessIdentity.of_this_process(), "technitium")
    assert main.counts() == {}
    of_thread.zone("default", ZONE).record_pass([applied(Op.CREATE)], [], "", SYNCER)
    assert main.counts() == {("default", ZONE, "synced"): 1}
    with CaptureQueriesContext(connection) as queries:
        main.counts()
    assert len(queries) == 0
    SyncStatus.objects.update(identity="", holder="another")
    with pytest.raises(AnotherSyncer):
        of_thread.zone("default", ZONE).release_records([BLOG.name], "A", "ada")


def test_a_plan_that_grows_is_a_new_one(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes([KEY], "one")
    zone.hold_deletes([KEY, ("nas.talos00", "A")], "two")
    zone.hold_deletes([KEY], "")
    assert list(HeldPlan.objects.order_by("id").values_list("status", "reason")) == [
        ("obsolete", "one"),
        ("open", "two"),
    ]
    zone.hold_deletes([], "")
    assert not HeldPlan.objects.filter(status="open").exists()


# Sources


def test_many_kept_names_cost_as_many_questions_as_a_few(zone: DatabaseZoneLedger) -> None:
    save_source(blog_source())
    origin = "Ingress/web/blog"

    def count_queries(number: int) -> int:
        found = [replace(BLOG, name=f"app{number}-{at}.talos00") for at in range(number)]
        kept = [
            ObservedRRset(
                Decision(rrset.name, (rrset,), origin, (origin,), kept={"A": "why"}),
                RRsetStatus(rrset, RecordState.KEPT, "why", owned=True),
            )
            for rrset in found
        ]
        with CaptureQueriesContext(connection) as queries:
            zone.record_pass([], kept, "abc", "syncer")
        assert (
            SourceName.objects.filter(name__startswith=f"app{number}-", detached_since__isnull=False).count() == number
        )
        return len(queries)

    assert count_queries(50) == count_queries(2)


# Where the last of our writes went, and lost marks


def test_serial_and_node_of_the_last_write_go_together(zone: DatabaseZoneLedger) -> None:
    zone.record_pass([applied(Op.CREATE)], [], "abc", "syncer", 7, "node1")
    assert zone.left() == LeftZone(7, "node1")
    zone.record_pass([applied(Op.UPDATE)], [], "abc", "syncer", None, "node2")
    assert zone.left() == LeftZone(7, "node1")
    zone.record_pass([applied(Op.UPDATE)], [], "abc", "syncer", 3, "node2")
    assert zone.left() == LeftZone(3, "node2")


def test_lost_marks_are_remembered_until_they_are_written_again_and_told_once(zone: DatabaseZoneLedger) -> None:
    zone.record_pass([applied(Op.CREATE)], [], "abc", "syncer", 7, "node1")
    zone.note_marks(70, "syncer")
    assert zone.left() == LeftZone(7, "node1", is_unmarked=True)
    zone.note_marks(0, "syncer")
    assert zone.left() == LeftZone(7, "node1")
    entry = AuditEntry.objects.get(action="marked")
    assert (entry.target, entry.zone, entry.name, entry.type) == ("default", ZONE, "", "")
    assert entry.reason.startswith("70 records of ours had lost their marks")


def test_what_we_deleted_is_remembered_as_it_stood_for_an_hour(zone: DatabaseZoneLedger) -> None:
    pass_over(zone, applied(Op.CREATE))
    pass_over(zone, applied(Op.DELETE))
    assert zone.recently_deleted() == {BLOG.name}
    assert zone.recent_deletions([BLOG.name]) == {KEY: Deletion(BLOG, "Ingress/web/blog")}
    assert zone.recent_deletions(["nas.talos00"]) == {}
    DeletedRRset.objects.update(deleted_at=timezone.now() - timedelta(minutes=61))
    assert not zone.recently_deleted()
    assert not zone.recent_deletions([BLOG.name])
    assert zone.deleted([BLOG.name]) == {KEY}


def test_what_somebody_else_deleted_or_shared_with_us_is_not_remembered_as_ours(zone: DatabaseZoneLedger) -> None:
    pass_over(zone, applied(Op.CREATE))
    pass_over(zone, seen=gone(owned=True))
    assert zone.deleted([BLOG.name]) == {KEY}
    assert not zone.recently_deleted()
    shared = Found(replace(BLOG, values=("192.0.2.7", "192.0.2.9")), (MARK, ""))
    delete = Change(Op.DELETE, shared, None, "")
    pass_over(zone, AppliedChange(decision(), Result(delete, Outcome.DONE)))
    assert not zone.recently_deleted()


def test_what_we_had_written_before_an_update_is_known_for_an_hour(zone: DatabaseZoneLedger) -> None:
    def former() -> RRset | None:
        return zone.rows([BLOG.name])[BLOG.name]["A"].former

    newer = replace(BLOG, values=("192.0.2.8",))
    pass_over(zone, applied(Op.CREATE))
    zone.claim_changes([(decision(), Change(Op.UPDATE, Found(BLOG, (MARK,)), newer, MARK))])
    pass_over(zone, applied(Op.UPDATE, rrset=newer))
    assert former() == BLOG
    zone.claim_changes([(decision(), Change(Op.UPDATE, Found(newer, (MARK,)), newer, MARK))])
    assert former() == BLOG, "only the mark was written"
    until = (timezone.now() - timedelta(minutes=61)).isoformat()
    ManagedRecord.objects.update(former={"ttl": BLOG.ttl, "values": list(BLOG.values), "until": until})
    assert former() is None
