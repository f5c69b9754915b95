"""``python -m tests.bench.backups``: how long a backup of 10,000 rows takes, out and in; fails above 2 s a step.

``--postgres`` asks a throw-away PostgreSQL instead of SQLite.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from catalyst.bootstrap import WEB_SETTINGS, use_settings
from tests.postgres import postgres

LIMIT = 2.0
RECORDS, ENTRIES = 8000, 2000

T = TypeVar("T")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backups", description=__doc__)
    parser.add_argument("--postgres", action="store_true")
    if parser.parse_args().postgres:
        with postgres() as url:
            return measure_database(url)
    with tempfile.TemporaryDirectory() as folder:
        return measure_database(f"sqlite:///{Path(folder) / 'db.sqlite3'}")


def measure_database(url: str) -> int:
    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("SECRET_KEY", "the bench's own, of no worth anywhere else")
    use_settings(WEB_SETTINGS)
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    try:
        return max(measure_form(form) for form in ("yaml", "json", "csv"))
    finally:
        connection.close()


def measure_form(form: str) -> int:
    from django.conf import settings

    from records.exchange import apply_import, plan_import, read_backup, write_export
    from records.models import CustomEntry, ManagedRecord

    zone = settings.MANAGED.scope.zones[0]
    ManagedRecord.objects.all().delete()
    CustomEntry.objects.all().delete()
    ManagedRecord.objects.bulk_create(make_record(zone, number) for number in range(RECORDS))
    CustomEntry.objects.bulk_create(
        CustomEntry(name=f"entry-{number}.{zone}", type="TXT", values=["a: text, of words"], owner="anna")
        for number in range(ENTRIES)
    )
    text, *spent = take_time(lambda: "".join(write_export(form)))
    ManagedRecord.objects.all().delete()
    CustomEntry.objects.all().delete()
    backup, reading = take_time(lambda: read_backup(text, form))
    counts, writing = take_time(lambda: apply_import(plan_import(backup), "bench"))
    assert counts == {"records": RECORDS, "entries_created": ENTRIES, "entries_updated": 0, "unchanged": 0}
    spent += [reading, writing]
    print(f"{form}: export {spent[0]:.2f} s, reading {reading:.2f} s, import {writing:.2f} s")
    return int(max(spent) > LIMIT)


def make_record(zone: str, number: int) -> object:
    from records.models import ManagedRecord

    origins = [f"{kind}/apps/app-{number}" for kind in ("Ingress", "HTTPRoute")]
    return ManagedRecord(
        zone=zone,
        name=f"app-{number}.{zone}",
        type="A",
        values=[f"10.0.{number >> 8}.{number & 255}"],
        ttl=60,
        owned=True,
        state="synced",
        origin=origins[0],
        claimants=origins,
    )


def take_time(work: Callable[[], T]) -> tuple[T, float]:
    started = time.monotonic()
    result = work()
    return result, time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
