"""Queries whose SQL is compiled once: of their first row, or of all."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Q, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from records.among import Slot, at_names
from records.glance import Glance, Prepared
from records.models import ManagedZone, SyncRequest

pytestmark = pytest.mark.django_db

SLOT = Slot(0)


def test_it_sees_rows_come_and_go_as_the_query_does() -> None:
    glance = Glance(lambda: SyncRequest.objects.filter(done_at=None).order_by("id"))
    assert not glance.has_rows()
    request = SyncRequest.objects.create(action="sync", requested_by="alice")
    SyncRequest.objects.create(action="sync", requested_by="bob")
    assert glance.has_rows()
    SyncRequest.objects.exclude(pk=request.pk).update(done_at=timezone.now())
    assert glance.has_rows()
    SyncRequest.objects.filter(pk=request.pk).update(done_at=timezone.now())
    assert not glance.has_rows()


def test_it_makes_the_query_once_and_asks_for_no_more_than_one_row() -> None:
    made: list[QuerySet[SyncRequest]] = []

    def make_query() -> QuerySet[SyncRequest]:
        made.append(SyncRequest.objects.filter(requested_by="alice").order_by("id"))
        return made[-1]

    glance = Glance(make_query)
    with CaptureQueriesContext(connection) as queries:
        assert [glance.has_rows() for _ in range(3)] == [False] * 3
    assert len(made) == 1
    assert [query["sql"].endswith("LIMIT 1") for query in queries] == [True] * 3
    assert not any("ORDER BY" in query["sql"] for query in queries)


def test_it_reads_the_columns_that_it_is_made_for() -> None:
    glance = Glance(SyncRequest.objects.all, "requested_by", "action")
    assert glance.read_row() is None
    SyncRequest.objects.create(action="sync", requested_by="alice")
    assert glance.read_row() == ("alice", "sync")


def test_a_glance_is_taken_at_what_its_value_says() -> None:
    glance = Glance(lambda who: SyncRequest.objects.filter(requested_by=who))
    SyncRequest.objects.create(action="sync", requested_by="alice")
    assert [glance.has_rows(who) for who in ("alice", "bob", "alice")] == [True, False, True]


def test_a_prepared_query_is_made_once_and_asked_with_any_values() -> None:
    made: list[str] = []

    def make_query(target: str, zone: str) -> QuerySet[ManagedZone, tuple[object, ...]]:
        made.append(target)
        return ManagedZone.objects.filter(target=target, zone=zone).values_list("zone", "wildcards")

    prepared = Prepared(make_query)
    for target, zone in (("dns", "talos00"), ("dns", "home.lab"), ("hosts", "talos00")):
        ManagedZone.objects.create(target=target, zone=zone, wildcards=[f"*.{target}.{zone}"])
    assert prepared.read_rows("dns", "home.lab") == [("home.lab", ["*.dns.home.lab"])]
    assert prepared.read_rows("hosts", "talos00") == [("talos00", ["*.hosts.talos00"])]
    assert prepared.read_rows("home.lab", "dns") == prepared.read_rows("value 0", "value 1") == []
    assert len(made) == 1


def test_names_are_one_value_of_a_prepared_query() -> None:
    prepared = Prepared(
        lambda names, who: SyncRequest.objects.filter(at_names(names), requested_by=who).values_list("name")
    )
    for name in ("grafana", "nas", "blog"):
        SyncRequest.objects.create(action="sync", name=name, requested_by="alice")
    assert sorted(prepared.read_rows({"grafana", "blog", "wiki"}, "alice")) == [("blog",), ("grafana",)]
    assert prepared.read_rows(["nas"], "alice") == [("nas",)]
    assert prepared.read_rows([], "alice") == prepared.read_rows(["nas"], "bob") == []


@pytest.mark.parametrize("beside", [Q(), Q(requested_by=SLOT)], ids=["alone", "beside the same as it is"])
def test_what_is_compared_in_another_way_than_it_is_given_cannot_be_prepared(beside: Q) -> None:
    def make_query(who: str) -> QuerySet[SyncRequest, tuple[object, ...]]:
        return SyncRequest.objects.filter(beside | Q(requested_by__contains=who)).values_list("pk")

    with pytest.raises(AssertionError, match="value"):
        Prepared(make_query).read_rows("alice")
