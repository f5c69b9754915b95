"""Custom entries beside several targets: each names where it stands, and looks at what is there alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from records import custom_entries, operations
from records.effect import find_states
from records.entry_targets import UNSAID, EntryTargets, match_covering
from records.lost_claims import find_lost
from records.models import AuditEntry, CustomEntry, ManagedRecord, Source, SourceName
from tests.records.two_targets import set_up_two

SHOP = "shop.example.com"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_targets(settings: LazySettings) -> None:
    set_up_two(settings)


def save(
    target: str = UNSAID, name: str = SHOP, kind: str = "A", value: str = "192.0.2.7", **others: Any
) -> CustomEntry:
    entry = CustomEntry(target=target, name=name, type=kind, values=[value] if kind else [], **others)
    custom_entries.save_entry("ada", entry, created=True)
    return entry


def refusal(target: str = UNSAID, name: str = SHOP, kind: str = "A") -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        save(target, name, kind)
    told: dict[str, list[str]] = caught.value.message_dict
    return told


def test_where_one_target_manages_the_name_that_is_it_and_where_several_do_it_must_be_said() -> None:
    assert save(name="nas.talos00").target == "lan"
    assert refusal() == {
        "target": [
            "shop.example.com is managed on lan, public: say for which of them the entry is, or give an empty"
            " text for each."
        ]
    }
    assert save("").target == ""


@pytest.mark.parametrize(
    ("target", "name", "problem"),
    [
        ("dmz", SHOP, "There is no target dmz: give one of lan, public."),
        ("public", "nas.talos00", "nas.talos00 is not managed on public: give one of lan."),
    ],
)
def test_a_target_that_cannot_have_it_is_refused(target: str, name: str, problem: str) -> None:
    assert refusal(target, name) == {"target": [problem]}


def test_entries_of_one_name_and_type_stand_on_different_targets_and_not_on_one() -> None:
    save("lan")
    save("public", value="203.0.113.7")
    assert "There is an entry" in refusal("lan")["name"][0]
    assert "There is an entry" in refusal("")["name"][0]
    assert CustomEntry.objects.count() == 2


def test_what_is_beside_a_cname_and_below_a_dname_is_asked_by_target() -> None:
    save("lan", kind="CNAME", value="web.example.com")
    save("public")
    assert "This name has a CNAME entry" in refusal("lan", kind="TXT")["type"][0]
    save("public", kind="TXT")
    save("lan", "old.example.com", "DNAME", "new.example.com")
    assert "The DNAME of old.example.com" in refusal("lan", "a.old.example.com")["type"][0]
    save("public", "a.old.example.com")
    assert "The DNAME of old.example.com" in refusal("", "b.old.example.com")["type"][0]


def test_many_at_once_are_judged_by_target_too() -> None:
    def entry(target: str, kind: str = "A", value: str = "192.0.2.7") -> CustomEntry:
        return CustomEntry(target=target, name=SHOP, type=kind, values=[value])

    made = custom_entries.create_entries("ada", [entry("lan"), entry("public", "CNAME", "web.example.com")])
    assert [row.target for row in made] == ["lan", "public"]
    with pytest.raises(ValidationError) as caught:
        custom_entries.create_entries(
            "ada", [entry("lan", "TXT"), entry("public", "TXT"), entry(UNSAID, "MX", "1 a.b")]
        )
    assert sorted(caught.value.message_dict) == ["1.type", "2.target"]


def test_a_block_and_a_restored_version_are_of_one_target() -> None:
    source = {"lan": make_want("lan"), "public": make_want("public")}
    block = custom_entries.block_name("ada", SHOP, "lan")
    assert custom_entries.block_name("ada", SHOP, "lan") == block
    lost = list(find_lost({SHOP}))
    assert lost == [(SHOP, str(source["lan"]), "lan")] == [(SHOP, "Ingress/web/lan", "lan")]
    with pytest.raises(ValidationError, match="is not blocked"):
        custom_entries.unblock_name("ada", SHOP, "public")
    data = {"ttl": 300, "values": ["203.0.113.7"]}
    about: dict[str, Any] = {"actor": "syncer", "action": "deleted", "name": SHOP, "type": "A", "before": data}
    restored = operations.restore_version("ada", AuditEntry.objects.create(target="public", **about))
    assert (restored.target, restored.mode) == ("public", "override")
    with pytest.raises(ValidationError, match="is blocked"):
        operations.restore_version("ada", AuditEntry.objects.create(target="lan", **about))
    custom_entries.unblock_name("ada", SHOP, "lan")
    assert [entry.target for entry in CustomEntry.objects.all()] == ["public"]


def make_want(target: str) -> Source:
    source = Source.objects.create(target=target, kind="Ingress", namespace="web", name=target)
    SourceName.objects.create(source=source, name=SHOP, position=0, values=["192.0.2.1"], since=timezone.now())
    return source


def test_one_block_of_all_targets_is_not_taken_away_by_who_unblocks_one() -> None:
    custom_entries.block_name("ada", SHOP, "")
    assert custom_entries.block_name("ada", SHOP, "lan").target == ""
    with pytest.raises(ValidationError, match="blocked on each target by one entry"):
        custom_entries.unblock_name("ada", SHOP, "lan")


def test_an_entry_on_each_target_shows_the_state_that_is_not_as_it_should_be() -> None:
    entry = save("")
    for target, state in (("lan", "failed"), ("public", "synced")):
        ManagedRecord.objects.create(
            target=target, zone="example.com", name=SHOP, type="A", ttl=300, state=state, origin=entry.origin
        )
    assert find_states([entry])[entry.pk].state == "failed"


def test_what_stands_on_a_target_is_what_it_manages() -> None:
    save("", "nas.talos00")
    save("public")
    assert [entry.name for entry in CustomEntry.objects.filter(match_covering("public"))] == [SHOP]
    assert [entry.name for entry in CustomEntry.objects.filter(match_covering("lan"))] == ["nas.talos00"]


def test_with_one_target_entries_name_none(settings: LazySettings) -> None:
    settings.MANAGED_TARGETS = {}
    targets = EntryTargets()
    assert (targets.settle(SHOP, UNSAID), targets.settle(SHOP, "default")) == ("", "")
    with pytest.raises(ValidationError, match="There is no target lan"):
        targets.settle(SHOP, "lan")


FORM = {"name": SHOP, "mode": "publish", "type": "A", "values": "192.0.2.7", "ttl": "", "enabled": "on"}
ADD = "/admin/records/customentry/add/"


def test_the_form_asks_and_the_list_says_it(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    page = client.get(ADD).content.decode()
    assert "each that manages the name" in page
    again = client.post(ADD, {**FORM, "target": UNSAID}).content.decode()
    assert "say for which of them the entry is" in again
    for target in ("lan", "public"):
        assert client.post(ADD, {**FORM, "target": target}).status_code == 302
    listed = client.get("/admin/records/customentry/?target=public").content.decode()
    assert listed.count('<th class="field-shown_name">') == 1
    assert '<td class="field-shown_target">public</td>' in listed


def test_the_form_of_one_target_has_no_such_question(client: Client, settings: LazySettings) -> None:
    settings.MANAGED_TARGETS = {}
    client.force_login(User.objects.create_superuser("root"))
    assert 'name="target"' not in client.get(ADD).content.decode()
    assert client.post(ADD, {**FORM, "name": SHOP}).status_code == 302
    assert CustomEntry.objects.get().target == ""
