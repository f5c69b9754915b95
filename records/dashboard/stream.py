"""What happens, as it happens: one poller of the process reads the audit, and tells all who have a page open.

Each line of the stream has the number of its audit entry as its id, so that a browser that comes back says where it
was. What it missed is sent from memory, or, where that does not reach so far, from the database in one question. A line
is told once the audit is complete up to its number (``records.audit_tail``): none is lost, and none comes twice.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.contrib.auth.signals import user_logged_out
from django.core.handlers.asgi import ASGIRequest
from django.db import Error, connection, connections
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from records.audit_tail import AuditTail, wait_settled
from records.dashboard.passes import PassSummary, find_pass
from records.entry_names import note_entries
from records.models import AuditEntry
from records.search import read_number

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds between two looks, as long as someone listens ..."""
LOOK_WHEN_AWAY = 5.0
"""... and after one that the database did not answer."""
KEEP_ALIVE = 15.0
"""Seconds without a line after which a sign of life is sent: a page that hears none connects anew."""
LIFE = 600.0
"""Seconds after which a stream ends, so that a reader comes anew, with a login and rights that still count. It ends at
once for who logs out in this process."""
MOST_READERS = 200
REMEMBERED = 1000
"""Lines in memory, for who comes back."""
MOST_MISSED = 500
"""Lines that are told to who comes back; who missed more gets a new page."""
BEHIND = 1000
"""Lines that may wait for a reader, who is cut off then, and comes back for them."""
KNOWN = 200
"""Entries from before that count in the lines over their passes."""
SETTLING = 2.0
"""Seconds that the first reader waits for entries that are on the way."""
PASSES = 50
"""Passes of which the poller knows all that they did."""


class Line(NamedTuple):
    """Of the stream. ``number`` is the audit entry's."""

    number: int
    text: bytes


