"""Only what we wrote is ever changed or deleted; everything else stays, byte for byte."""

from __future__ import annotations

import pytest

from records.models import AuditEntry, CustomEntry, DeletedRRset, DriftFinding, ManagedRecord, ManagedZone
from syncer import metrics
from syncer.core.kinds import INGRESS
from syncer.core.plan import Policy
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import foreign
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, audit, ingress, published

NAS = f"nas.{ZONE}"
MARK = "catalyst-dns-sync/default Ingress/web/nas"


def lose_database() -> None:
    for model in (ManagedRecord, ManagedZone, DeletedRRset, CustomEntry, AuditEntry):
        model.objects.all()._raw_delete("default")


def comments(server: ServerUnderTest, name: str) -> dict[str, str]:
    return {value: text for at, _, _, value, text in server.rows(ZONE) if at == name}


@pytest.mark.parametrize(
    ("value", "state", "reason"),
    [
        (ADDRESS, "foreign", "someone else made it"),
        (OTHER, "conflict", f"the zone has {OTHER}: someone else made it"),
    ],
)
def test_it_leaves_alone_what_someone_else_made(
    engine: Engine, technitium: ServerUnderTest, value: str, state: str, reason: str
) -> None:
    technitium.add(NAS, "A", value, 77, "made by hand")
    technitium.add(NAS, "TXT", "hands off")
    before = foreign(technitium)
    engine.put("nas")
    engine.settle()
    assert (engine.state("nas"), engine.reason("nas")) == (state, reason)
    engine.drop("nas")
    engine.settle()
    assert foreign(technitium) == before
    assert not engine.rows()


def test_an_alias_finds_no_place_beside_what_someone_else_made(engine: Engine, technitium: ServerUnderTest) -> None:
    technitium.add(NAS, "TXT", "hands off")
    engine.put("nas", target="edge.example.com")
    engine.settle()
    assert published(technitium).keys() == {("nas", "TXT")}
    assert engine.reason("nas", "CNAME") == "a foreign TXT record is at this name"


def test_what_someone_else_takes_away_makes_room(engine: Engine, technitium: ServerUnderTest) -> None:
    technitium.add(NAS, "A", OTHER)
    engine.put("nas")
    engine.settle()
    technitium.delete(NAS, "A", OTHER)
    engine.settle(11)
    assert technitium.ask(NAS) == [ADDRESS]
    assert engine.state("nas") == "synced"


