"""Hundreds of names in one question."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.among import at_names
from records.models import Source, SourceName
from tests.records.objects import make_source

pytestmark = pytest.mark.django_db


def test_it_finds_what_is_at_the_names_and_nothing_else() -> None:
    names = ["a", "it's", 'a "b"', "100%", "%s", "\u00e4", "a,b", "", "1"]
    for name in (*names, "other", "A"):
        make_source("Ingress", "web", name)
    found = Source.objects.filter(at_names([*names, "none", names[0]])).values_list("name", flat=True)
    assert sorted(found) == sorted(names)
    assert not Source.objects.filter(at_names(())).exists()
    assert Source.objects.exclude(at_names(names)).count() == 2


def test_it_updates_and_deletes_too() -> None:
    for name in "abc":
        make_source("Ingress", "web", name)
    assert Source.objects.filter(at_names("ab")).update(digest="e") == 2
    Source.objects.filter(at_names("bc")).delete()
    assert list(Source.objects.values_list("name", "digest")) == [("a", "e")]


def test_a_thousand_names_are_the_same_statement_as_one() -> None:
    with CaptureQueriesContext(connection) as queries:
        for names in (["a"], [f"{number}.lab" for number in range(1000)]):
            list(SourceName.objects.filter(at_names(names)))
    one, thousand = (query["sql"].partition("(SELECT")[0].partition("ANY")[0] for query in queries)
    assert one == thousand


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL scans a table that has hardly a row")
def test_it_uses_the_index_of_the_names() -> None:
    assert "mention_by_name (name=?)" in SourceName.objects.filter(at_names(["a"])).explain()
