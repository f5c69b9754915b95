"""Records of any type that DNSEndpoints ask for: asked by DNS, beside Ingresses, and through the life of an object."""

from __future__ import annotations

from typing import Any

import pytest

from records.explain import explain_name
from records.models import ManagedRecord, Source, SourceName
from syncer.core.allowed import TargetRules, collect_allowed
from syncer.core.kinds import DNS_ENDPOINT
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.core.test_dnsendpoints import endpoint
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine

GRAFANA, MAIL, EDGE = f"grafana.{ZONE}", f"mail.{ZONE}", f"edge.{ZONE}"
ENDPOINT = "DNSEndpoint/web/mail"
MX, TEXT = f"10 {EDGE}", "v=spf1 mx -all"


def published(technitium: ServerUnderTest) -> dict[tuple[str, str], list[str]]:
    """All values of every RRset below the apex, texts as they are."""
    found: dict[tuple[str, str], list[str]] = {}
    for record in technitium.records(ZONE):
        values = [record["rData"]["text"]] if record["type"] == "TXT" else map(str, record["rData"].values())
        if record["name"] != ZONE:
            found.setdefault((record["name"].removesuffix(f".{ZONE}"), record["type"]), []).append(" ".join(values))
    return found


def put(engine: Engine, *endpoints: Any, name: str = "mail", created: str = "2026-02-01T00:00:00Z") -> None:
    metadata = {"name": name, "namespace": "web", "creationTimestamp": created}
    engine.put_object(DNS_ENDPOINT, {"metadata": metadata, "spec": {"endpoints": list(endpoints)}})
    engine.settle()


def drop(engine: Engine, name: str = "mail") -> None:
    engine.drop_object(DNS_ENDPOINT, "web", name)
    engine.settle()


ANSWERS = {
    "A": ("192.0.2.1", "192.0.2.1"),
    "AAAA": ("2001:db8::1", "2001:db8::1"),
    "TXT": (TEXT, f'"{TEXT}"'),
    "MX": (MX, MX),
    "SRV": (f"0 5 443 {EDGE}", f"0 5 443 {EDGE}"),
    "CAA": ("0 issue letsencrypt.org", '0 issue "letsencrypt.org"'),
    "PTR": (EDGE, EDGE),
}


def test_every_type_is_answered_changed_and_withdrawn(engine: Engine, technitium: ServerUnderTest) -> None:
    put(engine, *(endpoint(kind, value) for kind, (value, _) in ANSWERS.items()))
    for kind, (_, answer) in ANSWERS.items():
        assert technitium.ask(MAIL, kind) == [answer], kind
    put(engine, endpoint("A", "192.0.2.2", recordTTL=77), endpoint("TXT", "else"))
    assert published(technitium) == {("mail", "A"): ["192.0.2.2"], ("mail", "TXT"): ["else"]}
    assert [row[2] for row in technitium.rows(ZONE)] == [77, 300]
    assert {row[4] for row in technitium.rows(ZONE)} == {f"catalyst-dns-sync/default {ENDPOINT}"}
    assert technitium.ask(MAIL, "MX") == []
    drop(engine)
    assert technitium.ask(MAIL) == "NXDOMAIN"
    assert not ManagedRecord.objects.exists()


def test_an_alias_is_answered(engine: Engine, technitium: ServerUnderTest) -> None:
    put(engine, endpoint("CNAME", EDGE), endpoint("A", ADDRESS, name=EDGE))
    assert technitium.ask(MAIL, "CNAME") == [EDGE]
    assert technitium.ask(MAIL) == [ADDRESS]


def test_a_restart_writes_nothing_and_what_went_meanwhile_goes(engine: Engine, technitium: ServerUnderTest) -> None:
    kinds = {kind: value for kind, (value, _) in ANSWERS.items()}
    put(engine, *(endpoint(kind, value) for kind, value in kinds.items()))
    put(engine, endpoint("TXT", "stays", name=EDGE), name="other")
    serial = technitium.serial(ZONE)
    engine.start()
    engine.settle()
    assert technitium.serial(ZONE) == serial
    del engine.objects[DNS_ENDPOINT, "web", "mail"]  # while no syncer runs
    engine.start()
    engine.settle()
    assert published(technitium) == {("edge", "TXT"): ["stays"]}


