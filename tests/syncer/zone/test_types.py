"""Records of the rarer types, from a custom entry to the server's answer and back."""

from __future__ import annotations

import pytest

from records.models import AuditEntry, CustomEntry, Source
from syncer.core.kinds import DNS_ENDPOINT
from syncer.core.plan import Policy
from syncer.core.rdata import clean_value
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ZONE, Engine, published

DIGEST, OTHER = "ab" * 32, "cd" * 32

CHANGES = [
    ("HTTPS", "1 . alpn=h2,h3 ech=AAb+DQACQWI=", "1 . alpn=h2"),
    ("SVCB", "1 dns.example.com alpn=dot port=853", "0 dns.example.com"),
    ("TLSA", f"3 1 1 {DIGEST}", f"3 1 1 {OTHER}"),
    ("SSHFP", f"4 2 {DIGEST}", f"4 2 {OTHER}"),
    ("NAPTR", '1 2 "U" "E2U+sip" "!^.*$!sip:a@b.c!" .', '1 2 "S" "SIP+D2U" "" _sip._udp.example.com'),
    ("URI", '10 1 "https://example.com/"', '10 1 "https://example.com/a"'),
    ("DNAME", "one.example", "two.example"),
]


@pytest.mark.parametrize(("kind", "first", "second"), CHANGES)
def test_it_is_written_changed_and_deleted_and_the_audit_tells(
    engine: Engine, technitium: ServerUnderTest, kind: str, first: str, second: str
) -> None:
    name = f"rare.{ZONE}"
    entry = CustomEntry.objects.create(name=name, type=kind, values=[first])
    for value in (first, second):
        CustomEntry.objects.filter(pk=entry.pk).update(values=[value])
        engine.ask("sync", name)
        engine.settle()
        assert engine.state("rare", kind) == "synced"
        assert answers(technitium, name, kind) == [value]
    engine.full()
    engine.target_loop.worker.zones[ZONE].invalidate()
    engine.full()
    assert engine.state("rare", kind) == "synced"
    CustomEntry.objects.all().delete()
    engine.ask("sync", name)
    engine.settle()
    assert published(technitium) == {}
    told = AuditEntry.objects.filter(name=name, type=kind, action__in=["created", "updated", "deleted"]).order_by("id")
    assert [entry.action for entry in told] == ["created", "updated", "deleted"]
    assert [entry.after and entry.after["values"] for entry in told] == [[first], [second], None]


def answers(server: ServerUnderTest, name: str, kind: str) -> list[str]:
    return [clean_value(kind, f"{text}." if kind == "NAPTR" else text) for text in server.ask(name, kind)]


