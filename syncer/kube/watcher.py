"""The feed from an API server: one reflector and one thread for each kind, and namespace where those are limited."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence

from syncer.config import KubeConfig
from syncer.core.kinds import CERTIFICATE, DNS_ENDPOINT, ENDPOINT_SLICE, GATEWAY, KINDS, SERVICE, Kind
from syncer.core.loadbalancers import TRAEFIK_LABEL, TRAEFIK_NAMESPACES
from syncer.core.scope import Scope
from syncer.kube.client import ApiServer
from syncer.kube.connect import choose_access
from syncer.kube.connection import SharedConnection
from syncer.kube.discovery import Discovery
from syncer.kube.feed import KindState, WatchState
from syncer.kube.generations import GenerationWriter
from syncer.kube.reflector import DEFAULT_PACE, ObjectSink, Pace, Reflector
from syncer.kube.stores import ClaimSink
from syncer.meters import Meter

log = logging.getLogger(__name__)

STOP_WITHIN = 2.0

WORST_FIRST = (
    WatchState.UNREACHABLE,
    WatchState.FORBIDDEN,
    WatchState.STARTING,
    WatchState.NOT_INSTALLED,
    WatchState.WATCHING,
)


class KubeFeed:
    """Raises ``KubernetesError`` when the configuration leads to no API server; once made, it does not raise.

    EndpointSlices are watched only with SERVICE_PODS, Certificates only with a store for them; otherwise ``states()``
    leaves them out.
    """

    def __init__(
        self,
        config: KubeConfig,
        scope: Scope,
        store: ClaimSink,
        *,
        certificates: ObjectSink | None = None,
        is_dry: bool = False,
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        self._connection = SharedConnection(moment=pace.short, patience=pace.patience, doubt=pace.doubt)
        self._lock = threading.Lock()
        self._unreachable: dict[Kind, str] = {}
        self._tellers: dict[str, Kind] = {}
        """By reason, the kind that has told it; until every kind can be reached."""
        planned = list(list_watches(scope, certificates=certificates is not None))
        self._server = ApiServer(choose_access(config), connections=len(planned) + 4)
        discovery = Discovery(self._server, shared=pace.probe / 2)
        self._generations = (
            GenerationWriter(self._server, store, store.source) if config.dnsendpoint_status and not is_dry else None
        )
        sinks = {CERTIFICATE: certificates, DNS_ENDPOINT: self._generations}
        self._reflectors = [
            Reflector(
                kind,
                self._server,
                sinks.get(kind) or store,
                discovery=discovery,
                connection=self._connection,
                namespace=namespace,
                query=query,
                pace=pace,
                silence=config.read_timeout,
                on_state=self._log_state,
            )
            for kind, namespace, query in planned
        ]
        self._threads = [
            threading.Thread(target=reflector.run, name=f"watch {reflector.kind}", daemon=True)
            for reflector in self._reflectors
        ]
        if self._generations:
            self._threads.append(threading.Thread(target=self._generations.run, name="DNSEndpoint status", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._connection.stop()
        if self._generations:
            self._generations.stop()
        self._server.close()
        deadline = time.monotonic() + STOP_WITHIN
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))

    @property
    def calls(self) -> Meter:
        return self._server.calls

    @property
    def place(self) -> str:
        return self._server.url

    def states(self) -> Sequence[KindState]:
        by_kind: dict[Kind, list[KindState]] = {}
        for reflector in self._reflectors:
            by_kind.setdefault(reflector.kind, []).append(reflector.state)
        return [_merge_states(states) for states in by_kind.values()]

    def deletes_wait(self) -> bool:
        return self._connection.deletes_wait()

    def _log_state(self, state: KindState) -> None:
        """An API server that does not answer is one warning, not one for each kind: the first to notice gives it."""
        extra = {"kind": str(state.kind)}
        if state.state is WatchState.UNREACHABLE:
            level = logging.WARNING if self._is_teller(state.kind, state.reason) else logging.DEBUG
            log.log(level, "%s: %s", state.kind, state.reason, extra=extra)
            return
        with self._lock:
            self._unreachable.pop(state.kind, None)
            if not self._unreachable:
                self._tellers.clear()
        detail = state.reason or f"{state.state}, {state.objects} objects"
        if state.state is WatchState.NOT_INSTALLED:
            detail = f"{state.state} in the cluster"
        level = logging.WARNING if state.state is WatchState.FORBIDDEN else logging.INFO
        log.log(level, "%s: %s", state.kind, detail, extra=extra)

    def _is_teller(self, kind: Kind, reason: str) -> bool:
        """Whether this kind tells it, for all of them. What lasts is told again by one for whom it lasts."""
        with self._lock:
            lasts = self._unreachable.get(kind) == reason
            self._unreachable[kind] = reason
            teller = self._tellers.setdefault(reason, kind)
            if lasts and self._unreachable.get(teller) != reason:
                teller = self._tellers[reason] = kind
            return teller == kind


def list_watches(scope: Scope, *, certificates: bool = False) -> Iterator[tuple[Kind, str, dict[str, str]]]:
    """Kind, namespace and query of every watch, in the order of the kinds. ``SOURCES`` names kinds that give names;
    what these need beside them is read all the same."""
    taken = [kind for kind in KINDS if kind.gives_names and scope.takes_kind(kind.kind)]
    has_routes = any(kind.group == GATEWAY.group for kind in taken)
    everywhere = scope.namespaces or ("",)
    for kind in KINDS:
        if kind == SERVICE:
            yield from ((kind, namespace, query) for namespace, query in _watch_services(scope))
        elif kind == ENDPOINT_SLICE:
            yield from ((kind, namespace, {}) for namespace in everywhere if scope.service_pods and SERVICE in taken)
        elif kind in taken:
            # The API server could select by labels itself; nobody would learn then what it leaves out.
            yield from ((kind, namespace, {}) for namespace in everywhere)
        elif not kind.gives_names and (kind.group != GATEWAY.group or has_routes):
            yield kind, "", {}
    if certificates:
        yield from ((CERTIFICATE, namespace, {}) for namespace in everywhere)


def _watch_services(scope: Scope) -> Iterator[tuple[str, dict[str, str]]]:
    """In one watch for each namespace those that give names, and with ``auto`` those that Traefik may be reached by,
    which no filter leaves out."""
    watched = (scope.namespaces or ("",)) if scope.takes_kind(SERVICE.kind) else ()
    yield from ((namespace, {}) for namespace in watched)
    if scope.auto and "" not in watched:
        named, _, name = scope.traefik_service.partition("/")
        query = {"fieldSelector": f"metadata.name={name}"} if named else {"labelSelector": "=".join(TRAEFIK_LABEL)}
        homes = (named,) if named else TRAEFIK_NAMESPACES
        yield from ((namespace, query) for namespace in homes if namespace not in watched)


def _merge_states(states: Sequence[KindState]) -> KindState:
    """The state of a kind from those of its namespaces: the worst of them."""
    worst = min(states, key=lambda state: WORST_FIRST.index(state.state))
    return KindState(
        worst.kind,
        worst.state,
        known=all(state.known for state in states),
        reason=worst.reason,
        heard_at=min(state.heard_at for state in states),
        objects=sum(state.objects for state in states),
    )
