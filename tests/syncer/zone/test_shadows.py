"""Names that DNS answers otherwise than one would think, told where the object is shown."""

from __future__ import annotations

from records.models import CustomEntry, Source
from syncer.core.kinds import GATEWAY, HTTP_ROUTE
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ZONE, Engine
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
