"""The role admin manages users, and can give no one, itself included, more rights than its own."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from knox.models import AuthToken

from records.api.access import make_token
from records.roles import ADMIN, OPERATOR, VIEWER

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

USERS = "/admin/auth/user/"
DATES = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
HASH = "md5$salt$0123456789abcdef0123456789abcdef"


def person(name: str, *roles: str, **more: Any) -> User:
    user = User.objects.create(username=name, password=HASH, **more)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


@pytest.fixture
def alice() -> User:
    return person("alice", ADMIN)


@pytest.fixture
def client(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def root() -> User:
    return person("root", is_staff=True, is_superuser=True)


@pytest.fixture
def beyond() -> Group:
    group = Group.objects.create(name="schedulers")
    group.permissions.add(Permission.objects.get(codename="add_schedule"))
    return group


def change(client: Client, user: User, **fields: Any) -> Any:
    groups = [group.pk for group in user.groups.all()]
    data = {"username": user.username, "is_active": "on", "groups": groups, **DATES, **fields}
    return client.post(f"{USERS}{user.pk}/change/", data)


def test_an_admin_makes_an_operator_of_a_viewer(client: Client) -> None:
    user = person("olga", VIEWER)
    assert change(client, user, groups=[Group.objects.get(name=OPERATOR).pk]).status_code == 302
    assert [group.name for group in user.groups.all()] == [OPERATOR]
    assert client.get(f"{USERS}{user.pk}/password/").status_code == 200


@pytest.mark.parametrize("who", ["itself", "olga"])
def test_an_admin_makes_no_superuser_and_gives_no_single_right(client: Client, alice: User, who: str) -> None:
    user = alice if who == "itself" else person("olga", VIEWER)
    right = Permission.objects.get(codename="add_schedule")
    more = {"is_superuser": "on", "is_staff": "on", "user_permissions": [right.pk]}
    assert change(client, user, **more).status_code == 302
    user.refresh_from_db()
    assert (user.is_superuser, user.is_staff, user.user_permissions.count()) == (False, False, 0)
    page = client.get(f"{USERS}{user.pk}/change/").content.decode()
    assert "is_superuser" not in page
    assert "user_permissions" not in page


def test_a_new_user_of_an_admin_is_none_either(client: Client) -> None:
    password = {"usable_password": "true", "password1": "of-no-worth-9", "password2": "of-no-worth-9"}
    answer = client.post(f"{USERS}add/", {"username": "mallory", "is_superuser": "on", "is_staff": "on", **password})
    assert answer.status_code == 302
    made = User.objects.get(username="mallory")
    assert (made.is_superuser, made.is_staff) == (False, False)


def test_an_admin_takes_no_role_with_more_rights(client: Client, alice: User, beyond: Group) -> None:
    admin = Group.objects.get(name=ADMIN)
    answer = change(client, alice, groups=[admin.pk, beyond.pk])
    assert answer.status_code == 200
    assert "is not one of the available choices" in answer.content.decode()
    assert [group.name for group in alice.groups.all()] == [ADMIN]


@pytest.mark.parametrize("awake", [True, False])
@pytest.mark.parametrize("kind", ["superuser", "scheduler"])
def test_an_admin_changes_no_user_with_more_rights(client: Client, beyond: Group, kind: str, awake: bool) -> None:
    above = person("root", is_superuser=kind == "superuser", is_active=awake)
    if kind == "scheduler":
        above.groups.add(beyond)
    token, _ = make_token(above, days=1)
    assert change(client, above, email="mallory@example.com").status_code == 403
    assert client.get(f"{USERS}{above.pk}/password/").status_code == 403
    new = {"usable_password": "true", "password1": "of-no-worth-9", "password2": "of-no-worth-9"}
    assert client.post(f"{USERS}{above.pk}/password/", new).status_code == 403
    assert client.post(f"{USERS}{above.pk}/delete/", {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [above.pk], "post": "yes"}
    client.post(USERS, selected)
    answer = client.post("/admin/knox/authtoken/add/", {"user": above.pk, "days": 7})
    assert "This user may do more than you" in answer.content.decode()
    assert client.post(f"/admin/knox/authtoken/{token.pk}/delete/", {"post": "yes"}).status_code == 403
    page = client.get(f"{USERS}{above.pk}/change/")
    assert page.status_code == 200
    assert HASH.rpartition("$")[2] not in page.content.decode()
    above.refresh_from_db()
    assert (above.email, above.password) == ("", HASH)
    assert AuthToken.objects.get() == token


def test_an_admin_looks_at_roles_and_changes_none(client: Client) -> None:
    role = Group.objects.get(name=ADMIN)
    everything = [right.pk for right in Permission.objects.all()]
    assert client.get("/admin/auth/group/").status_code == 200
    assert client.get("/admin/auth/group/add/").status_code == 403
    answer = client.post(f"/admin/auth/group/{role.pk}/change/", {"name": ADMIN, "permissions": everything})
    assert answer.status_code == 403
    assert client.post(f"/admin/auth/group/{role.pk}/delete/", {"post": "yes"}).status_code == 403
    assert role.permissions.count() < len(everything)


def test_an_admin_makes_a_token_for_an_equal_and_a_superuser_for_anyone(client: Client, root: User) -> None:
    olga = person("olga", OPERATOR)
    assert client.post("/admin/knox/authtoken/add/", {"name": "ci", "user": olga.pk, "days": 7}).status_code == 302
    client.force_login(root)
    assert client.post("/admin/knox/authtoken/add/", {"name": "ci", "user": root.pk, "days": 7}).status_code == 302
    assert change(client, olga, is_superuser="on").status_code == 302
    olga.refresh_from_db()
    assert olga.is_superuser
