"""What an Ingress or a route of Traefik asks for: a manifest in, its SourceObject out. Bad content gives skips and
warnings, no error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from syncer.core.annotations import CLASS_ANNOTATION, INGRESS_HOSTS, settle_values
from syncer.core.drafts import Draft, choose_hosts, read_metadata
from syncer.core.gateways import Endpoint
from syncer.core.kinds import INGRESS, INGRESS_ROUTE, INGRESS_ROUTE_TCP, INGRESS_ROUTE_UDP, OLD_INGRESS_ROUTE, Kind
from syncer.core.layers import NO_PARENTS, Parents
from syncer.core.loadbalancers import read_load_balancer
from syncer.core.manifest import as_list, as_mapping, as_text, clip_text
from syncer.core.names import covers_name
from syncer.core.rulelexer import RuleError
from syncer.core.rules import REGEXP, read_rule_names
from syncer.core.scope import Scope
from syncer.core.selection import refuse_class
from syncer.core.source import SkipCause, SourceObject, Trouble

WEBSECURE = "websecure"
"""The entry point of Traefik that ends TLS, as its charts call it."""
UNREADABLE = "the rule cannot be read"
NOT_ADMITTED = "the rules of its parents let no request for it through"
PARENT_MISSING = "a parent IngressRoute is not there, or is none: it has no rule, or services"


def read_ingress(manifest: Mapping[str, Any], scope: Scope) -> SourceObject:
    draft = Draft(read_metadata(INGRESS, manifest, scope), scope)
    spec = as_mapping(manifest.get("spec"))
    _check_class(draft, manifest, spec)
    endpoints = (_read_status(draft, manifest),) if scope.auto else ()
    defined = [host for rule in draft.read_objects(spec, "rules") if (host := rule.get("host"))]
    if scope.ingress_tls_hosts:
        defined += (host for tls in draft.read_objects(spec, "tls") for host in draft.read_list(tls, "hosts"))
    hosts = choose_hosts(draft, INGRESS_HOSTS, defined)
    draft.ends_tls = partial(_is_covered, _list_covered(spec))
    for name in hosts.chosen:
        draft.add_name(name, endpoints)
    for name in hosts.left_out:
        draft.leave_out(name, hosts.reason)
    return draft.build_source()


def _list_covered(spec: Mapping[str, Any]) -> frozenset[str]:
    """The hosts that an Ingress has a certificate for; "" for any."""
    covered: set[str] = set()
    for item in as_list(spec.get("tls")):
        hosts = as_list(as_mapping(item).get("hosts"))
        covered.update(host.strip().lower().removesuffix(".") for host in hosts if isinstance(host, str))
        if not hosts:
            covered.add("")
    return frozenset(covered)


def _is_covered(covered: frozenset[str], name: str) -> bool:
    return not covered.isdisjoint(("", name, f"*.{name.partition('.')[2]}"))


def _read_status(draft: Draft, manifest: Mapping[str, Any]) -> Endpoint:
    settled = settle_values(read_load_balancer(manifest), draft.scope.targets)
    for warning in settled.warnings:
        draft.add_warning(f"status.loadBalancer: {warning}")
    return Endpoint(addresses=settled.values, refused=settled.refused)


def _check_class(draft: Draft, manifest: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    passes_target = draft.meta.passes_target
    if draft.refusal or (passes_target and not draft.scope.ingress_classes):
        return
    annotations = as_mapping(as_mapping(manifest.get("metadata")).get("annotations"))
    name = spec.get("ingressClassName")
    name = as_text(annotations.get(CLASS_ANNOTATION) if name is None else name)
    draft.refusal = refuse_class(name, draft.scope, passes_target=passes_target)


def read_ingress_route(
    manifest: Mapping[str, Any], scope: Scope, kind: Kind, parents: Parents = NO_PARENTS
) -> SourceObject:
    """IngressRoute, IngressRouteTCP and IngressRouteUDP, of both API groups. ``parents`` are what it gets its requests
    through. UDP has no rules: no host name is in what it carries."""
    draft = Draft(read_metadata(kind, manifest, scope), scope)
    spec = as_mapping(manifest.get("spec"))
    _check_class(draft, manifest, spec)
    tcp = kind.kind == INGRESS_ROUTE_TCP.kind
    if kind.kind == INGRESS_ROUTE.kind and (
        isinstance(spec.get("tls"), dict) or WEBSECURE in as_list(spec.get("entryPoints"))
    ):
        draft.ends_tls = lambda name: True
    routes = () if kind.kind == INGRESS_ROUTE_UDP.kind else draft.read_objects(spec, "routes")
    for number, route in enumerate(routes, 1):
        _read_rule(draft, route, number, kind, parents, tcp=tcp, tls=isinstance(spec.get("tls"), dict))
    for group, namespace, parent in parents.missing:
        who = f"{clip_text(namespace)}/{clip_text(parent)} ({group})"
        draft.add_warning(f"its parent IngressRoute {who} is not there, or is none: it has no rule, or services")
    for name in choose_hosts(draft, "", ()).chosen:
        draft.add_name(name)
    return draft.build_source()


def _read_rule(
    draft: Draft, route: Mapping[str, Any], number: int, kind: Kind, parents: Parents, *, tcp: bool, tls: bool
) -> None:
    if (what := route.get("kind")) not in (None, "", "Rule"):
        draft.add_warning(f'route {number} is of kind "{clip_text(what)}", not Rule: passed over')
        return
    rule = as_text(route.get("match"))
    if not rule.strip():
        draft.add_warning(f"route {number} has no match rule")
        draft.add_trouble(Trouble("", UNREADABLE))
        return
    read_names = partial(
        read_rule_names,
        tcp=tcp,
        tls=tls,
        syntax=draft.scope.rule_syntax,
        declared=as_text(route.get("syntax")),
        v2_only=kind.group == OLD_INGRESS_ROUTE.group,
        host_wildcards=draft.scope.host_wildcards,
    )
    try:
        read = read_names(rule)
        admitted = _admit_names(read.names, read_names(f"({rule}) && ({parents.rule})").names if parents.rule else ())
    except RuleError as error:
        draft.skip_name(rule, UNREADABLE, SkipCause.PATTERN)
        draft.add_trouble(Trouble("", UNREADABLE))
        draft.add_warning(f"route {number}, rule {clip_text(rule)}: {error}")
        return
    for skip in read.skipped:
        draft.skip_name(skip.name, skip.reason, SkipCause.PATTERN if skip.reason == REGEXP else SkipCause.RULE)
    for warning in read.warnings:
        draft.add_warning(f"route {number}: {warning}")
    if parents == NO_PARENTS:
        admitted = list(read.names)
    for name in admitted:
        draft.add_name(name)
    for name in read.names:
        if name in admitted:
            continue
        if parents.missing:
            draft.refuse_name(name, PARENT_MISSING)
            draft.add_trouble(Trouble(name, PARENT_MISSING))
        else:
            draft.skip_name(name, NOT_ADMITTED, SkipCause.INTENT)


def _admit_names(names: Sequence[str], both: Sequence[str]) -> list[str]:
    """Of the names of a rule those for which requests come through its parents: ``both`` is what the two have in
    common, which for a rule without hosts is what its parents publish themselves."""
    return [name for name in both if any(covers_name(own, name) for own in names)]
