"""What a database says when it cannot do what was asked, in one wording for ledger, API, probes and commands."""

from __future__ import annotations

import functools
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connection
from django.db.utils import DatabaseError, Error, InterfaceError, OperationalError

from syncer.ledger import LedgerError
from syncer.redaction import REDACTION

P = ParamSpec("P")
T = TypeVar("T")

PROGRAM = "catalyst-dns-sync"

_SCHEMA_MISSING = re.compile(r"no such (table|column)|no column named|(relation|column) .* does not exist")
"""Of SQLite and PostgreSQL. A database or a role that "does not exist" lacks no table: no migration helps there."""

_DISK_FULL = re.compile(r"database or disk is full|No space left on device")
"""Of SQLite and PostgreSQL."""
DISK_FULL = "the disk of the database is full: make room; until then nothing is written, and what is in DNS stays"
LEAST_FREE = 1 << 16
"""Bytes without which SQLite cannot write."""

_PREFIX = re.compile(r"connection to server at .*? failed: (?=FATAL)")
"""Of what the server itself says; a client that waits in Python (``records.database_waits``) leaves it out."""


def lacks_schema(error: Exception) -> bool:
    """Whether the database is there and lacks a table or column that this version needs."""
    return isinstance(error, DatabaseError) and bool(_SCHEMA_MISSING.search(str(error)))


def is_absent(error: Exception) -> bool:
    """Whether the database cannot be reached, is locked or ran into a limit: the same may succeed later.

    ``InterfaceError``, which is no ``DatabaseError``, is what psycopg2 raises for each further statement on a
    connection that broke.
    """
    return isinstance(error, (OperationalError, InterfaceError)) and not lacks_schema(error)


def is_full(error: Exception) -> bool:
    """SQLite has another word where there is no room for the files that it opens beside the database's own."""
    if not isinstance(error, OperationalError):
        return False
    return bool(_DISK_FULL.search(str(error))) or ("disk I/O error" in str(error) and find_full_disk() != "")


def find_full_disk() -> str:
    """``DISK_FULL`` where nothing can be written to a database that is a file of ours, "" where it can."""
    file = Path(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or not file.exists():
        return ""
    return DISK_FULL if shutil.disk_usage(file.parent).free < LEAST_FREE else ""


def describe_error(error: Exception) -> str:
    """What the database said, as a sentence part without secrets; locks and limits without the server's own terms."""
    text = " ".join(str(error).split()) or type(error).__name__
    if "lock timeout" in text:
        return "another connection holds a lock on what is needed, and did not let go of it in time"
    if "statement timeout" in text:
        return "it took too long over a statement"
    if "unable to open database file" in text:
        return f"{text}: its folder must be there, and this user may write to it"
    text = text.partition(" This probably means")[0]  # PostgreSQL's client guesses at why a connection was closed
    return REDACTION.redact_text(_PREFIX.sub("", text))


def give_advice(error: Exception, program: str = PROGRAM) -> str:
    """What is wrong and what to do, as a sentence without its full stop; "" for what is no trouble of the database
    itself but a mistake in a statement. ``program``: as whoever reads it would start it."""
    if lacks_schema(error):
        return f"the database lacks what this version needs ({describe_error(error)}): run {program} prepare"
    if is_full(error):
        return DISK_FULL
    if is_absent(error):
        return f"the database does not answer: {describe_error(error)} (see DATABASE_URL)"
    return ""


def explain_error(error: Exception) -> str:
    """``give_advice``, or what the database refuses."""
    return give_advice(error) or f"the database refuses: {describe_error(error)}"


def translate_errors(method: Callable[P, T]) -> Callable[P, T]:
    """Turn what the database throws into a LedgerError that says what to do; the next call gets a new connection."""

    @functools.wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except Error as error:
            close_old_connections()
            raise LedgerError(explain_error(error)) from error

    return wrapper
