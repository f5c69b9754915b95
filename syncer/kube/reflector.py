"""Keeps a store in step with one collection of the API server: list, watch, and on doubt list again.

The rules are those of client-go (``tools/cache/reflector.go``), with a read time-out on top: without one, a watch whose
server died in silence waits for ever.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from syncer.core.kinds import NAMESPACE, Kind
from syncer.errors import KubernetesError
from syncer.kube.client import JSON, METADATA_ONLY, METADATA_ONLY_LIST, ApiError, ApiServer, Silence, Unreachable
from syncer.kube.feed import KindState, WatchState

log = logging.getLogger(__name__)

FRUITLESS_LIMIT = 3
LOG_EVERY = 10
RETRY_AFTER_LIMIT = 300.0


@dataclass(frozen=True, slots=True)
class Pace:
    """All in seconds; each pause is cut at random to between a half and the whole of it.

    ``first_delay`` doubles up to ``longest_delay`` with each failure, until none has come for ``calm``. ``probe``: how
    often to look for a kind that is not installed; ``confirm``: the time between the two answers that make it so.
    ``short``: a watch that ends sooner and brought nothing was no watch.
    """

    first_delay: float = 0.8
    longest_delay: float = 30.0
    calm: float = 120.0
    probe: float = 30.0
    confirm: float = 1.0
    forbidden: float = 60.0
    short: float = 1.0
    watch_shortest: int = 300
    watch_longest: int = 600
    page: int = 200
    """Objects in one answer to a list."""


DEFAULT_PACE = Pace()


class ObjectSink(Protocol):
    """Where the objects go: see ``syncer.kube.store.Cluster``."""

    def put(self, kind: Kind, manifest: Mapping[str, Any]) -> None: ...

    def drop(self, kind: Kind, namespace: str, name: str) -> None: ...

    def replace(self, kind: Kind, manifests: Iterable[Mapping[str, Any]], namespace: str = "") -> None: ...


class NotInstalled(Exception):
    """The API server says, twice, that it does not have the kind."""


class Fruitless(KubernetesError):
    """A watch ended at once and brought nothing."""


@dataclass(slots=True)
class _Listing:
    """What a list says beside its objects."""

    version: str = ""
    objects: int = 0


class Reflector:
    """``query`` goes with every list and watch (selectors). ``namespace`` "" is all of them.

    ``run`` is for a thread of its own, and ends soon after ``stopping`` is set and the server closed. ``tell`` is
    called with each new state, and with a failure that lasts once in ten attempts.
    """

    def __init__(
        self,
        kind: Kind,
        server: ApiServer,
        store: ObjectSink,
        *,
        stopping: threading.Event,
        tell: Callable[[KindState], None],
        namespace: str = "",
        query: Mapping[str, str] | None = None,
        pace: Pace = DEFAULT_PACE,
        silence: float = 75.0,
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self._server = server
        self._store = store
        self._stopping = stopping
        self._query = dict(query or {})
        self._pace = pace
        self._silence = silence
        self._tell = tell
        self._state = WatchState.STARTING
        self._known = False
        self._reason = ""
        self._heard_at = 0.0
        self._objects = 0
        self._path = ""
        self._version = ""
        self._fruitless = 0
        self._failures = 0
        self._delay = 0.0
        self._failed_at = -math.inf

    @property
    def state(self) -> KindState:
        return KindState(self.kind, self._state, self._known, self._reason, self._heard_at, self._objects)

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
                pause = 0.0
            except Exception as error:  # noqa: BLE001 - a watch that dies in silence looks healthy
                if self._stopping.is_set():
                    return
                pause = self._pause_after(error)
            self._stopping.wait(pause)

    def _follow(self) -> None:
        if not self._path:
            self._path = self._discover()
        if not self._version:
            self._list()
        self._watch()

    def _discover(self) -> str:
        """The path of the collection in the first of our versions that is served."""
        path = self._find()
        if not path and self._state is not WatchState.NOT_INSTALLED:
            # Our records of this kind will be deleted. One answer is not enough: an API server that is starting, or
            # one of several that is behind, does not have every group yet.
            self._stopping.wait(self._pace.confirm)
            path = self._find()
        if not path:
            self._forget_kind()
            raise NotInstalled
        return path

    def _find(self) -> str:
        kind = self.kind
        if not kind.group:
            return self._collection("/api", kind.versions[0])
        root = f"/apis/{kind.group}"
        try:
            group = self._server.get(root)
        except ApiError as error:
            if error.status != 404:
                raise
            # Anything between us and the API server can say 404. That it lists its groups, without ours, it must be.
            if kind.group in _column(self._server.get("/apis"), "APIGroupList", "groups", "name"):
                raise Unreachable(f"{self._server.url} has the group {kind.group}, but does not show it") from error
            return ""
        served = _column(group, "APIGroup", "versions", "version")
        for version in kind.versions:
            if version in served:
                resources = self._server.get(f"{root}/{version}")
                if kind.plural in _column(resources, "APIResourceList", "resources", "name"):
                    return self._collection("/apis/" + kind.group, version)
        return ""

    def _collection(self, root: str, version: str) -> str:
        namespace = f"/namespaces/{self.namespace}" if self.namespace else ""
        return f"{root}/{version}{namespace}/{self.kind.plural}"

    def _list(self) -> None:
        listed = _Listing()
        self._store.replace(self.kind, self._pages(listed), self.namespace)
        self._version, self._objects = listed.version, listed.objects
        self._known = True
        self._become(WatchState.WATCHING)

    def _pages(self, listed: _Listing) -> Iterator[Mapping[str, Any]]:
        query = {**self._query, "limit": str(self._pace.page)}
        accept = METADATA_ONLY_LIST if self.kind == NAMESPACE else JSON
        while True:
            page = self._server.get(self._path, query, accept)
            metadata, items = page.get("metadata"), page.get("items") or []
            if not (isinstance(metadata, dict) and metadata.get("resourceVersion") and isinstance(items, list)):
                raise Unreachable(f"{self._server.url} does not answer like an API server: no list at {self._path}")
            self._heard_at = time.monotonic()
            # All pages show the state of the first one.
            listed.version = listed.version or str(metadata["resourceVersion"])
            listed.objects += len(items)
            yield from items
            if not metadata.get("continue"):
                return
            query["continue"] = str(metadata["continue"])

    def _watch(self) -> None:
        """Until the stream ends. One that lived for a while or brought something may end in any way: the next one
        goes on from the last version."""
        pace, began, from_version = self._pace, time.monotonic(), self._version
        query = {
            **self._query,
            "resourceVersion": from_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(random.randint(pace.watch_shortest, pace.watch_longest)),  # noqa: S311
        }
        accept = METADATA_ONLY if self.kind == NAMESPACE else JSON
        events = self._server.watch(self._path, query, silence=self._silence, accept=accept)
        why = "it was closed"
        try:
            with closing(events):
                self._become(WatchState.WATCHING)
                for event in events:
                    self._apply(event)
        except Silence:
            self._fruitless = 0
            return
        except Unreachable as error:
            log.debug("watch interrupted: %s", error, extra={"kind": str(self.kind)})
            why = str(error)
        if self._version != from_version or time.monotonic() - began >= pace.short:
            self._fruitless = 0
            return
        self._fruitless += 1
        if self._fruitless < FRUITLESS_LIMIT:
            raise Fruitless
        self._fruitless, self._version = 0, ""
        raise Unreachable(f"every watch at {self._server.url} ends at once: {why}")

    def _apply(self, event: Any) -> None:
        try:
            type_, manifest = event["type"], event["object"]
            if type_ == "ERROR":
                self._version = ""
                raise _gone_or_error(manifest)
            metadata = manifest["metadata"]
            version = str(metadata["resourceVersion"])
            namespace, name = metadata.get("namespace", ""), metadata["name"] if type_ != "BOOKMARK" else ""
        except (AttributeError, KeyError, TypeError) as error:
            raise Unreachable(f"{self._server.url} sent something that is no event") from error
        self._heard_at = time.monotonic()
        if type_ == "DELETED":
            self._store.drop(self.kind, namespace, name)
            self._objects -= 1
        elif type_ != "BOOKMARK":
            self._store.put(self.kind, manifest)
            self._objects += type_ == "ADDED"
        self._version = version

    def _pause_after(self, error: Exception) -> float:
        """What the error means for what we know, and how many seconds to wait."""
        if isinstance(error, NotInstalled):
            return _spread(self._pace.probe)
        pause = self._next_delay()
        if isinstance(error, Fruitless):
            return pause
        self._failures += 1
        reason = str(error)
        match error:
            case ApiError(status=403):
                self._heard_at = time.monotonic()
                self._become(WatchState.FORBIDDEN, reason)
                return _spread(self._pace.forbidden)
            case ApiError(status=404 | 410):
                # Perhaps the kind was removed: that is for the discovery to find out, a 404 alone says nothing.
                self._path = "" if error.status == 404 else self._path
                self._version = ""
                if self._failures < FRUITLESS_LIMIT:
                    return pause
            case ApiError():
                if self._failures >= FRUITLESS_LIMIT:
                    # The version itself may be what it cannot serve: one from before a restored backup.
                    self._version = ""
                pause = max(pause, min(error.retry_after, RETRY_AFTER_LIMIT))
            case KubernetesError():
                pass
            case _:
                log.exception("the watch of %s failed", self.kind, extra={"kind": str(self.kind)})
                self._version = ""
                reason = f"internal error: {type(error).__name__}: {error}"
        self._become(WatchState.UNREACHABLE, reason)
        return pause

    def _forget_kind(self) -> None:
        if self._state is not WatchState.NOT_INSTALLED:
            self._store.replace(self.kind, (), self.namespace)
        self._known, self._objects, self._version = True, 0, ""
        self._failures, self._heard_at = 0, time.monotonic()
        self._become(WatchState.NOT_INSTALLED, f"{self.kind} is not installed in the cluster")

    def _next_delay(self) -> float:
        now = time.monotonic()
        if now - self._failed_at > self._pace.calm:
            self._delay = 0.0
        self._failed_at = now
        self._delay = min(max(2 * self._delay, self._pace.first_delay), self._pace.longest_delay)
        return _spread(self._delay)

    def _become(self, state: WatchState, reason: str = "") -> None:
        before, self._state, self._reason = self._state, state, reason
        if state is WatchState.WATCHING:
            self._failures = 0
            self._heard_at = time.monotonic()
        if state is not before or (self._failures and self._failures % LOG_EVERY == 0):
            self._tell(self.state)


def _spread(seconds: float) -> float:
    """So that several reflectors, and several syncers, do not come back at the same moment."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311


def _column(document: Mapping[str, Any], kind: str, key: str, field: str) -> set[str]:
    """A 200 with something else in it (a proxy's page, an empty object) must not pass for "nothing is installed"."""
    rows = document.get(key)
    if document.get("kind") != kind or not isinstance(rows, list):
        raise Unreachable(f"the answer is no {kind}: is this an API server?")
    return {str(row.get(field)) for row in rows if isinstance(row, dict)}


def _gone_or_error(status: Any) -> ApiError:
    """The Status of an ERROR event. Its code may be missing."""
    fields = status if isinstance(status, dict) else {}
    gone = fields.get("code") == 410 or fields.get("reason") in {"Gone", "Expired"}
    code = fields.get("code")
    message = str(fields.get("message") or "the API server ended the watch with an error")
    return ApiError(410 if gone else code if isinstance(code, int) else 500, message)
