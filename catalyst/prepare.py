"""``catalyst-dns-sync prepare``: the database, and the first user."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from catalyst.bootstrap import (
    WEB_SETTINGS,
    add_mode_options,
    check_syncer,
    explain_database_errors,
    pick_mode,
    use_settings,
)
from catalyst.settings.environment import Environment

PREPARED = "prepared"
"""What ``--wait`` says when all but the first user is there."""


def run_prepare(argv: Sequence[str]) -> None:
    """Brings the database up to date, makes sure that someone can log in, and prints what the user should be told.

    Safe to run at every start, by several processes at once. Raises ``ImproperlyConfigured``.
    """
    options = parse_options(argv)
    with Environment.gathering():
        use_settings(WEB_SETTINGS)
        if options.with_syncer:
            check_syncer(pick_mode(options))

    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    from catalyst.web.first_admin import ensure_admin

    with explain_database_errors():
        call_command("migrate", verbosity=0, interactive=False)
        if options.wait:
            connection.close()
            print(PREPARED, flush=True)
            if not sys.stdin.readline():
                return  # the start failed: nobody would see the password
        print(ensure_admin(), flush=True)


def parse_options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("catalyst-dns-sync prepare")
    parser.add_argument("--with-syncer", action="store_true", help="check what the syncer alone needs to be set, too")
    waiting = f"say {PREPARED!r}, and make the first user after a line on standard input, as up does"
    parser.add_argument("--wait", action="store_true", help=waiting)
    add_mode_options(parser)
    return parser.parse_args(argv)