def test_a_record_whose_mark_was_wiped_is_no_longer_touched(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("nas")
    engine.settle()
    technitium.ok("zones/records/update", {"domain": NAS, "type": "A", "ipAddress": ADDRESS, "ttl": 300})
    before = foreign(technitium)
    engine.settle(11)
    assert engine.state("nas") == "foreign"
    assert "it no longer carries our mark" in engine.reason("nas")
    engine.put("nas", target=OTHER)
    engine.settle()
    assert engine.state("nas") == "conflict"
    engine.drop("nas")
    engine.full()
    assert foreign(technitium) == before


@pytest.mark.parametrize("noticed", [True, False], ids=["seen by the probe", "unseen before the change"])
def test_a_value_that_someone_added_to_our_record_stays(
    engine: Engine, technitium: ServerUnderTest, noticed: bool
) -> None:
    engine.put("nas")
    engine.settle()
    technitium.add(NAS, "A", "10.0.0.99", 300, "made by hand")
    before = foreign(technitium)
    engine.settle(11 if noticed else 2)
    engine.put("nas", target=OTHER)
    engine.settle()
    assert comments(technitium, NAS) == {"10.0.0.99": "made by hand", OTHER: MARK}
    engine.drop("nas")
    engine.settle()
    assert foreign(technitium) == before
    assert comments(technitium, NAS) == {"10.0.0.99": "made by hand"}
    assert not engine.rows()


def test_adopting_makes_a_foreign_record_ours_with_our_values(engine: Engine, technitium: ServerUnderTest) -> None:
    technitium.add(NAS, "A", OTHER, 77, "made by hand")
    engine.put("nas")
    engine.settle()
    assert engine.ask("adopt", NAS) == "1 record changed"
    assert technitium.rows(ZONE) == [(NAS, "A", 300, ADDRESS, MARK)]
    assert audit()[-1] == ("adopted", NAS, "ada")
    engine.drop("nas")
    engine.settle()
    assert not published(technitium)


def test_a_released_record_stays_and_is_not_touched_any_more(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("nas")
    engine.put("grafana")
    engine.settle()
    before = technitium.rows(ZONE)
    assert engine.ask("release", NAS) == "1 record released"
    engine.put("nas", target=OTHER)
    engine.settle()
    engine.full()
    assert technitium.rows(ZONE) == before
    assert engine.state("nas") == "conflict"
    assert "it was released" in engine.reason("nas")
    engine.drop("nas")
    engine.start()
    engine.full()
    assert technitium.rows(ZONE) == before


def test_a_released_record_is_not_overwritten_by_an_import_of_many(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(20)
    engine.settle()
    engine.ask("release", "app000.talos00")
    engine.put_many(20, start=20)
    for number in range(20):
        engine.put(f"app{number:03}", target=OTHER)
    engine.settle()
    assert technitium.ask("app000.talos00") == [ADDRESS]
    assert technitium.ask("app001.talos00") == [OTHER]


def test_releasing_the_last_record_is_not_taken_for_a_lost_database(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("nas")
    engine.settle()
    engine.ask("release", NAS)
    engine.drop("nas")
    engine.settle()
    before = technitium.rows(ZONE)
    engine.start()
    engine.full()
    assert technitium.rows(ZONE) == before


def test_deleting_by_request_takes_only_what_is_ours(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("nas", target="10.0.0.1,2001:db8::1")
    engine.settle()
    technitium.add(NAS, "TXT", "hands off")
    engine.drop("nas")
    assert engine.ask("delete", NAS) in ("2 records deleted", "0 records deleted")
    assert published(technitium).keys() == {("nas", "TXT")}


def test_a_record_deleted_by_request_comes_back_while_a_claim_asks_for_it(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("nas", target="10.0.0.1,2001:db8::1")
    engine.settle()
    assert engine.ask("delete", NAS, type="AAAA") == "1 record deleted"
    assert published(technitium) == {("nas", "A"): ["10.0.0.1"]}
    assert audit()[-1] == ("deleted", NAS, "ada")
    engine.full()
    assert published(technitium) == {("nas", "A"): ["10.0.0.1"], ("nas", "AAAA"): ["2001:db8::1"]}


def test_equal_records_are_adopted_where_the_setting_says_so(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(adopt_identical=True)
    technitium.add(NAS, "A", ADDRESS, 77)
    technitium.add("blog.talos00", "A", OTHER, 77)
    engine.put("nas")
    engine.put("blog")
    engine.settle()
    assert comments(technitium, NAS) == {ADDRESS: MARK}
    assert comments(technitium, "blog.talos00") == {OTHER: ""}
    assert (engine.state("nas"), engine.state("blog")) == ("synced", "conflict")


def test_two_installations_share_a_zone_without_touching_each_other(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(owner_id="home")
    engine.put("nas")
    engine.put("grafana")
    engine.settle()
    theirs = technitium.rows(ZONE)
    lose_database()  # the other installation has a database of its own, which does not know all this
    engine.objects.clear()
    engine.start(owner_id="work")
    engine.put("nas", target=OTHER)
    engine.put("blog")
    engine.settle()
    assert [row for row in technitium.rows(ZONE) if row[0] != "blog.talos00"] == theirs
    assert (engine.state("nas"), engine.state("blog")) == ("conflict", "synced")
    engine.drop("nas", "blog")
    engine.full()
    assert technitium.rows(ZONE) == theirs


def test_a_lost_database_is_rebuilt_from_the_marks(
    build: Build, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine = build("talos00", "home.lab")
    engine.put("nas", "nas.talos00", "nas.home.lab")
    engine.put("old", "old.talos00", "old.home.lab")
    engine.settle()
    technitium.add("hand.talos00", "A", OTHER)
    serials = technitium.serial("talos00"), technitium.serial("home.lab")
    lose_database()
    caplog.clear()
    engine.start()
    engine.settle()
    told = [line.getMessage() for line in caplog.records if "ours again" in line.getMessage() or "Drift" in line.msg]
    assert told == ["2 records carry our mark and stood in no ledger: ours again"] * 2, "one line for each zone"
    assert (technitium.serial("talos00"), technitium.serial("home.lab")) == serials
    assert {row.state for row in engine.rows().values() if row.owned} == {"synced"}
    assert len(engine.rows()) == 4
    lose_database()
    engine.drop("old")
    engine.start()
    engine.settle()
    assert published(technitium).keys() == {("nas", "A"), ("hand", "A")}
    assert published(technitium, "home.lab").keys() == {("nas", "A")}


def test_after_a_lost_database_nothing_is_left_over_of_what_went_meanwhile(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put_many(100)
    engine.settle()
    lose_database()
    engine.drop_many(40)
    engine.start()
    engine.settle()
    assert len(published(technitium)) == 60
    assert ManagedRecord.objects.count() == 60


def test_what_is_found_by_its_mark_is_no_drift(engine: Engine) -> None:
    engine.put("nas")
    engine.put("grafana")
    engine.settle()
    lose_database()
    engine.start()
    engine.settle()
    assert {engine.state("nas"), engine.state("grafana")} == {"synced"}
    assert not DriftFinding.objects.exists()
    assert not ManagedZone.objects.get().is_rebuilding


def test_after_a_lost_database_too_many_deletes_are_held_as_ever(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(50)
    engine.settle()
    lose_database()
    engine.drop_many(30)
    engine.start()
    engine.settle()
    assert len(published(technitium)) == 50
    assert ManagedRecord.objects.filter(state="held", owned=True).count() == 30
    assert engine.ask("approve") == "30 deletes approved"
    assert len(published(technitium)) == 20


def test_a_lost_database_leaves_the_records_of_lost_entries_alone(engine: Engine, technitium: ServerUnderTest) -> None:
    CustomEntry.objects.create(name=NAS, type="A", values=["10.0.0.5"])
    engine.settle()
    before = technitium.rows(ZONE)
    assert before
    lose_database()
    engine.start()
    engine.full()
    assert technitium.rows(ZONE) == before


def test_rebuilding_takes_what_carries_our_mark_into_a_ledger_that_is_not_empty(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("nas")
    engine.put("grafana")
    engine.settle()
    technitium.add("lost.talos00", "A", ADDRESS, 300, "catalyst-dns-sync/default Ingress/web/lost")
    technitium.add("wanted.talos00", "A", OTHER, 300, "catalyst-dns-sync/default Ingress/web/wanted")
    engine.put("wanted")
    engine.settle(11)
    assert engine.state("wanted") == "conflict"
    engine.start()
    engine.target_loop.worker.rebuild()
    engine.settle()
    assert published(technitium).keys() == {("nas", "A"), ("grafana", "A"), ("wanted", "A")}
    assert technitium.ask("wanted.talos00") == [ADDRESS]
    assert engine.state("wanted") == "synced"


def test_a_record_with_our_mark_that_we_do_not_know_is_left_alone(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("nas")
    engine.settle()
    technitium.add("copy.talos00", "A", OTHER, 300, MARK)
    engine.settle(11)
    engine.put("copy")
    engine.settle()
    assert published(technitium)["copy", "A"] == [OTHER]
    assert engine.state("copy") == "conflict"
    engine.drop("copy")
    engine.full()
    assert published(technitium)["copy", "A"] == [OTHER]


def test_what_is_left_alone_is_said_once_in_a_dry_run_and_for_real(
    engine: Engine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    technitium.add("nas.talos00", "A", OTHER)
    engine.put("nas")
    caplog.set_level("INFO")
    engine.start(dry_run=True)
    for _ in range(2):
        engine.full()
    would = [record.getMessage() for record in caplog.records if "nas" in record.getMessage()]
    assert would == [f"Would leave nas.talos00 300 A {ADDRESS} alone: the zone has {OTHER}: someone else made it"]
    caplog.clear()
    engine.start(dry_run=False)
    for _ in range(2):
        engine.full()
    left = [record for record in caplog.records if record.getMessage().startswith("Left alone")]
    assert [(record.getMessage(), vars(record)["hostname"], vars(record)["resource"]) for record in left] == [
        (f"Left alone: the zone has {OTHER}: someone else made it", "nas.talos00", "Ingress/nas")
    ]


def test_a_record_that_was_released_outlives_the_custom_entry_that_made_it(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    box = CustomEntry.objects.create(name="box.talos00", type="A", values=[OTHER])
    engine.ask("sync", "box.talos00")
    engine.ask("release", "box.talos00")
    box.delete()
    AuditEntry.objects.create(actor="ada", action="deleted", zone=ZONE, name="box.talos00", type="A")  # of the entry
    engine.ask("sync", "box.talos00")
    engine.full()
    assert technitium.ask("box.talos00") == [OTHER]


def test_what_lies_in_a_zone_that_is_not_managed_any_more_can_be_released(
    build: Build, technitium: ServerUnderTest
) -> None:
    engine = build("talos00", "home.lab")
    engine.put("cam", "cam.home.lab")
    engine.settle()
    engine.zones = engine.scope["zones"] = ("talos00",)
    engine.drop("cam")
    engine.start()
    assert engine.ask("release", "cam.home.lab", zone="home.lab", type="A") == "1 record released"


@pytest.mark.parametrize("database", ["kept", "lost"])
def test_the_marks_of_the_owner_of_before_are_taken_over_once(
    database: str, build: Build, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine = build(owner_id="home")
    engine.put("nas")
    engine.put("gone")
    engine.settle()
    if database == "lost":
        lose_database()
    engine.drop_object(INGRESS, "web", "gone")
    engine.start(owner_id="lab", owner_id_was="home")
    engine.settle()
    assert comments(technitium, NAS) == {ADDRESS: "catalyst-dns-sync/lab Ingress/web/nas"}
    assert published(technitium) == {("nas", "A"): [ADDRESS]}
    assert engine.state("nas") == "synced"
    assert not DriftFinding.objects.exists()
    told = [record.getMessage() for record in caplog.records if "OWNER_ID_WAS" in record.getMessage()]
    assert told == ["2 records carry the marks of OWNER_ID_WAS home: they are ours from now on"]
    serial = technitium.serial(ZONE)
    engine.start(owner_id="lab", owner_id_was="home")
    engine.full()
    assert technitium.serial(ZONE) == serial


def test_marks_of_before_that_have_to_wait_are_not_forgotten_and_told_once(
    build: Build, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine = build(owner_id="home")
    engine.put_many(25)
    engine.settle()
    engine.start(owner_id="lab", owner_id_was="home")
    engine.target._server.may_import = False  # type: ignore[union-attr]
    engine.settle()
    assert all(comment.startswith("catalyst-dns-sync/lab ") for *_, comment in technitium.rows(ZONE))
    told = [record.getMessage() for record in caplog.records if "OWNER_ID_WAS" in record.getMessage()]
    assert told == ["25 records carry the marks of OWNER_ID_WAS home: they are ours from now on"]


def test_the_marks_of_others_stay_theirs_beside_the_owner_of_before(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(owner_id="lab", owner_id_was="home")
    technitium.add(NAS, "A", OTHER, 300, "catalyst-dns-sync/homestead Ingress/web/nas")
    engine.put("nas")
    engine.settle()
    assert engine.state("nas") == "conflict"


def test_the_mark_follows_the_claim_that_holds_the_record(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("nas")
    engine.put("twin", NAS, created="2026-02-01T00:00:00Z")
    engine.settle()
    assert comments(technitium, NAS) == {ADDRESS: MARK}
    engine.drop("nas")
    engine.settle()
    assert comments(technitium, NAS) == {ADDRESS: MARK.replace("web/nas", "web/twin")}
    assert technitium.ask(NAS) == [ADDRESS]
    assert engine.rows()[NAS, "A"].origin == "Ingress/web/twin"


def test_create_only_leaves_the_mark_as_it_is(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(policies={ZONE: Policy.CREATE_ONLY})
    engine.put("nas")
    engine.put("twin", NAS, created="2026-02-01T00:00:00Z")
    engine.settle()
    serial = technitium.serial(ZONE)
    engine.drop("nas")
    engine.settle()
    engine.full()
    assert technitium.serial(ZONE) == serial
    assert (engine.state("nas"), engine.rows()[NAS, "A"].origin) == ("synced", "Ingress/web/twin")


def test_a_disabled_record_of_someone_is_a_conflict_even_with_our_value(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    technitium.ok("zones/records/add", {"domain": NAS, "type": "A", "ipAddress": ADDRESS, "ttl": 300})
    record = {"domain": NAS, "type": "A", "ipAddress": ADDRESS, "ttl": 300}
    technitium.ok("zones/records/update", {**record, "disable": "true"})
    assert technitium.ask(NAS) == "NXDOMAIN"
    engine.put("nas")
    engine.settle()
    assert engine.state("nas") == "conflict"
    assert engine.reason("nas") == "someone else's record is here, disabled: the name does not resolve"
    engine.ask("adopt", NAS)
    assert technitium.ask(NAS) == [ADDRESS]


def test_who_disables_a_record_of_ours_is_told_as_such(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("nas")
    engine.settle()
    update = {"domain": NAS, "type": "A", "ipAddress": ADDRESS, "ttl": 300, "disable": "true", "comments": MARK}
    technitium.ok("zones/records/update", update)
    engine.settle(11)
    assert (engine.state("nas"), engine.reason("nas")) == ("drifted", f"someone disabled {ADDRESS}")
    engine.ask("remediate", NAS)
    assert technitium.ask(NAS) == [ADDRESS]


def test_why_a_record_is_not_ours_any_more_does_not_change_by_itself(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("nas")
    engine.settle()
    technitium.ok("zones/records/update", {"domain": NAS, "type": "A", "ipAddress": ADDRESS, "newIpAddress": OTHER})
    engine.settle(11)
    reason = engine.reason("nas")
    assert "someone rewrote it" in reason
    for _ in range(3):
        engine.target_loop.worker.zones[ZONE].invalidate()
        engine.settle()
        assert (engine.state("nas"), engine.reason("nas")) == ("conflict", reason)


def test_a_takeover_is_told_in_log_audit_and_metric(
    engine: Engine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine.put("nas")
    engine.settle()
    before = metrics.TAKEOVERS.labels("default", ZONE)._value.get()
    engine.put("urgent", NAS, target=OTHER, priority="high")
    engine.settle()
    assert technitium.ask(NAS) == [OTHER]
    assert metrics.TAKEOVERS.labels("default", ZONE)._value.get() == before + 1
    told = "Taken over: Ingress/web/urgent has the name now, which Ingress/web/nas had"
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [told]
    (entry,) = AuditEntry.objects.filter(action="taken over")
    assert entry.before == {"values": [ADDRESS], "holder": "Ingress/web/nas"}
    assert entry.after == {"ttl": 300, "values": [OTHER], "holder": "Ingress/web/urgent"}
    engine.full()
    assert AuditEntry.objects.filter(action="taken over").count() == 1


def test_a_claim_that_does_not_get_the_name_is_told_once(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    engine.put("nas", target=OTHER)
    engine.settle()
    engine.put("late", NAS)
    engine.settle()
    engine.full()
    engine.start()
    engine.settle()
    told = "Ingress/web/late does not get the name: Ingress/web/nas has the name: it has a target of its own"
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [told]


def test_nobody_takes_a_name_from_another_namespace_by_a_target_or_by_age(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("nas")
    engine.settle()
    thief = ingress("thief", NAS, created="2020-01-01T00:00:00Z", target=OTHER)
    thief["metadata"]["namespace"] = "other"
    engine.put_object(INGRESS, thief)
    engine.settle()
    engine.full()
    assert technitium.ask(NAS) == [ADDRESS]
    loser = ["Ingress/other/thief", "Ingress/web/nas has the name: the name is held by its namespace"]
    assert engine.rows()[NAS, "A"].losers == [loser]


def test_an_override_txt_leaves_the_address_of_the_name(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("nas")
    engine.settle()
    CustomEntry.objects.create(name=NAS, type="TXT", values=["hello"], mode="override")
    engine.ask("sync", NAS)
    assert technitium.ask(NAS) == [ADDRESS]
    assert technitium.ask(NAS, "TXT") == ['"hello"']
    assert engine.rows()[NAS, "A"].losers == []


def test_a_silent_redirect_beside_a_route_changes_neither_ttl_nor_target(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("redirect", NAS, created="2025-12-31T23:59:59Z")
    engine.put("nas", ttl="3600", target=OTHER)
    engine.settle()
    assert technitium.rows(ZONE)[0][:4] == (NAS, "A", 3600, OTHER)
