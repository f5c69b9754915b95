from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.allowed import TargetRules, collect_allowed, parse_allowed
from syncer.core.kinds import (
    GATEWAY_ROUTES,
    INGRESS_ROUTE,
    INGRESS_ROUTE_TCP,
    INGRESS_ROUTE_UDP,
    OLD_INGRESS_ROUTE,
    OLD_INGRESS_ROUTE_TCP,
)
from syncer.core.routes import attach_route, read_route
from syncer.core.scope import Scope
from syncer.core.source import Ref, Skip, SkipCause, SourceObject, Trouble, Want, withhold_values
from syncer.core.sources import read_ingress, read_ingress_route
from tests.syncer.kube.work import count_steps

ADDRESS = ("192.168.1.54",)
SCOPE = Scope(zones=("talos00", "home.lab", "k8s.example.com"), addresses=ADDRESS)
AUTO = replace(SCOPE, addresses=(), auto=True)
OURS = "catalyst-dns-sync.io/"


def ingress(*hosts: object, annotations: Any = None, status: Any = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "monitoring",
            "name": "grafana",
            "uid": "8d0a31f0",
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": {"app": "grafana"},
            "annotations": annotations,
        },
        "spec": {"rules": [{"host": host} for host in hosts], **spec},
        "status": {"loadBalancer": {"ingress": status}},
    }


def route(*rules: str, annotations: Any = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "monitoring", "name": "grafana", "annotations": annotations},
        "spec": {"routes": [{"kind": "Rule", "match": rule} for rule in rules], **spec},
    }


def names(source: SourceObject) -> list[str]:
    return [want.name for want in source.wants]


def reason(source: SourceObject, name: str) -> str:
    return next(skip.reason for skip in source.skipped if skip.name == name)


def test_an_ingress_asks_for_its_hosts() -> None:
    source = read_ingress(ingress("Grafana.talos00.", "blog.home.lab", "grafana.talos00"), SCOPE)
    assert source == SourceObject(
        ref=Ref("Ingress", "monitoring", "grafana", "networking.k8s.io"),
        uid="8d0a31f0",
        created="2026-01-02T03:04:05Z",
        wants=(Want("grafana.talos00", ADDRESS), Want("blog.home.lab", ADDRESS)),
    )


def test_a_rule_without_a_host_names_nothing() -> None:
    source = read_ingress(ingress("", None), SCOPE)
    assert (source.wants, source.skipped, source.warnings) == ((), (), ())


def test_hosts_of_tls_count_only_when_asked_for() -> None:
    manifest = ingress("grafana.talos00", tls=[{"hosts": ["nas.talos00", "*.talos00"]}, {}])
    assert names(read_ingress(manifest, SCOPE)) == ["grafana.talos00"]
    with_tls = replace(SCOPE, ingress_tls_hosts=True)
    assert names(read_ingress(manifest, with_tls)) == ["grafana.talos00", "nas.talos00", "*.talos00"]
    without_wildcards = read_ingress(manifest, replace(with_tls, allow_wildcards=False))
    assert names(without_wildcards) == ["grafana.talos00", "nas.talos00"]
    assert "ALLOW_WILDCARDS" in reason(without_wildcards, "*.talos00")


@pytest.mark.parametrize(
    ("host", "shown_as", "why"),
    [
        ("grafana.elsewhere", "grafana.elsewhere", "outside every managed zone"),
        ("talos000", "talos000", "outside every managed zone"),
        ("192.168.1.1", "192.168.1.1", "IP address"),
        ("grafana.talos00:8080", "grafana.talos00:8080", "port"),
        ("x" * 64 + ".talos00", "x" * 64 + ".talos00", "label of 64 characters"),
        ("a b.talos00", "a b.talos00", "blank"),
        ("-a.talos00", "-a.talos00", "hyphen"),
        ("a.*.talos00", "a.*.talos00", "first label"),
        (7, "7", "not a text"),
        (True, "True", "not a text"),
        ([1], "list", "not a text"),
    ],
)
def test_a_name_that_cannot_be_published_is_kept_with_its_reason(host: object, shown_as: str, why: str) -> None:
    source = read_ingress(ingress(host, "grafana.talos00"), SCOPE)
    assert names(source) == ["grafana.talos00"]
    assert why in reason(source, shown_as)


