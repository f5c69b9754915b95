"""Whoever changes our records behind our back is found out; remediated where that is asked for, else by a click."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from records.models import AuditEntry, DriftFinding, ManagedRecord
from syncer.core.plan import Policy
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import MARKER, foreign
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, published, writes
from tests.syncer.zone.test_trouble import limit_to_records

pytestmark = pytest.mark.double_only

GRAFANA = "grafana.talos00"


def change_by_hand(server: ServerUnderTest, value: str = OTHER, name: str = GRAFANA) -> None:
    """As in the server's own console, which keeps the comment."""
    old = {"domain": name, "type": "A", "ipAddress": ADDRESS}
    mark = MARKER.mark("Ingress/web/grafana")
    server.ok("zones/records/update", old | {"newIpAddress": value, "ttl": 300, "comments": mark})


def findings(*statuses: str) -> list[tuple[str, str, str, str]]:
    rows = DriftFinding.objects.filter(status__in=statuses or ["open"]).order_by("id")
    return [(row.name, row.type, row.drift_type, row.status) for row in rows]


@pytest.fixture
def grafana(engine: Engine) -> Engine:
    engine.put("grafana")
    engine.settle()
    return engine


def test_a_deleted_record_is_reported_at_the_next_probe_and_left(grafana: Engine, technitium: ServerUnderTest) -> None:
    technitium.delete(GRAFANA, "A", ADDRESS)
    grafana.settle(11)
    assert findings() == [(GRAFANA, "A", "missing_record", "open")]
    assert (grafana.state("grafana"), grafana.reason("grafana")) == ("drifted", "someone deleted it")
    assert technitium.ask(GRAFANA) == "NXDOMAIN"
    (entry,) = AuditEntry.objects.filter(action="drifted")
    assert (entry.before, entry.after, entry.source) == (
        {"ttl": 300, "values": [ADDRESS]},
        None,
        "Ingress/web/grafana",
    )


def test_a_changed_record_is_reported_with_what_was_written_and_what_is_there(
    grafana: Engine, technitium: ServerUnderTest
) -> None:
    change_by_hand(technitium)
    grafana.settle(11)
    finding = DriftFinding.objects.get()
    assert (finding.drift_type, finding.status) == ("unexpected_ip", "open")
    assert finding.expected
    assert finding.found
    assert (finding.expected["values"], finding.found["values"]) == ([ADDRESS], [OTHER])
    assert technitium.ask(GRAFANA) == [OTHER]


@pytest.mark.parametrize("hand", [change_by_hand, lambda server: server.delete(GRAFANA, "A", ADDRESS)])
def test_a_click_remediates_it(
    grafana: Engine, technitium: ServerUnderTest, hand: Callable[[ServerUnderTest], object]
) -> None:
    hand(technitium)
    grafana.settle(11)
    assert grafana.ask("remediate", GRAFANA, zone=ZONE, type="A") == "1 record changed"
    assert technitium.ask(GRAFANA) == [ADDRESS]
    assert grafana.state("grafana") == "synced"
    finding = DriftFinding.objects.get()
    assert (finding.status, finding.decided_by) == ("remediated", "ada")
    assert AuditEntry.objects.latest("id").actor == "ada"


@pytest.mark.parametrize("hand", [change_by_hand, lambda server: server.delete(GRAFANA, "A", ADDRESS)])
@pytest.mark.parametrize("by", ["annotation", "setting"])
def test_it_is_remediated_at_once_where_the_source_or_the_setting_says_so(
    engine: Engine, technitium: ServerUnderTest, hand: Callable[[ServerUnderTest], object], by: str
) -> None:
    engine.start(auto_remediate=by == "setting")
    engine.put("grafana", **({"auto-remediate": "true"} if by == "annotation" else {}))
    engine.settle()
    hand(technitium)
    engine.settle(11)
    assert technitium.ask(GRAFANA) == [ADDRESS]
    assert engine.state("grafana") == "synced"
    finding = DriftFinding.objects.get()
    assert (finding.status, finding.decided_by) == ("remediated", "syncer")


