"""What a role may not do is not on its pages: no button and no link leads to a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client

from records.models import ManagedRecord
from records.operations import hold_writes
from records.roles import ADMIN, OPERATOR, VIEWER
from tests.records.cast import Cast, make_cast
from tests.records.test_admin import visitor

pytestmark = [pytest.mark.django_db]

FIELDS = re.compile(r'<(?:input|button)[^>]* name="([\w ]+)"[^>]* value="([^"]*)"')


@pytest.fixture
def cast() -> Cast:
    cast = make_cast()
    hold_writes("ada", None)
    ManagedRecord.objects.filter(pk=cast.grafana.pk).update(state="kept")
    return cast


def read_pages(client: Client, cast: Cast) -> Iterator[tuple[str, str]]:
    places = ("", "needs/", "system/", "writes/", f"plans/{cast.plan.pk}/", "find/?q=talos00", "names/nobody.talos00/")
    names = (cast.grafana, cast.nas, cast.blog)
    for path in (*places, *(f"names/{record.name}/" for record in names), f"names/{cast.drift.name}/"):
        yield path, client.get(f"/ui/{path}").content.decode()
    pane = client.get(f"/ui/names/{cast.nas.name}/", headers={"HX-Request": "true", "HX-Target": "div#pane-body"})
    yield "pane", pane.content.decode()


def list_presses(page: str) -> Iterator[dict[str, str]]:
    """What the buttons of the page send, but for the one that ends the login."""
    for form in re.findall(r'<form[^>]*method="post"[^>]*action="/ui/do/".*?</form>', page, re.DOTALL):
        fields = {name: unescape(value) for name, value in FIELDS.findall(form)}
        actions = re.findall(r'name="action" value="([^"]+)"', form)
        assert actions, form
        yield from ({**fields, "action": action} for action in actions)


@pytest.mark.parametrize(
    "role", [*(pytest.param(role, marks=pytest.mark.one_database) for role in (VIEWER, OPERATOR)), ADMIN]
)
def test_no_button_and_no_link_of_a_page_is_refused(cast: Cast, role: str) -> None:
    client = visitor(role)
    links, presses = set(), {}
    for path, page in read_pages(client, cast):
        assert "<h" in page, path
        links |= {unescape(link).partition("#")[0] for link in re.findall(r'<a [^>]*href="(/[^"]*)"', page)}
        presses |= {(press["action"], press.get("key")): press for press in list_presses(page)}
    refused = [link for link in sorted(links) if client.get(link).status_code not in (200, 302)]
    refused += [press["action"] for press in presses.values() if client.post("/ui/do/", press).status_code == 403]
    assert refused == []
    actions = {action for action, _ in presses}
    if role == VIEWER:
        assert actions == set()
        return
    every = (
        "sync, sync zone, sync everything, block, replace, keep, release, delete, remove, remediate, accept, approve,"
    )
    every += " reject, approve chosen, reject chosen, restore, hold writes, resume writes"
    assert actions == set(every.split(", "))