def test_excluded_names_are_searched_for_not_matched() -> None:
    scope = replace(SCOPE, exclude_names=re.compile("internal"))
    source = read_ingress(ingress("grafana.INTERNAL.talos00", "blog.talos00"), scope)
    assert names(source) == ["blog.talos00"]
    assert "EXCLUDE_NAMES" in reason(source, "grafana.internal.talos00")


def test_the_apex_of_a_zone_of_one_label_is_a_name() -> None:
    assert names(read_ingress(ingress("talos00"), SCOPE)) == ["talos00"]


def test_an_underscore_is_published_with_a_warning() -> None:
    source = read_ingress(ingress("my_app.talos00"), SCOPE)
    assert names(source) == ["my_app.talos00"]
    assert "underscore" in source.warnings[0]


def test_an_international_name_is_published_as_its_a_label() -> None:
    assert names(read_ingress(ingress("straße.talos00"), SCOPE)) == ["xn--strae-oqa.talos00"]


def test_a_class_that_is_not_ours_is_skipped_with_the_reason() -> None:
    scope = replace(SCOPE, ingress_classes=("traefik", "internal"))
    annotation = {"kubernetes.io/ingress.class": "traefik"}
    assert names(read_ingress(ingress("a.talos00", ingressClassName="internal"), scope)) == ["a.talos00"]
    assert names(read_ingress(ingress("a.talos00", annotations=annotation), scope)) == ["a.talos00"]
    assert 'class "nginx"' in reason(read_ingress(ingress("a.talos00", ingressClassName="nginx"), scope), "a.talos00")
    assert "no ingress class" in reason(read_ingress(ingress("a.talos00"), scope), "a.talos00")
    both = ingress("a.talos00", annotations=annotation, ingressClassName="nginx")
    assert names(read_ingress(both, scope)) == []
    assert names(read_ingress(both, SCOPE)) == ["a.talos00"]


def test_labels_that_are_not_selected_are_skipped_with_the_reason() -> None:
    assert names(read_ingress(ingress("a.talos00"), replace(SCOPE, label_selector="app in (grafana)"))) == ["a.talos00"]
    assert "LABEL_SELECTOR" in reason(
        read_ingress(ingress("a.talos00"), replace(SCOPE, label_selector="!app")), "a.talos00"
    )


def test_an_ignored_object_keeps_its_names_among_the_skipped() -> None:
    source = read_ingress(
        ingress("a.talos00", annotations={OURS + "ignore": "true", OURS + "hostname": "b.talos00"}), SCOPE
    )
    assert source.wants == ()
    assert [skip.name for skip in source.skipped] == ["a.talos00", "b.talos00"]
    assert "ignore" in source.skipped[0].reason


def test_another_namespace_than_the_watched_ones_gives_nothing() -> None:
    source = read_ingress(ingress("a.talos00", "a.elsewhere"), replace(SCOPE, namespaces=("default",)))
    assert names(source) == []
    assert reason(source, "a.talos00") == "namespace monitoring is not in WATCH_NAMESPACE"
    assert reason(source, "a.elsewhere") == "outside every managed zone"


def test_annotations_add_names_and_say_how() -> None:
    annotations = {
        OURS + "hostname": "metrics.home.lab, bad name.talos00",
        OURS + "ttl": "5m",
        OURS + "priority": "high",
        OURS + "owner": "platform",
    }
    source = read_ingress(ingress("grafana.talos00", annotations=annotations), SCOPE)
    assert names(source) == ["grafana.talos00", "metrics.home.lab"]
    assert (source.ttl, source.priority, source.notes) == (300, 0, (("owner", "platform"),))
    assert "blank" in reason(source, "bad name.talos00")


def test_the_target_annotation_beats_the_zone_and_the_zone_beats_the_default() -> None:
    scope = replace(SCOPE, zone_addresses={"home.lab": ("10.0.0.1", "2001:db8::1")})
    manifest = ingress("a.talos00", "a.home.lab", status=[{"ip": "10.9.9.9"}])
    assert read_ingress(manifest, scope).wants == (
        Want("a.talos00", ADDRESS),
        Want("a.home.lab", ("10.0.0.1", "2001:db8::1")),
    )
    targeted = ingress("a.talos00", "a.home.lab", annotations={OURS + "target": "lb.example.org"})
    assert read_ingress(targeted, scope).wants == (
        Want("a.talos00", ("lb.example.org",), own=True),
        Want("a.home.lab", ("lb.example.org",), own=True),
    )


