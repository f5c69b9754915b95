"""The live stream: each reader gets each line once, in order, from where it was."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, User
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection, connections
from django.http import HttpRequest
from django.test import AsyncClient, Client

from records.audit_tail import AuditTail
from records.dashboard import stream as streams
from records.dashboard.stream import MOST_MISSED, MOST_READERS, REMEMBERED, Line, Poller, write_event
from records.models import AuditEntry
from records.roles import VIEWER

pytestmark = pytest.mark.django_db(transaction=True)

Queue = asyncio.Queue[Line | None]


def make_entries(count: int = 1, **columns: str) -> list[int]:
    return [make_entry(columns) for _ in range(count)]


def make_entry(columns: dict[str, str]) -> int:
    for _ in range(200):
        try:
            return AuditEntry.objects.create(actor="syncer", action="created", **columns).pk
        except OperationalError:  # SQLite waits for no reader of a database in memory
            time.sleep(0.01)
    raise AssertionError("the table stays locked")


amake_entries = sync_to_async(make_entries)


def play(scene: Callable[[Poller], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        poller = Poller(0.01)
        try:
            await asyncio.wait_for(scene(poller), 30)
        finally:
            poller.readers.clear()
            while poller.is_running:
                await asyncio.sleep(0.01)
            await sync_to_async(connections.close_all)()

    asyncio.run(run())


async def take(queue: Queue, count: int) -> list[int]:
    lines = [await queue.get() for _ in range(count)]
    return [line.number for line in lines if line]


def test_readers_get_what_is_new_and_what_they_missed() -> None:
    async def scene(poller: Poller) -> None:
        before = await amake_entries(3)
        here, missed = await poller.join(before[1])
        assert missed is not None
        assert [line.number for line in missed] == before[2:]
        news = await amake_entries(2)
        assert await take(here, 2) == news
        later, missed = await poller.join(news[0])  # from memory
        assert [line.number for line in missed or ()] == news[1:]
        _, missed = await poller.join(before[0])  # from before what is in memory
        assert [line.number for line in missed or ()] == [*before[1:], *news]
        last = await amake_entries()
        assert await take(here, 1) == await take(later, 1) == last
        assert here.empty()
        assert later.empty()

    play(scene)


def test_a_reader_whose_page_is_ahead_of_the_poller_gets_the_line_that_it_has_not() -> None:
    """The page may have shown 8 when 7 was still to come."""

    async def scene(poller: Poller) -> None:
        await amake_entries()
        late, shown = await amake_entries(2)
        queue, _ = await poller.join(shown)
        poller.told = late - 1  # as if both were not settled
        ahead, missed = await poller.join(shown)
        assert missed == []
        poller.tell_line(Line(late, b""))
        assert await take(ahead, 1) == await take(queue, 1) == [late]

    play(scene)


@pytest.mark.parametrize("last", [None, 4711])
def test_who_names_no_entry_that_is_there_is_to_make_the_page_anew(last: int | None) -> None:
    async def scene(poller: Poller) -> None:
        await amake_entries(3)
        queue, missed = await poller.join(last)
        assert missed is None
        news = await amake_entries()
        assert await take(queue, 1) == news

    play(scene)


def test_who_missed_too_much_is_to_make_the_page_anew() -> None:
    async def scene(poller: Poller) -> None:
        first = await amake_entries()
        await sync_to_async(AuditEntry.objects.bulk_create)(
            [AuditEntry(actor="syncer", action="created") for _ in range(MOST_MISSED + 1)]
        )
        _, missed = await poller.join(first[0])
        assert missed is None
        _, missed = await poller.join(first[0] + 1)
        assert missed is not None
        assert len(missed) == MOST_MISSED

    play(scene)


def test_a_reader_who_does_not_read_is_cut_off_and_the_others_go_on() -> None:
    async def scene(poller: Poller) -> None:
        await amake_entries()
        slow, _ = await poller.join(None)
        quick, _ = await poller.join(None)
        for number in range(slow.maxsize + 1):
            poller.tell_line(Line(number, b""))
            await take(quick, 1)
        assert slow not in poller.readers
        assert await slow.get() is None
        assert quick in poller.readers
        assert len(poller.lines) == REMEMBERED

    play(scene)


def test_a_hundred_readers_cost_the_questions_of_one() -> None:
    async def scene(poller: Poller) -> None:
        first = await amake_entries()
        queues = [(await poller.join(first[0]))[0] for _ in range(100)]
        looks = poller.looks
        news = await amake_entries(2)
        assert {tuple(await take(queue, 2)) for queue in queues} == {tuple(news)}
        assert poller.looks - looks < 100

    play(scene)


def test_the_poller_ends_with_its_last_reader_and_begins_with_the_next() -> None:
    async def scene(poller: Poller) -> None:
        first = await amake_entries()
        queue, _ = await poller.join(first[0])
        poller.leave(queue)
        while poller.is_running:
            await asyncio.sleep(0.01)
        unheard = await amake_entries(2)
        queue, missed = await poller.join(first[0])
        assert [line.number for line in missed or ()] == unheard
        assert await take(queue, len(await amake_entries())) == [unheard[-1] + 1]

    play(scene)


# Over HTTP


@pytest.fixture
def poller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each loop has its own."""
    monkeypatch.setattr(streams, "_poller", None)


async def log_in() -> AsyncClient:
    client = AsyncClient()
    user, _ = await User.objects.aget_or_create(username="olga")
    await user.groups.aadd(await Group.objects.aget(name=VIEWER))
    await client.aforce_login(user)
    return client


