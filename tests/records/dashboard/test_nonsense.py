"""Every page and every button of the dashboard, asked for whatever comes to mind: never an error of ours.

The addresses are those of the program, and the parameters those for which its pages look. Each gets some of ``TEXTS``,
the next one others; with FUZZ_EXAMPLES, as ``make hostile`` sets it, thirty times as many, and that number made up."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, cycle, islice
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.http.request import HttpHeaders
from django.test import Client
from pytest_django import Settings

from catalyst.web.queries import find_excess
from records.admin.steps import STEPS
from records.dashboard.actions import PLAN_ACTIONS
from records.roles import ADMIN
from tests.nonsense import TEXTS, make_texts, spell_header, spell_path, spell_query
from tests.records.cast import Cast, make_cast
from tests.records.dashboard.test_stream import open_stream, poller, read_events, visit
from tests.records.test_admin import visitor
from tests.routes import ARGUMENT, DASHBOARD, fill_route, list_routes

__all__ = ["poller"]

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1200)]

WHOLE = "FUZZ_EXAMPLES"
EXAMPLES = int(os.environ.get(WHOLE, "0"))
OTHERS = (*("sync everything", "sync zone", "restore", "hold writes", "resume writes"), "", "nothing of ours", "\0")
ACTIONS = (*STEPS, *PLAN_ACTIONS, *OTHERS)
"""Every button, and some that there are not."""
FORM = "application/x-www-form-urlencoded"
MARKUP = (b"<script>alert(1)", b"<img src=x")
SCRIPTS = (
    {},
    {"HX-Request": "true"},
    *({"HX-Request": "true", "HX-Target": f"x#{part}"} for part in ("board", "names")),
)
"""What htmx sends, for the page and for parts of it."""
OF_DJANGO = {"csrfmiddlewaretoken", "_method"}


class Asker:
    """Asks as one role, and notes for which parameters and headers the pages look. ``wrong`` is what came as an error,
    or as markup from someone else."""

    def __init__(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wrong: list[tuple[str, str, int]] = []
        self.parameters: set[str] = set()
        self.headers: set[str] = set()
        self.count = 0
        self._client = client
        self._texts = cycle(TEXTS)
        self._scripts = cycle(SCRIPTS)
        for kind, method, names in (
            (QueryDict, "__getitem__", self.parameters),
            (QueryDict, "__contains__", self.parameters),
            (QueryDict, "getlist", self.parameters),
            (HttpHeaders, "__getitem__", self.headers),
        ):
            monkeypatch.setattr(kind, method, _listen(getattr(kind, method), names), raising=False)

    def pick(self, place: str, few: int) -> Iterable[str]:
        count = min(30 * few, len(TEXTS)) if WHOLE in os.environ else few
        return chain(islice(self._texts, count), make_texts(place, EXAMPLES))

    def ask(
        self, what: str, method: str, address: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self.count += 1
        headers = next(self._scripts) if headers is None else headers
        with transaction.atomic():
            answer = self._client.generic(method, address, body, FORM, headers=headers)
            transaction.set_rollback(True)  # the next one finds the world as it was
        if answer.status_code >= 500 and not _is_no_place_for_streams(answer):
            self.wrong.append((f"{method} {address[:80]}", f"{what[:60]!r}", answer.status_code))
        if not answer.streaming and any(markup in answer.content for markup in MARKUP):
            self.wrong.append((f"{method} {address[:80]}", f"markup of {what[:60]!r}", answer.status_code))

    def ask_all(self, method: str, address: str, known: Mapping[str, str], few: int) -> None:
        """Nonsense in each parameter for which the page looks, once and repeated, with the others as they are
        ``known``. More of them come to light meanwhile."""
        done: set[str] = set()
        self.parameters.clear()
        self.ask("nothing", method, *_place(method, address, known.items()))
        while names := sorted(self.parameters - done - OF_DJANGO):
            for name in names:
                done.add(name)
                for text in self.pick(f"{address} {name}", few):
                    others = [(key, value) for key, value in known.items() if key != name]
                    self.ask(f"{name}={text}", method, *_place(method, address, [*others, (name, text)]))
                twice = [*known.items(), (name, next(self._texts)), (name, ""), (name, next(self._texts))]
                self.ask(f"{name} thrice", method, *_place(method, address, twice))
        self.seen = done


def _listen(method: Any, names: set[str]) -> Any:
    def look(mapping: Any, key: str, *more: Any, **others: Any) -> Any:
        names.add(key)
        return method(mapping, key, *more, **others)

    return look


def _place(method: str, address: str, pairs: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The address and the body."""
    query = spell_query(*pairs)
    return (address, query) if method == "POST" else (f"{address}?{query}", "")