def test_why_a_name_is_not_published_is_intent_a_rule_of_ours_or_trouble() -> None:
    """What becomes of the record that it had depends on it."""
    annotations = {OURS + "target": "lb.home.lab", OURS + "exclude": "A.talos00"}
    hosts = ("a.talos00", "b.elsewhere", "lb.home.lab", "c d.talos00")
    source = read_ingress(ingress(*hosts, annotations=annotations), SCOPE)
    assert {skip.name: skip.cause for skip in source.skipped} == {
        "a.talos00": SkipCause.INTENT,
        "b.elsewhere": SkipCause.INTENT,
        "lb.home.lab": SkipCause.RULE,
        "c d.talos00": SkipCause.RULE,
    }
    assert (source.excluded, source.troubles) == (("a.talos00",), ())
    ignored = read_ingress(ingress("a.talos00", annotations={OURS + "ignore": "true"}), SCOPE)
    assert {skip.cause for skip in ignored.skipped} == {SkipCause.INTENT}


def test_a_rule_that_cannot_be_read_is_trouble_unless_the_object_publishes_nothing_anyway() -> None:
    broken = "Host(`a.talos00`"
    assert read_ingress_route(route(broken), SCOPE, INGRESS_ROUTE).troubles == (Trouble("", "the rule cannot be read"),)
    ignored = route(broken, annotations={OURS + "ignore": "true"})
    assert read_ingress_route(ignored, SCOPE, INGRESS_ROUTE).troubles == ()


def test_with_auto_an_ingress_has_the_address_of_its_load_balancer() -> None:
    scope = replace(AUTO, zone_addresses={"home.lab": ("10.0.0.1",)})
    source = read_ingress(ingress("a.talos00", "a.home.lab", status=[{"ip": "10.9.9.9"}, {"ip": "10.9.9.8"}]), scope)
    assert source.wants == (Want("a.talos00", ("10.9.9.8", "10.9.9.9")), Want("a.home.lab", ("10.0.0.1",)))


@pytest.mark.parametrize("status", [None, [], [{}], "soon", [{"ip": 7}], [{"ip": "pending!"}]])
def test_with_auto_an_ingress_without_an_address_wants_its_name_all_the_same(status: object) -> None:
    assert read_ingress(ingress("a.talos00", status=status), AUTO).wants == (Want("a.talos00", ()),)


def test_a_load_balancer_with_address_and_name_gives_the_address_and_a_warning() -> None:
    source = read_ingress(ingress("a.talos00", status=[{"ip": "10.9.9.9", "hostname": "lb.aws.example"}]), AUTO)
    assert source.wants == (Want("a.talos00", ("10.9.9.9",)),)
    assert "lb.aws.example left out" in source.warnings[0]


def test_an_alias_is_published_neither_at_an_apex_nor_at_its_own_target() -> None:
    source = read_ingress(
        ingress("talos00", "lb.home.lab", "a.talos00", annotations={OURS + "target": "LB.home.lab"}), SCOPE
    )
    assert source.wants == (Want("a.talos00", ("lb.home.lab",), own=True),)
    assert "apex" in reason(source, "talos00")
    assert "itself" in reason(source, "lb.home.lab")


def hostile_ingress(size: int) -> dict[str, Any]:
    """An Ingress of two names and some kilobytes of annotations for each of ``size``."""
    manifest = ingress(*(f"h{number}.talos00" for number in range(size)), *(f"{n}.elsewhere" for n in range(size)))
    manifest["metadata"]["annotations"] = {
        OURS + "hostname": "x" * size * 500,
        OURS + "target": "1," * size * 150 + "10.0.0.1",
        OURS + "ttl": "9" * size * 500,
        "kubernetes.io/ingress.class": "y" * size * 500,
    }
    return manifest


def test_two_thousand_hosts_and_a_megabyte_of_annotations_are_read_and_kept_short() -> None:
    source = read_ingress(hostile_ingress(2_000), replace(SCOPE, ingress_classes=("traefik",)))
    assert len(source.skipped) == 4_001
    assert all(len(skip.name) <= 253 and len(skip.reason) < 300 for skip in source.skipped)


