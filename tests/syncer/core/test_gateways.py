"""ListenerSets: which listeners they add to a Gateway, where that lets them, and what a route gets from them."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.kinds import GATEWAY_ROUTES, TCP_ROUTE, TLS_ROUTE
from syncer.core.source import SourceObject
from tests.syncer.core.routes import (
    AUTO,
    OURS,
    condition,
    gateway,
    http_route,
    listener,
    listener_set,
    names,
    parent,
    read,
    reasons,
    report,
    values,
)

TEAM = {"kind": "ListenerSet", "name": "team"}
ANYBODY = {"from": "All"}
WEB = listener("*.talos00")


def attach(
    item: dict[str, Any],
    *hostnames: str,
    admits: Any = ANYBODY,
    parents: Any = None,
    on: dict[str, Any] | None = None,
    **more: Any,
) -> SourceObject:
    """A route on the ListenerSet, of a Gateway that takes ListenerSets of the namespaces ``admits``."""
    route = http_route(*(hostnames or ("a.talos00",)), parents=[TEAM] if parents is None else parents)
    return read(route, gateway(admits=admits) if on is None else on, sets=[item], **more)


def test_a_route_on_a_listener_set_has_the_names_that_this_one_s_listeners_have_too() -> None:
    source = attach(listener_set(WEB), "a.talos00", "a.home.lab")
    assert names(source) == ["a.talos00"]
    assert reasons(source) == {"a.home.lab": "no listener of ListenerSet apps/team has this host name"}
    assert source.wants[0].via == ("ListenerSet/apps/team/",)
    assert names(attach(listener_set(listener("b.talos00")), "*.talos00")) == ["b.talos00"]


def test_a_route_without_host_names_takes_those_of_the_set() -> None:
    item = listener_set(listener("b.talos00"), listener("*.talos00", name="wild"))
    source = read(http_route(parents=[TEAM]), gateway(admits=ANYBODY), sets=[item])
    assert (names(source), list(reasons(source))) == (["b.talos00"], ["*.talos00"])


@pytest.mark.parametrize(
    ("parent_ref", "given"),
    [
        ({}, ["a.talos00", "b.talos00"]),
        ({"sectionName": "web"}, ["a.talos00"]),
        ({"port": 8080}, ["b.talos00"]),
        ({"sectionName": "web", "port": 8080}, []),
        ({"sectionName": "edge"}, []),
    ],
)
def test_section_and_port_are_those_of_the_set(parent_ref: dict[str, Any], given: list[str]) -> None:
    item = listener_set(listener("a.talos00"), listener("b.talos00", name="other", port=8080))
    edge = gateway(listener("*.talos00", name="edge"), admits=ANYBODY)
    source = attach(item, "a.talos00", "b.talos00", on=edge, parents=[{**TEAM, **parent_ref}])
    assert names(source) == given


def test_a_route_on_the_gateway_gets_nothing_from_its_sets_and_the_other_way_round() -> None:
    edge, item = gateway(listener("a.talos00"), admits=ANYBODY), listener_set(listener("b.talos00"))
    both = "a.talos00", "b.talos00"
    assert names(attach(item, *both, on=edge, parents=[parent()])) == ["a.talos00"]
    assert names(attach(item, *both, on=edge)) == ["b.talos00"]
    assert names(attach(item, *both, on=edge, parents=[parent(), TEAM])) == ["a.talos00", "b.talos00"]
    section = [parent(sectionName="team-web")]
    item = listener_set(listener("b.talos00", name="team-web"))
    assert reasons(attach(item, "b.talos00", on=edge, parents=section)) == {
        "b.talos00": 'Gateway infra/edge has no listener "team-web"'
    }


BY_TEAM = {"from": "Selector", "selector": {"matchLabels": {"team": "web"}}}
NOT_FROM = "does not allow ListenerSets from namespace {}"


@pytest.mark.parametrize(
    ("admits", "namespace", "refusal"),
    [
        (None, "infra", NOT_FROM),
        ({}, "infra", NOT_FROM),
        ({"from": "None"}, "infra", NOT_FROM),
        ({"from": "Same"}, "infra", ""),
        ({"from": "Same"}, "apps", NOT_FROM),
        ({"from": "All"}, "apps", ""),
        (BY_TEAM, "apps", ""),
        (BY_TEAM, "infra", NOT_FROM),
        ({"from": "Selector"}, "apps", "selects namespaces without a selector there, which admits none"),
        (BY_TEAM, "new", "selects by the labels of namespace new, which are not known"),
        ({"from": "Selector", "selector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}, "apps", NOT_FROM),
    ],
)
def test_a_gateway_says_whose_listener_sets_it_takes(admits: Any, namespace: str, refusal: str) -> None:
    item = listener_set(WEB, namespace=namespace)
    source = attach(item, admits=admits, parents=[{**TEAM, "namespace": namespace}])
    why = f"ListenerSet {namespace}/team has Gateway infra/edge, which {refusal.format(namespace)}"
    assert reasons(source) == ({"a.talos00": why} if refusal else {})
    assert names(source) == ([] if refusal else ["a.talos00"])


@pytest.mark.parametrize(
    ("allowed", "namespace", "refusal"),
    [
        (None, "apps", ""),
        (None, "infra", "does not allow HTTPRoutes from namespace infra on that listener"),
        ({"namespaces": {"from": "All"}}, "infra", ""),
        (
            {"namespaces": {"from": "All"}, "kinds": [{"kind": "GRPCRoute"}]},
            "infra",
            "takes no HTTPRoutes on that list",
        ),
    ],
)
def test_its_own_listeners_say_whose_routes_they_take(allowed: Any, namespace: str, refusal: str) -> None:
    route = http_route("a.talos00", parents=[{**TEAM, "namespace": "apps"}], namespace=namespace)
    source = read(route, gateway(admits=ANYBODY), sets=[listener_set(listener(allowedRoutes=allowed))])
    assert names(source) == ([] if refusal else ["a.talos00"])
    assert f"ListenerSet apps/team {refusal}" in "".join(["ListenerSet apps/team ", *reasons(source).values()])


@pytest.mark.parametrize("kind", GATEWAY_ROUTES, ids=str)
def test_every_kind_of_route_may_be_on_one(kind: Any) -> None:
    protocol = "UDP" if kind.kind == "UDPRoute" else "TLS" if kind in (TCP_ROUTE, TLS_ROUTE) else "HTTPS"
    route = http_route("a.talos00", parents=[TEAM], annotations={OURS + "hostname": "a.talos00"})
    item = listener_set(listener(protocol=protocol))
    assert names(read(route, gateway(admits=ANYBODY), sets=[item], kind=kind)) == ["a.talos00"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"accepted": "False"}, "ListenerSet apps/team is not accepted: NotAllowed"),
        ({"accepted": "Unknown"}, "ListenerSet apps/team has not been accepted yet"),
        ({"conditions": []}, "ListenerSet apps/team has not been accepted yet"),
        ({"conditions": [], "listeners": []}, "ListenerSet apps/team has not been accepted yet"),
        ({"listeners": []}, 'listener "web" of ListenerSet apps/team is not accepted: the status does not name it'),
        (
            {"listeners": [report("web", condition("Accepted", "False", "TooManyListeners"))]},
            'listener "web" of ListenerSet apps/team is not accepted: TooManyListeners',
        ),
        (
            {"listeners": [report("web", condition("Conflicted", "True", "ListenerConflict"))]},
            'listener "web" of ListenerSet apps/team is in conflict: ListenerConflict',
        ),
        ({"parent_ref": parent("other")}, "ListenerSet apps/team has Gateway infra/other, which is not there"),
        ({"parent_ref": {"name": "edge"}}, "ListenerSet apps/team has Gateway apps/edge, which is not there"),
        ({"parent_ref": parent(kind="Service")}, "ListenerSet apps/team has a parent that is no Gateway"),
        ({"parent_ref": parent(group="")}, "ListenerSet apps/team has a parent that is no Gateway"),
        ({"parent_ref": parent(kind="ListenerSet")}, "ListenerSet apps/team has a parent that is no Gateway"),
    ],
)
def test_what_speaks_against_the_set_or_its_listener_is_the_reason(changes: dict[str, Any], why: str) -> None:
    source = attach(listener_set(WEB, **changes))
    assert (names(source), reasons(source)) == ([], {"a.talos00": why})


@pytest.mark.parametrize("programmed", ["True", "False", "Unknown"])
def test_nothing_waits_until_it_is_programmed(programmed: str) -> None:
    conditions = [condition("Accepted", "True", "ListenersNotValid"), condition("Programmed", programmed)]
    reported = [report("web", condition("Accepted", "True"), condition("Programmed", programmed))]
    assert names(attach(listener_set(WEB, conditions=conditions, listeners=reported))) == ["a.talos00"]


def test_a_gateway_that_is_not_accepted_takes_its_sets_with_it() -> None:
    refused = gateway(admits=ANYBODY, conditions=[condition("Accepted", "False", "Invalid")])
    why = "ListenerSet apps/team has Gateway infra/edge, which is not accepted: Invalid"
    assert reasons(attach(listener_set(WEB), on=refused)) == {"a.talos00": why}


def test_one_of_which_nobody_has_said_anything_is_waited_for() -> None:
    (trouble,) = attach(listener_set(WEB, conditions=[])).troubles
    assert trouble.waits
    (trouble,) = attach(listener_set(WEB, accepted="False")).troubles
    assert not trouble.waits


def test_its_target_comes_after_the_route_s_and_before_its_gateway_s() -> None:
    targets = [{OURS + "target": f"10.0.0.{number}"} for number in (1, 2, 3)]
    item, bare = listener_set(WEB, annotations=targets[1]), listener_set(WEB)
    edge = gateway(admits=ANYBODY, annotations=targets[2])
    route = http_route("a.talos00", parents=[TEAM], annotations=targets[0])
    assert values(read(route, edge, sets=[item])) == {"a.talos00": ("10.0.0.1",)}
    assert values(attach(item, on=edge)) == {"a.talos00": ("10.0.0.2",)}
    assert values(attach(bare, on=edge)) == {"a.talos00": ("10.0.0.3",)}
    assert attach(item, on=edge).wants[0].own
    without = gateway(admits=ANYBODY, addresses=[{"value": "10.0.0.4"}])
    assert values(attach(bare, on=without, scope=AUTO)) == {"a.talos00": ("10.0.0.4",)}


def test_what_is_wrong_with_it_is_told_on_its_routes() -> None:
    item = listener_set(WEB, listener("a..b", name="bad"), annotations={OURS + "target": "300.1.1.1"})
    first, second = attach(item).warnings
    assert first.startswith(f'ListenerSet apps/team: annotation {OURS}target: "300.1.1.1"')
    assert second.startswith('ListenerSet apps/team: listener "bad" is not usable')


def test_in_a_file_one_without_any_status_counts_as_accepted() -> None:
    item = {**listener_set(WEB), "status": {}}
    assert names(attach(item, assume_accepted=True)) == ["a.talos00"]
    waiting = listener_set(WEB, accepted="Unknown", listeners=[])
    assert names(attach(waiting, assume_accepted=True)) == ["a.talos00"], "as the API server makes it"
    partial = listener_set(WEB, conditions=[], listeners=[report("other")])
    assert "has not been accepted yet" in reasons(attach(partial, assume_accepted=True))["a.talos00"]


def test_in_a_file_a_listener_that_equals_one_of_the_gateway_gives_way() -> None:
    item = {**listener_set(listener("a.talos00"), listener("b.talos00", name="own")), "status": {}}
    edge = gateway(listener("a.talos00", name="first"), admits=ANYBODY)
    source = attach(item, "a.talos00", "b.talos00", on=edge, assume_accepted=True)
    assert names(source) == ["b.talos00"]
    told = "Gateway infra/edge has a listener with its port, protocol and host name"
    assert reasons(source) == {"a.talos00": f'listener "web" of ListenerSet apps/team is in conflict: {told}'}
    for other in (listener("a.talos00", port=81), listener("a.talos00", protocol="HTTPS"), listener("*.talos00")):
        on = gateway(other, admits=ANYBODY)
        assert names(attach(item, "a.talos00", on=on, assume_accepted=True)) == ["a.talos00"]
