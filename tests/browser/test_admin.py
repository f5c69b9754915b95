"""The admin in a real browser: how every page looks, and what every click does in DNS."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import focus_is_visible, list_faults, sticking_out
from tests.browser.person import DESK, Person, open_browser
from tests.browser.stack import EDGE, LAB, PASSWORD, ZONE, Stack
from tests.fakes.kubernetes.manifests import ingress
from tests.processes import wait_until
from tests.routes import ADMIN, fill_route, list_routes
from tests.sessions.session import ADDRESS

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(300)]

TITLES = {
    "/admin/login/": "Log in | Catalyst DNS Sync",
    "/admin/nowhere/": "Nothing here | Catalyst DNS Sync",
    "/nowhere": "Nothing here | Catalyst DNS Sync",
    "/api/docs": "Catalyst DNS Sync",
}
DRIFTED = (f"jellyfin.{ZONE}", f"mealie.{ZONE}")
"""They were deleted by hand."""
ALL = "every zone"
ARGUMENTS = {"name": f"blog.{ZONE}", "pk": "1", "content_type_id": "1", "object_id": "1"}
"""Of the routes that are about no model."""
ROWS = """
rows => rows.map(
  row => ["actor", "shown_action", "shown_subject"].map(cell => row.querySelector(`.field-${cell}`).innerText))