@pytest.mark.parametrize("classes", [(), ("traefik",)], ids=["published", "skipped"])
def test_twice_the_hosts_and_annotations_make_twice_the_work(classes: tuple[str, ...]) -> None:
    scope = replace(SCOPE, ingress_classes=classes)
    half, whole = (count_steps(partial(read_ingress, hostile_ingress(size), scope)) for size in (1_000, 2_000))
    assert whole < 2.2 * half


def test_the_names_of_an_object_are_found_one_by_one_without_a_walk_through_all() -> None:
    """The claims on a name ask each object that mentions it, for one name after another."""
    few, many = (read_ingress(ingress(*(f"h{n}.talos00" for n in range(size))), SCOPE) for size in (500, 1_000))

    def find_all(source: SourceObject) -> None:
        assert all(source.want(want.name) is want for want in source.wants)

    assert count_steps(partial(find_all, many)) < 2.2 * count_steps(partial(find_all, few))


def test_warnings_stop_at_some_point() -> None:
    source = read_ingress(ingress(*(f"a_{number}.talos00" for number in range(100))), SCOPE)
    assert len(source.wants) == 100
    assert len(source.warnings) == 21
    assert source.warnings[-1] == "and 80 more warnings"


def test_an_ingress_route_asks_for_the_hosts_of_all_its_rules() -> None:
    manifest = route("Host(`grafana.talos00`) && PathPrefix(`/`)", "Host(`blog.talos00`) || Host(`grafana.talos00`)")
    source = read_ingress_route(manifest, SCOPE, INGRESS_ROUTE)
    assert names(source) == ["grafana.talos00", "blog.talos00"]
    assert source.ref == Ref("IngressRoute", "monitoring", "grafana", "traefik.io")


def test_what_a_rule_does_not_name_is_skipped_and_an_annotation_can_name_it() -> None:
    manifest = route(
        "HostRegexp(`^[a-z]+\\.talos00$`)", "!Host(`nas.talos00`)", annotations={OURS + "hostname": "a.talos00"}
    )
    source = read_ingress_route(manifest, SCOPE, INGRESS_ROUTE)
    assert names(source) == ["a.talos00"]
    assert "regexp" in reason(source, "^[a-z]+\\.talos00$")
    assert "negated" in reason(source, "nas.talos00")


def test_a_name_that_another_rule_publishes_is_not_skipped() -> None:
    source = read_ingress_route(route("!Host(`a.talos00`)", "Host(`a.talos00`)"), SCOPE, INGRESS_ROUTE)
    assert names(source) == ["a.talos00"]
    assert source.skipped == ()


def test_a_rule_that_cannot_be_read_stops_no_other_rule() -> None:
    source = read_ingress_route(route("Host(`a.talos00`", "Host(`b.talos00`)"), SCOPE, INGRESS_ROUTE)
    assert names(source) == ["b.talos00"]
    assert "cannot be read" in reason(source, "Host(`a.talos00`")
    assert len(source.warnings) == 1
    assert source.warnings[0].startswith("route 1, rule Host(`a.talos00`: ")


def test_a_route_of_another_kind_or_without_a_rule_is_passed_over_with_a_warning() -> None:
    manifest = route("Host(`a.talos00`)")
    manifest["spec"]["routes"] += [{"kind": "Sieve", "match": "Host(`b.talos00`)"}, {"match": ""}, {"match": True}, "x"]
    source = read_ingress_route(manifest, SCOPE, INGRESS_ROUTE)
    assert names(source) == ["a.talos00"]
    assert len(source.warnings) == 4


def test_a_route_may_leave_out_its_kind() -> None:
    manifest = {"metadata": {"name": "a"}, "spec": {"routes": [{"match": "Host(`a.talos00`)"}]}}
    source = read_ingress_route(manifest, SCOPE, INGRESS_ROUTE)
    assert names(source) == ["a.talos00"]
    assert source.ref.namespace == "default"


def test_the_old_group_and_a_declared_syntax_are_read_as_traefik_2_does() -> None:
    many = "Host(`a.talos00`, `b.talos00`)"
    old = read_ingress_route(route(many), SCOPE, OLD_INGRESS_ROUTE)
    assert (names(old), old.warnings) == (["a.talos00", "b.talos00"], ())
    lenient = read_ingress_route(route(many), SCOPE, INGRESS_ROUTE)
    assert names(lenient) == ["a.talos00", "b.talos00"]
    assert lenient.warnings
    declared = route(many)
    declared["spec"]["routes"][0]["syntax"] = "v3"
    assert names(read_ingress_route(declared, SCOPE, INGRESS_ROUTE)) == []


