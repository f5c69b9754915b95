"""No entry is passed by that shows itself late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from records.audit_tail import AuditTail, find_writers, wait_settled
from records.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = "INSERT INTO records_auditentry (actor, action, target, zone, name, type, source, reason, correlation)"
LATE = f"{INSERT} VALUES ('x', 'created', '', '', %s, '', %s, '', '') RETURNING id"


@contextmanager
def transaction() -> Iterator[Any]:
    """Of another connection; it is rolled back at the end where it was not committed."""
    other = connection.copy()
    other.set_autocommit(False)
    try:
        yield other
    finally:
        other.rollback()
        other.close()


def write_entry(other: Any, name: str, source: str = "") -> int:
    with other.cursor() as cursor:
        cursor.execute(LATE, [name, source])
        return int(cursor.fetchone()[0])


def make_entry(name: str = "here") -> int:
    return AuditEntry.objects.create(actor="x", action="created", name=name).pk


@pytest.fixture
def _postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time")


def test_where_nobody_is_writing_it_goes_to_the_last() -> None:
    tail = AuditTail()
    assert tail.advance() == 0
    first = make_entry()
    assert tail.advance() == first
    last = [make_entry() for _ in range(3)][-1]
    assert tail.advance() == last
    assert not tail.is_waiting
    assert wait_settled(0, 5.0) == last
    assert wait_settled(last, 5.0, sleep=pytest.fail) == last


@pytest.mark.usefixtures("_postgresql")
def test_it_stays_before_a_number_that_is_still_to_come() -> None:
    tail = AuditTail(make_entry())
    start = tail.settled
    with transaction() as slow:
        early = write_entry(slow, "early")
        late = make_entry("late")
        assert early < late
        assert [tail.advance() for _ in range(3)] == [start] * 3
        assert wait_settled(start, 0.1) == start
        assert AuditEntry.objects.filter(id__gt=start).count() == 1, "the later one is there before the earlier one"
        slow.commit()
    assert tail.advance() == late
    assert list(AuditEntry.objects.filter(id__gt=start).order_by("id").values_list("name", flat=True)) == [
        "early",
        "late",
    ]


@pytest.mark.usefixtures("_postgresql")
def test_it_does_not_wait_for_who_began_later_and_goes_on_where_one_gave_up() -> None:
    tail = AuditTail(make_entry())
    start = tail.settled
    with transaction() as first, transaction() as second:
        write_entry(first, "never")
        last = make_entry()
        assert tail.advance() == start
        further = write_entry(second, "further")
        make_entry("beyond it")
        first.rollback()
        assert tail.advance() == last, "the second has no number up to that one"
        assert tail.advance() == last
        second.commit()
        assert tail.advance() > further


@pytest.mark.usefixtures("_postgresql")
def test_a_transaction_that_only_reads_is_not_waited_for() -> None:
    with transaction() as reader, reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_auditentry")
        assert find_writers() == frozenset()
        write_entry(reader, "x")
        assert len(find_writers()) == 1
