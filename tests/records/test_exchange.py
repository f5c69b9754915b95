"""Out of one database and into another, and everything that is refused on the way."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.zone
import pytest
import yaml
from django.core.management import CommandError, call_command

from records.exchange import BackupError, apply_import, plan_import, read_backup, write_export
from records.exchange.shape import Backup, Problem
from records.models import AuditEntry, CustomEntry, ManagedRecord, SyncRequest
from syncer.core.known import RecordState
from syncer.core.rdata import clean_value
from tests import processes
from tests.processes import Ended, prepare

FORMS = ("yaml", *(pytest.param(form, marks=pytest.mark.one_database) for form in ("json", "csv")))
HEAD = "apiVersion: catalyst-dns-sync.io/v1alpha1\nkind: DNSRecordBackup\n"
MINIMAL = f"""{HEAD}metadata:
  timestamp: '2025-11-11T20:00:00Z'
  zone: talos00
records:
  - hostname: grafana.talos00
    ip: 192.168.1.54
    ttl: 300
    source:
      kind: IngressRoute
      namespace: monitoring
      name: grafana
"""
AWKWARD = (
    "=1+1",
    "'quoted",
    "true",
    "2026-01-01",
    "null",
    "# no comment",
    "a: b, [c] {d} \\ \" ' | > & * !",
    "straße, 名前, emoji \U0001f310",
    "-",
    "12",
)


def fill(count: int = 3) -> None:
    """Ours, foreign ones, and those of an operator."""
    ManagedRecord.objects.bulk_create(
        ManagedRecord(
            zone="talos00",
            name=f"app-{number}.talos00",
            type="A",
            values=[f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"],
            ttl=60 + number % 5,
            owned=True,
            state=RecordState.SYNCED,
            origin=f"Ingress/apps/app-{number}",
            claimants=[f"Ingress/apps/app-{number}", f"HTTPRoute/apps/app-{number}"],
        )
        for number in range(count)
    )
    ManagedRecord.objects.create(
        zone="talos00", name="nas.talos00", type="A", values=["10.9.9.9"], ttl=60, state=RecordState.FOREIGN
    )
    entry(
        "vpn.talos00", "CNAME", ["gate.example.org"], mode="override", ttl=77, owner="anna", description="=HYPERLINK()"
    )
    entry("ads.talos00", "", [], mode="block", enabled=False)
    entry("talos00", "TXT", sorted(AWKWARD))
    entry("talos00", "MX", ["10 mail.talos00", "20 mail2.talos00"])
    entry("_sip._tcp.talos00", "SRV", ["0 5 5060 sip.talos00"])
    entry(
        "talos00",
        "CAA",
        ["0 issue letsencrypt.org; validationmethods=dns-01"],
        description="\n".join(AWKWARD) + "\x7f\u2028",
    )


def entry(name: str, kind: str, values: list[str], **fields: Any) -> CustomEntry:
    row = CustomEntry(name=name, type=kind, values=values, **fields)
    row.created_at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    row.full_clean()
    row.save()
    return row


def content() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    records = ManagedRecord.objects.filter(owned=True).order_by("name")
    entries = CustomEntry.objects.order_by("name", "type")
    return (
        list(records.values("zone", "name", "type", "values", "ttl", "origin", "claimants")),
        list(entries.values("name", "type", "values", "ttl", "mode", "enabled", "owner", "description", "created_at")),
    )


def wipe() -> None:
    ManagedRecord.objects.all().delete()
    CustomEntry.objects.all().delete()


def problems(text: str, form: str = "") -> list[Problem]:
    with pytest.raises(BackupError) as caught:
        read_backup(text, form)
    return caught.value.problems


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMS)
def test_an_empty_database_gets_back_ownership_entries_and_overrides(form: str) -> None:
    fill()
    text, before = "".join(write_export(form)), content()
    wipe()
    counts = apply_import(plan_import(read_backup(text)), "anna")
    assert counts == {"records": 3, "entries_created": 6, "entries_updated": 0, "unchanged": 0}
    assert content() == before
    assert "nas.talos00" not in text
    assert set(ManagedRecord.objects.values_list("state", flat=True)) == {RecordState.PENDING}
    audit = AuditEntry.objects.filter(actor="anna").order_by("id").values_list("action", flat=True)
    assert sorted(audit) == ["created"] * 6 + ["imported"] * 4 + ["requested"]
    assert SyncRequest.objects.get().action == "sync"


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMS)
def test_importing_twice_changes_nothing(form: str) -> None:
    fill()
    text = "".join(write_export(form))
    plan = plan_import(read_backup(text))
    assert list(plan.list_changes()) == []
    assert apply_import(plan, "anna") == {"records": 0, "entries_created": 0, "entries_updated": 0, "unchanged": 9}
    assert not AuditEntry.objects.exists()
    assert not SyncRequest.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMS)
def test_thousands_of_records_make_the_round_trip_in_batches(form: str) -> None:
    fill(2000)
    before = content()
    text = "".join(write_export(form))
    wipe()
    progress: list[tuple[int, int]] = []
    apply_import(plan_import(read_backup(text)), "anna", lambda done, total: progress.append((done, total)))
    assert content() == before
    assert progress == [(6, 2006), (506, 2006), (1006, 2006), (1506, 2006), (2006, 2006)]


@pytest.mark.django_db
def test_a_readable_difference_says_what_an_import_would_do() -> None:
    fill(1)
    text = "".join(write_export("yaml"))
    ManagedRecord.objects.filter(owned=True).update(owned=False, state=RecordState.FOREIGN)
    CustomEntry.objects.filter(name="ads.talos00").delete()
    CustomEntry.objects.filter(name="vpn.talos00").update(ttl=5, enabled=False)
    plan = plan_import(read_backup(text))
    assert list(plan.list_changes()) == [
        "= app-0.talos00 60 A 10.0.0.0 (ours again if DNS holds it, Ingress/apps/app-0)",
        "+ ads.talos00 block, switched off",
        "~ vpn.talos00 CNAME: ttl 5 -> 77, enabled false -> true",
    ]
    apply_import(plan, "anna")
    update = AuditEntry.objects.get(action="updated")
    assert (update.before["ttl"], update.after["ttl"], update.name) == (5, 77, "vpn.talos00")


@pytest.mark.django_db
def test_the_difference_names_each_field_that_changes() -> None:
    fields = "hostname: a.talos00, type: TXT, values: [x, y], ttl: 60, mode: override, owner: anna, description: new"
    text = entries(f'{fields}, created: "2026-01-03"')
    entry("a.talos00", "TXT", ["x"], enabled=False, description="old\ntext")
    plan = plan_import(read_backup(text))
    assert list(plan.list_changes()) == [
        '~ a.talos00 TXT: values x -> x, y, ttl default -> 60, mode "publish" -> "override", enabled false -> true,'
        ' owner "" -> "anna", description "old?text" -> "new",'
        " created 2026-01-02 03:04:05.678901+00:00 -> 2026-01-03 00:00:00+00:00"
    ]
    apply_import(plan, "anna")
    assert list(plan_import(read_backup(text)).list_changes()) == []


@pytest.mark.django_db
def test_a_record_of_an_entry_names_the_entry_by_what_it_is_called_here() -> None:
    old = {kind: entry("a.talos00", kind, [value]) for kind, value in (("A", "10.0.0.1"), ("AAAA", "fd00::1"))}
    lost = entry("b.talos00", "A", ["10.0.0.2"])
    for row in (*old.values(), lost):
        ManagedRecord.objects.create(
            zone="talos00",
            name=row.name,
            type=row.type,
            values=row.values,
            ttl=60,
            owned=True,
            state=RecordState.SYNCED,
            origin=row.origin,
            claimants=[row.origin, "Ingress/apps/a"],
        )
    lost.delete()
    text = "".join(write_export("yaml"))
    wipe()
    entry("first.talos00", "A", ["10.0.0.9"])
    plan = plan_import(read_backup(text))
    assert "= a.talos00 60 A 10.0.0.1 (ours again if DNS holds it, a custom entry)" in plan.list_changes()
    apply_import(plan, "anna")
    new = {row.type: row.origin for row in CustomEntry.objects.filter(name="a.talos00")}
    found = {(row.name, row.type): [row.origin, *row.claimants] for row in ManagedRecord.objects.all()}
    assert found == {
        ("a.talos00", "A"): [new["A"], new["A"], "Ingress/apps/a"],
        ("a.talos00", "AAAA"): [new["AAAA"], new["AAAA"], "Ingress/apps/a"],
        ("b.talos00", "A"): ["", "Ingress/apps/a"],
    }
    audit = AuditEntry.objects.filter(action="imported", name="a.talos00").order_by("type")
    assert [imported.source for imported in audit] == [new["A"], new["AAAA"]]


@pytest.mark.django_db
def test_what_the_ledger_knows_as_ours_is_not_reset_to_an_older_state() -> None:
    fill(1)
    text = "".join(write_export("yaml"))
    ManagedRecord.objects.filter(owned=True).update(values=["10.1.1.1"])
    apply_import(plan_import(read_backup(text)), "anna")
    assert ManagedRecord.objects.get(owned=True).values == ["10.1.1.1"]


@pytest.mark.django_db
@pytest.mark.one_database
def test_the_first_form_of_a_backup_is_read() -> None:
    apply_import(plan_import(read_backup(MINIMAL)), "anna")
    record = ManagedRecord.objects.get()
    assert (record.zone, record.name, record.type, record.values) == (
        "talos00",
        "grafana.talos00",
        "A",
        ["192.168.1.54"],
    )
    assert (record.ttl, record.owned, record.origin) == (300, True, "IngressRoute/monitoring/grafana")


@pytest.mark.django_db
@pytest.mark.one_database
def test_a_backup_of_version_0_1_is_read_as_the_backup_that_is_written_now() -> None:
    fill()
    ManagedRecord.objects.create(
        zone="talos00",
        name="aaaa.talos00",
        type="AAAA",
        values=["1:2:3:4:5:6:7:8", "fd00::1"],
        ttl=60,
        owned=True,
        state=RecordState.SYNCED,
        origin="CustomEntry//7",
        claimants=["CustomEntry//7"],
    )
    old = (Path(__file__).parent / "backups" / "0.1.0.yaml").read_text()
    assert read_backup(old) == read_backup("".join(write_export("yaml")))


@pytest.mark.django_db
@pytest.mark.one_database
def test_an_export_is_what_other_readers_take_it_for() -> None:
    fill()
    loaded = yaml.safe_load("".join(write_export("yaml")))
    assert loaded | {"metadata": None} == json.loads("".join(write_export("json"))) | {"metadata": None}
    assert loaded["metadata"]["zone"] == "talos00"
    assert loaded["records"][0]["ip"] == "10.0.0.0"
    rows = list(csv.DictReader(io.StringIO("".join(write_export("csv")))))
    assert [row["kind"] for row in rows] == ["begin", *["record"] * 3, *["entry"] * 6, "end"]


@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.parametrize("text", ["1e3", "-1E+3", ".5e1", "0o17", "y", "N", "yes", "~", "12", "1:30", "0x1f", "1_000"])
def test_a_text_that_another_reader_of_yaml_might_take_for_no_text_is_quoted(text: str) -> None:
    entry("a.talos00", "TXT", [text])
    assert f"values: ['{text}']\n" in "".join(write_export("yaml"))


@pytest.mark.django_db
@pytest.mark.one_database
def test_no_cell_of_a_csv_file_is_a_formula() -> None:
    fill()
    for row in csv.reader(io.StringIO("".join(write_export("csv")))):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.django_db
@pytest.mark.one_database
def test_a_zone_file_is_one_that_dnspython_reads() -> None:
    fill()
    for kind, values in (("TXT", ['say "hi" \\ ü' + "x" * 300]), ("CAA", ["0 issue a;b"]), ("MX", ["10 m.talos00"])):
        ManagedRecord.objects.create(
            zone="talos00", name="z.talos00", type=kind, values=values, ttl=5, owned=True, state=RecordState.SYNCED
        )
    zone = dns.zone.from_text("".join(write_export("bind")), origin="talos00.", check_origin=False, relativize=False)
    found = {(str(name), rdataset.rdtype.name): rdataset for name, rdataset in zone.iterate_rdatasets()}
    assert found["app-1.talos00.", "A"].to_text() == "61 IN A 10.0.0.1"
    (text,) = found["z.talos00.", "TXT"]
    assert b"".join(text.strings).decode() == 'say "hi" \\ ü' + "x" * 300
    assert str(found["z.talos00.", "MX"][0].exchange) == "m.talos00."
    assert found["z.talos00.", "CAA"][0].value == b"a;b"
    assert len(found) == 6


RARE = {
    "DNAME": "new.example",
    "DS": f"60485 13 2 {'ab' * 32}",
    "HTTPS": "1 . alpn=h2,h3 ech=AAb+DQACQWI=",
    "NAPTR": r'100 10 "U" "E2U+sip" "!^\\+49(.*)$!sip:\\1@x.org!" .',
    "SSHFP": f"4 2 {'ab' * 32}",
    "SVCB": "1 dns.example.com alpn=dot port=853",
    "TLSA": f"3 1 1 {'ab' * 32}",
    "URI": '10 1 "https://example.com/"',
}


@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.parametrize("form", FORMS)
def test_every_type_comes_back_from_a_file(form: str) -> None:
    for kind, value in RARE.items():
        entry(f"{kind.lower()}.talos00", kind, [value])
        ManagedRecord.objects.create(
            zone="talos00", name=f"r-{kind.lower()}.talos00", type=kind, values=[value], ttl=5, owned=True,
            state=RecordState.SYNCED, origin="DNSEndpoint/apps/one", claimants=["DNSEndpoint/apps/one"],
        )  # fmt: skip
    entry("ds.talos00", "NS", ["ns1.example.com"])
    before, text = content(), "".join(write_export(form))
    wipe()
    apply_import(plan_import(read_backup(text, form)), "anna")
    assert content() == before


@pytest.mark.django_db
@pytest.mark.one_database
def test_every_type_is_in_a_zone_file_as_dnspython_reads_it() -> None:
    for kind, value in RARE.items():
        ManagedRecord.objects.create(
            zone="talos00", name="r.talos00", type=kind, values=[value], ttl=5, owned=True, state=RecordState.SYNCED
        )
    zone = dns.zone.from_text("".join(write_export("bind")), origin="talos00.", check_origin=False, relativize=False)
    found = {rdataset.rdtype.name: rdataset[0].to_text() for _, rdataset in zone.iterate_rdatasets()}
    assert {kind: clean_value(kind, text) for kind, text in found.items()} == RARE


@pytest.mark.django_db
def test_an_import_refuses_what_cannot_be_where_it_says() -> None:
    text = entries(
        "hostname: old.talos00, type: DNAME, values: [new.example]",
        "hostname: www.old.talos00, type: A, values: [10.0.0.1]",
        f"hostname: sub.talos00, type: DS, values: ['60485 13 2 {'ab' * 32}']",
    )
    with pytest.raises(BackupError) as caught:
        plan_import(read_backup(text))
    assert [problem.place for problem in caught.value.problems] == [
        "the entry old.talos00 DNAME", "the entry www.old.talos00 A", "the entry sub.talos00 DS",
    ]  # fmt: skip
    assert not CustomEntry.objects.exists()


@pytest.mark.django_db
def test_selected_records_are_exported_alone() -> None:
    fill()
    backup = read_backup("".join(write_export("yaml", ManagedRecord.objects.filter(name="app-1.talos00"))))
    assert [record.name for record in backup.records] == ["app-1.talos00"]
    assert backup.entries == ()


@pytest.mark.django_db
@pytest.mark.parametrize("form", FORMS)
def test_an_empty_registry_is_a_backup_too(form: str) -> None:
    assert read_backup("".join(write_export(form))) == Backup((), ())


@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_was_cut_off_anywhere_is_refused(form: str) -> None:
    fill(2)
    text = "".join(write_export(form))
    for length in range(len(text.splitlines()[0]) + 40, len(text) - 1, 7):
        assert problems(text[:length], form), text[:length]


def record(text: str) -> str:
    return f"{HEAD}records:\n- {{hostname: a.talos00, ttl: 60, {text}}}\n"


def entries(*texts: str) -> str:
    return f"{HEAD}entries:\n" + "".join(f"- {{{text}}}\n" for text in texts)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "the file", "it is empty"),
        ("words", "the file", "it is no backup"),
        ("[]", "the file", "it is no backup"),
        ("a: [", "line 2", "did not find"),
        ("{", "line 1", "no JSON"),
        ('{"a":' * 100_000, "line 1", "nested deeper than 100 levels"),
        ('{"records": [{"a": 1, "a": 2}]}', "the file", "the key a is there twice in one object"),
        ('{"records": [{"ttl": ' + "1" * 5000 + "}]}", "line 1", "a number of more than 100 digits"),
        (record(f"ip: 10.0.0.1, claimants: [{'1' * 5000}]"), "line 4", "a number of more than 100 digits"),
        (HEAD.replace("v1alpha1", "v2"), "apiVersion", "catalyst-dns-sync.io/v2 is not known"),
        (HEAD.replace("DNSRecordBackup", "Deployment"), "kind", "Deployment is no backup"),
        ("records: []", "apiVersion", "it is missing"),
        ("records: []", "kind", "it is missing"),
        ("; Written by\n$ORIGIN talos00.\n", "the file", "zone files can only be exported: give yaml, json, csv"),
        ("@ 300 IN SOA ns.talos00. hostmaster.talos00. 1 2 3 4 5", "the file", "zone files can only be exported"),
        (HEAD + "recrods: 1", "recrods", "this field is not known"),
        (HEAD + "recrods: [1]", "line 3", "recrods is no list of a backup"),
        (HEAD + "records: {}", "records", "it is no list"),
        (HEAD + "records: [3]", "line 3", "is no object"),
        (HEAD + "kind: x", "line 3", "kind is there twice"),
        (HEAD + "---\na: 1", "line 3", "a second document"),
        (record("ip: 10.0.0.1, colour: red"), "line 4", "field colour is not known"),
        (record("ip: 10.0.0.1, type: AAAA"), "line 4, a.talos00", "no AAAA value"),
        (record("type: A"), "line 4, a.talos00", "at least one value"),
        (record("type: LOC, values: [x]"), "line 4, a.talos00", "is no type that can be published"),
        (record("ip: 10.0.0.1, zone: home.lab"), "line 4", "zone home.lab is not managed here"),
        (record("ip: 10.0.0.1, zone: 5"), "line 4", "zone 5 is not managed here"),
        (record("ip: 5"), "line 4", "ip is an address as a text, not 5"),
        (record("ip: [10.0.0.1]"), "line 4", "ip is an address as a text, not list"),
        (record("ip: 10.0.0.1, claimants: 0"), "line 4", "claimants are texts"),
        (record("ip: 10.0.0.1, source: grafana"), "line 4", "its source is kind, namespace and name"),
        (record("ip: 10.0.0.1, claimants: [[1]]"), "line 4", "claimants are texts"),
        (record("ip: 10.0.0.1, ttl: 5"), "line 4", "ttl is there twice"),
        (record("ip: 10.0.0.1").replace("60", "0"), "line 4, a.talos00", "A TTL is a whole number"),
        (record("ip: 10.0.0.1").replace("60", "1e3"), "line 4, a.talos00", "A TTL is a whole number"),
        (record("ip: 10.0.0.1").replace("ttl: 60,", ""), "line 4", "a record needs a TTL"),
        (record("ip: 10.0.0.1").replace("a.talos00", "a.example.org"), "line 4, a.example.org", "no managed zone"),
        (record("ip: 10.0.0.1").replace("a.talos00", "a b.talos00"), "line 4, a b.talos00", "blank"),
        (record("ip: 10.0.0.1").replace("a.talos00", "[]"), "line 4", "hostname, type and mode are texts"),
        (record("ip: 10.0.0.1") + "- {hostname: A.talos00., ttl: 6, ip: 10.0.0.2}", "line 5", "a.talos00 A is there"),
        (entries("hostname: a.talos00, mode: block, type: A"), "line 4, a.talos00", "A block has no type"),
        (entries("hostname: a.talos00, mode: maybe"), "line 4, a.talos00", "maybe is no mode"),
        (entries("hostname: a.talos00, type: A, values: 10.0.0.1"), "line 4, a.talos00", "Give a list"),
        (entries("hostname: a.talos00, type: A, values: [10.0.0.1], enabled: yes"), "line 4", "enabled is true or"),
        (entries("hostname: a.talos00, type: A, values: [10.0.0.1], created: today"), "line 4", "created is a time"),
        (entries("hostname: a.talos00, mode: block, owner: 0"), "line 4", "owner is a text, not 0"),
        (entries(f"hostname: a.talos00, mode: block, owner: {'x' * 201}"), "line 4", "owner has 201 characters"),
        (
            entries(f"hostname: a.talos00, mode: block, description: {'x' * 10_001}"),
            "line 4",
            "description has 10001 characters: 10000 is the most",
        ),
        (entries(*["hostname: a.talos00, mode: block"] * 2), "line 5", "is there twice"),
        (
            entries(*(f"hostname: a.talos00, type: {t}]" for t in ("A, values: [10.0.0.1", "CNAME, values: [b.c"))),
            "entries for a.talos00",
            "A CNAME ",
        ),
        (HEAD + "metadata: &a {zone: *a}", "line 3", "aliases and anchors"),
        (HEAD + "metadata: {zone: *a}", "line 3", "aliases and anchors"),
        (HEAD + "metadata: !!python/object/apply:os.system [ls]", "line 3", "tags such as"),
        (HEAD + "metadata: " + "[" * 101, "line 3", "nested deeper than 100 levels"),
        (HEAD + "? [a]\n: b", "line 3", "a key is no text"),
        ("kind,hostname,colour\n", "line 1", "column colour is not known"),
        ("kind,type\n", "line 1", "the columns kind and hostname must be there"),
        ("kind,hostname\nbegin,v2\nend,\n", "line 2", "version v2 is not known"),
        ("kind,hostname\nclaim,a.talos00\n", "line 2", "kind claim is not known"),
        ("kind,hostname\nrecord\n", "line 2", "it has 1 of 2 cells"),
        ('kind,hostname\nrecord,"a\n', "line 2", "no CSV"),
        ("kind,hostname,type,values,ttl\nrecord,a.talos00,A,=cmd|x,60\n", "line 2, a.talos00", "=cmd|x is no A value"),
        ("kind,hostname,type,values,ttl\nrecord,a.talos00,A,10.0.0.1,a\n", "line 2, a.talos00", "A TTL is a whole"),
        ("kind,hostname\nend,\nrecord,a.talos00\n", "line 3", "it is behind the end"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, place: str, reason: str) -> None:
    found = problems(text)
    assert [problem for problem in found if problem.place == place and reason in problem.reason], found


def test_a_billion_laughs_are_refused_at_the_first() -> None:
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 10)]
    assert problems(HEAD + "a0: &a0 lol\n" + "\n".join(levels)) == [
        Problem("line 3", "aliases and anchors are not taken")
    ]


def test_more_than_a_hundred_megabytes_are_refused_unread() -> None:
    assert problems("#" * (100 * 1024 * 1024 + 1)) == [Problem("the file", "more than 100 MB of text")]


def test_reading_stops_at_a_hundred_problems() -> None:
    item = "- {hostname: a.talos00, ttl: 60, ip: 10.0.0.1}\n"
    with pytest.raises(BackupError) as caught:
        read_backup(f"{HEAD}records:\n{item * 101}- ] is no YAML, and is not read any more")
    assert (len(caught.value.problems), caught.value.is_cut) == (100, True)
    assert str(caught.value).endswith("\nThe rest was not looked at: 100 problems are enough.")


def test_one_entry_with_very_many_bad_values_is_a_hundred_problems() -> None:
    record = {"hostname": "a.talos00", "type": "A", "values": ["x"] * 90_000}
    assert len(problems(json.dumps({"records": [record]}))) == 100


@pytest.mark.parametrize("form", ["JSON", "YAML"])
def test_one_entry_holds_no_more_than_a_hundred_thousand_nodes(form: str) -> None:
    text = json.dumps({"records": [{"values": [{}] * 100_000}]})
    found = problems(text if form == "JSON" else f"# no JSON\n{text}")
    assert [problem.reason for problem in found] == [f"more than 100,000 nodes of {form} in one item"]


def test_a_list_in_the_place_of_a_backup_is_not_built_first() -> None:
    found = problems("[" + "{}," * 100_000 + "{}]")
    assert found == [Problem("line 1", "more than 100,000 nodes of JSON in one item")]


@pytest.mark.django_db
def test_an_alias_beside_an_entry_of_the_database_is_refused() -> None:
    entry("a.talos00", "A", ["10.0.0.1"])
    alias = read_backup(entries("hostname: a.talos00, type: CNAME, values: [b.example.org]"))
    with pytest.raises(BackupError, match=r"a\.talos00 CNAME: A CNAME "):
        plan_import(alias)


@pytest.mark.django_db
def test_what_others_wrote_since_the_plan_was_made_is_planned_again() -> None:
    text = "".join(f"  - {{hostname: {name}.talos00, type: A, values: [10.0.0.1]}}\n" for name in ("a", "b", "c"))
    entry("c.talos00", "A", ["10.0.0.3"])
    plan = plan_import(read_backup(f"{HEAD}entries:\n{text}"))
    assert plan.summary == "0 records, 2 entries created, 1 entry updated, 0 unchanged"
    entry("a.talos00", "A", ["10.0.0.2"])
    CustomEntry.objects.filter(name="c.talos00").delete()
    counts = apply_import(plan, "anna")
    assert counts == {"records": 0, "entries_created": 2, "entries_updated": 1, "unchanged": 0}
    assert plan.count_changes() == counts
    assert set(CustomEntry.objects.values_list("name", "values__0")) == {
        (f"{name}.talos00", "10.0.0.1") for name in ("a", "b", "c")
    }
    audit = AuditEntry.objects.filter(name__gt="").order_by("name").values_list("name", "action", "source")
    keys = dict(CustomEntry.objects.values_list("name", "pk"))
    assert list(audit) == [
        ("a.talos00", "updated", f"CustomEntry//{keys['a.talos00']}"),
        ("b.talos00", "created", f"CustomEntry//{keys['b.talos00']}"),
        ("c.talos00", "created", f"CustomEntry//{keys['c.talos00']}"),
    ]


@pytest.mark.django_db
def test_an_alias_that_met_another_entry_since_the_plan_was_made_is_refused_and_nothing_written() -> None:
    plan = plan_import(read_backup(entries("hostname: a.talos00, type: CNAME, values: [b.example.org]")))
    entry("a.talos00", "A", ["10.0.0.1"])
    with pytest.raises(BackupError, match=r"a\.talos00 CNAME: A CNAME "):
        apply_import(plan, "anna")
    assert list(CustomEntry.objects.values_list("type", flat=True)) == ["A"]


@pytest.mark.django_db
def test_what_the_syncer_took_over_since_the_plan_was_made_stays_as_it_is() -> None:
    plan = plan_import(read_backup(MINIMAL))
    ManagedRecord.objects.create(
        zone="talos00",
        name="grafana.talos00",
        type="A",
        values=["10.1.1.1"],
        ttl=60,
        owned=True,
        state=RecordState.SYNCED,
    )
    assert apply_import(plan, "anna")["unchanged"] == 1
    assert ManagedRecord.objects.get().values == ["10.1.1.1"]


@pytest.mark.django_db(transaction=True)
def test_an_import_that_fails_in_the_middle_leaves_nothing() -> None:
    fill(1200)
    text = "".join(write_export("yaml"))
    wipe()

    def fail(done: int, total: int) -> None:
        if done > 1000:
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        apply_import(plan_import(read_backup(text)), "anna", fail)
    assert not ManagedRecord.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    prepare(tmp_path / "var")
    return tmp_path


def run(folder: Path, *arguments: str, stdin: str = "", **variables: str) -> Ended:
    env = {"HOME": str(folder), **variables}
    return processes.run(["-m", "catalyst.cli", *arguments], env, 60, folder=folder, stdin=stdin)


def test_the_commands_write_and_take_what_a_shell_gives_them(home: Path) -> None:
    assert run(home, "import", "--dry-run", stdin=MINIMAL).out == (
        "= grafana.talos00 300 A 192.168.1.54 (ours again if DNS holds it, IngressRoute/monitoring/grafana)\n"
    )
    street, ascii_only = entries("hostname: a.talos00, type: TXT, values: [straße]"), {"PYTHONUTF8": "0", "LC_ALL": "C"}
    assert "+ a.talos00 TXT straße publish" in run(home, "import", "--dry-run", stdin=street, **ascii_only).out
    text = run(home, "export", **ascii_only).out
    assert "records: []" in text
    done = run(home, "import", stdin=MINIMAL)
    assert done.err.endswith(
        "imported: 1 record, 0 entries created, 0 entries updated, 0 unchanged\n"
        "The syncer compares each record with DNS before it is ours again.\n"
    )
    text = run(home, "export", "--format", "csv").out
    (home / "backup.csv").write_text(text)
    assert "1 unchanged" in run(home, "import", "backup.csv").err
    refused = run(home, "import", stdin="kind: Pod")
    assert refused.code == 1
    assert "nothing was imported:\napiVersion: it is missing" in refused.err
    assert "No such file" in run(home, "import", "missing.yaml").err


@pytest.mark.django_db
@pytest.mark.one_database
def test_a_form_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="give yaml, json, csv, bind"):
        write_export("xml")
    assert problems("x", "xml")[0].reason == "xml cannot be imported: give yaml, json, csv"
    assert problems("x", "bind")[0].reason == "zone files can only be exported: give yaml, json, csv"
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("export", "--format", "xml")