@pytest.mark.parametrize("kind", [INGRESS_ROUTE_TCP, OLD_INGRESS_ROUTE_TCP])
def test_tcp_names_are_published_only_with_tls(kind: Any) -> None:
    rule = "HostSNI(`db.talos00`)"
    assert names(read_ingress_route(route(rule, tls={}), SCOPE, kind)) == ["db.talos00"]
    for spec in ({}, {"tls": None}):
        source = read_ingress_route(route(rule, **spec), SCOPE, kind)
        assert names(source) == []
        assert "spec.tls" in reason(source, "db.talos00")


def test_without_tls_a_refusal_is_said_only_where_traefik_refuses() -> None:
    refused = read_ingress_route(route("HostSNI(`db.talos00`)"), SCOPE, INGRESS_ROUTE_TCP)
    assert reason(refused, "db.talos00") == "HostSNI without spec.tls: Traefik refuses the router"
    taken = read_ingress_route(route("HostSNI(`*`) || HostSNI(`db.talos00`)"), SCOPE, INGRESS_ROUTE_TCP)
    assert names(taken) == []
    assert reason(taken, "db.talos00") == "HostSNI without spec.tls: a connection without TLS names no host"


def test_a_wildcard_of_traefik_is_published_with_a_warning_or_not_at_all() -> None:
    manifest = route("Host(`*.apps.talos00`)")
    source = read_ingress_route(manifest, SCOPE, INGRESS_ROUTE)
    assert names(source) == ["*.apps.talos00"]
    assert source.warnings[0].startswith("route 1: *.apps.talos00: wildcard from Traefik 3.7 on")
    older = read_ingress_route(manifest, replace(SCOPE, host_wildcards=False), INGRESS_ROUTE)
    assert names(older) == []
    assert "TRAEFIK_HOST_WILDCARDS" in reason(older, "*.apps.talos00")


def test_a_rule_of_which_traefik_makes_no_router_keeps_its_names() -> None:
    source = read_ingress_route(route("Host(`a.talos00`) && Path(`api`)"), SCOPE, INGRESS_ROUTE)
    assert names(source) == ["a.talos00"]
    assert source.warnings[0].startswith("route 1: Traefik makes no router of this rule: Path at character 21: ")


def test_a_tcp_route_for_every_name_takes_its_names_from_the_annotation() -> None:
    manifest = route("HostSNI(`*`)", annotations={OURS + "hostname": "db.talos00"})
    source = read_ingress_route(manifest, SCOPE, INGRESS_ROUTE_TCP)
    assert names(source) == ["db.talos00"]
    assert "catch-all" in reason(source, "*")


def test_the_class_of_an_ingress_route_is_in_its_spec_or_in_the_annotation() -> None:
    scope = replace(SCOPE, ingress_classes=("traefik",))
    rule = "Host(`a.talos00`)"
    annotation = {"kubernetes.io/ingress.class": "traefik"}
    assert names(read_ingress_route(route(rule, annotations=annotation), scope, INGRESS_ROUTE)) == ["a.talos00"]
    assert names(read_ingress_route(route(rule, ingressClassName="traefik"), scope, INGRESS_ROUTE)) == ["a.talos00"]
    both = route(rule, annotations=annotation, ingressClassName="other")
    assert names(read_ingress_route(both, scope, INGRESS_ROUTE)) == []


