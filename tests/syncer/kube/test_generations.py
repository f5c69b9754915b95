"""Which generation of a DNSEndpoint was read, said in its status."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncer.config import KubeConfig
from syncer.core.kinds import DNS_ENDPOINT
from syncer.core.scope import Scope
from syncer.kube.client import ApiServer
from syncer.kube.connect import choose_access
from syncer.kube.generations import GenerationWriter
from syncer.kube.reflector import Pace
from syncer.kube.store import Store
from syncer.kube.watcher import KubeFeed
from tests.fakes.kubernetes.cluster import Cluster as Kubernetes
from tests.processes import wait_until

FAST = Pace(first_delay=0.02, longest_delay=0.1, calm=60.0, probe=0.1, confirm=0.02, forbidden=0.1, short=0.05)
STATUS = "dnsendpoints/status.externaldns.k8s.io"


def make_endpoint(name: str = "mail", target: str = "192.0.2.1", **annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSEndpoint",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations},
        "spec": {"endpoints": [{"dnsName": f"{name}.talos00", "recordType": "A", "targets": [target]}]},
    }


class Reading:
    """A feed that reads DNSEndpoints, and others."""

    def __init__(
        self, kubernetes: Kubernetes, *, is_dry: bool = False, status: bool = True, namespace_selector: str = ""
    ) -> None:
        scope = Scope(
            zones=("talos00",),
            addresses=("10.0.0.1",),
            external_dns_annotations=True,
            namespace_selector=namespace_selector,
        )
        self.kubernetes = kubernetes
        self.store = Store(scope)
        config = KubeConfig(kubeconfig=str(kubernetes.kubeconfig), dnsendpoint_status=status)
        self.feed = KubeFeed(config, scope, self.store, is_dry=is_dry, pace=FAST)
        self.feed.start()

    def said(self, manifest: dict[str, Any]) -> int:
        status: dict[str, int] = self.kubernetes.get(manifest).get("status") or {}
        return status.get("observedGeneration", 0)

    def wait_until_read(self, count: int) -> None:
        wait_until(lambda: len(self.store.sources()) == count)


Read = Callable[..., Reading]


@pytest.fixture
def read(kubernetes: Kubernetes) -> Iterator[Read]:
    started: list[Reading] = []

    def start(cluster: Kubernetes = kubernetes, **options: Any) -> Reading:
        started.append(Reading(cluster, **options))
        return started[-1]

    yield start
    for reading in started:
        reading.feed.stop()


def test_the_generation_that_was_read_is_written_once_and_again_after_a_change(
    kubernetes: Kubernetes, read: Read
) -> None:
    manifest = kubernetes.create(make_endpoint())
    reading = read()
    wait_until(lambda: reading.said(manifest) == 1)
    version = kubernetes.get(manifest)["metadata"]["resourceVersion"]
    kubernetes.patch(manifest, {"spec": make_endpoint(target="192.0.2.2")["spec"]})
    wait_until(lambda: reading.said(manifest) == 2)
    other = kubernetes.create(make_endpoint("other"))
    wait_until(lambda: reading.said(other) == 1)
    after = kubernetes.get(manifest)
    assert after["metadata"]["resourceVersion"] != version
    assert after["spec"]["endpoints"][0]["targets"] == ["192.0.2.2"]
    assert after["metadata"]["generation"] == 2, "our own write is no change of the object"


def test_a_generation_is_not_written_over_a_later_one(kubernetes: Kubernetes) -> None:
    """The watch is a while behind: what was read is not what is there."""
    later = kubernetes.create(make_endpoint())
    kubernetes.patch(later, {"spec": make_endpoint(target="192.0.2.2")["spec"]})
    current = kubernetes.create(make_endpoint("current"))
    store = Store(Scope(zones=("talos00",), addresses=("10.0.0.1",)))
    server = ApiServer(choose_access(KubeConfig(kubeconfig=str(kubernetes.kubeconfig))), connections=1)
    writer = GenerationWriter(server, store, store.source)
    for manifest in (later, current):
        writer.put(DNS_ENDPOINT, manifest)
    thread = threading.Thread(target=writer.run, daemon=True)
    thread.start()
    wait_until(lambda: "status" in kubernetes.get(current))
    writer.stop()
    thread.join()
    server.close()
    assert "status" not in kubernetes.get(later)


@pytest.mark.parametrize("options", [{"status": False}, {"is_dry": True}])
def test_nothing_is_written_unasked_and_in_a_dry_run(
    kubernetes: Kubernetes, read: Read, options: dict[str, bool]
) -> None:
    manifest = kubernetes.create(make_endpoint())
    reading = read(**options)
    reading.wait_until_read(1)
    reading.feed.stop()
    assert reading.said(manifest) == 0


def test_what_others_are_to_publish_is_theirs_to_report(kubernetes: Kubernetes, read: Read) -> None:
    theirs = kubernetes.create(make_endpoint("theirs", **{"external-dns.alpha.kubernetes.io/controller": "other"}))
    nonsense = kubernetes.create(make_endpoint("nonsense", target="nonsense"))
    reading = read()
    wait_until(lambda: reading.said(nonsense) == 1)
    assert reading.said(theirs) == 0


@pytest.mark.double_only
def test_what_a_selector_of_namespaces_leaves_to_others_is_theirs_although_it_comes_first(
    kubernetes: Kubernetes, read: Read
) -> None:
    theirs, ours = make_endpoint("theirs"), make_endpoint("ours")
    ours["metadata"]["namespace"] = "web"
    kubernetes.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web", "labels": {"dns": "public"}}}
    )
    for manifest in (theirs, ours):
        kubernetes.create(manifest)
    kubernetes.faults.status(503, times=None, resource="namespaces", seconds=1)
    reading = read(namespace_selector="dns=public")
    reading.wait_until_read(2)
    wait_until(lambda: reading.said(ours) == 1)
    assert reading.said(theirs) == 0


@pytest.mark.double_only
def test_a_missing_right_is_told_once_and_stops_nothing(
    kubernetes_double: Callable[..., Kubernetes], read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = kubernetes_double()
    cluster.refuse("update", STATUS)
    manifest = cluster.create(make_endpoint())
    with caplog.at_level(logging.WARNING, "syncer.kube.generations"):
        reading = read(cluster)
        wait_until(lambda: "may not" in caplog.text or "forbidden" in caplog.text)
        cluster.create(make_endpoint("other"))
        reading.wait_until_read(2)
    assert len(caplog.records) == 1
    assert (
        caplog.records[0]
        .getMessage()
        .startswith("The status of DNSEndpoints is not written (DNSENDPOINT_STATUS): dnsendpoints.externaldns.k8s.io")
    )
    assert reading.said(manifest) == 0


@pytest.mark.double_only
def test_it_goes_on_when_the_right_is_there(kubernetes_double: Callable[..., Kubernetes], read: Read) -> None:
    cluster = kubernetes_double()
    cluster.refuse("update", STATUS)
    manifest = cluster.create(make_endpoint())
    reading = read(cluster)
    reading.wait_until_read(1)
    cluster.allow()
    wait_until(lambda: reading.said(manifest) == 1)


def test_an_object_that_went_meanwhile_holds_up_no_other(kubernetes: Kubernetes, read: Read) -> None:
    manifests = [kubernetes.create(make_endpoint(f"app{number}")) for number in range(3)]
    reading = read()
    kubernetes.delete(manifests[1])
    for manifest in (manifests[0], manifests[2]):
        wait_until(lambda manifest=manifest: reading.said(manifest) == 1)  # type: ignore[misc]
    assert DNS_ENDPOINT.kind in {source.ref.kind for source in reading.store.sources()}
