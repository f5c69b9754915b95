"""The live stream in a real browser: no line is lost and none comes twice, whatever happens between."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.person import Person, open_browser
from tests.browser.stack import EDGE, LAB, ZONE, Stack, stack
from tests.fakes.kubernetes.manifests import ingress
from tests.postgres import make_database, open_cursor
from tests.processes import wait_until
from tests.samples import EXHAUSTIVE
from tests.sessions.session import ADDRESS

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(300)]

SLOW = 40.0
LAST = (f"prometheus.{ZONE}", f"lights.{LAB}", f"lights.{EDGE}")
"""Of each zone one name that is among the last: nothing else comes to the stream then than what a test makes happen."""
RESET = "event: reset\ndata: \n\n"
LIVE = re.compile("^live")
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
HIDE = """
hidden => {
  Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event("visibilitychange"));
}
"""
_numbers = count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Its URL; none for the file that is there without."""
    if request.param == "sqlite":
        yield ""
        return
    with make_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture(scope="module")
def site(browser: Browser, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    more = {"DATABASE_URL": database, "SECRET_KEY": "of-no-worth-" * 5} if database else {}
    with stack(tmp_path_factory.mktemp("stack"), **more) as running:
        for name in LAST:
            running.answers(name, ADDRESS, within=SLOW)
        yield running


@pytest.fixture(scope="module")
def cookies(site: Stack, browser: Browser) -> Any:
    with open_browser(browser, site, **DESK) as person:
        person.log_in()
        return person.page.context.storage_state()


@pytest.fixture
def person(
    site: Stack, browser: Browser, database: str, cookies: Any, request: pytest.FixtureRequest
) -> Iterator[Person]:
    if database and request.function in OF_THE_PAGE and not EXHAUSTIVE:
        pytest.skip("on SQLite the page does the same: make exhaustive does it here too")
    with open_browser(browser, site, storage_state=cookies, **DESK) as one:
        one.open("/ui/")
        expect(one.page.locator("#stream-state")).to_have_text("live", timeout=SLOW * 1000)
        yield one


def publish(site: Stack) -> str:
    """A new name, once it is in DNS."""
    name = f"new-{next(_numbers)}"
    site.cluster.create(ingress(name, f"{name}.{ZONE}", namespace="apps"))
    site.answers(f"{name}.{ZONE}", ADDRESS, within=SLOW)
    return f"{name}.{ZONE}"


def expect_line(page: Page, name: str) -> None:
    expect(page.locator("#stream .entry", has_text=name)).to_have_count(1, timeout=40_000)


def list_lines(page: Page) -> list[int]:
    """The numbers of those that are shown."""
    numbers: list[int] = page.locator("#stream .entry").evaluate_all("lines => lines.map(line => +line.id.slice(6))")
    return numbers


def find_newest(page: Page) -> int:
    return max(list_lines(page))


def list_after(person: Person, number: int) -> list[int]:
    """The audit entries beyond that number."""
    asked = f"{person.site.base}/api/v1/audit?ordering=id&after_id={number}&page_size=1000"
    return [entry["id"] for entry in person.page.request.get(asked).json()["results"]]


def count_waiting(page: Page) -> int:
    """The new lines that a paused stream tells of."""
    found = re.match(r"(\d+) new lines?$", page.locator("#stream-state").inner_text())
    return int(found[1]) if found else 0


def check_lines(person: Person) -> None:
    """Every entry of the audit from the oldest line on is there once."""
    oldest = min(list_lines(person.page))
    wait_until(lambda: set(list_lines(person.page)) >= set(list_after(person, oldest - 1)), SLOW, "every line")
    shown = list_lines(person.page)
    assert len(shown) == len(set(shown)), "a line comes twice"


def test_an_ingress_is_in_the_stream_and_in_the_table_without_a_reload(site: Stack, person: Person) -> None:
    page = person.page
    page.evaluate("window.sameLoad = true")
    name = publish(site)
    expect_line(page, name)
    line = page.locator("#stream .pass", has=page.locator(".entry", has_text=name))
    expect(line.locator(".summary")).to_have_text("apps: 1 created")
    expect(line.locator(".entry .hint")).to_have_text("just now")
    page.fill("#names-q", name)
    expect(page.locator("#names tbody tr", has_text=name)).to_be_visible()
    assert page.evaluate("window.sameLoad")
    check_lines(person)
    assert not person.complaints


def test_lines_wait_while_the_stream_is_paused_and_can_be_narrowed(site: Stack, person: Person) -> None:
    page = person.page
    newest = find_newest(page)
    page.get_by_role("button", name="Pause").click()
    name = publish(site)
    wait_until(lambda: count_waiting(page) == len(list_after(person, newest)) > 0, SLOW, "all that is new waits")
    expect(page.locator("#stream .entry", has_text=name)).to_have_count(0)
    page.get_by_role("button", name="Go on").click()
    expect_line(page, name)
    page.select_option("#stream-sort", "person")
    expect(page.locator("#stream .entry", has_text=name)).to_be_hidden()
    page.select_option("#stream-sort", "change")
    expect(page.locator("#stream .entry", has_text=name)).to_be_visible()
    page.locator("#stream .entry", has_text=name).hover()
    waits = publish(site)
    expect(page.locator("#stream-state")).to_have_text("1 new line, shown when you leave the list")
    expect(page.locator("#stream .entry", has_text=waits)).to_have_count(0)
    page.mouse.move(0, 0)
    expect(page.locator("#stream-state")).to_have_text("live")
    expect_line(page, waits)
    assert not person.complaints


def kill_web(site: Stack, page: Page) -> list[str]:
    site.web.kill()
    names = [publish(site), publish(site)]
    site.start_web()
    site.web.says("running on http", SLOW)
    return names


def answer_503(site: Stack, page: Page) -> list[str]:
    """As a proxy does whose upstream is away, for a while."""
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.headers.get("last-event-id", ""))
        route.fulfill(status=503, body="upstream is away")

    first = publish(site)
    expect_line(page, first)
    page.route("**/ui/stream/**", refuse)
    site.web.kill()
    site.start_web()
    site.web.says("running on http", SLOW)
    names = [publish(site), publish(site)]

    def is_refused() -> bool:
        page.wait_for_timeout(100)
        return len(refused) >= 2

    wait_until(is_refused, 40, "two refusals")
    page.unroute("**/ui/stream/**")
    return [first, *names]


