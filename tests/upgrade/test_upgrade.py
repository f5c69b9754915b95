"""The database and the zone of the last release, opened by this version: nothing is deleted, nothing is rewritten."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.fakes.fixtures_technitium import FIELDS, ServerUnderTest
from tests.processes import Syncer, migrate, run, wait_until

RELEASE = Path(__file__).parent / "v0.1.0"
ZONE, ADDRESS = "home.lab", "192.0.2.54"

Rows = list[tuple[Any, ...]]

RENAMED = {"healed": "remediated"}
"""States of the last release under their names of today."""

REWORDED = (
    ("somebody else added", "someone added"),
    ("somebody else's", "a foreign"),
    ("somebody", "someone"),
    ("stands at this name", "is at this name"),
    ("a CNAME cannot stand", "a CNAME cannot be"),
    ("adopt it", "replace it"),
)
"""Likewise of its reasons."""


class Snapshot(NamedTuple):
    """What must be after the upgrade as it was before."""

    records: Rows
    entries: Rows
    sources: Rows
    findings: Rows
    plans: Rows
    audit: int


def query(database: Path, sql: str) -> Rows:
    connection = sqlite3.connect(database, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


RECORDS = """
select zone, name, type, "values", ttl, owned, state, reason, origin, claimants from records_managedrecord
order by zone, name, type
"""


STATES = {"synced", "drifted", "foreign", "conflict", "held", "failed"}
"""At least one record of the last release is in each."""

REFUSED = "the server refuses the TTL: it is above the SOA expire time of the zone"

KEPT = {
    f"*.routes.{ZONE}": "wildcard of a listener, and LISTENER_WILDCARDS is off",
    f"selected.{ZONE}": "Gateway infra/picky selects namespaces without a selector there, which admits none",
    f"blank.{ZONE}": "blanks inside the quotes, which match nothing in Traefik",
}
"""What the last release published and this one would not: it stays, with the reason."""

REASONS = "select name, state, reason from records_managedrecord where state = 'kept' order by name"

MOVED = "select target from records_auditentry where action = 'moved'"

TARGETS = "".join(
    f"select target from records_{table} union "
    for table in ("managedrecord", "managedzone", "driftfinding", "heldplan", "source")
).removesuffix(" union ")
"""Those of all that is of one target."""

FAILURES = f"select action, reason from records_auditentry where name = 'forever.{ZONE}' order by id"


def reword_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    texts = []
    for text in row:
        for old, new in REWORDED:
            text = text.replace(old, new) if isinstance(text, str) else text
        texts.append(text)
    return tuple(texts)


def read_plans(database: Path) -> list[tuple[str, str, list[list[str]]]]:
    """Zone, status and what each plan holds; from 0.2 on each delete has a row."""
    plans = query(database, "select id, zone, status from records_heldplan order by id")
    if query(database, "select 1 from sqlite_master where name = 'records_helddelete'"):
        rows = query(database, "select plan_id, name, type from records_helddelete order by name, type")
        return [(zone, status, [[n, t] for plan, n, t in rows if plan == key]) for key, zone, status in plans]
    held = dict(query(database, "select id, deletes from records_heldplan"))
    return [(zone, status, json.loads(held[key])) for key, zone, status in plans]


def look_at(database: Path) -> Snapshot:
    findings = query(database, "select zone, name, type, drift_type, status, expected, found from records_driftfinding")
    return Snapshot(
        [reword_row(row) for row in query(database, RECORDS)],
        query(database, 'select name, type, "values", ttl, mode, enabled, owner from records_customentry order by id'),
        query(database, 'select "group", kind, namespace, name from records_source order by namespace, name, kind'),
        sorted((*row[:4], RENAMED.get(row[4], row[4]), *row[5:]) for row in findings),
        read_plans(database),
        query(database, "select count(*) from records_auditentry")[0][0],
    )


def restore_zone(technitium: ServerUnderTest) -> None:
    """With the serial that the zone had: a lower one would say that the server had lost writes."""
    technitium.make_zone(ZONE)
    serial = 0
    for record in json.loads((RELEASE / "zone.json").read_text()):
        if record["type"] == "SOA":
            serial = record["rData"]["serial"]
        elif record["type"] != "NS":
            value = record["rData"][FIELDS[record["type"]]]
            technitium.add(record["name"], record["type"], value, record["ttl"], record.get("comments", ""))
    while technitium.serial(ZONE) < serial - 1:
        technitium.add(f"filler.{ZONE}", "A", "192.0.2.250")
        technitium.delete(f"filler.{ZONE}", "A", "192.0.2.250")
    if technitium.serial(ZONE) < serial:
        technitium.add(f"filler.{ZONE}", "A", "192.0.2.250")
    assert technitium.serial(ZONE) == serial


def restore_database(folder: Path) -> Path:
    path = folder / "catalyst.sqlite3"
    connection = sqlite3.connect(path)
    try:
        connection.executescript((RELEASE / "database.sql").read_text())
    finally:
        connection.close()
    return path


def name_server(technitium: ServerUnderTest) -> dict[str, str]:
    """As the last release did."""
    return {
        "DNS_SERVER_URL": technitium.url,
        "DNS_API_TOKEN": technitium.token,
        "DNS_ZONE": ZONE,
        "DNS_IP_ADDRESS": ADDRESS,
    }


def write_targets(folder: Path, technitium: ServerUnderTest) -> dict[str, str]:
    """A file of targets, in which the server has another name."""
    (folder / "token").write_text(technitium.token)
    target = {"name": "lan", "kind": "technitium", "servers": [technitium.url], "token_file": str(folder / "token")}
    target |= {"zones": [ZONE], "addresses": [ADDRESS], "was": "default"}
    (folder / "targets.yaml").write_text(yaml.safe_dump({"targets": [target]}))
    return {"TARGETS_FILE": str(folder / "targets.yaml")}


@pytest.mark.double_only
@pytest.mark.parametrize("target", ["default", "lan"])
def test_the_last_release_goes_on_without_a_delete_and_without_a_rewrite(
    tmp_path: Path, technitium: ServerUnderTest, target: str
) -> None:
    restore_zone(technitium)
    database = restore_database(tmp_path)
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "all.yaml").write_text((RELEASE / "manifests.yaml").read_text())
    rows, serial, before = technitium.rows(ZONE), technitium.serial(ZONE), look_at(database)
    assert len(rows) > 100
    assert {state for *_, state, _, _, _ in before.records} >= STATES
    failures = query(database, FAILURES)
    assert failures == [("failed", REFUSED)]

    migrate(tmp_path)
    named = name_server(technitium) if target == "default" else write_targets(tmp_path, technitium)
    env = named | {"KUBECONFIG": "/none", "SERIAL_PROBE_INTERVAL": "500ms"}
    if target == "lan":  # what one looks at before the move
        folder = {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path), "LOG_FORMAT": "text", "KUBECONFIG": "/none"}
        options = ["--once", "--dry-run", "--manifests", str(manifests)]
        one, other = (
            run(["manage.py", "runsyncer", *options], folder | names).out for names in (name_server(technitium), env)
        )
        assert one == other, "with the variables it says the same"
    syncer = Syncer(tmp_path, env, "--manifests", str(manifests)).ready()
    try:
        passes = 'catalyst_dns_sync_reconcile_duration_seconds_count{resource_type="zone"}'
        wait_until(lambda: syncer.metric(passes) >= 1, 10, "a full pass")
        technitium.add(f"elsewhere.{ZONE}", "A", "192.0.2.3")  # and one more, of which it hears by the serial
        wait_until(lambda: syncer.metric(passes) >= 2, 10, "a second full pass")
        expected = [(name, "kept", KEPT[name]) for name in sorted(KEPT)]  # a pass may go slice by slice
        wait_until(lambda: query(database, REASONS) == expected, 10, "the reasons of what is kept")
    finally:
        syncer.stop()
        print(syncer.output[-3000:])  # shown when the test failed

    technitium.delete(f"elsewhere.{ZONE}", "A", "192.0.2.3")
    assert technitium.rows(ZONE) == rows
    assert technitium.serial(ZONE) == serial + 2  # our own add and delete
    after = look_at(database)
    assert query(database, REASONS) == expected
    as_before = [(*row[:6], "synced", "", *row[8:]) if row[1] in KEPT else row for row in after.records]
    assert after._replace(audit=0, records=as_before) == before._replace(audit=0)
    moved = query(database, MOVED)
    assert after.audit == before.audit + len(moved)
    assert moved == ([(target,)] if target == "lan" else []), "one entry says that the records have another target now"
    assert {*query(database, TARGETS)} == {(target,)}
    assert query(database, FAILURES) == failures, "what was refused before is refused again, and that is no news"
