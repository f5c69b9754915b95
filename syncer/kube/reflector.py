"""Keeps a store in step with one collection of the API server: list, watch, and on doubt list again.

The rules are those of client-go (``tools/cache/reflector.go``), and a read time-out, without which a watch on a server
that died in silence would wait for ever.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from syncer.core.kinds import NAMESPACE, Kind
from syncer.errors import KubernetesError, explain_fault
from syncer.kube.backoff import GrowingDelay, spread_delay
from syncer.kube.client import (
    ANSWER_LIMIT,
    JSON,
    METADATA_ONLY,
    METADATA_ONLY_LIST,
    ApiError,
    ApiServer,
    OversizedAnswer,
    Silence,
    Unreachable,
)
from syncer.kube.connection import DOUBT, PATIENCE, SharedConnection, WatchKey
from syncer.kube.discovery import Discovery
from syncer.kube.feed import KindState, WatchState
from syncer.redaction import REDACTION

log = logging.getLogger(__name__)

FRUITLESS_LIMIT = 3
LOG_EVERY = 10
RETRY_AFTER_LIMIT = 300.0
PAGE_LIMIT = 2 * 1024 * 1024
"""Bytes of a page with several objects, which take ten times that while they are read. A tenant can make each of them
as large as etcd takes it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """All in seconds; each pause is cut at random to between a half and the whole of it.

    ``first_delay`` doubles up to ``longest_delay`` with each failure, until none has come for ``calm``. ``probe``: how
    often to look for a kind that is not installed, by answers that may be half as old; ``confirm``: the time between
    the two answers that it takes to believe that. ``short``: a watch that ends sooner and brought nothing counts as a
    failure. ``patience`` and ``doubt``: see ``SharedConnection``.
    """

    first_delay: float = 0.8
    longest_delay: float = 30.0
    calm: float = 120.0
    probe: float = 30.0
    confirm: float = 1.0
    forbidden: float = 60.0
    short: float = 1.0
    patience: float = PATIENCE
    doubt: float = DOUBT
    watch_shortest: int = 300
    watch_longest: int = 600
    page: int = 200
    """Objects in one answer to a list."""


DEFAULT_PACE = Pace()


class ObjectSink(Protocol):
    """Where the objects go: see ``syncer.kube.store.Store``."""

    def put(self, kind: Kind, manifest: Mapping[str, Any]) -> None: ...

    def drop(self, kind: Kind, namespace: str, name: str) -> None: ...

    def replace(self, kind: Kind, manifests: Iterable[Mapping[str, Any]], namespace: str = "") -> None: ...


class NotInstalled(Exception):
    """The API server has said twice that it does not have the kind."""


class FruitlessWatch(KubernetesError):
    """A watch ended at once and brought nothing."""


@dataclass(slots=True)
class ListMetadata:
    """What a list says besides its objects."""

    version: str = ""
    objects: int = 0


