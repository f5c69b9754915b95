"""What a route of the Gateway API asks for: its host names, as far as its parents serve them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from syncer.core.annotations import GATEWAY_HOSTS
from syncer.core.attachment import Attachment, Served, ServedBy
from syncer.core.drafts import Draft, Hosts, ObjectMeta, choose_hosts, read_metadata
from syncer.core.gateways import Gateway
from syncer.core.kinds import TCP_ROUTE, UDP_ROUTE, Kind
from syncer.core.listeners import Labels
from syncer.core.manifest import as_mapping
from syncer.core.names import is_wildcard
from syncer.core.parents import Parent, ParentKey, read_parents
from syncer.core.scope import Scope
from syncer.core.selection import filter_parents
from syncer.core.source import SourceObject, Trouble

LISTENER_WILDCARD = "wildcard of a listener, and LISTENER_WILDCARDS is off"
NO_LONGER_SERVED = "no listener of its parents gives this name any more"


class Route(NamedTuple):
    """The part of a route that does not depend on other objects."""

    meta: ObjectMeta
    hosts: Hosts
    parents: tuple[Parent, ...]
    warnings: tuple[str, ...]


def read_route(manifest: Mapping[str, Any], scope: Scope, kind: Kind, *, assume_accepted: bool) -> Route:
    """A TCPRoute and a UDPRoute have no host names but those of their annotation."""
    draft = Draft(read_metadata(kind, manifest, scope), scope)
    hostnames: tuple[object, ...] = ()
    if kind not in (TCP_ROUTE, UDP_ROUTE):
        hostnames = tuple(draft.read_list(as_mapping(manifest.get("spec")), "hostnames")) or ("",)
    hosts = choose_hosts(draft, GATEWAY_HOSTS, hostnames)
    parents = read_parents(manifest, draft.meta.ref.namespace, assume_accepted=assume_accepted)
    return Route(draft.meta, hosts, parents, draft.warnings)


def attach_route(
    route: Route, scope: Scope, gateways: Mapping[ParentKey, Gateway], namespaces: Mapping[str, Labels]
) -> SourceObject:
    """The names of the route that its Gateways and ListenerSets serve, which are ``gateways``. ``namespaces`` has the
    labels of those that are known."""
    draft = Draft(route.meta, scope)
    parents = filter_parents(route.parents, gateways, scope, passes_target=route.meta.passes_target)
    around = route.meta.ref, gateways, namespaces
    attachment = Attachment(parents, *around, listener_wildcards=scope.listener_wildcards)
    for warning in (*route.warnings, *attachment.warnings):
        draft.add_warning(warning)
    served = [(name, attachment.serve_name(name)) for name in _list_hostnames(draft, route.hosts.chosen)]
    servers: dict[str, ServedBy] = {}
    for _, answer in served:
        for name, server in answer.names.items():
            known = servers.setdefault(name, ServedBy.nothing())
            known.gateways.update(server.gateways)
            known.parents.update(server.parents)
            known.protocols.update(server.protocols)
    draft.ends_tls = lambda name: name in servers and "HTTPS" in servers[name].protocols
    for hostname, answer in served:
        for name in answer.names:
            if name:
                endpoints = [gateway.endpoint for gateway in servers[name].gateways.values()]
                draft.add_name(name, endpoints, servers[name].parents)
        _explain_hostname(draft, attachment, hostname, answer)
    for name in _list_hostnames(draft, route.hosts.left_out):
        if name:
            draft.leave_out(name, route.hosts.reason)
    if parents != route.parents and not attachment.parents:
        unfiltered = Attachment(route.parents, *around, listener_wildcards=scope.listener_wildcards)
        for hostname, answer in served:
            for name in filter(None, unfiltered.serve_name(hostname).names):
                draft.leave_out(name, answer.refusal)
    return draft.build_source()


def _list_hostnames(draft: Draft, hostnames: Iterable[object]) -> Iterator[str]:
    """In their one spelling; "" for a route that has none."""
    for hostname in hostnames:
        name = "" if hostname == "" else draft.read_name(hostname)
        if name or hostname == "":
            yield name


def _explain_hostname(draft: Draft, attachment: Attachment, name: str, served: Served) -> None:
    """Tell what comes of a host name, apart from the names that it gives."""
    for wildcard in served.wildcards:
        draft.skip_name(wildcard, LISTENER_WILDCARD)
    if name and not served.names:
        draft.refuse_name(name, served.refusal)
    elif not name and not served.names and not served.wildcards:
        draft.add_warning(f"the route has no host names of its own and gets none: {served.refusal}")
    if attachment.parents and (not name or is_wildcard(name) or not served.names):
        # What its listeners gave it before may be among what it published.
        reason = served.refusal or NO_LONGER_SERVED
        draft.add_trouble(Trouble(name, reason, attachment.parents, attachment.waits))
