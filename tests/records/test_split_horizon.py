"""A name that is on two targets: what is known of it on one is told of that one alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from records.causes import find_causes
from records.detached_rows import (
    count_detached,
    end_detached,
    forget_detached,
    forget_refused,
    note_detached,
    suspect_detached,
)
from records.explain import explain_name
from records.kept import find_end
from records.ledger import DatabaseLedger
from records.mention_rows import find_mentions, rank_names, save_shadows
from records.mentions import find_indirect_mentions
from records.models import ManagedRecord, Source, SourceName, TargetStatus
from records.propagation.turns import list_asked
from records.remembered import RememberedClaims
from records.source_rows import forget_others
from syncer.core.source import Ref, SkipCause, SourceObject, Trouble, Want
from tests.records.objects import make_source
from tests.records.two_targets import set_up_two

SHOP, OLD = "shop.example.com", "old.example.com"
PATTERN = "HostRegexp(`^shop`)"
HOUR = 3600.0

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sources(settings: LazySettings) -> dict[str, Source]:
    """One object, which ``lan`` publishes, and which a filter keeps from ``public``."""
    set_up_two(settings)
    return {
        "lan": make_source("Ingress", "web", "shop", names=[(SHOP, ["192.168.1.54"])], target="lan"),
        "public": make_source("Ingress", "web", "shop", skipped=[(SHOP, "not for public")], target="public"),
    }


def test_each_explains_what_the_object_asks_for_there() -> None:
    lan, public = explain_name(SHOP, "lan"), explain_name(SHOP, "public")
    assert [claim["source"] for claim in lan["claims"]] == ["Ingress/web/shop"]
    assert (lan["skipped"], public["claims"]) == ([], [])
    assert [skip["reason"] for skip in public["skipped"]] == ["not for public"]


def test_the_engine_is_told_the_claims_of_its_target() -> None:
    for target, names in (("lan", [SHOP]), ("public", [])):
        claims = RememberedClaims(target)
        source = claims.source(Ref("Ingress", "web", "shop"))
        assert source is not None
        assert ([want.name for want in source.wants], list(claims.names())) == (names, names)


def test_why_a_record_goes_is_told_by_the_object_as_its_target_reads_it(sources: dict[str, Source]) -> None:
    holders = {(SHOP, "A"): "Ingress/web/shop", (OLD, "A"): "Ingress/web/old"}
    make_source("Ingress", "web", "old", target="lan")
    assert find_causes("public", holders) == {
        (SHOP, "A"): "Ingress/web/shop does not publish it any more: not for public",
        (OLD, "A"): "Ingress/web/old was deleted",
    }


def test_a_pattern_that_matches_is_mentioned_where_its_object_is_read(sources: dict[str, Source]) -> None:
    SourceName.objects.create(
        source=sources["lan"],
        name=PATTERN,
        position=1,
        since=timezone.now(),
        cause=SkipCause.PATTERN,
        reason="the rule cannot be read",
    )
    wildcards = ["*.example.com"]
    make_source("Ingress", "web", "any", names=[(wildcards[0], [])], target="lan")
    shown = f"{PATTERN} {SHOP}"
    SourceName.objects.filter(name=PATTERN).update(name=shown)
    found = {target: [it.how for it in find_indirect_mentions(target, SHOP, wildcards)] for target in ("lan", "public")}
    assert found == {"lan": ["rule", "wildcard"], "public": []}


def test_a_record_is_kept_for_as_long_as_the_trouble_on_its_target_allows(sources: dict[str, Source]) -> None:
    for target, hours in (("lan", 1), ("public", 23)):
        SourceName.objects.filter(source=sources[target]).update(
            detached_since=timezone.now(), detached_seconds=hours * HOUR
        )
    record = ManagedRecord.objects.create(
        target="public", zone="example.com", name=SHOP, type="A", ttl=300, state="kept", claimants=["Ingress/web/shop"]
    )
    end = find_end(record)
    assert end is not None
    assert end < timezone.now() + timedelta(hours=2)


def test_names_in_a_hosts_file_are_asked_for_on_the_other_target_alone() -> None:
    TargetStatus.objects.create(name="lan", kind="hosts")
    TargetStatus.objects.create(name="public", kind="technitium")
    assert list_asked(None) == ["public"]


DETACHED = {"detached_since": timezone.now(), "detached_seconds": HOUR}
CALLS: dict[str, Callable[[str], object]] = {
    "nothing of ours is there": lambda target: forget_detached(target, [SHOP]),
    "what was asked for is written": lambda target: forget_refused(target, [SHOP]),
    "the time is over": lambda target: end_detached(target, [SHOP]),
    "time goes by": lambda target: count_detached(target, 60.0, 24 * HOUR, ()),
    "another version": suspect_detached,
    "a shadow": lambda target: save_shadows(target, {SHOP: "a delegation hides it"}, lambda name: True),
    "an object that is gone": lambda target: forget_others(target, [("", "Ingress")], []),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_what_happens_to_a_name_on_one_target_leaves_the_other_alone(
    sources: dict[str, Source], call: Callable[[str], object]
) -> None:
    def read(target: str) -> list[dict[str, object]]:
        return list(SourceName.objects.filter(source__target=target).values())

    SourceName.objects.update(values=["192.0.2.1"], reason="a trouble", **DETACHED)
    before = read("lan"), read("public")
    call("public")
    assert read("lan") == before[0]
    assert read("public") != before[1]


def test_the_time_of_a_name_begins_on_the_target_where_it_is_kept(sources: dict[str, Source]) -> None:
    SourceName.objects.update(values=None)
    note_detached("public", [(SHOP, "Ingress/web/shop", "a trouble"), (OLD, "Ingress/web/shop", "a trouble")])
    begun = SourceName.objects.filter(detached_since__isnull=False)
    assert set(begun.values_list("source__target", "name")) == {("public", SHOP), ("public", OLD)}


def test_what_the_engine_asks_of_a_name_is_of_its_target(sources: dict[str, Source]) -> None:
    SourceName.objects.filter(source=sources["lan"]).update(via=["infra/edge"], detached_seconds=HOUR)
    assert find_mentions("lan", [SHOP])[SHOP]["Ingress/web/shop"].seconds == HOUR
    assert find_mentions("public", [SHOP])[SHOP]["Ingress/web/shop"].via is None
    SourceName.objects.filter(source=sources["public"]).delete()
    assert (rank_names("lan", "web", 5), rank_names("public", "web", 5)) == ([SHOP], [])


def test_a_trouble_keeps_a_name_on_the_target_where_it_was_published() -> None:
    ref, ledger = Ref("Ingress", "web", "blog"), DatabaseLedger()
    asking = SourceObject(ref, wants=(Want(SHOP, ("192.0.2.1",)),))
    for target in ("lan", "public"):
        ledger.save_sources(target, {ref: asking})
    own = {"zone": "example.com", "name": SHOP, "type": "A", "ttl": 300, "owned": True, "origin": str(ref)}
    ManagedRecord.objects.create(target="lan", **own)
    for target in ("lan", "public"):
        ledger.save_sources(target, {ref: SourceObject(ref, troubles=(Trouble("", "its Gateway is not there"),))})
    kept = SourceName.objects.filter(source__name="blog", detached_since__isnull=False)
    assert list(kept.values_list("source__target", flat=True)) == ["lan"]
    assert Source.objects.filter(name="blog").count() == 2
