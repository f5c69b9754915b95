"""What a filter leaves out goes at once, as by a wish; where that is too much, the guard holds it."""

from __future__ import annotations

from typing import Any

import pytest

from records.models import HeldPlan, Source
from syncer.core.kinds import GATEWAY, HTTP_ROUTE, NAMESPACE
from syncer.kube.feed import WatchState
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.kube.test_store import namespace
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, published
from tests.syncer.zone.routes import GRACE, SHOP, gateway, parent_ref, route

PUBLIC = {"namespace_selector": "dns=public"}


def labelled(manifest: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {**manifest, "metadata": {**manifest["metadata"], "labels": labels}}


def fill(engine: Engine, count: int) -> None:
    engine.put_object(NAMESPACE, namespace("web", dns="public"))
    engine.put_many(count)
    engine.settle()


def test_a_namespace_that_leaves_the_selector_takes_its_names_at_once(
    build: Build, technitium: ServerUnderTest
) -> None:
    engine = build(scope=PUBLIC, detached_grace=GRACE)
    fill(engine, 5)
    assert len(published(technitium)) == 5
    engine.put_object(NAMESPACE, namespace("web"))
    engine.settle()
    assert published(technitium) == {}
    engine.put_object(NAMESPACE, namespace("web", dns="public"))
    engine.settle()
    assert len(published(technitium)) == 5


def test_a_namespace_that_leaves_the_selector_with_too_much_is_held(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(scope=PUBLIC)
    fill(engine, 20)
    engine.put_object(NAMESPACE, namespace("web", dns="private"))
    engine.settle()
    assert len(published(technitium)) == 20
    plan = HeldPlan.objects.get()
    assert "20 of 20 records would go" in plan.reason
    assert {delete.cause for delete in plan.deletes.all()} == {
        f"Ingress/web/app{number:03} does not publish it any more: the labels of its Namespace do not match"
        " NAMESPACE_SELECTOR"
        for number in range(20)
    }
    engine.put_object(NAMESPACE, namespace("web", dns="public"))
    engine.full()
    plan.refresh_from_db()
    assert not plan.is_open


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("kinds", ("HTTPRoute",), "Ingress is not in SOURCES"),
        ("namespaces", ("apps",), "namespace web is not in WATCH_NAMESPACE"),
        ("annotation_filter", "catalyst-dns-sync.io/publish=true", "the object's annotations do not match"),
        ("label_selector", "dns=public", "the object's labels do not match LABEL_SELECTOR"),
        ("namespace_selector", "dns=public", "the labels of its Namespace do not match NAMESPACE_SELECTOR"),
    ],
)
def test_a_start_with_another_filter_is_held_and_says_of_each_name_which(
    build: Build, technitium: ServerUnderTest, name: str, value: Any, cause: str
) -> None:
    engine = build(version="1", published={"SOURCES": ""})
    engine.put_object(NAMESPACE, namespace("web"))
    engine.put_many(20)
    engine.settle()
    engine.scope[name] = value
    engine.start(published={"SOURCES": "HTTPRoute"})
    engine.settle()
    assert len(published(technitium)) == 20
    plan = HeldPlan.objects.get()
    assert plan.reason.endswith("changed since the last start: SOURCES (nothing → HTTPRoute)")
    assert all(cause in delete.cause for delete in plan.deletes.all())


def test_a_gateway_that_is_left_out_takes_its_names_at_once(build: Build, technitium: ServerUnderTest) -> None:
    """Of a name that another Gateway serves, only the address goes."""
    engine = build(scope={"auto": True, "addresses": (), "gateway_selector": "dns=public"}, detached_grace=GRACE)
    for name, value in (("edge", ADDRESS), ("inner", OTHER)):
        made = labelled(gateway(name=name), dns="public")
        made["status"]["addresses"] = [{"value": value}]
        engine.put_object(GATEWAY, made)
    engine.put_object(HTTP_ROUTE, route(SHOP))
    engine.put_object(HTTP_ROUTE, route(f"blog.{ZONE}", name="blog", parents=[parent_ref(), parent_ref("inner")]))
    engine.settle()
    assert published(technitium) == {("shop", "A"): [ADDRESS], ("blog", "A"): [ADDRESS, OTHER]}
    engine.put_object(GATEWAY, gateway(name="edge"))
    engine.settle(5)
    assert published(technitium) == {("blog", "A"): [OTHER]}


def test_of_a_kind_that_is_not_read_any_more_no_object_is_remembered(build: Build) -> None:
    """As in a cluster, where nothing watches it then."""
    engine = build()
    engine.put_many(2)
    engine.settle()
    assert Source.objects.count() == 2
    engine.objects.clear()
    engine.scope["kinds"] = ("HTTPRoute",)
    engine.start()
    engine.settle()
    assert not Source.objects.exists()


@pytest.mark.parametrize("state", [WatchState.UNREACHABLE, WatchState.FORBIDDEN])
def test_a_start_that_cannot_read_namespaces_yet_takes_nothing_and_writes_nothing(
    build: Build, technitium: ServerUnderTest, state: WatchState
) -> None:
    engine = build(scope=PUBLIC, detached_grace=GRACE)
    fill(engine, 3)
    before, serial = published(technitium), technitium.serial(ZONE)
    known = engine.objects.pop((NAMESPACE, "", "web"))
    engine.feed.unread[NAMESPACE] = state
    engine.start()
    engine.put("late")
    for _ in range(5):
        engine.settle(60)
    assert (published(technitium), technitium.serial(ZONE)) == (before, serial)
    del engine.feed.unread[NAMESPACE]
    engine.put_object(NAMESPACE, known)
    engine.settle()
    assert published(technitium) == before | {("late", "A"): [ADDRESS]}
    assert {row.state for row in engine.rows().values()} == {"synced"}
