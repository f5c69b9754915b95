"""A database that holds rows of two targets: what is about one of them says nothing of the other."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from records import operations
from records.admin.columns import name_url
from records.answer_models import RecordAnswer
from records.exchange import apply_import, export, plan_import, read_backup
from records.explain import explain_name
from records.ledger import DatabaseLedger
from records.models import (
    AuditEntry,
    CustomEntry,
    DeletedRRset,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    ManagedZone,
    SyncRequest,
    SyncStatus,
)
from records.propagation.turns import notice_records
from syncer.zone.requests import RequestHandler
from tests.records.objects import make_plan

ZONE, NAME = "talos00", "grafana.talos00"
VALUES = {"default": "192.0.2.5", "hosts": "192.0.2.6"}
OTHER = {"default": "hosts", "hosts": "default"}
KINDS = {"default": "technitium", "hosts": "hosts"}

pytestmark = pytest.mark.django_db


def own_record(target: str, kind: str = "A", *values: str, name: str = NAME, state: str = "synced") -> ManagedRecord:
    texts = list(values or (VALUES[target],))
    return ManagedRecord.objects.create(
        target=target, zone=ZONE, name=name, type=kind, values=texts, ttl=300, owned=True, state=state
    )


def run_on(target: str) -> None:
    now = timezone.now()
    SyncStatus.objects.all().delete()
    SyncStatus.objects.create(holder="here 1", started_at=now, heartbeat_at=now, target=KINDS[target])


@pytest.fixture(params=VALUES)
def target(request: pytest.FixtureRequest) -> str:
    """The one that the syncer writes to; of the other the database holds rows as well."""
    run_on(request.param)
    own_record("default")
    own_record("hosts")
    return str(request.param)


def answer(*requests: SyncRequest) -> list[str]:
    """What a syncer without any zone that writes to ``default`` makes of them."""
    keys = {request.pk for request in requests}
    batch = [request for request in DatabaseLedger().requests() if request.id in keys]
    return RequestHandler("default", {}, DatabaseLedger()).answer_batch(batch)


# Out of one database and into another


@pytest.mark.parametrize("form", ["yaml", "json", "csv"])
def test_an_export_holds_the_records_of_the_target_that_is_written_to_and_can_be_read_again(
    target: str, form: str
) -> None:
    text = "".join(export(form))
    assert VALUES[target] in text
    assert VALUES[OTHER[target]] not in text
    backup = read_backup(text, form)
    assert [(record.name, record.values) for record in backup.records] == [(NAME, (VALUES[target],))]
    assert apply_import(plan_import(backup), "anna")["unchanged"] == 1
    ManagedRecord.objects.filter(target=target).delete()
    assert apply_import(plan_import(backup), "anna")["records"] == 1
    rows = ManagedRecord.objects.values_list("target", "values", "state")
    assert {(place, tuple(values), state) for place, values, state in rows} == {
        (target, (VALUES[target],), "pending"),
        (OTHER[target], (VALUES[OTHER[target]],), "synced"),
    }


def test_an_import_ends_the_deletions_of_its_own_target_alone(target: str) -> None:
    backup = read_backup("".join(export("yaml")))
    ManagedRecord.objects.all().delete()
    for place in VALUES:
        DeletedRRset.objects.create(target=place, zone=ZONE, name=NAME, type="A")
    apply_import(plan_import(backup), "anna")
    assert [row.target for row in DeletedRRset.objects.all()] == [OTHER[target]]


def test_an_import_leaves_no_loser_of_before(target: str) -> None:
    backup = read_backup("".join(export("yaml")))
    ManagedRecord.objects.filter(target=target).update(owned=False, losers=[["Ingress/web/other", "it is younger"]])
    apply_import(plan_import(backup), "anna")
    assert ManagedRecord.objects.get(target=target).losers == []


def test_an_entry_is_for_its_own_target_or_for_every_one(target: str) -> None:
    for place in ("", *VALUES):
        name = f"{place or 'every'}.talos00"
        CustomEntry.objects.create(target=place, name=name, type="A", values=["192.0.2.9"])
    rows = DatabaseLedger().zone(target, ZONE)
    names = rows.entry_names()
    assert sorted(names) == sorted(["every.talos00", f"{target}.talos00"])
    assert rows.entries([f"{OTHER[target]}.talos00", *names]).keys() == set(names)


# What people ask for


def test_a_restored_version_keeps_what_its_own_target_has_beside_it(target: str) -> None:
    own_record("default", "AAAA", "2001:db8::5")
    own_record("hosts", "AAAA", "2001:db8::6")
    version = AuditEntry.objects.create(
        actor="syncer",
        action="updated",
        target=OTHER[target],
        zone=ZONE,
        name=NAME,
        type="A",
        after={"ttl": 300, "values": ["192.0.2.4"]},
    )
    operations.restore_version("anna", version)
    kept = {"default": "2001:db8::5", "hosts": "2001:db8::6"}[OTHER[target]]
    assert dict(CustomEntry.objects.values_list("type", "values")) == {"A": ["192.0.2.4"], "AAAA": [kept]}


def test_a_restored_version_of_a_custom_entry_keeps_what_is_published_now_beside_it(target: str) -> None:
    own_record(target, "AAAA", "2001:db8::5")
    own_record(OTHER[target], "MX", "10 mail.talos00")
    version = AuditEntry.objects.create(
        actor="anna", action="updated", zone=ZONE, name=NAME, type="A", after={"ttl": None, "values": ["192.0.2.4"]}
    )
    operations.restore_version("anna", version)
    assert set(CustomEntry.objects.values_list("type", flat=True)) == {"A", "AAAA"}


def test_a_request_about_a_record_of_a_target_that_is_not_written_to_is_refused(target: str) -> None:
    request = operations.delete_from_dns("anna", ManagedRecord.objects.get(target="hosts"))
    assert request.target == "hosts"
    assert answer(request) == ["target hosts is not written by this syncer"]
    assert ManagedRecord.objects.count() == 2


def test_a_record_of_a_target_that_is_not_written_to_can_be_released(target: str) -> None:
    assert answer(operations.release_record("anna", ManagedRecord.objects.get(target="hosts"))) == ["1 record released"]
    assert [record.target for record in ManagedRecord.objects.all()] == ["default"]
    assert [entry.target for entry in AuditEntry.objects.filter(action="released")] == ["hosts"]


def test_a_request_expects_an_answer_of_the_target_that_it_names(target: str) -> None:
    ManagedRecord.objects.update(refusal={"reason": "busy", "after": None})
    operations.delete_from_dns("anna", ManagedRecord.objects.get(target=target))
    assert [record.target for record in ManagedRecord.objects.filter(refusal__isnull=False)] == [OTHER[target]]


# Pages


def test_a_name_is_explained_by_the_records_of_the_target_that_is_written_to(target: str) -> None:
    for place in VALUES:
        columns = {"target": place, "zone": ZONE, "name": NAME, "type": "A"}
        DriftFinding.objects.create(**columns, drift_type="missing_record", reason=f"drift on {place}")
        SyncRequest.objects.create(**columns, action="delete", requested_by=f"ada of {place}")
        created = {"action": "created", "source": "Ingress/web/grafana", "correlation": "abc"}
        AuditEntry.objects.create(**columns, **created, actor=f"bob of {place}")
    answer = explain_name(NAME)
    assert [record["values"] for record in answer["records"]] == [[VALUES[target]]]
    text = "\n".join(answer["sentences"])
    assert text.count("is in DNS, written by us") == 1
    for word in ("drift on", "ada of", "bob of"):
        assert f"{word} {target}" in text
        assert f"{word} {OTHER[target]}" not in text


def test_the_plan_that_an_explanation_names_is_the_target_s_own(target: str) -> None:
    plans = {place: make_plan(ZONE, [(NAME, "A")], target=place) for place in VALUES}
    ManagedRecord.objects.update(state="held")
    text = "\n".join(explain_name(NAME)["sentences"])
    assert f"Held plan {plans[target].pk} waits" in text
    assert text.count("Held plan") == 1


def test_a_wildcard_of_another_target_answers_for_nothing(target: str) -> None:
    own_record(OTHER[target], name="*.talos00")
    assert "wildcard" not in "\n".join(explain_name("other.talos00")["sentences"])
    own_record(target, name="*.talos00")
    assert "The wildcard *.talos00 answers for it" in "\n".join(explain_name("other.talos00")["sentences"])


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


def test_a_record_leads_to_the_page_of_its_name_on_its_target(target: str, client: Client) -> None:
    for record in ManagedRecord.objects.all():
        answer = client.get(reverse("admin:records_managedrecord_change", args=[record.pk]), follow=True)
        assert answer.context["target"] == record.target
    assert client.get(name_url(NAME)).context["target"] == target, "the one that is written to"


def test_the_page_of_a_name_tells_of_its_own_target(target: str, client: Client) -> None:
    for place in VALUES:
        own_record(place, "AAAA", f"2001:db8::{len(place)}")
        AuditEntry.objects.create(actor=f"bob of {place}", action="created", target=place, name=NAME, type="A")
    for place in VALUES:
        page = client.get(name_url(NAME, target=place))
        assert [(row.type, row.record.target) for row in page.context["rows"]] == [("A", place), ("AAAA", place)]
        assert [row.actor for row in page.context["history"]] == [f"bob of {place}"]
        assert page.context["targets"] == [OTHER[place]]
        assert f"{VALUES[place]} with a TTL of 300 s is in DNS" in page.content.decode()
        outdated = f"does not write to target {place}" in page.content.decode()
        assert outdated == (place != target)


def test_pages_name_the_target_only_where_there_are_several(target: str, client: Client) -> None:
    def is_named() -> bool:
        text = client.get(reverse("admin:records_managedrecord_changelist")).content.decode()
        return re.search(r">\s*target:?\s*<", text, re.IGNORECASE) is not None

    ManagedZone.objects.create(target=target, zone=ZONE)
    assert not is_named()
    ManagedZone.objects.create(target=OTHER[target], zone=ZONE)
    assert is_named()


def test_the_api_says_of_which_target_a_row_is_and_gives_those_of_one(target: str) -> None:
    for place in VALUES:
        columns = {"target": place, "zone": ZONE}
        HeldPlan.objects.create(**columns, reason="too many")
        DriftFinding.objects.create(**columns, name=NAME, type="A", drift_type="missing_record", reason="gone")
        AuditEntry.objects.create(**columns, actor="syncer", action="created")
    client = APIClient()
    client.force_authenticate(User.objects.create(username="root", is_staff=True, is_superuser=True))

    def targets(path: str) -> list[str]:
        return sorted(row["target"] for row in client.get(f"/api/v1/{path}").json()["results"])

    for path in ("records", "drift", "holds", "audit"):
        assert targets(path) == ["default", "hosts"]
    assert targets("records?target=hosts") == ["hosts"]
    assert targets("records?target=other") == []


def test_servers_are_asked_for_nothing_that_was_written_to_a_hosts_file() -> None:
    run_on("default")
    own_record("hosts")
    notice_records("default")
    assert not RecordAnswer.objects.exists()
    own_record("default")
    notice_records("default")
    assert [row.target for row in RecordAnswer.objects.all()] == ["default"]
