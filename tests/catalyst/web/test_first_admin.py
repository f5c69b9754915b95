"""The user that the first start makes."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from pytest_django import Settings

from catalyst.web.first_admin import ensure_admin


@pytest.mark.django_db
@pytest.mark.one_database
def test_the_admins_password_may_be_given(settings: Settings) -> None:
    settings.ADMIN_PASSWORD = "given-by-the-tests"
    assert "given-by-the-tests" not in ensure_admin()
    assert get_user_model().objects.get(username="admin").check_password("given-by-the-tests")
    assert ensure_admin().startswith("admin exists (admin)")


@pytest.mark.django_db
@pytest.mark.one_database
def test_an_ordinary_user_called_admin_stays_one(settings: Settings) -> None:
    get_user_model().objects.create_user("admin")
    assert "createsuperuser" in ensure_admin()
    assert not get_user_model().objects.get(username="admin").is_superuser
