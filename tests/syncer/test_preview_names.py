"""What manifests give and what not, sentence by sentence, asked through the preview."""

from __future__ import annotations

import json
import re

import pytest

from syncer.preview import preview_documents
from tests.syncer.manifests import (
    ACCEPTED,
    ANY,
    AUTO,
    ON_SET,
    SCOPES,
    gateway,
    http_route,
    ingress,
    listener_set,
    names,
    route,
    seen,
    service,
)


@pytest.mark.parametrize(
    ("host", "published"),
    [
        ("Grafana.TALOS00", "grafana.talos00"),
        ("grafana.talos00.", "grafana.talos00"),
        ("talos00", "talos00"),
        ("*.talos00", "*.talos00"),
        ("a_b.talos00", "a_b.talos00"),
        ("bücher.talos00", "xn--bcher-kva.talos00"),
        ("straße.talos00", "xn--strae-oqa.talos00"),
        (f"{'a' * 63}.talos00", f"{'a' * 63}.talos00"),
    ],
)
def test_a_host_is_published_in_its_one_spelling(host: str, published: str) -> None:
    assert names(ingress(host)) == [published]


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("grafana.example.org", "outside every managed zone"),
        ("xtalos00", "outside every managed zone"),
        ("192.168.1.1", "IP address"),
        ("-a.talos00", "hyphen"),
        ("a-.talos00", "hyphen"),
        (f"{'a' * 64}.talos00", "label of 64 characters"),
        ("a..talos00", "empty label"),
        ("a b.talos00", "blank inside"),
        ("a.*.talos00", "whole first label"),
        (f"{'a.' * 124}talos00", "253 is the most"),
        ("grafana.talos00:8080", "port"),
    ],
)
def test_a_host_that_cannot_be_published_is_kept_with_its_reason(host: str, reason: str) -> None:
    answer = seen(ingress(host))
    assert answer["records"] == []
    assert len(answer["skipped"]) == 1
    assert reason in answer["skipped"][0]


def test_a_name_belongs_to_the_longest_zone_and_a_zone_may_have_an_address_of_its_own() -> None:
    text = ingress("a.apps.home.lab", "b.home.lab", "apps.home.lab")
    rows = preview_documents([("", text)], SCOPES)["records"]
    assert [(row["name"], row["zone"]) for row in rows] == [
        ("a.apps.home.lab", "apps.home.lab"),
        ("apps.home.lab", "apps.home.lab"),
        ("b.home.lab", "home.lab"),
    ]
    assert seen(text, zone_addresses={"home.lab": ("10.0.0.2", "fd00::2")})["records"] == [
        "a.apps.home.lab 300 A 192.168.1.54 < Ingress/default/grafana",
        "apps.home.lab 300 A 192.168.1.54 < Ingress/default/grafana",
        "b.home.lab 300 A 10.0.0.2 < Ingress/default/grafana",
        "b.home.lab 300 AAAA fd00::2 < Ingress/default/grafana",
    ]


def test_names_under_tls_count_only_when_they_are_asked_for() -> None:
    text = ingress("a.talos00", spec='tls: [{hosts: [b.talos00, "*.c.talos00"]}]')
    assert names(text) == ["a.talos00"]
    assert names(text, ingress_tls_hosts=True) == ["*.c.talos00", "a.talos00", "b.talos00"]
    answer = seen(text, ingress_tls_hosts=True, allow_wildcards=False)
    assert answer["skipped"] == ["*.c.talos00: wildcard, and ALLOW_WILDCARDS is off"]
    assert len(answer["records"]) == 2