def test_other_sources_are_not_remediated_for_one_that_says_so(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.put("blog", **{"auto-remediate": "true"})
    engine.settle()
    for name in (GRAFANA, "blog.talos00"):
        technitium.delete(name, "A", ADDRESS)
    engine.settle(11)
    assert published(technitium) == {("blog", "A"): [ADDRESS]}


def test_an_annotation_that_comes_later_remediates_it(grafana: Engine, technitium: ServerUnderTest) -> None:
    technitium.delete(GRAFANA, "A", ADDRESS)
    grafana.settle(11)
    grafana.put("grafana", **{"auto-remediate": "true"})
    grafana.settle()
    grafana.full()
    assert technitium.ask(GRAFANA) == [ADDRESS]
    assert not findings()


def test_a_new_claim_ends_it(grafana: Engine, technitium: ServerUnderTest) -> None:
    technitium.delete(GRAFANA, "A", ADDRESS)
    grafana.settle(11)
    grafana.put("grafana", target=OTHER)
    grafana.settle()
    assert technitium.ask(GRAFANA) == [OTHER]
    assert findings("open", "remediated") == [(GRAFANA, "A", "missing_record", "remediated")]


def test_it_is_over_when_a_hand_takes_it_back(grafana: Engine, technitium: ServerUnderTest) -> None:
    technitium.delete(GRAFANA, "A", ADDRESS)
    grafana.settle(11)
    technitium.add(GRAFANA, "A", ADDRESS, ttl=300, comments=MARKER.mark("Ingress/web/grafana"))
    grafana.settle(11)
    assert findings("open", "over") == [(GRAFANA, "A", "missing_record", "over")]
    assert grafana.state("grafana") == "synced"


def test_it_is_over_when_no_claim_asks_for_the_name_any_more(grafana: Engine, technitium: ServerUnderTest) -> None:
    technitium.delete(GRAFANA, "A", ADDRESS)
    grafana.settle(11)
    grafana.drop("grafana")
    grafana.settle()
    assert findings("open", "over") == [(GRAFANA, "A", "missing_record", "over")]
    assert not grafana.rows()


def test_it_is_said_once_and_costs_nothing_while_it_stays(grafana: Engine, technitium: ServerUnderTest) -> None:
    technitium.delete(GRAFANA, "A", ADDRESS)
    grafana.settle(11)
    before = AuditEntry.objects.count()
    technitium.requests.clear()
    for _ in range(3):
        grafana.full()
    assert "/api/zones/records/get" not in technitium.requests.counts
    grafana.start()
    grafana.settle()
    assert AuditEntry.objects.count() == before
    assert len(findings()) == 1
    assert not list(writes(technitium))


def test_another_change_of_the_same_record_is_news(grafana: Engine, technitium: ServerUnderTest) -> None:
    change_by_hand(technitium)
    grafana.settle(11)
    DriftFinding.objects.update(status="accepted")
    technitium.delete(GRAFANA, "A", OTHER)
    grafana.settle(11)
    assert findings() == [(GRAFANA, "A", "missing_record", "open")]


def test_what_was_accepted_is_left_even_where_everything_is_remediated(
    grafana: Engine, technitium: ServerUnderTest
) -> None:
    technitium.delete(GRAFANA, "A", ADDRESS)
    grafana.settle(11)
    DriftFinding.objects.update(status="accepted")
    grafana.start(auto_remediate=True)
    grafana.settle()
    assert technitium.ask(GRAFANA) == "NXDOMAIN"
    grafana.ask("remediate", GRAFANA, zone=ZONE, type="A")
    assert technitium.ask(GRAFANA) == [ADDRESS]


def test_a_record_that_lost_our_mark_is_drift_until_a_person_takes_it_back(
    grafana: Engine, technitium: ServerUnderTest
) -> None:
    technitium.delete(GRAFANA, "A", ADDRESS)
    technitium.add(GRAFANA, "A", OTHER)
    grafana.start(auto_remediate=True)
    grafana.settle(11)
    grafana.start()
    grafana.settle(11)
    assert findings() == [(GRAFANA, "A", "unexpected_ip", "open")]
    assert grafana.state("grafana") == "conflict"
    grafana.ask("remediate", GRAFANA, zone=ZONE, type="A")
    assert technitium.ask(GRAFANA) == [ADDRESS]
    assert findings("open", "remediated") == [(GRAFANA, "A", "unexpected_ip", "remediated")]


def test_a_value_beside_ours_is_drift_and_goes_by_a_click(grafana: Engine, technitium: ServerUnderTest) -> None:
    technitium.add(GRAFANA, "A", OTHER, ttl=300)
    grafana.settle(11)
    assert findings() == [(GRAFANA, "A", "unexpected_ip", "open")]
    grafana.ask("remediate", GRAFANA, zone=ZONE, type="A")
    assert technitium.ask(GRAFANA) == [ADDRESS]


def test_our_mark_on_an_unknown_record_is_reported_and_goes_by_a_click(
    grafana: Engine, technitium: ServerUnderTest
) -> None:
    technitium.add("old.talos00", "A", OTHER, comments=MARKER.mark("Ingress/web/old"))
    grafana.settle(11)
    assert findings() == [("old.talos00", "A", "unexpected_record", "open")]
    assert technitium.ask("old.talos00") == [OTHER]
    grafana.ask("remediate", "old.talos00", zone=ZONE, type="A")
    assert technitium.ask("old.talos00") == "NXDOMAIN"
    assert findings("open", "remediated") == [("old.talos00", "A", "unexpected_record", "remediated")]


def test_an_unknown_record_that_someone_takes_away_is_over(grafana: Engine, technitium: ServerUnderTest) -> None:
    technitium.add("old.talos00", "A", OTHER, comments=MARKER.mark("Ingress/web/old"))
    grafana.settle(11)
    technitium.delete("old.talos00", "A", OTHER)
    grafana.settle(11)
    assert findings("open", "over") == [("old.talos00", "A", "unexpected_record", "over")]


def test_unknown_records_go_unasked_where_everything_is_remediated_but_the_guard_holds_many(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.start(auto_remediate=True)
    engine.put_many(12)
    engine.settle()
    for number in range(11):
        technitium.add(f"old{number}.talos00", "A", OTHER, comments=MARKER.mark("Ingress/web/old"))
    engine.settle(11)
    assert len(findings()) == 11
    assert technitium.ask("old0.talos00") == [OTHER]
    engine.ask("approve")
    engine.settle(11)
    assert technitium.ask("old0.talos00") == "NXDOMAIN"
    assert len(findings("remediated")) == 11


def test_what_was_released_keeps_our_mark_and_is_no_drift(grafana: Engine, technitium: ServerUnderTest) -> None:
    grafana.ask("release", GRAFANA)
    grafana.start(auto_remediate=True)
    grafana.drop("grafana")
    grafana.settle(11)
    assert technitium.ask(GRAFANA) == [ADDRESS]
    assert not findings()
    technitium.delete(GRAFANA, "A", ADDRESS)
    grafana.settle(11)
    assert findings("accepted", "over") == [(GRAFANA, "A", "unexpected_record", "over")]


def test_a_crash_that_undoes_what_we_wrote_is_no_drift(engine: Engine, technitium: ServerUnderTest) -> None:
    technitium.double.save()
    engine.put_many(20)
    engine.settle()
    technitium.crash()
    engine.start()  # it went down with the server
    engine.settle()
    assert len(published(technitium)) == 20
    assert not DriftFinding.objects.exists()


@pytest.mark.parametrize("bulky", [True, False])
def test_all_of_many_that_are_missing_come_back(engine: Engine, technitium: ServerUnderTest, bulky: bool) -> None:
    if not bulky:
        limit_to_records(engine, technitium)
    engine.start(auto_remediate=True)
    engine.put_many(80)
    engine.settle()
    assert len(published(technitium)) == 80
    for number in range(80):
        technitium.delete(f"app{number:03}.talos00", "A", ADDRESS)
    for _ in range(3):
        engine.settle(11)
    assert len(published(technitium)) == 80
    assert not findings()


def test_a_zone_is_listed_now_and_then_although_its_serial_stays(grafana: Engine, technitium: ServerUnderTest) -> None:
    grafana.start(drift_interval=900)
    grafana.settle()
    technitium.requests.clear()
    grafana.turn(800)
    assert "/api/zones/records/get" not in technitium.requests.counts
    grafana.turn(101)
    assert technitium.requests.counts["/api/zones/records/get"] == 1


def test_the_block_of_a_hosts_file_is_ours_alone(tmp_path: Path, transactional_db: None) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    engine = Engine(str(path))
    engine.put("grafana")
    engine.put("blog")
    engine.settle()
    whole = path.read_text()
    path.write_text(whole.replace(f"{ADDRESS}  {GRAFANA}\n", "10.9.9.9  stray.talos00\n"))
    engine.full()
    assert path.read_text() == whole
    assert sorted(findings("remediated")) == [
        (GRAFANA, "A", "missing_record", "remediated"),
        ("stray.talos00", "A", "unexpected_record", "remediated"),
    ]


def test_a_dry_run_reports_nothing(grafana: Engine, technitium: ServerUnderTest) -> None:
    technitium.delete(GRAFANA, "A", ADDRESS)
    before = foreign(technitium)
    grafana.start(dry_run=True)
    grafana.settle(11)
    assert not DriftFinding.objects.exists()
    assert foreign(technitium) == before


@pytest.mark.parametrize("claimed", [False, True], ids=["no claim asks for it", "a source asks for it"])
def test_what_was_released_is_its_new_owners_whatever_that_makes_of_it(
    grafana: Engine, technitium: ServerUnderTest, claimed: bool
) -> None:
    grafana.ask("release", GRAFANA)
    grafana.start(auto_remediate=True)
    if not claimed:
        grafana.drop("grafana")
    grafana.settle(11)
    change_by_hand(technitium)
    for _ in range(3):
        grafana.settle(11)
        grafana.start()
    assert technitium.ask(GRAFANA) == [OTHER]
    assert not findings()


def test_what_was_released_from_a_hosts_file_stays_in_it(tmp_path: Path, transactional_db: None) -> None:
    path = tmp_path / "hosts"
    path.touch()
    engine = Engine(str(path))
    engine.put("grafana")
    engine.settle()
    engine.ask("release", GRAFANA)
    engine.drop("grafana")
    for _ in range(3):
        engine.full()
    assert GRAFANA in path.read_text()


def test_what_is_remediated_unasked_takes_nothing_from_others_beside_it(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("other")
    engine.settle()
    technitium.add(GRAFANA, "A", ADDRESS, comments=MARKER.mark("Ingress/web/grafana"))
    technitium.add(GRAFANA, "A", OTHER)
    engine.start(auto_remediate=True)
    engine.put("grafana")
    engine.settle()
    engine.settle(11)
    assert technitium.ask(GRAFANA) == [ADDRESS, OTHER]


def test_a_claim_that_create_only_kept_back_is_no_drift_and_comes_true_with_the_policy(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.start(policies={ZONE: Policy.CREATE_ONLY})
    engine.put("grafana")
    engine.settle()
    engine.put("grafana", target=OTHER)
    engine.settle()
    engine.start()
    engine.settle(11)
    assert (engine.state("grafana"), findings()) == ("kept", [])
    engine.start(policies={})
    engine.settle(11)
    assert technitium.ask(GRAFANA) == [OTHER]


def test_an_accepted_finding_costs_nothing_where_everything_is_remediated(
    grafana: Engine, technitium: ServerUnderTest
) -> None:
    technitium.delete(GRAFANA, "A", ADDRESS)
    grafana.settle(11)
    DriftFinding.objects.update(status="accepted")
    grafana.start(auto_remediate=True)
    grafana.settle()
    technitium.requests.clear()
    grafana.full()
    assert "/api/zones/records/get" not in technitium.requests.counts


def test_a_mark_may_say_anything(
    grafana: Engine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    technitium.add("old.talos00", "A", OTHER, comments=MARKER.mark("backup"))
    grafana.settle(11)
    assert grafana.ask("remediate", "old.talos00", zone=ZONE, type="A") == "1 record changed"
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("lost", ["one row", "the database"])
def test_a_name_whose_address_is_away_keeps_its_record_although_the_ledger_lost_it(
    engine: Engine, technitium: ServerUnderTest, lost: str
) -> None:
    engine.put("grafana")
    engine.put("other")
    engine.settle()
    ManagedRecord.objects.filter(**({"name": GRAFANA} if lost == "one row" else {})).delete()
    AuditEntry.objects.forget_before(timezone.now() + timedelta(days=1))
    engine.scope["addresses"] = ()
    engine.start(auto_remediate=True)
    engine.settle(11)
    engine.settle(11)
    assert technitium.ask(GRAFANA) == [ADDRESS]


def test_hundreds_of_findings_cost_a_pass_a_handful_of_questions(
    engine: Engine, technitium: ServerUnderTest, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    engine.put_many(300)
    engine.settle()
    for number in range(300):
        technitium.delete(f"app{number:03}.talos00", "A", ADDRESS)
    engine.settle(11)
    assert len(findings()) == 300
    engine.start()
    with django_assert_max_num_queries(150):
        engine.target_loop.worker.zones[ZONE].run_pass(None)
    assert len(findings()) == 300
