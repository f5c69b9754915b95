"""Objects of the cluster, saved and forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.ledger import DatabaseLedger
from records.limits import KEYS
from records.models import Source, SourceName
from syncer.core.source import Ref, SourceObject, Want
from tests.records.objects import blog_source, save_source

pytestmark = pytest.mark.django_db


def test_many_objects_are_saved_in_portions() -> None:
    beats: list[None] = []
    blog = blog_source("blog.talos00")
    refs = [blog.ref._replace(name=f"app{number}") for number in range(2 * KEYS + 1)]
    DatabaseLedger().save_sources(
        "default", {ref: replace(blog, ref=ref) for ref in refs}, beat=lambda: beats.append(None)
    )
    assert (Source.objects.count(), len(beats)) == (2 * KEYS + 1, 3)


def test_what_did_not_change_is_not_written() -> None:
    save_source(blog_source("blog.talos00"))
    with CaptureQueriesContext(connection) as queries:
        save_source(blog_source("blog.talos00"))
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT"]


def test_a_source_that_is_gone_takes_its_names_along() -> None:
    ledger = DatabaseLedger()
    source = blog_source("blog.talos00")
    ledger.save_sources("default", {source.ref: source})
    ledger.save_sources("default", {source.ref: None})
    assert not SourceName.objects.exists()
    ledger.save_sources("default", {source.ref: source})
    ledger.forget_sources("default", [("networking.k8s.io", "Ingress")], [source.ref])
    assert Source.objects.exists()
    ledger.forget_sources("default", [("networking.k8s.io", "Ingress")], [])
    assert not Source.objects.exists()
    assert not SourceName.objects.exists()


def test_a_list_of_one_kind_forgets_nothing_of_its_namesake_in_another_group() -> None:
    ledger = DatabaseLedger()
    refs = [Ref("IngressRoute", "web", "blog", group) for group in ("traefik.io", "traefik.containo.us")]
    ledger.save_sources("default", {ref: SourceObject(ref, wants=(Want("blog.talos00", ()),)) for ref in refs})
    ledger.forget_sources("default", [("traefik.io", "IngressRoute")], [])
    assert Source.objects.get().group == "traefik.containo.us"


def test_many_sources_cost_as_many_questions_as_a_few() -> None:
    def count_queries(number: int) -> int:
        sources = {
            (ref := Ref("Ingress", "web", f"app{number}-{at}")): SourceObject(ref, wants=(Want(f"{at}.talos00", ()),))
            for at in range(number)
        }
        with CaptureQueriesContext(connection) as queries:
            DatabaseLedger().save_sources("default", sources)
        return len(queries)

    assert count_queries(50) == count_queries(2)