def test_excluded_and_ignored_and_unselected_names_are_shown_as_skipped() -> None:
    assert seen(ingress("dev-a.talos00"), exclude_names=re.compile("ev-"))["skipped"] == [
        "dev-a.talos00: excluded by EXCLUDE_NAMES"
    ]
    assert seen(ingress("a.talos00", ignore=" TRUE "))["skipped"] == [
        "a.talos00: the object is ignored by its annotation catalyst-dns-sync.io/ignore"
    ]
    assert names(ingress("a.talos00", ignore="false")) == ["a.talos00"]
    assert seen(ingress("a.talos00"), label_selector="dns=public")["skipped"] == [
        "a.talos00: the object's labels do not match LABEL_SELECTOR"
    ]
    assert names(ingress("a.talos00", meta="labels: {dns: public},"), label_selector="dns=public") == ["a.talos00"]
    assert seen(ingress("a.talos00"), namespaces=("web", "apps")) == {
        "records": [],
        "skipped": ["a.talos00: namespace default is not in WATCH_NAMESPACE"],
        "conflicts": [],
        "warnings": [],
    }


def test_an_object_outside_the_watched_namespaces_takes_no_name_from_one_inside() -> None:
    old = ingress("a.talos00", name="old", target="10.0.0.1", meta="creationTimestamp: 2020-01-01T00:00:00Z,")
    new = ingress("a.talos00", meta="namespace: web,")
    answer = seen(old + new, namespaces=("web",))
    assert answer["records"] == ["a.talos00 300 A 192.168.1.54 < Ingress/web/grafana"]
    assert answer["conflicts"] == []


@pytest.mark.parametrize(
    ("spec", "more", "is_published"),
    [
        ("ingressClassName: traefik,", "", True),
        ("ingressClassName: nginx,", "", False),
        ("", "kubernetes.io/ingress.class: traefik", True),
        ("", "kubernetes.io/ingress.class: nginx", False),
        ("ingressClassName: traefik,", "kubernetes.io/ingress.class: nginx", True),
        ("", "", False),
    ],
)
def test_the_class_is_the_specs_else_the_annotations(spec: str, more: str, is_published: bool) -> None:
    text = ingress("a.talos00", spec=spec, more=more)
    assert names(text) == ["a.talos00"]
    answer = seen(text, ingress_classes=("traefik",))
    assert bool(answer["records"]) is is_published
    assert bool(answer["skipped"]) is not is_published


@pytest.mark.parametrize(
    ("ttl", "seconds"),
    [
        ("60", 60),
        (" 5m ", 300),
        ("1h30m", 5400),
        ("90.9s", 90),
        ("2147483647", 2147483647),
        ("1500ms", 1),
    ],
)
def test_a_ttl_is_seconds_or_a_go_duration(ttl: str, seconds: int) -> None:
    answer = seen(ingress("a.talos00", ttl=ttl))
    assert answer["records"][0].split()[1] == str(seconds)
    assert answer["warnings"] == []


@pytest.mark.parametrize("ttl", ["0", "-1", "1d", "", "five", "2147483648", "1.5", "999ms", "5 m", "0x10"])
def test_a_bad_ttl_gives_the_default_and_a_warning(ttl: str) -> None:
    answer = seen(ingress("a.talos00", ttl=ttl))
    assert answer["records"][0].split()[1] == "300"
    assert len(answer["warnings"]) == 1


@pytest.mark.parametrize(
    ("target", "values"),
    [
        ("10.0.0.9", "A 10.0.0.9"),
        ("10.0.0.9, 10.0.0.10,10.0.0.9", "A 10.0.0.10 10.0.0.9"),
        ("nas.talos00", "CNAME nas.talos00"),
        ("NAS.example.org.", "CNAME nas.example.org"),
        ("10.0.0.9,nas.talos00", "A 10.0.0.9"),
        ("z.talos00,nas.talos00", "CNAME nas.talos00"),
        ("256.256.256.256", "A 192.168.1.54"),
        ("1.2.3.4/22,10.0.0.9", "A 10.0.0.9"),
        ("010.0.0.1", "A 192.168.1.54"),
        ("2001:DB8::0:1", "AAAA 2001:db8::1"),
        ("::ffff:10.0.0.1", "AAAA ::ffff:10.0.0.1"),
        ("", "A 192.168.1.54"),
    ],
)
def test_a_target_is_addresses_or_one_host_name(target: str, values: str) -> None:
    (record,) = seen(ingress("a.talos00", target=target))["records"]
    assert record == f"a.talos00 300 {values} < Ingress/default/grafana"