def test_a_text_and_a_mail_server_are_beside_the_address_of_an_ingress(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("grafana")
    put(engine, endpoint("TXT", TEXT, name=GRAFANA), endpoint("MX", MX, name=GRAFANA))
    assert technitium.ask(GRAFANA) == [ADDRESS]
    assert technitium.ask(GRAFANA, "TXT") == [f'"{TEXT}"']
    assert technitium.ask(GRAFANA, "MX") == [MX]
    rows = {kind: row.origin for (_, kind), row in engine.rows().items()}
    assert rows == {"A": "Ingress/web/grafana", "TXT": ENDPOINT, "MX": ENDPOINT}
    engine.drop("grafana")
    engine.settle()
    assert published(technitium) == {("grafana", "TXT"): [TEXT], ("grafana", "MX"): [MX]}


def test_an_alias_competes_with_both(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    put(engine, endpoint("TXT", TEXT, name=GRAFANA))
    put(engine, endpoint("CNAME", EDGE, name=GRAFANA), name="alias", created="2025-01-01T00:00:00Z")
    assert published(technitium) == {("grafana", "A"): [ADDRESS], ("grafana", "TXT"): [TEXT]}
    said = " ".join(explain_name(GRAFANA)["sentences"])
    assert f"DNSEndpoint/web/alias wants the name for {EDGE}, and does not get it: {ENDPOINT} has the name" in said
    drop(engine)
    engine.drop("grafana")
    engine.settle()
    assert published(technitium) == {("grafana", "CNAME"): [EDGE]}


def test_its_address_is_a_target_of_its_own(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    put(engine, endpoint("A", OTHER, name=GRAFANA))
    assert technitium.ask(GRAFANA) == [OTHER]


def test_the_same_address_of_two_objects_is_one_record_that_goes_with_the_last(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    put(engine, endpoint("A", ADDRESS, name=GRAFANA))
    engine.put("grafana")
    engine.settle()
    assert set(engine.rows()[GRAFANA, "A"].claimants) == {ENDPOINT, "Ingress/web/grafana"}
    drop(engine)
    assert technitium.ask(GRAFANA) == [ADDRESS]


def test_of_five_hundred_endpoints_three_are_nonsense(engine: Engine, technitium: ServerUnderTest) -> None:
    good = [endpoint("A", "192.0.2.1", name=f"app{number:03}.{ZONE}") for number in range(497)]
    bad = ["nonsense", endpoint("A", "nonsense", name=f"bad.{ZONE}"), endpoint("A", "192.0.2.1", name="no name")]
    put(engine, *good[:100], *bad, *good[100:])
    assert len(published(technitium)) == 497
    source = Source.objects.get()
    assert [warning.partition(":")[0] for warning in source.warnings] == [
        "endpoints[100] is no object",
        f"endpoints[101] (bad.{ZONE} A)",
    ]
    assert [name for name, _ in source.skipped_names()] == ["no name", f"bad.{ZONE}"]


def test_what_a_delegation_hides_is_told_at_once(engine: Engine) -> None:
    engine.put("grafana", f"grafana.apps.{ZONE}", f"shop.{ZONE}")
    put(engine, endpoint("NS", "ns.example.com", name=f"apps.{ZONE}"))
    engine.turn(1)
    engine.settle()
    hidden = SourceName.objects.exclude(shadow="")
    assert [(row.name, row.shadow) for row in hidden] == [
        (
            f"grafana.apps.{ZONE}",
            f"the delegation of apps.{ZONE} hides it: resolvers ask the name servers given there",
        )
    ]
    drop(engine)
    assert not SourceName.objects.exclude(shadow="").exists()


def test_a_service_record_that_leads_to_an_alias_is_published_and_told(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    put(engine, endpoint("CNAME", EDGE))
    put(engine, endpoint("SRV", f"0 5 443 {MAIL}", name=f"_https._tcp.{ZONE}"), name="service")
    engine.full()
    assert technitium.ask(f"_https._tcp.{ZONE}", "SRV") == [f"0 5 443 {MAIL}"]
    reason = engine.reason("_https._tcp", "SRV")
    assert reason == f"SRV leads to {MAIL}, which is an alias: some clients refuse that (RFC 2782)"


def test_a_foreign_record_of_its_type_stays_and_the_others_are_written(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    technitium.add(MAIL, "TXT", "by hand")
    put(engine, endpoint("TXT", TEXT), endpoint("MX", MX))
    assert published(technitium) == {("mail", "TXT"): ["by hand"], ("mail", "MX"): [MX]}
    assert engine.state("mail", "TXT") == "conflict"


def test_a_value_that_is_no_longer_allowed_is_kept_for_its_time(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(detached_grace=3600.0)
    put(engine, endpoint("TXT", TEXT), endpoint("MX", "10 mx.example.com"))
    engine.scope["targets"] = TargetRules(collect_allowed([ZONE]))
    engine.start()
    engine.settle()
    assert published(technitium) == {("mail", "TXT"): [TEXT], ("mail", "MX"): ["10 mx.example.com"]}
    assert engine.state("mail", "MX") == "kept"
    assert engine.state("mail", "TXT") == "synced"
    for _ in range(80):
        engine.turn(60)
    engine.settle()
    assert published(technitium) == {("mail", "TXT"): [TEXT]}


@pytest.mark.parametrize("lost", ["A", "TXT"])
def test_a_hand_on_one_type_is_drift_of_that_type(engine: Engine, technitium: ServerUnderTest, lost: str) -> None:
    put(engine, endpoint("A", ADDRESS), endpoint("TXT", TEXT))
    technitium.delete(MAIL, lost, {"A": ADDRESS, "TXT": TEXT}[lost])
    engine.turn(11)
    engine.settle()
    states = {kind: row.state for (_, kind), row in engine.rows().items()}
    assert states == {kind: "drifted" if kind == lost else "synced" for kind in ("A", "TXT")}
