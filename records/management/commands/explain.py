"""``catalyst-dns-sync explain NAME``: why a name is or is not in DNS, from what the syncer last reported."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from records.explain import explain_name
from records.search import host_of
from syncer.core.names import BadName


class Command(BaseCommand):
    help = "Why a name is or is not in DNS, from what the syncer last reported."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="in any spelling: also with a trailing dot, in Unicode, or as a URL")
        parser.add_argument("--target", default="", help="the one that is meant, where there are several")
        parser.add_argument("--json", action="store_true", help="the fields, as GET /api/v1/explain gives them")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = explain_name(host_of(options["name"]), options["target"])
        except BadName as error:
            raise CommandError(f"{options['name'][:300]!r} is no host name: {error}") from error
        self.stdout.write(json.dumps(answer, indent=2) if options["json"] else "\n".join(answer["sentences"]))
