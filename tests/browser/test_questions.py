"""What a newcomer asks: each answer is at most three clicks from the start page, and in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import sticking_out
from tests.browser.person import DESK, PHONE, Person, open_browser
from tests.browser.stack import LAB, ZONE, Stack
from tests.browser.test_admin import SCREENSHOTS
from tests.fakes.kubernetes.manifests import ingress
from tests.processes import wait_until
from tests.sessions.session import ADDRESS

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(120)]

MOST = 3
"""Clicks from the start page to an answer."""

NAS, BLOG, MEALIE = f"nas.{ZONE}", f"blog.{ZONE}", f"mealie.{ZONE}"
GARAGE, HEATING = f"garage.{LAB}", f"heating.{LAB}"
MANIFEST = f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: wiki, namespace: web}}
spec: {{rules: [{{host: wiki.{ZONE}}}, {{host: wiki.example.org}}]}}
"""


class Newcomer:
    """Counts clicks; what is typed costs none, the button behind it one."""

    def __init__(self, person: Person) -> None:
        self.person, self.page, self.clicks = person, person.page, 0
        person.open("/admin/")

    @property
    def main(self) -> Any:
        return self.page.get_by_role("main")

    def find(self, text: str) -> None:
        self.page.get_by_placeholder("Find a name, value or object").fill(text)
        self.press("Find")

    def press(self, label: str) -> None:
        self.clicks += 1
        self.person.press(label)

    def follow(self, words: str) -> None:
        self.clicks += 1
        self.main.get_by_role("link", name=words).first.click()
        self.page.wait_for_load_state()

    def reads(self, *answers: str) -> None:
        """All of it is on the page, few clicks away, on a desk and on a phone."""
        assert self.clicks <= MOST
        for answer in answers:
            expect(self.main).to_contain_text(answer)
        for look in (DESK, PHONE):
            self.page.set_viewport_size(look["viewport"])
            assert not sticking_out(self.page)
            self._take_picture(f"{look['viewport']['width']}")
        self.page.set_viewport_size(DESK["viewport"])

    def _take_picture(self, width: str) -> None:
        if SCREENSHOTS:
            page: Page = self.page
            title = "".join(sign if sign.isalnum() else "-" for sign in page.title().partition(" |")[0])
            page.screenshot(path=Path(SCREENSHOTS) / f"question-{title}-{self.clicks}-{width}.png", full_page=True)


@pytest.fixture(scope="module")
def cookies(site: Stack, browser: Browser) -> Any:
    """Of a logged-in admin, after a day on which all of it happened."""
    site.answers(f"grafana.{ZONE}", ADDRESS)
    with open_browser(browser, site, **DESK) as person:
        person.log_in()
        person.make_entry(BLOG, "publish", "A", "192.0.2.1")
        person.open_name(NAS)
        person.press("Replace with ours")
        person.press("Replace with ours")
        site.answers(NAS, ADDRESS)
        site.delete_together(ingress(name, namespace="house") for name in ("garage", "heating", "lights"))
        site.technitium.delete(MEALIE, "A", ADDRESS)
        person.open("/admin/")
        person.press("Sync everything now")
        tell = person.page.get_by_role("main")

        def is_told() -> bool:
            if f"3 deletes in {LAB}" not in person.read("/admin/"):
                return False
            person.open("/admin/")
            return "1\ndrifted" in tell.inner_text()

        wait_until(is_told, 20, "the held plan and the drift", pause=0.5)
        tell.get_by_role("link", name=f"3 deletes in {LAB}").click()
        tell.get_by_role("checkbox", name=GARAGE).check()
        person.press("Approve those chosen: delete them")
        person.press("Yes, do it")
        site.answers(GARAGE)
        assert not person.complaints
        return person.page.context.storage_state()


@pytest.fixture
def newcomer(person: Person) -> Newcomer:
    return Newcomer(person)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "https://www.example.org/",
            "www.example.org is outside every managed zone (",
        ),
        (f"Nobody.{ZONE}.", "No object and no custom entry wants it."),
        (f"deep.apps.{ZONE}", f"The wildcard *.apps.{ZONE} answers for it"),
    ],
)
def test_why_is_it_not_there(newcomer: Newcomer, name: str, why: str) -> None:
    newcomer.find(name)
    newcomer.reads(why)


def test_who_has_it(newcomer: Newcomer) -> None:
    newcomer.find(BLOG)
    newcomer.reads("Ingress/web/blog wants the name for", "and has it: ", "has the name")


def test_who_has_the_address(newcomer: Newcomer) -> None:
    newcomer.find("192.0.2.80")
    newcomer.reads(f"preview.{ZONE} A")


def test_why_had_my_entry_no_effect(newcomer: Newcomer) -> None:
    newcomer.follow("entry without effect")
    newcomer.reads("no effect", "Ingress/web/blog has the name: ", "Make it an override to take the name.")


def test_which_names_does_a_namespace_have(newcomer: Newcomer) -> None:
    newcomer.find("web")
    newcomer.reads(
        BLOG, f"preview.{ZONE}", f"shop.{ZONE}", "none: www.example.org is left out: outside every managed zone"
    )


def test_what_would_be_deleted_and_why(newcomer: Newcomer) -> None:
    newcomer.follow(f"2 deletes in {LAB}")
    newcomer.reads(HEATING, "Ingress/house/heating was deleted", "Ingress/house/lights was deleted", ADDRESS)


def test_what_did_somebody_change_by_hand(newcomer: Newcomer) -> None:
    newcomer.follow("drifted")
    newcomer.reads(MEALIE, "someone deleted it", f"{ADDRESS}, TTL 300", "nothing")


def test_who_approved_this_delete(newcomer: Newcomer) -> None:
    newcomer.find(GARAGE)
    newcomer.reads("by syncer, A 192.0.2.54 (Ingress/house/garage was deleted; admin approved it).")


def test_what_would_this_manifest_publish(newcomer: Newcomer) -> None:
    newcomer.follow("Try a manifest")
    newcomer.page.get_by_label("Manifests").fill(MANIFEST)
    newcomer.press("Show what it would publish")
    newcomer.reads("It would publish 1 record", f"wiki.{ZONE}", "Ingress/web/wiki", "outside every managed zone")


def test_put_back_what_stood_there(site: Stack, newcomer: Newcomer) -> None:
    newcomer.find(NAS)
    newcomer.press("Put back what was replaced")
    newcomer.reads("192.0.2.66", ADDRESS)
    newcomer.press("Put back what was replaced")
    site.answers(NAS, "192.0.2.66")
    newcomer.reads("is being put back")


def test_is_the_cluster_away(site: Stack, newcomer: Newcomer) -> None:
    assert "Kubernetes" not in newcomer.main.inner_text()
    site.cluster.faults.away()

    wait_until(lambda: "in trouble" in newcomer.person.read("/admin/"), 30, "the trouble", pause=0.5)
    newcomer.person.open("/admin/")
    newcomer.reads("cannot be reached")
