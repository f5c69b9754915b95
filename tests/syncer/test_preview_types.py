"""What a preview shows of records of other types than addresses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from syncer.core.scope import Scope
from syncer.preview import preview_documents
from tests.syncer.core.test_dnsendpoints import endpoint

SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",))
SHOP = "shop.talos00"


def dns_endpoint(name: str, *endpoints: Any, created: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "web", "creationTimestamp": created}
    api = "externaldns.k8s.io/v1alpha1"
    return {"apiVersion": api, "kind": "DNSEndpoint", "metadata": metadata, "spec": {"endpoints": list(endpoints)}}


def ingress(host: str, *tls: str) -> dict[str, Any]:
    spec = {"rules": [{"host": host}], "tls": [{"hosts": list(tls)}] if tls else []}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop"}, "spec": spec}


def show(*manifests: dict[str, Any], scope: Scope = SCOPE) -> dict[str, Any]:
    return preview_documents(
        [(str(number), json.dumps(manifest)) for number, manifest in enumerate(manifests)], {"default": scope}
    )


def records(answer: dict[str, Any]) -> list[tuple[str, str, list[str], str]]:
    return [(it["name"], it["type"], it["values"], it["source"]["kind"]) for it in answer["records"]]


def test_each_type_at_a_name_has_its_own_source() -> None:
    answer = show(ingress(SHOP), dns_endpoint("mail", endpoint("TXT", "x", name=SHOP, recordTTL=60)))
    assert records(answer) == [(SHOP, "A", ["192.168.1.54"], "Ingress"), (SHOP, "TXT", ["x"], "DNSEndpoint")]
    assert [it["ttl"] for it in answer["records"]] == [300, 60]


def test_a_conflict_names_the_winner_of_the_type() -> None:
    answer = show(
        ingress(SHOP),
        dns_endpoint("first", endpoint("TXT", "x", name=SHOP)),
        dns_endpoint("second", endpoint("TXT", "y", name=SHOP), created="2026-02-01T00:00:00Z"),
    )
    (conflict,) = answer["conflicts"]
    assert (conflict["winner"]["name"], conflict["loser"]["name"]) == ("first", "second")
    assert conflict["reason"] == "DNSEndpoint/web/first has the name: it is older"


def test_a_cname_beside_an_address_is_skipped() -> None:
    answer = show(dns_endpoint("mail", endpoint("CNAME", "edge.talos00"), endpoint("A", "192.0.2.1")))
    assert [it["type"] for it in answer["records"]] == ["A"]
    (skipped,) = answer["skipped"]
    assert skipped["reason"] == "CNAME: a CNAME is alone at its name, which has other records here: A"


def test_of_a_name_without_any_good_record_the_reason_is_told_once() -> None:
    answer = show(dns_endpoint("mail", endpoint("LOC", "x"), endpoint("A", "nonsense")))
    (skipped,) = answer["skipped"]
    assert skipped["reason"].startswith("LOC: records of this type cannot be published; those that can: A, AAAA,")
    assert '; A: "nonsense": ' in skipped["reason"]
    assert answer["records"] == []


def test_an_https_record_is_shown_with_its_addresses() -> None:
    scope = replace(SCOPE, https_records=True)
    answer = show(ingress(SHOP, SHOP), scope=scope)
    assert records(answer)[1] == (SHOP, "HTTPS", ["1 . alpn=h2"], "Ingress")
    assert [it["type"] for it in show(ingress(SHOP), scope=scope)["records"]] == ["A"]
    waiting = show(ingress(SHOP, SHOP), scope=replace(scope, addresses=(), auto=True))
    assert [(it["type"], it["values"]) for it in waiting["records"]] == [("A", [])]


def test_another_spelling_of_the_kind_is_told() -> None:
    manifest = {**dns_endpoint("mail", endpoint("A", "192.0.2.1")), "apiVersion": "externaldns.k8s.io/v1"}
    (skipped,) = show(manifest)["skipped"]
    assert skipped["reason"].endswith("write apiVersion: externaldns.k8s.io/v1alpha1, kind: DNSEndpoint")
