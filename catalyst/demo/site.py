"""``python -m catalyst.demo.site``: the web of the demo, which asks for no login. The demo alone starts it."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from catalyst.bootstrap import WEB_SETTINGS, use_settings
from catalyst.demo.visitor import CSRF_COOKIE, LOCAL_HOSTS, SESSION_COOKIE, is_loopback
from catalyst.serve import serve_web
from catalyst.settings.environment import list_sentences
from syncer.httpd import parse_address

MARK = "demo.lock"
"""The file in DATA_DIR that a demo holds locked for as long as it runs."""


def run_site() -> None:
    """Runs until a signal. Raises ``ImproperlyConfigured``."""
    use_settings(WEB_SETTINGS)
    check_demo()
    admit_visitors()
    serve_web()


def check_demo() -> None:
    """Raises ``ImproperlyConfigured`` where the settings in use are not those that a running demo made. Each of these
    alone would do; no login is too much to let hang on one."""
    from django.conf import settings

    folder = Path(settings.DATA_DIR)
    if not is_held(folder / MARK):
        raise refuse_start(f"no demo runs on {folder}")
    if not is_loopback(parse_address(settings.WEB_BIND_ADDRESS)[0]):
        raise refuse_start(f"WEB_BIND_ADDRESS={settings.WEB_BIND_ADDRESS} is not an address of this machine alone")
    if not set(settings.ALLOWED_HOSTS) <= set(LOCAL_HOSTS):
        raise refuse_start(f"ALLOWED_HOSTS has other names than {', '.join(LOCAL_HOSTS)}")
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3") or Path(database["NAME"]).resolve().parent != folder.resolve():
        raise refuse_start("the database is not the demo's own")
    for server in os.environ.get("DNS_SERVER_URL", "").split(","):  # noqa: TID251
        if not is_loopback(urlsplit(server.strip()).hostname or ""):
            raise refuse_start("DNS_SERVER_URL is not the demo's own server")


def refuse_start(reason: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"no web without a login here: {reason}; catalyst-dns-sync demo starts it.")


def hold_mark(folder: Path) -> IO[str]:
    """To be kept open while the demo runs."""
    mark = (folder / MARK).open("w")
    fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return mark


def is_held(mark: Path) -> bool:
    try:
        with mark.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def admit_visitors() -> None:
    """In this process alone."""
    from django.conf import settings

    after = settings.MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1
    settings.MIDDLEWARE = [
        "catalyst.demo.visitor.DemoBanner",
        *settings.MIDDLEWARE[:after],
        "catalyst.demo.visitor.DemoVisitor",
        *settings.MIDDLEWARE[after:],
    ]
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = SESSION_COOKIE, CSRF_COOKIE


def main() -> int:
    os.umask(0o077)
    try:
        run_site()
    except ImproperlyConfigured as error:
        for sentence in list_sentences(error):
            print(f"error: {sentence}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
