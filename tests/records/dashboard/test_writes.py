"""The page on which all writes are held, and the banner on every page."""

from __future__ import annotations

import pytest
from django.test import Client

from records import operations
from records.models import SyncStatus, WriteFreeze
from records.roles import OPERATOR, VIEWER
from tests.records.cast import make_cast
from tests.records.dashboard.test_actions import press
from tests.records.test_admin import visitor

pytestmark = pytest.mark.django_db

PAGES = ("/ui/", "/ui/needs/", "/ui/names/grafana.talos00/", "/ui/writes/", "/admin/", "/admin/records/managedrecord/")


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_every_page_says_so_with_the_time_and_a_countdown() -> None:
    make_cast()
    SyncStatus.objects.update(queue=3)
    freeze = operations.hold_writes("ada", operations.LONGEST_FREEZE, "talos00", "the <b>server</b> moves")
    assert freeze.until
    client = visitor(OPERATOR)
    for path in PAGES:
        text = text_of(client, path)
        assert "<strong>All writes to talos00 are held</strong> until" in text, path
        assert f'datetime="{freeze.until.isoformat()}"' in text
        assert 'data-left="' in text
        assert "records/freezes.js" in text
        assert "by ada: the &lt;b&gt;server&lt;/b&gt; moves. 3 names wait." in text
        assert 'value="resume writes"' in text


def test_there_is_no_banner_where_nothing_is_held_and_none_before_the_login() -> None:
    client = visitor(OPERATOR)
    for path in PAGES[:2] + PAGES[4:]:
        assert "are held</strong>" not in text_of(client, path)
    operations.hold_writes("ada", None)
    assert "are held</strong>" not in text_of(Client(), "/admin/login/")
    assert "until someone resumes them" in text_of(client, "/admin/password_change/")


def test_an_operator_holds_and_resumes_by_buttons_that_need_no_script() -> None:
    client = visitor(OPERATOR)
    assert press(client, "hold writes", minutes="60", zone="talos00", reason="maintenance")["Location"] == "/ui/?q=x"
    freeze = WriteFreeze.objects.get()
    assert (freeze.zone, freeze.reason, freeze.set_by) == ("talos00", "maintenance", "the-operator")
    text = text_of(client, "/ui/")
    assert "All writes to talos00 are held for 1 hour." in text
    press(client, "resume writes", freeze.pk)
    freeze.refresh_from_db()
    assert freeze.ended_by == "the-operator"
    assert "are resumed: what has waited is compared, as one plan." in text_of(client, "/ui/")
    press(client, "resume writes", freeze.pk)
    assert "has ended already" in text_of(client, "/ui/")
    press(client, "resume writes", "9999")
    assert "has changed since" in text_of(client, "/ui/")


def test_until_released_is_a_choice_of_its_own_and_nonsense_is_none() -> None:
    client = visitor(OPERATOR)
    press(client, "hold writes", minutes="x")
    assert "Choose for how long" in text_of(client, "/ui/")
    press(client, "hold writes", minutes="10", zone="example.org")
    assert "is no managed zone" in text_of(client, "/ui/")
    press(client, "hold writes", minutes="")
    assert WriteFreeze.objects.get().until is None


def test_a_viewer_sees_it_and_has_no_button() -> None:
    freeze = operations.hold_writes("ada", None)
    client = visitor(VIEWER)
    text = text_of(client, "/ui/writes/")
    assert "are held</strong>" in text
    assert "Your role does not allow that" in text
    assert "resume writes" not in text
    assert press(client, "resume writes", freeze.pk).status_code == 403
    assert press(client, "hold writes", minutes="10").status_code == 403
    assert WriteFreeze.objects.get().ended_at is None


def test_a_script_asks_for_the_banner_alone_and_leaves_the_form_as_it_is() -> None:
    client = visitor(OPERATOR)
    script = {"HX-Request": "true", "HX-Current-URL": "http://testserver/ui/needs/?kind=x"}
    assert client.get("/ui/freezes/", headers=script).content.decode().strip() == ""
    operations.hold_writes("ada", None)
    text = client.get("/ui/freezes/", headers=script).content.decode()
    assert text.startswith('<div class="freeze')
    assert 'name="back" value="/ui/needs/?kind=x"' in text
    assert 'name="back" value="/ui/"' in text_of(client, "/ui/writes/"), "who has held writes is not asked to again"
    part = client.get("/ui/writes/", headers={**script, "HX-Target": "main#board"})
    assert (part["HX-Retarget"], part["HX-Reswap"]) == ("#headline", "outerMorph")
    assert "<form" not in part.content.decode()
