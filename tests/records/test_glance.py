"""A look for what is hardly ever there, asked by SQL that is compiled once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from records.glance import Glance
from records.models import SyncRequest

pytestmark = pytest.mark.django_db


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
        made.append(SyncRequest.objects.filter(requested_by="alice"))
        return made[-1]

    glance = Glance(make_query)
    with CaptureQueriesContext(connection) as queries:
        assert [glance.has_rows() for _ in range(3)] == [False] * 3
    assert len(made) == 1
    assert [query["sql"].endswith("LIMIT 1") for query in queries] == [True] * 3


def test_it_reads_the_columns_that_it_is_made_for() -> None:
    glance = Glance(SyncRequest.objects.all, "requested_by", "action")
    assert glance.read_row() is None
    SyncRequest.objects.create(action="sync", requested_by="alice")
    assert glance.read_row() == ("alice", "sync")
