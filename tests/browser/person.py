"""A person in front of a browser, who sees when a page complains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, expect

from tests.browser.stack import PASSWORD, Stack

DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LOOKS: WeakKeyDictionary[BrowserContext, tuple[dict[str, Any], Page]] = WeakKeyDictionary()
"""How each context of a browser looks, and the page that stays open there: the process that shows it takes the next
ones of the site as well, with the scripts that it knows. A new process for each page took the tests half as long
again."""


class Person:
    def __init__(self, page: Page, site: Stack) -> None:
        self.page = page
        self.site = site
        self.password = PASSWORD
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("requestfailed", self._miss)
        page.on("response", self._look_at)
        page.on("console", self._listen)

    def _miss(self, request: Request) -> None:
        # The browser drops what a page has asked for when it is left: icons, scripts, and parts of the dashboard.
        is_dropped = request.url.endswith((".svg", ".js")) or "/ui/" in request.url
        if not (is_dropped and request.failure == "net::ERR_ABORTED"):
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def _look_at(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    def _listen(self, message: Any) -> None:
        # What the browser drops the page may yet complain of; whatever else fails to be fetched is missed above, too.
        is_dropped = "htmx:error: Failed to fetch" in message.text
        if message.type in ("error", "warning") and not is_dropped:
            self.complaints.append(f"console: {message.text}")

    def open(self, path: str) -> None:
        self.page.goto(self.site.base + path, wait_until="load")

    @contextmanager
    def on_phone(self) -> Iterator[None]:
        """The page that is open as a ``PHONE`` shows it, which costs less than to load it there anew."""
        session = self.page.context.new_cdp_session(self.page)
        session.send(
            "Emulation.setDeviceMetricsOverride", {**PHONE["viewport"], "deviceScaleFactor": 1, "mobile": True}
        )
        session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
        yield
        session.detach()

    def read(self, path: str) -> str:
        """The page as it is sent: to ask again and again without drawing it each time."""
        return str(self.page.request.get(self.site.base + path).text())

    def shows_page(self, path: str) -> bool:
        """Whether a whole one is at this address: no part of one, no file, no stream, no refusal."""
        cookies = "; ".join(f"{one['name']}={one['value']}" for one in self.page.context.cookies(self.site.base))
        with closing(HTTPConnection(self.site.base.removeprefix("http://"), timeout=20)) as connection:
            connection.request("GET", path, headers={"Cookie": cookies})
            answer = connection.getresponse()
            is_html = answer.status == 200 and answer.getheader("Content-Type", "").startswith("text/html")
            return is_html and answer.read().lstrip().startswith(b"<!DOCTYPE html>")

    def log_in(self, name: str = "admin") -> None:
        self.open("/admin/login/")
        expect(self.page.locator("[name=username]")).to_be_focused()
        self.page.keyboard.type(name)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/ui/")

    def make_user(self, name: str, role: str) -> None:
        """With the password of all."""
        self.open("/admin/auth/user/add/")
        for field, text in (("username", name), ("password1", PASSWORD), ("password2", PASSWORD)):
            self.page.fill(f"#id_{field}", text)
        self.press("Save")
        self.page.select_option("#id_groups_from", label=role)
        self.page.click("#id_groups_add")
        self.press("Save")
        self.expect_success()

    def open_name(self, name: str) -> None:
        self.open(f"/admin/names/{name}/")

    def state_of(self, name: str) -> str:
        """On the page of the name; empty when there is no record."""
        self.open_name(name)
        word = self.page.locator("#answers .word")
        return word.first.inner_text() if word.count() else ""

    def open_entry(self, name: str) -> None:
        self.open(f"/admin/records/customentry/?q={name}")
        self.page.locator("#result_list tbody th a").first.click()
        self.page.wait_for_load_state()

    def press(self, label: str) -> None:
        """A button of the page's own part, and wait for what comes then."""
        self.page.get_by_role("main").get_by_role("button", name=label, exact=True).click()
        self.page.wait_for_load_state()

    def fill_in_entry(self, name: str, mode: str, type: str = "", values: str = "", **more: str) -> None:
        self.open("/admin/records/customentry/add/")
        self.page.select_option("#id_mode", mode)
        self.page.select_option("#id_type", type)
        for field, text in {"name": name, **more}.items():
            self.page.fill(f"#id_{field}", text)
        self.fill_in_values(*values.splitlines())

    def fill_in_values(self, *values: str) -> None:
        """Part by part where the type has parts, else as the text that they are."""
        parts = self.page.locator(".value-row").first.locator("input").count()
        if not parts:
            self.page.fill("#id_values", "\n".join(values))
            return
        for number, value in enumerate(values):
            if number:
                self.page.get_by_role("button", name="Add a value").click()
            for part, text in enumerate(value.split(" ", parts - 1)):
                self.page.fill(f"#id_value_{number}_{part}", text)

    def make_entry(self, name: str, mode: str, type: str = "", values: str = "", **more: str) -> None:
        self.fill_in_entry(name, mode, type, values, **more)
        self.press("Save")
        self.expect_success()

    def expect_success(self) -> None:
        assert self.page.locator(".messagelist .success").count(), self.page.inner_text("main")[:2000]


@contextmanager
def open_browser(browser: Browser, site: Stack, storage_state: Any = None, **look: Any) -> Iterator[Person]:
    """With the cookies of ``storage_state`` and nothing else of any test before."""
    context, anchor = find_context(browser, site.base, look)
    context.clear_cookies()
    context.add_cookies(storage_state["cookies"] if storage_state else [])
    try:
        page = context.new_page()
        stored = {"origin": site.base, "storageTypes": "local_storage"}
        context.new_cdp_session(page).send("Storage.clearDataForOrigin", stored)
        yield Person(page, site)
    finally:
        for page in context.pages:
            if page != anchor:
                page.close()


def find_context(browser: Browser, base: str, look: dict[str, Any]) -> tuple[BrowserContext, Page]:
    """One that nobody uses any more, and its page that stays: a new one takes the browser as long as ten pages."""
    for context in browser.contexts:
        if context in LOOKS and LOOKS[context][0] == look and len(context.pages) == 1:
            return context, LOOKS[context][1]
    context = browser.new_context(reduced_motion="reduce", **look)  # each picture of what moves is drawn, seen or not
    context.set_default_timeout(20_000)
    anchor = context.new_page()
    anchor.goto(f"{base}/healthz")
    LOOKS[context] = look, anchor
    return context, anchor
