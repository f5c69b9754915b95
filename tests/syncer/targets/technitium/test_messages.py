"""Every refusal that a real server gave on the tapes means one thing to us, or nothing but what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from syncer.targets.technitium.calls import ADD, DELETE, UPDATE
from syncer.targets.technitium.messages import (
    Message,
    explain_record,
    explain_zone,
    find_bad_line,
    is_passing,
)
from syncer.targets.technitium.zone_access import GET
from tests.fakes.tape import load_tape

CALLS = {GET, ADD, UPDATE, DELETE, "/api/zones/import", "/api/zones/list", "/api/user/session/get"}

SHOWN_AS_THEY_ARE = (
    r"Parameter '\w+' missing\.",
    r"Requested value '\w+' was not found\.",
    r"String '\w+' was not recognized as a valid Boolean\.",
    r"The input string '\w+' was not in a correct format\.",
    r"Failed to parse TTL from value: .*",
    r"Resource record comment text cannot exceed 255 characters\. .*",
    r"An invalid IP address was specified\.",
    r"Invalid IP address family\.",
    r"Invalid domain name \[.*\]: .*",
    r"The domain name '.*' does not belong to the zone: .*",
    r"Cannot import records: the domain name '.*' does not belong to the zone '.*'\.",
    r"The zone file to import is missing\.",
    r"CNAME domain name cannot be same as that of the record name\.",
    r"Cannot set CNAME record at zone apex\.",
)


def list_errors() -> Iterator[tuple[str, str]]:
    """(version, text) of every refusal of a call that we make."""
    for version, name in (("13.4", "random"), ("14.3", "random"), ("15.2", "random"), ("15.2", "ordered")):
        for step in load_tape(f"{version}-{name}"):
            path = step.get("path") or step.get("request", {}).get("path")
            answer = step.get("got", step).get("answer")
            if path in CALLS and isinstance(answer, dict) and answer.get("status") == "error":
                yield version, answer["errorMessage"]


ERRORS = sorted(set(list_errors()))


def test_the_tapes_hold_refusals_of_each_version() -> None:
    assert {version for version, _ in ERRORS} == {"13.4", "14.3", "15.2"}


@pytest.mark.parametrize(("version", "text"), ERRORS)
def test_a_refusal_means_one_thing(version: str, text: str) -> None:
    known = [message for message in Message if message.is_in(text)]
    shown = [pattern for pattern in SHOWN_AS_THEY_ARE if re.fullmatch(pattern, text)]
    assert len(known) + len(shown) == 1, f"{known} and {shown} fit"
    assert all(version in message.versions for message in known), "it was seen in this version too"


def test_nothing_is_listed_that_no_server_says() -> None:
    for pattern in SHOWN_AS_THEY_ARE:
        assert any(re.fullmatch(pattern, text) for _, text in ERRORS), pattern


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Message.TOKEN_MISSING, "Parameter 'token' missing."),
        (Message.NO_ZONE, "No such authoritative zone was found: talos00"),
        (Message.REPLICA_ZONE, "Cannot add record in Secondary zone."),
        (Message.REPLICA_ZONE, "Cannot set records in Secondary Forwarder zone."),
        (Message.REPLICA_ZONE, "Cannot delete records in Stub zone."),
        (Message.NOT_PRIMARY, "Zone must be a primary or forwarder type: talos00"),
        (Message.NO_OLD_RECORD, "Cannot update record: the old record does not exists."),
        (Message.TRY_AGAIN, "Cannot set records. Please try again."),
    ],
)
def test_what_is_on_no_tape_means_one_thing_too(message: Message, text: str) -> None:
    assert [known for known in Message if known.is_in(text)] == [message]


def test_a_text_about_the_zone_is_told_from_one_about_a_record() -> None:
    assert explain_zone("No such zone was found: www.lab") == "is not on the server"
    assert "no rights" in explain_zone("Access was denied.")
    internal = "Access was denied to manage internal DNS Server zone."
    assert explain_zone(internal) == f"cannot be written on this server: {internal}"
    assert explain_zone("Cannot add record: record already exists.") == ""


def test_only_what_others_may_have_caused_passes_by_itself() -> None:
    passing = {text for _, text in ERRORS if is_passing(text)}
    assert passing == {
        "Cannot add record: record already exists.",
        "Cannot delete record: no such record exists.",
        "Cannot update record: the record does not exists to be updated.",
        "Cannot update record: zone 'talos00' does not exists.",
        "Record already exists. Use overwrite option if you wish to overwrite existing record.",
    }


def test_a_line_that_could_not_be_read_is_named_by_its_number() -> None:
    assert find_bad_line("The zone file parser failed to parse 'rdata' field on line # 12.") == 12
    assert find_bad_line("Access was denied.") is None


def test_what_is_hard_to_understand_is_said_in_other_words() -> None:
    assert "SOA expire" in explain_record("Failed to set records: TTL cannot be greater than SOA EXPIRE.")
    assert explain_record("Invalid IP address family.") == "the server refuses it: Invalid IP address family."
