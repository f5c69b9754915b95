"""One open watch: which events it sees, in which form, and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from tests.fakes.kubernetes.errors import ApiError
from tests.fakes.kubernetes.forms import Form
from tests.fakes.kubernetes.resources import Resource
from tests.fakes.kubernetes.selectors import Matches
from tests.fakes.kubernetes.store import Event, Record, Store, encode_json


class Wire(Protocol):
    """The answer that a watch writes on: a chunk a line."""

    def chunk(self, data: bytes) -> None: ...

    def finish(self) -> None: ...


class Watch:
    """``silent`` holds back everything from now on, as a peer that froze; what happens meanwhile is lost."""

    def __init__(
        self, store: Store, resource: Resource, namespace: str, selectors: Sequence[Matches], form: Form, wire: Wire
    ) -> None:
        self.resource = resource
        self.silent = False
        self.on_end: Callable[[], None] = self.close
        self.wire = wire
        self._store, self._namespace, self._selectors, self._form = store, namespace, selectors, form
        self._timers: list[asyncio.TimerHandle] = []
        self._bookmark_period = 0.0

    def start(self, rv: str) -> None:
        """From ``rv`` on; "" and "0" begin with what is there, as ADDED."""
        if rv in ("", "0"):
            for record in sorted(self._store.shelf(self.resource).records(self._namespace), key=_sort_key):
                if self._is_chosen(record):
                    self._send_event("ADDED", record)
        else:
            try:
                missed = self._store.since(self.resource, int(rv))
            except ApiError as e:
                self.fail(e)
                return
            for event in missed:
                self.deliver(event)
        self._store.subscribe(self.resource, self)

    def keep(self, loop: asyncio.AbstractEventLoop, seconds: float, bookmark_period: float | None) -> None:
        """End after ``seconds``; a bookmark each period and one two seconds before the end, None: no bookmarks."""
        self._timers.append(loop.call_later(seconds, self.end))
        if bookmark_period is not None:
            self._bookmark_period = bookmark_period
            self._timers.append(loop.call_later(bookmark_period, self._bookmark_again, loop))
            self._timers.append(loop.call_later(max(seconds - 2, seconds / 2), self.bookmark))

    def deliver(self, event: Event) -> None:
        """A change into or out of what the selectors choose is an ADDED or a DELETED here."""
        record = event.record
        if self._namespace and record.namespace != self._namespace:
            return
        if not self._selectors:
            self._send_event(event.type, record)
            return
        is_in = event.type != "DELETED" and self._is_chosen(record)
        was_in = event.before is not None and self._is_chosen(event.before)
        if is_in:
            self._send_event("MODIFIED" if was_in else "ADDED", record)
        elif was_in and event.before is not None:
            self._send_event("DELETED", record if event.type == "DELETED" else event.before.at(event.rv))

    def bookmark(self) -> None:
        self._write_line(b'{"type":"BOOKMARK","object":%s}\n' % self._form.write_bookmark(self._store.rv))

    def fail(self, error: ApiError) -> None:
        self._write_line(b'{"type":"ERROR","object":%s}\n' % encode_json(error.status()))
        self.end()

    def gone(self) -> None:
        self.end()

    def end(self) -> None:
        self.on_end()
        if not self.silent:
            self.wire.finish()

    def close(self) -> None:
        self._store.unsubscribe(self.resource, self)
        for timer in self._timers:
            timer.cancel()

    def _bookmark_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self.bookmark()
        self._timers[1] = loop.call_later(self._bookmark_period, self._bookmark_again, loop)

    def _is_chosen(self, record: Record) -> bool:
        return all(matches(record.body) for matches in self._selectors)

    def _send_event(self, kind: str, record: Record) -> None:
        self._write_line(b'{"type":"%s","object":%s}\n' % (kind.encode(), self._form.write_one(record)))

    def _write_line(self, line: bytes) -> None:
        if not self.silent:
            self.wire.chunk(line)


def _sort_key(record: Record) -> tuple[str, str]:
    return record.namespace, record.name
