"""What every name and record of an object passes, and what is said of it."""

from __future__ import annotations

from syncer.core.drafts import Draft, read_metadata
from syncer.core.kinds import INGRESS
from syncer.core.manifest import as_mapping
from syncer.core.scope import Scope
from syncer.core.source import SkipCause, Want, WantedRecord

MAIL = "mail.talos00"
SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",), strict=True)


def draft(**metadata: object) -> Draft:
    manifest = {"metadata": {"name": "mail", "namespace": "web", **metadata}}
    return Draft(read_metadata(INGRESS, as_mapping(manifest), SCOPE), SCOPE)


def test_records_of_a_name_are_one_want_with_its_types() -> None:
    making = draft()
    mx, text = WantedRecord("MX", ("10 mx.talos00",)), WantedRecord("TXT", ("v=spf1 -all",))
    making.add_record("Mail.TALOS00.", mx)
    making.add_record(MAIL, text)
    assert making.build_source().wants == (Want(MAIL, own=True, records=(mx, text)),)


def test_records_pass_what_every_name_passes() -> None:
    making = draft(annotations={"catalyst-dns-sync.io/exclude": MAIL})
    record = WantedRecord("TXT", ("x",))
    for name in (MAIL, "mail.example.com", "_acme-challenge.talos00", "bad name", "talos00"):
        making.add_record(name, record)
    source = making.build_source()
    assert source.wants == ()
    assert [(skip.name, skip.cause) for skip in source.skipped] == [
        (MAIL, SkipCause.INTENT),
        ("mail.example.com", SkipCause.INTENT),
        ("_acme-challenge.talos00", SkipCause.POLICY),
        ("bad name", SkipCause.RULE),
        ("talos00", SkipCause.POLICY),
    ]


def test_a_host_of_the_object_keeps_its_addresses_when_a_record_comes_to_its_name() -> None:
    making = draft()
    making.add_name(MAIL)
    making.add_record(MAIL, WantedRecord("TXT", ("x",)))
    source = making.build_source()
    assert source.wants == (Want(MAIL, SCOPE.addresses),)
    assert source.warnings == (f"TXT at {MAIL} is left out: the object has a host of that name",)
