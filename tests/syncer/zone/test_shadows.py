"""Names that DNS answers otherwise than one would think, told where the object is shown."""

from __future__ import annotations

from records.models import CustomEntry, Source
from syncer.core.kinds import GATEWAY, HTTP_ROUTE
from syncer.core.scope import Scope
from syncer.zone.shadows import ShadowNotes
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ZONE, Engine
from tests.syncer.zone.memory import MemoryZoneLedger
from tests.syncer.zone.routes import gateway, route

HOLE = "it does not answer at and below {}, where longer names are (RFC 4592)"


def warnings(name: str) -> list[str]:
    return Source.objects.get(name=name).list_warnings()


def test_a_hole_in_a_wildcard_is_told_of_its_object_until_it_is_closed(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("all", f"*.apps.{ZONE}")
    engine.put("deep", f"x.shop.apps.{ZONE}")
    engine.settle()
    assert warnings("all") == [f"*.apps.{ZONE}: {HOLE.format(f'shop.apps.{ZONE}')}"]
    assert warnings("deep") == []
    assert technitium.ask(f"other.apps.{ZONE}") != "NXDOMAIN"
    assert technitium.ask(f"shop.apps.{ZONE}") == []
    engine.put("shop", f"shop.apps.{ZONE}")
    engine.settle()
    engine.full()
    assert warnings("all") == []


def test_a_hole_is_told_of_whoever_names_the_wildcard_later(engine: Engine) -> None:
    engine.put("all", f"*.apps.{ZONE}")
    engine.put("deep", f"x.shop.apps.{ZONE}")
    engine.settle()
    engine.drop("all")
    engine.settle()
    for name in ("all", "second"):
        engine.put(name, f"*.apps.{ZONE}")
        engine.settle()
        engine.full()
        assert warnings(name) == [f"*.apps.{ZONE}: {HOLE.format(f'shop.apps.{ZONE}')}"]


def test_a_wildcard_of_a_gateway_is_told_what_hides_deeper_names(engine: Engine) -> None:
    engine.put_object(GATEWAY, gateway())
    engine.put_object(HTTP_ROUTE, route(f"*.{ZONE}"))
    engine.put("blog")
    engine.settle()
    assert warnings("shop") == [f"*.{ZONE}: {HOLE.format(f'*.blog.{ZONE}')}"]


def test_a_delegation_above_a_name_is_told_whoever_made_it(engine: Engine, technitium: ServerUnderTest) -> None:
    hidden = "the delegation of {} hides it: resolvers ask the name servers given there"
    technitium.add(f"lab.{ZONE}", "NS", f"ns1.{ZONE}", 300, "")
    engine.put("shop", f"shop.lab.{ZONE}")
    engine.put("blog", f"blog.own.{ZONE}")
    engine.settle()
    assert warnings("shop") == [f"shop.lab.{ZONE}: {hidden.format(f'lab.{ZONE}')}"]
    CustomEntry.objects.create(name=f"own.{ZONE}", type="NS", values=[f"ns2.{ZONE}"])
    engine.ask("sync", f"own.{ZONE}")
    engine.target_loop.worker.zones[ZONE].invalidate()
    engine.settle()
    assert warnings("blog") == [f"blog.own.{ZONE}: {hidden.format(f'own.{ZONE}')}"]


def make_notes(rows: MemoryZoneLedger) -> ShadowNotes:
    return ShadowNotes(ZONE, Scope(zones=(ZONE, f"lab.{ZONE}")), rows)


def test_that_there_are_none_is_told_once_and_some_are_told_each_time() -> None:
    rows = MemoryZoneLedger()
    notes = make_notes(rows)
    some = {f"*.{ZONE}": "it has a hole"}
    for shadows in ({}, {}, some, some, {}, {}):
        notes.save_shadows(shadows)
    assert rows.shadows == [{}, some, some, {}], "who names them may be another one, and a start knows nothing"


def test_only_names_of_the_zone_are_told_anew() -> None:
    rows = MemoryZoneLedger()
    make_notes(rows).save_shadows({})
    assert rows.manages(f"shop.{ZONE}")
    assert not rows.manages(f"shop.lab.{ZONE}"), "a zone of its own"
    assert not rows.manages("shop.example.com")


def test_what_else_answers_is_told_when_it_is_news() -> None:
    rows = MemoryZoneLedger()
    notes = make_notes(rows)
    for delegations in (set(), set(), {f"lab.{ZONE}"}, {f"lab.{ZONE}"}, set()):
        notes.save_others((set(), delegations))
    assert rows.others == [(set(), set()), (set(), {f"lab.{ZONE}"}), (set(), set())]
