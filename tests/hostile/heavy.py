"""Tenants whose objects are few and heavy: as large as etcd takes them, or with as many values as they may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncer.core.annotations import PREFIX
from tests.bench.rig import ZONE
from tests.hostile.arena import INGRESSES, Watch, arena
from tests.hostile.floods import BYSTANDER, OBJECT, Bystander, Flood, FloodFigures, flooding

ENDPOINTS = "/apis/externaldns.k8s.io/v1alpha1/namespaces"
EVIL = "evil-0"

VALUES = 100
"""Addresses of a name, which is what the annotation may have."""

TEXTS = 25
"""Values of a TXT record, which is what Technitium's target takes."""

PATH = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "a", "port": {"number": 80}}}}
ANSWERED = 20
"""Names of someone else that are waited for."""


def make_large_ingress(number: int, size: int) -> dict[str, Any]:
    """One host, and so many bytes of paths."""
    paths = [PATH] * (size // 96)
    rules = [{"host": f"flood-{number}.{ZONE}", "http": {"paths": paths}}]
    return make_object("networking.k8s.io/v1", "Ingress", f"large-{number}", {"rules": rules})


def make_object(version: str, kind: str, name: str, spec: Mapping[str, Any], **words: str) -> dict[str, Any]:
    annotations = {f"{PREFIX}{word}": text for word, text in words.items()}
    metadata = {"name": name, "namespace": EVIL, "annotations": annotations}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def list_large_objects(count: int = 150, size: int = 1_200_000) -> FloodFigures:
    """As many Ingresses of so many bytes, which are there before the syncer is."""
    with arena() as it:
        it.make_namespace(BYSTANDER)
        it.make_namespace(EVIL)
        for number in range(count):
            it.call_cluster("POST", f"{INGRESSES}/{EVIL}/ingresses", make_large_ingress(number, size))
        with Watch(it.launch_syncer().ready(600)) as watch, Bystander(it) as bystander:
            flood = Flood(it, watch, bystander)
            flood.settle(count)
            bystander.wait_for_names(ANSWERED)
            return flood.finish()


def flood_by_values(count: int = OBJECT) -> FloodFigures:
    """One Ingress with as many hosts, and for each of them all the addresses that it may have."""
    with flooding() as flood:
        flood.make_namespace(EVIL)
        targets = ",".join(f"10.0.{number >> 8}.{number & 255}" for number in range(VALUES))
        rules = [{"host": f"flood-{number:04}.{ZONE}"} for number in range(count)]
        flooded = make_object("networking.k8s.io/v1", "Ingress", "flood", {"rules": rules}, target=targets)
        flood.it.call_cluster("POST", f"{INGRESSES}/{EVIL}/ingresses", flooded)
        flood.settle(count)
        return flood.finish()


def flood_by_texts(count: int = 400, each: int = 20) -> FloodFigures:
    """As many names with all the texts that they may have, none of which an import takes, in objects of ``each``. They
    take minutes at ten calls a second: it is looked at who else is served meanwhile."""
    with flooding() as flood:
        flood.make_namespace(EVIL)
        for first in range(0, count, each):
            endpoints = [make_endpoint(number) for number in range(first, first + each)]
            spec = {"endpoints": endpoints}
            flooded = make_object("externaldns.k8s.io/v1alpha1", "DNSEndpoint", f"flood-{first}", spec)
            flood.it.call_cluster("POST", f"{ENDPOINTS}/{EVIL}/dnsendpoints", flooded)
        flood.bystander.wait_for_names(ANSWERED)
        assert flood.count_published() < count, "the texts were written before all others"
        return flood.finish()


def make_endpoint(number: int) -> dict[str, Any]:
    texts = [f"{number}-{text}-" + "x" * 200 for text in range(TEXTS)]
    return {"dnsName": f"flood-{number}.{ZONE}", "recordType": "TXT", "targets": texts}
