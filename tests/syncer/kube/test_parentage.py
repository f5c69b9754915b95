"""Which routes must be looked at anew when one of their parents, or what that depends on, is another."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.kinds import GATEWAY, HTTP_ROUTE, LISTENER_SET, Kind
from syncer.core.parents import ParentKey
from syncer.core.routes import read_route
from syncer.core.scope import Scope
from syncer.core.source import Ref
from syncer.kube.parentage import Parentage, make_key
from tests.syncer.core.routes import condition, gateway, http_route, listener, listener_set, names, parent

SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",))
EDGE, OTHER = ParentKey("Gateway", "infra", "edge"), ParentKey("Gateway", "infra", "other")
TEAM = ParentKey("ListenerSet", "apps", "team")
ON_SET = {"kind": "ListenerSet", "name": "team"}


class Family(Parentage):
    def __init__(self, **settings: Any) -> None:
        self.gone: set[str] = set()
        super().__init__(SCOPE, lambda _: {}, self.gone, **{"assume_accepted": False, **settings})

    def put_route(self, name: str, *parents: dict[str, Any]) -> Ref:
        ref = Ref(HTTP_ROUTE.kind, "apps", name, HTTP_ROUTE.group)
        manifest = http_route(f"{name}.talos00", parents=list(parents))
        manifest["metadata"]["name"] = name
        self.set_route(ref, read_route(manifest, SCOPE, HTTP_ROUTE, assume_accepted=False))
        return ref

    def put_parent(self, kind: Kind, manifest: dict[str, Any]) -> set[str]:
        """The names of the routes that it concerns."""
        metadata = manifest["metadata"]
        key = ParentKey(kind.kind, metadata["namespace"], metadata["name"])
        return {ref.name for ref in self.set_parent(key, self.read_parent(kind, manifest))}


EVERYBODY = gateway(listener(), admits={"from": "All"})
OWN = listener_set(listener())


@pytest.fixture
def family() -> Family:
    it = Family()
    it.put_route("on-gateway", parent())
    it.put_route("on-set", ON_SET)
    it.put_route("on-both", parent(), ON_SET)
    it.put_route("elsewhere", parent("other"))
    it.put_route("mesh", {"group": "", "kind": "Service", "name": "team"})
    return it


def test_a_gateway_concerns_its_routes_and_those_of_its_listener_sets(family: Family) -> None:
    assert family.put_parent(GATEWAY, EVERYBODY) == {"on-gateway", "on-both"}
    assert family.put_parent(LISTENER_SET, OWN) == {"on-set", "on-both"}
    assert family.put_parent(GATEWAY, gateway(listener())) == {"on-gateway", "on-set", "on-both"}
    assert {ref.name for ref in family.set_parent(EDGE, None)} == {"on-gateway", "on-set", "on-both"}
    assert {ref.name for ref in family.set_parent(TEAM, None)} == {"on-set", "on-both"}
    assert family.set_parent(OTHER, None) == set()


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (GATEWAY, EVERYBODY, {**EVERYBODY, "status": {"conditions": [condition("Programmed", "True")]}}),
        (LISTENER_SET, OWN, listener_set(listener(), attachedRoutes=7)),
    ],
)
def test_what_only_counts_in_a_status_concerns_nobody(
    family: Family, kind: Kind, before: dict[str, Any], after: dict[str, Any]
) -> None:
    family.put_parent(kind, before)
    assert family.put_parent(kind, after) == set()


def test_a_route_without_a_parent_that_it_had_does_not_depend_on_it_any_more(family: Family) -> None:
    family.put_route("on-both", parent())
    assert family.find_kinds_on_sets() == {"HTTPRoute"}
    family.set_route(Ref(HTTP_ROUTE.kind, "apps", "on-set", HTTP_ROUTE.group), None)
    assert family.find_kinds_on_sets() == set()
    assert family.put_parent(LISTENER_SET, OWN) == set()


def test_what_is_in_a_namespace_concerns_the_routes_that_depend_on_it(family: Family) -> None:
    family.put_parent(GATEWAY, EVERYBODY)
    family.put_parent(LISTENER_SET, OWN)
    assert {ref.name for ref in family.list_dependents("infra")} == {"on-gateway", "on-set", "on-both", "elsewhere"}
    assert {ref.name for ref in family.list_dependents("apps")} == {"on-set", "on-both"}
    assert {ref.name for ref in family.list_labelled("apps")} == {"on-set", "on-both"}
    assert family.list_labelled("infra") == set()


def test_what_is_in_a_namespace_that_goes_is_not_there(family: Family) -> None:
    family.put_parent(GATEWAY, EVERYBODY)
    family.put_parent(LISTENER_SET, OWN)
    ref = Ref(HTTP_ROUTE.kind, "apps", "on-set", HTTP_ROUTE.group)
    assert names(family.attach_route(ref)) == ["on-set.talos00"]
    family.gone.add("infra")
    (skip,) = family.attach_route(ref).skipped
    assert skip.reason == "ListenerSet apps/team has Gateway infra/edge, which is not there"


def test_labels_are_asked_for_by_listeners_and_by_who_takes_listener_sets(family: Family) -> None:
    by_label = {"from": "Selector", "selector": {"matchLabels": {"team": "web"}}}
    family.put_parent(GATEWAY, EVERYBODY)
    assert not family.asks_for_labels()
    family.put_parent(LISTENER_SET, listener_set(listener(allowedRoutes={"namespaces": by_label})))
    assert family.asks_for_labels()
    family.put_parent(LISTENER_SET, OWN)
    family.put_parent(GATEWAY, gateway(listener(), admits=by_label))
    assert family.asks_for_labels()


def test_the_parents_are_listed_by_kind(family: Family) -> None:
    family.put_parent(GATEWAY, EVERYBODY)
    family.put_parent(LISTENER_SET, OWN)
    assert [make_key(ref) for kind in (GATEWAY, LISTENER_SET) for ref in family.list_parents(kind)] == [EDGE, TEAM]


@pytest.mark.parametrize(("kind", "manifest"), [(GATEWAY, EVERYBODY), (LISTENER_SET, OWN)])
def test_one_that_is_being_deleted_is_gone_where_it_can_be_told(kind: Kind, manifest: dict[str, Any]) -> None:
    leaving = {**manifest, "metadata": {**manifest["metadata"], "deletionTimestamp": "2026-02-01T00:00:00Z"}}
    assert Family().read_parent(kind, leaving) is None
    in_documents = Family(assume_accepted=True).read_parent(kind, leaving)
    assert in_documents is not None
    assert in_documents.refusal == "is being deleted"
