"""Trouble between the object and us is no wish of the user (product: section 3): what it published is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from syncer.core.claims import ClaimRules, Decision, EntrySpec, History, Mention, Mode
from syncer.core.kinds import INGRESS_ROUTE, INGRESS_ROUTE_TCP
from syncer.core.known import Loser
from syncer.core.scope import Scope
from syncer.core.settling import settle_name
from syncer.core.source import LOW, Ref, Skip, SkipCause, SourceObject, Trouble, Want
from syncer.core.sources import read_ingress_route
from tests.syncer.core.cast import MARCH, Objects, written
from tests.syncer.core.routes import (
    AUTO,
    OURS,
    SCOPE,
    condition,
    gateway,
    http_route,
    judged,
    listener,
    parent,
    read,
    report,
)

NAME, ORIGIN = "a.talos00", "HTTPRoute/apps/grafana"
DAY = 86_400.0
EDGE = gateway(listener())
Manifest = dict[str, Any]


class Published(NamedTuple):
    """What an object published at a name, and by which parents."""

    name: str
    decision: Decision
    via: tuple[str, ...]

    def now(
        self,
        *sources: SourceObject,
        entries: tuple[EntrySpec, ...] = (),
        scope: Scope = SCOPE,
        grace: float = DAY,
        seconds: float = 0.0,
        outdated: str = "",
        taken_back: bool = False,
    ) -> Decision:
        """What the name shall hold while the objects are such; ``seconds`` of trouble have been counted."""
        mention = Mention("2026-01-01", self.via, seconds, outdated, taken_back)
        history = written(self.decision, {self.decision.origin: mention} if self.decision.origin else {})
        return self.settle(history, *sources, entries=entries, scope=scope, grace=grace)

    def settle(
        self,
        history: History,
        *sources: SourceObject,
        entries: tuple[EntrySpec, ...] = (),
        scope: Scope = SCOPE,
        grace: float = DAY,
    ) -> Decision:
        rules = ClaimRules(scope.zones, scope.ttl, grace=grace, refuse_name=scope.refuse_name)
        return settle_name(self.name, Objects(*sources), entries, rules, history)

    def kept_by(self, source: SourceObject, **more: Any) -> str:
        """The reason for which it is kept as it was; "" where it goes."""
        decision = self.now(source, **more)
        if not decision.rrsets:
            assert not decision.kept
            return ""
        assert decision.rrsets == self.decision.rrsets
        assert (decision.origin, decision.claimants) == (self.decision.origin, self.decision.claimants)
        (reason,) = set(decision.kept.values())
        return reason


def publish(source: SourceObject, name: str = NAME) -> Published:
    want = source.want(name)
    assert want is not None
    rules = ClaimRules(SCOPE.zones, SCOPE.ttl, grace=DAY)
    return Published(name, settle_name(name, Objects(source), [], rules), want.via)


def publish_route(*gateways: Manifest, name: str = NAME, scope: Scope = SCOPE, **route: Any) -> Published:
    return publish(read(http_route(*route.pop("hostnames", [name]), **route), *(gateways or [EDGE]), scope=scope), name)


# What is trouble

WEB = parent(sectionName="web")
BY_TEAM = {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "web"}}}}

TROUBLES: dict[str, tuple[dict[str, Any], list[Manifest], str]] = {
    "the Gateway is gone": ({}, [], "Gateway infra/edge is not there"),
    "it is not accepted": (
        {},
        [gateway(listener(), conditions=[condition("Accepted", "False", "Invalid")])],
        "Gateway infra/edge is not accepted: Invalid",
    ),
    "it reports the listener as not accepted": (
        {},
        [gateway(listener(), listeners=[report("web", condition("Accepted", "False", "PortUnavailable"))])],
        'listener "web" of Gateway infra/edge is not accepted: PortUnavailable',
    ),
    "it reports the listener as conflicted": (
        {},
        [gateway(listener(), listeners=[report("web", condition("Conflicted", "True", "HostnameConflict"))])],
        'listener "web" of Gateway infra/edge is in conflict: HostnameConflict',
    ),
    "it has lost the listener": (
        {"parents": [WEB]},
        [gateway(listener(name="other"))],
        'Gateway infra/edge has no listener "web"',
    ),
    "it has lost all listeners": ({}, [gateway()], "Gateway infra/edge has no listener at all"),
    "the listener changed its host name": (
        {},
        [gateway(listener("b.talos00"))],
        "no listener of Gateway infra/edge has this host name",
    ),
    "it no longer admits the namespace": (
        {},
        [gateway(listener(allowedRoutes={"namespaces": {"from": "Same"}}))],
        "Gateway infra/edge does not allow HTTPRoutes from namespace apps on that listener",
    ),
    "the status is empty": ({"status": []}, [EDGE], "Gateway infra/edge has not accepted the route yet"),
    "the status is not accepted": (
        {"status": [judged(parent(), status="False", reason="NotAllowedByListeners")]},
        [EDGE],
        "Gateway infra/edge does not accept the route: NotAllowedByListeners",
    ),
    "the status is silent about the parent": (
        {"status": [judged(parent("other"))]},
        [EDGE],
        "Gateway infra/edge has not accepted the route yet",
    ),
}


@pytest.mark.parametrize(("route", "gateways", "reason"), TROUBLES.values(), ids=TROUBLES.keys())
def test_what_a_trouble_hides_is_kept_as_it_was_with_the_reason(
    route: dict[str, Any], gateways: list[Manifest], reason: str
) -> None:
    published = publish_route(parents=route.get("parents"), annotations={OURS + "ttl": "60"})
    assert published.kept_by(read(http_route(NAME, **route), *gateways)) == reason
    assert published.decision.rrsets[0].ttl == 60, "and the annotation is gone"


@pytest.mark.parametrize(("route", "gateways", "reason"), TROUBLES.values(), ids=TROUBLES.keys())
def test_a_name_that_never_was_published_is_simply_not(
    route: dict[str, Any], gateways: list[Manifest], reason: str
) -> None:
    source = read(http_route(NAME, **route), *gateways)
    assert Skip(NAME, reason, SkipCause.TROUBLE) in source.skipped
    assert Published(NAME, Decision(NAME), ()).now(source).rrsets == ()


def test_the_labels_of_its_namespace_are_no_wish_of_the_route_either() -> None:
    edge = gateway(listener(allowedRoutes=BY_TEAM))
    published = publish_route(edge)
    unlabelled = read(http_route(NAME), edge, namespaces={"apps": {}})
    assert "does not allow HTTPRoutes from namespace apps" in published.kept_by(unlabelled)
    unknown = read(http_route(NAME), edge, namespaces={})
    assert "labels of namespace apps, which are not known" in published.kept_by(unknown)


@pytest.mark.parametrize(("route", "gateways", "reason"), TROUBLES.values(), ids=TROUBLES.keys())
def test_names_that_a_route_got_from_its_listeners_are_kept_too(
    route: dict[str, Any], gateways: list[Manifest], reason: str
) -> None:
    narrow, parents = gateway(listener(NAME)), route.get("parents")
    for hostnames in ([], ["*.talos00"]):
        published = publish_route(narrow, hostnames=hostnames, parents=parents)
        assert published.kept_by(read(http_route(*hostnames, **route), *gateways))


def test_a_listener_that_gives_another_name_than_before_is_trouble_for_the_old_one_alone() -> None:
    for hostnames in ([], ["*.talos00"]):
        published = publish_route(gateway(listener(NAME)), hostnames=hostnames)
        source = read(http_route(*hostnames), gateway(listener("b.talos00")))
        assert source.want("b.talos00")
        assert published.kept_by(source) == "no listener of its parents gives this name any more"


def ingress_route(*rules: str, annotations: Any = None, tcp: bool = False, scope: Scope = SCOPE) -> SourceObject:
    manifest = {
        "metadata": {"namespace": "apps", "name": "grafana", "annotations": annotations},
        "spec": {"routes": [{"kind": "Rule", "match": rule} for rule in rules], "tls": {}},
    }
    return read_ingress_route(manifest, scope, INGRESS_ROUTE_TCP if tcp else INGRESS_ROUTE)


def test_a_rule_that_can_no_longer_be_read_keeps_every_name_that_no_readable_part_names() -> None:
    both = ingress_route("Host(`a.talos00`)", "Host(`b.talos00`)")
    a, b = publish(both, "a.talos00"), publish(both, "b.talos00")
    broken = ingress_route("Host(`a.talos00`", "Host(`b.talos00`)", annotations={OURS + "target": "10.0.0.9"})
    assert a.kept_by(broken) == "the rule cannot be read"
    assert b.now(broken).rrsets[0].values == ("10.0.0.9",)
    assert b.now(broken).kept == {}
    negated = ingress_route("Host(`a.talos00`", "!Host(`b.talos00`)")
    assert (a.kept_by(negated), b.kept_by(negated)) == ("the rule cannot be read", "")


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_rule_that_is_blank_now_cannot_be_read_either(blank: Any) -> None:
    published = publish(ingress_route("Host(`a.talos00`)"))
    assert published.kept_by(ingress_route(blank)) == "the rule cannot be read"
    assert published.kept_by(ingress_route()) == ""


def test_so_it_is_with_a_rule_for_tcp() -> None:
    published = publish(ingress_route("HostSNI(`a.talos00`)", tcp=True))
    assert published.kept_by(ingress_route("HostSNI(`a.talos00`", tcp=True)) == "the rule cannot be read"
    assert published.kept_by(ingress_route("HostSNI(`b.talos00`)", tcp=True)) == ""


# What is a wish

GONE: list[Manifest] = []
"""No Gateway: trouble enough for every name that nothing takes back."""


def test_at_once_goes_what_goes_with_its_object() -> None:
    decision = publish_route().now()
    assert (decision.rrsets, decision.origin) == ((), ORIGIN)


def test_at_once_goes_a_host_that_the_spec_drops() -> None:
    assert publish_route().kept_by(read(http_route("b.talos00"), *GONE)) == ""
    route = publish(ingress_route("Host(`a.talos00`)"))
    assert route.kept_by(ingress_route("Host(`b.talos00`)")) == ""


@pytest.mark.parametrize(
    "parents",
    [
        [],
        [parent("other")],
        [{"group": "", "kind": "Service", "name": "grafana"}],
        [{"group": "", "kind": "Service", "name": "edge", "namespace": "infra"}],
    ],
    ids=["none is left", "another Gateway", "a Service", "a Service of its name"],
)
@pytest.mark.parametrize("hostnames", [[NAME], ["*.talos00"], []], ids=["named", "narrowed", "from the listener"])
def test_at_once_goes_what_was_published_by_a_parent_that_the_spec_drops(
    parents: list[Any], hostnames: list[str]
) -> None:
    published = publish_route(gateway(listener(NAME)), hostnames=hostnames)
    refusing = gateway(listener("c.talos00"), name="other")
    assert published.kept_by(read(http_route(*hostnames, parents=parents), gateway(listener(NAME)), refusing)) == ""


def test_what_one_parent_published_goes_with_it_and_what_the_other_did_is_kept() -> None:
    edge, other = gateway(listener(NAME)), gateway(listener("b.talos00"), name="other")
    source = read(http_route(parents=[parent(), parent("other")]), edge, other)
    a, b = publish(source, NAME), publish(source, "b.talos00")
    left = read(http_route(parents=[parent("other")]), edge)
    assert a.kept_by(left) == ""
    assert b.kept_by(left) == "Gateway infra/other is not there"


def test_by_which_parent_it_was_published_may_not_be_known() -> None:
    """The row is older than the column, or the database was lost."""
    published = publish_route()._replace(via=())
    assert published.kept_by(read(http_route(NAME, parents=[parent("other")]), *GONE))


@pytest.mark.parametrize(
    "annotations",
    [{OURS + "ignore": "true"}, {OURS + "exclude": NAME}, {OURS + "exclude": "B.talos00, A.talos00."}],
    ids=["ignored", "excluded", "excluded among others, as people write it"],
)
@pytest.mark.parametrize("hostnames", [[NAME], ["*.talos00"], []], ids=["named", "narrowed", "from the listener"])
def test_at_once_goes_what_the_object_ignores_or_excludes(annotations: Any, hostnames: list[str]) -> None:
    published = publish_route(gateway(listener(NAME)), hostnames=hostnames)
    assert published.kept_by(read(http_route(*hostnames), *GONE))
    assert published.kept_by(read(http_route(*hostnames, annotations=annotations), *GONE)) == ""
    route = publish(ingress_route("Host(`a.talos00`)"))
    assert route.kept_by(ingress_route("Host(`a.talos00`", annotations=annotations)) == ""


@pytest.mark.parametrize(
    "filters",
    [
        {"exclude_names": re.compile("^a")},
        {"label_selector": "app=grafana"},
        {"namespaces": ("default",)},
        {"zones": ("home.lab",)},
        {"kinds": ("Ingress",)},
        {"annotation_filter": "dns=public"},
        {"gateways": ("infra/inner",)},
    ],
    ids=["EXCLUDE_NAMES", "LABEL_SELECTOR", "WATCH_NAMESPACE", "DNS_ZONES", "SOURCES", "ANNOTATION_FILTER", "GATEWAY"],
)
@pytest.mark.parametrize("hostnames", [[NAME], ["*.talos00"], []], ids=["named", "narrowed", "from the listener"])
def test_at_once_goes_what_a_filter_leaves_out(filters: dict[str, Any], hostnames: list[str]) -> None:
    published = publish_route(gateway(listener(NAME)), hostnames=hostnames)
    scope = replace(SCOPE, **filters)
    assert published.kept_by(read(http_route(*hostnames), *GONE, scope=scope), scope=scope) == ""


def test_at_once_goes_an_unreadable_route_of_a_class_that_is_not_ours() -> None:
    published = publish(ingress_route("Host(`a.talos00`)"))
    other_class = {"kubernetes.io/ingress.class": "nginx"}
    scope = replace(SCOPE, ingress_classes=("traefik",))
    broken = "Host(`a.talos00`"
    assert published.kept_by(ingress_route(broken, annotations=other_class, scope=scope), scope=scope) == ""
    assert published.kept_by(ingress_route(broken, annotations=other_class), scope=SCOPE)


def test_at_once_goes_a_wildcard_where_a_setting_turns_them_off() -> None:
    anything = gateway(listener("*.talos00"))
    published = publish_route(anything, name="*.talos00")
    off = replace(SCOPE, allow_wildcards=False)
    assert published.kept_by(read(http_route("*.talos00"), *GONE), scope=SCOPE)
    assert published.kept_by(read(http_route("*.talos00"), *GONE, scope=off), scope=off) == ""
    on = replace(SCOPE, listener_wildcards=True)
    unwritten = publish_route(anything, name="*.talos00", hostnames=[], scope=on)
    assert unwritten.kept_by(read(http_route(), *GONE, scope=on))
    assert unwritten.kept_by(read(http_route(), anything)) == ""


# For how long


def test_it_is_kept_until_its_time_is_over() -> None:
    published, hidden = publish_route(), read(http_route(NAME))
    assert published.kept_by(hidden, seconds=DAY - 1)
    assert published.kept_by(hidden, seconds=DAY) == ""
    assert published.kept_by(hidden, seconds=DAY, grace=2 * DAY)


def test_a_grace_of_nothing_keeps_nothing() -> None:
    assert publish_route().kept_by(read(http_route(NAME)), grace=0) == ""


def test_after_a_lost_database_the_marks_say_what_was_published_and_the_time_starts_anew() -> None:
    published, hidden = publish_route(), read(http_route(NAME))
    marked = [(ORIGIN, rrset) for rrset in published.decision.rrsets]
    decision = published.settle(History(marked=marked, mentions={}), hidden)
    assert decision.rrsets == published.decision.rrsets
    assert decision.kept == {"A": "Gateway infra/edge is not there"}
    assert published.settle(History(marked=[("HTTPRoute/apps/other", marked[0][1])]), hidden).rrsets == ()


def test_what_a_new_version_would_not_publish_any_more_is_kept_likewise() -> None:
    published = publish(ingress_route("Host(`a.talos00`)"))
    left_out = ingress_route("Host(`*`)")
    why = "the new version does not publish it"
    assert published.kept_by(left_out, outdated=why) == why
    assert published.kept_by(left_out, outdated=why, seconds=DAY) == ""
    assert published.now(ingress_route("Host(`a.talos00`)"), outdated=why).kept == {}


# Whom it does not hold back


def live(address: str = "10.0.0.9", **more: Any) -> SourceObject:
    ref = Ref("Ingress", "web", "blog", "networking.k8s.io")
    return SourceObject(ref, **{"created": MARCH, "wants": (Want(NAME, (address,)),), **more})


def test_any_live_claim_takes_the_name_of_a_kept_record() -> None:
    published, hidden = publish_route(annotations={OURS + "priority": "high"}), read(http_route(NAME))
    decision = published.now(hidden, live(priority=LOW))
    assert (decision.origin, decision.kept) == ("Ingress/web/blog", {})
    assert decision.losers == (Loser(ORIGIN, "Ingress/web/blog has the name: the other one is only kept"),)
    assert [takeover.loser for takeover in decision.takeovers] == [ORIGIN]
    entry = EntrySpec("7", NAME, "A", ("10.0.0.8",))
    assert published.now(hidden, entries=(entry,)).origin == entry.origin
    alias = published.now(hidden, live("edge.talos00"))
    assert [rrset.type for rrset in alias.rrsets] == ["CNAME"]


def test_a_block_takes_it_and_a_text_beside_it_does_not() -> None:
    published, hidden = publish_route(), read(http_route(NAME))
    blocked = published.now(hidden, entries=(EntrySpec("7", NAME, "", (), mode=Mode.BLOCK),))
    assert (blocked.rrsets, blocked.losers) == ((), (Loser(ORIGIN, "blocked by CustomEntry//7"),))
    beside = published.now(hidden, entries=(EntrySpec("7", NAME, "TXT", ("hello",)),))
    assert [rrset.type for rrset in beside.rrsets] == ["A", "TXT"]
    assert beside.kept == {"A": "Gateway infra/edge is not there"}


def test_a_live_claim_that_lost_its_address_takes_nothing() -> None:
    decision = publish_route().now(read(http_route(NAME)), live(wants=(Want(NAME, ()),)))
    assert (decision.origin, decision.kept) == (ORIGIN, {"A": "Gateway infra/edge is not there"})
    assert decision.losers == (Loser("Ingress/web/blog", "no address yet"),)


def test_a_live_claim_of_the_same_values_holds_the_name_with_it_and_counts_its_own_ttl() -> None:
    published = publish_route(annotations={OURS + "ttl": "60"})
    (address,) = published.decision.rrsets[0].values
    decision = published.now(read(http_route(NAME)), live(address, ttl=120))
    assert (decision.claimants, decision.kept) == (("Ingress/web/blog", ORIGIN), {})
    assert decision.rrsets[0].ttl == 120


def test_a_successor_of_another_kind_takes_over_without_a_word_and_with_its_own_ttl() -> None:
    published = publish_route(annotations={OURS + "ttl": "60"})
    (address,) = published.decision.rrsets[0].values
    ref = Ref("Ingress", "apps", "grafana", "networking.k8s.io")
    heir = SourceObject(ref, created=MARCH, wants=(Want(NAME, (address,)),))
    decision = published.now(read(http_route(NAME)), heir)
    assert (decision.origin, decision.takeovers, decision.losers) == ("Ingress/apps/grafana", (), ())
    assert (published.decision.rrsets[0].ttl, decision.rrsets[0].ttl) == (60, 300)
    assert published.now(heir).origin == "Ingress/apps/grafana"


def test_another_parent_that_still_serves_the_name_decides_its_addresses_alone() -> None:
    inner = gateway(listener(), name="inner", addresses=[{"value": "10.0.0.2"}])
    outer = gateway(listener(), name="outer", addresses=[{"value": "10.0.0.1"}])
    route = http_route(NAME, parents=[parent("inner"), parent("outer")])
    published = publish(read(route, inner, outer, scope=AUTO))
    assert published.decision.rrsets[0].values == ("10.0.0.1", "10.0.0.2")
    decision = published.now(read(route, outer, scope=AUTO))
    assert (decision.rrsets[0].values, decision.kept) == (("10.0.0.1",), {})


# Routes that move


def test_a_route_that_moves_to_a_gateway_that_says_nothing_yet_is_kept_until_it_does() -> None:
    for hostnames in ([NAME], ["*.talos00"], []):
        published = publish_route(gateway(listener(NAME)), hostnames=hostnames)
        new = gateway(listener(NAME), name="new")
        for status in ([], [judged(parent())]):
            silent = http_route(*hostnames, parents=[parent("new")], status=status)
            assert "has not accepted the route yet" in published.kept_by(read(silent, new))
        accepted = http_route(*hostnames, parents=[parent("new")])
        assert published.now(read(accepted, new)).kept == {}
        assert published.now(read(accepted, new)).rrsets == published.decision.rrsets
        refused = http_route(*hostnames, parents=[parent("new")], status=[judged(parent("new"), status="False")])
        assert published.kept_by(read(refused, new)) == ""


def test_a_route_that_moves_to_another_section_has_its_names_from_there_at_once() -> None:
    edge = gateway(listener(NAME), listener(NAME, name="other"))
    published = publish_route(edge, parents=[WEB])
    moved = http_route(NAME, parents=[parent(sectionName="other")], status=[judged(WEB)])
    decision = published.now(read(moved, edge))
    assert (decision.rrsets, decision.kept) == (published.decision.rrsets, {})


def test_a_route_that_names_the_whole_gateway_instead_of_a_listener_drops_no_parent() -> None:
    for hostnames in ([NAME], ["*.talos00"], []):
        published = publish_route(gateway(listener(NAME)), hostnames=hostnames, parents=[WEB])
        assert published.kept_by(read(http_route(*hostnames), *GONE)) == "Gateway infra/edge is not there"
        other = http_route(*hostnames, parents=[parent("edge-2")])
        assert published.kept_by(read(other, *GONE)) == ""


def test_a_listener_that_gets_another_name_in_the_route_first_is_trouble() -> None:
    edge = gateway(listener(NAME))
    for hostnames in ([NAME], ["*.talos00"], []):
        published = publish_route(edge, hostnames=hostnames, parents=[WEB])
        renamed = http_route(*hostnames, parents=[parent(sectionName="https")], status=[judged(WEB)])
        assert published.kept_by(read(renamed, edge)) == 'Gateway infra/edge has no listener "https"'
        assert published.kept_by(read(renamed, *GONE)) == "Gateway infra/edge is not there"
        secure = parent(sectionName="https")
        refused = http_route(*hostnames, parents=[secure], status=[judged(secure, "False", reason="NoMatchingParent")])
        assert (
            published.kept_by(read(refused, edge)) == "Gateway infra/edge does not accept the route: NoMatchingParent"
        )
        served = published.now(read(renamed, gateway(listener(NAME, name="https"))))
        assert (served.rrsets, served.kept) == (published.decision.rrsets, {})


def test_what_the_object_took_back_before_is_kept_by_no_trouble_that_comes_after() -> None:
    """A syncer that was killed in between has not deleted it yet."""
    published = publish_route(gateway(listener(NAME)), hostnames=[], parents=[WEB])
    renamed = read(http_route(parents=[parent(sectionName="https")], status=[judged(WEB)]), gateway(listener(NAME)))
    assert published.kept_by(renamed)
    assert published.kept_by(renamed, taken_back=True) == ""


# One object


def hidden_source(*troubles: Trouble, **more: Any) -> SourceObject:
    return SourceObject(Ref("HTTPRoute", "apps", "grafana"), troubles=troubles, **more)


@pytest.mark.parametrize(
    ("pattern", "name", "concerned"),
    [
        ("", "a.talos00", True),
        ("a.talos00", "a.talos00", True),
        ("a.talos00", "b.talos00", False),
        ("*.talos00", "a.b.talos00", True),
        ("*.talos00", "*.talos00", True),
        ("*.talos00", "talos00", False),
    ],
)
def test_a_trouble_concerns_its_name_or_all_below_its_wildcard(pattern: str, name: str, concerned: bool) -> None:
    assert bool(hidden_source(Trouble(pattern, "why")).find_trouble(name, None)) is concerned


@pytest.mark.parametrize(
    ("parents", "waits", "via", "concerned"),
    [
        (("x",), False, ("x",), True),
        (("x", "y"), False, ("y", "z"), True),
        (("x",), False, ("y",), False),
        (("x",), True, ("y",), True),
        (("x",), False, None, True),
        (("x",), False, (), True),
        ((), False, ("y",), True),
    ],
)
def test_a_trouble_concerns_what_was_published_by_a_parent_of_now_or_by_one_that_is_not_known(
    parents: tuple[str, ...], waits: bool, via: tuple[str, ...] | None, concerned: bool
) -> None:
    source = hidden_source(Trouble("", "why", parents, waits))
    assert bool(source.find_trouble(NAME, via)) is concerned


SOURCES: Mapping[str, Callable[[Trouble], SourceObject]] = {
    "it wants the name": lambda trouble: hidden_source(trouble, wants=(Want(NAME, ("10.0.0.1",)),)),
    "it excludes it": lambda trouble: hidden_source(trouble, excluded=(NAME,)),
    "its intent": lambda trouble: hidden_source(trouble, skipped=(Skip(NAME, "no", SkipCause.INTENT),)),
    "a rule of ours": lambda trouble: hidden_source(trouble, skipped=(Skip(NAME, "no", SkipCause.RULE),)),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_no_trouble_hides_a_name_of_which_the_object_says_more(make: Callable[[Trouble], SourceObject]) -> None:
    assert make(Trouble("", "why")).find_trouble(NAME, None) == ""
    assert make(Trouble("", "why")).find_trouble("b.talos00", None) == "why"


def test_the_first_trouble_that_concerns_it_is_the_reason() -> None:
    source = hidden_source(
        Trouble("b.talos00", "first"),
        Trouble("*.talos00", "second"),
        Trouble("", "third"),
        skipped=(Skip(NAME, "second", SkipCause.TROUBLE),),
    )
    assert source.find_trouble(NAME, None) == "second"