def test_addresses_of_both_families_give_two_records() -> None:
    assert seen(ingress("a.talos00", target="fd00::1,10.0.0.1"))["records"] == [
        "a.talos00 300 A 10.0.0.1 < Ingress/default/grafana",
        "a.talos00 300 AAAA fd00::1 < Ingress/default/grafana",
    ]


def test_a_cname_can_be_neither_at_an_apex_nor_its_own_target() -> None:
    assert seen(ingress("talos00", "nas.talos00", target="nas.talos00"))["skipped"] == [
        "nas.talos00: the name would be an alias of itself",
        "talos00: a CNAME cannot be at the apex of zone talos00",
    ]


def test_the_hostname_annotation_adds_names() -> None:
    assert names(ingress("a.talos00", hostname="b.talos00, C.talos00.,,a.talos00")) == [
        "a.talos00",
        "b.talos00",
        "c.talos00",
    ]
    assert names(ingress(hostname="b.talos00")) == ["b.talos00"]


def test_the_annotations_of_external_dns_are_read_when_they_are_asked_for() -> None:
    more = (
        "external-dns.alpha.kubernetes.io/hostname: old.talos00, external-dns.kubernetes.io/hostname: new.talos00,"
        " external-dns.alpha.kubernetes.io/target: 10.0.0.1, external-dns.kubernetes.io/target: 10.0.0.2,"
        " external-dns.alpha.kubernetes.io/ttl: 1m"
    )
    text = ingress("a.talos00", more=more, hostname="ours.talos00")
    assert names(text) == ["a.talos00", "ours.talos00"]
    assert seen(text, external_dns_annotations=True)["records"] == [
        f"{name}.talos00 60 A 10.0.0.2 < Ingress/default/grafana" for name in ("a", "new", "old", "ours")
    ]
    other = ingress("a.talos00", more="external-dns.alpha.kubernetes.io/controller: other")
    assert names(other) == ["a.talos00"]
    assert seen(other, external_dns_annotations=True)["records"] == []
    ours = ingress("a.talos00", more="external-dns.alpha.kubernetes.io/controller: dns-controller")
    assert names(ours, external_dns_annotations=True) == ["a.talos00"]


@pytest.mark.parametrize(
    ("rule", "published", "skipped"),
    [
        ("Host(`a.talos00`)", ["a.talos00"], []),
        ('Host("a.talos00") && PathPrefix(`/x`)', ["a.talos00"], []),
        ("Host(`a.talos00`) || Host(`b.talos00`)", ["a.talos00", "b.talos00"], []),
        ("Host(`a.talos00`, `b.talos00`)", ["a.talos00", "b.talos00"], []),
        ("Host(` A.talos00 `)", [], ["a.talos00: blanks inside the quotes"]),
        ("Host(`**.talos00`)", [], ["**.talos00: `**.`, which matches nothing"]),
        ("PathPrefix(`/`)", [], []),
        ("!Host(`a.talos00`)", [], ["a.talos00: negated"]),
        ("Host(`a.talos00`) && !Host(`b.talos00`)", ["a.talos00"], ["b.talos00: negated"]),
        ("!(Host(`a.talos00`) || Host(`b.talos00`))", [], ["a.talos00: negated", "b.talos00: negated"]),
        ("!!Host(`a.talos00`)", ["a.talos00"], []),
        ("Host(`a.talos00`) && Host(`b.talos00`)", [], ["a.talos00: contradiction", "b.talos00: contradiction"]),
        (r"HostRegexp(`^a.+\.talos00$`)", [], [r"^a.+\.talos00$: regexp"]),
        ("Host(`*`)", [], ["*: catch-all"]),
        ("Host(`10.0.0.1`)", [], ["10.0.0.1: IP address"]),
        ("Host(`a.example.org`)", [], ["a.example.org: outside"]),
        ("Header(`X`, `Host(\\`a.talos00\\`)`)", [], ["*"]),
        ("Host(`bücher.talos00`)", ["xn--bcher-kva.talos00"], []),
        ("Host('a.talos00')", [], ["Host('a.talos00'): the rule cannot be read"]),
        ("hOST(`a.talos00`)", [], ["hOST(`a.talos00`): the rule cannot be read"]),
        ("Host(`a.talos00`) and Host(`b.talos00`)", [], ["*"]),
        ("Host(`a.talos00`) ||\n Host(`b.talos00`)", ["a.talos00", "b.talos00"], []),
        ("Host(`a.talos00`)\n || Host(`b.talos00`)", [], ["*"]),
        ("HOST(`a.talos00`)", ["a.talos00"], []),
    ],
)
def test_a_traefik_rule_gives_the_names_that_it_lets_through(
    rule: str, published: list[str], skipped: list[str]
) -> None:
    answer = seen(route(rule))
    assert [line.split()[0] for line in answer["records"]] == published
    if skipped == ["*"]:
        assert len(answer["skipped"]) == 1
    else:
        assert [line.startswith(start) for line, start in zip(answer["skipped"], skipped, strict=True)] == [True] * len(
            skipped
        )


