# ruff: noqa: N999  (the command's name, which Django finds by this file)
"""``catalyst-dns-sync create-token USER --days 90``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from records.api.access import make_token


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # noqa: RUF012
    help = "Make a token for the REST API with the rights of the user, and print it. Only its hash is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user")
        parser.add_argument("--name", default="", help="what the audit and the list of tokens call it, such as ci")
        parser.add_argument("--days", type=int, default=90, help="how long it lasts (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= 3650:
            raise CommandError("--days: give 1 to 3650")
        user = get_user_model().objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"there is no active user {options['user']}: make one in the admin, with a role")
        if len(options["name"]) > 60:
            raise CommandError("--name: give at most 60 characters")
        kept, token = make_token(user, options["days"], options["name"])
        called = f"{options['name']}, " if options["name"] else ""
        self.stderr.write(f"{called}for {user}, until {kept.expiry:%Y-%m-%d %H:%M} UTC; it is shown only once:")
        self.stdout.write(token)
