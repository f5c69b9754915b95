"""A person holds all writes from the dashboard, sees the time run, and resumes them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looks import find_faults, sticking_out
from tests.browser.person import open_browser
from tests.browser.stack import ZONE, Stack
from tests.fakes.kubernetes.manifests import ingress
from tests.sessions.session import ADDRESS

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(180)]

NAME = f"during-hold.{ZONE}"
LEFT = re.compile(r"^\((10:00|9:\d\d) left\)$")


def test_all_writes_are_held_with_a_countdown_on_every_page_and_resumed(site: Stack, browser: Browser) -> None:
    site.answers(f"grafana.{ZONE}", ADDRESS)
    with open_browser(browser, site) as person:
        page = person.page
        person.log_in()
        page.get_by_role("link", name="Hold all writes").click()
        page.wait_for_url("**/ui/writes/")
        page.get_by_label("10 minutes").check()
        page.get_by_label("Reason").fill("the server moves")
        with page.expect_response(lambda response: response.headers.get("hx-retarget") == "#headline"):
            page.evaluate("document.body.dispatchEvent(new Event('refresh'))")
        expect(page.get_by_label("Reason")).to_have_value("the server moves")
        expect(page.locator("#headline")).to_be_visible()
        assert not find_faults(page)
        page.get_by_role("button", name="Hold all writes").click()
        expect(page.locator("#messages")).to_contain_text("All writes to every zone are held for 10 minutes.")
        expect(page.locator(".freeze")).to_contain_text("by admin: the server moves.")
        countdown = page.locator(".freeze .countdown")
        expect(countdown).to_have_text(LEFT)
        expect(countdown).not_to_have_text(countdown.inner_text())
        site.cluster.create(ingress("during-hold", NAME, namespace="apps"))
        expect(page.locator(".freeze")).to_contain_text(re.compile(r"[1-9]\d* names? waits?\."), timeout=40_000)
        for path in ("/ui/", "/ui/needs/", "/admin/", "/admin/records/managedrecord/"):
            person.open(path)
            expect(countdown).to_have_text(LEFT)
            assert not sticking_out(page)
            assert not find_faults(page, "color-contrast", "link-in-text-block")
        assert site.technitium.ask(NAME) in ([], "NXDOMAIN")
        page.get_by_role("button", name="Resume writes").click()
        expect(page.locator(".freeze")).to_have_count(0)
        site.answers(NAME, ADDRESS)
        # The stream of a page ends when the page is left.
        assert not [complaint for complaint in person.complaints if "/ui/stream/" not in complaint]


def test_without_scripts_the_banner_says_the_time_and_the_buttons_work(site: Stack, browser: Browser) -> None:
    with open_browser(browser, site) as person:
        person.log_in()
        cookies = person.page.context.storage_state()
    with open_browser(browser, site, java_script_enabled=False, storage_state=cookies) as person:
        page = person.page
        person.open("/ui/writes/")
        page.get_by_label("1 hour").check()
        page.get_by_label("Zone").select_option(ZONE)
        page.get_by_role("button", name="Hold all writes").click()
        expect(page.locator(".freeze")).to_contain_text(
            re.compile(rf"All writes to {ZONE} are held until \d\d \w+ \d\d:")
        )
        page.get_by_role("button", name="Resume writes").click()
        expect(page.locator("#messages")).to_contain_text(f"Writes to {ZONE} are resumed")
        assert not person.complaints