def test_the_syntax_of_a_rule_is_the_objects_then_the_settings() -> None:
    several = "Host(`a.talos00`, `b.talos00`)"
    assert "read in the syntax of Traefik 2" in seen(route(several))["warnings"][0]
    assert names(route(several), rule_syntax="v3") == []
    assert names(route(several), rule_syntax="v2") == ["a.talos00", "b.talos00"]
    assert names(route(several, syntax="syntax: v2"), rule_syntax="v3") == ["a.talos00", "b.talos00"]
    assert names(route(several, syntax="syntax: v3")) == []
    assert names(route("Host(`bücher.talos00`)", syntax="syntax: v3")) == []
    assert names(route(several, group="traefik.containo.us")) == ["a.talos00", "b.talos00"]
    assert names(route("HostRegexp(`a.talos00`)", group="traefik.containo.us")) == ["a.talos00"]


def test_a_tcp_router_needs_tls_for_its_names() -> None:
    rule = "HostSNI(`db.talos00`)"
    assert seen(route(rule, kind="IngressRouteTCP"))["skipped"] == [
        "db.talos00: HostSNI without spec.tls: Traefik refuses the router"
    ]
    assert names(route(rule, kind="IngressRouteTCP", spec="tls: {}")) == ["db.talos00"]
    assert seen(route("HostSNI(`*`)", kind="IngressRouteTCP"))["records"] == []


def test_a_route_of_the_gateway_api_gets_what_its_listeners_serve() -> None:
    edge = gateway("name: a, port: 80, protocol: HTTP, hostname: '*.talos00', allowedRoutes: {namespaces: {from: All}}")
    answer = seen(edge + http_route("blog.talos00", "a.b.talos00", "talos00", "blog.home.lab"))
    assert answer["records"] == [
        "a.b.talos00 300 A 192.168.1.54 < HTTPRoute/web/blog",
        "blog.talos00 300 A 192.168.1.54 < HTTPRoute/web/blog",
    ]
    assert answer["skipped"] == [
        "blog.home.lab: no listener of Gateway infra/edge has this host name",
        "talos00: no listener of Gateway infra/edge has this host name",
    ]
    assert answer["warnings"] == []


def test_the_more_specific_of_route_and_listener_holds() -> None:
    exact = gateway(
        "name: a, port: 80, protocol: HTTPS, hostname: blog.talos00, allowedRoutes: {namespaces: {from: All}}"
    )
    assert names(exact + http_route("*.talos00")) == ["blog.talos00"]
    assert names(exact + http_route()) == ["blog.talos00"]
    assert names(gateway(ANY) + http_route("*.talos00")) == ["*.talos00"]
    assert names(gateway(ANY) + http_route()) == []