async def open_stream(*, known: bool = True, query: str = "", **headers: str) -> Any:
    client = await log_in() if known else AsyncClient()
    return await client.get(f"/ui/stream/{query}", headers=headers)


async def read_events(answer: Any, count: int) -> list[str]:
    chunks, found = aiter(answer.streaming_content), []
    while len(found) < count:
        found.append((await anext(chunks)).decode())
    await chunks.aclose()
    return found


def visit(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        try:
            await asyncio.wait_for(scene(), 30)
        finally:
            poller = streams.get_poller()
            poller.readers.clear()
            while poller.is_running:
                await asyncio.sleep(0.05)
            await sync_to_async(connections.close_all)()

    asyncio.run(run())


@pytest.mark.usefixtures("poller")
@pytest.mark.parametrize(
    ("query", "headers", "begins"),
    [
        ("?after=FIRST", {}, ": hello"),
        ("?after=FIRST", {"Last-Event-ID": "nonsense"}, "event: reset"),
        ("?after=FIRST", {"Last-Event-ID": "-1"}, "event: reset"),
        ("?after=FIRST", {"Last-Event-ID": "9" * 400}, "event: reset"),
        ("", {}, "event: reset"),
    ],
)
def test_a_stream_begins_where_the_reader_was(query: str, headers: dict[str, str], begins: str) -> None:
    async def scene() -> None:
        first, second = await amake_entries(2, name="<b>grafana</b>.talos00", reason="a\nb")
        answer = await open_stream(query=query.replace("FIRST", f"{first}"), **headers)
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream")
        assert (answer["Cache-Control"], answer["X-Accel-Buffering"]) == ("no-cache, no-store", "no")
        begin, *lines = await read_events(answer, 2 if begins == ": hello" else 1)
        assert begin.startswith(begins)
        for line in lines:
            assert line.startswith("event: entry\n")
            assert line.endswith(f"\nid: {second}\n\n")
            assert "<b>grafana" not in line
            assert re.findall("^(?!event:|data:|id:).+$", line, re.MULTILINE) == []

    visit(scene)


@pytest.mark.usefixtures("poller")
def test_a_stream_without_lines_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "KEEP_ALIVE", 0.01)

    async def scene() -> None:
        answer = await open_stream()
        assert await read_events(answer, 3) == ["event: reset\ndata: \n\n", *["event: alive\ndata: \n\n"] * 2]

    visit(scene)


@pytest.mark.usefixtures("poller")
def test_who_is_not_known_gets_no_stream_and_no_page_of_a_login() -> None:
    async def scene() -> None:
        assert (await open_stream(known=False)).status_code == 401

    visit(scene)


@pytest.mark.usefixtures("poller")
def test_who_logs_out_hears_no_more_and_others_do() -> None:
    async def scene() -> None:
        leaver, other = await log_in(), await log_in()
        answers: list[Any] = [await it.get("/ui/stream/") for it in (leaver, other)]
        ending, lasting = [aiter(answer.streaming_content) for answer in answers]
        assert [await anext(it) for it in (ending, lasting)] == [b"event: reset\ndata: \n\n"] * 2
        await leaver.alogout()
        assert [chunk async for chunk in ending] == []
        await amake_entries()
        assert (await anext(lasting)).startswith(b"event: entry\n")
        assert (await leaver.get("/ui/stream/")).status_code == 401
        await lasting.aclose()

    visit(scene)


@pytest.mark.usefixtures("poller")
def test_a_log_out_of_nobody_ends_no_stream_of_those_who_need_no_login() -> None:
    async def scene() -> None:
        queue, _ = await streams.get_poller().join(None)
        stranger = HttpRequest()
        stranger.session = SessionStore()
        user_logged_out.send(User, request=stranger, user=None)
        await asyncio.sleep(0.05)
        assert queue.empty()

    visit(scene)


@pytest.mark.usefixtures("poller")
def test_there_are_no_more_readers_than_the_process_bears() -> None:
    async def scene() -> None:
        poller = streams.get_poller()
        poller.readers.update((asyncio.Queue(), "") for _ in range(MOST_READERS))
        answer = await open_stream()
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")

    visit(scene)


def test_a_server_that_would_be_busy_with_one_reader_for_ever_sends_it_away() -> None:
    """Of WSGI, as Django's own for developers."""
    client = Client()
    user = User.objects.create(username="olga", is_superuser=True, is_staff=True)
    client.force_login(user)
    answer = client.get("/ui/stream/")
    assert (answer.status_code, "catalyst-dns-sync web" in answer.content.decode()) == (503, True)


def test_an_event_is_spelled_as_the_protocol_wants_it() -> None:
    assert write_event("entry", "a\nb\r\nc", 7) == b"event: entry\ndata: a\ndata: b\ndata: c\nid: 7\n\n"
    assert write_event("reset", "") == b"event: reset\ndata: \n\n"


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_the_poller_has_one_connection() -> None:
    async def scene(poller: Poller) -> None:
        first, _ = await amake_entries(2)
        look = sync_to_async(list_connections)
        before = await look()
        for _ in range(50):
            _, missed = await poller.join(first)
            assert missed, "it was read for each"
        assert len(await look() - before) == 1

    play(scene)


def list_connections() -> set[int]:
    """One that a test before has closed may still be there for a moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return {pid for (pid,) in cursor}


def test_the_tail_of_an_empty_audit_is_at_the_beginning() -> None:
    assert AuditTail().advance() == 0