class Reflector:
    """``query`` goes with every list and watch (selectors). ``namespace`` "" is all of them.

    ``run`` is for a thread of its own, and ends soon after ``connection`` is stopped and the server closed.
    ``on_state`` is called with each new state, and while a failure lasts, once in ten attempts.
    """

    def __init__(
        self,
        kind: Kind,
        server: ApiServer,
        store: ObjectSink,
        *,
        discovery: Discovery,
        connection: SharedConnection,
        on_state: Callable[[KindState], None],
        namespace: str = "",
        query: Mapping[str, str] | None = None,
        pace: Pace = DEFAULT_PACE,
        silence: float = 75.0,
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self._server = server
        self._store = store
        self._discovery = discovery
        self._connection = connection
        self._key: WatchKey = kind, namespace
        self._query = dict(query or {})
        self._pace = pace
        self._silence = silence
        self._on_state = on_state
        self._state = WatchState.STARTING
        self._known = False
        self._reason = ""
        self._heard_at = 0.0
        self._objects = 0
        self._path = ""
        self._version = ""
        self._fruitless = 0
        self._failures = 0
        self._delay = GrowingDelay(pace.first_delay, pace.longest_delay, pace.calm)

    @property
    def state(self) -> KindState:
        return KindState(self.kind, self._state, self._known, self._reason, self._heard_at, self._objects)

    def run(self) -> None:
        while not self._connection.is_stopping():
            began = time.monotonic()
            try:
                self._follow_collection()
            except Exception as error:  # noqa: BLE001 - a thread that dies in silence looks healthy
                if self._connection.is_stopping():
                    return
                if self._connection.pause(self._pause_after(error), since=began):
                    self._delay.reset()

    def _follow_collection(self) -> None:
        if not self._path:
            self._path = self._find_path()
        if not self._version:
            self._list_objects()
        self._watch_changes()

    def _find_path(self) -> str:
        is_missing = self._state is WatchState.NOT_INSTALLED
        path = self._discovery.find_collection(self.kind, self.namespace, afresh=not is_missing)
        if not path and not is_missing:
            # Our records of this kind will be deleted. One answer is not enough for that: an API server that is
            # starting, or one of several that is behind, does not have every group yet.
            self._connection.pause(self._pace.confirm)
            path = self._discovery.find_collection(self.kind, self.namespace)
        if not path:
            self._forget_kind()
            raise NotInstalled
        return path

    def _list_objects(self) -> None:
        listed = ListMetadata()
        self._store.replace(self.kind, self._read_pages(listed), self.namespace)
        self._version, self._objects = listed.version, listed.objects
        self._known = True
        self._connection.note_heard(self._key)
        self._change_state(WatchState.WATCHING)

    def _read_pages(self, listed: ListMetadata) -> Iterator[Mapping[str, Any]]:
        """Where a page would be too large there are fewer objects in it, until those that are have been read."""
        most, token = self._pace.page, ""
        while True:
            try:
                page = self._read_page(most, token)
            except OversizedAnswer:
                if most == 1:
                    raise
                most = max(1, most // 4)
                continue
            most = min(2 * most, self._pace.page)
            metadata, items = page.get("metadata"), page.get("items") or []
            if not (isinstance(metadata, dict) and metadata.get("resourceVersion") and isinstance(items, list)):
                raise Unreachable(f"{self._server.url} does not answer like an API server: no list at {self._path}")
            self._heard_at = time.monotonic()
            # All pages show the state of the first one.
            listed.version = listed.version or str(metadata["resourceVersion"])
            listed.objects += len(items)
            yield from items
            token = str(metadata.get("continue") or "")
            if not token:
                return

    def _read_page(self, most: int, token: str) -> dict[str, Any]:
        """So many objects. Raises ``OversizedAnswer``."""
        query = {**self._query, "limit": str(most)}
        if token:
            query["continue"] = token
        accept = METADATA_ONLY_LIST if self.kind == NAMESPACE else JSON
        return self._server.get(self._path, query, accept, ANSWER_LIMIT if most == 1 else PAGE_LIMIT)

    def _watch_changes(self) -> None:
        """Until the stream ends. One that lasted for a while or brought something may end in any way: the next one
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
                self._change_state(WatchState.WATCHING)
                self._connection.note_opened(self._key)
                for event in events:
                    self._apply_event(event)
        except Silence:
            # Not even the bookmark of each minute came: nobody knows what else did not.
            self._connection.note_lost(self._key)
            self._fruitless = 0
            return
        except Unreachable as error:
            log.debug("watch interrupted: %s", error, extra={"kind": str(self.kind)})
            self._connection.note_lost(self._key)
            why = str(error)
        finally:
            self._connection.note_closed(self._key)
        if self._version != from_version or time.monotonic() - began >= pace.short:
            self._fruitless = 0
            return
        self._fruitless += 1
        if self._fruitless < FRUITLESS_LIMIT:
            raise FruitlessWatch
        self._fruitless, self._version = 0, ""
        raise Unreachable(f"every watch at {self._server.url} ends at once: {why}")

    def _apply_event(self, event: Any) -> None:
        try:
            type_, manifest = event["type"], event["object"]
            if type_ == "ERROR":
                self._version = ""
                raise _read_error(manifest)
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
        if type_ == "BOOKMARK":
            self._connection.note_heard(self._key)
        else:
            self._connection.note_event(self._key)

    def _pause_after(self, error: Exception) -> float:
        """Note what the error means for what we know; returns how many seconds to wait."""
        if isinstance(error, NotInstalled):
            return spread_delay(self._pace.probe)
        pause = spread_delay(self._delay.count_failure(time.monotonic()))
        if isinstance(error, FruitlessWatch):
            return pause
        self._failures += 1
        reason = str(error)
        match error:
            case ApiError(status=403) if self._is_doubtful():
                return self._doubt_refusal(error, pause)
            case ApiError(status=403):
                self._heard_at = time.monotonic()
                self._connection.note_absent(self._key)
                self._change_state(WatchState.FORBIDDEN, reason)
                return spread_delay(self._pace.forbidden)
            case ApiError(status=404 | 410):
                # Perhaps the kind was removed. A 404 alone does not say so: discovery finds out.
                self._path = "" if error.status == 404 else self._path
                self._version = ""
                if self._failures < FRUITLESS_LIMIT:
                    return pause
            case ApiError():
                if self._failures >= FRUITLESS_LIMIT:
                    # It may be the version that it cannot serve: one from before a backup was restored.
                    self._version = ""
                pause = max(pause, min(error.retry_after, RETRY_AFTER_LIMIT))
            case KubernetesError():
                pass
            case _:
                log.exception("the watch of %s failed", self.kind, extra={"kind": str(self.kind)})
                self._version = ""
                reason = explain_fault(error)
        self._connection.note_lost(self._key)
        self._change_state(WatchState.UNREACHABLE, reason)
        return pause

    def _is_doubtful(self) -> bool:
        """Whether a 403 may be one that passes; what was refused before is refused."""
        return self._state is not WatchState.FORBIDDEN and self._connection.doubt_refusal(self._key)

    def _doubt_refusal(self, error: ApiError, pause: float) -> float:
        """The reason is the same for every kind, so that it is told once; what the API server says of each is long."""
        log.debug("refused: %s", error, extra={"kind": str(self.kind)})
        about = f"{self._server.url} answers 403 just after its connection was lost, as one that is starting does"
        reason = REDACTION.redact_text(about)  # the address in a kubeconfig may hold a password
        is_news = reason != self._reason
        if is_news:
            self._failures = 1
            self._delay.reset()
            pause = spread_delay(self._delay.count_failure(time.monotonic()))
        self._change_state(WatchState.UNREACHABLE, reason, is_news=is_news)
        return pause

    def _forget_kind(self) -> None:
        if self._state is not WatchState.NOT_INSTALLED:
            self._store.replace(self.kind, (), self.namespace)
        self._known, self._objects, self._version = True, 0, ""
        self._failures, self._heard_at = 0, time.monotonic()
        self._connection.note_absent(self._key)
        self._change_state(WatchState.NOT_INSTALLED, f"{self.kind} is not installed in the cluster")

    def _change_state(self, state: WatchState, reason: str = "", *, is_news: bool = False) -> None:
        before, self._state, self._reason = self._state, state, reason
        if state is WatchState.WATCHING:
            self._failures = 0
            self._heard_at = time.monotonic()
        if state is not before or is_news or (self._failures and self._failures % LOG_EVERY == 0):
            self._on_state(self.state)


def _read_error(status: Any) -> ApiError:
    """The Status of an ERROR event. Its code may be missing."""
    fields = status if isinstance(status, dict) else {}
    gone = fields.get("code") == 410 or fields.get("reason") in {"Gone", "Expired"}
    code = fields.get("code")
    message = str(fields.get("message") or "the API server ended the watch with an error")
    return ApiError(410 if gone else code if isinstance(code, int) else 500, message)
