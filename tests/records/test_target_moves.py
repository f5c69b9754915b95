"""Which target takes over the rows of which."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from records.ledger import DatabaseLedger
from records.models import (
    AuditEntry,
    CustomEntry,
    ManagedRecord,
    MeasuredCount,
    Source,
    TargetStatus,
    WriteFreeze,
)
from records.target_moves import MOVED, take_over_rows
from syncer.ledger import TargetPlace
from syncer.meters import API

URL = "https://dns1.talos00:53443"
LAN = TargetPlace("lan", "technitium", frozenset({URL}), frozenset({"talos00"}))

pytestmark = pytest.mark.django_db


def own(target: str, zone: str = "talos00", name: str = "nas") -> None:
    ManagedRecord.objects.create(target=target, zone=zone, name=f"{name}.{zone}", type="A", ttl=300, owned=True)


def know(target: str, place: str = URL, *zones: str) -> None:
    TargetStatus.objects.create(
        name=target, kind="technitium", place=place, zones=dict.fromkeys(zones or ["talos00"], "")
    )


def test_every_table_that_is_of_a_target_is_moved() -> None:
    of_targets = {
        model
        for model in apps.get_app_config("records").get_models()
        if any(f.name == "target" for f in model._meta.fields)
    }
    sums = {model.__name__ for model in of_targets - {*MOVED}}
    assert sums == {"AuditEntry", "CustomEntry", "SyncStatus"}


def test_servers_in_another_order_are_the_same() -> None:
    own("default")
    know("default", f"https://dns2.talos00:53443, {URL}")
    target = LAN._replace(places=frozenset({URL, "https://dns2.talos00:53443"}))
    assert take_over_rows([target]) == ["the 1 records of target default are those of lan from now on"]


def test_a_dry_run_reads_the_rows_where_they_are() -> None:
    own("default")
    ledger = DatabaseLedger()
    ledger.read_as_moved([LAN._replace(was="default"), PUBLIC])
    assert ledger.zone("lan", "talos00").owned_count() == 1
    assert ledger.for_thread().zone("lan", "talos00").owned_count() == 1
    assert not ledger.zone("lan", "talos00").is_new()
    assert ledger.zone("public", "example.com").is_new()
    own("lan", name="blog")
    ledger.read_as_moved([LAN._replace(was="default")])
    assert ledger.zone("lan", "talos00").owned_count() == 1, "it has its own"
    assert ledger.zone("lan", "talos00").is_new() is False
    CustomEntry.objects.create(target="default", name="a.talos00", type="A", values=["192.0.2.1"])
    assert not ledger.zone("lan", "talos00").entries(["a.talos00"]), "and of those no other's"


def test_a_path_is_one_place_whatever_is_in_it() -> None:
    own("hosts")
    TargetStatus.objects.create(name="hosts", kind="hosts", place="/srv/a, b", zones={"talos00": ""})
    desk = TargetPlace("desk", "hosts", frozenset({"/srv/a", "b"}), frozenset({"talos00"}))
    assert take_over_rows([desk]) == []
    assert take_over_rows([desk._replace(places=frozenset({"/srv/a, b"}))]) == [
        "the 1 records of target hosts are those of desk from now on"
    ]


@pytest.mark.parametrize(
    "change",
    [{"places": frozenset({"https://elsewhere:53443"})}, {"zones": frozenset({"home.lab"})}, {"kind": "hosts"}],
    ids=["another server", "other zones", "another kind"],
)
def test_another_place_is_another_target(change: dict[str, frozenset[str]]) -> None:
    own("default")
    know("default")
    assert take_over_rows([LAN._replace(**change)]) == []  # type: ignore[arg-type]
    assert ManagedRecord.objects.get().target == "default"


def test_two_that_might_be_it_are_none() -> None:
    own("default")
    own("older", name="blog")
    know("default")
    know("older")
    assert take_over_rows([LAN]) == []


def test_one_that_has_records_asks_for_no_others_by_its_place() -> None:
    own("default")
    own("lan")
    know("default")
    assert take_over_rows([LAN]) == []


def test_what_the_settings_still_name_keeps_its_rows() -> None:
    own("default")
    know("default")
    assert take_over_rows([LAN._replace(name="default"), LAN._replace(was="default")]) == []


def test_a_custom_entry_moves_unless_the_new_target_has_one_of_its_name() -> None:
    own("default")
    for name, target in (("nas.talos00", "default"), ("tv.talos00", "default"), ("tv.talos00", "lan")):
        CustomEntry.objects.create(name=name, type="A", values=["192.168.1.9"], target=target)
    take_over_rows([LAN._replace(was="default")])
    entries = sorted(CustomEntry.objects.values_list("target", "name"))
    assert entries == [("default", "tv.talos00"), ("lan", "nas.talos00"), ("lan", "tv.talos00")]


def test_it_says_how_many_entries_stay_and_is_quiet_about_them_from_then_on() -> None:
    own("default")
    for target in ("default", "lan"):
        CustomEntry.objects.create(name="tv.talos00", type="A", values=["192.168.1.9"], target=target)
    (told,) = take_over_rows([LAN._replace(was="default")])
    assert told.endswith("; 1 custom entries stay with default, because lan has its own at their names")
    assert take_over_rows([LAN._replace(was="default")]) == []


def test_custom_entries_of_a_target_that_never_had_a_pass_move_too() -> None:
    CustomEntry.objects.create(name="nas.talos00", type="A", values=["192.168.1.9"], target="default")
    take_over_rows([LAN._replace(was="default")])
    assert CustomEntry.objects.get().target == "lan"


def test_who_says_what_it_was_comes_before_who_has_its_place() -> None:
    own("default")
    know("default")
    elsewhere = LAN._replace(name="new", places=frozenset({"https://elsewhere:53443"}), was="default")
    assert take_over_rows([LAN, elsewhere]) == ["the 1 records of target default are those of new from now on"]


def test_what_the_new_name_has_of_starts_that_never_came_to_a_pass_is_not_in_the_way() -> None:
    own("default")
    place = {"group": "networking.k8s.io", "kind": "Ingress", "namespace": "web", "name": "shop"}
    kept = Source.objects.create(target="default", **place)
    Source.objects.create(target="lan", **place)
    minute = {"subject": API, "number": 1, "failed": 1, "milliseconds": 0.0, "slowest": 0.0, "buckets": []}
    at = timezone.now().replace(second=0, microsecond=0)
    MeasuredCount.objects.create(target="default", at=at, **minute)
    MeasuredCount.objects.create(target="lan", at=at, **minute)
    MeasuredCount.objects.create(target="lan", at=at + timedelta(minutes=1), **minute)
    take_over_rows([LAN._replace(was="default")])
    assert Source.objects.get() == kept
    assert sorted(MeasuredCount.objects.values_list("target", "at")) == [
        ("lan", at),
        ("lan", at + timedelta(minutes=1)),
    ]


def test_of_two_holds_on_one_zone_the_one_of_the_new_name_goes_on() -> None:
    own("default")
    for target, zone in (("default", "talos00"), ("default", "home.lab"), ("lan", "talos00")):
        WriteFreeze.objects.create(target=target, zone=zone, reason=f"of {target}", set_by="ada")
    take_over_rows([LAN._replace(was="default")])
    unended = WriteFreeze.objects.filter(ended_at=None, target="lan").values_list("zone", "reason")
    assert sorted(unended) == [("home.lab", "of default"), ("talos00", "of lan")]


def test_it_is_done_once_and_told_in_the_audit() -> None:
    own("default")
    for _ in range(2):
        told = take_over_rows([LAN._replace(was="default")])
    assert told == []
    assert AuditEntry.objects.get().action == "moved"


PUBLIC = TargetPlace("public", "technitium", frozenset({"https://elsewhere:53443"}), frozenset({"example.com"}))
SPLIT = LAN._replace(zones=frozenset({"talos00", "example.com"}))


@pytest.mark.parametrize("before", ["default", "lan"])
def test_entries_of_the_only_target_stay_on_it_when_another_one_comes(before: str) -> None:
    own(before)
    know(before)
    CustomEntry.objects.create(name="shop.example.com", type="A", values=["192.168.1.60"])
    outside = CustomEntry.objects.create(name="tv.home.lab", type="A", values=["192.168.1.61"])
    told = take_over_rows([SPLIT._replace(was="default"), PUBLIC])
    assert told[-1] == "the 1 custom entries of before are for lan alone, which was the only target"
    assert CustomEntry.objects.get(name="shop.example.com").target == "lan"
    assert CustomEntry.objects.get(pk=outside.pk).target == ""
    assert AuditEntry.objects.filter(action="moved", target="lan", reason=told[-1]).exists()


def test_a_target_that_was_given_up_before_is_none_of_several() -> None:
    know("lan")
    know("cellar", "https://cellar:53443")
    TargetStatus.objects.filter(name="cellar").update(in_use=False)
    CustomEntry.objects.create(name="shop.example.com", type="A", values=["192.0.2.7"])
    assert take_over_rows([SPLIT, PUBLIC]) == [
        "the 1 custom entries of before are for lan alone, which was the only target"
    ]
    assert CustomEntry.objects.get().target == "lan"


def test_entries_on_each_of_several_targets_stay_on_each() -> None:
    know("lan", URL)
    know("public", "https://elsewhere:53443")
    CustomEntry.objects.create(name="shop.example.com", type="A", values=["192.0.2.7"])
    assert take_over_rows([SPLIT, PUBLIC]) == []
    assert CustomEntry.objects.get().target == ""


def test_entries_of_the_only_target_name_none_while_it_is_the_only_one() -> None:
    know("lan")
    CustomEntry.objects.create(name="nas.talos00", type="A", values=["192.0.2.7"])
    assert take_over_rows([LAN]) == []
    assert CustomEntry.objects.get().target == ""
