"""Many rows in few statements: what Django itself reads of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import models
from pytest_django import DjangoAssertNumQueries

from records.bulk import insert_rows, upsert_rows, upsert_values
from records.limits import ROWS
from records.models import AuditEntry, CustomEntry, DriftFinding, ManagedRecord, Source, SourceName

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
PLACE = {"zone": "lab", "name": "grafana.lab", "type": "A"}

pytestmark = pytest.mark.django_db


def make_record(name: str = "grafana.lab", **columns: object) -> ManagedRecord:
    return ManagedRecord(**PLACE | {"name": name, "ttl": 300, "state": "synced", "changed_at": NOW} | columns)


def columns_of(row: models.Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key}


def test_each_column_is_what_save_would_have_written() -> None:
    columns = {
        "values": ["192.0.2.1", 'ä\u2028"'],
        "owned": True,
        "reason": "100 % %s 'right'",
        "losers": [["Ingress/web/a", "younger"]],
        "foreign": {"ttl": 5, "values": [], "marks": [""], "disabled": [1]},
        "former": None,
        "created_at": NOW,
    }
    insert_rows(ManagedRecord, [make_record("ours.lab", **columns)])
    make_record("djangos.lab", **columns).save()
    ours, djangos = (columns_of(ManagedRecord.objects.get(name=name)) for name in ("ours.lab", "djangos.lab"))
    assert ours | {"name": ""} == djangos | {"name": ""}
    assert not ManagedRecord.objects.exclude(former=None).exists()  # NULL, and not the null of JSON


def test_what_is_left_to_the_database_is_its_default() -> None:
    insert_rows(AuditEntry, [AuditEntry(actor="ada", action="created"), AuditEntry(actor="bob", action="deleted")])
    before = datetime.now(UTC)
    assert all(abs((before - entry.at).total_seconds()) < 3600 for entry in AuditEntry.objects.all())
    assert [entry.actor for entry in AuditEntry.objects.order_by("pk")] == ["ada", "bob"]


def test_a_row_that_is_there_gets_the_changes_and_keeps_the_rest() -> None:
    make_record(reason="before", origin="Ingress/web/a", refusal={"reason": "busy"}).save()
    upsert_rows(
        ManagedRecord,
        [make_record(reason="now", origin="Ingress/web/b"), make_record("new.lab", reason="new")],
        ["reason"],
    )
    rows = ManagedRecord.objects.order_by("pk").values_list("name", "reason", "origin", "refusal")
    assert list(rows) == [("grafana.lab", "now", "Ingress/web/a", {"reason": "busy"}), ("new.lab", "new", "", None)]


def test_plain_rows_need_only_what_has_no_default() -> None:
    source = Source.objects.create(kind="Ingress", namespace="web", name="a", digest="d", seen_at=NOW)
    names = ("source", "name", "position", "since", "own", "values", "reason", "detached_seconds", "cause", "outdated")
    row = (source.pk, "grafana.lab", 0, NOW, False, ["192.0.2.1"], "", 1.5, "", "")
    upsert_values(SourceName, names, [row], ["values"])
    upsert_values(SourceName, names, [(*row[:5], None, *row[6:])], ["values"])
    mention = SourceName.objects.get()
    assert (mention.values, mention.since, mention.shadow, mention.detached_seconds) == (None, NOW, "", 1.5)


def test_all_chunks_but_the_last_are_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    names = [f"{number}.lab" for number in range(2 * ROWS + 1)]
    with django_assert_num_queries(2):
        insert_rows(DriftFinding, [DriftFinding(**PLACE | {"name": name}, drift_type="missing") for name in names])
    assert list(DriftFinding.objects.order_by("pk").values_list("name", flat=True)) == names


def test_a_column_may_say_the_same_as_the_row_before_or_something_else_or_nothing() -> None:
    said = [None, ["192.0.2.1"], ["192.0.2.1"], None, ["192.0.2.1"], [], [], {}, None, None]
    insert_rows(
        ManagedRecord, [make_record(f"{at}.lab", values=[], losers=[], refusal=it) for at, it in enumerate(said)]
    )
    assert list(ManagedRecord.objects.order_by("pk").values_list("refusal", flat=True)) == said
    assert ManagedRecord.objects.filter(refusal__isnull=True).count() == 4


def test_nothing_is_no_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        insert_rows(AuditEntry, [])
        upsert_rows(ManagedRecord, [], ["reason"])
        upsert_values(SourceName, ("name",), [], ["name"])


def test_a_model_whose_fields_set_themselves_is_refused() -> None:
    with pytest.raises(TypeError, match="updated_at is written by save"):
        insert_rows(CustomEntry, [CustomEntry(name="a.lab", type="A", values=["192.0.2.1"])])
