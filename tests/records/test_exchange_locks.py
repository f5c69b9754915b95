"""An import beside people who edit entries and a syncer that claims records, on a server where all of them write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from records.exchange import apply_import, plan_import
from records.exchange.shape import Backup, BackupEntry, BackupRecord
from records.ledger import DatabaseLedger
from records.models import AuditEntry, CustomEntry, ManagedRecord
from syncer.core.claims import Decision
from syncer.core.plan import Change, Op
from syncer.core.rrsets import RRset
from tests.records.api.conftest import client_for

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = [f"app-{number}.talos00" for number in range(1000)]
EDITED = NAMES[::100]
CLAIMED_LATE = NAMES[500:600]
BACKUP = Backup(
    tuple(BackupRecord("talos00", name, "A", ("10.0.0.1",), 60, f"Ingress/a/{name}", ()) for name in NAMES),
    tuple(BackupEntry(name, "TXT", ("of the backup",), 60, "publish", True, "", "", None) for name in NAMES),
)


@pytest.fixture(autouse=True)
def on_a_server() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time")


@pytest.fixture
def client(settings: Any) -> APIClient:
    settings.API_RATE_LIMIT = 0
    return client_for("admin")


def closing(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connection.close()


def wait_until(holds: Callable[[], bool]) -> None:
    """The time limit of the test ends the wait."""
    while not holds():
        time.sleep(0.01)


def count_waiting(table: str) -> int:
    """Transactions of other connections that wait for a lock on the table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass", [table])
        return int(cursor.fetchone()[0])


def test_edits_and_claims_while_an_import_runs_are_neither_lost_nor_in_its_way(client: APIClient) -> None:
    answers: list[tuple[int, str, str]] = []
    written, stop, versions = threading.Event(), threading.Event(), count()

    def put(version: int) -> None:
        name, text = EDITED[version % len(EDITED)], f"version {version}"
        answer = client.put(f"/api/v1/entries/{name}/TXT", {"values": [text]}, format="json")
        answers.append((answer.status_code, name, text))

    def edit() -> None:
        while not stop.is_set():
            put(next(versions))

    def claim() -> None:
        ledger = DatabaseLedger().zone("default", "talos00")
        while not stop.is_set():
            for names in (NAMES[:300], NAMES[:300][::-1]):
                ledger.claim_changes([claimed(name) for name in names])

    def claim_late() -> None:
        written.wait()
        if not stop.is_set():
            DatabaseLedger().zone("default", "talos00").claim_changes([claimed(name) for name in CLAIMED_LATE])

    def wait_for_others(done: int, total: int) -> None:
        if done == 1000:  # the entries are written, the records compared
            written.set()
            wait_until(
                lambda: count_waiting("records_customentry") >= 1 and count_waiting("records_managedrecord") >= 2
            )

    for _ in EDITED:
        put(next(versions))
    with ThreadPoolExecutor(5) as threads:
        work = [threads.submit(closing, task) for task in (edit, edit, edit, claim, claim_late)]
        try:
            wait_until(lambda: len(answers) > len(EDITED) and ManagedRecord.objects.exists())
            counts = apply_import(plan_import(BACKUP), "anna", wait_for_others)
            before = len(answers)
            wait_until(lambda: {name for _, name, _ in answers[before:]} == set(EDITED))
        finally:
            stop.set()
            written.set()
        for task in work:
            task.result()

    assert (counts["entries_created"], counts["entries_updated"]) == (len(NAMES) - len(EDITED), len(EDITED))
    assert {status for status, _, _ in answers} <= {200, 201}
    held = dict(CustomEntry.objects.filter(name__in=EDITED).values_list("name", "values__0"))
    for name in EDITED:
        audit = list(AuditEntry.objects.filter(name=name, type="TXT").order_by("id").values_list("before", "after"))
        assert [before for before, _ in audit] == [None, *(after for _, after in audit[:-1])]
        assert audit[-1][1]["values"] == [held[name]]
        assert held[name] in [text for _, edited, text in answers[before:] if edited == name]
    owned = ManagedRecord.objects.filter(owned=True)
    assert owned.count() == len(NAMES)
    assert set(owned.filter(name__in=CLAIMED_LATE).values_list("origin", flat=True)) == {"Ingress/b/x"}


def claimed(name: str) -> tuple[Decision, Change]:
    rrset = RRset(name, "A", 60, ("10.0.0.2",))
    return Decision(name, (rrset,), "Ingress/b/x", ("Ingress/b/x",)), Change(Op.CREATE, None, rrset, "")
