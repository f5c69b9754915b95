"""What is said of the wants of an object."""

from __future__ import annotations

from syncer.core.source import Ref, SourceObject, Want, WantedRecord, withhold_values

MAIL = "mail.talos00"


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
    assert Want(MAIL, withheld=withhold_values(("127.0.0.1",))).is_refused
    assert not Want(MAIL, ("10.0.0.1",)).is_refused


def test_an_object_with_a_type_at_the_name_has_not_lost_it_to_a_trouble() -> None:
    want = Want(MAIL, records=(WantedRecord("TXT", ("x",)),))
    assert SourceObject(Ref("Ingress", "web", "mail"), wants=(want,)).find_trouble(MAIL, None) == ""


def test_a_want_of_addresses_takes_no_more_memory_than_one_of_six_fields() -> None:
    """Python's allocator gives a tuple of seven 16 bytes more, and there may be a hundred thousand of them."""
    assert len(Want._fields) == 6
    assert withhold_values(()) is withhold_values(iter(())) is Want(MAIL).withheld
