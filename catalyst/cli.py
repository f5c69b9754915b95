"""The console script. Each command loads what it needs and no more: the syncer never pays for the web."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from django.core.exceptions import ImproperlyConfigured

from catalyst import __version__

USAGE = """\
Keeps DNS records in step with the Ingresses and routes of a Kubernetes cluster.

  catalyst-dns-sync up [--dev]       database, web and syncer under one parent
  catalyst-dns-sync runsyncer        the syncer; --dev-mode, --once, --dry-run and more: see its --help
  catalyst-dns-sync web              the admin, on WEB_BIND_ADDRESS
  catalyst-dns-sync prepare          bring the database up to date, make the first admin user
  catalyst-dns-sync changepassword   of a user
  catalyst-dns-sync create-token     for the REST API: USER --days 90
  catalyst-dns-sync doctor           look at the whole set-up, without changing anything, and say what to do
  catalyst-dns-sync health [URL]     whether the syncer of this machine is alive; the exit code says it too
  catalyst-dns-sync preview FILE...  the records that manifests would give, as JSON; - is standard input
  catalyst-dns-sync export           what is managed, as YAML; --format json, csv or bind
  catalyst-dns-sync import           the same back from standard input; --dry-run says what it would do
  catalyst-dns-sync qcluster         the background tasks
  catalyst-dns-sync manage ...       any other command of Django; "manage help" lists them
  catalyst-dns-sync --version

Settings come from environment variables: docs/configuration.md.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 1 for settings that are wrong, with one sentence on standard error."""
    args = list(sys.argv[1:] if argv is None else argv)
    command, rest = (args[0], args[1:]) if args else ("help", [])
    try:
        match command:
            case "help" | "-h" | "--help":
                print(USAGE, end="")
            case "--version" | "version":
                print(f"catalyst-dns-sync {__version__}")
            case "up":
                from catalyst.up import up

                return up(rest)
            case "web":
                web(rest)
            case "preview":
                from catalyst.preview import preview

                return preview(rest)
            case "health":
                from catalyst.probe import probe

                text, healthy = probe(rest)
                print(text)
                return 0 if healthy else 1
            case "doctor":
                from catalyst.doctor import doctor

                return doctor(rest)
            case "prepare":
                argparse.ArgumentParser("catalyst-dns-sync prepare").parse_args(rest)
                prepare()
            case "manage":
                return manage(rest)
            case _:
                return manage(args)
    except ImproperlyConfigured as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def manage(argv: Sequence[str]) -> int:
    """Django's commands, with the settings that fit."""
    from django.core.management import execute_from_command_line

    try:
        use_settings("catalyst.worker_settings" if argv[:1] == ["runsyncer"] else "catalyst.settings", argv)
        execute_from_command_line(["catalyst-dns-sync", *argv])
    except ImproperlyConfigured as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def use_settings(module: str, argv: Sequence[str] = ()) -> None:
    """Reads them at once: Django itself would go on without them and complain about something else."""
    if "--dev-mode" in argv and not os.environ.get("LOG_FORMAT"):  # noqa: TID251
        os.environ["LOG_FORMAT"] = "text"  # noqa: TID251
    import_module(os.environ.setdefault("DJANGO_SETTINGS_MODULE", module))  # noqa: TID251
    from catalyst.logs import log_crashes

    log_crashes()


def web(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser("catalyst-dns-sync web")
    parser.add_argument("--bind", metavar="HOST:PORT", help="instead of WEB_BIND_ADDRESS")
    options = parser.parse_args(argv)
    use_settings("catalyst.settings")

    import uvicorn
    from django.conf import settings

    from catalyst.asgi import application
    from syncer.httpd import CannotListen, parse_address

    host, port = parse_address(options.bind or settings.WEB_BIND_ADDRESS)
    if settings.WEB_METRICS_BIND_ADDRESS:
        from catalyst.web_metrics import serve

        try:
            serve(settings.WEB_METRICS_BIND_ADDRESS)
        except CannotListen as error:
            raise ImproperlyConfigured(str(error)) from error
    # Without a limit uvicorn waits for open streams for ever.
    uvicorn.run(application, host=host, port=port, log_config=None, lifespan="off", timeout_graceful_shutdown=3)


def prepare() -> None:
    use_settings("catalyst.settings")

    import django

    django.setup()
    from catalyst.prepare import prepare

    print(prepare())


if __name__ == "__main__":
    sys.exit(main())
