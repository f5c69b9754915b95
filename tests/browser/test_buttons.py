"""Each button of the dashboard, pressed by a person and followed to what the DNS server answers then."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Request, expect

import records
from records.admin.steps import STEPS
from records.dashboard.actions import UNDONE_BY
from tests.browser.looks import find_faults, sticking_out
from tests.browser.person import Person, open_browser
from tests.browser.stack import EDGE, LAB, ZONE, Stack
from tests.fakes.kubernetes.manifests import ingress
from tests.processes import wait_until
from tests.sessions.session import ADDRESS

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(300)]

TEMPLATES = Path(records.__file__).parent / "templates/dashboard"
CARRIED_OUT = "{% url 'dashboard:do' %}"
FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
ACTION = re.compile(r'name="action" value="([^"]*)"')
SAID_BY_CODE = {"{{ button.action }}": STEPS, "{{ undo.action }}": {*UNDONE_BY.values()}}
"""What stands in a template for several actions."""
ASKING = "question.html"
"""It sends on what it was asked about."""
HELD_APART = {"hold writes", "resume writes"}
"""Their effect is that of everything else: they have a test of their own."""
SLOW = 40.0
LOKI, N8N, GITEA, IMMICH = (f"{app}.{ZONE}" for app in ("loki", "n8n", "gitea", "immich"))
NAS, PLEX, WIKI, MEALIE, MINIO = (f"{app}.{ZONE}" for app in ("nas", "plex", "wiki", "mealie", "minio"))
CAM, GARAGE, HEATING, LIGHTS = (f"{place}.{LAB}" for place in ("cam", "garage", "heating", "lights"))
NAME = f"during-hold.{ZONE}"
LEFT = re.compile(r"^\((10:00|9:\d\d) left\)$")


def list_buttons() -> set[str]:
    """The actions of all forms that the templates have sent to where buttons are carried out."""
    found: set[str] = set()
    for template in TEMPLATES.glob("*.html"):
        for form in FORM.findall(template.read_text()):
            if CARRIED_OUT not in form or template.name == ASKING:
                continue
            actions = ACTION.findall(form)
            assert actions, f"{template.name}: a form without an action"
            for action in actions:
                found.update(SAID_BY_CODE.get(action, [action]))
    assert not [action for action in found if "{" in action], "say in SAID_BY_CODE what it stands for"
    return found


class Hand:
    """Presses buttons, and notes whose effect it saw in DNS."""

    def __init__(self, person: Person) -> None:
        self.page, self.site, self._person = person.page, person.site, person
        self.followed: set[str] = set()
        self._sent: list[str] = []
        self.page.on("request", self._look_at)

    def _look_at(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/ui/do/"):
            self._sent += parse_qs(request.post_data or "")["action"]

    def press(self, label: str, sure: str = "", where: str = "main") -> None:
        """A button, and in the dialog the one that means it (``sure``)."""
        with self.page.expect_response("**/ui/do/"):
            self.page.locator(where).get_by_role("button", name=label, exact=True).first.click()
        if sure:
            with self.page.expect_response("**/ui/do/"):
                self.page.locator("#dialog").get_by_role("button", name=sure, exact=True).click()

    def press_at(self, name: str, label: str, sure: str = "") -> None:
        """On the page of the name, once that has asked the DNS server."""
        self._person.open(f"/ui/names/{name}/")
        expect(self.page.locator("#answers")).to_contain_text("says now")
        self.press(label, sure)

    def delete(self, name: str) -> None:
        """What is wanted, and comes back with the next full pass."""
        before = self.site.list_deletes(name)
        self.press_at(name, "Delete from DNS", "Delete from DNS")
        wait_until(lambda: self.site.list_deletes(name) > before, SLOW, f"a delete of {name}")

    def follow(self, name: str, *values: str) -> None:
        """What was pressed came to this answer."""
        self.site.answers(name, *values, within=SLOW)
        self.check_off()

    def check_off(self) -> None:
        """What was pressed was seen to have its effect."""
        assert self._sent, "nothing was pressed"
        self.followed.update(self._sent)
        self._sent.clear()

    def read_name(self, name: str) -> str:
        return self._person.read(f"/ui/names/{name}/")

    def open_need(self, title: str) -> str:
        """The row of what needs someone, once it is there; returns the place of its buttons."""
        self._person.open("/ui/needs/")
        expect(self.page.locator(".need", has_text=title)).to_be_visible(timeout=SLOW * 1000)
        return f".need:has-text('{title}')"


def read_comment(site: Stack, name: str) -> str:
    """Of the record in the DNS server: of one of ours, our mark."""
    return next(comment for found, _, _, _, comment in site.technitium.rows(ZONE) if found == name)


@pytest.fixture(scope="module")
def cookies(site: Stack, browser: Browser) -> Any:
    with open_browser(browser, site) as person:
        person.log_in()
        return person.page.context.storage_state()


def test_every_button_reaches_the_dns_answer(site: Stack, browser: Browser, cookies: Any) -> None:
    site.answers(f"grafana.{ZONE}", ADDRESS)
    site.technitium.add(WIKI, "A", "192.0.2.70")
    site.cluster.create(ingress("wiki", WIKI, namespace="apps"))
    site.delete_together(
        ingress(f"{prefix}{name}", namespace=namespace)
        for prefix, namespace in (("", "house"), ("edge-", "edge"))
        for name in ("garage", "heating", "lights")
    )
    with open_browser(browser, site, storage_state=cookies) as person:
        hand = Hand(person)
        follow_deletes_and_syncs(hand)
        follow_what_a_name_gets(hand)
        follow_what_others_made(site, hand)
        follow_drift(site, hand)
        follow_plans(site, hand)
        assert not [complaint for complaint in person.complaints if "/ui/stream/" not in complaint]
    assert hand.followed == list_buttons() - HELD_APART


def follow_deletes_and_syncs(hand: Hand) -> None:
    page = hand.page
    for name in (LOKI, N8N, PLEX, CAM):
        if name == PLEX:
            hand.site.technitium.delete(PLEX, "A", ADDRESS)  # it was made by hand
            continue
        hand.delete(name)
        hand.check_off()
    hand.press_at(PLEX, "Sync now")
    hand.follow(PLEX, ADDRESS)
    page.goto(f"{hand.site.base}/ui/system/")
    hand.press(f"Sync {CAM.partition('.')[2]}")
    hand.follow(CAM, ADDRESS)
    page.goto(f"{hand.site.base}/ui/names/{N8N}/")
    created = page.locator(".entries li", has_text="created").last
    with page.expect_response("**/ui/do/"):
        created.get_by_role("button", name="Restore this").click()
    hand.press("Restore it", where="#dialog")
    hand.follow(N8N, ADDRESS)
    hand.press("Undo", where="#messages")
    hand.follow(N8N, ADDRESS)
    page.goto(f"{hand.site.base}/ui/")
    hand.press("Sync everything now")
    hand.follow(LOKI, ADDRESS)


def follow_what_a_name_gets(hand: Hand) -> None:
    hand.press_at(GITEA, "Block this name", "Block this name")
    hand.follow(GITEA)
    hand.press("Undo", where="#messages")
    hand.follow(GITEA, ADDRESS)
    hand.press_at(GITEA, "Block this name", "Block this name")
    hand.follow(GITEA)
    hand.press("Unblock")
    hand.follow(GITEA, ADDRESS)


def follow_what_others_made(site: Stack, hand: Hand) -> None:
    replace = "Replace with ours"
    row = hand.open_need(f"{NAS} A")
    hand.press(replace, where=row)
    expect(hand.page.get_by_role("dialog")).to_contain_text("192.0.2.66")
    assert not find_faults(hand.page)
    hand.press(replace, where="#dialog")
    expect(hand.page.get_by_role("status").first).to_contain_text("is being replaced")
    hand.follow(NAS, ADDRESS)
    expect(hand.page.locator(row)).to_have_count(0, timeout=SLOW * 1000)
    hand.press_at(NAS, "Put back what was replaced", "Put back what was replaced")
    hand.follow(NAS, "192.0.2.66")
    assert not read_comment(site, WIKI)
    hand.press("Keep theirs", "Keep theirs", hand.open_need(f"{WIKI} A"))
    wait_until(lambda: read_comment(site, WIKI), SLOW, "our mark")
    hand.follow(WIKI, "192.0.2.70")
    release = "Release (keep the DNS record)"
    hand.press_at(IMMICH, release, release)
    wait_until(lambda: release not in hand.read_name(IMMICH), SLOW, "a record that is not ours", pause=0.2)
    site.cluster.delete(ingress("immich", namespace="apps"))
    hand.press_at(GITEA, "Block this name", "Block this name")
    site.answers(GITEA, within=SLOW)  # what came after the object went is done
    hand.follow(IMMICH, ADDRESS)


def follow_drift(site: Stack, hand: Hand) -> None:
    site.technitium.delete(MEALIE, "A", ADDRESS)
    change = {"domain": MINIO, "type": "A", "ipAddress": ADDRESS, "newIpAddress": "192.0.2.71"}
    site.technitium.ok("zones/records/update", {**change, "ttl": 300, "comments": read_comment(site, MINIO)})
    hand.page.goto(f"{site.base}/ui/")
    hand.press("Sync everything now")
    hand.press("Remediate the drift", "Remediate the drift", hand.open_need(f"{MEALIE} A"))
    hand.follow(MEALIE, ADDRESS)
    row = hand.open_need(f"{MINIO} A")
    hand.press("Accept the drift", where=row)
    expect(hand.page.locator(row)).to_have_count(0, timeout=SLOW * 1000)
    hand.press("Undo", where="#messages")
    expect(hand.page.locator(row)).to_be_visible(timeout=SLOW * 1000)
    hand.press("Accept the drift", where=row)
    expect(hand.page.locator(row)).to_have_count(0, timeout=SLOW * 1000)
    hand.press_at(MINIO, "Sync now")
    hand.delete(MEALIE)  # what was pressed before has been done, too
    hand.follow(MINIO, "192.0.2.71")


def follow_plans(site: Stack, hand: Hand) -> None:
    page = hand.page
    hand.open_need(f"3 deletes in {LAB}")
    page.locator(".need").get_by_role("link", name=f"3 deletes in {LAB}", exact=True).click()
    page.get_by_label(GARAGE).check()
    hand.press("Approve those chosen", "Approve: delete them")
    hand.follow(GARAGE)
    page.reload()
    page.get_by_label(HEATING).check()
    hand.press("Reject those chosen: keep them")
    row = hand.open_need(f"{HEATING} A")
    hand.follow(HEATING, ADDRESS)
    hand.press("Remove now", "Remove now", row)
    hand.follow(HEATING)
    hand.press("Approve", "Approve: delete them", hand.open_need(f"1 delete in {LAB}"))
    hand.follow(LIGHTS)
    hand.press("Reject", where=hand.open_need(f"3 deletes in {EDGE}"))
    hand.open_need(f"garage.{EDGE} A")
    hand.follow(f"garage.{EDGE}", ADDRESS)


def test_all_writes_are_held_with_a_countdown_on_every_page_and_resumed(
    site: Stack, browser: Browser, cookies: Any
) -> None:
    site.answers(f"grafana.{ZONE}", ADDRESS)
    with open_browser(browser, site, storage_state=cookies) as person:
        page = person.page
        person.open("/ui/")
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


def test_without_scripts_the_banner_says_the_time_and_the_buttons_work(
    site: Stack, browser: Browser, cookies: Any
) -> None:
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
