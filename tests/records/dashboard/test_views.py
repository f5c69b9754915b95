"""The pages of the dashboard, for each role, whole and in parts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from records.dashboard.needs import KINDS
from records.models import AuditEntry, DriftFinding, HeldPlan, ManagedRecord, SyncStatus
from records.roles import ADMIN, OPERATOR, VIEWER
from syncer.config import Managed
from syncer.core.scope import Scope
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.processes import wait_until
from tests.records.cast import Cast, make_cast
from tests.records.test_admin import visitor

pytestmark = pytest.mark.django_db

OVERVIEW = "/ui/"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def pages(cast: Cast) -> list[str]:
    return [
        OVERVIEW,
        "/ui/needs/",
        "/ui/needs/?kind=drift",
        "/ui/system/",
        f"/ui/names/{cast.blog.name}/",
        "/ui/names/nobody.talos00/",
        "/ui/names/elsewhere.example.org/",
        f"/ui/plans/{cast.plan.pk}/",
        "/ui/find/?q=talos00",
    ]


def part(client: Client, path: str, element: str) -> Any:
    return client.get(path, headers={"HX-Request": "true", "HX-Target": element})


@pytest.mark.parametrize("role", [None, VIEWER, OPERATOR, ADMIN])
def test_every_role_sees_every_page_and_no_one_else_does(cast: Cast, role: str | None) -> None:
    client = visitor(role)
    for path in pages(cast):
        answer = client.get(path)
        assert answer.status_code == (200 if role else 302), path
        if role is None:
            assert answer["Location"].startswith(reverse("admin:login"))
            continue
        text = answer.content.decode()
        assert text.startswith("<!DOCTYPE html>")
        assert f'href="{reverse("admin:index")}"' in text, "the admin is one click away"
        assert "hx-on" not in text, "what would need eval"
        assert answer["Cache-Control"].startswith("max-age=0")
        assert part(client, path, "main#board").content.decode().strip().startswith(("<h1", "<section"))
        assert text.count("<h1") == 1


def test_buttons_are_only_there_for_who_may_press_them(cast: Cast) -> None:
    for role, offered in ((VIEWER, False), (OPERATOR, True)):
        text = visitor(role).get(OVERVIEW).content.decode()
        for label in (
            "Replace with ours",
            "Remediate the drift",
            "Approve",
            "Sync everything now",
            "Add a custom entry",
        ):
            assert (f">{label}<" in text) is offered, label


def test_a_script_whose_login_ended_is_told_so_and_gets_no_page_of_a_login_as_a_part() -> None:
    answer = part(Client(), OVERVIEW, "main#board")
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_script_gets_only_the_part_that_it_asks_for(cast: Cast) -> None:
    client = visitor(VIEWER)
    names = part(client, f"{OVERVIEW}?q=blog", "section#names").content.decode()
    assert names.startswith('<section id="names"')
    assert "blog.talos00" in names
    assert "grafana.talos00" not in names
    pane = part(client, f"/ui/names/{cast.blog.name}/", "div#pane-body").content.decode()
    assert pane.startswith('<article id="name-page"')
    assert part(client, f"/ui/names/{cast.blog.name}/", "section#answers").content.decode().startswith("<section")


def test_who_asks_the_dns_servers_too_often_is_told_so_in_place_and_does_not_ask_again_at_once(
    cast: Cast, settings: Any
) -> None:
    settings.DNS_TEST_SERVERS, settings.DNS_TEST_RATE_LIMIT = [], 1
    cache.clear()
    client, asking = visitor(VIEWER), f"/ui/names/{cast.blog.name}/?ask=again"
    assert 'hx-trigger="load, refresh' in client.get(f"/ui/names/{cast.blog.name}/").content.decode()
    answers = [part(client, asking, "section#answers").content.decode() for _ in range(3)]
    assert ["asked often by you" in text for text in answers] == [False, True, True]
    assert not any("load," in text for text in answers), "a script would ask without end"
    plain = client.get(f"/ui/names/{cast.blog.name}/").content.decode()
    assert "DNS: not asked yet" in plain
    assert "aria-busy" not in plain, "without scripts nothing comes later"
    assert "asked often by you" not in client.get(OVERVIEW).content.decode(), "nothing piles up for the next page"
    assert "asked often by you" in client.get(f"/admin/names/{cast.blog.name}/?ask=1").content.decode()


def test_the_drawing_says_that_the_servers_are_not_asked_where_that_is_refused(cast: Cast, settings: Any) -> None:
    settings.DNS_TEST_SERVERS, settings.DNS_TEST_RATE_LIMIT = ["127.0.0.1:9"], 1
    cache.clear()
    client = visitor(VIEWER)
    part(client, "/ui/names/nobody.talos00/?ask=1", "section#answers")
    refused = part(client, f"/ui/names/{cast.blog.name}/?ask=1", "section#answers").content.decode()
    assert "DNS: not asked: too often of late" in refused
    assert "127.0.0.1:9 says now" not in refused, "nothing is on its way"


def test_who_looks_again_is_shown_the_last_answer_with_its_age_until_something_happens_at_the_name(
    cast: Cast, technitium: ServerUnderTest, settings: Any
) -> None:
    settings.DNS_TEST_SERVERS, settings.DNS_TEST_RATE_LIMIT = ["{}:{}".format(*technitium.dns)], 4
    cache.clear()
    name = cast.blog.name
    technitium.make_zone("talos00")
    client = visitor(VIEWER)

    def look(ask: str = "1") -> str:
        return part(client, f"/ui/names/{name}/?ask={ask}", "section#answers").content.decode()

    assert "NXDOMAIN" in look()
    technitium.add(name, "A", "192.0.2.7")
    wait_until(lambda: "DNS was asked 1 s ago" in look(), what="an age")
    assert "NXDOMAIN" in look(), "so often that it would be refused, were it asked each time"
    assert "<code>192.0.2.7</code>" in look("again")
    technitium.delete(name, "A", "192.0.2.7")
    AuditEntry.objects.create(actor="olga", action="requested", zone="talos00", name=name, reason="block")
    assert "NXDOMAIN" in look(), "one's own click shows at once"
    technitium.add(name, "A", "192.0.2.8")
    assert "192.0.2.8" in client.get(f"/ui/names/{name}/?ask=1").content.decode(), "a page that is opened asks"
    refused = look("again")
    assert "asked often by you" in refused
    assert "<code>192.0.2.8</code>" in refused, "what was said last is still there"


@pytest.mark.parametrize("path", [OVERVIEW, "/ui/writes/"])
def test_a_zone_is_chosen_as_people_write_it(settings: Any, path: str) -> None:
    settings.MANAGED = Managed(Scope(zones=("talos00", "xn--bcher-kva.lab"), addresses=("192.0.2.1",)))
    settings.MANAGED_TARGETS = {"default": settings.MANAGED}
    shown = visitor(OPERATOR).get(path).content.decode()
    assert '<option value="xn--bcher-kva.lab">bücher.lab</option>' in shown


def test_the_title_and_the_icon_follow_the_headline(cast: Cast) -> None:
    client = visitor(VIEWER)
    text = client.get(OVERVIEW).content.decode()
    assert "<title>In trouble · Overview | Catalyst DNS Sync</title>" in text
    assert 'href="/static/records/favicon-bad.svg"' in text
    assert "talos00: the zone is &lt;disabled&gt;" in text
    status = client.get("/api/v1/status").json()
    assert status["problems"] == ["talos00: the zone is <disabled>"], "one source for both"
    SyncStatus.objects.update(problems=[])
    assert "<title>4 things need you · Overview" in client.get(OVERVIEW).content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_what_waits_leads_to_its_list_in_the_admin(cast: Cast, kind: str) -> None:
    client = visitor(VIEWER)
    url = KINDS[kind].list_url
    assert f'href="{escape(url)}"' in client.get(f"/ui/needs/?kind={kind}").content.decode()
    assert client.get(url).status_code == 200


def test_an_empty_installation_says_the_next_step() -> None:
    text = visitor(OPERATOR).get(OVERVIEW).content.decode()
    for words in (
        "No syncer has run yet",
        "runsyncer",
        "Nothing needs you.",
        "No names yet.",
        "Nothing has happened yet",
    ):
        assert words in text
    assert reverse("admin:records_customentry_add") in text


def test_what_no_name_is_like_leads_to_why_it_is_not_there(cast: Cast) -> None:
    client = visitor(VIEWER)
    text = client.get(f"{OVERVIEW}?q=shop.example.org").content.decode()
    assert "/ui/find/?q=shop.example.org" in text
    answer = client.get("/ui/find/?q=shop.example.org")
    assert answer["Location"] == "/ui/names/shop.example.org/"
    assert "is outside every managed zone" in client.get(answer["Location"]).content.decode()
    assert client.get("/ui/find/?q=")["Location"] == OVERVIEW
    assert client.get("/ui/find/?q=ingress/web/blog")["Location"].startswith("/admin/records/source/")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ui/needs/?kind=odd", 400),
        ("/ui/?state=odd", 400),
        ("/ui/?q=a%00b", 404),
        ("/ui/names/a..b/", 404),
        ("/ui/plans/4711/", 404),
        ("/ui/names/Blog.talos00./", 302),
        ("/ui", 301),
        ("/ui/do/", 405),
    ],
)
def test_odd_addresses_are_answered(cast: Cast, path: str, status: int) -> None:
    assert visitor(OPERATOR).get(path).status_code in (status, 302 if path == "/ui" else status)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/ui/?state=odd", "There is no such state or kind: choose one"),
        ("/ui/needs/?kind=odd", "There is no such kind: choose one of held, drift,"),
        ("/ui/plans/4711/", "There is no page at this address."),
        ("/ui/names/a..b/", "a..b"),
        ("/ui/?" + "&".join(["a=1"] * 2000), "more than 100 parameters"),
        ("/ui/?q=" + "w+" * 30, "q has more than 20 words"),
        ("/ui/?q=" + "x" * 9000, "more than 8,000 characters"),
    ],
)
def test_what_is_refused_is_told_on_a_page(cast: Cast, path: str, words: str) -> None:
    answer = visitor(VIEWER).get(path)
    assert answer.status_code in (400, 404)
    assert words in answer.content.decode()
    assert "<h1>" in answer.content.decode()


def test_foreign_text_is_escaped_everywhere(cast: Cast) -> None:
    evil = "<script>alert(1)</script>"
    ManagedRecord.objects.filter(pk=cast.nas.pk).update(reason=evil, values=[evil], losers=[[evil, evil]])
    ManagedRecord.objects.filter(pk=cast.nas.pk).update(is_contested=True)
    HeldPlan.objects.update(reason=evil)
    DriftFinding.objects.update(reason=evil)
    AuditEntry.objects.create(actor=evil, action=evil, name=evil, type="A", reason=evil, after={"values": [evil]})
    SyncStatus.objects.update(problems=[evil], warnings=[evil], holder=evil[:100], target=evil[:100])
    client = visitor(ADMIN)
    for path in (OVERVIEW, "/ui/needs/", "/ui/names/nas.talos00/", f"/ui/plans/{cast.plan.pk}/", f"/ui/find/?q={evil}"):
        text = client.get(path).content.decode()
        assert "alert(1)" in text, path
        assert evil not in text, path


def fill_registry(count: int) -> None:
    ManagedRecord.objects.bulk_create(
        ManagedRecord(
            zone="talos00",
            name=f"h{number}.talos00",
            type="A",
            values=["192.0.2.1"],
            ttl=300,
            state=("synced", "conflict", "failed", "kept", "drifted")[number % 5],
            origin=f"Ingress/ns{number}/app",
            losers=[["CustomEntry//1", "Ingress/x/y has the name: it is older"]] if number % 7 == 0 else [],
            is_contested=number % 7 == 0,
        )
        for number in range(count)
    )
    DriftFinding.objects.bulk_create(
        DriftFinding(zone="talos00", name=f"h{number}.talos00", type="A", drift_type="missing_record", reason="gone")
        for number in range(0, count, 5)
    )
    AuditEntry.objects.bulk_create(
        AuditEntry(actor="syncer", action="created", zone="talos00", name=f"h{number}.talos00", type="A")
        for number in range(count)
    )


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/ui/", 31),
        ("/ui/?state=failed&q=h&namespace=ns3", 29),
        ("/ui/needs/", 25),
        ("/ui/system/", 28),
        ("/ui/find/?q=h", 24),
        ("/ui/names/h1.talos00/", 40),
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_registry(cast: Cast, path: str, most: int) -> None:
    """With those of the session, the user and the rights."""
    client = visitor(OPERATOR)
    taken = []
    for count in (200, 800):  # more than a page, whose number is not asked for
        ManagedRecord.objects.all().delete()
        DriftFinding.objects.all().delete()
        fill_registry(count)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        taken.append(len(queries))
    assert taken[0] == taken[1]
    assert taken[1] <= most


def test_a_script_asks_what_had_happened_up_to_a_time(cast: Cast) -> None:
    client, part = visitor(VIEWER), {"HX-Request": "true"}
    now = client.get(OVERVIEW, {"until": ""}, headers=part).content.decode()
    assert "grafana.talos00" in now
    assert "<html" not in now
    before = AuditEntry.objects.order_by("at").first().at - timedelta(seconds=1)  # type: ignore[union-attr]
    past = client.get(OVERVIEW, {"until": before.isoformat()}, headers=part).content.decode()
    assert "Nothing had happened by then." in past
    for wrong in ("yesterday", "2026-01-01T00:00:00", "9999-12-31T23:59:59-14:00"):
        assert client.get(OVERVIEW, {"until": wrong}, headers=part).status_code == 400, wrong