@pytest.mark.parametrize(
    ("allowed", "namespace", "is_allowed"),
    [
        ("", "", False),
        ("from: Same", "", False),
        ("from: All", "", True),
        ("from: Selector, selector: {matchLabels: {team: web}}", "labels: {team: web}", True),
        ("from: Selector, selector: {matchLabels: {team: web}}", "labels: {team: db}", False),
        ("from: Selector, selector: {matchLabels: {team: web}}", "labels: {}", False),
        ("from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: web}}", "labels: {}", True),
        ("from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: web}}", "labels: {team: db}", True),
    ],
)
def test_a_listener_admits_namespaces(allowed: str, namespace: str, is_allowed: bool) -> None:
    edge = gateway(f"name: a, port: 80, protocol: HTTP, allowedRoutes: {{namespaces: {{{allowed}}}}}")
    web = f"\n{{apiVersion: v1, kind: Namespace, metadata: {{name: web, {namespace}}}}}\n---" if namespace else ""
    answer = seen(http_route("blog.talos00") + web + edge)
    assert len(answer["records"]) == is_allowed
    assert len(answer["skipped"]) == (not is_allowed)


@pytest.mark.parametrize(
    ("parent", "is_attached"),
    [
        ("name: edge, namespace: infra, sectionName: web", True),
        ("name: edge, namespace: infra, sectionName: other", False),
        ("name: edge, namespace: infra, port: 80", True),
        ("name: edge, namespace: infra, port: 81", False),
        ("name: edge, namespace: infra, port: 80, sectionName: web", True),
        ("name: edge, namespace: infra, kind: Service, group: ''", False),
    ],
)
def test_a_parent_names_its_gateway_and_listener(parent: str, is_attached: bool) -> None:
    answer = seen(gateway(ANY) + http_route("blog.talos00", parent=parent))
    assert (len(answer["records"]), len(answer["skipped"])) == (is_attached, not is_attached)


def test_listeners_of_other_protocols_and_kinds_take_no_route() -> None:
    tls = ANY.replace("HTTP", "TLS")
    grpc = ANY.replace("namespaces:", "kinds: [{kind: GRPCRoute}], namespaces:")
    for listener in (tls, grpc):
        assert names(gateway(listener) + http_route("blog.talos00")) == []


def test_a_status_says_whether_a_route_is_accepted() -> None:
    def asked(condition: str, meta: str = "") -> dict[str, list[str]]:
        return seen(gateway(ANY) + http_route("blog.talos00", status=condition, meta=meta))

    assert len(asked(ACCEPTED % "")["records"]) == 1
    old = asked(ACCEPTED % "observedGeneration: 1", "generation: 2")
    assert len(old["records"]) == 1
    assert "older generation" in old["warnings"][0]
    refused = asked(ACCEPTED.replace("'True'", "'False'") % "reason: NotAllowedByListeners")
    assert refused["skipped"] == ["blog.talos00: Gateway infra/edge does not accept the route: NotAllowedByListeners"]
    elsewhere = asked((ACCEPTED % "").replace("edge", "other"))
    assert elsewhere["skipped"] == ["blog.talos00: Gateway infra/edge has not accepted the route yet"]


def test_the_hostname_annotation_of_a_route_must_pass_the_listeners_too() -> None:
    edge = gateway(f"{ANY}, hostname: '*.talos00'")
    notes = "annotations: {catalyst-dns-sync.io/hostname: 'a.talos00,b.home.lab'}"
    answer = seen(edge + http_route("blog.talos00", meta=notes))
    assert [line.split()[0] for line in answer["records"]] == ["a.talos00", "blog.talos00"]
    assert answer["skipped"] == ["b.home.lab: no listener of Gateway infra/edge has this host name"]


def test_a_gateways_target_comes_after_the_routes_and_before_the_settings() -> None:
    edge = gateway(ANY, meta="annotations: {catalyst-dns-sync.io/target: 10.0.0.7}")
    assert seen(edge + http_route("blog.talos00"))["records"][0].startswith("blog.talos00 300 A 10.0.0.7 ")
    notes = "annotations: {catalyst-dns-sync.io/target: 10.0.0.8}"
    assert seen(edge + http_route("blog.talos00", meta=notes))["records"][0].startswith("blog.talos00 300 A 10.0.0.8 ")


