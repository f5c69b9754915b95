"""What each type of Service asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.allowed import TargetRules, collect_allowed, parse_allowed
from syncer.core.drafts import read_metadata
from syncer.core.endpointslices import NO_PODS, gather_pods, read_slice
from syncer.core.kinds import HTTP_ROUTE
from syncer.core.scope import Scope
from syncer.core.services import ONLY_INSIDE, PODS_OFF, awaits_address, publish_service, read_service
from syncer.core.source import Skip, SkipCause, SourceObject, Want, withhold_values
from syncer.core.sources import read_ingress
from tests.syncer.core.cast_services import OURS, headless, load_balancer, pod, service, slice_of

SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",))
PODS = replace(SCOPE, service_pods=True)
THEIRS = "external-dns.alpha.kubernetes.io/"
OTHERS = replace(PODS, external_dns_annotations=True)
DB, INNER = "db.talos00", "inner.talos00"


def read(manifest: dict[str, Any], *slices: dict[str, Any], scope: Scope = PODS) -> SourceObject:
    found = read_service(manifest, scope)
    assert found
    pods = gather_pods(map(read_slice, slices), all_count=found.all_count) if found.has_pods else NO_PODS
    return publish_service(found, scope, pods)


def values(source: SourceObject) -> dict[str, tuple[str, ...]]:
    assert all(want.own for want in source.wants), "the settings say nothing of them"
    return {want.name: want.values for want in source.wants}


def test_one_without_annotation_asks_for_nothing() -> None:
    assert read_service(service(type="LoadBalancer", lb=[{"ip": "10.0.0.1"}]), SCOPE) is None
    assert read_service(service(notes={"target": "10.0.0.1", "ttl": "60"}), SCOPE) is None


def test_one_with_a_misspelled_annotation_says_so() -> None:
    found = read(service(notes={"hostnames": DB}))
    assert (found.wants, found.warnings) == ((), (f"annotation {OURS}hostnames is not known",))


BOTH = {"hostname": f"{DB}, www.{DB}", "internal-hostname": INNER}
IPS = {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "fd00::7"]}
INSIDE = ("10.96.0.7", "fd00::7")


@pytest.mark.parametrize(
    ("spec", "outside", "inside"),
    [
        ({"type": "LoadBalancer", "lb": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}, ("10.0.0.1", "fd00::1"), INSIDE),
        ({"type": "LoadBalancer", "lb": [{"hostname": "LB.example.com."}]}, ("lb.example.com",), INSIDE),
        (
            {"type": "LoadBalancer", "lb": [{"ip": "10.0.0.1"}], "externalIPs": ["10.0.0.9"]},
            ("10.0.0.9",),
            INSIDE,
        ),
        ({"type": "LoadBalancer"}, (), INSIDE),
        ({"type": "ExternalName", "externalName": "Nas.example.com."}, ("nas.example.com",), ("nas.example.com",)),
        (
            {"type": "ExternalName", "externalName": "nas.example.com", "externalIPs": ["10.0.0.9"]},
            ("10.0.0.9",),
            ("10.0.0.9",),
        ),
        ({"type": "ExternalName", "externalName": "10.0.0.8"}, ("10.0.0.8",), ("10.0.0.8",)),
        ({"type": "ExternalName", "externalName": "a.b.c", "clusterIP": "None"}, ("a.b.c",), ("a.b.c",)),
    ],
)
def test_addresses_are_those_of_its_type(spec: dict[str, Any], outside: Any, inside: Any) -> None:
    found = read(service(notes=BOTH, **{**IPS, **spec}))
    assert values(found) == {DB: outside, f"www.{DB}": outside, INNER: inside}
    assert found.warnings == ()


@pytest.mark.parametrize("spec", [{}, {"type": "ClusterIP"}, {"externalIPs": ["10.0.0.9"]}])
def test_a_cluster_ip_has_names_within_alone(spec: dict[str, Any]) -> None:
    found = read(service(notes=BOTH, **{**IPS, **spec}))
    assert values(found) == {INNER: INSIDE}
    assert found.skipped == (Skip(DB, ONLY_INSIDE, SkipCause.INTENT), Skip(f"www.{DB}", ONLY_INSIDE, SkipCause.INTENT))
    single = read(service(notes=BOTH, clusterIP="10.96.0.7", **spec))
    assert values(single) == {INNER: ("10.96.0.7",)}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("NodePort", "of a NodePort Service, addresses of nodes are not read: say them in the annotation target"),
        ("Magic", 'Services of type "Magic" are not known'),
    ],
)
def test_what_has_no_address_that_we_read_says_so(kind: str, reason: str) -> None:
    found = read(service(notes=BOTH, type=kind, **IPS))
    assert found.wants == ()
    assert {skip.reason for skip in found.skipped} == {reason}
    assert len(found.skipped) == 3


@pytest.mark.parametrize("spec", [{"type": kind} for kind in ("LoadBalancer", "NodePort", "ExternalName", "ClusterIP")])
def test_a_target_beats_all_of_that(spec: dict[str, Any]) -> None:
    found = read(service(notes={**BOTH, "target": "10.9.9.9"}, lb=[{"ip": "10.0.0.1"}], **IPS, **spec))
    assert values(found) == dict.fromkeys((DB, f"www.{DB}", INNER), ("10.9.9.9",))


def test_a_target_that_is_none_leaves_its_own_addresses() -> None:
    found = read(load_balancer("10.0.0.1", notes={"target": "10.0.0.300"}))
    assert values(found) == {DB: ("10.0.0.1",)}
    assert found.warnings[0].endswith("; the Service's own addresses are used instead")


def test_a_name_in_both_lists_is_the_outer_one() -> None:
    found = read(load_balancer("10.0.0.1", notes={"internal-hostname": f"DB.talos00., {INNER}"}, **IPS))
    assert values(found) == {DB: ("10.0.0.1",), INNER: INSIDE}
    assert found.warnings == (f"{DB} is in hostname and in internal-hostname: hostname holds",)


def test_what_every_object_may_say_holds_for_services_too() -> None:
    notes = {
        "hostname": f"{DB},a.talos00,db.example.com,-bad-",
        "exclude": "a.talos00",
        "ttl": "60",
        "priority": "high",
    }
    found = read(load_balancer("10.0.0.1", notes=notes))
    assert (values(found), found.ttl, found.priority) == ({DB: ("10.0.0.1",)}, 60, 0)
    assert {skip.name for skip in found.skipped} == {"a.talos00", "db.example.com", "-bad-"}
    assert read(load_balancer("10.0.0.1", notes={"ignore": "true"})).wants == ()


def test_an_alias_cannot_be_at_the_apex() -> None:
    found = read(service(type="ExternalName", externalName="nas.example.com", notes={"hostname": "talos00"}))
    assert found.skipped == (Skip("talos00", "a CNAME cannot be at the apex of zone talos00"),)


def test_addresses_that_no_source_may_publish_are_refused() -> None:
    found = read(load_balancer("127.0.0.1", "10.0.0.1"), scope=replace(PODS, targets=TargetRules()))
    assert found.wants == (Want(DB, ("10.0.0.1",), own=True, withheld=withhold_values(("127.0.0.1",))),)
    assert found.warnings == ('status.loadBalancer: "127.0.0.1": loopback is refused',)
    narrow = replace(PODS, targets=TargetRules(collect_allowed([parse_allowed("10.9.0.0/16")])))
    nothing = read(headless(), slice_of(pod("10.0.0.1")), scope=narrow)
    assert nothing.wants == (Want(DB, (), own=True, withheld=withhold_values(("10.0.0.1",))),)
    assert nothing.warnings == ('pods: "10.0.0.1": not in ALLOWED_TARGETS',)


# Pods


def test_a_headless_one_has_the_addresses_of_its_pods_and_a_name_for_each() -> None:
    slices = slice_of(pod("10.42.0.1", "db-0"), pod("10.42.0.2", "db-1", ready=False), pod("10.42.0.3"))
    found = read(headless(f"{DB},*.wild.talos00", notes={"internal-hostname": INNER}), slices)
    assert values(found) == {
        DB: ("10.42.0.1", "10.42.0.3"),
        f"db-0.{DB}": ("10.42.0.1",),
        f"db-1.{DB}": (),
        "*.wild.talos00": ("10.42.0.1", "10.42.0.3"),
        INNER: ("10.42.0.1", "10.42.0.3"),
        f"db-0.{INNER}": ("10.42.0.1",),
        f"db-1.{INNER}": (),
    }


def test_all_pods_count_where_the_service_says_so() -> None:
    found = read(headless(publishNotReadyAddresses=True), slice_of(pod("10.42.0.2", "db-1", ready=False)))
    assert values(found) == {DB: ("10.42.0.2",), f"db-1.{DB}": ("10.42.0.2",)}


def test_without_the_setting_it_says_which_one() -> None:
    found = read(headless(), scope=SCOPE)
    assert found.skipped == (Skip(DB, PODS_OFF, SkipCause.INTENT),)
    assert values(read(headless(notes={"target": "10.0.0.1"}), scope=SCOPE)) == {DB: ("10.0.0.1",)}


def test_with_a_target_its_pods_have_no_names() -> None:
    found = read(headless(notes={"target": "10.0.0.1"}), slice_of(pod("10.42.0.1", "db-0")))
    assert values(found) == {DB: ("10.0.0.1",)}


def test_of_very_many_pods_the_same_hundred_are_published() -> None:
    pods = [pod(f"10.42.{number // 250}.{number % 250 + 1}") for number in range(1000)]
    found, again = (read(headless(), slice_of(*some)) for some in (pods, reversed(pods)))
    assert values(found) == values(again)
    assert len(values(found)[DB]) == 100
    assert found.warnings == ("pods: 1000 values: only the first 100 are read",)


# SRV records

SRV = {"srv": "true"}
PORTS = [{"name": "pg", "port": 5432}, {"name": "admin", "port": 53, "protocol": "UDP"}, {"port": 80}]


def srv(source: SourceObject) -> dict[str, tuple[str, ...]]:
    records = {want.name: want.records for want in source.wants if want.records}
    assert all(record.type == "SRV" and record.waits for found in records.values() for record in found)
    return {name: record.values for name, (record,) in records.items()}


def test_each_port_with_a_name_is_a_record_that_leads_to_the_published_name() -> None:
    notes = {**SRV, "internal-hostname": INNER, "ttl": "60"}
    found = read(load_balancer("10.0.0.1", hostname=f"{DB},a.example.com", notes=notes, ports=PORTS, **IPS))
    assert srv(found) == {
        f"_pg._tcp.{DB}": (f"0 0 5432 {DB}",),
        f"_admin._udp.{DB}": (f"0 0 53 {DB}",),
        f"_pg._tcp.{INNER}": (f"0 0 5432 {INNER}",),
        f"_admin._udp.{INNER}": (f"0 0 53 {INNER}",),
    }
    assert found.warnings == (), "an underscore is right there"
    assert srv(read(load_balancer("10.0.0.1", ports=PORTS))) == {}
    assert srv(read(load_balancer(notes={**SRV, "target": "10.0.0.9"}, ports=PORTS))).keys() == {
        f"_pg._tcp.{DB}",
        f"_admin._udp.{DB}",
    }


def test_of_a_headless_one_they_lead_to_its_pods_by_the_ports_of_these() -> None:
    slices = [
        slice_of(pod("10.42.0.1", "db-0"), pod("10.42.0.2", "db-1", ready=False), pod("10.42.0.9"), ports=PORTS),
        slice_of(
            pod("10.42.0.3", "db-2"), name="db-x2", ports=[{"name": "pg", "port": 6432}, {"name": "x", "port": 1}]
        ),
    ]
    found = read(headless(notes=SRV, ports=PORTS), *slices)
    assert srv(found) == {
        f"_pg._tcp.{DB}": (f"0 0 5432 db-0.{DB}", f"0 0 6432 db-2.{DB}"),
        f"_admin._udp.{DB}": (f"0 0 53 db-0.{DB}",),
    }
    hidden = read(headless(notes={**SRV, "exclude": f"db-0.{DB}"}, ports=PORTS), *slices)
    assert srv(hidden)[f"_pg._tcp.{DB}"] == (f"0 0 6432 db-2.{DB}",), "never to a name that is not published"
    assert srv(read(headless(notes=SRV, ports=PORTS)))[f"_pg._tcp.{DB}"] == (), "the last ones stay"


def test_of_very_many_pods_a_hundred_are_in_srv_records() -> None:
    pods = [pod(f"10.42.{number // 250}.{number % 250 + 1}", f"db-{number}") for number in range(150)]
    found = read(headless(notes=SRV, ports=PORTS[:1]), slice_of(*pods, ports=PORTS))
    assert len(srv(found)[f"_pg._tcp.{DB}"]) == 100
    assert found.warnings[-1] == "srv: 150 pods: only the first 100 are in SRV records"


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (
            service(
                type="LoadBalancer", lb=[{"hostname": "lb.example.com"}], notes={**SRV, "hostname": DB}, ports=PORTS
            ),
            f"an SRV record cannot lead to an alias (RFC 2782), which {DB} is",
        ),
        (
            load_balancer("10.0.0.1", notes={**SRV, "target": "lb.example.com"}, ports=PORTS),
            f"an SRV record cannot lead to an alias (RFC 2782), which {DB} is",
        ),
    ],
)
def test_they_never_lead_to_an_alias(manifest: dict[str, Any], reason: str) -> None:
    found = read(manifest)
    assert srv(found) == {}
    assert {skip.name: skip.reason for skip in found.skipped} == {f"_pg._tcp.{DB}": reason, f"_admin._udp.{DB}": reason}


def test_they_never_lead_to_a_wildcard_nor_to_what_is_not_published() -> None:
    found = read(load_balancer("10.0.0.1", hostname=f"*.talos00,{DB}", notes={**SRV, "exclude": DB}, ports=PORTS[:1]))
    assert srv(found) == {}
    assert [skip.name for skip in found.skipped] == ["_pg._tcp.*.talos00", DB]


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (service(notes={**SRV, "internal-hostname": DB}, ports=PORTS, **IPS), "only LoadBalancer and headless"),
        (service(notes={**SRV, "hostname": DB}, type="ExternalName", externalName="a.b.c"), "only LoadBalancer"),
        (load_balancer("10.0.0.1", notes=SRV), "none of its ports has a name"),
        (headless(notes={**SRV, "target": "10.0.0.1"}, ports=PORTS), "with target it publishes no pods"),
    ],
)
def test_where_they_cannot_be_it_is_told(manifest: dict[str, Any], why: str) -> None:
    found = read(manifest)
    assert srv(found) == {}
    assert [text for text in found.warnings if text.startswith(f"annotation {OURS}srv has no effect: {why}")]


# external-dns


def theirs(words: dict[str, str], **spec: Any) -> dict[str, Any]:
    made = service(**spec)
    made["metadata"]["annotations"] = {THEIRS + word: text for word, text in words.items()}
    return made


def test_the_annotations_of_external_dns_name_it_as_well() -> None:
    words = {"hostname": DB, "internal-hostname": INNER, "access": "private"}
    manifest = theirs(words, type="LoadBalancer", lb=[{"ip": "10.0.0.1"}], **IPS)
    assert read_service(manifest, PODS) is None
    found = read(manifest, scope=OTHERS)
    assert values(found) == {DB: ("10.0.0.1",), INNER: INSIDE}
    assert found.warnings == ()


@pytest.mark.parametrize("asked", ["NodeExternalIP", "HostIP"])
def test_addresses_of_nodes_are_not_those_of_pods(asked: str) -> None:
    found = read(theirs({"hostname": DB, "endpoints-type": asked}, clusterIP="None"), scope=OTHERS)
    reason = f"endpoints-type asks for {asked}, and addresses of nodes are not read: say them in the annotation target"
    assert found.skipped == (Skip(DB, reason, SkipCause.INTENT),)


def test_values_that_external_dns_does_not_know_are_told() -> None:
    words = {"hostname": DB, "endpoints-type": "PodIP", "access": "both"}
    found = read(theirs(words, clusterIP="None"), slice_of(pod("10.42.0.1")), scope=OTHERS)
    assert values(found) == {DB: ("10.42.0.1",)}
    assert found.warnings == (
        'annotation access of external-dns: "both" is neither public nor private',
        'annotation endpoints-type of external-dns: "PodIP" is neither NodeExternalIP nor HostIP',
    )


def test_on_other_kinds_these_annotations_have_no_effect_and_that_is_told() -> None:
    annotations = {OURS + "internal-hostname": INNER, OURS + "srv": "true", THEIRS + "access": "public"}
    metadata = {"name": "a", "annotations": annotations}
    found = read_ingress({"metadata": metadata, "spec": {"rules": [{"host": DB}]}}, OTHERS)
    assert [want.name for want in found.wants] == [DB]
    told = tuple(f"annotation {key} has an effect on Services alone" for key in annotations)
    assert found.warnings == told
    assert read_metadata(HTTP_ROUTE, {"metadata": metadata}, OTHERS).says.warnings == told


def test_who_gets_an_address_from_the_cluster() -> None:
    waiting = [service(type="LoadBalancer"), service()]
    final = [headless(), service(type="NodePort"), service(type="ExternalName")]
    assert all(map(awaits_address, waiting))
    assert not any(map(awaits_address, final))


# Bad input

junk = (
    st.none() | st.booleans() | st.integers(-1, 70000) | st.sampled_from(["", "None", "10.0.0.1", "http", "TCP", "😀"])
)
anything = st.recursive(
    junk,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["ip", "hostname", "name", "port", "protocol", "addresses", "ready"]), inner)
    ),
    max_leaves=12,
)
SPEC = ("type", "clusterIP", "clusterIPs", "externalIPs", "externalName", "ports", "publishNotReadyAddresses")
TYPES = st.sampled_from(["LoadBalancer", "ClusterIP", "NodePort", "ExternalName", "", 7, None])
WORDS = st.sampled_from(["true", "a.talos00,*.b.talos00", "talos00", "10.0.0.1", "lb.example.com", ","])


@given(
    spec=st.dictionaries(st.sampled_from(SPEC), anything),
    kind=TYPES,
    notes=st.dictionaries(st.sampled_from(["internal-hostname", "srv", "target", "exclude", "ttl"]), WORDS),
    status=anything,
    endpoints=anything,
    ports=anything,
)
def test_no_service_whatever_raises_an_error(
    spec: Any, kind: Any, notes: Any, status: Any, endpoints: Any, ports: Any
) -> None:
    manifest = service(notes={"hostname": DB, **notes}, **{**spec, "type": kind})
    manifest["status"] = {"loadBalancer": {"ingress": status}}
    slices = [{**slice_of(), "endpoints": endpoints, "ports": ports}]
    found = read(manifest, *slices)
    for want in found.wants:
        assert want.own
        for record in want.records:
            assert all(found.want(value.split()[-1]) for value in record.values), "never to what is not published"
    assert isinstance(awaits_address(manifest), bool)
