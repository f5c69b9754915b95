"""The Kubernetes objects, each reduced to what it asks for: filled by the watches, read by the loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple

from syncer.core.attachment import Unchecked
from syncer.core.dnsendpoints import read_dns_endpoint
from syncer.core.endpointslices import PodSlice, read_slice
from syncer.core.kinds import (
    DNS_ENDPOINT,
    ENDPOINT_SLICE,
    GATEWAY_ROUTES,
    INGRESS,
    INGRESS_ROUTE,
    KINDS,
    NAMESPACE,
    SERVICE,
    Kind,
)
from syncer.core.layers import read_layer
from syncer.core.loadbalancers import read_traefik_addresses
from syncer.core.manifest import as_mapping, as_text, is_leaving, read_ref
from syncer.core.parents import ParentKey
from syncer.core.routes import read_route
from syncer.core.scope import Scope
from syncer.core.selection import check_selectors
from syncer.core.services import Service, read_service
from syncer.core.source import Ref, SourceObject
from syncer.core.sources import read_ingress, read_ingress_route
from syncer.core.tenancy import read_terms
from syncer.kube.admission import Admission
from syncer.kube.admitted import AdmittedSources
from syncer.kube.layers import LayeredRoute, LayerIndex
from syncer.kube.loadbalancers import TraefikIndex
from syncer.kube.namespaces import UNSEEN, NamespaceIndex
from syncer.kube.parentage import PARENTS, Parentage, make_key
from syncer.kube.pending import PendingChanges
from syncer.kube.services import ServiceIndex

READERS: Mapping[Kind, Callable[[Mapping[str, Any], Scope], SourceObject]] = {
    INGRESS: read_ingress,
    DNS_ENDPOINT: read_dns_endpoint,
}
"""Of the kinds whose objects depend on no other object."""


class Touched(NamedTuple):
    """``names`` whose claims may have changed; ``sources`` that did change, None for one that is gone."""

    names: set[str]
    sources: dict[Ref, SourceObject | None]


class Store:
    """Thread-safe. A change that leaves what an object asks for as it was touches nothing and wakes nobody.

    One object's calls must come in their order (one thread for each kind, or for each namespace of it).
    """

    def __init__(
        self,
        scope: Scope,
        *,
        assume_accepted: bool = False,
        wakeup: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``assume_accepted``: the objects come from documents. A route without a status counts as accepted then, and
        what is in no document is not known, rather than not there. ``wakeup`` is called after each change that
        matters, from the thread that brought it. ``clock`` is that of the loop.

        Raises ``SelectorError`` for a selector of the scope.
        """
        check_selectors(scope)
        self._scope = scope
        self._assume_accepted = assume_accepted
        self._wakeup = wakeup
        self._lock = Lock()
        self._pending = PendingChanges(clock)
        self._namespaces = NamespaceIndex(assume_unknown=assume_accepted)
        self._admission = Admission(scope, self._namespaces.find_labels, assume_unknown=assume_accepted)
        self._admitted = AdmittedSources(self._admission, self._pending)
        self._layers = LayerIndex(scope, assume_accepted=assume_accepted)
        self._services = ServiceIndex(scope, clock)
        self._parentage = Parentage(
            scope, self._namespaces.find_labels, self._namespaces.terminating, assume_accepted=assume_accepted
        )
        self._traefik = TraefikIndex(scope, self._namespaces.terminating)
        self.read_origins: set[str] = set()
        """Whatever has been in a document since the start, where the objects come from documents; and the Services of
        which no EndpointSlice has anything to say."""

    def put(self, kind: Kind, manifest: Mapping[str, Any]) -> None:
        self._put_object(kind, manifest)
        self.wake()

    def drop(self, kind: Kind, namespace: str, name: str) -> None:
        with self._lock:
            self._drop_object(kind, Ref(kind.kind, namespace if kind.namespaced else "", name, kind.group))
        self.wake()

    def replace(self, kind: Kind, manifests: Iterable[Mapping[str, Any]], namespace: str = "") -> None:
        """Take a complete list (of one namespace, or of all): each object as it comes, and what was not in it is
        dropped at the end. An exception of the iterator drops nothing and is passed on."""
        seen: set[Ref] = set()
        try:
            for manifest in manifests:
                seen.add(read_ref(kind, manifest))
                self.put_listed(kind, manifest)
            self.end_list(kind, seen, namespace)
        finally:
            self.wake()

    def put_listed(self, kind: Kind, manifest: Mapping[str, Any]) -> None:
        """As ``put``, of one among many: nobody is woken before the last of them."""
        self._put_object(kind, manifest)

    def end_list(self, kind: Kind, seen: Collection[Ref], namespace: str = "") -> None:
        """Those ``seen`` were all that a complete list had; whatever else there was is dropped."""
        with self._lock:
            for ref in self._list_refs(kind):
                if ref not in seen and namespace in ("", ref.namespace):
                    self._drop_object(kind, ref)
            if kind == ENDPOINT_SLICE:
                self._publish_pods(at_once=True)
            if kind == NAMESPACE:
                self._namespaces.note_list()

    @property
    def scope(self) -> Scope:
        return self._scope

    def take(self, most: int | None = None) -> Touched:
        """What has changed since the last call; of more than ``most`` names a part, the rest with the next calls."""
        with self._lock:
            names, refs = self._pending.take(most)
            return Touched(names, {ref: self._admitted.sources.get(ref) for ref in refs})

    @property
    def taken_since(self) -> float | None:
        """When the first of the objects that were taken last was brought; None where no object had changed."""
        return self._pending.taken_since

    @property
    def is_drained(self) -> bool:
        """Whether all objects that have changed were taken."""
        return self._pending.is_drained

    def settle_pods(self) -> float:
        """Publish what is due of the pods of Services; returns when the next is, by the clock."""
        with self._lock:
            self._publish_pods()
            return self._services.pods.next_due()

    def take_complaints(self) -> dict[str, tuple[str, ...]]:
        """What is wrong with the annotations of Namespaces, where that is another thing than at the last call."""
        with self._lock:
            return self._admission.take_complaints()

    def note_servers(self, zone: str, names: Collection[str]) -> None:
        with self._lock:
            self._admitted.note_servers(zone, names)
        self.wake()

    def list_uncounted(self) -> dict[str, int]:
        """The namespaces in which it must be settled anew which names are within their limits, with how many these
        are. Nothing is added there before."""
        with self._lock:
            return self._admitted.list_uncounted()

    def settle_limits(self, namespace: str, longest: Sequence[str] = ()) -> None:
        """Admit as many names as the limits allow. ``longest`` are those that are published, and then those that have
        been claimed for longest, as far as that is known."""
        with self._lock:
            self._admitted.settle_limits(namespace, longest)

    @property
    def asks_namespaces(self) -> bool:
        """Whether the Namespaces decide what their objects may claim."""
        return self._scope.strict or bool(self._scope.namespace_selector)

    @property
    def left_out(self) -> set[tuple[str, str]]:
        """Groups and kinds of the objects that ``SOURCES`` does not name."""
        kinds = (kind for kind in KINDS if kind.gives_names and not self._scope.takes_kind(kind.kind))
        return {(kind.group, kind.kind) for kind in kinds}

    def is_leaving(self, namespace: str) -> bool:
        """Whether the namespace itself is being deleted, or was; False where Namespaces cannot be read."""
        return self._namespaces.is_leaving(namespace)

    def claimants(self, name: str) -> tuple[SourceObject, ...]:
        """In no order that means anything."""
        return self._admitted.claimants.list_claimants(name)

    def names(self) -> list[str]:
        with self._lock:
            return self._admitted.claimants.list_names()

    def sources(self) -> list[SourceObject]:
        with self._lock:
            return self._admitted.sources.list_all()

    def source(self, ref: Ref) -> SourceObject | None:
        return self._admitted.sources.get(ref)

    def asks_for_labels(self) -> bool:
        """Whether some Gateway or ListenerSet chooses what attaches to it by the labels of namespaces."""
        with self._lock:
            return self._parentage.asks_for_labels()

    def find_kinds_on_sets(self) -> set[str]:
        """The kinds of routes of which some have a ListenerSet as a parent."""
        with self._lock:
            return self._parentage.find_kinds_on_sets()

    def list_unchecked(self) -> list[tuple[ParentKey, Unchecked]]:
        """What routes take for granted of Gateways and ListenerSets because no document says it."""
        with self._lock:
            return self._parentage.list_unchecked(self._admitted.sources)

    def fallback(self) -> tuple[tuple[str, ...], str]:
        """The addresses of Traefik's Service, for wants without values of their own; and the reason when there are
        none. They may be a host name, which no zone apex can be an alias of (``syncer.core.names.misplaced_cname``)."""
        return self._traefik.fallback

    # From here on: ``_put_*`` and ``wake`` take the lock, everything else runs with the lock held.

    def _put_object(self, kind: Kind, manifest: Mapping[str, Any]) -> None:
        ref = read_ref(kind, manifest)
        if not ref.name:
            return
        if kind == NAMESPACE:
            self._put_namespace(ref.name, manifest)
        elif kind in PARENTS:
            parent = self._parentage.read_parent(kind, manifest)
            with self._lock:
                self._attach_routes(self._parentage.set_parent(make_key(ref), parent))
        elif is_leaving(manifest):
            with self._lock:
                self._drop_object(kind, ref)
        elif kind == ENDPOINT_SLICE:
            slice_ = read_slice(manifest)
            with self._lock:
                self._set_slice(ref, slice_)
        elif kind == SERVICE:
            self._put_service(ref, manifest)
        else:
            self._put_source(kind, ref, manifest)

    def _put_source(self, kind: Kind, ref: Ref, manifest: Mapping[str, Any]) -> None:
        if kind in GATEWAY_ROUTES:
            route = read_route(manifest, self._scope, kind, assume_accepted=self._assume_accepted)
            with self._lock:
                self._parentage.set_route(ref, route)
                self._attach_routes([ref])
            return
        if kind in READERS:
            source = READERS[kind](manifest, self._scope)
            with self._lock:
                self._set_source(source)
            return
        layer = read_layer(ref.group, ref.namespace, manifest) if ref.kind == INGRESS_ROUTE.kind else None
        source = read_ingress_route(manifest, self._scope, kind)
        with self._lock:
            self._set_layer(ref, LayeredRoute(kind, layer, manifest) if layer else None)
            if layer is None or not layer.parents:
                self._set_source(source)

    def _put_service(self, ref: Ref, manifest: Mapping[str, Any]) -> None:
        values = read_traefik_addresses(ref, manifest, self._scope)
        service = read_service(manifest, self._scope)
        with self._lock:
            self._set_traefik(ref, values)
            if service:
                self._note_read(ref, service)
                self._set_source(self._services.set_service(ref, service))
            elif ref in self._admitted.sources or self._namespaces.is_hidden(ref):
                # It is there, and asks for nothing any more.
                self._services.forget_service(ref)
                self._set_source(SourceObject(ref))

    def _note_read(self, ref: Ref, service: Service) -> None:
        """Of a Service that publishes pods nobody knows what it asks for before their EndpointSlices are read."""
        if service.has_pods:
            self.read_origins.discard(str(ref))
        elif self._scope.service_pods:
            self.read_origins.add(str(ref))

    def _set_slice(self, ref: Ref, slice_: PodSlice | None) -> None:
        if self._services.pods.set_slice(ref, slice_):
            self._pending.note_change()

    def _publish_pods(self, *, at_once: bool = False) -> None:
        for source in self._services.publish_pods(at_once=at_once):
            self._set_source(source)

    def _set_layer(self, ref: Ref, route: LayeredRoute | None) -> None:
        for source in self._layers.set_route(ref, route):
            self._set_source(source)

    def _put_namespace(self, name: str, manifest: Mapping[str, Any]) -> None:
        metadata = as_mapping(manifest.get("metadata"))
        with self._lock:
            if is_leaving(manifest):
                self._begin_termination(name, as_text(metadata.get("deletionTimestamp")))
            else:
                self._end_termination(name)
                if self._scope.strict:
                    self._admitted.set_terms(name, read_terms(manifest))
                if self._namespaces.set_labels(name, as_mapping(metadata.get("labels"))):
                    self._note_labels(name)

    def _note_labels(self, namespace: str) -> None:
        """They are others than before, or not known any more."""
        sources = self._admitted.sources.list_namespace(namespace)
        own = [source.ref for source in sources if source.ref in self._parentage]
        self._attach_routes({*own, *self._parentage.list_labelled(namespace)})
        if self._scope.namespace_selector:
            self._admitted.admit_again(namespace)

    def _begin_termination(self, name: str, at: str) -> None:
        if not self._namespaces.begin_termination(name, at):
            return
        for source in self._admitted.sources.list_namespace(name):
            self._namespaces.hide_source(self._admitted.remove_source(source.ref))
        self._refresh_dependents(name)

    def _end_termination(self, name: str) -> None:
        """The namespace is no longer being deleted: it has been made again, or is gone for good."""
        if name not in self._namespaces.terminating:
            return
        there, gone = self._namespaces.end_termination(name)
        for ref in gone:
            self._forget_parts(ref)
        for source in there:
            self._set_source(source)
        self._refresh_dependents(name)

    def _forget_namespace(self, name: str) -> None:
        """No document has it any more: it is as good as any, and its objects do not go with it."""
        if name in self._namespaces.terminating:
            # Before every time of creation: no object is of an older namespace.
            self._namespaces.begin_termination(name, "")
        self._end_termination(name)
        self._namespaces.forget_labels(name)
        if self._admission.forget_terms(name):
            self._admitted.admit_again(name)
        self._note_labels(name)

    def _refresh_dependents(self, namespace: str) -> None:
        """The Gateways, ListenerSets and Services of the namespace came or went with it, and others depend on them."""
        self._attach_routes(self._parentage.list_dependents(namespace))
        if self._traefik.settle_fallback():
            self._touch_addressless()

    def _drop_object(self, kind: Kind, ref: Ref) -> None:
        if kind == NAMESPACE and self._assume_accepted:
            self._forget_namespace(ref.name)
        elif kind == NAMESPACE:
            if ref.name not in self._namespaces.terminating:
                self._begin_termination(ref.name, UNSEEN)
            self._end_termination(ref.name)
            self._namespaces.forget_labels(ref.name)
            self._admission.forget_terms(ref.name)
        elif kind in PARENTS:
            self._attach_routes(self._parentage.set_parent(make_key(ref), None))
        elif kind == ENDPOINT_SLICE:
            self._set_slice(ref, None)
        else:
            if kind == SERVICE:
                self._set_traefik(ref, ())
            self._forget_parts(ref)
            self._namespaces.forget_hidden(ref)
            self._set_layer(ref, None)
            if ref in self._admitted.sources:
                self._admitted.remove_source(ref)

    def _forget_parts(self, ref: Ref) -> None:
        """What is read anew when another object changes."""
        self._parentage.set_route(ref, None)
        if ref.kind == SERVICE.kind:
            self._services.forget_service(ref)

    def _list_refs(self, kind: Kind) -> list[Ref]:
        if kind == NAMESPACE:
            return [Ref(kind.kind, "", name, kind.group) for name in self._namespaces.list_names()]
        if kind in PARENTS:
            return self._parentage.list_parents(kind)
        if kind == ENDPOINT_SLICE:
            return self._services.pods.list_slices()
        traefik = self._traefik.list_services()
        held = (*self._admitted.sources, *self._namespaces.list_hidden(), *traefik)
        return [ref for ref in held if ref.kind == kind.kind and ref.group == kind.group]

    def _set_source(self, source: SourceObject) -> None:
        if self._assume_accepted:
            self.read_origins.add(str(source.ref))
        if source.ref.namespace in self._namespaces.terminating:
            self._namespaces.hide_source(source)
            return
        self._admitted.set_source(source)

    def _attach_routes(self, refs: Iterable[Ref]) -> None:
        for ref in refs:
            self._set_source(self._parentage.attach_route(ref))

    def _set_traefik(self, ref: Ref, values: tuple[str, ...]) -> None:
        if self._traefik.set_service(ref, values):
            self._touch_addressless()

    def _touch_addressless(self) -> None:
        """The fallback is another than before."""
        wants = (want for source in self._admitted.sources.list_all() for want in source.wants)
        self._pending.touch_names({want.name for want in wants if not (want.records or want.values or want.own)})

    def wake(self) -> None:
        with self._lock:
            changed = self._pending.pop_changed()
        if changed:
            self._wakeup()
