"""What the feed brings: which names it touches, what is worth saying, and whether enough was read to begin."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from math import inf

from syncer.core.claims import Unread
from syncer.core.kinds import (
    ENDPOINT_SLICE,
    GATEWAY,
    GATEWAY_ROUTE_KINDS,
    KINDS,
    LISTENER_SET,
    NAMESPACE,
    SERVICE,
    Kind,
)
from syncer.core.manifest import clip_text
from syncer.core.namelimits import UNCOUNTED
from syncer.core.source import Ref, Skip, SourceObject
from syncer.core.tenancy import UNREAD_NAMESPACE
from syncer.kube.feed import Feed, KindState, WatchState
from syncer.kube.store import Store
from syncer.ledger import Ledger

log = logging.getLogger(__name__)

COUNT_INTERVAL = 30.0
"""Seconds between two counts of the time in which names are kept; less where the grace is short, of which there are at
least ``COUNTS``."""

COUNTS = 10

LIMIT_PAUSE = 5.0
"""Seconds between two looks at what a namespace that is over its limit has in the ledger."""

PASSING = (UNCOUNTED, UNREAD_NAMESPACE)
"""Why a name is not published until more has been read: of no object this is worth a line."""

PATIENCE = 10.0
"""Seconds after the start that one kind which cannot be listed may hold up the others."""


class Intake:
    """For one target. ``started`` and the ``now`` of the methods are of one clock."""

    def __init__(self, feed: Feed, store: Store, target_name: str, started: float) -> None:
        self.feed = feed
        self._target_name = target_name
        self.store = store
        self._started = started
        self.next_due = inf
        """When something of what was read is to be published that waits now."""
        self._settled = False
        self._changed: dict[Ref, SourceObject | None] = {}
        self._listed: set[tuple[str, str]] = set()
        self._counted_at = started
        self._warned: dict[Ref, int] = {}
        self._counted_limits: dict[str, float] = {}
        """By namespace, when it is settled again which of its names are within the limits."""

    def kind_states(self) -> list[KindState]:
        """Of the kinds that concern DNS."""
        return [state for state in self.feed.states() if state.kind.touches_dns]

    def take_names(self, most: int | None = None) -> set[str]:
        """The names whose claims have changed; of more than ``most`` a part, before the rest of which others go on."""
        self.next_due = self.store.settle_pods()
        for namespace, warnings in self.store.take_complaints().items():
            for warning in warnings:
                log.warning("Namespace %s: %s", namespace, warning, extra={"namespace": namespace})
        touched = self.store.take(most)
        self._changed.update(touched.sources)
        for ref, source in touched.sources.items():
            self._tell_warnings(ref, source)
        return touched.names

    def settle_limits(self, ledger: Ledger, now: float) -> None:
        """Where more names are asked for than a limit allows, settle which. Raises ``LedgerError``: until the ledger
        says what is published, nothing is added."""
        for namespace, most in self.store.list_uncounted().items() if self.is_settled(now) else ():
            if now < self._counted_limits.get(namespace, now):
                continue
            # Twice as many, because what is published may not be asked for any more.
            self.store.settle_limits(namespace, ledger.rank_names(self._target_name, namespace, 2 * most))
            self._counted_limits[namespace] = now + LIMIT_PAUSE

    def save_sources(
        self, ledger: Ledger | None, *, is_new_version: bool = False, beat: Callable[[], object] = lambda: None
    ) -> Collection[str]:
        """Bring the rows of the sources up to date; for a kind just listed, that includes what went while we were
        down. None: a dry run.

        Returns names that were kept for an object although a trouble hid them, and are not any more.
        ``is_new_version``: another version of the program ran last. ``beat`` is called between two steps.
        """
        ended: Collection[str] = ()
        if ledger is not None:
            listed = {(state.kind.group, state.kind.kind) for state in self.kind_states() if state.known}
            listed |= self.store.left_out
            is_first = bool(listed - self._listed)
            if is_first:
                known = [source.ref for source in self.store.sources()]
                ledger.forget_sources(self._target_name, listed - self._listed, known)
                self._listed = listed
            if self._changed:
                is_new_version = is_new_version and is_first
                ended = ledger.save_sources(self._target_name, self._changed, is_new_version=is_new_version, beat=beat)
        self._changed = {}
        return ended

    def count_trouble(self, ledger: Ledger, now: float, grace: float) -> Collection[str]:
        """Count the time in which names are kept, as far as the objects could be seen in it; returns the names whose
        ``grace`` (seconds) is over by that."""
        pause = max(1.0, min(COUNT_INTERVAL, grace / COUNTS))
        if not grace or now < self._counted_at + pause:
            return ()
        seen, self._counted_at = now - self._counted_at, now
        if any(state.state in (WatchState.STARTING, WatchState.UNREACHABLE) for state in self.kind_states()):
            return ()
        # A loop that hung, or a machine that slept, saw nothing meanwhile.
        unread = self.find_unread().kinds.keys()
        return ledger.count_detached(self._target_name, min(seen, 2 * pause), grace, unread)

    def save_all_again(self) -> None:
        """The database may be another one by now."""
        self._listed.clear()
        self._changed.update((source.ref, source) for source in self.store.sources())

    def is_settled(self, now: float) -> bool:
        """Whether enough was listed to begin: an empty cluster and one that has not been read look the same."""
        if not self._settled:
            patient = now < self._started + PATIENCE
            known = any(state.known for state in self.kind_states())
            self._settled = not self.unsettled() or (not patient and known)
        return self._settled

    def unsettled(self) -> list[KindState]:
        """What may still be listed: not what is forbidden, and not a broken file among manifests that are watched."""
        never = (WatchState.FORBIDDEN, WatchState.WATCHING)
        return [state for state in self.kind_states() if not state.known and state.state not in never]

    def find_unread(self) -> Unread:
        """Kinds whose objects may exist although we hold none; a route needs its Gateway and its ListenerSet to be
        read, and its Namespace where one of them asks for labels. What a file held that could never be read, is not
        known, and what others held is."""
        unread = {state.kind: state for state in self.kind_states() if not state.known}
        files = [state.reason for state in unread.values() if state.state is WatchState.WATCHING and state.reason]
        reason = f"it may be in {files[0]}" if files else ""
        return Unread(dict.fromkeys(self._list_concerned(set(unread)), reason), self.store.read_origins)

    def deletes_wait(self) -> bool:
        """Whether kinds that were lost together have not all been heard from again."""
        return self.feed.deletes_wait()

    def awaited_kinds(self) -> set[str]:
        """Kinds whose objects' deletes wait: all of them just after a lost connection, then those that stay away."""
        waits, states = self.deletes_wait(), self.kind_states()
        return self._list_concerned({it.kind for it in states if waits or it.state is WatchState.UNREACHABLE})

    def _list_concerned(self, missing: set[Kind]) -> set[str]:
        """The kinds of objects about which nothing certain is known while these are missing."""
        if NAMESPACE in missing and self.store.asks_namespaces:
            return {kind.kind for kind in KINDS if kind.gives_names}
        kinds = {kind.kind for kind in missing if kind.gives_names}
        if GATEWAY in missing or (NAMESPACE in missing and self.store.asks_for_labels()):
            kinds |= GATEWAY_ROUTE_KINDS
        if ENDPOINT_SLICE in missing:
            kinds.add(SERVICE.kind)
        return kinds | self.store.find_kinds_on_sets() if LISTENER_SET in missing else kinds

    def _tell_warnings(self, ref: Ref, source: SourceObject | None) -> None:
        """Say what is wrong with an object and what it does not publish, once for as long as both stay the same."""
        # What is wrong with its Namespace is told once for all of its objects.
        own = f"Namespace {ref.namespace}: "
        warnings = tuple(it for it in source.warnings if not it.startswith(own)) if source else ()
        skipped = [
            skip
            for skip in (_list_skips(source) if source else ())
            if skip.reason not in PASSING and not any(skip.name in text for text in warnings)
        ]
        if not warnings and not skipped:
            self._warned.pop(ref, None)
            return
        said = hash((warnings, *skipped))
        if said == self._warned.get(ref):
            return
        self._warned[ref] = said
        extra = {"resource": f"{ref.kind}/{ref.name}", "namespace": ref.namespace}
        for warning in warnings:
            log.warning("%s: %s", ref, warning, extra=extra)
        if skipped:
            (name, reason, _), more = skipped[0], len(skipped) - 1
            others = f" (and {more} more)" if more else ""
            log.info("%s: %s is not published: %s%s", ref, clip_text(name), reason, others, extra=extra)


def _list_skips(source: SourceObject) -> Iterator[Skip]:
    """Names that are not published, and types that are not although others at their name are."""
    yield from source.skipped
    for want in source.wants:
        yield from (Skip(want.name, f"{kind}: {reason}") for kind, reason in want.skips)