ALL_SETS = "allowedListeners: {namespaces: {from: All}}"


def test_a_listener_set_without_a_status_is_taken_as_routes_are() -> None:
    shared, blog = gateway(spec=ALL_SETS), http_route("blog.talos00", parent=ON_SET)
    assert names(shared + blog + listener_set(ANY)) == ["blog.talos00"]
    why = "has Gateway infra/edge, which does not allow ListenerSets from namespace team"
    assert seen(gateway() + blog + listener_set(ANY))["skipped"] == [f"blog.talos00: ListenerSet team/own {why}"]


def test_a_listener_that_the_status_of_its_set_does_not_name_is_not_accepted() -> None:
    accepted = "conditions: [{type: Accepted, status: 'True'}]"
    named = accepted + ", listeners: [{name: web, conditions: [{type: Accepted, status: 'True'}]}]"
    text = gateway(spec=ALL_SETS) + http_route("blog.talos00", parent=ON_SET)
    assert names(text + listener_set(ANY, status=named)) == ["blog.talos00"]
    assert seen(text + listener_set(ANY, status=accepted))["skipped"] == [
        'blog.talos00: listener "web" of ListenerSet team/own is not accepted: the status does not name it'
    ]


def test_what_of_a_listener_set_and_its_gateway_is_in_no_document_is_a_warning_for_each() -> None:
    blog = http_route("blog.talos00", parent=ON_SET)
    answer = seen(blog)
    assert answer["records"] == ["blog.talos00 300 A 192.168.1.54 < HTTPRoute/web/blog"]
    assert answer["warnings"] == ["ListenerSet/team/own: it is in no document: its listeners were not checked"]
    answer = seen(blog + listener_set(ANY))
    assert answer["records"] == ["blog.talos00 300 A 192.168.1.54 < HTTPRoute/web/blog"]
    assert answer["warnings"] == ["Gateway/infra/edge: it is in no document: its allowedListeners were not checked"]


def test_the_older_listener_set_is_a_near_miss_and_gives_nothing() -> None:
    older = "gateway.networking.x-k8s.io/v1alpha1"
    parent = "group: gateway.networking.x-k8s.io, kind: XListenerSet, name: own, namespace: team"
    answer = seen(gateway(spec=ALL_SETS) + listener_set(ANY, version=older) + http_route("blog.talos00", parent=parent))
    group = "gateway.networking.k8s.io"
    assert answer["skipped"] == [
        f": XListenerSet of {older} is not read: write apiVersion: {group}/v1, kind: ListenerSet",
        f"blog.talos00: parents of kind XListenerSet are not read: write group: {group}, kind: ListenerSet",
    ]


@pytest.mark.parametrize("kind", ["GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"])
def test_with_auto_a_route_of_any_kind_may_still_be_told_its_address(kind: str) -> None:
    named = http_route("a.talos00", kind=kind, meta="annotations: {catalyst-dns-sync.io/hostname: a.talos00}")
    assert seen(named, **AUTO)["records"] == [f"a.talos00 300 A  < {kind}/web/blog"]


def test_with_auto_an_object_is_where_its_own_load_balancer_is() -> None:
    text = ingress("a.talos00", status="loadBalancer: {ingress: [{ip: 10.0.0.5}, {ip: 'fd00::5'}]}")
    assert seen(text, **AUTO)["records"] == [
        "a.talos00 300 A 10.0.0.5 < Ingress/default/grafana",
        "a.talos00 300 AAAA fd00::5 < Ingress/default/grafana",
    ]
    assert seen(text)["records"] == ["a.talos00 300 A 192.168.1.54 < Ingress/default/grafana"]
    edge = gateway(ANY, status="addresses: [{type: IPAddress, value: 10.0.0.6}]")
    assert seen(edge + http_route("blog.talos00"), **AUTO)["records"][0].startswith("blog.talos00 300 A 10.0.0.6 ")
    zoned = seen(text, **AUTO, zone_addresses={"talos00": ("10.0.0.4",)})
    assert zoned["records"] == ["a.talos00 300 A 10.0.0.4 < Ingress/default/grafana"]


