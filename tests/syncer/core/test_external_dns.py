"""Annotations of external-dns by which an object publishes less than it names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncer.core.annotations import AnnotationRules
from syncer.core.gateways import read_gateway
from syncer.core.kinds import HTTP_ROUTE, INGRESS_ROUTE
from syncer.core.parents import ParentKey
from syncer.core.routes import attach_route, read_route
from syncer.core.scope import Scope
from syncer.core.source import SkipCause, SourceObject
from syncer.core.sources import read_ingress, read_ingress_route

SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",), external_dns_annotations=True)
THEIRS = "external-dns.alpha.kubernetes.io/"
SHOP, EXTRA = "shop.talos00", "extra.talos00"


def metadata(**words: str) -> dict[str, Any]:
    annotations = {THEIRS + word.replace("_", "-"): text for word, text in words.items()}
    return {"namespace": "web", "name": "shop", "annotations": annotations}


def ingress(**words: str) -> SourceObject:
    return read_ingress({"metadata": metadata(hostname=EXTRA, **words), "spec": {"rules": [{"host": SHOP}]}}, SCOPE)


def http_route(*hostnames: str, **words: str) -> SourceObject:
    listeners = [{"name": "web", "protocol": "HTTP", "port": 80, "hostname": "blog.talos00"}]
    listeners += [{"name": "all", "protocol": "HTTP", "port": 80}] if hostnames else []
    for listener in listeners:
        listener["allowedRoutes"] = {"namespaces": {"from": "All"}}  # type: ignore[assignment]
    gateway = read_gateway(
        {"metadata": {"namespace": "infra", "name": "edge"}, "spec": {"listeners": listeners}},
        AnnotationRules(external_dns=True),
    )
    spec = {"parentRefs": [{"namespace": "infra", "name": "edge"}], "hostnames": list(hostnames)}
    manifest = {"metadata": metadata(hostname=EXTRA, **words), "spec": spec}
    route = read_route(manifest, SCOPE, HTTP_ROUTE, assume_accepted=True)
    return attach_route(route, SCOPE, {ParentKey("Gateway", "infra", "edge"): gateway}, {})


def names(source: SourceObject) -> list[str]:
    return [want.name for want in source.wants]


def left_out(source: SourceObject) -> dict[str, str]:
    assert {skip.cause for skip in source.skipped} <= {SkipCause.INTENT}
    return {skip.name: skip.reason for skip in source.skipped}


@pytest.mark.parametrize(
    ("text", "published", "skipped"),
    [("annotation-only", EXTRA, SHOP), ("defined-hosts-only", SHOP, EXTRA)],
)
def test_an_ingress_says_where_its_hosts_come_from(text: str, published: str, skipped: str) -> None:
    source = ingress(ingress_hostname_source=text)
    assert names(source) == [published]
    assert left_out(source) == {skipped: f"left out by ingress-hostname-source: {text}"}
    assert source.find_trouble(skipped, None) == ""


@pytest.mark.parametrize(
    ("text", "published", "skipped"),
    [("annotation-only", EXTRA, SHOP), ("defined-hosts-only", SHOP, EXTRA)],
)
def test_a_route_says_it_likewise(text: str, published: str, skipped: str) -> None:
    source = http_route(SHOP, gateway_hostname_source=text)
    assert names(source) == [published]
    assert left_out(source) == {skipped: f"left out by gateway-hostname-source: {text}"}
    assert source.find_trouble(skipped, None) == ""


def test_a_route_with_its_annotation_only_takes_no_names_of_listeners() -> None:
    assert names(http_route()) == ["blog.talos00"]
    source = http_route(gateway_hostname_source="annotation-only")
    assert names(source) == []
    assert source.find_trouble("blog.talos00", None) == ""
    assert not any("no host names of its own" in warning for warning in source.warnings)


def test_without_a_word_or_with_a_bad_one_both_count() -> None:
    assert names(ingress()) == [SHOP, EXTRA]
    source = ingress(ingress_hostname_source="banana")
    assert names(source) == [SHOP, EXTRA]
    assert len(source.warnings) == 1


def test_on_an_object_that_does_not_obey_it_there_is_a_warning() -> None:
    manifest = {
        "metadata": metadata(ingress_hostname_source="annotation-only"),
        "spec": {"routes": [{"kind": "Rule", "match": f"Host(`{SHOP}`)"}]},
    }
    source = read_ingress_route(manifest, SCOPE, INGRESS_ROUTE)
    assert names(source) == [SHOP]
    word = "annotation ingress-hostname-source of external-dns has no effect on IngressRoute objects"
    assert source.warnings == (word,)
    assert http_route(SHOP, ingress_hostname_source="annotation-only").warnings[0].startswith("annotation ingress")
    assert ingress(gateway_hostname_source="annotation-only").warnings[0].startswith("annotation gateway")


def test_without_the_setting_nothing_of_it_is_read() -> None:
    scope = replace(SCOPE, external_dns_annotations=False)
    manifest = {"metadata": metadata(ingress_hostname_source="annotation-only"), "spec": {"rules": [{"host": SHOP}]}}
    assert names(read_ingress(manifest, scope)) == [SHOP]


def test_names_that_the_object_excludes_are_not_published() -> None:
    meta = metadata(hostname=EXTRA)
    meta["annotations"]["catalyst-dns-sync.io/exclude"] = f"{EXTRA}, other.talos00,, a b"
    source = read_ingress({"metadata": meta, "spec": {"rules": [{"host": SHOP}]}}, SCOPE)
    assert names(source) == [SHOP]
    assert left_out(source) == {EXTRA: "excluded by the object's own annotation"}
    assert source.warnings == (
        'annotation catalyst-dns-sync.io/exclude: "a b" is left out: name with a blank inside',
        "annotation catalyst-dns-sync.io/exclude names other.talos00, which the object does not name",
    )
