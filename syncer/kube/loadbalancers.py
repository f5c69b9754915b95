"""The Services by which Traefik is reached, and where that is for names without an address of their own."""

from __future__ import annotations

from collections.abc import Collection, Container

from syncer.core.loadbalancers import settle_traefik_addresses
from syncer.core.scope import Scope
from syncer.core.source import Ref


class TraefikIndex:
    """Not thread-safe: the store's lock guards the changes. ``leaving`` are the namespaces that are being deleted, of
    which no Service counts."""

    def __init__(self, scope: Scope, leaving: Container[str]) -> None:
        self._scope = scope
        self._leaving = leaving
        self._services: dict[Ref, tuple[str, ...]] = {}
        self.fallback = settle_traefik_addresses({}, scope)
        """The addresses, and the reason when there are none. Any thread may ask."""

    def set_service(self, ref: Ref, addresses: tuple[str, ...]) -> bool:
        """Without addresses it is none of Traefik's, or gone. Whether the fallback is another than before."""
        if self._services.get(ref, ()) == addresses:
            return False
        if addresses:
            self._services[ref] = addresses
        else:
            del self._services[ref]
        return self.settle_fallback()

    def settle_fallback(self) -> bool:
        """Other namespaces may be leaving now. Whether it is another than before."""
        services = {ref: values for ref, values in self._services.items() if ref.namespace not in self._leaving}
        before, self.fallback = self.fallback, settle_traefik_addresses(services, self._scope)
        return self.fallback != before

    def list_services(self) -> Collection[Ref]:
        return self._services.keys()
