"""Which objects the operator's filters leave out, with which reason, and that nothing is kept of what they do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncer.core.kinds import INGRESS_ROUTE
from syncer.core.scope import Scope
from syncer.core.selection import check_selectors, describe_unread, leave_out, refuse_place, select_namespace
from syncer.core.selector import PartialLabels, SelectorError
from syncer.core.source import Ref, Skip, SkipCause, SourceObject, Trouble, Want
from syncer.core.sources import read_ingress, read_ingress_route
from syncer.core.tenancy import UNREAD_NAMESPACE
from tests.syncer.core.routes import (
    OURS,
    SCOPE,
    gateway,
    http_route,
    listener,
    listener_set,
    names,
    parent,
    read,
    reasons,
)
from tests.syncer.core.test_sources import ingress
from tests.syncer.core.test_sources import route as ingress_route

NAME = "grafana.talos00"
OPT_IN = replace(SCOPE, annotation_filter=f"{OURS}publish=true")


def filtered(**filters: Any) -> dict[str, str]:
    """Why the Ingress of grafana is left out, by name."""
    source = read_ingress(ingress(NAME, annotations={"team": "web"}), replace(SCOPE, **filters))
    assert not names(source)
    return reasons(source)


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"kinds": ("HTTPRoute",)}, "Ingress is not in SOURCES"),
        ({"namespaces": ("default",)}, "namespace monitoring is not in WATCH_NAMESPACE"),
        ({"ingress_classes": ("nginx",)}, "the object has no ingress class, which is not in INGRESS_CLASS"),
        ({"label_selector": "app=blog"}, "the object's labels do not match LABEL_SELECTOR"),
        ({"annotation_filter": "team notin (web)"}, "the object's annotations do not match ANNOTATION_FILTER"),
    ],
)
def test_each_filter_is_the_reason_of_what_it_leaves_out(filters: dict[str, Any], reason: str) -> None:
    assert filtered(**filters) == {NAME: reason}


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("team", True),
        ("team=web", True),
        ("team in (db, web)", True),
        ("team!=db,!owner", True),
        ("owner notin (anna)", True),
        ("team=db", False),
        ("!team", False),
        ("owner", False),
        ("app=grafana", False),  # a label is no annotation
    ],
)
def test_annotations_are_selected_as_labels_are(text: str, passes: bool) -> None:
    source = read_ingress(ingress(NAME, annotations={"team": "web"}), replace(SCOPE, annotation_filter=text))
    assert bool(names(source)) is passes


@pytest.mark.parametrize("value", ["true", True])
def test_an_opt_in_publishes_what_asks_for_it_and_nothing_else(value: object) -> None:
    """``True``: a document may have forgotten the quotes."""
    assert names(read_ingress(ingress(NAME, annotations={OURS + "publish": value}), OPT_IN)) == [NAME]
    assert names(read_ingress(ingress(NAME, annotations={OURS + "publish": "yes"}), OPT_IN)) == []
    assert names(read_ingress(ingress(NAME), OPT_IN)) == []


def test_a_publish_that_no_filter_reads_is_told_where_it_would_leave_the_object_out() -> None:
    off, on = ({OURS + "publish": value} for value in ("false", "true"))
    told = read_ingress(ingress(NAME, annotations=off), SCOPE)
    assert names(told) == [NAME]
    assert told.warnings == (
        f"annotation {OURS}publish leaves nothing out without ANNOTATION_FILTER={OURS}publish=true; {OURS}ignore does",
    )
    assert read_ingress(ingress(NAME, annotations=on), SCOPE).warnings == ()
    assert read_ingress(ingress(NAME, annotations=off), OPT_IN).warnings == ()


def test_what_the_object_says_itself_comes_before_the_filters() -> None:
    ignored = read_ingress(ingress(NAME, annotations={OURS + "ignore": "true"}), OPT_IN)
    assert reasons(ignored) == {NAME: f"the object is ignored by its annotation {OURS}ignore"}


def test_filters_of_the_object_hold_for_every_kind() -> None:
    route = read_ingress_route(ingress_route(f"Host(`{NAME}`)"), OPT_IN, INGRESS_ROUTE)
    http = read(http_route(NAME), gateway(listener()), scope=OPT_IN)
    reason = "the object's annotations do not match ANNOTATION_FILTER"
    assert reasons(route) == reasons(http) == {NAME: reason}


# Namespaces

SOURCE = SourceObject(
    Ref("Ingress", "apps", "grafana"),
    wants=(Want(NAME, ("192.168.1.54",)),),
    skipped=(
        Skip("a.talos00", "its Gateway is gone", SkipCause.TROUBLE),
        Skip("b.talos00", "reserved", SkipCause.POLICY),
        Skip("c.*", "a regular expression", SkipCause.PATTERN),
    ),
    troubles=(Trouble("a.talos00", "its Gateway is gone"), Trouble("d.talos00", "a rule of it cannot be read")),
)
SELECTING = Scope(zones=("talos00",), namespace_selector="team=web,kubernetes.io/metadata.name!=lab")


def test_a_namespace_that_is_not_selected_gives_nothing_and_keeps_nothing() -> None:
    left = select_namespace(SOURCE, {"team": "db"}, SELECTING)
    reason = "the labels of its Namespace do not match NAMESPACE_SELECTOR"
    assert reasons(left) == dict.fromkeys((NAME, "a.talos00", "b.talos00"), reason) | {"c.*": "a regular expression"}
    assert not left.wants
    assert {left.find_trouble(name, None) for name in (NAME, "a.talos00", "b.talos00", "d.talos00")} == {""}


def test_a_namespace_that_is_selected_changes_nothing() -> None:
    assert select_namespace(SOURCE, {"team": "web"}, SELECTING) is SOURCE


def test_a_namespace_that_has_not_been_read_gives_nothing_and_keeps_what_is_there() -> None:
    waiting = select_namespace(SOURCE, None, SELECTING)
    assert not waiting.wants
    assert waiting.find_trouble(NAME, None) == UNREAD_NAMESPACE


def test_a_namespace_in_no_document_is_selected_with_a_warning_unless_its_name_says_otherwise() -> None:
    apps, lab = (PartialLabels({"kubernetes.io/metadata.name": name}) for name in ("apps", "lab"))
    assumed = select_namespace(SOURCE, apps, SELECTING)
    assert assumed.wants == SOURCE.wants
    assert assumed.warnings == (
        "Namespace apps: it is in no document: NAMESPACE_SELECTOR asks for labels that were not checked",
    )
    assert not select_namespace(SOURCE, lab, SELECTING).wants


def test_a_name_that_is_none_stays_what_it_is() -> None:
    source = SourceObject(Ref("Ingress", "apps", "grafana"), skipped=(Skip("a", "excluded", SkipCause.INTENT),))
    assert leave_out(source, "a filter") == source


# Gateways


def test_a_gateway_that_is_not_named_gives_routes_nothing() -> None:
    scope = replace(SCOPE, gateways=("infra/inner",))
    source = read(http_route(NAME), gateway(listener()), scope=scope)
    assert reasons(source) == {NAME: "Gateway infra/edge is not in GATEWAY"}
    assert source.find_trouble(NAME, ("infra/edge/",)) == ""


def test_a_gateway_with_other_labels_gives_routes_nothing() -> None:
    inner, edge = ({**gateway(listener(), name=name)} for name in ("inner", "edge"))
    inner["metadata"]["labels"] = {"dns": "public"}
    scope = replace(SCOPE, gateway_selector="dns=public")
    both = http_route(NAME, parents=[parent(), parent("inner")])
    source = read(both, inner, edge, scope=scope)
    assert [(want.name, want.via) for want in source.wants] == [(NAME, ("infra/inner/",))]
    alone = read(http_route(NAME), inner, edge, scope=scope)
    assert reasons(alone) == {NAME: "Gateway infra/edge has labels that GATEWAY_SELECTOR does not select"}


def test_a_gateway_that_is_left_out_gives_no_address() -> None:
    inner = gateway(listener(), name="inner", addresses=[{"value": "10.0.0.2"}])
    edge = gateway(listener(), addresses=[{"value": "10.0.0.1"}])
    both = http_route(NAME, parents=[parent(), parent("inner")])
    scope = replace(SCOPE, addresses=(), auto=True, gateways=("infra/inner",))
    assert read(both, inner, edge, scope=scope).wants[0].values == ("10.0.0.2",)


def test_names_that_only_a_listener_gave_are_shown_with_the_filter_too() -> None:
    source = read(http_route(), gateway(listener(NAME)), scope=replace(SCOPE, gateways=("infra/inner",)))
    assert reasons(source) == {NAME: "Gateway infra/edge is not in GATEWAY"}
    assert source.find_trouble(NAME, ("infra/edge/",)) == ""


def test_a_gateway_that_is_gone_keeps_what_the_others_have_not_left_out() -> None:
    """The one that ``GATEWAY`` names is in trouble; the other one is no parent any more."""
    scope = replace(SCOPE, gateways=("infra/inner",))
    source = read(http_route(NAME, parents=[parent(), parent("inner")]), gateway(listener()), scope=scope)
    assert not source.wants
    assert source.find_trouble(NAME, ("infra/inner/",))
    assert source.find_trouble(NAME, ("infra/edge/",)) == ""


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"gateways": ("infra/inner",)}, "is not in GATEWAY"),
        ({"gateway_selector": "dns=public"}, "has labels that GATEWAY_SELECTOR does not select"),
    ],
)
def test_a_listener_set_goes_with_its_gateway(filters: dict[str, Any], reason: str) -> None:
    route = http_route(NAME, parents=[{"kind": "ListenerSet", "name": "team"}])
    edge, lists = gateway(admits={"from": "All"}), [listener_set(listener())]
    assert names(read(route, edge, sets=lists)) == [NAME]
    source = read(route, edge, sets=lists, scope=replace(SCOPE, **filters))
    assert reasons(source) == {NAME: f"ListenerSet apps/team has Gateway infra/edge, which {reason}"}
    assert source.find_trouble(NAME, ("ListenerSet/apps/team/",)) == ""


# What is not read at all


def test_what_is_not_read_from_a_cluster_is_said_by_kind_and_namespace() -> None:
    scope = replace(SCOPE, kinds=("Ingress",), namespaces=("web", "apps"))
    assert refuse_place("HTTPRoute", "web", scope) == "HTTPRoute is not in SOURCES"
    assert refuse_place("Ingress", "lab", scope) == "namespace lab is not in WATCH_NAMESPACE"
    assert refuse_place("Ingress", "web", scope) == ""
    kinds, places = describe_unread(scope)
    assert kinds.startswith("SOURCES leaves out IngressRoute, ")
    assert "Ingress," not in kinds
    assert places == "WATCH_NAMESPACE names web, apps: what objects elsewhere name is not known."
    assert list(describe_unread(SCOPE)) == []


@pytest.mark.parametrize("name", ["namespace_selector", "label_selector", "annotation_filter", "gateway_selector"])
def test_each_selector_is_looked_at_before_it_is_used(name: str) -> None:
    with pytest.raises(SelectorError):
        check_selectors(replace(SCOPE, **{name: "a in ("}))  # type: ignore[arg-type]