@pytest.mark.parametrize(
    ("services", "settings", "outcome"),
    [
        (service("ip: 10.0.0.3"), {}, "10.0.0.3"),
        (service("ip: 10.0.0.3", spec="type: ClusterIP, externalIPs: [10.0.0.2]"), {}, "10.0.0.2"),
        (service("", spec="type: ClusterIP"), {}, "a.talos00: no address yet"),
        (service("ip: 10.0.0.3") + service("ip: 10.0.0.3", "two"), {}, "10.0.0.3"),
        (
            service("ip: 10.0.0.3") + service("ip: 10.0.0.4", "two"),
            {},
            "a.talos00: no address yet: Services kube-system/traefik and kube-system/two have different addresses: "
            "TRAEFIK_SERVICE=namespace/name decides",
        ),
        (
            service("ip: 10.0.0.3") + service("ip: 10.0.0.4", "two"),
            {"traefik_service": "kube-system/two"},
            "10.0.0.4",
        ),
    ],
)
def test_with_auto_traefiks_service_answers_last(services: str, settings: dict[str, str], outcome: str) -> None:
    answer = seen(route("Host(`a.talos00`)") + services, **AUTO, **settings)
    found = [line.split()[3] for line in answer["records"]] + answer["skipped"]
    assert found == [outcome]


def test_a_service_by_name_makes_aliases_but_not_at_an_apex() -> None:
    text = route("Host(`a.talos00`) || Host(`talos00`)") + service("hostname: lb.example.org")
    answer = seen(text, **AUTO)
    assert answer["records"] == ["a.talos00 300 CNAME lb.example.org < IngressRoute/monitoring/grafana"]
    assert answer["skipped"] == ["talos00: a CNAME cannot be at the apex of zone talos00"]


def test_a_name_goes_by_priority_then_age_then_place() -> None:
    young, old = "creationTimestamp: 2026-02-01T00:00:00Z,", "creationTimestamp: 2026-01-01T00:00:00Z,"

    def winner(*texts: str) -> str:
        answer = seen("".join(texts))
        assert len(answer["records"]) == len(answer["conflicts"]) == 1
        return answer["records"][0].rpartition("/")[2]

    def claim(name: str, address: str, meta: str = "", **words: str) -> str:
        return ingress("a.talos00", name=name, meta=meta, target=address, **words)

    assert winner(claim("a", "10.0.0.1", young), claim("b", "10.0.0.2", old)) == "b"
    assert winner(claim("a", "10.0.0.1", young, priority="HIGH"), claim("b", "10.0.0.2", old)) == "a"
    assert winner(claim("a", "10.0.0.1", old, priority="low"), claim("b", "10.0.0.2", young)) == "b"
    assert winner(claim("a", "10.0.0.1"), claim("b", "10.0.0.2", young)) == "b"
    assert winner(claim("b", "10.0.0.1"), claim("a", "10.0.0.2")) == "a"
    assert winner(claim("b", "10.0.0.1"), claim("a", "fd00::2")) == "a"
    assert winner(claim("b", "10.0.0.1", "namespace: a,"), claim("a", "10.0.0.2", "namespace: b,")) == "b"
    assert winner(claim("a", "10.0.0.1", old), claim("b", "nas.talos00", young)) == "a"


def test_claims_of_the_same_values_merge_with_the_lowest_ttl() -> None:
    answer = seen(ingress("a.talos00", name="a", ttl="120") + ingress("a.talos00", name="b", ttl="60"))
    assert answer["records"] == ["a.talos00 60 A 192.168.1.54 < Ingress/default/a"]
    assert answer["conflicts"] == []
    assert answer["warnings"] == ["Ingress/default/a: a.talos00: 2 claims want TTLs of 60, 120 s: 60 s holds"]


