"""Anyone who guesses passwords has to wait, and no one else does."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from records.logins.models import Attempt
from records.logins.throttle import find_network
from records.models import AuditEntry

pytestmark = pytest.mark.django_db

LOGIN, CHANGE = "/admin/login/", "/admin/password_change/"
RIGHT, WRONG = "of-no-worth-anywhere-else", "Plantedguess6Hb"
HERE, THERE = "192.0.2.9", "192.0.2.10"


@pytest.fixture
def admin() -> User:
    return User.objects.create(username="admin", is_staff=True, is_superuser=True, password=make_password(RIGHT))


def log_in(password: str, name: str = "admin", address: str = HERE) -> Any:
    return Client(REMOTE_ADDR=address).post(LOGIN, {"username": name, "password": password, "next": "/admin/"})


def fail(times: int = 5, name: str = "admin", address: str = HERE) -> None:
    for _ in range(times):
        assert log_in(WRONG, name, address).status_code == 200


def test_after_five_wrong_passwords_the_right_one_has_to_wait_as_well(admin: User) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        fail()
        refused = log_in(RIGHT)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "300"
    assert "Try again in 5 minutes" in refused.content.decode()
    assert "sessionid" not in refused.cookies


def test_a_login_from_elsewhere_or_as_another_user_does_not_wait(admin: User) -> None:
    fail()
    assert log_in(RIGHT, address=THERE).status_code == 302
    assert log_in(WRONG, name="olga").status_code == 200
    assert log_in(RIGHT).status_code == 429, "a login from elsewhere helps no one who guesses here"


def test_the_wait_ends_when_the_failures_are_old_and_does_not_grow_by_trying(admin: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fail()
        clock.shift(timedelta(seconds=200))
        for _ in range(3):
            assert log_in(RIGHT)["Retry-After"] == "100"
        clock.shift(timedelta(seconds=101))
        assert log_in(RIGHT).status_code == 302
        assert not Attempt.objects.exists()


def test_a_right_password_takes_back_the_wrong_ones(admin: User) -> None:
    for _ in range(3):
        fail(times=4)
        assert log_in(RIGHT).status_code == 302


def test_one_address_that_tries_many_names_is_stopped_too(admin: User) -> None:
    for number in range(10):
        fail(name=f"user{number}")
    assert log_in(WRONG, name="one-more").status_code == 429
    assert log_in(RIGHT).status_code == 429
    assert log_in(RIGHT, address=THERE).status_code == 302


@pytest.mark.parametrize("variant", [" admin ", "ａdmin"])
def test_another_spelling_is_the_same_name(admin: User, variant: str) -> None:
    fail()
    assert log_in(RIGHT, name=variant).status_code == 429


def test_a_form_without_a_password_is_no_guess(admin: User) -> None:
    for _ in range(20):
        assert log_in("").status_code == 200
    assert log_in(RIGHT).status_code == 302


def test_the_old_password_cannot_be_guessed_at_an_open_session(admin: User) -> None:
    client = Client(REMOTE_ADDR=HERE)
    client.force_login(admin)
    new = {"new_password1": "a-better-one-9", "new_password2": "a-better-one-9"}
    for _ in range(5):
        assert client.post(CHANGE, {"old_password": WRONG, **new}).status_code == 200
    assert client.post(CHANGE, {"old_password": RIGHT, **new}).status_code == 429
    assert log_in(RIGHT, address=THERE).status_code == 302


def test_a_new_password_that_does_not_do_is_no_guess(admin: User) -> None:
    client = Client(REMOTE_ADDR=HERE)
    client.force_login(admin)
    for _ in range(6):
        answer = client.post(CHANGE, {"old_password": RIGHT, "new_password1": "a", "new_password2": "b"})
        assert answer.status_code == 200
    new = {"new_password1": "a-better-one-9", "new_password2": "a-better-one-9"}
    assert client.post(CHANGE, {"old_password": RIGHT, **new}).status_code == 302


def test_the_limit_may_be_another_or_none(admin: User, settings: Any) -> None:
    settings.LOGIN_FAILURE_LIMIT = 1
    fail(times=1)
    assert log_in(RIGHT).status_code == 429
    settings.LOGIN_FAILURE_LIMIT = 0
    fail(times=12)
    assert log_in(RIGHT).status_code == 302


def test_the_audit_says_once_who_is_refused_and_the_log_each_failure(
    admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "records.logins"):
        fail()
        for _ in range(3):
            log_in(RIGHT)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action) == ("web", "login refused")
    assert entry.reason == "5 failed logins as admin from 192.0.2.9 within 5 minutes"
    assert [record.getMessage() for record in caplog.records if record.name.startswith("records.")] == [
        *["login failed as admin"] * 5,
        f"no more logins from there for now: {entry.reason}",
    ]


def test_what_was_typed_is_kept_nowhere(admin: User, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        log_in(WRONG, name="Plantedinthewrongfield")
    assert "with an unknown name" in AuditEntry.objects.get().reason
    kept = caplog.text + repr([*Attempt.objects.values(), *AuditEntry.objects.values()])
    assert "Planted" not in kept


def test_attempts_that_no_longer_count_are_forgotten(admin: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fail(times=3)
        clock.shift(timedelta(minutes=6))
        fail(times=1, name="olga", address=THERE)
        assert Attempt.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "unknown"),
    ],
)
def test_an_address_counts_as_all_that_its_owner_can_choose_from(address: str, place: str) -> None:
    assert find_network(address) == place
