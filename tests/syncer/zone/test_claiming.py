"""What the operator no longer lets sources claim, from the settings to DNS (product: "Who may claim what")."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from records.explain import explain_name
from records.models import AuditEntry, CustomEntry, Source, SourceName
from records.plan import plan_changes
from syncer.core.allowed import TargetRules, collect_allowed, parse_allowed
from syncer.core.kinds import INGRESS, NAMESPACE
from syncer.kube.feed import WatchState
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, PREFIX, ZONE, Engine, ingress, published, writes
from tests.syncer.zone.routes import GRACE, wait

WEB = TargetRules(collect_allowed([parse_allowed("10.0.0.0/8")]))


@pytest.fixture
def engine(build: Build) -> Engine:
    return build(detached_grace=GRACE)


def restart(engine: Engine, **scope: object) -> None:
    """With other settings."""
    engine.scope |= scope
    engine.start()
    engine.settle()


def test_a_name_that_is_reserved_from_now_on_is_kept_and_goes_in_time(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("router")
    engine.settle()
    restart(engine, reserved_names=(f"router.{ZONE}",))
    reason = f"reserved by RESERVED_NAMES (router.{ZONE})"
    assert (engine.state("router"), engine.reason("router")) == ("kept", reason)
    assert [name.reason for name in Source.objects.get().kept_names()] == [reason]
    assert f"although {reason}" in " ".join(explain_name(f"router.{ZONE}")["sentences"])
    wait(engine, GRACE + 120)
    assert published(technitium) == {}


def test_a_reserved_name_is_the_operators_to_publish(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("wpad")
    CustomEntry.objects.create(name=f"_acme-challenge.{ZONE}", type="TXT", values=["token"])
    engine.settle()
    assert list(published(technitium)) == [("_acme-challenge", "TXT")]
    assert Source.objects.get().skipped_names()[0][0] == f"wpad.{ZONE}"
    CustomEntry.objects.create(name=f"wpad.{ZONE}", type="A", values=[OTHER])
    engine.full()
    assert published(technitium)["wpad", "A"] == [OTHER]


def test_a_target_that_is_not_allowed_any_more_is_kept_before_the_default_takes_its_place(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("shop", target=OTHER)
    engine.put("blog", target=OTHER)
    engine.settle()
    restart(engine, targets=WEB)
    reason = f"its target is not allowed: {OTHER}"
    assert (engine.state("shop"), engine.reason("shop")) == ("kept", reason)
    assert published(technitium)["shop", "A"] == [OTHER]
    assert f"although {reason}" in " ".join(explain_name(f"shop.{ZONE}")["sentences"])
    wait(engine, GRACE / 2)
    engine.put("shop", target=OTHER, description="a tenant touches the object, and gains no time by it")
    wait(engine, GRACE / 2 + 120)
    assert published(technitium) == {("shop", "A"): [ADDRESS], ("blog", "A"): [ADDRESS]}
    assert (engine.state("shop"), engine.reason("shop")) == ("synced", "")


def test_a_new_name_with_such_a_target_gets_the_default_at_once(engine: Engine, technitium: ServerUnderTest) -> None:
    restart(engine, targets=WEB)
    engine.put("shop", target=OTHER)
    engine.settle()
    assert published(technitium) == {("shop", "A"): [ADDRESS]}
    assert engine.state("shop") == "synced"


def test_a_kept_target_gives_way_to_another_claim(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("shop", target=OTHER)
    engine.settle()
    restart(engine, targets=WEB)
    engine.put("other", f"shop.{ZONE}", target="10.0.0.8")
    engine.settle()
    assert published(technitium) == {("shop", "A"): ["10.0.0.8"]}


def test_a_kept_target_goes_when_the_object_says_another_one(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("shop", target=OTHER)
    engine.settle()
    restart(engine, targets=WEB)
    engine.put("shop", target="10.0.0.9")
    engine.settle()
    assert published(technitium) == {("shop", "A"): ["10.0.0.9"]}
    assert SourceName.objects.get().detached_since is None


def test_without_a_grace_the_default_takes_its_place_at_once(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(detached_grace=0)
    engine.put("shop", target=OTHER)
    engine.settle()
    restart(engine, targets=WEB)
    assert published(technitium) == {("shop", "A"): [ADDRESS]}


# TENANCY=strict


def tenant(name: str = "web", **words: str) -> dict[str, Any]:
    annotations = {PREFIX + key.replace("_", "-"): text for key, text in words.items()}
    return {"metadata": {"name": name, "annotations": annotations}}


def of_namespace(namespace: str, manifest: dict[str, Any]) -> dict[str, Any]:
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


@pytest.fixture
def strict(build: Build) -> Engine:
    engine = build(detached_grace=GRACE, scope={"strict": True})
    engine.put_object(NAMESPACE, tenant())
    engine.put_object(NAMESPACE, tenant("evil"))
    return engine


def test_a_namespace_whose_annotations_change_keeps_its_records_for_a_while(
    strict: Engine, technitium: ServerUnderTest
) -> None:
    strict.put("shop", f"shop.{ZONE}", f"shop.web.{ZONE}")
    strict.settle()
    strict.put_object(NAMESPACE, tenant(allowed_names=f"*.web.{ZONE}"))
    strict.settle()
    reason = f"not among the names that its Namespace allows ({PREFIX}allowed-names)"
    assert (strict.state("shop"), strict.reason("shop")) == ("kept", reason)
    assert strict.state("shop.web") == "synced"
    strict.put_object(NAMESPACE, tenant(allowed_names=f"*.{ZONE}"))
    strict.settle()
    assert (strict.state("shop"), strict.reason("shop")) == ("synced", "")
    strict.put_object(NAMESPACE, tenant(allowed_names=f"*.web.{ZONE}"))
    wait(strict, GRACE + 120)
    assert list(published(technitium)) == [("shop.web", "A")]


def test_a_glob_that_does_not_parse_deletes_nothing_at_once_and_is_told(
    strict: Engine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    strict.put("shop")
    strict.put("blog")
    strict.settle()
    strict.put_object(NAMESPACE, tenant(allowed_names=f"[a-z].{ZONE}"))
    strict.put("new")
    strict.settle()
    assert sorted(name for name, _ in published(technitium)) == ["blog", "shop"]
    assert strict.state("shop") == "kept"
    told = f'annotation {PREFIX}allowed-names: "[a-z].{ZONE}": no host name with stars in it: it admits nothing'
    assert [line for line in caplog.messages if "stars" in line] == [f"Namespace web: {told}"]
    assert Source.objects.get(name="shop").list_warnings() == [f"Namespace web: {told}"]


def test_targets_that_a_namespace_no_longer_allows_are_kept_for_a_while(
    strict: Engine, technitium: ServerUnderTest
) -> None:
    strict.put("shop", target=OTHER)
    strict.settle()
    strict.put_object(NAMESPACE, tenant(allowed_targets="10.0.0.0/8"))
    strict.settle()
    assert strict.state("shop") == "kept"
    wait(strict, GRACE + 120)
    assert published(technitium) == {("shop", "A"): [ADDRESS]}


def test_a_tenant_does_not_take_a_name_by_priority(strict: Engine, technitium: ServerUnderTest) -> None:
    strict.put("shop")
    strict.settle()
    loud = ingress("thief", f"shop.{ZONE}", target=OTHER, priority="high")
    strict.put_object(INGRESS, of_namespace("evil", loud))
    strict.settle()
    assert published(technitium) == {("shop", "A"): [ADDRESS]}
    sentences = " ".join(explain_name(f"shop.{ZONE}")["sentences"])
    assert "Ingress/evil/thief wants the name" in sentences
    assert "the name is held by its namespace" in sentences
    strict.put_object(NAMESPACE, tenant("evil", allow_priority="true"))
    strict.settle()
    assert published(technitium) == {("shop", "A"): [OTHER]}
    assert plan_changes("default", strict.target_config.managed) == {ZONE: []}


def test_while_namespaces_cannot_be_read_nothing_goes(strict: Engine, technitium: ServerUnderTest) -> None:
    strict.put("shop")
    strict.settle()
    strict.drop_object(NAMESPACE, "", "web")
    strict.feed.unread[NAMESPACE] = WatchState.FORBIDDEN
    strict.start()
    strict.settle()
    wait(strict, 2 * GRACE)
    assert list(published(technitium)) == [("shop", "A")]


# Limits


def test_a_limit_below_what_is_there_deletes_nothing_at_once(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(6)
    engine.settle()
    restart(engine, max_names_per_namespace=4)
    assert len(published(technitium)) == 6
    states = Counter(row.state for row in engine.rows().values())
    assert states == {"synced": 4, "kept": 2}
    assert engine.reason("app004") == "over MAX_NAMES_PER_NAMESPACE (4)"
    engine.put("aaa", created="2025-01-01T00:00:00Z")  # older and before all others, and not published
    engine.settle(6)
    assert Source.objects.get(name="aaa").skipped_names() == [(f"aaa.{ZONE}", "over MAX_NAMES_PER_NAMESPACE (4)")]
    wait(engine, GRACE + 120)
    assert sorted(name for name, _ in published(technitium)) == ["app000", "app001", "app002", "app003"]


def test_what_is_published_stays_over_a_restart_and_a_place_goes_to_who_waited_longest(
    build: Build, technitium: ServerUnderTest
) -> None:
    engine = build(scope={"max_names_per_namespace": 2})
    engine.put("zebra", created="2026-03-01T00:00:00Z")
    engine.put("yak", created="2026-02-01T00:00:00Z")
    engine.settle()
    engine.put("waiting")
    engine.settle()
    engine.start()
    engine.put("apple", created="2025-01-01T00:00:00Z")
    engine.settle()
    assert sorted(name for name, _ in published(technitium)) == ["yak", "zebra"]
    engine.drop("yak")
    engine.settle(6)
    engine.settle(6)
    assert sorted(name for name, _ in published(technitium)) == ["waiting", "zebra"]


def test_an_object_with_too_many_names_is_told_once(
    build: Build, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine = build(scope={"max_names_per_object": 3})
    with caplog.at_level("INFO"):
        engine.put("flood", *(f"n{number}.{ZONE}" for number in range(8)))
        engine.settle()
        engine.full()
    assert sorted(name for name, _ in published(technitium)) == ["n0", "n1", "n2"]
    assert [line for line in caplog.messages if "MAX_NAMES" in line] == [
        f"Ingress/web/flood: n3.{ZONE} is not published: over MAX_NAMES_PER_OBJECT (3) (and 4 more)"
    ]
    assert f"n7.{ZONE}: over MAX" not in " ".join(explain_name(f"n0.{ZONE}")["sentences"])
    assert "over MAX_NAMES_PER_OBJECT (3)" in " ".join(explain_name(f"n7.{ZONE}")["sentences"])


def test_a_crowded_namespace_holds_up_no_other(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(scope={"max_names_per_namespace": 2})
    engine.put_many(5)
    engine.put_object(INGRESS, of_namespace("other", ingress("blog")))
    engine.settle()
    assert ("blog", "A") in published(technitium)
    engine.put_many(6)
    engine.put_object(INGRESS, of_namespace("other", ingress("shop")))
    engine.settle()
    assert sorted(name for name, _ in published(technitium)) == ["app000", "app001", "blog", "shop"]


# Remove now


def test_what_is_kept_can_be_removed_now(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("router")
    engine.put("blog")
    engine.settle()
    restart(engine, reserved_names=(f"router.{ZONE}",))
    assert engine.ask("remove", f"router.{ZONE}", who="ada") == "1 record changed"
    assert list(published(technitium)) == [("blog", "A")]
    deleted = AuditEntry.objects.get(action="deleted")
    assert (deleted.actor, deleted.name) == ("ada", f"router.{ZONE}")
    engine.full()
    assert list(published(technitium)) == [("blog", "A")]
    assert Source.objects.get(name="router").kept_names() == []


def test_a_kept_target_makes_way_for_what_is_asked_for_in_its_place(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("shop", target=OTHER)
    engine.settle()
    restart(engine, targets=WEB)
    assert engine.state("shop") == "kept"
    technitium.requests.seen.clear()
    assert engine.ask("remove", f"shop.{ZONE}") == "1 record changed"
    assert published(technitium) == {("shop", "A"): [ADDRESS]}
    assert "delete" not in [verb for verb, _, _ in writes(technitium)]
    assert (engine.state("shop"), Source.objects.get().kept_names()) == ("synced", [])


def test_a_flapping_name_can_be_settled_by_hand(engine: Engine, technitium: ServerUnderTest) -> None:
    for number in range(12):
        engine.put("shop", target=f"10.0.0.{number + 1}")
        engine.settle()
    assert engine.state("shop") == "kept"
    engine.ask("remove", f"shop.{ZONE}")
    assert published(technitium) == {("shop", "A"): ["10.0.0.12"]}


# The names of the zone's own name servers


@pytest.mark.parametrize("is_strict", [False, True])
def test_the_name_of_a_name_server_is_no_tenants(build: Build, technitium: ServerUnderTest, is_strict: bool) -> None:
    engine = build(scope={"strict": is_strict})
    technitium.add(ZONE, "NS", f"ns7.{ZONE}")
    engine.put_object(NAMESPACE, tenant())
    engine.put("ns7")
    engine.put("blog")
    engine.settle()
    engine.settle()  # what the zone said is told the object now
    source = Source.objects.get(name="ns7")
    if is_strict:
        assert list(published(technitium)) == [("blog", "A")]
        assert source.skipped_names() == [(f"ns7.{ZONE}", "reserved: the name of a DNS server (TENANCY=strict)")]
    else:
        assert list(published(technitium)) == [("blog", "A"), ("ns7", "A")]
        assert source.list_warnings() == [f"ns7.{ZONE} is the name of a name server of its zone"]
    technitium.delete(ZONE, "NS", f"ns7.{ZONE}")
    engine.settle(11)
    engine.full()
    engine.settle()
    assert list(published(technitium)) == [("blog", "A"), ("ns7", "A")]
    assert Source.objects.get(name="ns7").list_warnings() == []
