"""Names that an object asks for and a trouble hides, from the object to DNS (product: section 3, "Trouble between")."""

from __future__ import annotations

import re
from typing import Any

import pytest

from records.models import AuditEntry, CustomEntry, DeletedRRset, ManagedRecord, ManagedZone, Source, SourceName
from syncer.core.kinds import GATEWAY, HTTP_ROUTE, INGRESS_ROUTE, NAMESPACE
from syncer.core.plan import Policy
from syncer.kube.feed import WatchState
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, published, writes
from tests.syncer.zone.routes import GRACE, MOMENT, SHOP, gateway, ingress_route, is_kept, parent_ref, route, wait


@pytest.fixture
def engine(build: Build) -> Engine:
    return build(detached_grace=GRACE)


# Each trouble


TROUBLES = {
    "the Gateway is gone": (None, None, "Gateway infra/edge is not there"),
    "not accepted": (
        gateway(),
        route(SHOP, accepted="False"),
        "Gateway infra/edge does not accept the route: NotAllowed",
    ),
    "the status is empty": (gateway(), route(SHOP, judged=[]), "Gateway infra/edge has not accepted the route yet"),
    "no namespace is admitted": (
        gateway(admits="Same"),
        route(SHOP),
        "Gateway infra/edge does not allow HTTPRoutes from namespace web on that listener",
    ),
    "a selector that is null": (
        gateway(admits="Selector"),
        route(SHOP),
        "Gateway infra/edge selects namespaces without a selector there, which admits none",
    ),
    "the listener has another host name": (
        gateway("other.talos00"),
        route(SHOP),
        "no listener of Gateway infra/edge has this host name",
    ),
    "the listener is not accepted": (
        gateway(status=[{"name": "web-0", "conditions": [{"type": "Accepted", "status": "False", "reason": "Port"}]}]),
        route(SHOP),
        'listener "web-0" of Gateway infra/edge is not accepted: Port',
    ),
    "the listener is in conflict": (
        gateway(status=[{"name": "web-0", "conditions": [{"type": "Conflicted", "status": "True"}]}]),
        route(SHOP),
        'listener "web-0" of Gateway infra/edge is in conflict: no reason given',
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_a_trouble_hides_is_kept_with_its_reason_and_served_again(
    trouble: str, shop: Engine, technitium: ServerUnderTest
) -> None:
    gate, http, reason = TROUBLES[trouble]
    technitium.requests.seen.clear()
    if gate is None:
        shop.drop_object(GATEWAY, "infra", "edge")
    else:
        shop.put_object(GATEWAY, gate)
    if http is not None:
        shop.put_object(HTTP_ROUTE, http)
    shop.settle()
    assert is_kept(shop, technitium)
    assert shop.reason("shop") == reason
    shop.put_object(GATEWAY, gateway())
    shop.put_object(HTTP_ROUTE, route(SHOP))
    shop.settle()
    assert (shop.state("shop"), shop.reason("shop")) == ("synced", "")
    assert list(writes(technitium)) == []
    assert SourceName.objects.get(name=SHOP).detached_since is None


def test_a_name_that_never_was_published_is_simply_not(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    shop.put_object(HTTP_ROUTE, route(SHOP, f"new.{ZONE}"))
    shop.settle()
    assert is_kept(shop, technitium)
    assert technitium.ask(f"new.{ZONE}") == "NXDOMAIN"


def test_a_name_that_another_claim_has_is_not_kept_for_the_one_that_lost(engine: Engine) -> None:
    engine.put("first", SHOP, target=OTHER)
    engine.put_object(GATEWAY, gateway(SHOP))
    engine.put_object(HTTP_ROUTE, route(SHOP))
    engine.put_object(HTTP_ROUTE, route(name="hostless"))
    engine.settle()
    engine.drop_object(GATEWAY, "infra", "edge")
    engine.settle()
    source = Source.objects.get(name="shop")
    assert source.kept_names() == []
    assert source.skipped_names() == [(SHOP, "Gateway infra/edge is not there")]
    assert not SourceName.objects.filter(source__name="hostless").exists()


# Its time


def test_its_time_ends_and_it_goes(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    wait(shop, 55 * MOMENT)
    assert is_kept(shop, technitium)
    wait(shop, 8 * MOMENT)
    assert technitium.ask(SHOP) == "NXDOMAIN"
    assert not SourceName.objects.filter(detached_since__isnull=False).exists()


def test_only_the_time_counts_in_which_a_syncer_ran_and_saw_the_trouble(
    shop: Engine, technitium: ServerUnderTest
) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    wait(shop, 55 * MOMENT)
    shop.clock.now += 48 * GRACE  # the program was stopped, or the clock jumped
    shop.start()
    shop.settle()
    assert is_kept(shop, technitium)
    shop.feed.unread[HTTP_ROUTE] = WatchState.UNREACHABLE
    wait(shop, 10 * MOMENT)
    shop.feed.unread.clear()
    assert is_kept(shop, technitium)
    wait(shop, 8 * MOMENT)
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_the_time_in_which_gateways_cannot_be_read_does_not_count(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    shop.feed.unread[GATEWAY] = WatchState.FORBIDDEN
    shop.start()
    wait(shop, 70 * MOMENT)
    shop.feed.unread.clear()
    assert is_kept(shop, technitium)
    wait(shop, 65 * MOMENT)
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_a_loop_that_hung_saw_nothing_meanwhile(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    shop.settle()
    shop.turn(100 * GRACE)
    shop.settle()
    assert is_kept(shop, technitium)


def test_a_trouble_that_ended_begins_anew(shop: Engine, technitium: ServerUnderTest) -> None:
    for _ in range(3):
        shop.drop_object(GATEWAY, "infra", "edge")
        wait(shop, 40 * MOMENT)
        assert is_kept(shop, technitium)
        shop.put_object(GATEWAY, gateway())
        shop.settle()
        assert shop.state("shop") == "synced"


def test_the_guard_holds_what_goes_when_its_time_is_over(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_object(GATEWAY, gateway())
    names = [f"app{number:02}" for number in range(12)]
    engine.put_object(HTTP_ROUTE, route(*(f"{name}.{ZONE}" for name in names)))
    engine.settle()
    engine.drop_object(GATEWAY, "infra", "edge")
    wait(engine, 65 * MOMENT)
    assert {engine.state(name) for name in names} == {"held"}
    assert len(published(technitium)) == 12


def test_without_a_grace_nothing_is_kept(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(detached_grace=0.0)
    engine.put_object(GATEWAY, gateway())
    engine.put_object(HTTP_ROUTE, route(SHOP))
    engine.settle()
    engine.drop_object(GATEWAY, "infra", "edge")
    engine.settle()
    assert technitium.ask(SHOP) == "NXDOMAIN"


@pytest.mark.parametrize("policy", [Policy.UPSERT_ONLY, Policy.CREATE_ONLY])
def test_such_a_policy_keeps_it_for_good_and_is_the_reason(
    policy: Policy, build: Build, technitium: ServerUnderTest
) -> None:
    engine = build(policies={ZONE: policy})
    engine.put_object(GATEWAY, gateway())
    engine.put_object(HTTP_ROUTE, route(SHOP))
    engine.settle()
    engine.drop_object(GATEWAY, "infra", "edge")
    wait(engine, 70 * MOMENT)
    assert is_kept(engine, technitium)
    assert engine.reason("shop") == f"the zone's policy is {policy}"


# What is lost or made anew meanwhile


@pytest.mark.parametrize("hostnames", [(SHOP,), ()])
def test_after_a_lost_database_the_marks_say_what_was_published(
    hostnames: tuple[str, ...], engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put_object(GATEWAY, gateway(SHOP))
    engine.put_object(HTTP_ROUTE, route(*hostnames))
    engine.settle()
    engine.drop_object(GATEWAY, "infra", "edge")
    wait(engine, 55 * MOMENT)
    for model in (ManagedRecord, AuditEntry, Source, ManagedZone, DeletedRRset):
        model.objects.all().delete() if model is not AuditEntry else AuditEntry.objects.all()._raw_delete("default")
    engine.start()
    wait(engine, 55 * MOMENT)
    assert is_kept(engine, technitium)
    wait(engine, 8 * MOMENT)
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_a_successor_of_another_kind_takes_the_name_and_what_never_published_it_keeps_nothing(
    shop: Engine, technitium: ServerUnderTest
) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    shop.settle()
    shop.put("shop", SHOP, target=OTHER)
    shop.settle()
    assert technitium.ask(SHOP) == [OTHER]
    shop.drop("shop")
    shop.settle()
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_an_object_of_another_kind_with_its_name_keeps_nothing_of_it(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(HTTP_ROUTE, "web", "shop")
    shop.put_object(INGRESS_ROUTE, ingress_route(f"Host(`{SHOP}`) && nonsense("))
    shop.settle()
    assert technitium.ask(SHOP) == "NXDOMAIN"


# Taken back at once


def test_it_goes_at_once_with_the_object(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    assert is_kept(shop, technitium)
    shop.drop_object(HTTP_ROUTE, "web", "shop")
    shop.settle(5)
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_it_goes_at_once_with_the_namespace(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    assert is_kept(shop, technitium)
    namespace = {"metadata": {"name": "web", "deletionTimestamp": "2026-02-01T00:00:00Z"}}
    shop.put_object(NAMESPACE, namespace)
    shop.settle(5)
    assert technitium.ask(SHOP) == "NXDOMAIN"


@pytest.mark.parametrize(
    "after",
    [
        route(f"other.{ZONE}"),
        route(SHOP, parents=[]),
        route(SHOP, ignore="true"),
        route(SHOP, exclude=SHOP),
    ],
    ids=["the host", "the parent", "ignore", "exclude"],
)
def test_it_goes_at_once_when_the_object_takes_it_back(
    after: dict[str, Any], shop: Engine, technitium: ServerUnderTest
) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    assert is_kept(shop, technitium)
    shop.put_object(HTTP_ROUTE, after)
    shop.settle(5)
    assert technitium.ask(SHOP) == "NXDOMAIN"


def test_a_filter_of_the_operator_takes_it_back(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    assert is_kept(shop, technitium)
    shop.scope["exclude_names"] = re.compile("^shop")
    shop.start()
    shop.settle(5)
    assert technitium.ask(SHOP) == "NXDOMAIN"


# Other claims


def test_any_live_claim_takes_the_name(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    assert is_kept(shop, technitium)
    shop.put("late", SHOP, target=OTHER, created="2026-06-01T00:00:00Z", priority="low")
    shop.settle()
    assert technitium.ask(SHOP) == [OTHER]


def test_an_entry_of_another_type_leaves_it(shop: Engine, technitium: ServerUnderTest) -> None:
    shop.drop_object(GATEWAY, "infra", "edge")
    CustomEntry.objects.create(name=SHOP, type="TXT", values=["hello"], mode="override")
    shop.ask("sync", SHOP)
    assert is_kept(shop, technitium)
    assert technitium.ask(SHOP, "TXT") == ['"hello"']


def test_another_parent_that_serves_the_name_decides_its_addresses_alone(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    both = [parent_ref(), parent_ref("inner")]
    inner = gateway(name="inner")
    inner["metadata"]["annotations"] = {"catalyst-dns-sync.io/target": OTHER}
    engine.put_object(GATEWAY, gateway())
    engine.put_object(GATEWAY, inner)
    engine.put_object(HTTP_ROUTE, route(SHOP, parents=both))
    engine.settle()
    assert sorted(technitium.ask(SHOP)) == [ADDRESS, OTHER]
    engine.drop_object(GATEWAY, "infra", "edge")
    engine.settle()
    assert technitium.ask(SHOP) == [OTHER]
    assert engine.state("shop") == "synced"
