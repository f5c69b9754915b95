"""The console script. Each command loads what it needs and no more: the syncer never pays for the web."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured

from catalyst import __version__
from catalyst.bootstrap import WEB_SETTINGS, WORKER_SETTINGS, explain_database_errors, use_settings

USAGE = """\
Keeps DNS records in step with the objects of a Kubernetes cluster that name hosts.

  catalyst-dns-sync up [--dev]       database, syncer, web and background tasks under one parent; see its --help
  catalyst-dns-sync demo             all of it beside two servers of its own, with a story; no login, this machine alone
  catalyst-dns-sync runsyncer        the syncer; --dev-mode, --once, --dry-run and more: see its --help
  catalyst-dns-sync web              the dashboard, the admin and the API, on WEB_BIND_ADDRESS
  catalyst-dns-sync prepare          bring the database up to date, make the first admin user
  catalyst-dns-sync changepassword   of a user
  catalyst-dns-sync create-token     for the REST API: USER --days 90
  catalyst-dns-sync doctor           look at the whole set-up, without changing anything, and say what to do
  catalyst-dns-sync health [WHAT]    whether what this container runs is alive; or a command, or a URL
  catalyst-dns-sync preview PATH...  the records that manifests would give, as JSON; - is standard input
  catalyst-dns-sync explain NAME     why a name is or is not in DNS; --json
  catalyst-dns-sync hold-writes      write nothing for a while: --minutes 10; resume-writes ends it
  catalyst-dns-sync export           what is managed, as YAML; --format json, csv, bind or gatus
  catalyst-dns-sync import           the same back from standard input; --dry-run says what it would do
  catalyst-dns-sync qcluster         the background tasks
  catalyst-dns-sync manage ...       any other command of Django; "manage help" lists them
  catalyst-dns-sync --version

Settings come from environment variables: docs/configuration.md.
"""
PRIVATE = 0o077
"""The umask: only the owner may read the files that we make, one of which holds sessions and digests of tokens."""


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 1 for settings that are wrong, with one sentence for each on standard error."""
    os.umask(PRIVATE)
    args = list(sys.argv[1:] if argv is None else argv)
    command, rest = (args[0], args[1:]) if args else ("help", [])
    try:
        match command:
            case "help" | "-h" | "--help":
                print(USAGE, end="")
            case "--version" | "version":
                print(f"catalyst-dns-sync {__version__}")
            case "up":
                from catalyst.up import run_up

                return run_up(rest)
            case "demo":
                from catalyst.demo.command import run_demo

                return run_demo(rest)
            case "web":
                from catalyst.serve import run_web

                run_web(rest)
            case "preview":
                from catalyst.preview import run_preview

                return run_preview(rest)
            case "health":
                from catalyst.probe import probe_health

                text, healthy = probe_health(rest)
                print(text)
                return 0 if healthy else 1
            case "qcluster":
                from catalyst.background import run_tasks

                run_tasks(args)
            case "doctor":
                from catalyst.doctor import run_doctor

                return run_doctor(rest)
            case "prepare":
                from catalyst.prepare import run_prepare

                run_prepare(rest)
            case "manage":
                return run_django(rest)
            case _:
                return run_django(args)
    except ImproperlyConfigured as error:
        print_errors(error)
        return 1
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def run_django(argv: Sequence[str]) -> int:
    """Django's commands. The syncer among them has smaller settings, and imports less."""
    os.umask(PRIVATE)
    is_syncer = argv[:1] == ["runsyncer"]
    if is_syncer:
        from catalyst.lean import postpone_imports, restart_sparing

        restart_sparing(argv)
        postpone_imports()
    from django.core.management.base import CommandError

    try:
        if is_syncer:
            from catalyst.lean import load_syncer, run_syncer

            use_settings(WORKER_SETTINGS, argv)
            load_syncer(argv)
            with explain_database_errors():
                run_syncer(raise_command_errors(argv))
        else:
            from django.core.management import execute_from_command_line

            use_settings(WEB_SETTINGS, argv)
            with explain_database_errors():
                execute_from_command_line(["catalyst-dns-sync", *raise_command_errors(argv)])
    except ImproperlyConfigured as error:
        print_errors(error)
        return 1
    except CommandError as error:
        if "--traceback" in argv:
            raise
        print(f"error: {str(error).removeprefix('SystemCheckError: ')}", file=sys.stderr)
        return error.returncode
    return 0


def print_errors(error: ImproperlyConfigured) -> None:
    from catalyst.settings.environment import list_sentences

    for sentence in list_sentences(error):
        print(f"error: {sentence}", file=sys.stderr)


def raise_command_errors(argv: Sequence[str]) -> list[str]:
    """With the option that makes Django raise a ``CommandError``, which it would print under the name of its class."""
    if not argv or argv[0].startswith("-"):
        return list(argv)
    return [argv[0], "--traceback", *argv[1:]]


if __name__ == "__main__":
    sys.exit(main())