def test_a_claim_without_an_address_loses_to_one_that_has_one() -> None:
    text = ingress("a.talos00", name="a") + ingress("a.talos00", name="b", target="10.0.0.1")
    answer = seen(text, **AUTO)
    assert answer["records"] == ["a.talos00 300 A 10.0.0.1 < Ingress/default/b"]
    assert answer["skipped"] == ["a.talos00: no address yet"]
    assert answer["conflicts"] == []


def endpoints(*records: tuple[str, str, str]) -> str:
    """One DNSEndpoint with names, types and values."""
    listed = [{"dnsName": name, "recordType": kind, "targets": [value]} for name, kind, value in records]
    metadata = {"name": "one", "namespace": "web"}
    kind = {"apiVersion": "externaldns.k8s.io/v1alpha1", "kind": "DNSEndpoint"}
    return json.dumps({**kind, "metadata": metadata, "spec": {"endpoints": listed}})


DS = f"60485 13 2 {'ab' * 32}"


def test_a_dname_above_another_name_is_skipped_with_the_reason() -> None:
    answer = preview_documents(
        [("", ingress("www.old.talos00")), ("", endpoints(("old.talos00", "DNAME", "new.example")))], SCOPES
    )
    assert [row["name"] for row in answer["records"]] == ["www.old.talos00"]
    (skipped,) = answer["skipped"]
    assert skipped["name"] == "old.talos00"
    assert skipped["reason"].startswith(
        "DNAME: a DNAME redirects every name below it, and www.old.talos00 is one of ours"
    )
    alone = preview_documents([("", endpoints(("old.talos00", "DNAME", "new.example")))], SCOPES)
    assert [row["type"] for row in alone["records"]] == ["DNAME"]


def test_a_ds_without_name_servers_in_a_document_is_published_with_a_warning() -> None:
    answer = preview_documents([("", endpoints(("sub.talos00", "DS", DS)))], SCOPES)
    assert [row["type"] for row in answer["records"]] == ["DS"]
    assert "needs the NS records of its delegation" in answer["warnings"][0]["message"]
    both = preview_documents(
        [("", endpoints(("sub.talos00", "DS", DS), ("sub.talos00", "NS", "ns1.example.com")))], SCOPES
    )
    assert not [row for row in both["warnings"] if "needs the NS" in row["message"]]


def test_beside_name_servers_there_is_no_dname() -> None:
    given = endpoints(("sub.talos00", "DNAME", "new.example"), ("sub.talos00", "NS", "ns1.example.com"))
    answer = preview_documents([("", given)], SCOPES)
    assert [row["type"] for row in answer["records"]] == ["NS"]
    assert "below the apex" in answer["skipped"][0]["reason"]


def test_what_a_delegation_hides_is_told_at_the_source_of_the_hidden_name() -> None:
    delegation = endpoints(("b.talos00", "NS", "ns.example.com"))
    told = seen(f"{delegation}\n---\n{ingress('a.b.talos00')}{ingress('c.talos00', name='other')}")["warnings"]
    assert told == [
        "Ingress/default/grafana: a.b.talos00: the delegation of b.talos00 hides it: resolvers ask the name servers"
        " given there"
    ]


def test_the_holes_of_a_wildcard_are_told_at_its_own_source() -> None:
    told = seen(ingress("*.talos00", name="all") + ingress("a.b.talos00"))["warnings"]
    assert told == [
        "Ingress/default/all: *.talos00: it does not answer at and below b.talos00, where longer names are (RFC 4592)"
    ]


@pytest.mark.parametrize(("kind", "value"), [("SRV", "0 0 80 b.talos00"), ("MX", "10 b.talos00"), ("TXT", "b.talos00")])
def test_what_leads_to_an_alias_and_may_not_is_told(kind: str, value: str) -> None:
    told = seen(endpoints(("a.talos00", kind, value), ("b.talos00", "CNAME", "c.example.com")))["warnings"]
    assert [text.partition(", which")[0] for text in told] == (
        [f"DNSEndpoint/web/one: a.talos00: {kind} leads to b.talos00"] if kind != "TXT" else []
    )
