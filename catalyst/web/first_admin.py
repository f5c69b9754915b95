"""The first user, who can make the others."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from catalyst.invocation import spell_command

NAME = "admin"


def ensure_admin() -> str:
    """Makes the user where no administrator exists, and says so. A generated password is in the returned text and
    nowhere else."""
    users = get_user_model()._default_manager
    if existing := users.filter(is_superuser=True, is_active=True).order_by("pk").first():
        return describe_existing(existing.get_username())
    password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(15)
    try:
        with transaction.atomic():
            users.create_superuser(NAME, password=password)
    except IntegrityError:
        if users.filter(username=NAME, is_superuser=True, is_active=True).exists():  # another process was quicker
            return describe_existing(NAME)
        return f"no admin was made: {NAME} is an ordinary user; make one with {spell_command()} createsuperuser"
    shown = "as ADMIN_PASSWORD says" if settings.ADMIN_PASSWORD else password
    return draw_frame(f"user      {NAME}", f"password  {shown}", "", f"shown this once; {explain_reset(NAME)}")


def describe_existing(name: str) -> str:
    return f"admin exists ({name}); {explain_reset(name)}"


def explain_reset(name: str) -> str:
    return f"reset with {spell_command()} changepassword {name}"


def draw_frame(*lines: str) -> str:
    width = max(map(len, lines))
    edge = f"+{'-' * (width + 4)}+"
    return "\n".join((edge, *(f"|  {line:<{width}}  |" for line in lines), edge))
