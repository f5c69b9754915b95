"""The page of a held plan: what goes and why, by namespace, and the part of it that is decided."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from records.models import HeldPlan, SyncRequest
from records.roles import VIEWER
from tests.records.objects import make_plan

pytestmark = pytest.mark.django_db


def page(name: str, *args: object) -> str:
    return reverse(f"admin:records_{name}", args=args)


def decide_part(client: Client, plan: HeldPlan, action: str, *chosen: object, **more: str) -> str:
    data = {"action": action, "chosen": [str(choice) for choice in chosen], **more}
    return client.post(page("heldplan_decide", plan.pk), data, follow=True).content.decode()


@pytest.fixture
def held(db: None) -> HeldPlan:
    """Of two namespaces and an entry."""
    plan = make_plan("home.lab", [(f"{name}.home.lab", "A") for name in ("blog", "nas", "shop", "tv")])
    for name, origin in (("blog", "Ingress/web/blog"), ("nas", "Ingress/web/nas"), ("shop", "Ingress/apps/shop")):
        cause = f"{origin} was deleted"
        plan.deletes.filter(name=f"{name}.home.lab").update(origin=origin, cause=cause, values=["192.0.2.7"], ttl=60)
    return plan


def test_the_page_of_a_plan_shows_value_object_and_reason_by_namespace(held: HeldPlan, admin_client: Client) -> None:
    text = admin_client.get(page("heldplan_change", held.pk)).content.decode()
    places = [text.index(title) for title in ("Namespace apps: all 1", "Namespace web: all 2", "Custom entries, and")]
    assert places == sorted(places)
    for shown in ("Ingress/apps/shop was deleted", "<code>192.0.2.7</code>", "TTL 60"):
        assert shown in text


@pytest.mark.parametrize(("choices", "names"), [(["*/web"], {"blog", "nas"}), (["*/", "shop"], {"tv", "shop"})])
def test_what_is_chosen_on_the_page_is_approved_after_a_question(
    held: HeldPlan, admin_client: Client, choices: list[str], names: set[str]
) -> None:
    keys = {delete.name.partition(".")[0]: delete.pk for delete in held.deletes.all()}
    chosen = [keys.get(choice, choice) for choice in choices]
    asked = decide_part(admin_client, held, "approve", *chosen)
    assert "Approve 2 deletes?" in asked
    assert not SyncRequest.objects.exists()
    assert "2 deletes approved." in decide_part(admin_client, held, "approve", *chosen, confirmed="yes")
    request = SyncRequest.objects.get()
    assert (request.action, request.plan, request.requested_by) == ("approve", held, "admin")
    assert set(request.deletes) == {keys[name] for name in names}


def test_nothing_is_decided_of_a_plan_that_has_changed_or_of_which_nothing_is_chosen(
    held: HeldPlan, admin_client: Client
) -> None:
    assert "Choose at least one of the deletes." in decide_part(admin_client, held, "reject")
    gone = held.deletes.first()
    assert gone is not None
    key = gone.pk
    gone.delete()
    assert "The plan has changed since: look at it again." in decide_part(admin_client, held, "reject", key, "*/web")
    assert not SyncRequest.objects.exists()
    assert "2 deletes rejected." not in decide_part(admin_client, held, "reject", "*/web")
    held.decide(HeldPlan.Status.REJECTED, "ada")
    assert "ada rejected it" in decide_part(admin_client, held, "reject", "*/web")


def test_a_viewer_sees_the_plan_and_decides_nothing(held: HeldPlan, client: Client) -> None:
    viewer = User.objects.create_user("vic", is_staff=True)
    viewer.groups.add(Group.objects.get(name=VIEWER))
    client.force_login(viewer)
    text = client.get(page("heldplan_change", held.pk)).content.decode()
    assert "Namespace web: 2" in text
    assert "chosen" not in text
    answer = client.post(page("heldplan_decide", held.pk), {"action": "reject", "chosen": "*/web"})
    assert answer.status_code == 403
    assert not SyncRequest.objects.exists()


def test_a_namespace_that_is_too_long_to_list_can_be_chosen_whole(admin_client: Client) -> None:
    plan = make_plan("home.lab", [(f"app{number:03}.home.lab", "A") for number in range(600)])
    text = admin_client.get(page("heldplan_change", plan.pk)).content.decode()
    assert "And 100 more." in text
    assert "600 deletes rejected." in decide_part(admin_client, plan, "reject", "*/")


@pytest.mark.parametrize(
    ("words", "is_found"),
    [("BLOG", True), ("home.lab", True), ("blog home.lab", True), ("nowhere", False), ("blog nowhere", False)],
)
def test_a_plan_is_found_by_its_zone_and_the_names_in_it(
    held: HeldPlan, admin_client: Client, words: str, is_found: bool
) -> None:
    text = admin_client.get(page("heldplan_changelist"), {"q": words, "all": ""}).content.decode()
    assert (page("heldplan_change", held.pk) in text) == is_found
