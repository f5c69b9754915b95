"""What one object asks for: a manifest in, its SourceObject out. Bad content gives skips and warnings, no error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from sys import intern
from typing import Any, NamedTuple

from syncer.core.annotations import CLASS_ANNOTATION, Annotations, read_annotations, settle_values
from syncer.core.gateways import Attachment, Endpoint, Gateway, GatewayKey, Labels, Parent, read_parents
from syncer.core.kinds import HTTP_ROUTE, INGRESS, INGRESS_ROUTE_TCP, OLD_INGRESS_ROUTE, Kind
from syncer.core.loadbalancers import read_load_balancer
from syncer.core.manifest import as_list, as_mapping, as_text, clip_text, read_ref
from syncer.core.names import BadName, canonical, is_wildcard, misplaced_cname, zone_of
from syncer.core.rulelexer import RuleError
from syncer.core.rules import read_rule_names
from syncer.core.scope import Scope
from syncer.core.selector import match_labels, parse_selector
from syncer.core.source import Ref, Skip, SourceObject, Want

WARNING_LIMIT = 20
_WARNING_LENGTH = 400
_NAME_LENGTH = 253

OUTSIDE = "outside every managed zone"
EXCLUDED = "excluded by EXCLUDE_NAMES"
WILDCARD = "wildcard, and ALLOW_WILDCARDS is off"
NO_TLS = "HostSNI without spec.tls: Traefik refuses the router"


class Draft:
    """A SourceObject in the making. ``refusal`` is why none of the object's names is published, "" when they are."""

    __slots__ = ("_own_target", "_skipped", "_wants", "_warnings", "meta", "refusal", "scope")

    def __init__(self, meta: ObjectMeta, scope: Scope) -> None:
        self.meta = meta
        self.scope = scope
        self.refusal = meta.refusal
        self._own_target = meta.says.target
        self._wants: dict[str, Want] = {}
        self._skipped: dict[str, str] = {}
        self._warnings: dict[str, None] = dict.fromkeys(meta.says.warnings)

    def add_name(self, text: object, endpoints: Iterable[Endpoint] = ()) -> None:
        """Publish the name, or record why not. ``endpoints`` give the addresses where the object itself says none."""
        name = self.read_name(text)
        if not name or name in self._wants:
            return
        scope = self.scope
        zone = zone_of(name, scope.zones)
        if zone is None:
            self.skip_name(name, OUTSIDE)
        elif scope.exclude_names is not None and scope.exclude_names.search(name):
            self.skip_name(name, EXCLUDED)
        elif is_wildcard(name) and not scope.allow_wildcards:
            self.skip_name(name, WILDCARD)
        elif self.refusal:
            self.skip_name(name, self.refusal)
        else:
            values = self._own_target or self._find_values(zone, endpoints)
            if misplaced := misplaced_cname(name, values, scope.zones):
                self.skip_name(name, misplaced)
                return
            if "_" in name:
                self.add_warning(f"{clip_text(name)} has an underscore, which is not legal in a host name")
            self._wants[name] = Want(name, values)

    def read_name(self, text: object) -> str:
        """The name in its one spelling; "" when it is none, which is then recorded as skipped."""
        try:
            if isinstance(text, str):
                return canonical(text)
            self.skip_name(text, "not a text")
        except BadName as error:
            self.skip_name(text, str(error))
        return ""

    def _find_values(self, zone: str, endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
        static = self.scope.zone_addresses.get(zone) or self.scope.addresses
        answers = {endpoint.target or static or endpoint.addresses: None for endpoint in endpoints}
        if not answers:
            return static
        if len(answers) == 1:
            return next(iter(answers))
        settled = settle_values(tuple(value for values in answers for value in values))
        for warning in settled.warnings:
            self.add_warning(warning)
        return settled.values

    def skip_name(self, text: object, reason: str) -> None:
        self._skipped.setdefault(clip_text(text, _NAME_LENGTH), intern(reason))

    def add_warning(self, warning: str) -> None:
        self._warnings[clip_text(warning, _WARNING_LENGTH)] = None

    def read_objects(self, parent: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
        """The objects of a list."""
        for at, item in enumerate(self.read_list(parent, key)):
            if isinstance(item, dict):
                yield item
            else:
                self.add_warning(f"{key}[{at}] is no object")

    def read_list(self, parent: Mapping[str, Any], key: str) -> Iterable[Any]:
        value = parent.get(key)
        if value is not None and not isinstance(value, list):
            self.add_warning(f"{key} is no list")
        return as_list(value)

    def build_source(self) -> SourceObject:
        meta = self.meta
        if self.scope.namespaces and meta.ref.namespace not in self.scope.namespaces:
            return SourceObject(meta.ref)
        warnings = tuple(self._warnings)
        if len(warnings) > WARNING_LIMIT:
            warnings = (*warnings[:WARNING_LIMIT], f"and {len(warnings) - WARNING_LIMIT} more warnings")
        return SourceObject(
            ref=meta.ref,
            uid=meta.uid,
            created=meta.created,
            wants=tuple(self._wants.values()),
            skipped=tuple(Skip(name, reason) for name, reason in self._skipped.items() if name not in self._wants),
            warnings=warnings,
            ttl=meta.says.ttl,
            priority=meta.says.priority,
            notes=meta.says.notes,
        )


class ObjectMeta(NamedTuple):
    """What every kind of object has: who it is, and what its metadata says."""

    ref: Ref
    uid: str
    created: str
    says: Annotations
    refusal: str


def read_metadata(kind: Kind, manifest: Mapping[str, Any], scope: Scope) -> ObjectMeta:
    metadata = as_mapping(manifest.get("metadata"))
    says = read_annotations(as_mapping(metadata.get("annotations")), external_dns=scope.external_dns_annotations)
    refusal = says.refusal
    if not refusal and not match_labels(parse_selector(scope.label_selector), as_mapping(metadata.get("labels"))):
        refusal = "the object's labels do not match LABEL_SELECTOR"
    return ObjectMeta(
        read_ref(kind, manifest),
        as_text(metadata.get("uid")),
        as_text(metadata.get("creationTimestamp")),
        says,
        refusal,
    )


def read_ingress(manifest: Mapping[str, Any], scope: Scope) -> SourceObject:
    draft = Draft(read_metadata(INGRESS, manifest, scope), scope)
    spec = as_mapping(manifest.get("spec"))
    _check_class(draft, manifest, spec)
    endpoints = (Endpoint(addresses=_read_status(draft, manifest)),) if scope.auto else ()
    for rule in draft.read_objects(spec, "rules"):
        if host := rule.get("host"):
            draft.add_name(host, endpoints)
    if scope.ingress_tls_hosts:
        for tls in draft.read_objects(spec, "tls"):
            for host in draft.read_list(tls, "hosts"):
                draft.add_name(host, endpoints)
    for name in draft.meta.says.hostnames:
        draft.add_name(name, endpoints)
    return draft.build_source()


def _read_status(draft: Draft, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    settled = settle_values(read_load_balancer(manifest))
    for warning in settled.warnings:
        draft.add_warning(f"status.loadBalancer: {warning}")
    return settled.values


def _check_class(draft: Draft, manifest: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    classes = draft.scope.ingress_classes
    if not classes or draft.refusal:
        return
    annotations = as_mapping(as_mapping(manifest.get("metadata")).get("annotations"))
    name = spec.get("ingressClassName")
    name = as_text(annotations.get(CLASS_ANNOTATION) if name is None else name)
    if name not in classes:
        what = f'ingress class "{clip_text(name)}"' if name else "the object has no ingress class, which"
        draft.refusal = f"{what} is not in INGRESS_CLASS"


def read_ingress_route(manifest: Mapping[str, Any], scope: Scope, kind: Kind) -> SourceObject:
    """IngressRoute and IngressRouteTCP, of both API groups."""
    draft = Draft(read_metadata(kind, manifest, scope), scope)
    spec = as_mapping(manifest.get("spec"))
    _check_class(draft, manifest, spec)
    tcp = kind.kind == INGRESS_ROUTE_TCP.kind
    for number, route in enumerate(draft.read_objects(spec, "routes"), 1):
        _read_rule(draft, route, number, kind, tcp=tcp, tls=isinstance(spec.get("tls"), dict))
    for name in draft.meta.says.hostnames:
        draft.add_name(name)
    return draft.build_source()


def _read_rule(draft: Draft, route: Mapping[str, Any], number: int, kind: Kind, *, tcp: bool, tls: bool) -> None:
    if (what := route.get("kind")) not in (None, "", "Rule"):
        draft.add_warning(f'route {number} is of kind "{clip_text(what)}", not Rule: passed over')
        return
    rule = as_text(route.get("match"))
    if not rule.strip():
        draft.add_warning(f"route {number} has no match rule")
        return
    try:
        read = read_rule_names(
            rule,
            tcp=tcp,
            syntax=draft.scope.rule_syntax,
            declared=as_text(route.get("syntax")),
            v2_only=kind.group == OLD_INGRESS_ROUTE.group,
        )
    except RuleError as error:
        draft.skip_name(rule, "the rule cannot be read")
        draft.add_warning(f"route {number}, rule {clip_text(rule)}: {error}")
        return
    for skip in read.skipped:
        draft.skip_name(skip.name, skip.reason)
    for warning in read.warnings:
        draft.add_warning(f"route {number}: {warning}")
    for name in read.names:
        if tcp and not tls:
            draft.skip_name(name, NO_TLS)
        else:
            draft.add_name(name)


class Route(NamedTuple):
    """The part of an HTTPRoute that does not depend on other objects."""

    meta: ObjectMeta
    hostnames: tuple[object, ...]
    parents: tuple[Parent, ...]
    warnings: tuple[str, ...]


def read_route(manifest: Mapping[str, Any], scope: Scope, *, assume_accepted: bool) -> Route:
    draft = Draft(read_metadata(HTTP_ROUTE, manifest, scope), scope)
    hostnames = tuple(draft.read_list(as_mapping(manifest.get("spec")), "hostnames")) or ("",)
    meta = draft.meta
    parents = read_parents(manifest, meta.ref.namespace, assume_accepted=assume_accepted)
    return Route(meta, hostnames + meta.says.hostnames, parents, draft.build_source().warnings)


def attach_route(
    route: Route, scope: Scope, gateways: Mapping[GatewayKey, Gateway], namespaces: Mapping[str, Labels]
) -> SourceObject:
    """The names of the route that its Gateways serve. ``namespaces`` has the labels of those that are known."""
    draft = Draft(route.meta, scope)
    attachment = Attachment(route.parents, route.meta.ref.namespace, gateways, namespaces)
    for warning in (*route.warnings, *attachment.warnings):
        draft.add_warning(warning)
    for hostname in route.hostnames:
        _serve_hostname(draft, attachment, hostname)
    return draft.build_source()


def _serve_hostname(draft: Draft, attachment: Attachment, hostname: object) -> None:
    name = "" if hostname == "" else draft.read_name(hostname)
    if hostname and not name:
        return
    served = attachment.serve_name(name)
    for found, gateways in served.names.items():
        if found:
            draft.add_name(found, [gateway.endpoint for gateway in gateways.values()])
    if not served.refusal:
        return
    if name:
        draft.skip_name(name, served.refusal)
    else:
        draft.add_warning(f"the route has no host names of its own and gets none: {served.refusal}")