def test_an_ingress_route_has_no_address_of_its_own() -> None:
    assert read_ingress_route(route("Host(`a.talos00`)"), AUTO, INGRESS_ROUTE).wants == (Want("a.talos00", ()),)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3),
    max_leaves=6,
)
KEYS = (
    *("metadata", "spec", "status", "annotations", "labels", "name", "namespace", "rules", "host", "tls", "hosts"),
    *("routes", "match", "kind", "syntax", "hostnames", "parentRefs", "parents", "parentRef", "conditions", "type"),
    *("loadBalancer", "ingress", "ip", "ingressClassName", "generation", "observedGeneration"),
)
manifests = st.recursive(
    junk | st.sampled_from(["grafana.talos00", "Host(`a.talos00`)", "Accepted", "True"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
).filter(lambda value: isinstance(value, dict))


@given(manifests)
def test_no_manifest_whatever_raises_an_error(manifest: dict[str, Any]) -> None:
    scope = replace(AUTO, label_selector="app", ingress_classes=("traefik",), ingress_tls_hosts=True)
    for read in (
        read_ingress(manifest, scope),
        read_ingress_route(manifest, scope, INGRESS_ROUTE),
        read_ingress_route(manifest, SCOPE, OLD_INGRESS_ROUTE_TCP),
        read_ingress_route(manifest, SCOPE, INGRESS_ROUTE_UDP),
        *(
            attach_route(read_route(manifest, SCOPE, kind, assume_accepted=True), SCOPE, {}, {})
            for kind in GATEWAY_ROUTES
        ),
    ):
        assert all(want.name and want.name.isascii() for want in read.wants)


def test_a_reserved_name_is_skipped_and_was_not_taken_back() -> None:
    source = read_ingress(ingress("wpad.talos00", "shop.talos00"), SCOPE)
    assert names(source) == ["shop.talos00"]
    assert source.find_skip("wpad.talos00") == Skip("wpad.talos00", reason(source, "wpad.talos00"), SkipCause.POLICY)
    assert source.find_trouble("wpad.talos00", None) == reason(source, "wpad.talos00")


def test_what_an_object_excludes_is_taken_back_although_it_is_reserved() -> None:
    source = read_ingress(ingress("wpad.talos00", annotations={OURS + "exclude": "wpad.talos00"}), SCOPE)
    assert source.find_trouble("wpad.talos00", None) == ""


def test_the_name_of_a_dns_server_is_published_with_a_warning() -> None:
    scope = replace(SCOPE, server_names=frozenset({"dns.talos00"}))
    source = read_ingress(ingress("dns.talos00"), scope)
    assert names(source) == ["dns.talos00"]
    assert source.warnings == ("dns.talos00 is the name of a DNS server that is written to",)
    assert names(read_ingress(ingress("dns.talos00"), replace(scope, strict=True))) == []


def test_a_target_that_is_refused_is_a_bad_element_of_the_list() -> None:
    source = read_ingress(ingress("a.talos00", annotations={OURS + "target": "127.0.0.1, 10.0.0.9"}), SCOPE)
    assert source.wants == (Want("a.talos00", ("10.0.0.9",), own=True, withheld=withhold_values(("127.0.0.1",))),)
    assert source.warnings == (f'annotation {OURS}target: "127.0.0.1": loopback is refused',)


def test_where_every_target_is_refused_there_is_none() -> None:
    source = read_ingress(ingress("a.talos00", annotations={OURS + "target": "127.0.0.1"}), SCOPE)
    assert source.wants == (Want("a.talos00", ADDRESS, withheld=withhold_values(("127.0.0.1",))),)
    assert source.warnings == (
        f'annotation {OURS}target: "127.0.0.1": loopback is refused; the default address is used instead',
    )


def test_a_status_with_refused_addresses_alone_gives_none() -> None:
    source = read_ingress(ingress("a.talos00", status=[{"ip": "169.254.0.1"}]), AUTO)
    assert source.wants == (Want("a.talos00", (), withheld=withhold_values(("169.254.0.1",))),)


def test_allowed_targets_narrow_what_a_source_may_say_and_not_the_default() -> None:
    rules = TargetRules(collect_allowed([parse_allowed("10.0.0.0/8")]))
    source = read_ingress(
        ingress("a.talos00", annotations={OURS + "target": "192.168.7.7"}), replace(SCOPE, targets=rules)
    )
    assert source.wants == (Want("a.talos00", ADDRESS, withheld=withhold_values(("192.168.7.7",))),)


def test_a_ttl_below_the_least_is_raised_to_it() -> None:
    scope = replace(SCOPE, min_ttl=30)
    source = read_ingress(ingress("a.talos00", annotations={OURS + "ttl": "5"}), scope)
    assert source.ttl == 30
    assert source.warnings == (f"annotation {OURS}ttl: 5 s is less than MIN_TTL: 30 s is used instead",)
    assert read_ingress(ingress("a.talos00", annotations={OURS + "ttl": "31"}), scope).ttl == 31
