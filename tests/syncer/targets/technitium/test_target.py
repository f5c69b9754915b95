"""The Technitium target against a server: what it reads, and that what it writes is what was asked."""

from __future__ import annotations

import pytest

from syncer.core.plan import Change, Op
from syncer.core.rdata import clean_value
from syncer.core.rrsets import Found, RRset
from syncer.errors import TargetUnreachable, ZoneUnusable
from syncer.targets.base import Outcome, Result
from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import (
    MARK,
    MARKER,
    OTHER_MARK,
    ZONE,
    apply,
    apply_well,
    create,
    delete,
    held,
    make_target,
    update,
)


def test_it_reads_every_type_with_the_marks_and_the_serial(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    technitium.add(f"nas.{ZONE}", "A", "192.168.1.9", 3600, "made by hand")
    technitium.add(f"nas.{ZONE}", "TXT", "hello", 60, "")
    apply_well(target, create("grafana", "10.0.0.1", "10.0.0.2"))
    reading = target.zone(ZONE).read()
    found = {(item.rrset.name, item.rrset.type): item for item in reading.found}
    assert reading.serial == target.serials()[ZONE]
    assert {key[1] for key in found if key[0] == ZONE} == {"SOA", "NS"}
    assert found[f"nas.{ZONE}", "A"] == Found(RRset(f"nas.{ZONE}", "A", 3600, ("192.168.1.9",)), ("made by hand",))
    assert found[f"nas.{ZONE}", "TXT"].rrset.values == ("hello",)
    assert found[f"grafana.{ZONE}", "A"] == Found(
        RRset(f"grafana.{ZONE}", "A", 300, ("10.0.0.1", "10.0.0.2")), (MARK, MARK)
    )


def test_a_few_names_are_read_one_by_one_and_many_by_a_list(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    names = [f"app{i}.{ZONE}" for i in range(8)]
    for name in names:
        technitium.add(name, "A", "10.0.0.1", 300, "")
    technitium.add(f"nas.{ZONE}", "A", "10.0.0.9", 300, "")
    assert [item.rrset.name for item in target.zone(ZONE).read(names[:3]).found] == names[:3]
    assert sorted(item.rrset.name for item in target.zone(ZONE).read(names).found) == names
    assert list(target.zone(ZONE).read([f"nobody.{ZONE}"]).found) == []
    assert list(target.zone(ZONE).read([]).found) == []


def test_a_name_made_in_capitals_is_read_in_lower_case_and_can_be_deleted(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    technitium.add(f"Grafana.{ZONE}", "A", "10.0.0.1", 300, MARK)
    technitium.add(f"GRAFANA.{ZONE}", "A", "10.0.0.2", 300, MARK)
    found = held(target)[f"grafana.{ZONE}", "A"]
    assert found.rrset.values == ("10.0.0.1", "10.0.0.2")
    apply_well(target, delete(found))
    assert held(target) == {}


@pytest.mark.parametrize("names", [None, ["grafana.k8s.example.com"]])
def test_a_zone_that_is_not_there_is_not_read_from_the_one_around_it(
    technitium: ServerUnderTest, names: list[str] | None
) -> None:
    technitium.make_zone("example.com")
    target = make_target(technitium, "k8s.example.com")
    with pytest.raises(ZoneUnusable, match=r"k8s\.example\.com is not on the server \(example\.com answered for it\)"):
        list(target.zone("k8s.example.com").read(names).found)
    assert target.serials() == {}
    assert "is not on the server" in target.zone("k8s.example.com").problem


def test_nothing_is_written_into_the_zone_around_the_one_that_went(technitium: ServerUnderTest) -> None:
    technitium.make_zone("example.com")
    zone = "k8s.example.com"
    target = make_target(technitium, zone)
    change = Change(Op.CREATE, None, RRset(f"grafana.{zone}", "A", 300, ("10.0.0.1",)), MARK)
    result = apply(target, change, zone=zone)[change.key]
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, False)
    assert "is not on the server" in result.reason
    assert {record["type"] for record in technitium.records("example.com")} == {"SOA", "NS"}


def test_a_zone_that_is_nowhere_is_said_to_be_so(technitium: ServerUnderTest) -> None:
    target = make_target(technitium, "nowhere.lab")
    with pytest.raises(ZoneUnusable, match=r"nowhere\.lab is not on the server"):
        target.zone("nowhere.lab").read()


@pytest.mark.parametrize("count", [1, 20])
def test_created_records_answer(technitium: ServerUnderTest, target: TechnitiumTarget, count: int) -> None:
    held(target)
    apply_well(target, *(create(f"app{i}", "10.0.0.1", "10.0.0.2") for i in range(count)))
    for i in range(count):
        assert sorted(technitium.ask(f"app{i}.{ZONE}", "A")) == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.double_only
@pytest.mark.double_only
def test_an_rrset_that_was_seen_in_part_is_written_value_by_value(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    apply_well(target, *(create(f"app{number}", "10.0.0.1") for number in range(8)))
    seen = held(target)
    seen[f"app0.{ZONE}", "A"] = seen[f"app0.{ZONE}", "A"]._replace(is_cut=True)
    technitium.requests.clear()
    apply_well(target, *(update(item, "10.0.0.2") for item in seen.values()))
    calls = [request for request in technitium.requests.seen if "/records/update" in request.path]
    assert [request.params["domain"] for request in calls] == [f"app0.{ZONE}"]
    assert {item.rrset.values for item in held(target).values()} == {("10.0.0.2",)}


MANY = [f"10.0.0.{number}" for number in range(1, 101)]


@pytest.mark.double_only
def test_an_rrset_of_many_values_costs_few_requests(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    """Each value by itself would be a call, and other names wait meanwhile."""
    held(target)
    technitium.requests.clear()
    apply_well(target, create("crowd", *MANY))
    (crowd,) = held(target).values()
    assert sorted(crowd.rrset.values) == sorted(MANY)
    apply_well(target, update(crowd, *reversed(MANY[:50]), "10.0.1.1"))
    (crowd,) = held(target).values()
    assert len(crowd.rrset.values) == 51
    apply_well(target, delete(crowd))
    assert held(target) == {}
    counts = technitium.requests.counts
    assert (counts["/api/zones/import"], counts["/api/zones/records/delete"]) == (3, 1)
    assert counts.keys().isdisjoint({"/api/zones/records/add", "/api/zones/records/update"})


def test_many_values_of_which_some_are_not_ours_go_one_by_one(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    apply_well(target, create("crowd", *MANY[:30]))
    technitium.add(f"crowd.{ZONE}", "A", "192.0.2.1")
    (crowd,) = held(target).values()
    apply_well(target, delete(crowd))
    (left,) = held(target).values()
    assert left.rrset.values == ("192.0.2.1",)


@pytest.mark.double_only
def test_a_server_that_goes_away_in_the_middle_leaves_a_delete_in_doubt(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    apply_well(target, create("crowd", *MANY))
    gone = delete(*held(target).values())
    technitium.faults.update(drop_answer=True, only="/api/zones/import")
    results: list[Result] = []
    with pytest.raises(TargetUnreachable):
        results.extend(target.zone(ZONE).apply([gone]))
    assert [(result.change, result.outcome) for result in results] == [(gone, Outcome.UNKNOWN)]


def test_many_texts_are_refused_and_a_few_are_not(target: TechnitiumTarget) -> None:
    texts = tuple(f'"{number}"' for number in range(26))
    assert target.refuses(RRset(f"crowd.{ZONE}", "TXT", 300, texts[1:])) == ""
    reason = "26 values that Technitium takes one by one: 25 are the most"
    assert target.refuses(RRset(f"crowd.{ZONE}", "TXT", 300, texts)) == reason
    assert target.refuses(RRset(f"crowd.{ZONE}", "A", 300, tuple(MANY))) == ""
    assert not target.takes_together(RRset(f"crowd.{ZONE}", "TXT", 300, texts[:1]))
    assert target.takes_together(RRset(f"crowd.{ZONE}", "A", 300, tuple(MANY)))


def test_many_creates_are_one_import(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    held(target)
    technitium.requests.clear()
    apply_well(target, *(create(f"app{i}", "10.0.0.1", mark=MARKER.mark(f"Ingress/a/app{i}")) for i in range(500)))
    assert dict(technitium.requests.counts) == {"/api/zones/list": 1, "/api/zones/import": 1}
    found = held(target)
    assert len(found) == 500
    assert found[f"app7.{ZONE}", "A"].marks == (MARKER.mark("Ingress/a/app7"),)


DIGESTS = ("ab" * 32, "cd" * 32)

RARE = [
    ("DNAME", ("other.example",)),
    ("DS", tuple(f"60485 13 2 {digest}" for digest in DIGESTS)),
    ("TLSA", tuple(f"3 1 1 {digest}" for digest in DIGESTS)),
    ("SSHFP", tuple(f"4 2 {digest}" for digest in DIGESTS)),
    ("NAPTR", (r'1 2 "U" "E2U+sip" "!^\\+49(.*)$!sip:\\1@b.c!" .', '1 3 "s" "SIP+D2U" "" _sip._udp.example.com')),
    ("URI", ('10 1 "https://example.com/"', '10 2 "sip:info@example.com"')),
    ("SVCB", ("1 dns.example.com alpn=h2 dohpath=/dns-query{?dns}", "2 . alpn=dot port=853")),
    (
        "HTTPS",
        ("1 . alpn=h2,h3 ipv4hint=192.0.2.1,192.0.2.2 ech=AAb+DQACQWI=", "2 web.example.com alpn=h2 no-default-alpn"),
    ),
]


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        *RARE,
        ("A", ("10.0.0.1", "10.0.0.2")),
        ("AAAA", ("2001:db8::1", "2001:db8::2")),
        ("CNAME", ("web.example.com",)),
        ("TXT", ('say "hi" \\ there', "v=spf1 -all")),
        ("SRV", (f"1 2 80 web.{ZONE}", f"1 3 80 web.{ZONE}")),
        ("MX", ("10 mx.example.com",)),
        ("CAA", ("0 issue ca.example", "0 issue ;")),
        ("PTR", (f"web.{ZONE}",)),
        ("NS", ("ns1.example.com", "ns2.example.com")),
    ],
)
@pytest.mark.parametrize("many", [False, True])
def test_each_type_comes_back_as_it_was_written(
    target: TechnitiumTarget, type_: str, values: tuple[str, ...], many: bool
) -> None:
    held(target)
    wanted = tuple(sorted(values))
    names = [f"app{i}" for i in range(7 if many else 1)]
    apply_well(target, *(create(name, *wanted, type_=type_) for name in names))
    found = held(target)
    for name in names:
        item = found[f"{name}.{ZONE}", type_]
        assert item == Found(RRset(f"{name}.{ZONE}", type_, 300, wanted), (MARK,) * len(wanted))
    assert target.zone(ZONE).left_serial == target.serials()[ZONE]
    apply_well(target, *(delete(item) for item in found.values()))
    assert held(target) == {}


@pytest.mark.parametrize(("type_", "values"), RARE)
def test_each_rare_type_is_answered_changed_and_deleted(
    technitium: ServerUnderTest, target: TechnitiumTarget, type_: str, values: tuple[str, ...]
) -> None:
    name = f"app.{ZONE}"
    apply_well(target, create("app", values[0], type_=type_))
    assert asked(technitium, name, type_) == [values[0]]
    for value in (values[-1], values[0]):
        apply_well(target, update(held(target)[name, type_], value, ttl=60))
        assert asked(technitium, name, type_) == [value]
        assert held(target)[name, type_] == Found(RRset(name, type_, 60, (value,)), (MARK,))
    apply_well(target, delete(held(target)[name, type_]))
    assert technitium.ask(name, type_) == "NXDOMAIN"
    assert held(target) == {}


def asked(technitium: ServerUnderTest, name: str, type_: str) -> list[str]:
    answer = technitium.ask(name, type_)
    assert isinstance(answer, list), answer
    return [clean_value(type_, f"{text}." if type_ == "NAPTR" else text) for text in answer]


@pytest.mark.parametrize("many", [False, True])
def test_values_ttl_and_marks_are_updated(target: TechnitiumTarget, many: bool) -> None:
    names = [f"app{i}" for i in range(7 if many else 1)]
    apply_well(target, *(create(name, "10.0.0.1", "10.0.0.2") for name in names))
    apply_well(
        target, *(update(item, "10.0.0.2", "10.0.0.3", ttl=60, mark=OTHER_MARK) for item in held(target).values())
    )
    for item in held(target).values():
        assert item == Found(RRset(item.rrset.name, "A", 60, ("10.0.0.2", "10.0.0.3")), (OTHER_MARK, OTHER_MARK))


def test_a_name_changes_from_address_to_alias_and_back(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    technitium.add(f"web.{ZONE}", "A", "10.0.0.9", 300, "made by hand")
    apply_well(target, create("grafana", "10.0.0.1"))
    there = held(target)[f"grafana.{ZONE}", "A"]
    apply_well(target, create("grafana", f"web.{ZONE}", type_="CNAME"), delete(there))
    assert "10.0.0.9" in technitium.ask(f"grafana.{ZONE}", "A")
    there = held(target)[f"grafana.{ZONE}", "CNAME"]
    apply_well(target, delete(there), create("grafana", "10.0.0.2"), create("grafana", "2001:db8::1", type_="AAAA"))
    assert technitium.ask(f"grafana.{ZONE}", "A") == ["10.0.0.2"]
    assert technitium.ask(f"grafana.{ZONE}", "AAAA") == ["2001:db8::1"]
