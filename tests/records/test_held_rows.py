"""What is held, why it goes, and who decides of it: as a whole, in part, twice, and of what has changed since."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from records import operations
from records.ledger import DatabaseLedger
from records.models import AuditEntry, CustomEntry, HeldDelete, HeldPlan, ManagedRecord
from records.rows import ZoneKey
from records.zone_ledger import DatabaseZoneLedger
from syncer.ledger import DecidedHold, Request
from tests.records.objects import make_source, note_mentions

pytestmark = pytest.mark.django_db

ZONE = "talos00"
ORIGIN = "Ingress/apps/shop"


def key(name: str) -> tuple[str, str]:
    return f"{name}.{ZONE}", "A"


ALL = [key(name) for name in ("blog", "nas", "shop")]


@pytest.fixture
def zone() -> DatabaseZoneLedger:
    return DatabaseZoneLedger(ZoneKey("default", ZONE))


def own(name: str, origin: str = ORIGIN) -> None:
    columns = {"owned": True, "state": "synced", "values": ["192.0.2.7"], "ttl": 60, "origin": origin}
    ManagedRecord.objects.create(zone=ZONE, name=f"{name}.{ZONE}", type="A", **columns)


def answer() -> list[DecidedHold]:
    """As the syncer does."""
    ledger = DatabaseLedger()
    requests = ledger.requests()
    done = [ledger.decide_hold(request, approve=request.action == "approve") for request in requests]
    ledger.answer_requests({request.id: "done" for request in requests})
    return done


def plan() -> HeldPlan:
    return HeldPlan.objects.get(status="open")


def test_a_delete_says_what_goes_and_whose_it_was(zone: DatabaseZoneLedger) -> None:
    own("shop")
    zone.hold_deletes([key("shop")], "too many")
    delete = plan().deletes.get()
    assert (delete.key, delete.values, delete.ttl, delete.origin) == (key("shop"), ["192.0.2.7"], 60, ORIGIN)
    assert (delete.namespace, delete.cause) == ("apps", f"{ORIGIN} was deleted")


def test_each_cause_is_told_apart(zone: DatabaseZoneLedger) -> None:
    off, other = (CustomEntry.objects.create(name=f"{n}.{ZONE}", type="A", values=["192.0.2.9"]) for n in ("off", "x"))
    CustomEntry.objects.filter(pk=off.pk).update(enabled=False)
    source = make_source("Ingress", "apps", "shop")
    note_mentions(source, [(f"cname.{ZONE}", ["edge.example.com"])], [(f"skipped.{ZONE}", "it is ignored")])
    origins = {
        "gone": "Ingress/apps/gone",
        "dropped": ORIGIN,
        "skipped": ORIGIN,
        "cname": ORIGIN,
        "deleted": "CustomEntry//999",
        "off": off.origin,
        "moved": other.origin,
        "nobody": "",
    }
    for name, origin in origins.items():
        own(name, origin)
    zone.hold_deletes([key(name) for name in origins], "too many")
    assert {delete.name.partition(".")[0]: delete.cause for delete in HeldDelete.objects.all()} == {
        "gone": "Ingress/apps/gone was deleted",
        "dropped": "Ingress/apps/shop does not name it any more",
        "skipped": "Ingress/apps/shop does not publish it any more: it is ignored",
        "cname": "Ingress/apps/shop wants something else at this name",
        "deleted": "custom entry 999 was deleted",
        "off": f"custom entry {off} was disabled",
        "moved": f"its custom entry is x.{ZONE} A now",
        "nobody": "no object and no custom entry wants it",
    }


def test_what_a_setting_keeps_from_being_read_was_not_deleted(zone: DatabaseZoneLedger, settings: Settings) -> None:
    scope = replace(settings.MANAGED.scope, kinds=("Ingress",), namespaces=("web",))
    settings.MANAGED = replace(settings.MANAGED, scope=scope)
    for name, origin in (("kind", "HTTPRoute/web/a"), ("place", "Ingress/apps/a"), ("gone", "Ingress/web/a")):
        own(name, origin)
    zone.hold_deletes([key(name) for name in ("kind", "place", "gone")], "too many")
    assert {delete.name.partition(".")[0]: delete.cause for delete in HeldDelete.objects.all()} == {
        "kind": "HTTPRoute/web/a is not read any more: HTTPRoute is not in SOURCES",
        "place": "Ingress/apps/a is not read any more: namespace apps is not in WATCH_NAMESPACE",
        "gone": "Ingress/web/a was deleted",
    }


def test_further_deletes_make_a_plan_of_all_and_what_was_held_stays_the_same_row(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL[:2], "two would go")
    former, rows = plan(), {delete.key: delete.pk for delete in HeldDelete.objects.all()}
    zone.hold_deletes(ALL, "three would go")
    former.refresh_from_db()
    assert (former.status, former.successor, former.keys) == ("obsolete", plan(), frozenset())
    assert plan().keys == set(ALL)
    assert rows.items() <= {delete.key: delete.pk for delete in HeldDelete.objects.all()}.items()


def test_what_is_wanted_again_leaves_the_plan_and_the_last_one_ends_it(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL, "three would go")
    before = plan()
    zone.hold_deletes(ALL[:1], "")
    assert (plan(), plan().keys, plan().reason) == (before, {ALL[0]}, "three would go")
    zone.hold_deletes([], "")
    assert [held.status for held in HeldPlan.objects.all()] == ["obsolete"]


@pytest.mark.parametrize(
    ("operation", "status"), [(operations.approve_plan, "approved"), (operations.reject_plan, "rejected")]
)
def test_the_rest_of_a_plan_that_is_decided_in_part_stays_open(
    zone: DatabaseZoneLedger, operation: operations.Decide, status: str
) -> None:
    zone.hold_deletes(ALL, "three would go")
    before = plan()
    operation("ada", before, ALL[:2])
    assert answer() == [DecidedHold(2)]
    assert (plan(), plan().keys) == (before, {ALL[2]})
    decided = HeldPlan.objects.get(status=status)
    assert (decided.keys, decided.decided_by, decided.reason) == (set(ALL[:2]), "ada", "three would go")
    holds = zone.holds()
    assert (holds.open, getattr(holds, status)) == ({ALL[2]}, set(ALL[:2]))
    entry = AuditEntry.objects.get(action=status)
    assert (entry.actor, entry.source, entry.reason) == ("ada", str(decided.origin), "2 of 3 held deletes")


def test_all_of_a_plan_named_one_by_one_is_that_plan(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL, "three would go")
    before = plan()
    operations.approve_plan("ada", before, ALL)
    assert answer() == [DecidedHold(3)]
    before.refresh_from_db()
    assert (before.status, HeldPlan.objects.count()) == ("approved", 1)


def test_of_a_plan_whose_rest_has_changed_meanwhile_what_was_chosen_is_decided(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL[:2], "two would go")
    operations.approve_plan("ada", plan(), ALL[:1])
    zone.hold_deletes(ALL, "three would go")
    assert answer() == [DecidedHold(1)]
    assert zone.holds().approved == {ALL[0]}
    assert plan().keys == set(ALL[1:])


def test_what_is_not_held_any_more_is_told_and_not_decided(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL, "three would go")
    operations.approve_plan("ada", plan(), ALL[:2])
    zone.hold_deletes(ALL[1:], "")
    assert answer() == [DecidedHold(1, "1 of 2 are not held any more, or were decided meanwhile")]
    assert zone.holds().approved == {ALL[1]}


def test_what_was_held_again_since_is_another_delete(zone: DatabaseZoneLedger) -> None:
    """It was wanted in between, perhaps with other values: who approved has not seen these."""
    zone.hold_deletes(ALL[:2], "two would go")
    operations.approve_plan("ada", plan(), ALL[:1])
    zone.hold_deletes(ALL[1:2], "")
    zone.hold_deletes(ALL[:2], "two would go")
    (decided,) = answer()
    assert decided.number == 0
    assert zone.holds().approved == frozenset()


def test_a_whole_plan_that_has_changed_since_is_to_be_looked_at_again(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL[:2], "two would go")
    former = plan()
    operations.approve_plan("ada", former)
    zone.hold_deletes(ALL, "three would go")
    changed = f"it has changed since: look at held plan {plan().pk}"
    assert answer() == [DecidedHold(0, f"nothing of held plan {former.pk} is left to decide: {changed}")]
    assert zone.holds().open == set(ALL)
    former.refresh_from_db()
    with pytest.raises(ValidationError, match=changed):
        operations.approve_plan("ada", former)


def test_of_two_who_decide_at_once_the_second_hears_of_the_first(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL, "three would go")
    one = plan()
    operations.reject_plan("ada", one)
    operations.approve_plan("bob", one)
    operations.approve_plan("cy", one, ALL[:1])
    assert answer() == [
        DecidedHold(3),
        DecidedHold(0, f"nothing of held plan {one.pk} is left to decide: ada rejected it"),
        DecidedHold(0, "1 of 1 are not held any more, or were decided meanwhile: ada rejected it"),
    ]
    assert zone.holds().rejected == set(ALL)


@pytest.mark.parametrize(
    ("deletes", "sentence"),
    [([], "Nothing is chosen"), ([ALL[0], ("other.talos00", "A")], "does not hold other.talos00 A: look at it again")],
)
def test_what_the_plan_does_not_hold_cannot_be_chosen(
    zone: DatabaseZoneLedger, deletes: list[tuple[str, str]], sentence: str
) -> None:
    zone.hold_deletes(ALL, "three would go")
    with pytest.raises(ValidationError, match=sentence):
        operations.approve_plan("ada", plan(), deletes)
    assert DatabaseLedger().requests() == []


def test_many_thousands_cost_few_queries(zone: DatabaseZoneLedger, django_assert_max_num_queries: object) -> None:
    many = [key(f"app{number:05}") for number in range(5000)]
    with django_assert_max_num_queries(100):  # type: ignore[operator]
        zone.hold_deletes(many, "5000 would go")
    with django_assert_max_num_queries(3):  # type: ignore[operator]
        assert len(zone.holds().open) == 5000
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        zone.hold_deletes(many, "")


def test_a_plan_grows_until_it_is_whole_and_is_not_decided_before(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL[:1], "three would go", [ALL[0][0]], are_all=False)
    gathering = HeldPlan.objects.get(status="gathering")
    with pytest.raises(ValidationError, match="not all of its deletes are found yet"):
        operations.approve_plan("ada", gathering)
    assert DatabaseLedger().decide_hold(Request(0, "approve", "", "", "", "ada"), approve=True).number == 0
    assert zone.holds([ALL[0][0]]).open == {ALL[0]}
    assert zone.count_held().total() == 1
    zone.hold_deletes(ALL[1:], "three would go", [name for name, _ in ALL[1:]])
    assert (plan(), plan().keys) == (gathering, set(ALL))
    assert zone.count_held().total() == 3


def test_what_is_held_elsewhere_in_the_zone_stays_held(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL, "three would go")
    before = plan()
    zone.hold_deletes([], "", [ALL[0][0]])
    assert (plan(), plan().keys) == (before, set(ALL[1:]))
    zone.hold_deletes([], "", [name for name, _ in ALL[1:]])
    assert [held.status for held in HeldPlan.objects.all()] == ["obsolete"]


def test_an_open_plan_says_for_which_reason_it_is_held_now(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL, "three would go")
    before = plan()
    zone.hold_deletes(ALL, "three of four would go")
    assert (plan(), plan().reason) == (before, "three of four would go")
    zone.hold_deletes(ALL, "")
    assert plan().reason == "three of four would go"


def test_a_plan_that_a_crash_left_half_found_is_made_whole(zone: DatabaseZoneLedger) -> None:
    zone.hold_deletes(ALL[:1], "three would go", [ALL[0][0]], are_all=False)
    zone.hold_deletes(ALL, "three would go")
    assert plan().keys == set(ALL)