def hide_tab(site: Stack, page: Page) -> list[str]:
    page.evaluate(HIDE, True)
    page.wait_for_timeout(300)
    names = [publish(site), publish(site)]
    expect(page.locator("#stream .entry", has_text=names[0])).to_have_count(0)
    page.evaluate(HIDE, False)
    return names


def sleep_hour(site: Stack, page: Page) -> list[str]:
    """A laptop, and with it its end of the line: the page hears nothing more, and no one tells it so."""
    page.clock.install()
    page.reload()
    expect(page.locator("#stream-state")).to_have_text("live", timeout=15_000)
    os.kill(site.web.pid, signal.SIGSTOP)
    try:
        names = [publish(site), publish(site)]
        with page.expect_request("**/ui/stream/**"):
            page.clock.fast_forward("01:00:00")
    finally:
        os.kill(site.web.pid, signal.SIGCONT)
    return names


@pytest.mark.parametrize("trouble", [kill_web, answer_503, hide_tab, sleep_hour])
def test_no_line_is_lost_and_none_comes_twice(
    site: Stack, person: Person, trouble: Callable[[Stack, Page], list[str]]
) -> None:
    page = person.page
    before = publish(site)
    expect_line(page, before)
    for name in [*trouble(site, page), publish(site)]:
        expect_line(page, name)
    check_lines(person)
    expect(page.locator("#stream-state")).to_have_text(LIVE, timeout=30_000)


