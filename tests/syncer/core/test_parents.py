"""What a route's spec and status say of its parents: section and port are the spec's, acceptance is the status'."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.parents import Parent, ParentKey, read_parents
from tests.syncer.core.routes import condition, gateway, http_route, judged, listener, names, parent, read

EDGE = ParentKey("Gateway", "infra", "edge")
SET = ParentKey("ListenerSet", "infra", "edge")
SAID_NOTHING = "Gateway infra/edge has not accepted the route yet"


def parents_of(*parent_refs: Any, status: Any = None, assume_accepted: bool = False) -> tuple[Parent, ...]:
    manifest = http_route("a.talos00", parents=list(parent_refs), status=status)
    return read_parents(manifest, "apps", assume_accepted=assume_accepted)


def test_an_accepted_parent_has_neither_refusal_nor_warning() -> None:
    assert parents_of(parent()) == (Parent(EDGE),)


def test_section_and_port_are_those_of_the_spec() -> None:
    web = parent(sectionName="web", port=8080)
    assert parents_of(web) == (Parent(EDGE, "web", 8080),)
    old = [judged(parent(sectionName="old", port=80))]
    assert parents_of(web, status=old) == (Parent(EDGE, "web", 8080),), "until its controller has seen the new spec"


def test_a_route_that_moved_to_another_section_has_the_names_of_that_one_while_the_old_entry_is_there() -> None:
    edge = gateway(listener("a.talos00"), listener("b.talos00", name="other"))
    moved = http_route(parents=[parent(sectionName="other")], status=[judged(parent(sectionName="web"))])
    source = read(moved, edge)
    assert names(source) == ["b.talos00"]
    assert source.wants[0].via == ("infra/edge/other",)


def test_an_entry_speaks_for_its_own_section_where_the_spec_names_several() -> None:
    web, other = parent(sectionName="web"), parent(sectionName="other")
    refused = judged(other, status="False", reason="NoMatchingParent")
    first, second = parents_of(web, other, status=[judged(web), refused])
    assert (first.refusal, second.refusal) == ("", "Gateway infra/edge does not accept the route: NoMatchingParent")
    first, second = parents_of(web, other, status=[judged(web)])
    assert (first.silent, second.silent, second.refusal) == (False, True, SAID_NOTHING)


def test_entries_of_sections_speak_for_a_spec_that_names_none() -> None:
    status = [judged(parent(sectionName="web"), status="False"), judged(parent(sectionName="other"))]
    assert parents_of(parent(), status=status) == (Parent(EDGE),)


@pytest.mark.parametrize(
    "status",
    [
        [],
        [judged(parent("other"))],
        [judged({"name": "edge"})],
        [judged(parent(kind="ListenerSet"))],
        [{"parentRef": parent()}],
        [{"parentRef": parent(), "conditions": [condition("ResolvedRefs", "True")]}],
    ],
    ids=["nothing", "of another", "of another namespace", "of another kind", "no conditions", "another condition"],
)
def test_a_parent_of_which_the_status_says_nothing_is_silent(status: Any) -> None:
    (only,) = parents_of(parent(), status=status)
    assert (only.refusal, only.silent) == (SAID_NOTHING, True)


@pytest.mark.parametrize(("said", "reason"), [("False", "NotAllowedByListeners"), ("Unknown", "Pending")])
def test_a_parent_that_refuses_is_not_silent(said: str, reason: str) -> None:
    (only,) = parents_of(parent(), status=[judged(parent(), status=said, reason=reason)])
    assert (only.refusal, only.silent) == (f"Gateway infra/edge does not accept the route: {reason}", False)


def test_one_acceptance_among_several_controllers_is_enough() -> None:
    refused = judged(parent(), status="False")
    assert parents_of(parent(), status=[refused, judged(parent())]) == (Parent(EDGE),)


def test_an_acceptance_of_an_older_generation_counts_with_a_warning() -> None:
    (only,) = parents_of(parent(), status=[judged(parent(), observed=0)])
    assert only.refusal == ""
    assert only.warning == "Gateway infra/edge: the acceptance is of an older generation of the route"


def test_the_group_the_kind_and_the_namespace_of_a_parent_have_defaults() -> None:
    full = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "apps", "name": "edge"}
    assert parents_of({"name": "edge"}, status=[judged(full)]) == (Parent(ParentKey("Gateway", "apps", "edge")),)
    assert parents_of(full, status=[judged({"name": "edge"})]) == (Parent(ParentKey("Gateway", "apps", "edge")),)


def test_a_parent_that_is_no_gateway_gives_no_names_and_is_waited_for_by_nobody() -> None:
    service = {"group": "", "kind": "Service", "name": "grafana"}
    (only,) = parents_of(service, status=[])
    place = ParentKey("Service", "apps", "grafana")
    assert only == Parent(place, refusal="parents of kind Service are not read", is_read=False)


def test_a_listener_set_is_a_parent_of_its_own_beside_a_gateway_of_its_name() -> None:
    both = parent(), parent(kind="ListenerSet", sectionName="web")
    assert parents_of(*both) == (Parent(EDGE), Parent(SET, "web"))
    first, second = parents_of(*both, status=[judged(both[0])])
    assert (first.silent, second.refusal) == (False, "ListenerSet infra/edge has not accepted the route yet")


def test_the_older_listener_set_is_told_as_not_read_with_the_one_that_is() -> None:
    older = {"group": "gateway.networking.x-k8s.io", "kind": "XListenerSet", "name": "edge"}
    (only,) = parents_of(older)
    advice = "write group: gateway.networking.k8s.io, kind: ListenerSet"
    assert (only.is_read, only.refusal) == (False, f"parents of kind XListenerSet are not read: {advice}")


def test_equal_parents_are_one() -> None:
    assert parents_of(parent(), parent()) == (Parent(EDGE),)


def test_a_route_from_a_file_counts_as_accepted_while_nothing_is_said_of_it() -> None:
    (only,) = parents_of(parent(), status=[], assume_accepted=True)
    assert (only.refusal, only.silent) == ("", False)
    assert only.warning == ""
    first, second = parents_of(parent(), parent("new"), status=[judged(parent())], assume_accepted=True)
    assert (first.refusal, second.silent) == ("", True)


@pytest.mark.parametrize(
    ("parent_", "key"),
    [
        (Parent(EDGE), "infra/edge/"),
        (Parent(EDGE, "web"), "infra/edge/web"),
        (Parent(EDGE, port=80), "infra/edge/:80"),
        (Parent(EDGE, "web", 80), "infra/edge/web:80"),
        (Parent(SET), "ListenerSet/infra/edge/"),
        (Parent(SET, "web", 80), "ListenerSet/infra/edge/web:80"),
    ],
)
def test_a_parent_is_remembered_by_its_place_section_and_port(parent_: Parent, key: str) -> None:
    assert parent_.key == key
