"""An import beside people who edit entries and a syncer that claims records, on a server where all of them write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from django.db import connection
from rest_framework.test import APIClient

from records.exchange import apply_import, plan_import
from records.exchange.shape import Backup, Entry, Record
from records.ledger import DatabaseLedger
from records.models import AuditEntry, CustomEntry, ManagedRecord
from syncer.core.claims import Decision
from syncer.core.plan import Change, Op
from syncer.core.rrsets import RRset
from tests.records.api.conftest import client_for

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = [f"app-{number}.talos00" for number in range(1000)]
EDITED = NAMES[::100]
BACKUP = Backup(
    tuple(Record("talos00", name, "A", ("10.0.0.1",), 60, f"Ingress/a/{name}", ()) for name in NAMES),
    tuple(Entry(name, "TXT", ("of the backup",), 60, "publish", True, "", "", None) for name in NAMES),
)


@pytest.fixture(autouse=True)
def on_a_server() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time")


@pytest.fixture
def client(settings: object) -> APIClient:
    settings.API_RATE_LIMIT = 0  # type: ignore[attr-defined]
    return client_for("admin")


def closing(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connection.close()


def test_edits_and_claims_while_an_import_runs_are_neither_lost_nor_in_its_way(client: APIClient) -> None:
    answers: list[tuple[float, int, str, str]] = []
    locked, stop, versions = threading.Event(), threading.Event(), count()

    def put(version: int) -> None:
        name, text = EDITED[version % len(EDITED)], f"version {version}"
        answer = client.put(f"/api/v1/entries/{name}/TXT", {"values": [text]}, format="json")
        answers.append((time.monotonic(), answer.status_code, name, text))

    def edit() -> None:
        while not stop.is_set():
            put(next(versions))

    def claim() -> None:
        ledger = DatabaseLedger()
        while not stop.is_set():
            for names in (NAMES[:300], NAMES[:300][::-1]):
                ledger.claim("talos00", [claimed(name) for name in names], "")

    def claim_late() -> None:
        locked.wait(20)
        DatabaseLedger().claim("talos00", [claimed(name) for name in NAMES[500:600]], "")

    def wait(done: int, total: int) -> None:
        if done == 1000:  # the entries are written, the records compared
            locked.set()
            time.sleep(0.5)

    for _ in EDITED:
        put(next(versions))
    with ThreadPoolExecutor(5) as threads:
        work = [threads.submit(closing, task) for task in (edit, edit, edit, claim, claim_late)]
        try:
            time.sleep(0.3)
            counts = apply_import(plan_import(BACKUP), "anna", wait)
            committed = time.monotonic()
            time.sleep(0.5)
        finally:
            stop.set()
        for task in work:
            task.result()

    assert (counts["entries_created"], counts["entries_updated"]) == (len(NAMES) - len(EDITED), len(EDITED))
    assert {status for _, status, _, _ in answers} <= {200, 201}
    held = dict(CustomEntry.objects.filter(name__in=EDITED).values_list("name", "values__0"))
    for name in EDITED:
        facts = list(AuditEntry.objects.filter(name=name, type="TXT").order_by("id").values_list("before", "after"))
        assert [before for before, _ in facts] == [None, *(after for _, after in facts[:-1])]
        written = [text for at, _, edited, text in answers if at > committed and edited == name]
        assert facts[-1][1]["values"] == [held[name]]
        assert held[name] in written
    owned = ManagedRecord.objects.filter(owned=True)
    assert owned.count() == len(NAMES)
    assert set(owned.filter(name__in=NAMES[500:600]).values_list("origin", flat=True)) == {"Ingress/b/x"}


def claimed(name: str) -> tuple[Decision, Change]:
    rrset = RRset(name, "A", 60, ("10.0.0.2",))
    return Decision(name, (rrset,), "Ingress/b/x", ("Ingress/b/x",)), Change(Op.CREATE, None, rrset, "")
