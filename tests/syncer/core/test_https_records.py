"""Which hosts of an object get an HTTPS record: what its annotation and what its TLS say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncer.core.annotations import AnnotationRules, read_annotations
from syncer.core.dnsendpoints import read_dns_endpoint
from syncer.core.drafts import make_https
from syncer.core.gateways import read_gateway
from syncer.core.kinds import HTTP_ROUTE, INGRESS_ROUTE, INGRESS_ROUTE_TCP, OLD_INGRESS_ROUTE, TLS_ROUTE
from syncer.core.parents import ParentKey
from syncer.core.routes import attach_route, read_route
from syncer.core.scope import Scope
from syncer.core.source import SourceObject, Want
from syncer.core.sources import read_ingress, read_ingress_route

SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",), https_records=True)
OFF = replace(SCOPE, https_records=False)
SHOP, BLOG = "shop.talos00", "blog.talos00"
HTTPS = "catalyst-dns-sync.io/https"


def meta(https: str | None = None) -> dict[str, Any]:
    return {"name": "shop", "namespace": "web", "annotations": {} if https is None else {HTTPS: https}}


def ingress(*tls: Any, https: str | None = None, scope: Scope = SCOPE) -> SourceObject:
    spec = {"rules": [{"host": SHOP}, {"host": BLOG}], "tls": list(tls)}
    return read_ingress({"metadata": meta(https), "spec": spec}, scope)


def said(source: SourceObject) -> dict[str, str]:
    """What is beside the addresses, by name."""
    return {want.name: want.records[0].values[0] for want in source.wants if want.records}


H2 = "1 . alpn=h2"


def test_nothing_is_said_unasked() -> None:
    assert said(ingress({"hosts": [SHOP]}, scope=OFF)) == {}
    assert said(ingress()) == {}


@pytest.mark.parametrize(
    ("tls", "names"),
    [
        ({"hosts": [SHOP]}, [SHOP]),
        ({"hosts": ["Shop.Talos00."]}, [SHOP]),
        ({"hosts": ["*.talos00"]}, [SHOP, BLOG]),
        ({"hosts": ["*.home.talos00"]}, []),
        ({"secretName": "any"}, [SHOP, BLOG]),
        ({"hosts": [5, None]}, []),
        ("nonsense", [SHOP, BLOG]),
    ],
)
def test_hosts_of_an_ingress_that_its_tls_covers(tls: Any, names: list[str]) -> None:
    assert said(ingress(tls)) == dict.fromkeys(names, H2)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", H2),
        (" TRUE ", H2),
        ("h2,h3", "1 . alpn=h2,h3"),
        ("h3", "1 . alpn=h3"),
        ("http/1.1", "1 . alpn=http/1.1"),
    ],
)
def test_the_annotation_says_it_for_all_hosts_whatever_the_setting(text: str, value: str) -> None:
    for scope in (SCOPE, OFF):
        assert said(ingress(https=text, scope=scope)) == dict.fromkeys((SHOP, BLOG), value)


def test_the_annotation_says_no_for_all_hosts() -> None:
    assert said(ingress({"hosts": [SHOP]}, https="False")) == {}


@pytest.mark.parametrize("text", ["", ",", "h2 h3", "h2;h3", "hé"])
def test_a_bad_annotation_is_told_and_the_setting_holds(text: str) -> None:
    source = ingress({"hosts": [SHOP]}, https=text)
    assert said(source) == {SHOP: H2}
    (warning,) = source.warnings
    assert warning.startswith(
        f'annotation {HTTPS}: "{text}" is neither true, false nor a list of protocols such as h2,h3'
    )


def test_an_unquoted_true_is_read_with_a_warning() -> None:
    read = read_annotations({HTTPS: True}, AnnotationRules())
    assert (read.https, len(read.warnings)) == ("h2", 1)


@pytest.mark.parametrize(
    ("kind", "spec", "is_secure"),
    [
        (INGRESS_ROUTE, {"tls": {}}, True),
        (INGRESS_ROUTE, {"entryPoints": ["web", "websecure"]}, True),
        (OLD_INGRESS_ROUTE, {"tls": {"secretName": "x"}}, True),
        (INGRESS_ROUTE, {"entryPoints": ["web"]}, False),
        (INGRESS_ROUTE, {"tls": None}, False),
        (INGRESS_ROUTE_TCP, {"tls": {}, "entryPoints": ["websecure"]}, False),
    ],
)
def test_ingress_routes_with_tls_or_the_secure_entry_point(kind: Any, spec: dict[str, Any], is_secure: bool) -> None:
    match = f"HostSNI(`{SHOP}`)" if kind == INGRESS_ROUTE_TCP else f"Host(`{SHOP}`)"
    manifest = {"metadata": meta(), "spec": {**spec, "routes": [{"kind": "Rule", "match": match}]}}
    assert said(read_ingress_route(manifest, SCOPE, kind)) == ({SHOP: H2} if is_secure else {})


def listener(protocol: str, hostname: str) -> dict[str, Any]:
    return {"name": protocol.lower(), "port": 443, "protocol": protocol, "hostname": hostname}


@pytest.mark.parametrize(
    ("kind", "listeners", "expected"),
    [
        (HTTP_ROUTE, [listener("HTTPS", "*.talos00")], {SHOP: H2}),
        (HTTP_ROUTE, [listener("HTTP", "*.talos00")], {}),
        (HTTP_ROUTE, [listener("HTTP", "*.talos00"), listener("HTTPS", SHOP)], {SHOP: H2}),
        (HTTP_ROUTE, [listener("HTTP", "*.talos00"), listener("HTTPS", BLOG)], {}),
        (TLS_ROUTE, [listener("TLS", SHOP)], {}),
    ],
)
def test_routes_on_a_listener_that_ends_tls(kind: Any, listeners: list[Any], expected: dict[str, str]) -> None:
    manifest = {"metadata": meta(), "spec": {"parentRefs": [{"name": "edge"}], "hostnames": [SHOP]}}
    route = read_route(manifest, SCOPE, kind, assume_accepted=True)
    gateway = read_gateway({"spec": {"listeners": listeners}}, SCOPE.annotation_rules)
    source = attach_route(route, SCOPE, {ParentKey("Gateway", "web", "edge"): gateway}, {})
    assert [want.name for want in source.wants] == [SHOP]
    assert said(source) == expected


def test_a_name_with_it_is_still_one_that_asks_for_addresses_and_costs_no_memory_of_its_own() -> None:
    one, other = ingress(https="true").wants
    assert one.asks_address
    assert one.list_values() == ["192.168.1.54"], "it is silent"
    assert one.records is other.records is make_https("h2")
    assert one == Want(SHOP, SCOPE.addresses, records=make_https("h2"))


def test_a_dns_endpoint_says_its_records_itself() -> None:
    spec = {"endpoints": [{"dnsName": SHOP, "recordType": "A", "targets": ["192.0.2.1"]}]}
    source = read_dns_endpoint({"metadata": meta("true"), "spec": spec}, SCOPE)
    assert [record.type for record in source.wants[0].records] == ["A"]
    assert source.warnings == (f"annotation {HTTPS} has no effect on a DNSEndpoint, which says it in its spec",)
