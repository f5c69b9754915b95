"""The way of a name as a picture, and where it ends."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import dns.rrset
import pytest
from django.utils import timezone

from records.dashboard.drawing import Way, draw_name, draw_tall, draw_wide, trace_name
from records.explain import explain_name
from records.models import CustomEntry, ManagedRecord, SourceName
from records.resolve import Answer
from syncer.core.sources import UNREADABLE
from tests.records.cast import Cast, make_cast
from tests.records.objects import make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def answer(name: str, *values: str, rcode: str = "NOERROR") -> Answer:
    records = (dns.rrset.from_text(f"{name}.", 60, "IN", "A", *values),) if values else ()
    return Answer("192.0.2.53:53", rcode, records=records)


def trace(name: str, *asked: Answer) -> Way:
    records = list(ManagedRecord.objects.filter(name=name).order_by("type"))
    return trace_name(explain_name(name), records, list(asked) or None)


def titles(way: Way) -> list[list[str]]:
    return [[box.title for box in boxes] for boxes in way.stages]


def whole(way: Way) -> list[tuple[int, int, int]]:
    return [arrow[:3] for arrow in way.arrows if arrow.is_whole]


def test_the_way_of_the_winner_goes_through_and_that_of_the_loser_ends(cast: Cast) -> None:
    way = trace("blog.talos00", answer("blog.talos00", "192.0.2.7"))
    assert titles(way) == [
        ["web/blog", "web/blog-old"],
        ["has the name", "lost"],
        ["A 192.0.2.7"],
        ["192.0.2.7"],
    ]
    assert [box.tone for box in way.stages[1]] == ["good", "bad"]
    assert whole(way) == [(0, 0, 0), (0, 1, 1), (1, 0, 0), (2, 0, 0)]


def test_what_was_not_written_is_where_the_way_ends(cast: Cast) -> None:
    make_source("Ingress", "storage", "nas", names=[("nas.talos00", ["192.0.2.6"])])
    ManagedRecord.objects.filter(pk=cast.nas.pk).update(claimants=["Ingress/storage/nas"])
    way = trace("nas.talos00", answer("nas.talos00", "192.0.2.66"))
    assert way.stages[2][0][:3] == ("A 192.0.2.6", "not written, conflict", "bad")
    assert way.stages[3][0][:3] == ("192.0.2.66", "192.0.2.53:53", "bad")
    assert way.stages[1][0].title == "comes first"
    assert whole(way) == [(0, 0, 0)]


@pytest.mark.parametrize(
    ("prepare", "objects", "claims"),
    [
        (lambda: None, ["no object"], ["no claim"]),
        (lambda: CustomEntry.objects.create(name="x.talos00", mode="block"), ["custom entry"], ["blocks the name"]),
        (
            lambda: CustomEntry.objects.create(name="x.talos00", type="A", values=["192.0.2.1"], enabled=False),
            ["custom entry"],
            ["disabled"],
        ),
        (lambda: make_source("Ingress", "a", "b", names=[("x.talos00", ["192.0.2.1"])]), ["a/b"], ["waits"]),
        (lambda: make_source("Ingress", "a", "b", skipped=[("x.talos00", "reserved")]), ["a/b"], ["no claim"]),
    ],
)
def test_a_name_that_is_not_there_shows_who_mentions_it(prepare: Any, objects: list[str], claims: list[str]) -> None:
    prepare()
    way = trace("x.talos00", answer("x.talos00", rcode="NXDOMAIN"))
    assert titles(way) == [objects, claims, ["no record"], ["NXDOMAIN"]]
    assert not [arrow for arrow in whole(way) if arrow[0] > 0], "it ends before the record"


def test_a_rule_that_cannot_be_read_and_an_object_that_went_are_on_the_way() -> None:
    rule = make_source("IngressRoute", "a", "odd", skipped=[("Host(`x.talos00`", UNREADABLE)])
    SourceName.objects.filter(source=rule).update(cause="pattern")
    assert titles(trace("x.talos00"))[:2] == [["a/odd"], ["no claim"]]
    ManagedRecord.objects.create(
        zone="talos00", name="y.talos00", type="A", values=["192.0.2.1"], ttl=60, state="held", origin="Ingress/a/gone"
    )
    way = trace("y.talos00")
    assert titles(way) == [["a/gone"], ["no claim"], ["A 192.0.2.1"], ["DNS"]]
    assert way.stages[1][0].text == "it does not ask for it any more"


def test_an_object_that_keeps_its_record_without_a_claim_is_there_once() -> None:
    make_source("HTTPRoute", "shop", "shop", skipped=[("shop.talos00", "Gateway shop/edge is not there")])
    ManagedRecord.objects.create(
        zone="talos00",
        name="shop.talos00",
        type="A",
        values=["192.0.2.1"],
        ttl=60,
        state="kept",
        owned=True,
        origin="HTTPRoute/shop/shop",
    )
    way = trace("shop.talos00", answer("shop.talos00", "192.0.2.1"))
    assert titles(way)[:2] == [["shop/shop"], ["no claim"]]
    assert way.stages[1][0].text == "Gateway shop/edge is not there"
    assert whole(way) == [(1, 0, 0), (2, 0, 0)]


def test_no_answer_is_awaited_for_a_name_outside_every_zone() -> None:
    assert trace("www.example.org").stages[3] == [("not asked", "outside every zone", "quiet", "")]


def test_the_pictures_are_svg_with_words_for_who_cannot_see_them(cast: Cast) -> None:
    evil = "<script>alert(1)</script>"
    ManagedRecord.objects.filter(pk=cast.blog.pk).update(values=[evil], changed_at=timezone.now())
    way = trace("blog.talos00", answer("blog.talos00", "192.0.2.7"))
    for picture in (draw_wide(way), draw_tall(way)):
        drawn = ET.fromstring(picture)
        assert drawn.attrib["role"] == "img"
        assert "web/blog, Ingress; web/blog-old, Ingress" in drawn.attrib["aria-label"]
        assert evil not in picture
        assert "style=" not in picture, "the policy lets no style of an element through"
        assert len(drawn.findall("g")) == 6
        width, height = map(int, drawn.attrib["viewBox"].split()[2:])
        for rect in drawn.iter("rect"):
            assert int(rect.attrib["x"]) + int(rect.attrib["width"]) <= width
            assert int(rect.attrib["y"]) + int(rect.attrib["height"]) <= height
    records = list(ManagedRecord.objects.filter(name="blog.talos00"))
    assert draw_name(explain_name("blog.talos00"), records, []).count("<svg") == 2


def test_long_texts_fit_their_boxes() -> None:
    name = ".".join(["a" * 60] * 3 + ["talos00"])
    make_source("Ingress", "n" * 60, "o" * 60, names=[(name, ["2001:db8::1"])])
    drawn = ET.fromstring(draw_wide(trace(name)))
    assert max(len(text.text or "") for text in drawn.iter("text")) <= 30
