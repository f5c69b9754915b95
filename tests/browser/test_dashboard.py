"""The dashboard in a real browser: how its pages look, what its keys and buttons do, and what they reach in DNS."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import resolve
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.looks import find_faults, focus_is_visible, list_faults, sticking_out
from tests.browser.person import Person, open_browser
from tests.browser.stack import EDGE, LAB, ZONE, Stack
from tests.fakes.kubernetes.manifests import ingress
from tests.processes import wait_until
from tests.routes import DASHBOARD, list_routes
from tests.sessions.session import ADDRESS, PREFIX

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(180)]

DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
WIDTHS = (390, 900, 1440)
SCREENSHOTS = os.environ.get("CATALYST_TEST_SCREENSHOTS", "")
NAS, BLOG, GARAGE = f"nas.{ZONE}", f"blog.{ZONE}", f"garage.{LAB}"
LONG = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 53}.{ZONE}"
"""A name of 253 characters."""
MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"
PAGES = {
    "overview": "/ui/",
    "filtered": "/ui/?state=off&q=talos",
    "nothing": "/ui/?q=nothing-of-that-name",
    "needs": "/ui/needs/",
    "system": "/ui/system/",
    "name": f"/ui/names/{BLOG}/",
    "conflict": f"/ui/names/{NAS}/",
    "nobody": f"/ui/names/nobody-asks.{ZONE}/",
    "outside": "/ui/names/www.example.org/",
    "long": f"/ui/names/{LONG}/",
    "markup": f"/ui/names/markup.{ZONE}/",
    "writes": "/ui/writes/",
    "kind": "/ui/needs/?kind=held",
    "plan": "/ui/plans/1/",
    "find": "/ui/find/?q=app",
}


@pytest.fixture(scope="module")
def cookies(site: Stack, browser: Browser) -> Any:
    """Of a logged-in admin, once something waits: held deletes, drift, a conflict and a claim that lost."""
    site.answers(f"grafana.{ZONE}", ADDRESS)
    site.delete_together(
        ingress(f"{prefix}{name}", namespace=namespace)
        for prefix, namespace in (("", "house"), ("edge-", "edge"))
        for name in ("garage", "heating", "lights")
    )
    words = {f"{PREFIX}{word}": MARKUP for word in ("ttl", "target", "owner", "description")}
    site.cluster.create(ingress("markup", LONG, f"markup.{ZONE}", namespace="web", annotations=words))
    site.answers(LONG, ADDRESS)
    site.technitium.delete(f"mealie.{ZONE}", "A", ADDRESS)
    with open_browser(browser, site, **DESK) as person:
        person.open("/")
        person.page.fill("[name=username]", "admin")
        person.page.fill("[name=password]", person.password)
        person.page.keyboard.press("Enter")
        person.page.wait_for_url("**/ui/")
        person.page.get_by_role("button", name="Sync everything now").click()
        expect(person.page.get_by_role("status")).to_contain_text("Every zone is being compared with DNS.")
        needs = person.page.locator("#needs")
        for words in (f"3 deletes in {LAB}", f"3 deletes in {EDGE}", f"mealie.{ZONE} A", f"{NAS} A", BLOG):
            expect(needs.get_by_role("link", name=words, exact=True)).to_be_visible(timeout=40_000)
        assert not person.complaints, "it came up by itself, without a new load of the page"
        return person.page.context.storage_state()


def test_every_page_fits_is_readable_and_accessible_in_both_colour_schemes(person: Person) -> None:
    page, wrong = person.page, []
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    routes = {f"/{resolve(path.partition('?')[0]).route}" for path in PAGES.values()}
    others = {route for route, _ in list_routes(DASHBOARD) if person.shows_page(route)} - routes
    for name, path in {**PAGES, **{route: route for route in others}}.items():
        person.open(path)
        expect(page.locator(".htmx-request")).to_have_count(0)
        expect(page.locator("img[src=x], script:not([src])")).to_have_count(0)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wrong += [f"{name} {width}: {element} sticks out" for element in sticking_out(page)]
            take_pictures(page, f"dashboard-{name}-{width}")
        wrong += [f"{name}: {fault}" for fault in list_faults(page)]
    assert not wrong, "\n".join(wrong)
    assert hosts == {person.site.base.split("/")[2]}, "no request leaves the host"


def take_pictures(page: Page, name: str) -> None:
    if SCREENSHOTS:
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{scheme}.png", full_page=True)


def test_a_question_and_what_is_refused_are_accessible_pages_without_scripts(person: Person) -> None:
    page, wrong = person.page, []
    for path, heading in (
        (f"/ui/names/{GARAGE}/", f"Block {GARAGE}?"),
        ("/ui/names/a..b/", "No host name"),
        ("/ui/?state=odd", "Bad request"),
    ):
        person.open(path)
        if heading.startswith("Block"):
            page.evaluate("document.querySelector('form:has([value=block])').submit()")  # as it is sent without scripts
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        wrong += [f"{path}: {fault}" for fault in [*list_faults(page), *sticking_out(page)]]
    assert not wrong, "\n".join(wrong)
    assert all("40" in complaint for complaint in person.complaints)
    person.complaints.clear()


@pytest.mark.parametrize("script", ["hx-sse", "stream"])
def test_the_stream_is_live_however_late_its_scripts_come(person: Person, script: str) -> None:
    def delay(route: Route) -> None:
        person.page.wait_for_timeout(500)
        route.continue_()

    person.page.route(f"**/{script}*.js", delay)
    person.page.goto(f"{person.site.base}/ui/", wait_until="commit")
    expect(person.page.locator("#stream-state")).to_have_text("live")


def test_who_has_closed_the_pane_and_gone_on_is_left_where_that_was(person: Person) -> None:
    page = person.page
    person.open("/ui/?state=all")
    page.locator("#names").get_by_role("link", name=f"argocd.{ZONE}").click()
    expect(page.locator("#pane #answers tbody")).to_contain_text(ADDRESS)
    page.evaluate("() => { document.getElementById('pane').close(); document.getElementById('find').focus(); }")
    page.wait_for_url(lambda url: "open=" not in url)
    page.wait_for_timeout(500)
    expect(page.locator("#find")).to_be_focused()


def test_who_leaves_the_field_of_a_filter_is_not_brought_back(person: Person) -> None:
    page, field = person.page, person.page.locator("#names-q")
    person.open("/ui/?state=all")
    field.press_sequentially("argo")
    page.wait_for_url("**q=argo**")
    field.blur()
    page.wait_for_timeout(1000)
    expect(field).not_to_be_focused()


def test_each_role_has_the_buttons_that_it_may_press(site: Stack, browser: Browser, person: Person) -> None:
    for role, may in (("viewer", False), ("operator", True)):
        person.make_user(f"the-{role}", role)
        with open_browser(browser, site, **DESK) as other:
            page = other.page
            other.log_in(f"the-{role}")
            expect(page.locator("#stream-state")).to_have_text("live")
            expect(page.locator(".need")).not_to_have_count(0)
            assert bool(page.locator(".need button, .operations button").count()) is may
            page.locator(".need").get_by_role("link", name=f"3 deletes in {EDGE}", exact=True).click()
            expect(page.locator(".diff li")).to_have_count(3)
            assert bool(page.locator("main :is(button, input)").count()) is may
            other.open(f"/ui/names/{BLOG}/")
            assert bool(page.locator("main button").count()) is may
            other.open("/ui/writes/")
            assert bool(page.locator("main button").count()) is may
            assert not [complaint for complaint in other.complaints if "/ui/stream/" not in complaint]


def test_the_list_is_walked_and_a_name_opened_beside_it_by_keyboard_alone(person: Person) -> None:
    page = person.page
    person.open("/ui/?state=all")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    first = page.evaluate("document.activeElement.innerText")
    assert focus_is_visible(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.innerText") == first
    link = page.locator("#names").get_by_role("link", name=f"argocd.{ZONE}")
    link.focus()
    page.keyboard.press("Enter")
    pane = page.locator("#pane")
    expect(pane.get_by_role("heading", name=f"argocd.{ZONE}")).to_be_focused()
    expect(pane.locator("#answers")).to_contain_text("says now")
    expect(pane.locator("#answers tbody")).to_contain_text(ADDRESS)
    assert not find_faults(page)
    assert not sticking_out(page)
    page.keyboard.press("Escape")
    expect(pane).to_be_hidden()
    expect(link).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type(NAS)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/ui/names/{NAS}/")


def test_what_is_on_its_way_shows_its_shape_until_it_is_there(site: Stack, person: Person) -> None:
    page, bones = person.page, page_bones(person.page)
    person.open("/ui/?state=all")
    on_the_way = hold_back(page, "**/ui/names/gitea**")
    page.locator("#names").get_by_role("link", name=f"gitea.{ZONE}").click()
    expect(page.locator("#pane-body[aria-busy=true]")).to_be_visible()
    expect(page.locator("#pane-title")).to_have_text(f"gitea.{ZONE}")
    expect(bones).not_to_have_count(0)
    with site.technitium.double.lock:  # no question of a DNS client is answered meanwhile
        on_the_way.pop().continue_()
        expect(page.locator("#answers[aria-busy=true] td .bone")).to_be_visible()
        expect(page.locator("#answers")).not_to_contain_text("Ask again")
        assert not find_faults(page)
        assert not sticking_out(page)
    expect(page.locator("#answers")).to_contain_text("Ask again")
    expect(page.locator("#answers tbody")).to_contain_text(ADDRESS)
    expect(bones).to_have_count(0)
    page.keyboard.press("Escape")
    on_the_way = hold_back(page, "**/ui/?*")
    page.fill("#names-q", "gitea")
    expect(page.locator("#names[aria-busy=true]")).to_be_visible()
    wait_until(lambda: page.evaluate("getComputedStyle(document.querySelector('#names td > *')).opacity") == "0")
    on_the_way.pop().continue_()
    expect(page.locator("#names tbody tr")).to_have_count(1)
    expect(page.locator("[aria-busy]")).to_have_count(0)
    page.route("**/ui/names/gitea**", lambda route: route.fulfill(status=503, body="upstream is away"))
    page.locator("#names").get_by_role("link", name=f"gitea.{ZONE}").click()
    expect(page.locator("#pane")).to_contain_text("The server answers 503.")
    expect(bones).to_have_count(0)
    assert all("503" in complaint for complaint in person.complaints)
    person.complaints.clear()


def page_bones(page: Page) -> Locator:
    """What has a shape alone so far."""
    return page.locator(".bone:visible, [aria-busy] .awaited")


def hold_back(page: Page, url: str) -> list[Route]:
    """What is asked for there once waits, until the test lets it go on."""
    held: list[Route] = []
    page.route(url, lambda route: held.append(route), times=1)
    return held


def test_what_comes_for_a_part_of_the_page_that_is_gone_has_no_place(person: Person) -> None:
    person.open("/ui/")
    let_go = """target => !document.dispatchEvent(
        new CustomEvent("htmx:before:swap", { cancelable: true, detail: { ctx: { target: eval(target) } } }))"""
    assert person.page.evaluate(let_go, "document.createElement('article')")
    assert not person.page.evaluate(let_go, "document.getElementById('pane-body')")


def test_the_address_says_what_is_open_and_going_back_closes_it(person: Person) -> None:
    page = person.page
    person.open("/ui/?state=all")
    pane, heading = page.locator("#pane"), page.locator("#pane-title")
    page.evaluate("window.sameLoad = true")
    page.locator("#names").get_by_role("link", name=f"argocd.{ZONE}").click()
    expect(heading).to_have_text(f"argocd.{ZONE}")
    sent = page.url
    page.go_back()
    expect(pane).to_be_hidden()
    assert page.evaluate("window.sameLoad")
    page.goto(sent)  # by whom it was sent to
    expect(heading).to_have_text(f"argocd.{ZONE}")
    page.reload()
    expect(heading).to_have_text(f"argocd.{ZONE}")
    page.keyboard.press("Escape")
    expect(pane).to_be_hidden()
    page.wait_for_url(lambda address: "open=" not in address)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(sent)
    page.wait_for_url(f"**/ui/names/argocd.{ZONE}/**")  # where there is no room for both
    assert not person.complaints


def test_a_reader_chooses_the_zone_of_times_and_takes_lines_along_as_text(
    site: Stack, browser: Browser, cookies: Any
) -> None:
    with open_browser(browser, site, storage_state=cookies, timezone_id="Asia/Tokyo", **DESK) as person:
        page = person.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.base)
        person.open("/ui/?happened=change")
        expect(page.locator("#stream-sort")).to_have_value("change")
        expect(page.locator("#welcome")).to_be_visible()
        page.get_by_role("button", name="I see").click()
        expect(page.locator("#welcome")).to_be_hidden()
        expect(page.locator("[data-zone]")).to_contain_text("times are of Asia/Tokyo")
        page.get_by_role("button", name="show UTC").click()
        time = page.locator("#stream time:visible").first
        at = str(time.get_attribute("datetime"))
        expect(time).to_contain_text(at[11:19])
        page.get_by_role("button", name="Copy as text").click()
        expect(page.locator("#stream-state")).to_contain_text("lines copied")
        lines = page.evaluate("navigator.clipboard.readText()").splitlines()
        assert lines == sorted(lines)
        assert any(line.startswith(f"{at[:10]} {at[11:19]} UTC  ") for line in lines)
        page.locator("#stream-until").focus()
        page.keyboard.press("Home")
        expect(page.locator("#stream")).to_have_text("Nothing had happened by then.")
        page.get_by_role("button", name="Go on").click()
        expect(time).to_be_visible()
        expect(page.locator("#stream-until-words")).to_have_text("now")
        person.open("/ui/")
        expect(page.locator("#welcome")).to_be_hidden()
        expect(page.locator("[data-zone]")).to_contain_text("times are UTC")
        assert not person.complaints


def test_names_are_searched_as_one_types_and_the_address_says_for_what(person: Person) -> None:
    page = person.page
    person.open("/ui/")
    rows, state = page.locator("#names tbody tr"), page.locator("#names-state")
    expect(state).to_have_value("off")
    expect(page.locator("#names")).to_contain_text("Only what is not in step is shown")
    expect(page.locator("#names")).not_to_contain_text(f"argocd.{ZONE}")
    page.get_by_placeholder("Part of a name").press_sequentially("garage")
    expect(rows).to_have_count(2)
    expect(state).to_have_value("all")
    expect(page.get_by_placeholder("Part of a name")).to_be_focused()
    page.select_option("#names-zone", LAB)
    expect(rows).to_have_count(1)
    assert "q=garage" in page.url
    assert f"zone={LAB}" in page.url
    page.reload()
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="Clear").click()
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("#names .turn a", has_text="Next")).to_be_visible()
    page.locator("#names .turn a", has_text="Next").click()
    expect(page.locator("#names .turn a", has_text="Previous")).to_be_visible()
    expect(rows.first).not_to_contain_text("*.apps")


def test_without_scripts_everything_is_there_and_works(site: Stack, browser: Browser, cookies: Any) -> None:
    with open_browser(browser, site, storage_state=cookies, java_script_enabled=False, **DESK) as person:
        page = person.page
        person.open("/ui/")
        page.fill("#names-q", "garage")
        page.get_by_role("button", name="Filter").click()
        expect(page.locator("#names tbody tr")).to_have_count(2)
        page.locator("#names").get_by_role("link", name=GARAGE).click()
        page.get_by_role("link", name="Ask the DNS servers").click()
        expect(page.locator("#answers tbody")).to_contain_text(ADDRESS)
        page.get_by_role("button", name="Block this name").click()
        expect(page.get_by_role("heading", name=f"Block {GARAGE}?")).to_be_visible()
        page.get_by_role("link", name="No, take me back").click()
        page.wait_for_url(f"**/ui/names/{GARAGE}/**")
        assert not person.complaints


def test_two_people_decide_of_one_plan_and_the_second_is_told(site: Stack, browser: Browser, person: Person) -> None:
    page = person.page
    person.open("/ui/")
    page.locator(".need").get_by_role("link", name=f"3 deletes in {LAB}", exact=True).click()
    page.wait_for_url("**/ui/plans/**")
    with open_browser(browser, site, storage_state=page.context.storage_state(), **DESK) as other:
        other.open(page.url.removeprefix(site.base))
        page.get_by_label(GARAGE).check()
        page.get_by_role("button", name="Approve those chosen").click()
        page.get_by_role("dialog").get_by_role("button", name="Approve: delete them").click()
        site.answers(GARAGE)
        other.page.get_by_label(GARAGE).check()
        other.page.get_by_role("button", name="Approve those chosen").click()
        expect(other.page.get_by_role("status")).to_contain_text("Nothing was decided.")
        assert not other.complaints
    person.open(page.url.removeprefix(site.base))
    expect(page.get_by_role("heading", name=f"2 deletes in {LAB}")).to_be_visible()
    page.get_by_role("button", name="Reject all").click()
    expect(page.get_by_role("status")).to_contain_text("Nothing of that is deleted.")
    wait_until(lambda: site.technitium.ask(f"lights.{LAB}") == [ADDRESS], what="the rest stays")


def test_a_login_that_ends_while_the_page_is_open_leads_to_the_login_and_back(person: Person) -> None:
    page = person.page
    person.open("/ui/?q=blog")
    assert not person.complaints
    visits: list[str] = []
    page.on("request", lambda request: visits.append(request.url) if request.is_navigation_request() else None)
    page.context.clear_cookies()
    page.keyboard.press("r")
    page.wait_for_url("**/admin/login/?next=/ui/**")
    assert len(visits) == 2, "the page anew, and from there to the login: once, however many parts are told"
    assert all("401" in text for text in person.complaints)
    person.complaints.clear()
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", person.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui/?q=blog")


def test_a_clock_that_jumps_is_told_and_the_page_goes_on(person: Person) -> None:
    page = person.page
    told, changed = page.locator("#skew"), page.locator("#names time.hint").first
    page.clock.install()
    person.open("/ui/")
    expect(told).to_be_hidden()
    for jump, words in ((timedelta(hours=-3.5), "3 hours behind"), (timedelta(days=2.5), "2 days ahead of")):
        page.clock.set_system_time(datetime.now(UTC) + jump)
        page.clock.run_for(11_000)
        expect(told).to_contain_text(f"Your clock is {words} the server's.")
        expect(changed).to_have_text(re.compile("minutes? ago|just now"))
    page.clock.set_system_time(datetime.now(UTC))
    page.clock.run_for(11_000)
    expect(told).to_be_hidden()


MOST = 3
"""Clicks from the start page."""


def test_what_a_newcomer_does_takes_three_clicks_at_most(site: Stack, person: Person) -> None:
    page = person.page
    clicks: list[str] = []

    def press(button: str, role: Any = "button", inside: str = "body") -> None:
        clicks.append(button)
        page.locator(inside).get_by_role(role, name=button, exact=True).first.click()

    def find(name: str) -> None:
        """Typing costs no click, the key that sends it one."""
        clicks.clear()
        person.open("/ui/")
        page.keyboard.press("/")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        clicks.append("Enter")
        page.wait_for_url(f"**/ui/names/{name}/")

    find(f"nobody-asks.{ZONE}")
    expect(page.get_by_role("main")).to_contain_text("No object and no custom entry wants it.")
    find(f"gitea.{ZONE}")
    press("Block this name")
    press("Block this name", inside="#dialog")
    assert len(clicks) <= MOST
    site.answers(f"gitea.{ZONE}")
    page.locator("#name-page").get_by_role("button", name="Unblock").wait_for()
    find(f"gitea.{ZONE}")
    press("Unblock")
    site.answers(f"gitea.{ZONE}", ADDRESS)
    page.locator(".entries").get_by_text("deleted").first.wait_for()
    find(f"gitea.{ZONE}")
    page.locator(".entries li", has_text="created").last.get_by_role("button", name="Restore this").click()
    clicks.append("Restore this")
    press("Restore it", inside="#dialog")
    assert len(clicks) <= MOST
    expect(page.locator("#messages")).to_contain_text("is being restored")
    clicks.clear()
    person.open("/ui/")
    page.locator(".need", has_text=f"3 deletes in {EDGE}").get_by_role("button", name="Approve").click()
    clicks.append("Approve")
    press("Approve: delete them", inside="#dialog")
    assert len(clicks) <= MOST
    site.answers(f"lights.{EDGE}")
