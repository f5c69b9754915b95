"""Custom entries are called by name and type wherever a person reads of them, and not by the key of a row."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from records import custom_entries
from records.admin.columns import name_url
from records.entry_names import call_entries, name_entries, note_entries
from records.explain import explain_name
from records.models import AuditEntry, CustomEntry, DriftFinding, ManagedRecord
from records.roles import ADMIN
from tests.records.objects import make_plan, make_source
from tests.records.test_admin import page, visitor

pytestmark = pytest.mark.django_db

NAME = "printer.talos00"


@pytest.fixture
def entry() -> CustomEntry:
    return CustomEntry.objects.create(name=NAME, type="AAAA", values=["2001:db8::9"])


def make_record(entry: CustomEntry, **columns: Any) -> ManagedRecord:
    row = {"name": NAME, "type": "AAAA", "values": entry.values, "ttl": 60, "owned": True, "state": "synced"}
    return ManagedRecord.objects.create(
        zone="talos00", origin=entry.origin, claimants=[entry.origin], **{**row, **columns}
    )


def test_an_entry_is_called_as_it_is_called_now(entry: CustomEntry) -> None:
    block = CustomEntry.objects.create(name="nas.talos00", mode="block")
    text = f"blocked by {block.origin}, which {entry.origin}/ Ingress/web/x and CustomEntry//x are not"
    said = "blocked by custom entry nas.talos00 block, which custom entry printer.talos00 AAAA/ Ingress/web/x and"
    assert name_entries(text) == f"{said} CustomEntry//x are not"


def test_one_that_was_deleted_is_called_as_the_history_calls_it(entry: CustomEntry) -> None:
    origin = entry.origin
    # What a pass did for it may be of another type.
    AuditEntry.objects.create(
        actor="syncer", action="deleted", name=NAME, type="CNAME", source=origin, correlation="a pass"
    )
    custom_entries.delete_entry("ada", entry)
    AuditEntry.objects.create(
        actor="syncer", action="deleted", name=NAME, type="A", source=origin, correlation="the next pass"
    )
    block = CustomEntry.objects.create(name="nas.talos00", mode="block")
    gone = block.origin
    custom_entries.delete_entry("ada", block)
    assert call_entries([origin, gone]) == {
        origin: "custom entry printer.talos00 AAAA",
        gone: "custom entry nas.talos00 block",
    }


def test_one_that_nothing_is_known_of_keeps_its_number() -> None:
    assert name_entries("CustomEntry//999 has the name") == "custom entry 999 has the name"
    assert name_entries(f"CustomEntry//{10**30}") == f"CustomEntry//{10**30}", "no key of a row"


def test_many_rows_take_two_questions(entry: CustomEntry, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    rows = [AuditEntry(source=f"CustomEntry//{key}", reason=f"blocked by {entry.origin}") for key in range(500, 550)]
    with django_assert_num_queries(2):
        note_entries(rows)
    with django_assert_num_queries(0):
        note_entries([AuditEntry(source="Ingress/web/shop", reason="someone made it")])
    assert vars(rows[0])["entry_names"][entry.origin] == "custom entry printer.talos00 AAAA"


def test_no_page_shows_the_key_of_an_entry(entry: CustomEntry) -> None:
    make_record(entry)
    loser = CustomEntry.objects.create(name=NAME, type="A", values=["192.0.2.1"])
    beaten = f"{entry.origin} has the name: it is an override"
    contested = make_record(entry, type="A", losers=[[loser.origin, beaten]], is_contested=True)
    finding = DriftFinding.objects.create(
        zone="talos00", name=NAME, type="AAAA", drift_type="missing_record", reason="gone", origin=entry.origin
    )
    audit = AuditEntry.objects.create(
        actor="syncer", action="deleted", name=NAME, type="A", source=entry.origin, reason=f"blocked by {entry.origin}"
    )
    plan = make_plan("talos00", [(NAME, "A")])
    plan.deletes.update(origin=entry.origin, cause=f"{entry} was deleted")
    source = make_source("Ingress", "web", "printer", names=[(NAME, ["192.0.2.2"])])
    contested.losers.append([str(source), beaten])
    contested.save()
    paths = [
        name_url(NAME),
        page("source_changelist"),
        page("source_change", source.pk),
        reverse("admin:index"),
        *(page(f"{model}_changelist") for model in ("managedrecord", "customentry", "auditentry", "driftfinding")),
        page("managedrecord_change", contested.pk),
        page("customentry_change", loser.pk),
        page("customentry_delete", loser.pk),
        page("auditentry_change", audit.pk),
        page("driftfinding_change", finding.pk),
        page("heldplan_change", plan.pk),
    ]
    client = visitor(ADMIN)
    for path in paths:
        answer = client.get(path, follow=True)
        assert answer.status_code == 200
        text = answer.content.decode().replace("<wbr>", "")
        assert "CustomEntry" not in text.replace(f"source=CustomEntry%2F%2F{loser.pk}", ""), path
        assert NAME in text, path


def test_a_message_and_the_sentences_of_a_name_call_it_so_too(entry: CustomEntry) -> None:
    other = CustomEntry.objects.create(name=NAME, type="A", values=["192.0.2.1"])
    make_record(entry, losers=[[other.origin, f"{entry.origin} has the name: it is older"]], is_contested=True)
    said = explain_name(NAME)
    assert (
        "Custom entry printer.talos00 AAAA wants the name for 2001:db8::9, and has it: it is older."
        in said["sentences"]
    )
    lost = "Custom entry printer.talos00 A wants the name for 192.0.2.1, and does not get it: "
    assert lost + "custom entry printer.talos00 AAAA has the name: it is older." in said["sentences"]
    assert said["decision"]["losers"][0]["reason"] == "custom entry printer.talos00 AAAA has the name: it is older"
    assert said["decision"]["winner"] == entry.origin, "programs go by the key"
    answer = visitor(ADMIN).post(page("customentry_delete", other.pk), {"post": "yes"}, follow=True)
    assert "printer.talos00 A” was deleted" in answer.content.decode()
