# ruff: noqa: N999  (the command's name, which Django finds by this file)
"""``catalyst-dns-sync import < dns-backup.yaml``."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from records.exchange import BackupError, apply_import, plan_import, read_backup
from records.exchange.shape import BACKUP_LIMITS, IMPORTABLE
from syncer.documents.limits import DocumentError, decode_text


class Command(BaseCommand):
    help = "Take back an export: ownership of records, and custom entries. All or nothing; what it does not name stays."
    requires_system_checks: list[str] = []  # noqa: RUF012

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", default="-", help="default: standard input")
        detected = "default: detected from the beginning of the file"
        parser.add_argument("--format", choices=IMPORTABLE, default="", help=detected)
        known = "for what the file gives no target (default: the first that manages the name)"
        parser.add_argument("--target", default="", help=known)
        parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            backup = read_backup(_read_text(options["file"]), options["format"], options["target"])
            plan = plan_import(backup)
            if not options["dry_run"]:
                apply_import(plan, f"{getpass.getuser()} (command)", self._show_progress)
        except BackupError as error:
            raise CommandError(f"nothing was imported:\n{error}") from error
        if options["dry_run"]:
            sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
            for line in plan.list_changes():
                self.stdout.write(line)
        self.stderr.write(f"{'would import' if options['dry_run'] else 'imported'}: {plan.summary}")
        if advice := plan.advice:
            self.stderr.write(advice)

    def _show_progress(self, done: int, total: int) -> None:
        if total > 1000 and sys.stderr.isatty():
            self.stderr.write(f"\r{done} of {total}", ending="" if done < total else "\n")


def _read_text(path: str) -> str:
    try:
        if path == "-":
            data = sys.stdin.buffer.read(BACKUP_LIMITS.size + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(BACKUP_LIMITS.size + 1)
        return decode_text(data, BACKUP_LIMITS)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except DocumentError as error:
        raise CommandError(f"{path}: {error}") from error
