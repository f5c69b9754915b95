"""What is said of the wants of an object."""

from __future__ import annotations

from syncer.core.kinds import INGRESS
from syncer.core.manifest import as_mapping
from syncer.core.scope import Scope
from syncer.core.source import Ref, SkipCause, SourceObject, Want, WantedRecord, withhold
from syncer.core.sources import Draft, read_metadata

MAIL = "mail.talos00"
SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",), strict=True)


def draft(**metadata: object) -> Draft:
    manifest = {"metadata": {"name": "mail", "namespace": "web", **metadata}}
    return Draft(read_metadata(INGRESS, as_mapping(manifest), SCOPE), SCOPE)


def test_a_want_of_addresses_is_told_from_one_of_records() -> None:
    assert Want(MAIL).asks_address
    assert not Want(MAIL, records=(WantedRecord("MX", ("10 mx.talos00",)),)).asks_address


def test_values_are_shown_with_their_types_where_they_are_no_addresses() -> None:
    records = (WantedRecord("A", ("10.0.0.1",)), WantedRecord("MX", ("10 mx.talos00",)), WantedRecord("TXT"))
    assert Want(MAIL, records=records).list_values() == ["10.0.0.1", "MX 10 mx.talos00"]
    assert Want(MAIL, ("10.0.0.1",)).list_values() == ["10.0.0.1"]


def test_a_refused_value_of_any_type_is_one_of_the_want() -> None:
    refused = WantedRecord("MX", ("10 mx.talos00",), refused=("20 localhost",))
    assert Want(MAIL, records=(refused,)).is_refused
    assert Want(MAIL, withheld=withhold(("127.0.0.1",))).is_refused
    assert not Want(MAIL, ("10.0.0.1",)).is_refused


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


def test_an_object_with_a_type_at_the_name_has_not_lost_it_to_a_trouble() -> None:
    want = Want(MAIL, records=(WantedRecord("TXT", ("x",)),))
    assert SourceObject(Ref("Ingress", "web", "mail"), wants=(want,)).find_trouble(MAIL, None) == ""


def test_a_want_of_addresses_takes_no_more_memory_than_one_of_six_fields() -> None:
    """Python's allocator gives a tuple of seven 16 bytes more, and there may be a hundred thousand of them."""
    assert len(Want._fields) == 6
    assert withhold(()) is withhold(iter(())) is Want(MAIL).withheld