def _is_no_place_for_streams(answer: HttpResponse) -> bool:
    return answer.status_code == 503 and b"start it with catalyst-dns-sync web" in answer.content


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def asker(cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Asker]:
    settings.DNS_TEST_SERVERS, settings.DNS_TEST_RATE_LIMIT = [], 0
    found = Asker(visitor(ADMIN), monkeypatch)
    yield found
    print(found.count, "questions")
    assert found.wrong == []


def test_every_page_takes_nonsense_in_each_parameter_for_which_it_looks(asker: Asker, cast: Cast) -> None:
    seen = set()
    for route, _ in list_routes(DASHBOARD):
        address = fill_route(route, {"name": cast.nas.name, "pk": str(cast.plan.pk)})
        asker.ask_all("GET", address, {}, 2)
        seen |= asker.seen
    assert {"q", "state", "kind", "after", "before", "until", "ask", "target"} <= seen
    assert {"HX-Request", "HX-Target", "HX-Current-URL", "Last-Event-ID"} <= asker.headers | {"Last-Event-ID"}


def test_every_page_takes_nonsense_in_its_address_and_headers(asker: Asker, cast: Cast) -> None:
    known = {"name": cast.nas.name, "pk": str(cast.plan.pk)}
    for route, _ in list_routes(DASHBOARD):
        for _, argument in ARGUMENT.findall(route):
            for text in asker.pick(route, 8):
                asker.ask(text, "GET", fill_route(route, {**known, argument: spell_path(text) or "%20"}))
        asker.ask("nothing", "GET", fill_route(route, known))
        for header in sorted({*asker.headers, "HX-Target", "HX-Current-URL", "Last-Event-ID", "Accept"} - {"Host"}):
            for text in asker.pick(f"{route} {header}", 1):
                headers = {"HX-Request": "true", header: spell_header(text)}
                asker.ask(f"{header}: {text}", "GET", fill_route(route, known), headers=headers)


@pytest.mark.parametrize("start", range(4))
def test_every_button_takes_nonsense_in_each_field_for_which_it_looks(asker: Asker, cast: Cast, start: int) -> None:
    for action in ACTIONS[start::4]:
        about = cast.plan if action in PLAN_ACTIONS else cast.created if action == "restore" else cast.nas
        known = {"action": action, "name": cast.nas.name, "key": str(about.pk), "confirmed": "yes", "back": "/ui/"}
        asker.ask_all("POST", "/ui/do/", known, 1)
    for address in ("/ui/", "/ui/find/"):
        asker.ask("a form where none is taken", "POST", address, "q=1")
    for body in ("\0", "action=%", "a=1&" * 2000, "action=sync everything&chosen=" + "9" * 30):
        asker.ask(body, "POST", "/ui/do/", body)


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("poller")
def test_a_stream_begins_anew_for_who_says_nonsense_of_where_it_was() -> None:
    async def scene() -> None:
        for text in TEXTS:
            query = spell_query(("after", text))
            answer = await open_stream(query=f"?{query}", **{"Last-Event-ID": spell_header(text)})
            if find_excess(query):
                assert answer.status_code == 400
                continue
            (begin,) = await read_events(answer, 1)
            assert begin.startswith((": hello", "event: reset")), text

    visit(scene)
