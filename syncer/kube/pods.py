"""The pods of headless Services, as EndpointSlices bring them, and when they are published."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import NamedTuple

from syncer.core.endpointslices import Pods, PodSlice, gather_pods
from syncer.core.rollouts import Rollout
from syncer.core.source import Ref

ServiceKey = tuple[str, str]
"""(namespace, name)."""


class Follower(NamedTuple):
    """A Service that publishes its pods. ``all_count``: also those that are not ready."""

    rollout: Rollout
    all_count: bool


class PodIndex:
    """Not thread-safe: the store asks with its lock held. Of every slice so much is kept as a Service may publish that
    says so only later."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._slices: dict[ServiceKey, dict[Ref, PodSlice]] = {}
        self._services: dict[Ref, str] = {}
        """By slice, of which Service it is."""
        self._followers: dict[ServiceKey, Follower] = {}

    def set_slice(self, ref: Ref, slice_: PodSlice | None) -> bool:
        """Whether other pods of a Service are to be published sooner than was known. None: the slice is gone."""
        before = self._services.get(ref, "")
        old = self._slices.get((ref.namespace, before), {}).get(ref)
        if old == slice_ or (old is None and slice_ is not None and not slice_.service):
            return False
        if old is not None:
            self._remove_slice(ref, before)
        if slice_ is not None and slice_.service:
            self._services[ref] = slice_.service
            self._slices.setdefault((ref.namespace, slice_.service), {})[ref] = slice_
        after = slice_.service if slice_ else before
        noted = [self._note_change((ref.namespace, name)) for name in {before, after}]
        return any(noted)

    def _note_change(self, key: ServiceKey) -> bool:
        follower = self._followers.get(key)
        if follower is None:
            return False
        due = follower.rollout.next_due()
        follower.rollout.note_change(self._clock())
        return follower.rollout.next_due() < due

    def list_slices(self) -> list[Ref]:
        return list(self._services)

    def follow_service(self, key: ServiceKey, *, all_count: bool) -> Pods:
        """What is to be published of its pods from now on."""
        before = self._followers.get(key)
        self._followers[key] = Follower(before.rollout if before else Rollout(), all_count)
        return self.tell_pods(key, at_once=True)

    def tell_pods(self, key: ServiceKey, *, at_once: bool) -> Pods:
        """What is to be published of them now; ``at_once``: what would be later, too."""
        rollout, all_count = self._followers[key]
        pods = gather_pods(self._slices.get(key, {}).values(), all_count=all_count)
        return rollout.tell(pods, self._clock(), at_once=at_once)

    def leave_service(self, key: ServiceKey) -> None:
        """It does not publish its pods any more."""
        self._followers.pop(key, None)

    def list_due(self) -> list[ServiceKey]:
        """The Services of which other pods are to be published now."""
        now = self._clock()
        return [key for key, follower in self._followers.items() if follower.rollout.next_due() <= now]

    def list_pending(self) -> list[ServiceKey]:
        """Those of which other pods are to be published, now or later."""
        return [key for key, follower in self._followers.items() if follower.rollout.next_due() < inf]

    def next_due(self) -> float:
        """By the clock, when there are any."""
        return min((follower.rollout.next_due() for follower in self._followers.values()), default=inf)

    def _remove_slice(self, ref: Ref, service: str) -> None:
        del self._services[ref]
        slices = self._slices[ref.namespace, service]
        del slices[ref]
        if not slices:
            del self._slices[ref.namespace, service]
