"""Which target takes over the rows of which."""

from __future__ import annotations

import pytest
from django.apps import apps

from records.models import AuditEntry, CustomEntry, ManagedRecord, TargetStatus
from records.target_moves import MOVED, take_over_rows
from syncer.ledger import TargetPlace

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


def test_it_is_done_once_and_told_in_the_audit() -> None:
    own("default")
    for _ in range(2):
        told = take_over_rows([LAN._replace(was="default")])
    assert told == []
    assert AuditEntry.objects.get().action == "moved"
