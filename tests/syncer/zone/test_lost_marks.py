"""A zone that loses its marks all at once: a zone file without comments, a restore. What stands as we wrote it is ours
still."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from records.models import AuditEntry, DeletedRRset, DriftFinding, HeldPlan, ManagedZone
from syncer import metrics
from syncer.core.plan import Policy
from syncer.zone.slices import SMALLEST
from syncer.zone.subjects import Condition
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import MARKER, foreign
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, published

MARK = "catalyst-dns-sync/default Ingress/web/"


def strip_marks(server: ServerUnderTest, *names: str) -> None:
    """Of these names, none: of all; by a zone file that has everything but the comments."""
    wanted = {f"{name}.{ZONE}" for name in names}
    lines = [
        f"{name}. {ttl} IN {kind} {value}{'.' if kind == 'CNAME' else ''}"
        for name, kind, ttl, value, _ in server.rows(ZONE)
        if not names or name in wanted
    ]
    server.ok("zones/import", {"zone": ZONE, "overwrite": "true", "records": "\n".join(lines) + "\n"})


def unmarked(server: ServerUnderTest) -> list[str]:
    return [
        name.removesuffix(f".{ZONE}") for name, _, _, _, comments in server.rows(ZONE) if not MARKER.knows(comments)
    ]


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_all_marks_are_written_again_and_told_once(
    engine: Engine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine.put_many(20)
    engine.put("alias", target="edge.example.com")
    engine.settle()
    technitium.add(f"nas.{ZONE}", "A", OTHER)
    before, others = actions(), foreign(technitium)
    writes = metrics.RECORDS.labels("default", ZONE, "updated")._value.get()
    strip_marks(technitium)
    engine.settle(11)
    assert unmarked(technitium) == ["nas"]
    assert foreign(technitium) == others
    assert dict(published(technitium))["alias", "CNAME"] == ["edge.example.com"]
    assert {row[4] for row in technitium.rows(ZONE) if row[0] == f"app007.{ZONE}"} == {f"{MARK}app007"}
    engine.settle(900)
    assert actions() == [*before, "marked"]
    assert [line for line in caplog.messages if "lost their marks" in line] == [
        "21 records of ours have lost their marks, all at once; they are ours still, and the marks are written again"
    ]
    assert not DriftFinding.objects.exists()
    assert {row.state for row in engine.rows().values()} == {"synced"}
    assert metrics.RECORDS.labels("default", ZONE, "updated")._value.get() == writes
    assert not ManagedZone.objects.get().is_unmarked


def test_the_marks_of_many_are_written_in_turns(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.slow_down()
    engine.put_many(2 * SMALLEST + 20)
    engine.settle()
    strip_marks(technitium)
    engine.turn(11)
    assert len(unmarked(technitium)) == SMALLEST + 20
    engine.put("new")
    engine.drop("app000", "app519")
    engine.put("app518", target=OTHER)
    technitium.requests.clear()
    engine.turn()
    assert technitium.ask(f"new.{ZONE}") == [ADDRESS]
    assert technitium.requests.counts["/api/zones/records/get"] == 0
    engine.settle()
    engine.settle(4)
    assert unmarked(technitium) == []
    assert technitium.requests.counts["/api/zones/records/get"] == 0
    assert technitium.ask(f"app000.{ZONE}") == technitium.ask(f"app519.{ZONE}") == "NXDOMAIN"
    assert technitium.ask(f"app518.{ZONE}") == [OTHER]
    assert {"drifted", "foreign", "conflict"}.isdisjoint(actions())


def test_a_full_pass_in_between_forgets_none(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.slow_down()
    engine.put_many(3 * SMALLEST)
    engine.settle()
    strip_marks(technitium)
    engine.turn(11)
    zone = engine.target_loop.worker.zones[ZONE]
    assert len(zone._planner.plan_whole(Condition(recovering=True, unmarked=True)).unplanned) == SMALLEST
    zone.request_pass()
    engine.turn()
    technitium.add(f"nas.{ZONE}", "A", OTHER)
    engine.settle(11)
    assert unmarked(technitium) == ["nas"]
    assert actions().count("marked") == 1


def test_a_crash_in_the_middle_ends_well(engine: Engine, technitium: ServerUnderTest) -> None:
    """After it fewer than half are without a mark: what is under way is remembered."""
    engine.slow_down()
    engine.put_many(3 * SMALLEST)
    engine.settle()
    strip_marks(technitium)
    for _ in range(2):
        engine.turn(11)
    assert len(unmarked(technitium)) == SMALLEST
    assert ManagedZone.objects.get().is_unmarked
    engine.start()
    engine.settle()
    assert unmarked(technitium) == []
    assert {"drifted", "foreign", "conflict"}.isdisjoint(actions())
    assert actions().count("marked") == 1
    assert not ManagedZone.objects.get().is_unmarked


def test_an_answer_that_does_not_come_is_no_end(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(20)
    engine.settle()
    strip_marks(technitium)
    technitium.faults.update(only="/api/zones/import", drop_answer=True, times=1)
    for _ in range(5):
        engine.turn(11)
    technitium.faults.reset()
    engine.settle()
    assert unmarked(technitium) == []
    assert {"drifted", "foreign", "conflict", "failed"}.isdisjoint(actions())
    assert not ManagedZone.objects.get().is_unmarked


def test_a_token_that_may_not_import_writes_them_one_by_one(build: Build, technitium: ServerUnderTest) -> None:
    engine = build()
    engine.put_many(25)
    engine.put("two", target=f"{ADDRESS},{OTHER}")
    engine.settle()
    engine.target._server.may_import = False  # type: ignore[union-attr]
    strip_marks(technitium)
    engine.settle(11)
    assert unmarked(technitium) == []
    assert {"drifted", "foreign", "conflict", "failed"}.isdisjoint(actions())


def test_a_name_that_changes_before_the_list_is_no_conflict(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(10)
    engine.settle()
    strip_marks(technitium)
    engine.put("app003", target=OTHER)
    engine.drop("app004")
    engine.put("app005")
    engine.turn()
    engine.settle(4)
    assert unmarked(technitium) == []
    assert technitium.ask(f"app003.{ZONE}") == [OTHER]
    assert technitium.ask(f"app004.{ZONE}") == "NXDOMAIN"
    assert {"drifted", "foreign", "conflict", "gone"}.isdisjoint(actions())


@pytest.mark.parametrize(("all_of_them", "stripped"), [(2, 2), (10, 5), (10, 1)])
def test_where_fewer_lost_it_a_hand_did_it(
    engine: Engine, technitium: ServerUnderTest, all_of_them: int, stripped: int
) -> None:
    """At least three, and more than half."""
    engine.put_many(all_of_them)
    engine.settle()
    strip_marks(technitium, *(f"app{number:03}" for number in range(stripped)))
    engine.settle(11)
    assert len(unmarked(technitium)) == stripped
    assert [engine.state(f"app{number:03}") for number in range(all_of_them)].count("foreign") == stripped
    assert "it no longer carries our mark" in engine.reason("app000")
    assert "marked" not in actions()
    assert not ManagedZone.objects.get().is_unmarked


def test_three_of_five_are_enough(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(5)
    engine.settle()
    strip_marks(technitium, "app000", "app001", "app002")
    engine.settle(11)
    assert unmarked(technitium) == []


def test_what_stands_otherwise_than_we_wrote_it_is_not_taken_back(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(10)
    engine.settle()
    strip_marks(technitium)
    technitium.delete(f"app003.{ZONE}", "A", ADDRESS)
    technitium.add(f"app003.{ZONE}", "A", OTHER)
    technitium.add(f"app004.{ZONE}", "A", OTHER)
    technitium.delete(f"app005.{ZONE}", "A", ADDRESS)
    technitium.add(f"app005.{ZONE}", "A", ADDRESS, comments="mine")
    engine.settle(11)
    rows = {(name, value): comments for name, _, _, value, comments in technitium.rows(ZONE)}
    assert rows[f"app003.{ZONE}", OTHER] == ""
    assert rows[f"app004.{ZONE}", ADDRESS] == f"{MARK}app004"
    assert rows[f"app004.{ZONE}", OTHER] == ""
    assert rows[f"app005.{ZONE}", ADDRESS] == "mine"
    states = [engine.state(f"app00{number}") for number in (2, 3, 4, 5)]
    assert states == ["synced", "conflict", "synced", "foreign"]


def test_what_is_missing_is_written_again_and_what_went_lately_goes_again(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    """As after a restore of a zone file that is a little older."""
    engine.put_many(10)
    for name in ("old", "other", "went"):
        engine.put(name)
    engine.settle()
    engine.drop("old", "other", "went")
    engine.settle(4)
    DeletedRRset.objects.filter(name=f"old.{ZONE}").update(deleted_at=timezone.now() - timedelta(hours=2))
    technitium.delete(f"app003.{ZONE}", "A", ADDRESS)
    for name, address in (("old", ADDRESS), ("other", OTHER), ("went", ADDRESS)):
        technitium.add(f"{name}.{ZONE}", "A", address)
    strip_marks(technitium)
    engine.settle(11)
    assert technitium.ask(f"app003.{ZONE}") == [ADDRESS]
    assert technitium.ask(f"went.{ZONE}") == "NXDOMAIN"
    assert technitium.ask(f"old.{ZONE}") == [ADDRESS], "too long ago"
    assert technitium.ask(f"other.{ZONE}") == [OTHER], "not as it was"
    assert unmarked(technitium) == ["old", "other"]
    assert {"drifted", "foreign", "conflict", "gone"}.isdisjoint(actions())


def test_what_somebody_made_where_we_deleted_lately_stays_while_the_others_have_their_marks(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put_many(10)
    engine.put("went")
    engine.settle()
    engine.drop("went")
    engine.settle(4)
    technitium.add(f"went.{ZONE}", "A", ADDRESS)
    engine.settle(11)
    assert technitium.ask(f"went.{ZONE}") == [ADDRESS]


def test_what_is_held_or_kept_gets_its_mark_too(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(max_deletes_unguarded=2)
    engine.put_many(10)
    engine.settle()
    engine.drop_many(8)
    engine.settle(4)
    assert HeldPlan.objects.get().is_open
    strip_marks(technitium)
    engine.settle(11)
    assert unmarked(technitium) == []
    assert HeldPlan.objects.filter(status="open").count() == 1
    assert engine.state("app000") == "held"
    engine.start(policies={ZONE: Policy.CREATE_ONLY})
    engine.settle()
    strip_marks(technitium)
    engine.settle(11)
    assert unmarked(technitium) == []
    assert len(published(technitium)) == 10
    assert "gone" not in actions()


def test_a_person_may_delete_what_has_no_mark_yet(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.slow_down()
    engine.put_many(2 * SMALLEST)
    engine.settle()
    strip_marks(technitium)
    engine.turn(11)
    name = unmarked(technitium)[-1]
    engine.drop(name)
    assert engine.ask("delete", f"{name}.{ZONE}") == "1 record deleted"
    assert technitium.ask(f"{name}.{ZONE}") == "NXDOMAIN"


def test_a_dry_run_says_it_and_writes_nothing(
    build: Build, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine = build()
    engine.put_many(10)
    engine.settle()
    strip_marks(technitium)
    before = technitium.rows(ZONE), actions()
    engine.start(dry_run=True)
    for _ in range(3):
        engine.turn(301)
    assert (technitium.rows(ZONE), actions()) == before
    assert len([line for line in caplog.messages if "the marks would be written again" in line]) == 1
    assert not [line for line in caplog.messages if line.startswith("Would")]
