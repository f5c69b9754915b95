"""Names of which a trouble hides the ListenerSet that gives them (product: section 3, "Trouble between")."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.kinds import GATEWAY, HTTP_ROUTE, LISTENER_SET, NAMESPACE
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, ZONE, Engine
from tests.syncer.zone.routes import GRACE, SHOP, gateway, is_kept, parent_ref, route, wait

BY_LABEL = {"from": "Selector", "selector": {"matchLabels": {"listeners": "true"}}}
ON_SET = {"kind": "ListenerSet", "namespace": "team", "name": "own"}
ACCEPTED = {"type": "Accepted", "status": "True", "reason": "Accepted"}


def said(kind: str, status: str, reason: str = "Said") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason}


def shared(namespaces: Any = BY_LABEL, **status: Any) -> dict[str, Any]:
    """A Gateway without listeners of its own."""
    spec = {"listeners": [], "allowedListeners": {"namespaces": namespaces}}
    return {"metadata": {"name": "edge", "namespace": "infra"}, "spec": spec, "status": status}


def listener_set(
    hostname: str = "", *, admits: str = "All", section: str = "web", gateway_name: str = "edge", **status: Any
) -> dict[str, Any]:
    listener = {
        "name": section,
        "port": 80,
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": admits}},
        **({"hostname": hostname} if hostname else {}),
    }
    named = [{"name": section, "conditions": [ACCEPTED]}]
    return {
        "metadata": {"name": "own", "namespace": "team"},
        "spec": {"parentRef": {"name": gateway_name, "namespace": "infra"}, "listeners": [listener]},
        "status": {"conditions": [ACCEPTED], "listeners": named, **status},
    }


def namespace(listeners: str = "true") -> dict[str, Any]:
    return {"metadata": {"name": "team", "labels": {"listeners": listeners}}}


@pytest.fixture
def team(build: Build, technitium: ServerUnderTest) -> Engine:
    """An HTTPRoute on a ListenerSet of another namespace, published."""
    engine = build(detached_grace=GRACE)
    engine.put_object(NAMESPACE, namespace())
    engine.put_object(GATEWAY, shared())
    engine.put_object(LISTENER_SET, listener_set())
    engine.put_object(HTTP_ROUTE, route(SHOP, parents=[ON_SET]))
    engine.settle()
    assert technitium.ask(SHOP) == [ADDRESS]
    return engine


HAS = "ListenerSet team/own has Gateway infra/edge, which "
TROUBLES: dict[str, tuple[Any, Any, str]] = {
    "it is gone": (LISTENER_SET, None, "ListenerSet team/own is not there"),
    "its Gateway is gone": (GATEWAY, None, f"{HAS}is not there"),
    "it has another Gateway": (
        LISTENER_SET,
        listener_set(gateway_name="other"),
        "ListenerSet team/own has Gateway infra/other, which is not there",
    ),
    "its Gateway is not accepted": (
        GATEWAY,
        shared(conditions=[said("Accepted", "False", "Invalid")]),
        f"{HAS}is not accepted: Invalid",
    ),
    "its Gateway admits nobody": (GATEWAY, shared(None), f"{HAS}does not allow ListenerSets from namespace team"),
    "its Gateway admits others": (
        GATEWAY,
        shared({"from": "Same"}),
        f"{HAS}does not allow ListenerSets from namespace team",
    ),
    "its namespace has lost the label": (
        NAMESPACE,
        namespace("false"),
        f"{HAS}does not allow ListenerSets from namespace team",
    ),
    "it is not accepted": (
        LISTENER_SET,
        listener_set(conditions=[said("Accepted", "False", "NotAllowed")]),
        "ListenerSet team/own is not accepted: NotAllowed",
    ),
    "nobody has judged it": (
        LISTENER_SET,
        listener_set(conditions=[], listeners=[]),
        "ListenerSet team/own has not been accepted yet",
    ),
    "its listener is not accepted": (
        LISTENER_SET,
        listener_set(listeners=[{"name": "web", "conditions": [said("Accepted", "False", "PortUnavailable")]}]),
        'listener "web" of ListenerSet team/own is not accepted: PortUnavailable',
    ),
    "its listener is in conflict": (
        LISTENER_SET,
        listener_set(listeners=[{"name": "web", "conditions": [said("Conflicted", "True", "HostnameConflict")]}]),
        'listener "web" of ListenerSet team/own is in conflict: HostnameConflict',
    ),
    "its status does not name the listener": (
        LISTENER_SET,
        listener_set(listeners=[{"name": "other", "conditions": [ACCEPTED]}]),
        'listener "web" of ListenerSet team/own is not accepted: the status does not name it',
    ),
    "the listener has another host name": (
        LISTENER_SET,
        listener_set(f"other.{ZONE}"),
        "no listener of ListenerSet team/own has this host name",
    ),
    "the listener takes routes of its own namespace": (
        LISTENER_SET,
        listener_set(admits="Same"),
        "ListenerSet team/own does not allow HTTPRoutes from namespace web on that listener",
    ),
    "the route is not accepted": (
        HTTP_ROUTE,
        route(SHOP, parents=[ON_SET], accepted="False"),
        "ListenerSet team/own does not accept the route: NotAllowed",
    ),
    "the status of the route is silent about it": (
        HTTP_ROUTE,
        route(SHOP, parents=[ON_SET], judged=[parent_ref()]),
        "ListenerSet team/own has not accepted the route yet",
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_a_trouble_hides_is_kept_with_its_reason_and_served_again(
    trouble: str, team: Engine, technitium: ServerUnderTest
) -> None:
    kind, manifest, reason = TROUBLES[trouble]
    places = {LISTENER_SET: ("team", "own"), GATEWAY: ("infra", "edge"), NAMESPACE: ("", "team")}
    before = team.objects[kind, *places.get(kind, ("web", "shop"))]
    if manifest is None:
        team.drop_object(kind, *places[kind])
    else:
        team.put_object(kind, manifest)
    team.settle()
    assert is_kept(team, technitium)
    assert team.reason("shop") == reason
    team.put_object(kind, before)
    team.settle()
    assert (team.state("shop"), team.reason("shop")) == ("synced", "")


def test_it_is_kept_for_its_time_only(team: Engine, technitium: ServerUnderTest) -> None:
    team.drop_object(LISTENER_SET, "team", "own")
    wait(team, GRACE / 2)
    assert is_kept(team, technitium)
    wait(team, GRACE)
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_a_listener_set_that_went_while_no_syncer_ran_is_trouble_too(team: Engine, technitium: ServerUnderTest) -> None:
    del team.objects[LISTENER_SET, "team", "own"]
    team.start()
    team.settle()
    assert is_kept(team, technitium)
    assert team.reason("shop") == "ListenerSet team/own is not there"


def test_its_namespace_may_go_and_the_route_of_another_one_stays(team: Engine, technitium: ServerUnderTest) -> None:
    leaving = {"metadata": {"name": "team", "deletionTimestamp": "2026-02-01T00:00:00Z"}}
    team.put_object(NAMESPACE, leaving)
    team.settle()
    assert is_kept(team, technitium)
    team.put_object(NAMESPACE, namespace())
    team.settle()
    assert team.state("shop") == "synced"


def test_at_once_goes_what_was_published_by_a_set_that_the_spec_drops(
    team: Engine, technitium: ServerUnderTest
) -> None:
    closed = {"kind": "ListenerSet", "namespace": "team", "name": "closed"}
    team.put_object(HTTP_ROUTE, route(SHOP, parents=[closed], accepted="False"))
    team.settle()
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_a_gateway_of_its_name_is_another_parent(team: Engine, technitium: ServerUnderTest) -> None:
    team.put_object(GATEWAY, {**gateway(admits="Same", name="own"), "metadata": {"name": "own", "namespace": "team"}})
    team.put_object(HTTP_ROUTE, route(SHOP, parents=[{**ON_SET, "kind": "Gateway"}], accepted="False"))
    team.settle()
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_a_route_that_moves_to_a_set_which_nobody_has_judged_stays_until_somebody_has(
    build: Build, technitium: ServerUnderTest
) -> None:
    engine = build(detached_grace=GRACE)
    engine.put_object(GATEWAY, gateway())
    engine.put_object(HTTP_ROUTE, route(SHOP))
    engine.settle()
    engine.put_object(LISTENER_SET, listener_set(conditions=[], listeners=[]))
    engine.put_object(GATEWAY, {**gateway(), "spec": {**gateway()["spec"], **shared({"from": "All"})["spec"]}})
    engine.put_object(HTTP_ROUTE, route(SHOP, parents=[ON_SET]))
    engine.settle()
    assert is_kept(engine, technitium)
    engine.put_object(LISTENER_SET, listener_set(conditions=[said("Accepted", "False", "NotAllowed")]))
    engine.settle(5)
    assert technitium.ask(SHOP) == "NXDOMAIN"
