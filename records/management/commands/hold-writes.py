# ruff: noqa: N999  (the command's name, which Django finds by this file)
"""``catalyst-dns-sync hold-writes --minutes 10``."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from records import operations


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # noqa: RUF012
    help = "Write nothing to DNS for a while. What changes meanwhile is one plan when that ends."

    def add_arguments(self, parser: CommandParser) -> None:
        length = parser.add_mutually_exclusive_group(required=True)
        length.add_argument("--minutes", type=int, help="for so long")
        length.add_argument("--until-resumed", action="store_true", help="until resume-writes")
        parser.add_argument("--zone", default="", help="only this one (default: every zone)")
        parser.add_argument("--target", default="", help="only there, of several (default: each)")
        parser.add_argument("--reason", default="", help="what the pages and the audit say")

    def handle(self, *args: Any, **options: Any) -> None:
        minutes: int | None = options["minutes"]
        try:
            length = None if minutes is None else timedelta(minutes=minutes)
            freeze = operations.hold_writes(
                f"{getpass.getuser()} (command)", length, options["zone"], options["reason"], options["target"]
            )
        except OverflowError as error:
            raise CommandError("--minutes: that is longer than anything lasts") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(str(freeze.freeze))