def test_who_missed_too_much_is_told_that_the_list_was_made_anew(site: Stack, person: Person) -> None:
    page = person.page
    page.evaluate(HIDE, True)
    page.wait_for_timeout(300)
    missed = publish(site)
    expect(page.locator("#stream .entry", has_text=missed)).to_have_count(0)
    connections: list[Route] = []
    is_seen = False

    def answer(route: Route) -> None:
        """The second would tell what was missed, and with that end what is told of the first: it waits."""
        connections.append(route)
        if len(connections) == 1:
            route.fulfill(content_type="text/event-stream", body=RESET)
        elif is_seen:
            route.continue_()

    page.route("**/ui/stream/**", answer)
    page.evaluate(HIDE, False)
    expect(page.locator("#stream-state")).to_have_text("live, made anew: too much happened meanwhile", timeout=30_000)
    is_seen = True
    for waiting in connections[1:]:
        waiting.continue_()
    expect_line(page, missed)
    expect_line(page, publish(site))
    expect(page.locator("#stream-state")).to_have_text("live")


def test_open_streams_do_not_hold_up_the_end_of_the_web(site: Stack, person: Person) -> None:
    assert site.web.stop() == -signal.SIGTERM
    assert "Cancel" not in site.web.output, "uvicorn waits for three seconds, and then cancels what is open"
    site.start_web()
    site.web.says("running on http", SLOW)
    expect(person.page.locator("#stream-state")).to_have_text(LIVE, timeout=40_000)


def test_a_web_that_is_away_is_told_and_what_is_shown_stays(site: Stack, person: Person) -> None:
    page = person.page
    site.web.kill()
    expect(page.locator("#stream-state")).to_have_text("reconnecting", timeout=20_000)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached", timeout=30_000)
    assert page.locator("#names tbody tr").count()
    site.start_web()
    site.web.says("running on http", SLOW)
    expect(page.locator("#stream-state")).to_have_text(LIVE, timeout=40_000)
    expect(page.get_by_role("alert")).to_be_hidden(timeout=30_000)


@contextmanager
def database_away(url: str) -> Iterator[None]:
    """Closes all connections to it, and refuses new ones."""
    place, _, name = url.rpartition("/")
    with open_cursor(f"{place}/postgres", autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
        finally:
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_a_database_that_is_away_is_told_and_nothing_is_lost(site: Stack, person: Person, database: str) -> None:
    if not database:
        pytest.skip("a file goes nowhere")
    page, told = person.page, person.page.get_by_role("alert")
    other = page.context.new_page()
    with database_away(database):
        expect(told).to_contain_text("The database does not answer", timeout=30_000)
        assert page.locator("#names tbody tr").count()
        with page.expect_response("**/ui/do/"):
            page.get_by_role("button", name="Sync everything now").click()
        expect(page.locator(".htmx-request")).to_have_count(0)
        expect(page.locator("dialog:modal")).to_have_count(0)
        expect(told).to_have_text(re.compile("nothing was changed. Try again in a few seconds.$"))
        other.goto(f"{site.base}/ui/system/")
        expect(other.get_by_role("heading", name="Service Unavailable")).to_be_visible()
        expect(other.get_by_role("main")).to_contain_text("The database does not answer, or is busy.")
    expect(other.locator("#zones-title")).to_be_visible(timeout=30_000)
    expect(told).to_be_hidden(timeout=30_000)
    expect_line(page, publish(site))
    check_lines(person)


OF_THE_PAGE = (
    test_lines_wait_while_the_stream_is_paused_and_can_be_narrowed,
    test_open_streams_do_not_hold_up_the_end_of_the_web,
    test_a_web_that_is_away_is_told_and_what_is_shown_stays,
)
"""They ask a database nothing that the others do not."""
