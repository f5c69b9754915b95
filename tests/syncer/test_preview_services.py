"""What a preview says of Services, whose addresses are their own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from syncer.core.scope import Scope
from syncer.preview import preview_documents
from tests.syncer.core.cast_services import headless, load_balancer, pod, service, slice_of

SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",), service_pods=True)
DB = "db.talos00"


def ask(*manifests: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return preview_documents(
        [("", json.dumps({"kind": "List", "items": list(manifests)}))], {"default": replace(SCOPE, **settings)}
    )


def skipped(answer: dict[str, Any]) -> dict[str, str]:
    return {it["name"]: it["reason"] for it in answer["skipped"]}


def test_one_that_asks_for_nothing_is_passed_over_with_its_pods() -> None:
    answer = ask(service(), service(name="other"), slice_of(pod("10.42.0.1")), service_pods=False)
    assert answer["passed_over"] == {"EndpointSlice": 1, "Service": 2}
    assert ask(service(name="traefik", namespace="traefik"), auto=True, addresses=())["passed_over"] == {"Service": 1}


def test_an_address_that_only_the_cluster_gives_is_a_warning_and_the_record_is_shown() -> None:
    for manifest in (load_balancer(), load_balancer("127.0.0.1"), service(notes={"internal-hostname": DB})):
        answer = ask(manifest)
        (record,) = answer["records"]
        assert (record["name"], record["type"], record["values"]) == (DB, "A", [])
        assert answer["warnings"][-1]["message"] == f"{DB}: no address yet: only the cluster can give it"
        assert answer["skipped"] == []


def test_a_headless_one_without_a_ready_pod_is_skipped() -> None:
    reason = "no address yet: no pod that is ready has one"
    assert skipped(ask(headless())) == {DB: reason}
    answer = ask(slice_of(pod("10.42.0.1", "db-0", ready=False)), headless())
    assert skipped(answer) == {DB: reason, f"db-0.{DB}": reason}
    assert answer["records"] == []


def test_an_external_name_without_a_name_is_skipped() -> None:
    assert skipped(ask(service(type="ExternalName", notes={"hostname": DB}))) == {DB: "no address yet"}


def test_the_order_of_documents_means_nothing() -> None:
    both = [headless(), slice_of(pod("10.42.0.1", "db-0"))]
    assert ask(*both) == ask(*reversed(both))
    assert [record["name"] for record in ask(*both)["records"]] == [f"db-0.{DB}", DB]


def test_filters_of_sources_hold_for_services_too() -> None:
    assert skipped(ask(load_balancer("10.0.0.1"), namespaces=("apps",))) == {
        DB: "namespace data is not in WATCH_NAMESPACE"
    }
    assert skipped(ask(load_balancer("10.0.0.1"), kinds=("Ingress",))) == {DB: "Service is not in SOURCES"}