"""
DONE = (
    *((f"loki.{ZONE}", action) for action in ("requested", "created", "deleted")),
    *((f"{name}.{ZONE}", "requested") for name in ("nas", "immich", "plex", "jellyfin")),
    *((f"netbox.{ZONE}", action) for action in ("created", "updated")),
    *((f"printer.{ZONE}", action) for action in ("created", "deleted", "imported")),
    *((f"harbor.{ZONE}", action) for action in ("created", "updated")),
    *((LAB, "approved"), (EDGE, "rejected"), (ALL, "requested"), (ALL, "imported")),
)
"""What the admin did, as the audit list shows it: name or zone, and action."""
SCREENSHOTS = os.environ.get("CATALYST_TEST_SCREENSHOTS", "")
"""A folder for a picture of each page."""


@pytest.fixture(scope="module")
def cookies(site: Stack, browser: Browser) -> Any:
    """Of a logged-in user, once the registry is full: entries, a user, a token, held plans, a problem."""
    site.answers(f"grafana.{ZONE}", ADDRESS)
    for name in ("garage", "heating", "lights"):
        site.cluster.delete(ingress(name, namespace="house"))
        site.cluster.delete(ingress(f"edge-{name}", namespace="edge"))
    with open_browser(browser, site) as person:
        person.log_in()
        person.make_entry(f"grafana.{ZONE}", "override", "A", "192.0.2.99", owner="olga", description="moving " * 40)
        person.make_entry(f"minio.{ZONE}", "block")
        person.make_entry(f"mail.{ZONE}", "publish", "TXT", "v=spf1 include:_spf.example.com " + "x" * 200)
        person.open("/admin/auth/user/add/")
        for field, text in (("username", "olga"), ("password1", PASSWORD), ("password2", PASSWORD)):
            person.page.fill(f"#id_{field}", text)
        person.press("Save")
        person.expect_success()
        person.open("/admin/knox/authtoken/add/")
        person.page.locator(".select2-selection").click()
        person.page.locator(".select2-results__option", has_text="olga").click()
        person.page.fill("#id_name", "script")
        person.press("Save")
        for name in DRIFTED:
            site.technitium.delete(name, "A", ADDRESS)
        person.open("/admin/")
        person.press("Sync everything now")
        for name in DRIFTED:
            found = f"/admin/records/driftfinding/?show=open&q={name}"
            wait_until(lambda page=found: "/change/" in person.read(page), what=f"drift of {name}", pause=0.5)
        held = "/admin/records/heldplan/?show=open"
        for zone in (LAB, EDGE):
            wait_until(lambda zone=zone: f"in {zone}" in person.read(held), what=f"a held plan in {zone}", pause=0.5)
        assert not person.complaints
        return person.page.context.storage_state()


def plan_in(person: Person, zone: str) -> str:
    """The address of the open plan of the zone."""
    person.open("/admin/records/heldplan/?show=open")
    link = person.page.get_by_role("main").get_by_role("link", name=f"in {zone}")
    return str(link.get_attribute("href")) if link.count() else ""


def finding_of(person: Person, name: str) -> str:
    """The address of the open drift finding of this name."""
    person.open(f"/admin/records/driftfinding/?show=open&q={name}")
    return first_object(person.page)


def pages(person: Person) -> Iterator[str]:
    """Every address of the admin that shows a page, of each model with its first object, and what else lists show."""
    known: dict[Any, str] = {}
    for route, model in list_routes(ADMIN):
        if model and model not in known:
            known[model] = find_first(person, model)
        path = fill_route(route, ARGUMENTS | ({"object_id": known[model], "id": known[model]} if model else {}))
        if person.shows_page(path):
            yield path
    for name in ("blog", "nas", "plex", "grafana", "shop"):
        yield f"/admin/names/{name}.{ZONE}/?ask=1"
    yield "/admin/records/managedrecord/?q=nothing-of-that-name"
    yield "/admin/records/syncrequest/?show=waiting"
    yield f"/admin/names/nobody-asks.{ZONE}/"
    yield "/admin/find/?q=app"
    yield reverse("admin:app_list", args=["records"])


def find_first(person: Person, model: type[Model]) -> str:
    """The key of the first object of its list, or of the one to which that leads."""
    place = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    answer = person.page.request.get(person.site.base + place)
    found = re.search(rf"{place}([^/\"?]+)/change/", answer.url + answer.text())
    assert found, f"{place}: the registry is not full"
    return found[1]


def first_object(page: Page) -> str:
    link = page.locator("#result_list :is(th, td) a[href*='/change/']")
    return str(link.first.get_attribute("href")) if link.count() else ""


def test_values_are_filled_in_part_by_part_or_as_text_with_an_example(site: Stack, person: Person) -> None:
    page, name = person.page, f"parts.{ZONE}"
    person.fill_in_entry(name, "publish", "MX", "10 mail.example.com\n20 mx.example.com")
    expect(page.locator("#id_values")).to_be_hidden()
    expect(page.locator("#id_values")).to_have_value("10 mail.example.com\n20 mx.example.com")
    look_at(person, "entry-mx")
    person.press("Save")
    person.expect_success()
    site.answers(name, "10 mail.example.com", "20 mx.example.com", type="MX")
    with person.on_phone():
        person.open_entry(name)
        expect(page.locator("#id_value_1_1")).to_have_value("mx.example.com")
        page.get_by_role("button", name="Remove value 1").click()
        person.press("Save")
        site.answers(name, "20 mx.example.com", type="MX")
        person.fill_in_entry(name, "publish", "MX", "10 mail.example.com\n30 mx.example.com")
        expect(page.locator("#id_values")).to_have_value("10 mail.example.com\n30 mx.example.com")
    person.fill_in_entry(name, "publish", "HTTPS", "0 . alpn=h2")
    expect(page.locator("#id_values_helptext")).to_contain_text("such as 1 . alpn=h2,h3")
    look_at(person, "entry-https")
    person.press("Save")
    expect(page.locator(".errorlist")).to_contain_text(["priority 0 makes it an alias, which takes no parameters"])
    look_at(person, "entry-https-refused")
    page.fill("#id_values", '1 . alpn="h2,h3"')
    person.press("Save")
    person.expect_success()
    site.answers(name, '1 . alpn="h2,h3"', type="HTTPS")
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    person.make_entry(name, "publish", "TLSA", f"3 1 1 {digest}")
    person.make_entry(name, "publish", "NAPTR", '100 10 "U" "E2U+sip" "!^.*$!sip:info@example.com!" .')
    site.answers(name, '100 10 "U" "E2U+sip" "!^.*$!sip:info@example.com!" ', type="NAPTR")
    lists = (f"records/{model}/?q={name}" for model in ("customentry", "managedrecord", "auditentry"))
    for at, path in enumerate((*lists, f"names/{name}/?ask=1")):
        person.open(f"/admin/{path}")
        look_at(person, f"rare-{at}")


def look_at(person: Person, name: str) -> None:
    """On a desk and on a phone: all fits."""
    take_pictures(person, name)
    assert not list_overhangs(person)


def take_picture(page: Page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)


def test_every_page_fits_is_readable_in_light_and_dark_and_complains_of_nothing(person: Person) -> None:
    page = person.page
    wrong: dict[str, list[str]] = {}
    seen = 0
    for seen, path in enumerate(pages(person), 1):
        person.open(path)
        take_pictures(person, f"{seen:02}")
        person.complaints += [*list_faults(page), *list_overhangs(person)]
        if person.complaints:
            wrong[path] = person.complaints.copy()
            person.complaints.clear()
    assert not wrong, "\n".join(f"{path}: {word}" for path, words in wrong.items() for word in words)
    assert seen > len(admin.site._registry) * 2, "each list, and the page of an object"


def list_overhangs(person: Person) -> list[str]:
    """What sticks out of the page that is open, on a desk and on a phone."""
    found = [f"desk: sticks out: {element}" for element in sticking_out(person.page)]
    with person.on_phone():
        return found + [f"phone: sticks out: {element}" for element in sticking_out(person.page)]


def take_pictures(person: Person, name: str) -> None:
    """Of the page that is open, on a desk and on a phone, in light and dark."""
    if not SCREENSHOTS:
        return
    for scheme in ("light", "dark"):
        person.page.emulate_media(color_scheme=scheme)
        take_picture(person.page, f"desk-{name}-{scheme}")
        with person.on_phone():
            take_picture(person.page, f"phone-{name}-{scheme}")


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/nowhere/", "/nowhere", "/api/docs"])
def test_the_pages_beside_the_admin_fit_and_are_readable_too(
    site: Stack, browser: Browser, cookies: Any, path: str
) -> None:
    known = None if "login" in path else cookies
    with open_browser(browser, site, storage_state=known, **DESK) as person:
        person.open(path)
        expect(person.page).to_have_title(TITLES[path])
        assert not list_overhangs(person)
        assert path == "/api/docs" or not list_faults(person.page)  # whose elements are Swagger's own
        assert all("404" in complaint for complaint in person.complaints)
        assert bool(person.complaints) == ("nowhere" in path)


def test_a_call_is_tried_out_from_the_documentation_of_the_api(person: Person) -> None:
    page = person.page
    person.open("/api/docs")
    call = page.locator(".opblock-post").filter(has=page.locator('[data-path="/api/v1/sync"]'))
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    with page.expect_response("**/api/v1/sync") as answer:
        call.get_by_role("button", name="Execute").click()
    assert answer.value.status == 202, "a session writes, too: the page sends its token"


def test_what_asks_first_refuses_or_says_goodbye_is_accessible_too(
    site: Stack, browser: Browser, cookies: Any, tmp_path: Path
) -> None:
    """Pages without an address of their own: a button or a form leads to them."""
    nonsense = tmp_path / "nonsense.yaml"
    nonsense.write_text("records: 5")
    with open_browser(browser, site, **DESK) as person:
        page, wrong = person.page, []

        def press(label: str, heading: str) -> None:
            person.press(label)
            expect(page.get_by_role("main")).to_contain_text(heading)
            wrong.extend(f"{heading}: {fault}" for fault in [*list_faults(page), *list_overhangs(person)])

        person.log_in()  # by a login of its own, which ends here
        person.open("/admin/records/customentry/add/")
        press("Save", "This field is required")
        person.open("/admin/records/customentry/?q=minio")
        page.get_by_role("row", name="minio").get_by_role("checkbox").check()
        page.select_option("select[name=action]", "delete_selected")
        press("Go", "Are you sure")
        person.open_name(f"nas.{ZONE}")
        press("Replace with ours", "Replace the foreign record")
        person.open(finding_of(person, DRIFTED[1]))
        press("Remediate", "overwrites what DNS holds")
        person.open("/admin/preview/")
        page.get_by_label("Manifests").fill("kind: [")
        press("Show what it would publish", "Cannot be read")
        person.open("/admin/exchange/")
        page.set_input_files("input[type=file]", nonsense)
        press("Import", "Nothing was imported")
        person.open("/admin/password_change/")
        for field in ("old_password", "new_password1", "new_password2"):
            page.fill(f"#id_{field}", "wrong")
        press("Change my password", "incorrect")
        assert not person.complaints
        page.get_by_role("banner").get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", name="Logged out")).to_be_visible()
        wrong += [*list_faults(page), *list_overhangs(person)]
        person.open("/admin/login/")
        page.fill("[name=username]", "admin")
        page.fill("[name=password]", "wrong")
        press("Log in", "Please enter a correct username and password")
        assert not wrong, "\n".join(wrong)


def tab_to(page: Page, text: str) -> None:
    """With the Tab key alone, and never out of sight."""
    for _ in range(120):
        page.keyboard.press("Tab")
        assert focus_is_visible(page), page.evaluate("document.activeElement.outerHTML")
        if text == page.evaluate("document.activeElement.value || document.activeElement.innerText.trim()"):
            return
    raise AssertionError(f"no way to {text}")


def test_a_name_is_blocked_by_keyboard_alone(site: Stack, person: Person) -> None:
    page = person.page
    person.open("/admin/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to main content"
    assert focus_is_visible(page)
    page.keyboard.press("Enter")
    tab_to(page, "")
    page.keyboard.type("gitea")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find/?q=gitea")
    tab_to(page, f"gitea.{ZONE}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/names/**")
    tab_to(page, "Block this name")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"text=Block gitea.{ZONE}?")
    tab_to(page, "Block this name")
    page.keyboard.press("Enter")
    site.answers(f"gitea.{ZONE}")


class Clicks:
    """Presses buttons, waits for DNS, and remembers how long that took."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.site = person.site
        self.times: dict[str, float] = {}

    def press(self, label: str, what: str, name: str, *values: str, type: str = "A") -> None:
        self.press_until(label, what, lambda: self.site.answers(name, *values, type=type))

    def press_until(self, label: str, what: str, done: Callable[[], object]) -> None:
        start = time.monotonic()
        self.person.press(label)
        self.person.expect_success()
        wait_until(done, what=what, pause=0.2)
        self.times[what] = time.monotonic() - start


