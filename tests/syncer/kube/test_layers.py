"""Which IngressRoutes are read again when another layer changes, and by which parents."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.kinds import INGRESS_ROUTE, Kind
from syncer.core.layers import Parents, read_layer
from syncer.core.scope import Scope
from syncer.core.source import Ref, SourceObject
from syncer.core.sources import read_ingress_route
from syncer.kube import layers
from syncer.kube.layers import LayeredRoute, LayerIndex

SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",))
HOSTS = "Host(`a.talos00`) || Host(`b.talos00`)"


def make_ref(name: str) -> Ref:
    return Ref(INGRESS_ROUTE.kind, "web", name, INGRESS_ROUTE.group)


def make_route(name: str, rule: str, *parents: str) -> LayeredRoute:
    spec = {"parentRefs": [{"name": parent} for parent in parents], "routes": [{"match": rule}]}
    manifest = {"metadata": {"namespace": "web", "name": name}, "spec": spec}
    layer = read_layer(INGRESS_ROUTE.group, "web", manifest)
    assert layer is not None
    return LayeredRoute(INGRESS_ROUTE, layer, manifest)


ROOT = make_route("root", "Host(`a.talos00`)")
CHILD = make_route("child", HOSTS, "root")


def publish(sources: list[SourceObject]) -> dict[str, list[str]]:
    return {source.ref.name: [want.name for want in source.wants] for source in sources}


def make_index(**routes: LayeredRoute) -> LayerIndex:
    index = LayerIndex(SCOPE, assume_accepted=False)
    for name, route in routes.items():
        index.set_route(make_ref(name), route)
    return index


def test_a_child_is_read_again_when_its_parent_comes_changes_or_goes() -> None:
    index = LayerIndex(SCOPE, assume_accepted=False)
    assert publish(index.set_route(make_ref("child"), CHILD)) == {"child": []}
    assert publish(index.set_route(make_ref("root"), ROOT)) == {"child": ["a.talos00"]}
    wider = make_route("root", "PathPrefix(`/`)")
    assert publish(index.set_route(make_ref("root"), wider)) == {"child": ["a.talos00", "b.talos00"]}
    assert publish(index.set_route(make_ref("root"), None)) == {"child": []}


def test_a_child_that_comes_last_is_read_by_the_parents_that_are_there() -> None:
    index = make_index(root=ROOT)
    assert publish(index.set_route(make_ref("child"), CHILD)) == {"child": ["a.talos00"]}


def test_a_child_that_is_gone_is_read_no_more() -> None:
    index = make_index(root=ROOT, child=CHILD)
    assert index.set_route(make_ref("child"), None) == []
    assert index.set_route(make_ref("root"), ROOT) == []


def test_what_is_in_no_layer_concerns_none() -> None:
    index = make_index(child=CHILD)
    assert index.set_route(make_ref("root"), None) == []


def test_in_documents_a_parent_that_is_in_none_lets_everything_through() -> None:
    index = LayerIndex(SCOPE, assume_accepted=True)
    assert publish(index.set_route(make_ref("child"), CHILD)) == {"child": ["a.talos00", "b.talos00"]}
    assert publish(index.set_route(make_ref("root"), ROOT)) == {"child": ["a.talos00"]}
    two = make_route("child", HOSTS, "root", "nowhere")
    assert publish(index.set_route(make_ref("child"), two)) == {"child": ["a.talos00"]}, "one parent is known"


def test_a_change_reaches_the_layers_below_the_next() -> None:
    low = make_route("low", HOSTS, "middle")
    index = make_index(root=ROOT, middle=make_route("middle", "PathPrefix(`/x`)", "root"))
    assert publish(index.set_route(make_ref("low"), low)) == {"low": ["a.talos00"]}
    other = make_route("root", "Host(`b.talos00`)")
    assert publish(index.set_route(make_ref("root"), other)) == {"middle": [], "low": ["b.talos00"]}


def test_a_change_of_one_layer_reads_only_those_below_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    index = make_index(root=ROOT, child=CHILD)
    read: list[str] = []

    def note_name(manifest: dict[str, Any], scope: Scope, kind: Kind, parents: Parents) -> SourceObject:
        read.append(manifest["metadata"]["name"])
        return read_ingress_route(manifest, scope, kind, parents)

    monkeypatch.setattr(layers, "read_ingress_route", note_name)
    index.set_route(make_ref("beside"), make_route("beside", HOSTS, "root"))
    assert read == ["beside"]
    index.set_route(make_ref("root"), ROOT)
    assert read == ["beside", "child", "beside"]