class Poller:
    """Runs while there are readers. One thread alone uses the database, with one connection for all of them."""

    def __init__(self, pause: float = LOOK) -> None:
        self.readers: dict[asyncio.Queue[Line | None], str] = {}
        """The queue of each, and the key of the session by which it reads."""
        self.lines: deque[Line] = deque(maxlen=REMEMBERED)
        self.told = 0
        """The number up to which all lines were told."""
        self.looks = 0
        """How often it has looked for new lines."""
        self._pause = pause
        self._loop: asyncio.AbstractEventLoop | None = None
        self._joining = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "stream")
        self._tail = AuditTail()
        self._passes: OrderedDict[str, PassSummary] = OrderedDict()

    async def join(self, last: int | None, session: str = "") -> tuple[asyncio.Queue[Line | None], list[Line] | None]:
        """A queue of what is new, and what came after the entry ``last``; None in its place where that number is not
        known, or is too far back: the page is to be made anew. Raises ``django.db.Error``."""
        queue: asyncio.Queue[Line | None] = asyncio.Queue(BEHIND)
        async with self._joining:
            if not self.readers:
                self.told = await self._call(self._start)
                self.lines.clear()
            self.readers[queue] = session  # in which all comes from here on that is beyond `told`
            told = self.told
        self._loop = asyncio.get_running_loop()
        if self._task is None:
            self._task = asyncio.create_task(self._poll())
        try:
            return queue, None if last is None else await self._find_missed(last, told)
        except BaseException:
            self.leave(queue)
            raise

    @property
    def is_running(self) -> bool:
        return self._task is not None

    def leave(self, queue: asyncio.Queue[Line | None]) -> None:
        self.readers.pop(queue, None)

    def stop(self) -> None:
        """Every stream ends."""
        for queue in self.readers:
            _put_last(queue)

    def end_session(self, session: str) -> None:
        """The streams of this session end: it has logged out. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_session, session)

    def _end_session(self, session: str) -> None:
        for queue, reads_by in self.readers.items():
            if reads_by == session:
                _put_last(queue)

    async def _find_missed(self, last: int, told: int) -> list[Line] | None:
        if last >= told:  # a page may have shown more than was told
            return [] if last == told or await self._call(lambda: _is_there(last)) else None
        if self.lines and self.lines[0].number <= last + 1:
            return [line for line in self.lines if last < line.number <= told]
        missed: list[Line] | None = await self._call(lambda: self._read_missed(last, told))
        return missed

    async def _poll(self) -> None:
        while self.readers:
            pause = self._pause
            try:
                settled, lines = await self._call(self._look)
                for line in lines:
                    self.tell_line(line)
                self.told = max(self.told, settled)
            except Error as error:
                log.warning("the live stream waits for the database: %s", type(error).__name__)
                pause = LOOK_WHEN_AWAY
            await asyncio.sleep(pause)
        self._task = None
        await self._call(_close_connection)

    def tell_line(self, line: Line) -> None:
        """To all readers; who does not read is cut off."""
        self.lines.append(line)
        for queue in list(self.readers):
            try:
                queue.put_nowait(line)
            except asyncio.QueueFull:
                self.leave(queue)
                _put_last(queue)

    async def _call(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _close_after_error, work)

    # In the thread

    def _start(self) -> int:
        """Who comes says from where; what happened before is told to nobody."""
        self._tail = AuditTail(wait_settled(0, SETTLING))
        self._passes.clear()
        for entry in reversed(AuditEntry.objects.filter(id__lte=self._tail.settled).order_by("-id")[:KNOWN]):
            self._count(entry)
        return self._tail.settled

    def _look(self) -> tuple[int, list[Line]]:
        self.looks += 1
        before = self._tail.settled
        settled = self._tail.advance()
        if settled == before:
            return settled, []
        rows = AuditEntry.objects.filter(id__gt=before, id__lte=settled).order_by("id")
        return settled, self._write_lines(list(rows))

    def _read_missed(self, last: int, told: int) -> list[Line] | None:
        if not _is_there(last) and last:
            return None
        rows = list(AuditEntry.objects.filter(id__gt=last, id__lte=told).order_by("id")[: MOST_MISSED + 1])
        return self._write_lines(rows) if len(rows) <= MOST_MISSED else None

    def _write_lines(self, entries: Sequence[AuditEntry]) -> list[Line]:
        note_entries(entries)
        return [Line(entry.pk, write_entry(entry, self._count(entry))) for entry in entries]

    def _count(self, entry: AuditEntry) -> PassSummary:
        key = find_pass(entry)
        summary = self._passes.setdefault(key, PassSummary(key))
        self._passes.move_to_end(key)
        while len(self._passes) > PASSES:
            self._passes.popitem(last=False)
        summary.add_entry(entry)
        return summary


def write_entry(entry: AuditEntry, summary: PassSummary) -> bytes:
    """The same line for all readers."""
    text = render_to_string("dashboard/entry.html", {"entry": entry, "summary": summary})
    return write_event("entry", text, entry.pk)


def _is_there(number: int) -> bool:
    return AuditEntry.objects.filter(pk=number).exists()


def _put_last(queue: asyncio.Queue[Line | None]) -> None:
    """What was waiting is asked for again by who comes back: told in part, it would have a gap."""
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(None)


def _close_connection() -> None:
    """Of the thread in which it is called."""
    connection.close()


def _close_after_error(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Error:
        connection.close()  # the next look begins with a new one
        raise


def write_event(name: str, data: str, number: int | None = None) -> bytes:
    """As Server-Sent Events have it."""
    lines = [f"event: {name}", *(f"data: {line}" for line in data.splitlines() or [""])]
    if number is not None:
        lines.append(f"id: {number}")
    return ("\n".join(lines) + "\n\n").encode()


_poller: Poller | None = None


def get_poller() -> Poller:
    """The one of this process, which ends its streams before the server waits for them."""
    global _poller
    if _poller is None:
        _poller = Poller()
        _stop_on_signals(_poller)
    return _poller


@receiver(user_logged_out)
def _end_streams(request: HttpRequest | None, **_: Any) -> None:
    if _poller is not None and request is not None and request.session.session_key:
        _poller.end_session(request.session.session_key)


def _stop_on_signals(poller: Poller) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def stop(received: int, frame: Any, before: Any = before) -> None:
            loop.call_soon_threadsafe(poller.stop)
            if callable(before):
                before(received, frame)

        try:
            signal.signal(number, stop)
        except ValueError:  # in a thread that is not the first: a server of a test
            return


@require_GET
async def stream_events(request: HttpRequest) -> HttpResponseBase:
    """The number after which to go on is in Last-Event-ID, and at first in ``after``."""
    if not await sync_to_async(_may_see)(request):
        return HttpResponse(status=401)
    if not isinstance(request, ASGIRequest):
        return _send_away("This server cannot keep a page informed: start it with catalyst-dns-sync web.")
    poller = get_poller()
    if len(poller.readers) >= MOST_READERS:
        return _send_away("There are too many open pages.")
    last = read_number(request.headers.get("Last-Event-ID", request.GET.get("after", "")))
    try:
        queue, missed = await poller.join(last, request.session.session_key or "")
    except Error:
        return _send_away("The database does not answer.")
    answer = StreamingHttpResponse(_follow_events(poller, queue, missed), content_type="text/event-stream")
    answer["Cache-Control"] = "no-cache, no-store"
    answer["X-Accel-Buffering"] = "no"
    return answer


def _may_see(request: HttpRequest) -> bool:
    return admin.site.has_permission(request) and request.user.has_perm("records.view_managedrecord")


def _send_away(reason: str) -> HttpResponse:
    answer = HttpResponse(f"{reason} Try again in a few seconds.\n", content_type="text/plain", status=503)
    answer["Retry-After"] = "5"
    return answer


async def _follow_events(
    poller: Poller, queue: asyncio.Queue[Line | None], missed: Sequence[Line] | None
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    ends = loop.time() + LIFE
    try:
        await sync_to_async(connections.close_all)()  # of this thread: none is kept while the page is open
        yield b": hello\n\n" if missed is not None else write_event("reset", "")
        for line in missed or ():
            yield line.text
        while (left := ends - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, KEEP_ALIVE)):
                    line_or_end = await queue.get()
            except TimeoutError:
                yield write_event("alive", "")
                continue
            if line_or_end is None:
                return
            yield line_or_end.text
    finally:
        poller.leave(queue)
