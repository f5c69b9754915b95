"""``catalyst-dns-sync export > dns-backup.yaml``."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from records.exchange import FORMS, write_export


class Command(BaseCommand):
    help = "Write the records that we own and the custom entries to standard output."
    requires_system_checks: list[str] = []  # noqa: RUF012

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=FORMS, default="yaml", help="default: %(default)s")

        parser.add_argument("--target", default="", help="only what is there, of several (default: each)")

    def handle(self, *args: Any, **options: Any) -> None:
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        try:
            pieces = write_export(options["format"], target=options["target"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        for piece in pieces:
            sys.stdout.write(piece)
