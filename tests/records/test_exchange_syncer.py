"""A lost database, a backup, and the zone as it was: the syncer finds nothing to do."""

from __future__ import annotations

import pytest

from records.exchange import apply_import, plan_import, read_backup, write_export
from records.models import CustomEntry, ManagedRecord, Source, SyncRequest
from syncer.core.known import RecordState
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import Engine


def restart_with(engine: Engine, backup: str) -> None:
    for model in (ManagedRecord, CustomEntry, Source, SyncRequest):
        model.objects.all().delete()
    engine.start()
    apply_import(plan_import(read_backup(backup)), "anna")
    engine.settle()


@pytest.mark.django_db
def test_after_a_restore_the_syncer_writes_nothing_but_the_marks_of_entries(technitium: ServerUnderTest) -> None:
    """An entry that is made anew has another number, which its mark names."""
    engine = Engine(technitium)
    engine.put("grafana", ttl="60")
    engine.put("blog", target="10.0.0.1,fd00::1")
    CustomEntry.objects.create(name="blog.talos00", type="A", values=["10.0.0.7"], mode="override", ttl=77)
    CustomEntry.objects.create(name="mail.talos00", type="MX", values=["10 mx.talos00"])
    CustomEntry.objects.create(name="grafana.talos00", mode="block", enabled=False)
    engine.settle()
    engine.full()
    before, serial = technitium.rows("talos00"), technitium.serial("talos00")
    assert len(before) == 3
    rows = list(ManagedRecord.objects.order_by("name").values_list("name", "values", "origin", "claimants"))

    restart_with(engine, "".join(write_export("yaml")))

    assert [row[:4] for row in technitium.rows("talos00")] == [row[:4] for row in before]
    moved = [row[4] for row, old in zip(technitium.rows("talos00"), before, strict=True) if row != old]
    assert all(mark.startswith("catalyst-dns-sync/default CustomEntry//") for mark in moved)
    assert technitium.serial("talos00") == serial + len(moved)
    engine.full()
    assert technitium.serial("talos00") == serial + len(moved)
    assert set(ManagedRecord.objects.values_list("state", flat=True)) == {RecordState.SYNCED}
    after = list(ManagedRecord.objects.order_by("name").values_list("name", "values", "origin", "claimants"))
    assert [(name, values, origin.partition("/")[0]) for name, values, origin, _ in after] == [
        (name, values, origin.partition("/")[0]) for name, values, origin, _ in rows
    ]
    engine.close()


@pytest.mark.django_db
def test_an_old_backup_puts_nothing_back_and_takes_away_what_is_no_longer_wanted(technitium: ServerUnderTest) -> None:
    engine = Engine(technitium)
    engine.put("grafana", target="10.0.0.1")
    engine.put("old")
    engine.settle()
    backup = "".join(write_export("yaml"))
    engine.put("grafana", target="10.0.0.2")
    engine.settle()
    engine.objects = {key: value for key, value in engine.objects.items() if key[2] != "old"}

    restart_with(engine, backup)
    engine.settle(5)

    assert [row[:4] for row in technitium.rows("talos00")] == [("grafana.talos00", "A", 300, "10.0.0.2")]
    assert list(ManagedRecord.objects.values_list("name", "values")) == [("grafana.talos00", ["10.0.0.2"])]
    engine.close()
