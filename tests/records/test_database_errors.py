"""What people are told when a database fails, whatever its client calls it."""

from __future__ import annotations

import pytest
from django.db.utils import InterfaceError, OperationalError, ProgrammingError

from records.database_errors import DISK_FULL, find_full_disk, give_advice, is_absent, translate_errors
from syncer.ledger import LedgerError

CLOSED = """server closed the connection unexpectedly
\tThis probably means the server terminated abnormally
\tbefore or while processing the request.
"""
UNKNOWN = 'connection to server at "192.0.2.1", port 5432 failed: FATAL:  database "dns" does not exist\n'
MISSING = 'relation "records_source" does not exist\nLINE 1: SELECT'


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OperationalError(CLOSED), "server closed the connection unexpectedly"),
        (InterfaceError("connection already closed"), "connection already closed"),
        (
            OperationalError(UNKNOWN),
            'FATAL: database "dns" does not exist',
        ),
        (OperationalError("database is locked"), "database is locked"),
        (
            OperationalError("canceling statement due to lock timeout\n"),
            "another connection holds a lock on what is needed, and did not let go of it in time",
        ),
        (
            OperationalError("canceling statement due to statement timeout\n"),
            "it took too long over a statement",
        ),
    ],
)
def test_a_database_that_may_come_back_is_told_in_one_line(error: Exception, said: str) -> None:
    assert is_absent(error)
    assert give_advice(error) == f"the database does not answer: {said} (see DATABASE_URL)"


@pytest.mark.parametrize(
    "said", ["database or disk is full", 'could not extend file "base/1/2": No space left on device\nHINT: Check free.']
)
def test_a_full_disk_is_told_as_one(said: str) -> None:
    assert give_advice(OperationalError(said)) == DISK_FULL


@pytest.mark.django_db
def test_a_disk_with_room_is_not_full() -> None:
    assert find_full_disk() == ""


def test_a_table_that_is_missing_does_not_come_back_by_itself() -> None:
    error = ProgrammingError(MISSING)
    assert not is_absent(error)
    assert give_advice(error).endswith("): run catalyst-dns-sync prepare")


@pytest.mark.django_db
def test_a_connection_that_broke_under_an_earlier_statement_is_an_error_of_the_ledger() -> None:
    @translate_errors
    def ask() -> None:
        raise InterfaceError("connection already closed")

    with pytest.raises(LedgerError, match="does not answer"):
        ask()
