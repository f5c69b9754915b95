# ruff: noqa: N999  (the command's name, which Django finds by this file)
"""``catalyst-dns-sync resume-writes``."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from records import operations
from records.freezes import current_freezes


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # noqa: RUF012
    help = "End what hold-writes began: what has waited is compared and written, as one plan."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--zone", default="", help="only the hold of this one (default: all there are)")

        parser.add_argument("--target", default="", help="only the hold of this one (default: of each)")

    def handle(self, *args: Any, **options: Any) -> None:
        zone: str = options["zone"]
        held = current_freezes()
        target: str = options["target"]
        freezes = [row for row in held if zone in ("", row.zone) and target in ("", row.target)]
        of_all = next((row for row in held if row.zone in ("", zone) and row.target in ("", target)), None)
        if not freezes and of_all:
            raise CommandError(
                f"{zone or target} has no hold of its own; {of_all.freeze}: resume-writes without"
                f" {' and '.join(f'--{it}' for it in ('zone', 'target') if options[it])} ends that"
            )
        if not freezes:
            raise CommandError(f"no writes to {zone or 'any zone'}{target and f' on {target}'} are held")
        for row in freezes:
            try:
                operations.resume_writes(f"{getpass.getuser()} (command)", row)
            except ValidationError as error:  # someone was quicker
                raise CommandError(" ".join(error.messages)) from error
            self.stdout.write(f"writes to {row.zone or 'every zone'}{row.target and f' on {row.target}'} are resumed")