def test_a_hand_that_changes_it_is_drift_and_another_spelling_is_none(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    name = f"rare.{ZONE}"
    CustomEntry.objects.create(name=name, type="HTTPS", values=["1 . alpn=h2 port=443"])
    engine.ask("sync", name)
    engine.settle()
    mark = technitium.records(ZONE)[-1]["comments"]
    update = {"domain": name, "type": "HTTPS", "svcPriority": 1, "svcTargetName": ".", "ttl": 300, "comments": mark}
    technitium.ok(
        "zones/records/update", update | {"svcParams": "alpn|h2|port|443", "newSvcParams": "port|443|alpn|h2"}
    )
    engine.full()
    assert engine.state("rare", "HTTPS") == "synced"
    technitium.ok("zones/records/update", update | {"svcParams": "port|443|alpn|h2", "newSvcParams": "alpn|h3"})
    engine.full()
    assert engine.state("rare", "HTTPS") == "drifted"
    assert "1 . alpn=h3" in engine.reason("rare", "HTTPS")


def test_a_parameter_that_the_server_does_not_know_is_skipped_with_the_reason(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    CustomEntry.objects.create(name=f"rare.{ZONE}", type="SVCB", values=["1 . key667=x"])
    engine.ask("sync", f"rare.{ZONE}")
    engine.settle()
    assert engine.state("rare", "SVCB") == "skipped"
    assert "Technitium knows no parameter key667" in engine.reason("rare", "SVCB")
    assert published(technitium) == {}


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a record of someone else"])
def test_a_dname_above_a_name_of_ours_waits_until_that_is_gone(
    engine: Engine, technitium: ServerUnderTest, *, beside: bool
) -> None:
    if beside:
        technitium.add(f"old.{ZONE}", "TXT", "by hand")
    engine.put("blog", f"blog.old.{ZONE}")
    engine.settle()
    CustomEntry.objects.create(name=f"old.{ZONE}", type="DNAME", values=["new.example"])
    engine.ask("sync", f"old.{ZONE}")
    engine.settle()
    assert engine.state("old", "DNAME") == "skipped"
    assert f"blog.old.{ZONE} is one of ours" in engine.reason("old", "DNAME")
    engine.drop("blog")
    engine.settle()
    engine.full()
    assert engine.state("old", "DNAME") == "synced"
    assert technitium.ask(f"x.old.{ZONE}", "CNAME") == ["x.new.example"]


def test_who_names_a_host_below_a_dname_is_told(engine: Engine) -> None:
    CustomEntry.objects.create(name=f"old.{ZONE}", type="DNAME", values=["new.example"])
    engine.ask("sync", f"old.{ZONE}")
    engine.settle()
    engine.put("blog", f"blog.old.{ZONE}")
    engine.settle()
    engine.full()
    hidden = f"blog.old.{ZONE}: the DNAME of old.{ZONE} hides it: resolvers look below its target instead (RFC 6672)"
    assert Source.objects.get(name="blog").list_warnings() == [hidden]
    CustomEntry.objects.all().delete()
    engine.ask("sync", f"old.{ZONE}")
    engine.settle()
    engine.full()
    assert Source.objects.get(name="blog").list_warnings() == []


def put_endpoint(engine: Engine, name: str, *records: tuple[str, str], object: str = "one") -> None:
    endpoints = [{"dnsName": f"{name}.{ZONE}", "recordType": kind, "targets": [value]} for kind, value in records]
    metadata = {"name": object, "namespace": "web", "creationTimestamp": "2026-02-01T00:00:00Z"}
    engine.put_object(DNS_ENDPOINT, {"metadata": metadata, "spec": {"endpoints": endpoints}})
    engine.settle()


@pytest.mark.parametrize(("kind", "first", "second"), CHANGES)
def test_an_object_asks_for_it_as_an_entry_does(
    engine: Engine, technitium: ServerUnderTest, kind: str, first: str, second: str
) -> None:
    for value in (first, second):
        put_endpoint(engine, "rare", (kind, value))
        assert answers(technitium, f"rare.{ZONE}", kind) == [value]
    engine.drop_object(DNS_ENDPOINT, "web", "one")
    engine.settle()
    assert published(technitium) == {}


def test_of_a_dname_and_name_servers_of_one_object_the_name_servers_are_there(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    put_endpoint(engine, "sub", ("DNAME", "new.example"), ("NS", "ns1.example.com"), ("DS", f"1 13 2 {DIGEST}"))
    assert {kind: engine.state("sub", kind) for kind in ("DNAME", "NS", "DS")} == {
        "DNAME": "skipped", "NS": "synced", "DS": "synced",
    }  # fmt: skip
    assert technitium.ask(f"sub.{ZONE}", "DS") == [f"1 13 2 {DIGEST}"]


def test_a_dname_makes_way_for_name_servers_at_once(engine: Engine) -> None:
    put_endpoint(engine, "sub", ("DNAME", "new.example"))
    assert engine.state("sub", "DNAME") == "synced"
    put_endpoint(engine, "sub", ("NS", "ns1.example.com"))
    assert engine.state("sub", "NS") == "synced"


def test_a_ds_waits_for_the_name_servers_of_its_delegation(engine: Engine, technitium: ServerUnderTest) -> None:
    name = f"sub.{ZONE}"
    CustomEntry.objects.create(name=name, type="DS", values=[f"60485 13 2 {DIGEST}"])
    engine.ask("sync", name)
    engine.settle()
    assert engine.state("sub", "DS") == "skipped"
    assert "needs the NS records of its delegation" in engine.reason("sub", "DS")
    technitium.add(name, "NS", "ns1.example.com", 300, "")
    engine.full()
    assert engine.state("sub", "DS") == "synced"
    assert technitium.ask(name, "DS") == [f"60485 13 2 {DIGEST}"]


@pytest.mark.parametrize("whose", ["ours", "somebody else's"])
def test_a_ds_goes_with_the_name_servers_of_its_delegation(
    engine: Engine, technitium: ServerUnderTest, whose: str
) -> None:
    name, digest = f"sub.{ZONE}", f"60485 13 2 {DIGEST}"
    if whose == "ours":
        put_endpoint(engine, "sub", ("NS", "ns1.example.com"), object="two")
    else:
        technitium.add(name, "NS", "ns1.example.com", 300, "")
        engine.full()
    put_endpoint(engine, "sub", ("DS", digest))
    assert technitium.ask(name, "DS") == [digest]
    if whose == "ours":
        engine.drop_object(DNS_ENDPOINT, "web", "two")
    else:
        technitium.ok("zones/records/delete", {"domain": name, "type": "NS", "nameServer": "ns1.example.com"})
    engine.settle()
    engine.full()
    assert published(technitium) == {}
    engine.full()
    assert engine.state("sub", "DS") == "skipped"
    assert "needs the NS records of its delegation" in engine.reason("sub", "DS")
    put_endpoint(engine, "sub", ("NS", "ns2.example.com"), object="two")
    assert technitium.ask(name, "DS") == [digest]


def test_a_ds_stays_while_a_policy_keeps_the_name_servers_of_its_delegation(
    build: Build, technitium: ServerUnderTest
) -> None:
    engine = build(policies={ZONE: Policy.UPSERT_ONLY})
    put_endpoint(engine, "sub", ("NS", "ns1.example.com"), object="two")
    put_endpoint(engine, "sub", ("DS", f"60485 13 2 {DIGEST}"))
    engine.drop_object(DNS_ENDPOINT, "web", "two")
    engine.settle()
    engine.full()
    assert engine.state("sub", "DS") == "synced"
    assert technitium.ask(f"sub.{ZONE}", "DS") == [f"60485 13 2 {DIGEST}"]
