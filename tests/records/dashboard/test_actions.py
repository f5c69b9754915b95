"""What the buttons do, with scripts and without."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from records.models import CustomEntry, DriftFinding, HeldDelete, ManagedRecord, SyncRequest, WriteFreeze
from records.roles import OPERATOR, VIEWER
from tests.records.cast import Cast, make_cast
from tests.records.test_admin import visitor

pytestmark = pytest.mark.django_db

DO = "/ui/do/"
SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def press(client: Client, action: str, key: object = "", name: str = "", **more: Any) -> Any:
    return client.post(DO, {"action": action, "key": str(key), "name": name, "back": "/ui/?q=x", **more})


def was_asked(action: str, **columns: Any) -> bool:
    return SyncRequest.objects.filter(action=action, requested_by="the-operator", **columns).exists()


def test_a_button_asks_first_shows_what_changes_and_then_does_it(cast: Cast) -> None:
    client = visitor(OPERATOR)
    asked = press(client, "replace", cast.nas.pk, cast.nas.name)
    text = asked.content.decode()
    assert "<title>In trouble · Replace the foreign record at nas.talos00 A? | Catalyst DNS Sync</title>" in text
    assert text.count("<h1") == 1
    assert "192.0.2.66" in text
    assert "by hand" in text, "the comment of who made it"
    assert not was_asked("adopt")
    done = press(client, "replace", cast.nas.pk, cast.nas.name, confirmed="yes")
    assert (done.status_code, done["Location"]) == (302, "/ui/?q=x")
    assert was_asked("adopt", name="nas.talos00")
    assert "is being replaced" in client.get("/ui/").content.decode()


def test_with_scripts_the_question_is_a_dialog_and_the_answer_a_line_on_the_page(cast: Cast) -> None:
    client = visitor(OPERATOR)
    fields = {"action": "remediate", "key": f"drift-{cast.drift.pk}", "name": cast.drift.name}
    question = client.post(DO, fields, headers=SCRIPT).content.decode()
    assert question.startswith('<h2 id="dialog-title">Remediate mail.talos00 A?')
    done = client.post(DO, {**fields, "confirmed": "yes"}, headers=SCRIPT)
    assert (done.status_code, done["HX-Retarget"], done["HX-Trigger"]) == (200, "#messages", "refresh")
    assert "mail.talos00 A is being remediated." in done.content.decode()
    assert was_asked("remediate", name="mail.talos00")


def test_what_can_be_taken_back_is_done_at_once(cast: Cast) -> None:
    client = visitor(OPERATOR)
    press(client, "accept", f"drift-{cast.drift.pk}", cast.drift.name)
    assert DriftFinding.objects.get(pk=cast.drift.pk).status == "accepted"
    press(client, "sync everything")
    assert was_asked("sync", name="", zone="")
    press(client, "sync", name="grafana.talos00")
    assert was_asked("sync", name="grafana.talos00")
    CustomEntry.objects.create(name="grafana.talos00", mode="block")
    press(client, "unblock", name="grafana.talos00")
    assert not CustomEntry.objects.filter(mode="block").exists()


def test_a_plan_is_decided_as_a_whole_or_in_part(cast: Cast) -> None:
    client = visitor(OPERATOR)
    for name in ("a", "b"):
        HeldDelete.objects.create(plan=cast.plan, name=f"{name}.talos00", type="A", origin=f"Ingress/{name}/x")
    shown = press(client, "approve", cast.plan.pk).content.decode()
    assert "Approve 3 deletes in talos00?" in shown
    part = press(client, "approve chosen", cast.plan.pk, chosen="*/a").content.decode()
    assert "Approve 1 delete in talos00?" in part
    assert "b.talos00" not in part
    press(client, "approve chosen", cast.plan.pk, chosen="*/a", confirmed="yes")
    (row,) = SyncRequest.objects.filter(action="approve")
    assert row.deletes == [HeldDelete.objects.get(name="a.talos00").pk]
    press(client, "reject", cast.plan.pk)
    assert was_asked("reject", plan=cast.plan, deletes__isnull=True)


def test_an_earlier_version_is_restored(cast: Cast) -> None:
    client = visitor(OPERATOR)
    asked = press(client, "restore", cast.deleted.pk).content.decode()
    assert "Restore cd.talos00 A?" in asked
    assert "192.0.2.4" in asked
    press(client, "restore", cast.deleted.pk, confirmed="yes")
    entry = CustomEntry.objects.get(name="cd.talos00")
    assert (entry.mode, entry.values) == ("override", ["192.0.2.4"])


def test_of_two_people_the_second_is_told_what_the_first_did(cast: Cast) -> None:
    client = visitor(OPERATOR)
    cast.plan.decide(cast.plan.Status.APPROVED, "olga")
    press(client, "approve", cast.plan.pk, confirmed="yes")
    assert "olga approved it" in client.get("/ui/").content.decode()
    assert "olga approved it" in client.get(f"/ui/plans/{cast.plan.pk}/").content.decode()
    assert not was_asked("approve")
    press(client, "approve chosen", cast.plan.pk, chosen="4711", confirmed="yes")
    assert "Nothing was decided." in client.get("/ui/").content.decode()
    press(client, "replace", 4711, "nas.talos00", confirmed="yes")
    assert "has changed since" in client.get("/ui/").content.decode()


def test_nothing_is_done_without_the_right_to_it(cast: Cast) -> None:
    client = visitor(VIEWER)
    for action, key, name in (
        ("replace", cast.nas.pk, cast.nas.name),
        ("block", "", "nas.talos00"),
        ("remediate", f"drift-{cast.drift.pk}", "mail.talos00"),
        ("approve", cast.plan.pk, ""),
        ("approve chosen", cast.plan.pk, ""),
        ("sync everything", "", ""),
        ("restore", cast.deleted.pk, ""),
        ("no such thing", "", ""),
    ):
        assert press(client, action, key, name, confirmed="yes").status_code == 403, action
    assert press(Client(), "sync everything").status_code == 302
    assert SyncRequest.objects.exclude(pk=cast.request.pk).count() == 0


@pytest.mark.parametrize("action", ["block", "sync", "delete"])
def test_of_a_drift_nothing_is_done_but_what_decides_it(cast: Cast, action: str) -> None:
    key = f"drift-{cast.drift.pk}"
    assert press(visitor(OPERATOR), action, key, cast.drift.name, confirmed="yes").status_code == 403
    assert not was_asked("remediate")


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example.com/", "//elsewhere.example.com/", "javascript:alert(1)", ""]
)
def test_a_button_leads_to_no_other_site(cast: Cast, back: str) -> None:
    assert press(visitor(OPERATOR), "sync everything", back=back)["Location"] == "/ui/"


@pytest.mark.parametrize("key", ["9" * 5000, "9" * 18, "٣", "-1", "drift-", "drift-x"])
def test_a_row_that_there_is_not_is_told(cast: Cast, key: str) -> None:
    client = visitor(OPERATOR)
    assert press(client, "remediate", key, cast.drift.name, confirmed="yes").status_code == 302
    assert "has changed since" in client.get("/ui/").content.decode()
    assert not was_asked("remediate")


def test_what_is_done_with_a_name_is_not_done_with_a_record(cast: Cast) -> None:
    client = visitor(OPERATOR)
    press(client, "sync", cast.nas.pk, cast.nas.name)
    assert "done with a name" in client.get("/ui/").content.decode()
    assert press(client, "sync", name="a\0b").status_code == 400
    assert SyncRequest.objects.get() == cast.request


def find_undo(client: Client) -> dict[str, str]:
    """The fields of the button that takes back what was done last; none where there is no such button."""
    form = client.get("/ui/needs/").content.decode().partition('<form class="undo"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(action|name|key|target|confirmed)" value="([^"]*)"', form))


def test_what_can_be_taken_back_is_offered_beside_what_was_done(cast: Cast) -> None:
    client = visitor(OPERATOR)
    press(client, "block", name="grafana.talos00", confirmed="yes")
    assert find_undo(client) == {"action": "unblock", "name": "grafana.talos00", "confirmed": "yes"}
    press(client, "unblock", name="grafana.talos00")
    assert find_undo(client) == {"action": "block", "name": "grafana.talos00", "confirmed": "yes"}
    press(client, "sync everything")
    assert not find_undo(client)


@pytest.mark.parametrize("way", ["need", "name"])
def test_that_a_drift_was_accepted_is_taken_back(cast: Cast, way: str) -> None:
    client = visitor(OPERATOR)
    record = ManagedRecord.objects.create(zone="talos00", name=cast.drift.name, type="A", ttl=60, state="drifted")
    press(client, "accept", f"drift-{cast.drift.pk}" if way == "need" else record.pk, cast.drift.name)
    undo = find_undo(client)
    assert (undo["action"], undo["key"]) == ("reopen", f"drift-{cast.drift.pk}")
    client.post(DO, undo)
    assert DriftFinding.objects.get(pk=cast.drift.pk).is_open
    client.post(DO, undo)
    assert "only an accepted one can be opened again" in client.get("/ui/needs/").content.decode()
    assert client.post(DO, {**undo, "key": "1"}).status_code == 403


def test_a_restored_version_and_held_writes_are_taken_back(cast: Cast) -> None:
    client = visitor(OPERATOR)
    press(client, "restore", cast.deleted.pk, confirmed="yes")
    client.post(DO, find_undo(client))
    assert not CustomEntry.objects.filter(name="cd.talos00").exists()
    entry = CustomEntry.objects.create(name="cd.talos00", type="A", mode="override", values=["192.0.2.1"])
    press(client, "unrestore", entry.pk)
    assert CustomEntry.objects.filter(pk=entry.pk).exists(), "nobody restored that one"
    press(client, "restore", cast.deleted.pk, confirmed="yes")
    assert not find_undo(client), "what was there before would be missing"
    press(client, "hold writes", minutes="10")
    client.post(DO, find_undo(client))
    assert not WriteFreeze.objects.filter(ended_at=None).exists()


def test_a_replacement_is_put_back_once_the_syncer_has_made_it(cast: Cast) -> None:
    client = visitor(OPERATOR)
    press(client, "replace", cast.nas.pk, cast.nas.name, confirmed="yes")
    undo = find_undo(client)
    assert (undo["action"], undo["key"]) == ("undo", str(cast.nas.pk))
    client.post(DO, undo)
    assert "is not replaced yet: try again in a moment" in client.get("/ui/needs/").content.decode()
