"""Backups of several targets name them, and a backup of before goes on working."""

from __future__ import annotations

import csv
import io

import pytest
import yaml
from django.conf import LazySettings

from records.exchange import BackupError, apply_import, plan_import, read_backup, write_export
from records.models import CustomEntry, ManagedRecord
from tests.records.two_targets import PUBLIC, set_up_two

SHOP = "shop.example.com"

pytestmark = pytest.mark.django_db


def fill() -> None:
    for target, value in (("lan", "192.168.1.54"), ("public", "203.0.113.7")):
        about = {"target": target, "name": SHOP, "type": "A", "values": [value]}
        ManagedRecord.objects.create(zone="example.com", ttl=300, state="synced", owned=True, **about)
        CustomEntry.objects.create(**about)
    CustomEntry.objects.create(name="mail.example.com", type="A", values=["192.0.2.25"])
    ManagedRecord.objects.create(
        target="gone", zone="example.com", name=SHOP, type="A", values=["192.0.2.1"], ttl=300, owned=True
    )


def content() -> tuple[list[object], list[object]]:
    records = ManagedRecord.objects.filter(owned=True).exclude(target="gone").order_by("target", "name")
    entries = CustomEntry.objects.order_by("name", "target")
    return list(records.values_list("target", "name", "values")), list(entries.values_list("target", "name", "values"))


@pytest.fixture
def two_targets(settings: LazySettings) -> None:
    set_up_two(settings)
    fill()


@pytest.mark.usefixtures("two_targets")
@pytest.mark.parametrize("form", ["yaml", "json", "csv"])
def test_what_was_saved_comes_back_to_its_target(form: str) -> None:
    text, before = "".join(write_export(form)), content()
    assert list(plan_import(read_backup(text)).list_changes()) == []
    ManagedRecord.objects.all().delete()
    CustomEntry.objects.all().delete()
    plan = plan_import(read_backup(text))
    lines = list(plan.list_changes())
    assert "= shop.example.com 300 A 203.0.113.7 on public (ours again if DNS holds it)" in lines
    assert "+ mail.example.com A 192.0.2.25 publish on each target" in lines
    apply_import(plan, "anna")
    assert content() == before


@pytest.mark.usefixtures("two_targets")
def test_a_backup_of_one_of_them_has_what_is_there() -> None:
    saved = yaml.safe_load("".join(write_export("yaml", target="public")))
    assert saved["metadata"]["targets"] == ["lan", "public"]
    assert [(row["target"], row["values"]) for row in saved["records"]] == [("public", ["203.0.113.7"])]
    assert [(row["target"], row["hostname"]) for row in saved["entries"]] == [
        ("*", "mail.example.com"),
        ("public", SHOP),
    ]
    with pytest.raises(ValueError, match="there is no target dmz: give one of lan, public"):
        write_export("yaml", target="dmz")


@pytest.mark.usefixtures("two_targets")
def test_a_zone_file_is_of_one_target_and_checks_ask_the_servers_of_each() -> None:
    with pytest.raises(ValueError, match="a zone file is of one target: give one of lan, public"):
        write_export("bind")
    assert "203.0.113.7" in "".join(write_export("bind", target="public"))
    checks = yaml.safe_load("".join(write_export("gatus")))["endpoints"]
    asked = {(check["url"], check["conditions"][-1]) for check in checks}
    assert asked == {("192.168.1.53:53", "[BODY] == 192.168.1.54"), ("192.0.2.53:53", "[BODY] == 203.0.113.7")}


def test_a_backup_of_one_target_names_none_and_comes_back_beside_several(settings: LazySettings) -> None:
    settings.MANAGED = PUBLIC
    about = {"name": SHOP, "type": "A", "values": ["192.0.2.7"]}
    ManagedRecord.objects.create(zone="example.com", ttl=300, state="synced", owned=True, **about)
    CustomEntry.objects.create(**about)
    text = "".join(write_export("csv"))
    assert "target" not in next(csv.reader(io.StringIO(text)))
    assert list(plan_import(read_backup(text)).list_changes()) == []
    ManagedRecord.objects.all().delete()
    CustomEntry.objects.all().delete()
    set_up_two(settings)
    for target, said in (("lan", ""), ("public", "public")):
        apply_import(plan_import(read_backup(text, target=said)), "anna")
        assert ManagedRecord.objects.get(target=target).name == CustomEntry.objects.get(target=target).name == SHOP


@pytest.mark.usefixtures("two_targets")
def test_an_entry_that_names_no_target_is_the_one_that_is_there() -> None:
    CustomEntry.objects.filter(name=SHOP, target="lan").delete()
    backup = read_backup("kind,hostname,type,values\nentry,shop.example.com,A,192.0.2.99\n")
    apply_import(plan_import(backup), "anna")
    assert CustomEntry.objects.get(name=SHOP).values == ["192.0.2.99"]
    assert CustomEntry.objects.get(name=SHOP).target == "public"


@pytest.mark.usefixtures("two_targets")
@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("entry,a.example.com,A,192.0.2.1,dmz", "line 2: there is no target dmz here: give one of lan, public"),
        ("entry,nas.talos00,A,192.0.2.1,public", "line 2: nas.talos00 is not managed on public"),
        ("entry,mail.example.com,A,192.0.2.1,lan", "there is one for each target already"),
    ],
)
def test_a_target_that_cannot_have_it_is_told_with_its_place(line: str, problem: str) -> None:
    with pytest.raises(BackupError, match=problem):
        plan_import(read_backup(f"kind,hostname,type,values,target\n{line}\n"))
