"""What stands before the first request: a migrated database, and somebody who can log in."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import IntegrityError, transaction

NAME = "admin"
RESET = "catalyst-dns-sync changepassword"


def prepare() -> str:
    """Safe to run at every start, by several processes at once. Returns what to tell the person who started it."""
    call_command("migrate", verbosity=0, interactive=False)
    return ensure_admin()


def ensure_admin() -> str:
    """A generated password is in the returned text and nowhere else."""
    users = get_user_model()._default_manager
    if existing := users.filter(is_superuser=True, is_active=True).order_by("pk").first():
        return exists(existing.get_username())
    password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(15)
    try:
        with transaction.atomic():
            users.create_superuser(NAME, password=password)
    except IntegrityError:
        if users.filter(username=NAME, is_superuser=True, is_active=True).exists():  # another process was quicker
            return exists(NAME)
        return f"no admin was made: {NAME} is an ordinary user; make one with catalyst-dns-sync createsuperuser"
    shown = "as ADMIN_PASSWORD says" if settings.ADMIN_PASSWORD else password
    return framed(f"user      {NAME}", f"password  {shown}", "", f"shown this once; reset with {RESET} {NAME}")


def exists(name: str) -> str:
    return f"admin exists ({name}); reset with {RESET} {name}"


def framed(*lines: str) -> str:
    width = max(map(len, lines))
    edge = f"+{'-' * (width + 4)}+"
    return "\n".join((edge, *(f"|  {line:<{width}}  |" for line in lines), edge))
