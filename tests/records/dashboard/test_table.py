"""The names, as the address asks for them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.http import QueryDict

from records.answer_models import RecordAnswer
from records.dashboard.table import NamesPage, read_page
from records.models import ManagedRecord
from tests.records.cast import make_cast

pytestmark = pytest.mark.django_db


def ask(query: str = "", size: int = 50) -> NamesPage:
    return read_page(QueryDict(query.removeprefix("?")), size)


def names(query: str = "") -> list[str]:
    return [record.name for record in ask(query).rows]


@pytest.fixture
def _cast() -> None:
    cast = make_cast()
    RecordAnswer.objects.create(
        record=cast.grafana, target="default", zone="talos00", result="wrong", of_change=cast.grafana.changed_at
    )
    ManagedRecord.objects.create(
        zone="home.lab",
        name="xn--bcher-kva.home.lab",
        type="AAAA",
        ttl=60,
        values=["2001:db8::1"],
        state="pending",
        origin="HTTPRoute/books/shop",
        target="second",
    )


@pytest.mark.usefixtures("_cast")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=all", ["blog.talos00", "grafana.talos00", "nas.talos00", "xn--bcher-kva.home.lab"]),
        ("q=graf", ["grafana.talos00"]),
        ("q=https://Grafana.talos00./login", ["grafana.talos00"]),
        ("q=bücher", ["xn--bcher-kva.home.lab"]),
        ("q=web/blog", ["blog.talos00"]),
        ("q=192.0.2.66", ["nas.talos00"]),
        ("q=2001:DB8:0::1", ["xn--bcher-kva.home.lab"]),
        ("q=blog+ingress", ["blog.talos00"]),
        ("q=%25", []),
        ("zone=home.lab", ["xn--bcher-kva.home.lab"]),
        ("target=second", ["xn--bcher-kva.home.lab"]),
        ("state=conflict", ["nas.talos00"]),
        ("state=off", ["nas.talos00", "xn--bcher-kva.home.lab"]),
        ("state=misanswered", ["grafana.talos00"]),
        ("kind=HTTPRoute", ["xn--bcher-kva.home.lab"]),
        ("namespace=web", ["blog.talos00"]),
        ("kind=Ingress&namespace=web&q=blog", ["blog.talos00"]),
        ("kind=Ingress&namespace=we", []),
    ],
)
def test_a_filter_of_the_address_narrows_the_list(query: str, found: list[str]) -> None:
    assert names(query) == found


@pytest.mark.usefixtures("_cast")
def test_what_is_not_in_step_comes_first_until_something_else_is_asked_for_or_all_is_in_step() -> None:
    page = ask()
    assert ([row.name for row in page.rows], page.total) == (["nas.talos00", "xn--bcher-kva.home.lab"], 4)
    assert ask(size=1).next_url.startswith("?state=off&after=nas.talos00")
    assert names("zone=talos00") == ["blog.talos00", "grafana.talos00", "nas.talos00"]
    assert (ask("q=graf").total, names("q=graf")) == (0, ["grafana.talos00"])
    assert names("after=blog.talos00+A+default")[0] == "grafana.talos00", "no page of all names is cut short"
    ManagedRecord.objects.filter(name="nas.talos00").update(state="skipped")
    assert (ask().total, len(ask().rows)) == (0, 4), "what is on its way, or will never be there, is no trouble"
    assert ask("q=graf&state=off").any_url == "?q=graf&state=all"


@pytest.mark.parametrize("query", ["state=odd", "kind=Pod", "q=%00", "after=%00"])
def test_what_there_is_not_is_refused(query: str) -> None:
    with pytest.raises(BadRequest):
        ask(query)


@pytest.mark.parametrize("size", [1, 2])
def test_pages_follow_one_another_without_a_gap_or_a_row_twice_and_lead_back(size: int) -> None:
    rows = [("a", "A", "x"), ("a", "A", "y"), ("a", "AAAA", "x"), ("b", "A", "x"), ("c", "A", "x")]
    ManagedRecord.objects.bulk_create(
        ManagedRecord(zone="z", name=name, type=kind, target=target, ttl=60, state="synced")
        for name, kind, target in rows
    )
    pages, query = [ask(size=size)], ""
    while (query := pages[-1].next_url) and len(pages) <= len(rows):  # in no circle
        pages.append(ask(query, size))
    assert [(row.name, row.type, row.target) for page in pages for row in page.rows] == rows
    assert not pages[0].previous_url
    for first, second in pairwise(pages):
        assert ask(second.previous_url, size).rows == first.rows


@pytest.mark.parametrize("query", ["before=a", "after=zz", "before=a&after=zz"])
def test_beside_a_place_with_no_row_left_is_the_first_page(query: str) -> None:
    ManagedRecord.objects.create(zone="z", name="m.z", type="A", ttl=60, state="synced")
    assert (names(query), ask(query).previous_url, ask(query).next_url) == (["m.z"], "", "")


def test_many_matches_are_not_counted_to_the_end(django_assert_num_queries: Any) -> None:
    ManagedRecord.objects.bulk_create(
        ManagedRecord(zone="z", name=f"h{number}.z", type="A", ttl=60, state="synced") for number in range(1100)
    )
    page = ask("q=h")
    assert (page.number, page.is_more) == (1000, True)
    assert (ask().number, ask().is_more) == (1100, False)
    with django_assert_num_queries(4):  # the page, its answers, their number, the targets
        ask("q=h1&state=synced&zone=z")
    with django_assert_num_queries(2):  # what finds nothing has gone through all rows for it, and does so once
        assert ask("q=nowhere").number == 0
