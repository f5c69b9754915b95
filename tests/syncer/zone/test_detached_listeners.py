"""Names of which a trouble hides what gives them: listeners, rules, other hands, a crash (product: section 3, "Trouble
between")."""

from __future__ import annotations

import pytest

from syncer.core.kinds import GATEWAY, HTTP_ROUTE, INGRESS_ROUTE
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, published
from tests.syncer.zone.routes import GRACE, MOMENT, SHOP, gateway, ingress_route, is_kept, parent_ref, route, wait


@pytest.fixture
def engine(build: Build) -> Engine:
    return build(detached_grace=GRACE)


# Names from listeners


def test_a_route_without_host_names_keeps_those_of_its_listeners(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_object(GATEWAY, gateway(SHOP, f"blog.{ZONE}"))
    engine.put_object(HTTP_ROUTE, route())
    engine.settle()
    engine.drop_object(GATEWAY, "infra", "edge")
    engine.settle(5)
    assert is_kept(engine, technitium)
    assert is_kept(engine, technitium, "blog")
    engine.put_object(GATEWAY, gateway(f"blog.{ZONE}"))
    engine.settle(5)
    assert is_kept(engine, technitium)
    assert engine.reason("shop") == "no listener of its parents gives this name any more"
    assert engine.state("blog") == "synced"


def test_a_wildcard_that_a_listener_narrowed_is_kept(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_object(GATEWAY, gateway(SHOP))
    engine.put_object(HTTP_ROUTE, route(f"*.{ZONE}"))
    engine.settle()
    assert published(technitium) == {("shop", "A"): [ADDRESS]}
    engine.drop_object(GATEWAY, "infra", "edge")
    engine.settle(5)
    assert is_kept(engine, technitium)
    engine.put_object(HTTP_ROUTE, route(f"*.deep.{ZONE}"))
    engine.settle(5)
    assert technitium.ask(SHOP) == "NXDOMAIN"


def move_route(engine: Engine) -> None:
    """From the listener that gives it the name of the shop to the one that gives it the blog's."""
    engine.put_object(GATEWAY, gateway(SHOP, f"blog.{ZONE}"))
    old, new = parent_ref(section="web-0"), parent_ref(section="web-1")
    engine.put_object(HTTP_ROUTE, route(parents=[old]))
    engine.settle()
    assert engine.state("shop") == "synced"
    engine.put_object(HTTP_ROUTE, route(parents=[new], judged=[old]))


def test_a_route_that_moves_to_another_section_gives_up_what_the_old_one_gave(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    move_route(engine)
    engine.settle(5)
    assert published(technitium) == {("blog", "A"): [ADDRESS]}


def test_a_route_that_moves_to_a_gateway_which_says_nothing_yet_stays_until_it_does(
    shop: Engine, technitium: ServerUnderTest
) -> None:
    shop.put_object(GATEWAY, gateway(name="inner", admits="Same"))
    shop.put_object(HTTP_ROUTE, route(SHOP, parents=[parent_ref("inner")], judged=[parent_ref()]))
    shop.settle(5)
    assert is_kept(shop, technitium)
    shop.put_object(HTTP_ROUTE, route(SHOP, parents=[parent_ref("inner")], accepted="False"))
    shop.settle(5)
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_a_trouble_that_ends_does_not_take_what_a_new_version_keeps(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(scope={"listener_wildcards": True}, version="1")
    engine.put_object(GATEWAY, gateway(f"*.{ZONE}"))
    engine.put_object(HTTP_ROUTE, route())
    engine.settle()
    engine.scope["listener_wildcards"] = False
    engine.start(version="2")
    engine.settle()
    assert is_kept(engine, technitium, "*")
    engine.drop_object(GATEWAY, "infra", "edge")
    assert is_kept(engine, technitium, "*")
    engine.put_object(GATEWAY, gateway(f"*.{ZONE}"))
    assert is_kept(engine, technitium, "*")
    assert engine.reason("*") == "wildcard of a listener, and LISTENER_WILDCARDS is off"


def test_what_a_trouble_hides_while_the_version_changes_is_kept_when_it_ends(
    build: Build, technitium: ServerUnderTest
) -> None:
    engine = build(scope={"listener_wildcards": True}, version="1")
    engine.put_object(GATEWAY, gateway(f"*.{ZONE}"))
    engine.put_object(HTTP_ROUTE, route())
    engine.settle()
    engine.drop_object(GATEWAY, "infra", "edge")
    engine.settle()
    engine.scope["listener_wildcards"] = False
    engine.start(version="2")
    assert is_kept(engine, technitium, "*")
    engine.put_object(GATEWAY, gateway(f"*.{ZONE}"))
    assert is_kept(engine, technitium, "*")
    assert engine.reason("*") == "wildcard of a listener, and LISTENER_WILDCARDS is off"


# Another hand's value beside ours


def test_a_name_that_another_hand_shares_is_told_as_kept_and_as_served_again(
    shop: Engine, technitium: ServerUnderTest
) -> None:
    theirs = {"domain": SHOP, "type": "A", "ttl": 300, "ipAddress": OTHER, "comments": "by hand"}
    technitium.ok("zones/records/add", theirs)
    shop.settle(11)
    shop.drop_object(GATEWAY, "infra", "edge")
    shop.settle()
    assert (shop.state("shop"), "Gateway infra/edge is not there" in shop.reason("shop")) == ("kept", True)
    shop.put_object(GATEWAY, gateway())
    shop.settle()
    assert (shop.state("shop"), shop.reason("shop")) == ("synced", f"someone added {OTHER}")


# Rules that cannot be read


def test_names_of_a_rule_that_cannot_be_read_are_kept(engine: Engine, technitium: ServerUnderTest) -> None:
    blog = f"blog.{ZONE}"
    engine.put_object(INGRESS_ROUTE, ingress_route(f"Host(`{SHOP}`)", f"Host(`{blog}`)"))
    engine.settle()
    engine.put_object(INGRESS_ROUTE, ingress_route(f"Host(`{SHOP}`) && (", f"Host(`{blog}`)"))
    engine.settle(5)
    assert is_kept(engine, technitium)
    assert engine.reason("shop") == "the rule cannot be read"
    assert engine.state("blog") == "synced"
    engine.put_object(INGRESS_ROUTE, ingress_route(f"Host(`{blog}`)"))
    engine.settle(5)
    assert technitium.ask(SHOP) == "NXDOMAIN"


# A crash of the server


def test_what_the_server_lost_of_a_kept_record_is_made_again(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_object(GATEWAY, gateway())
    engine.settle()
    technitium.double.save()
    engine.put_object(HTTP_ROUTE, route(SHOP))
    engine.settle()
    engine.drop_object(GATEWAY, "infra", "edge")
    engine.settle()
    technitium.crash()
    engine.settle(11)
    assert is_kept(engine, technitium)


def test_what_went_after_its_time_and_the_server_lost_goes_again(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    wait(shop, 55 * MOMENT)
    technitium.double.save()
    wait(shop, 8 * MOMENT)
    assert technitium.ask(SHOP) == "NXDOMAIN"
    technitium.crash()
    assert technitium.ask(SHOP) == [ADDRESS]
    shop.settle(11)
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_it_goes_again_also_where_the_syncer_must_wait_with_that(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    wait(shop, 55 * MOMENT)
    technitium.double.save()
    wait(shop, 8 * MOMENT)
    technitium.crash()
    shop.feed.waits = True  # the API server is away
    shop.settle(11)
    shop.full()
    assert technitium.ask(SHOP) == [ADDRESS]
    shop.feed.waits = False
    shop.settle(11)
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_a_name_that_a_killed_syncer_had_not_given_up_yet_goes_although_a_trouble_hides_it_now(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    move_route(engine)
    engine.target_loop.gather_names()
    engine.target_loop.save_sources()  # and then it was killed
    engine.put_object(GATEWAY, gateway(SHOP))
    engine.start()
    engine.settle(5)
    assert published(technitium) == {}
