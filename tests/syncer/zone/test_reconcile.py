"""What becomes of a name when the objects that want it come, change and go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.models import AuditEntry, CustomEntry, DriftFinding, ManagedRecord, ManagedZone, SyncRequest
from syncer.core.kinds import INGRESS, SERVICE
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, ingress, published, writes

GRAFANA = f"grafana.{ZONE}"


def traefik(*addresses: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "traefik", "namespace": "traefik", "labels": {"app.kubernetes.io/name": "traefik"}},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": address} for address in addresses]}},
    }


def test_a_name_comes_into_dns_and_goes_with_its_ingress(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    assert technitium.ask(GRAFANA) == [ADDRESS]
    assert engine.state("grafana") == "synced"
    engine.drop("grafana")
    engine.settle()
    assert technitium.ask(GRAFANA) == "NXDOMAIN"
    assert not engine.rows()


def test_a_changed_address_and_ttl_replace_what_was(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana", target="10.0.0.1", ttl="60")
    engine.settle()
    engine.put("grafana", target="10.0.0.2", ttl="60")
    engine.settle()
    engine.put("grafana", target="10.0.0.2", ttl="90")
    engine.settle()
    mark = "catalyst-dns-sync/default Ingress/web/grafana"
    assert technitium.rows(ZONE) == [(GRAFANA, "A", 90, "10.0.0.2", mark)]


def test_an_address_gives_way_to_an_alias_and_comes_back(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana", target="10.0.0.1,2001:db8::1")
    engine.settle()
    engine.put("grafana", target="edge.example.com")
    engine.settle()
    assert published(technitium) == {("grafana", "CNAME"): ["edge.example.com"]}
    engine.put("grafana", target="10.0.0.1")
    engine.settle()
    assert published(technitium) == {("grafana", "A"): ["10.0.0.1"]}
    assert engine.rows().keys() == {(GRAFANA, "A")}


def test_both_address_families_stand_side_by_side(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana", target="10.0.0.2,2001:db8::1,10.0.0.1")
    engine.settle()
    assert published(technitium) == {("grafana", "A"): ["10.0.0.1", "10.0.0.2"], ("grafana", "AAAA"): ["2001:db8::1"]}
    engine.put("grafana", target="2001:db8::1")
    engine.settle()
    assert published(technitium) == {("grafana", "AAAA"): ["2001:db8::1"]}


def test_a_name_goes_to_the_longest_zone_that_it_ends_in(build: Build, technitium: ServerUnderTest) -> None:
    engine = build("example.com", "k8s.example.com")
    engine.put("apps", "www.example.com", "www.k8s.example.com", "k8s.example.com", "nas.home")
    engine.settle()
    assert published(technitium, "example.com").keys() == {("www", "A")}
    assert published(technitium, "k8s.example.com").keys() == {("www", "A"), ("k8s.example.com", "A")}


def test_a_record_goes_with_the_last_of_those_who_want_the_same(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("old", "blog.talos00", created="2025-01-01T00:00:00Z")
    engine.put("new", "blog.talos00")
    engine.settle()
    assert engine.rows()["blog.talos00", "A"].claimants == ["Ingress/web/old", "Ingress/web/new"]
    engine.drop("old")
    engine.settle()
    assert technitium.ask("blog.talos00") == [ADDRESS]
    assert engine.rows()["blog.talos00", "A"].claimants == ["Ingress/web/new"]
    engine.drop("new")
    engine.settle()
    assert not published(technitium)


def test_a_loser_is_named_and_takes_over_when_the_winner_goes(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("old", "blog.talos00", target="10.0.0.1", created="2025-01-01T00:00:00Z")
    engine.put("new", "blog.talos00", target="10.0.0.2")
    engine.settle()
    assert technitium.ask("blog.talos00") == ["10.0.0.1"]
    assert engine.rows()["blog.talos00", "A"].losers == [
        ["Ingress/web/new", "Ingress/web/old has the name: it is older"]
    ]
    engine.drop("old")
    engine.settle()
    assert technitium.ask("blog.talos00") == ["10.0.0.2"]
    assert engine.rows()["blog.talos00", "A"].losers == []


def test_an_entry_is_published_and_goes_when_it_is_switched_off(engine: Engine, technitium: ServerUnderTest) -> None:
    entry = CustomEntry.objects.create(name="nas.talos00", type="A", values=["10.0.0.5"], ttl=120)
    engine.ask("sync", "nas.talos00")
    assert technitium.rows(ZONE)[0][:4] == ("nas.talos00", "A", 120, "10.0.0.5")
    entry.enabled = False
    entry.save()
    engine.ask("sync", "nas.talos00")
    assert not published(technitium)


def test_an_entry_yields_to_a_source_unless_it_overrides(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    entry = CustomEntry.objects.create(name=GRAFANA, type="A", values=["10.0.0.5"])
    engine.ask("sync", GRAFANA)
    assert technitium.ask(GRAFANA) == [ADDRESS]
    entry.mode = "override"
    entry.save()
    engine.ask("sync", GRAFANA)
    assert technitium.ask(GRAFANA) == ["10.0.0.5"]
    entry.delete()
    engine.ask("sync", GRAFANA)
    assert technitium.ask(GRAFANA) == [ADDRESS]


def test_a_blocked_name_goes_and_stays_away_until_the_block_is_lifted(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("grafana")
    engine.settle()
    block = CustomEntry.objects.create(name=GRAFANA, mode="block")
    engine.ask("sync", GRAFANA)
    engine.full()
    assert technitium.ask(GRAFANA) == "NXDOMAIN"
    block.delete()
    engine.full()
    assert technitium.ask(GRAFANA) == [ADDRESS]


def test_entries_of_other_types_stand_beside_each_other(engine: Engine, technitium: ServerUnderTest) -> None:
    for kind, value in (("TXT", "v=spf1 -all"), ("MX", "10 mail.example.com"), ("A", "10.0.0.5")):
        CustomEntry.objects.create(name="mail.talos00", type=kind, values=[value])
    engine.ask("sync", "mail.talos00")
    assert {kind for _, kind in published(technitium)} == {"TXT", "MX", "A"}
    origins = {entry.type: entry.origin for entry in CustomEntry.objects.all()}
    assert {kind: row.origin for (_, kind), row in engine.rows().items()} == origins
    CustomEntry.objects.filter(type="MX").delete()
    engine.ask("sync", "mail.talos00")
    assert {kind for _, kind in published(technitium)} == {"TXT", "A"}
    assert AuditEntry.objects.get(action="deleted", type="MX").source == origins["MX"]


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "after a restart"])
def test_an_object_that_lost_its_address_keeps_its_last(
    build: Build, technitium: ServerUnderTest, restart: bool
) -> None:
    engine = build(scope={"addresses": (), "auto": True})
    shop = ingress("shop") | {"status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.7"}]}}}
    engine.put_object(SERVICE, traefik("10.0.0.1"))
    engine.put_object(INGRESS, shop)
    engine.put("grafana")
    engine.settle()
    assert published(technitium) == {("grafana", "A"): ["10.0.0.1"], ("shop", "A"): ["10.0.0.7"]}
    engine.drop_object(SERVICE, "traefik", "traefik")
    engine.put("shop")
    if restart:
        engine.start()
    engine.full()
    assert published(technitium) == {("grafana", "A"): ["10.0.0.1"], ("shop", "A"): ["10.0.0.7"]}
    engine.put_object(SERVICE, traefik("10.0.0.2"))
    engine.settle()
    assert published(technitium) == {("grafana", "A"): ["10.0.0.2"], ("shop", "A"): ["10.0.0.2"]}


@pytest.mark.double_only
def test_deletes_go_before_creates_and_creates_before_updates(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("gone")
    engine.put("kept")
    engine.settle()
    technitium.requests.clear()
    engine.drop("gone")
    engine.put("fresh")
    engine.put("kept", target=OTHER)
    engine.full()
    assert list(writes(technitium)) == [
        ("delete", "gone.talos00", "A"),
        ("add", "fresh.talos00", "A"),
        ("update", "kept.talos00", "A"),
    ]


@pytest.mark.double_only
def test_an_alias_goes_right_before_its_address_comes(engine: Engine, technitium: ServerUnderTest) -> None:
    names = ("blog", "grafana")
    for name in names:
        engine.put(name, target="edge.example.com")
    engine.settle()
    technitium.requests.clear()
    for name in names:
        engine.put(name, target="10.0.0.1")
    engine.settle()
    assert list(writes(technitium)) == [
        ("delete", "blog.talos00", "CNAME"),
        ("add", "blog.talos00", "A"),
        ("delete", "grafana.talos00", "CNAME"),
        ("add", "grafana.talos00", "A"),
    ]


@pytest.mark.double_only
def test_urgent_names_go_first(engine: Engine, technitium: ServerUnderTest) -> None:
    for name, priority in (("a", "low"), ("b", "normal"), ("c", "high")):
        engine.put(name, priority=priority)
    engine.settle()
    assert [name for _, name, _ in writes(technitium)] == ["c.talos00", "b.talos00", "a.talos00"]


@pytest.mark.double_only
def test_a_hundred_names_cost_a_handful_of_calls(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.settle()
    technitium.requests.clear()
    engine.put_many(100)
    engine.settle()
    assert len(published(technitium)) == 100
    assert sum(technitium.requests.counts.values()) <= 4
    assert ManagedRecord.objects.filter(state="synced", owned=True).count() == 100


def test_a_hosts_file_is_kept_by_the_same_engine(db: None, tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n10.0.0.9 nas.talos00\n")
    engine = Engine(str(path))
    engine.put("grafana")
    engine.put("nas")
    engine.put("all", "*.talos00")
    engine.settle()
    assert f"{ADDRESS}  grafana.talos00" in path.read_text()
    assert path.read_text().startswith("127.0.0.1 localhost\n10.0.0.9 nas.talos00\n")
    assert (engine.state("nas"), engine.state("*")) == ("conflict", "skipped")
    before = path.stat()
    engine.start()
    engine.full()
    assert path.stat() == before
    engine.drop("grafana", "nas", "all")
    engine.settle()
    assert "grafana" not in path.read_text()
    assert not engine.rows()


def test_an_empty_database_beside_a_kept_hosts_file_is_told_in_one_line(
    db: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    engine = Engine(str(path))
    engine.put_many(9)
    engine.settle()
    before = path.read_text()
    for model in (ManagedRecord, ManagedZone, AuditEntry):
        model.objects.all()._raw_delete("default")
    caplog.clear()
    engine.start()
    engine.settle()
    told = [line.getMessage() for line in caplog.records if line.levelname == "WARNING"]
    assert told == ["9 records carry our mark and stood in no ledger: ours again"]
    assert path.read_text() == before
    assert ManagedRecord.objects.filter(owned=True, state="synced").count() == 9
    assert not AuditEntry.objects.exists(), "nothing was changed and nothing taken over"
    assert not DriftFinding.objects.exists(), "no hand made it"


def test_what_goes_from_a_hosts_file_is_told_with_its_ttl(
    db: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    engine = Engine(str(path))
    engine.put("grafana")
    engine.settle()
    caplog.set_level("INFO")
    engine.drop("grafana")
    engine.settle()
    (line,) = (line for line in caplog.records if line.getMessage() == "DNS record deleted")
    assert vars(line)["ttl"] == 300
    assert AuditEntry.objects.get(action="deleted").before == {"ttl": 300, "values": [ADDRESS]}


@pytest.mark.double_only
def test_a_thousand_requests_are_a_few_passes(engine: Engine, technitium: ServerUnderTest) -> None:
    entries = [CustomEntry(name=f"host{at:03}.{ZONE}", type="A", values=[OTHER], mode="publish") for at in range(600)]
    CustomEntry.objects.bulk_create(entries)
    engine.settle()
    CustomEntry.objects.update(values=[ADDRESS])
    SyncRequest.objects.bulk_create(
        SyncRequest(action="sync", zone=ZONE, name=entry.name, requested_by="ada") for entry in entries
    )
    technitium.requests.clear()
    for _ in range(3):
        engine.turn()
    assert not SyncRequest.objects.filter(done_at=None).exists()
    assert set(SyncRequest.objects.values_list("outcome", flat=True)) == {"1 record changed"}
    assert {tuple(values) for values in published(technitium).values()} == {(ADDRESS,)}
    assert technitium.requests.counts.total() < 20


def test_requests_that_take_long_leave_room_for_what_changes_meanwhile(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put_many(40)
    engine.settle()
    for at in range(40):
        SyncRequest.objects.create(action="delete", zone=ZONE, name=f"app{at:03}.{ZONE}", requested_by="ada")
    engine.observe = lambda *_: engine.clock.sleep(0.1)
    engine.put("grafana")
    engine.turn()
    assert technitium.ask("grafana.talos00") == [ADDRESS]
    assert 0 < SyncRequest.objects.filter(done_at=None).count() < 40
    for _ in range(5):
        engine.turn()
    assert not SyncRequest.objects.filter(done_at=None).exists()


def test_requests_are_answered_in_their_order_and_each_for_itself(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.put("blog")
    engine.settle()
    asked = [
        SyncRequest.objects.create(action=action, name=name, requested_by="ada")
        for action, name in [
            ("delete", f"grafana.{ZONE}"),
            ("delete", "x.example.com"),
            ("delete", ""),
            ("sync", f"grafana.{ZONE}"),
            ("dance", f"grafana.{ZONE}"),
        ]
    ]
    engine.turn()
    assert list(SyncRequest.objects.filter(pk__gte=asked[0].pk).order_by("id").values_list("outcome", flat=True)) == [
        "1 record deleted",
        "x.example.com is in no managed zone",
        "delete needs a name",
        "1 record changed",
        "there is no action 'dance'",
    ]
    assert technitium.ask("grafana.talos00") == [ADDRESS]


def test_a_name_that_is_new_asks_the_database_for_nothing_that_is_hardly_ever_there(engine: Engine) -> None:
    """Drift, held plans, entries, deleted and kept names are looked for at a glance, which asks for one row."""
    engine.put("first")
    engine.turn()
    engine.put("second")
    with CaptureQueriesContext(connection) as queries:
        engine.turn()
    assert engine.state("second") == "synced"
    asked = [query["sql"] for query in queries if query["sql"].startswith("SELECT") and "LIMIT 1" not in query["sql"]]
    tables = ("customentry", "deletedrrset", "driftfinding", "helddelete", "heldplan", "writefreeze")
    assert len(asked) <= 4
    assert not [sql for sql in asked if any(f'FROM "records_{table}"' in sql for table in tables)]
