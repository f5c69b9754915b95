from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import http_route, ingress, ingress_route, lease, service
from tests.processes import wait_until

HOST_CHANGE = {"spec": {"rules": [{"host": "grafana.home.lab"}]}}


def ingresses(namespace: str) -> str:
    return f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"


def test_an_object_gets_what_the_server_gives(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    made = kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    metadata = made["metadata"]
    assert metadata["uid"]
    assert metadata["creationTimestamp"].endswith("Z")
    assert metadata["generation"] == 1
    assert int(metadata["resourceVersion"]) > 0
    assert kubernetes.get(made)["spec"]["rules"][0]["host"] == "grafana.talos00"


def test_the_same_name_twice_is_a_conflict(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    answer = kubernetes.call("POST", ingresses(space), ingress("grafana", "nas.talos00", namespace=space))
    assert (answer.code, answer.body["reason"]) == (409, "AlreadyExists")
    assert answer.body["message"] == 'ingresses.networking.k8s.io "grafana" already exists'


def test_a_name_may_be_generated(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    manifest = ingress("", "grafana.talos00", namespace=space, generateName="grafana-")
    manifest["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] = "grafana"
    assert kubernetes.create(manifest)["metadata"]["name"].startswith("grafana-")


@pytest.mark.parametrize("name", ["", "Grafana", "a_b", "-a", "a" * 254])
def test_a_bad_name_is_refused(kubernetes: Cluster, name: str) -> None:
    space = kubernetes.namespace()
    answer = kubernetes.call("POST", ingresses(space), ingress(name, "grafana.talos00", namespace=space))
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")


def test_an_object_needs_its_namespace(kubernetes: Cluster) -> None:
    answer = kubernetes.call("POST", ingresses("nowhere"), ingress("grafana", "grafana.talos00", namespace="nowhere"))
    assert (answer.code, answer.body["message"]) == (404, 'namespaces "nowhere" not found')


def test_the_namespace_of_the_path_counts(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    answer = kubernetes.call("POST", ingresses(space), ingress("grafana", "grafana.talos00", namespace="other"))
    assert answer.code == 400


def test_a_body_that_is_no_object_is_refused(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    for body in (b"{", b"[]", b""):
        assert kubernetes.call("POST", ingresses(space), body).code == 400


def test_a_change_of_the_specification_raises_the_generation_and_an_annotation_does_not(kubernetes: Cluster) -> None:
    made = kubernetes.create(ingress_route("grafana", "Host(`grafana.talos00`)", namespace=kubernetes.namespace()))
    noted = kubernetes.patch(made, {"metadata": {"annotations": {"owner": "me"}}})
    assert noted["metadata"]["generation"] == 1
    assert noted["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
    assert kubernetes.patch(made, {"spec": {"entryPoints": ["web"]}})["metadata"]["generation"] == 2


def test_a_write_that_changes_nothing_keeps_the_version(kubernetes: Cluster) -> None:
    made = kubernetes.create(ingress_route("grafana", "Host(`grafana.talos00`)", namespace=kubernetes.namespace()))
    again = kubernetes.patch(made, {"metadata": {"annotations": None}})
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_an_update_with_an_old_version_is_a_conflict(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    made = kubernetes.create(lease("sync", "a", namespace=space))
    path = f"/apis/coordination.k8s.io/v1/namespaces/{space}/leases/sync"
    taken = kubernetes.call("PUT", path, {**made, "spec": {"holderIdentity": "a"}})
    assert taken.code == 200
    late = kubernetes.call("PUT", path, {**made, "spec": {"holderIdentity": "b"}})
    assert (late.code, late.body["reason"]) == (409, "Conflict")
    assert "the object has been modified" in late.body["message"]
    assert kubernetes.get(made)["spec"]["holderIdentity"] == "a"


def test_a_lease_is_not_updated_without_a_version(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(lease("sync", "a", namespace=space))
    path = f"/apis/coordination.k8s.io/v1/namespaces/{space}/leases/sync"
    answer = kubernetes.call("PUT", path, lease("sync", "b", namespace=space))
    assert answer.code == 422
    assert answer.body["details"]["causes"][0]["field"] == "metadata.resourceVersion"


def test_a_patch_may_name_the_version_that_it_means(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    patch = {"metadata": {"resourceVersion": "1", "labels": {"a": "b"}}}
    headers = {"Content-Type": "application/merge-patch+json"}
    assert kubernetes.call("PATCH", f"{ingresses(space)}/grafana", patch, headers).code == 409


def test_a_status_stays_out_of_a_write_to_the_object(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    manifest = {**ingress("grafana", "grafana.talos00", namespace=space), "status": status}
    made = kubernetes.call("POST", ingresses(space), manifest).body
    assert not made.get("status", {}).get("loadBalancer")
    headers = {"Content-Type": "application/merge-patch+json"}
    patched = kubernetes.call("PATCH", f"{ingresses(space)}/grafana", {"status": status}, headers).body
    assert not patched.get("status", {}).get("loadBalancer")


def test_a_write_to_the_status_changes_nothing_else(kubernetes: Cluster) -> None:
    made = kubernetes.create(ingress("grafana", "grafana.talos00", namespace=kubernetes.namespace()))
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    after = kubernetes.patch(made, {"status": status, "spec": {"ingressClassName": "other"}}, "status")
    assert after["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.1"
    assert after["metadata"]["generation"] == 1
    assert "ingressClassName" not in after["spec"]


def test_a_status_given_at_creation_is_set(kubernetes: Cluster) -> None:
    made = kubernetes.create(service("traefik", "192.0.2.1", namespace=kubernetes.namespace()))
    assert kubernetes.get(made)["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.1"


def test_an_ingress_route_has_no_status(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(ingress_route("grafana", "Host(`grafana.talos00`)", namespace=space))
    path = f"/apis/traefik.io/v1alpha1/namespaces/{space}/ingressroutes/grafana"
    headers = {"Content-Type": "application/merge-patch+json"}
    assert kubernetes.call("PATCH", f"{path}/status", {"status": {"a": "b"}}, headers).code == 404
    pruned = kubernetes.call("PATCH", path, {"status": {"a": "b"}}, headers)
    assert pruned.code == 200
    assert "status" not in pruned.body
    refused = kubernetes.call("PATCH", f"{path}?fieldValidation=Strict", {"status": {"a": "b"}}, headers)
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")
    assert 'unknown field "status"' in refused.body["message"]
    whole = {**ingress_route("other", "Host(`other.talos00`)", namespace=space), "status": {"a": "b"}}
    made = kubernetes.call("POST", f"{path.rpartition('/')[0]}?fieldValidation=Strict", whole)
    assert (made.code, made.body["reason"]) == (400, "BadRequest"), "what cannot be decoded is no object yet"


def test_a_json_patch_changes_places_in_the_object(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space, labels={"a/b": "c"}))
    headers = {"Content-Type": "application/json-patch+json"}
    patch = [
        {"op": "test", "path": "/metadata/labels/a~1b", "value": "c"},
        {"op": "replace", "path": "/spec/rules/0/host", "value": "grafana.home.lab"},
        {"op": "add", "path": "/spec/rules/-", "value": {"host": "nas.home.lab"}},
        {"op": "move", "from": "/metadata/labels/a~1b", "path": "/metadata/labels/d"},
    ]
    body = kubernetes.call("PATCH", f"{ingresses(space)}/grafana", patch, headers).body
    assert [rule["host"] for rule in body["spec"]["rules"]] == ["grafana.home.lab", "nas.home.lab"]
    assert body["metadata"]["labels"] == {"d": "c"}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/metadata/name", "value": "nas"},
        {"op": "remove", "path": "/spec/nothing"},
        {"op": "replace", "path": "/spec/rules/7", "value": {}},
    ],
)
def test_a_json_patch_that_does_not_fit_is_refused(kubernetes: Cluster, operation: dict[str, object]) -> None:
    space = kubernetes.namespace()
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    headers = {"Content-Type": "application/json-patch+json"}
    assert kubernetes.call("PATCH", f"{ingresses(space)}/grafana", [operation], headers).code == 422


def test_a_strategic_patch_merges_the_ports_of_a_service(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(service("traefik", namespace=space))
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    path = f"/api/v1/namespaces/{space}/services/traefik"
    patch = {"spec": {"$setElementOrder/ports": [{"port": 443}, {"port": 80}], "ports": [{"name": "tls", "port": 443}]}}
    added = kubernetes.call("PATCH", path, patch, headers).body
    assert [(port["name"], port["port"]) for port in added["spec"]["ports"]] == [("tls", 443), ("web", 80)]
    removal = {"spec": {"ports": [{"port": 443, "$patch": "delete"}]}}
    removed = kubernetes.call("PATCH", path, removal, headers).body
    assert [port["name"] for port in removed["spec"]["ports"]] == ["web"]


def test_a_custom_resource_takes_no_strategic_patch(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(ingress_route("grafana", "Host(`grafana.talos00`)", namespace=space))
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    path = f"/apis/traefik.io/v1alpha1/namespaces/{space}/ingressroutes/grafana"
    assert kubernetes.call("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, headers).code == 415


def test_server_side_apply_creates_and_then_changes(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    path = f"{ingresses(space)}/grafana"
    headers = {"Content-Type": "application/apply-patch+yaml"}
    manifest = ingress("grafana", "grafana.talos00", namespace=space)
    assert kubernetes.call("PATCH", path, manifest, headers).code in (400, 422)
    assert kubernetes.call("PATCH", f"{path}?fieldManager=test", manifest, headers).code == 201
    manifest = ingress("grafana", "grafana.home.lab", namespace=space)
    again = kubernetes.call("PATCH", f"{path}?fieldManager=test", manifest, headers)
    assert (again.code, again.body["spec"]["rules"][0]["host"]) == (200, "grafana.home.lab")


def test_a_dry_run_keeps_nothing(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    manifest = ingress("grafana", "grafana.talos00", namespace=space)
    assert kubernetes.call("POST", f"{ingresses(space)}?dryRun=All", manifest).code == 201
    assert kubernetes.call("GET", f"{ingresses(space)}/grafana").code == 404


def test_a_deleted_object_is_gone(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    made = kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    answer = kubernetes.call("DELETE", f"{ingresses(space)}/grafana")
    assert (answer.code, answer.body["status"]) == (200, "Success")
    assert answer.body["details"]["uid"] == made["metadata"]["uid"]
    again = kubernetes.call("GET", f"{ingresses(space)}/grafana")
    assert (again.code, again.body["reason"]) == (404, "NotFound")


def test_a_delete_may_name_the_object_that_it_means(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    options = {"preconditions": {"uid": "another"}}
    assert kubernetes.call("DELETE", f"{ingresses(space)}/grafana", options).code == 409


def test_a_finalizer_holds_an_object_until_it_is_taken_off(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    manifest = ingress("grafana", "grafana.talos00", namespace=space, finalizers=["home.lab/hold"])
    made = kubernetes.create(manifest)
    with kubernetes.watch(ingresses(space), resourceVersion=made["metadata"]["resourceVersion"]) as stream:
        kubernetes.delete(made)
        kind, body = stream.event()
        assert (kind, bool(body["metadata"]["deletionTimestamp"])) == ("MODIFIED", True)
        assert kubernetes.get(made)["metadata"]["deletionTimestamp"]
        kubernetes.patch(made, {"metadata": {"finalizers": None}})
        assert stream.names(1) == [("DELETED", "grafana")]


def test_a_collection_is_deleted_by_label(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space, labels={"app": "x"}))
    kubernetes.create(ingress("nas", "nas.talos00", namespace=space))
    assert kubernetes.call("DELETE", f"{ingresses(space)}?labelSelector=app%3Dx").code == 200
    assert [item["metadata"]["name"] for item in kubernetes.list(ingresses(space))["items"]] == ["nas"]


def test_a_namespace_says_at_once_that_it_ends_and_takes_its_content_along(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    selector: dict[str, Any] = {"fieldSelector": f"metadata.name={space}"}
    rv = kubernetes.list("/api/v1/namespaces", **selector)["metadata"]["resourceVersion"]
    with (
        kubernetes.watch("/api/v1/namespaces", timeout=30, resourceVersion=rv, **selector) as spaces,
        kubernetes.watch(ingresses(space), timeout=30, resourceVersion=rv) as content,
    ):
        kubernetes.delete(home)
        kind, body = spaces.event()
        assert (kind, body["status"]["phase"]) == ("MODIFIED", "Terminating")
        assert body["metadata"]["deletionTimestamp"]
        late = kubernetes.call("POST", ingresses(space), ingress("nas", "nas.talos00", namespace=space))
        assert late.code == 403
        assert late.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
        assert content.names(1) == [("DELETED", "grafana")]
        while kind != "DELETED":
            kind, body = spaces.event()


@pytest.mark.double_only
def test_a_namespace_waits_for_a_finalizer_in_it(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
    made = kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space, finalizers=["home.lab/hold"]))
    kubernetes.delete(home)
    time.sleep(0.4)
    assert kubernetes.get(made)["metadata"]["deletionTimestamp"]
    assert kubernetes.get(home)["status"]["phase"] == "Terminating"
    kubernetes.patch(made, {"metadata": {"finalizers": None}})
    assert kubernetes.call("GET", f"/api/v1/namespaces/{space}").code == 404


def test_a_namespace_made_again_has_another_uid(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double(namespace_delay=0.0)
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    first = cluster.create(home)["metadata"]["uid"]
    cluster.delete(home)
    wait_until(lambda: cluster.call("GET", "/api/v1/namespaces/shop").code == 404)
    assert cluster.create(home)["metadata"]["uid"] != first


def test_a_route_is_served_in_both_of_its_versions(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(http_route("blog", "blog.home.lab", namespace=space, version="v1beta1"))
    for version in ("v1", "v1beta1"):
        path = f"/apis/gateway.networking.k8s.io/{version}/namespaces/{space}/httproutes"
        answer = kubernetes.list(path)
        assert answer["items"][0]["apiVersion"] == f"gateway.networking.k8s.io/{version}"
        assert kubernetes.call("GET", f"{path}/blog").body["apiVersion"] == f"gateway.networking.k8s.io/{version}"


def test_an_event_is_read_in_both_spellings(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    made = kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    about = {"kind": "Ingress", "namespace": space, "name": "grafana", "uid": made["metadata"]["uid"]}
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "grafana.1", "namespace": space},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "home.lab/sync",
        "reportingInstance": "sync-0",
        "action": "Created",
        "reason": "RecordReady",
        "regarding": {**about, "apiVersion": "networking.k8s.io/v1"},
        "note": "grafana.talos00 answers",
        "type": "Normal",
    }
    kubernetes.create(event)
    found = kubernetes.list(f"/api/v1/namespaces/{space}/events", fieldSelector="involvedObject.name=grafana")
    assert [(e["message"], e["involvedObject"]["kind"]) for e in found["items"]] == [
        ("grafana.talos00 answers", "Ingress")
    ]
    assert not kubernetes.list(f"/api/v1/namespaces/{space}/events", fieldSelector="involvedObject.name=nas")["items"]


@pytest.mark.parametrize("media", ["application/xml", "application/vnd.kubernetes.protobuf"])
def test_an_unknown_body_format_is_refused(kubernetes: Cluster, media: str) -> None:
    space = kubernetes.namespace()
    answer = kubernetes.call("POST", ingresses(space), b"x", {"Content-Type": media})
    assert answer.code in (400, 415)