def test_every_override_comes_to_dns_after_the_click_and_into_the_audit_with_its_author(
    site: Stack, person: Person, tmp_path: Path
) -> None:
    page, clicks = person.page, Clicks(person)

    def confirm(button: str, what: str, name: str, *values: str) -> None:
        person.open_name(name)
        person.press(button)
        clicks.press(button, what, name, *values)

    def delete_entry(name: str, what: str, *values: str, type: str = "A") -> None:
        person.open_entry(name)
        page.get_by_role("link", name="Delete").click()
        clicks.press("Yes, I’m sure", what, name, *values, type=type)

    loki, plex, immich, netbox = (f"{app}.{ZONE}" for app in ("loki", "plex", "immich", "netbox"))
    before = site.list_deletes(loki)
    person.open_name(loki)
    person.press("Delete from DNS")
    clicks.press_until("Delete from DNS", "delete from DNS", lambda: site.list_deletes(loki) > before)
    person.open("/admin/")
    clicks.press("Sync everything now", "sync everything", loki, ADDRESS)
    confirm("Block this name", "block", loki)
    delete_entry(loki, "remove the block", ADDRESS)
    confirm("Replace with ours", "replace", f"nas.{ZONE}", ADDRESS)

    person.open_name(immich)
    person.press("Release (keep the DNS record)")
    clicks.press_until("Release (keep the DNS record)", "release", lambda: person.state_of(immich) != "synced")
    site.cluster.delete(ingress("immich", namespace="apps"))

    site.technitium.delete(plex, "A", ADDRESS)  # it was made by hand
    person.open_name(plex)
    clicks.press("Sync now", "sync a name", plex, ADDRESS)

    person.open(finding_of(person, DRIFTED[0]))
    person.press("Remediate")
    clicks.press("Yes, do it", "remediate drift", DRIFTED[0], ADDRESS)
    person.fill_in_entry(netbox, "override", "A", "192.0.2.98")
    clicks.press("Save", "override", netbox, "192.0.2.98")
    person.open_name(netbox)
    page.get_by_role("row", name="created").last.get_by_role("button", name="Restore").click()
    clicks.press("Yes, do it", "restore from history", netbox, ADDRESS)
    printer = f"printer.{ZONE}"
    person.fill_in_entry(printer, "publish", "AAAA", "2001:db8::9")
    clicks.press("Save", "publish", printer, "2001:db8::9", type="AAAA")
    person.fill_in_entry(f"harbor.{ZONE}", "block")
    clicks.press("Save", "block by an entry", f"harbor.{ZONE}")
    person.open("/admin/records/customentry/?q=harbor")
    page.get_by_role("row", name="harbor").get_by_role("checkbox").check()
    page.select_option("select[name=action]", "disable")
    clicks.press("Go", "disable an entry", f"harbor.{ZONE}", ADDRESS)

    person.open("/admin/exchange/")
    with page.expect_download() as download:
        page.get_by_role("link", name="YAML").click()
    backup = tmp_path / "backup.yaml"
    download.value.save_as(backup)
    assert printer in backup.read_text()
    delete_entry(printer, "delete an entry", type="AAAA")
    person.open("/admin/exchange/")
    page.set_input_files("input[type=file]", backup)
    person.press("Import")
    expect(page.get_by_role("status")).to_contain_text(printer)
    assert site.technitium.ask(printer, "AAAA") in ([], "NXDOMAIN"), "it only says what it would do"
    clicks.press("Import this file", "import", printer, "2001:db8::9", type="AAAA")

    person.open(plan_in(person, LAB))
    person.press("Approve: delete them")
    clicks.press("Yes, do it", "approve held deletes", f"garage.{LAB}")
    site.answers(f"lights.{LAB}")
    person.open(plan_in(person, EDGE))
    clicks.press_until("Reject: keep them", "reject held deletes", lambda: person.state_of(f"garage.{EDGE}") == "kept")
    site.answers(f"lights.{EDGE}", ADDRESS)

    site.answers(immich, ADDRESS)  # although nothing wants it any more

    print(*(f"{seconds:5.2f} s  {what}" for what, seconds in clicks.times.items()), sep="\n")

    person.open("/admin/records/auditentry/?show=people")
    rows = page.locator("#result_list tbody tr").evaluate_all(ROWS)
    assert {actor for actor, _, _ in rows} == {"admin"}
    assert set(DONE) <= {(ALL if subject == ALL else subject.split()[0], action) for _, action, subject in rows}
