"""The Services that ask for names, with the pods of those that publish them."""

from __future__ import annotations

from collections.abc import Callable

from syncer.core.endpointslices import NO_PODS
from syncer.core.scope import Scope
from syncer.core.services import Service, publish_service
from syncer.core.source import Ref, SourceObject
from syncer.kube.pods import PodIndex, ServiceKey


class ServiceIndex:
    """Not thread-safe: the store asks with its lock held. ``clock`` is that of the loop."""

    def __init__(self, scope: Scope, clock: Callable[[], float]) -> None:
        self.pods = PodIndex(clock)
        self._scope = scope
        self._services: dict[ServiceKey, Service] = {}
        """Those that publish pods; of the others nothing has to be read anew before they change themselves."""

    def set_service(self, ref: Ref, service: Service) -> SourceObject:
        """What it asks for."""
        key = ref.namespace, ref.name
        if service.has_pods:
            self._services[key] = service
            return publish_service(service, self._scope, self.pods.follow_service(key, all_count=service.all_count))
        self.forget_service(ref)
        return publish_service(service, self._scope, NO_PODS)

    def forget_service(self, ref: Ref) -> None:
        self._services.pop((ref.namespace, ref.name), None)
        self.pods.leave_service((ref.namespace, ref.name))

    def publish_pods(self, *, at_once: bool = False) -> list[SourceObject]:
        """What those ask for of which other pods are to be published now; ``at_once``: or later."""
        keys = self.pods.list_pending() if at_once else self.pods.list_due()
        told = [(self._services[key], self.pods.tell_pods(key, at_once=at_once)) for key in keys]
        return [publish_service(service, self._scope, pods) for service, pods in told]
