"""The database: an SQLite file, or PostgreSQL by ``DATABASE_URL``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from catalyst.settings.environment import Environment

RIGHT = "give postgresql://user:password@host:5432/name or sqlite:////path/of/the/file"
SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"


def read_database(env: Environment, data_dir: Path) -> dict[str, Any]:
    """Django's entry for the database. Raises ``ImproperlyConfigured``, never with the password in its text."""
    url = env.read_secret("DATABASE_URL")
    wal = env.read_flag("SQLITE_WAL", True)
    parsed = env.parse_texts("DATABASE_URL", [url] if url else [], parse_url, RIGHT)
    database = parsed[0] if parsed else describe_file(data_dir)
    if not (url or env.read_only):
        make_folder(env, data_dir)
    if database["ENGINE"] == SQLITE:
        env.secrets.discard(url)  # a path, not a secret
        database["OPTIONS"] = make_sqlite_options(wal)
    elif password := database.get("PASSWORD"):
        env.secrets.update((password, unquote(password)))
    return database


def describe_file(folder: Path) -> dict[str, Any]:
    return {"ENGINE": SQLITE, "NAME": str(folder / "catalyst.sqlite3")}


def make_folder(env: Environment, path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        env.refuse(
            f'DATA_DIR is "{path}", which cannot be made ({error.strerror}): '
            "give a folder that this user may write to, or a database in DATABASE_URL."
        )


def parse_url(url: str) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about an unknown scheme, which is refused below
            scheme, database = urlsplit(url).scheme, environ.Env.db_url_config(url)
    except ValueError:
        scheme, database = "", {}
    if scheme not in ("sqlite", "postgres", "postgresql") or not database.get("NAME"):
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read (its value is not shown): {RIGHT}.")
    return {**database, "ENGINE": SQLITE} if scheme == "sqlite" else dict(database)


def set_limits(database: Mapping[str, Any], *, lock: int, statement: int) -> dict[str, Any]:
    """Limits how long PostgreSQL can make us wait: for a lock that another connection holds, for a statement (both in
    seconds), for a server that has gone without a word. SQLite has its own timeout. What DATABASE_URL says wins."""
    if database["ENGINE"] != POSTGRESQL:
        return dict(database)
    given = database.get("OPTIONS", {})
    limits = {"lock_timeout": lock, "statement_timeout": statement, "idle_in_transaction_session_timeout": 300}
    words = [f"-c {name}={seconds}s" for name, seconds in limits.items()]
    options = {
        "connect_timeout": 5,
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,  # milliseconds
        "gssencmode": "disable",  # or Kerberos is loaded, and asked for a ticket that no cluster gives: 0.6 MB
        **given,
        "options": " ".join([*words, given.get("options", "")]).rstrip(),
    }
    return {**database, "OPTIONS": options}


def make_sqlite_options(wal: bool) -> dict[str, Any]:
    """Measured with four writing processes: no "database is locked", and the most transactions a second.

    WAL needs a local or block volume: its shared memory does not work over NFS or SMB.
    """
    journal = "journal_mode=WAL;PRAGMA synchronous=NORMAL" if wal else "journal_mode=DELETE;PRAGMA synchronous=FULL"
    return {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": f"PRAGMA {journal};"}
