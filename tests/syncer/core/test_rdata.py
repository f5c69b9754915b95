"""A value has one spelling here, and one in a zone file that a DNS library reads as the same."""

from __future__ import annotations

import dns.rdata
import pytest
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.names import BadName
from syncer.core.rdata import BadValue, clean_value, format_value, split_value

SPELLINGS = [
    ("A", " 192.168.1.54 ", "192.168.1.54"),
    ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
    ("CNAME", "Web.Talos00.", "web.talos00"),
    ("PTR", "grafana.talos00", "grafana.talos00"),
    ("NS", "NS1.example.com.", "ns1.example.com"),
    ("MX", "10\tMX.talos00.", "10 mx.talos00"),
    ("SRV", "0  5 5060   Sip.Example.com", "0 5 5060 sip.example.com"),
    ("CAA", '0 ISSUE "letsencrypt.org; a=b c"', "0 issue letsencrypt.org; a=b c"),
    ("CAA", "128 iodef mailto:a@b.c ", "128 iodef mailto:a@b.c"),
    ("TXT", ' say "hi" \\ there', ' say "hi" \\ there'),
]


@pytest.mark.parametrize(("type_", "text", "value"), SPELLINGS)
def test_a_value_gets_its_one_spelling_and_keeps_it(type_: str, text: str, value: str) -> None:
    assert clean_value(type_, text) == value
    assert clean_value(type_, value) == value


@pytest.mark.parametrize(
    ("type_", "text", "reason"),
    [
        ("A", "2001:db8::1", "it is an AAAA value"),
        ("AAAA", "10.0.0.1", "it is an A value"),
        ("A", "grafana", "not an IP address"),
        ("A", " ", "it is empty"),
        ("CNAME", "*.talos00", "nothing can point to a wildcard"),
        ("CNAME", "two words", "name with a blank inside"),
        ("MX", "mx.talos00", "it has 1 of 2 parts"),
        ("MX", "70000 mx.talos00", "70000 is no number from 0 to 65535"),
        ("MX", "010 mx.talos00", "010 is no number from 0 to 65535"),
        ("SRV", "0 5 sip.talos00", "it has 3 of 4 parts"),
        ("SRV", "0 -5 5060 sip.talos00", "-5 is no number from 0 to 65535"),
        ("CAA", "0 issue", "it has 2 of 3 parts"),
        ("CAA", "256 issue ca", "256 is no number from 0 to 255"),
        ("CAA", "0 is-sue ca", "its tag must be letters and digits"),
        ("CAA", '0 issue c"a', "its value must be printable ASCII, without quotes or backslashes inside"),
        ("TXT", "two\nlines", "it has a line break or another control character in it"),
        ("TXT", '"quoted"', "the quotes around it would be published too"),
    ],
)
def test_what_is_no_value_is_refused_with_the_reason(type_: str, text: str, reason: str) -> None:
    with pytest.raises((BadName, BadValue)) as caught:
        clean_value(type_, text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        ("A", "192.168.1.54", "192.168.1.54"),
        ("CNAME", "web.talos00", "web.talos00."),
        ("MX", "10 mx.talos00", "10 mx.talos00."),
        ("SRV", "0 5 5060 sip.talos00", "0 5 5060 sip.talos00."),
        ("CAA", "0 issue letsencrypt.org; a=b c", '0 issue "letsencrypt.org; a=b c"'),
        ("TXT", 'say "hi" \\ é', '"say \\034hi\\034 \\092 \\195\\169"'),
        ("TXT", "x" * 256, f'"{"x" * 255}" "x"'),
        ("TXT", "", '""'),
    ],
)
def test_a_zone_file_has_a_spelling_of_its_own(type_: str, value: str, text: str) -> None:
    assert format_value(type_, value) == text


def test_a_value_is_taken_apart_into_its_fields() -> None:
    assert split_value("SRV", "0 5 5060 sip.talos00") == ["0", "5", "5060", "sip.talos00"]
    assert split_value("CAA", "0 issue ca; a=b") == ["0", "issue", "ca; a=b"]
    assert split_value("TXT", "two words") == ["two words"]
    with pytest.raises(BadValue, match="it has 1 of 2 parts"):
        split_value("MX", "mx.talos00")


@pytest.mark.parametrize(("type_", "value"), [(type_, value) for type_, _, value in SPELLINGS if type_ != "TXT"])
def test_a_dns_library_reads_the_zone_file_as_the_same_value(type_: str, value: str) -> None:
    read = dns.rdata.from_text("IN", type_, format_value(type_, value)).to_text()
    assert read.replace('"', "").removesuffix(".") == value


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_a_dns_library_reads_any_text_back_from_a_zone_file(text: str) -> None:
    read = dns.rdata.from_text("IN", "TXT", format_value("TXT", text))
    assert isinstance(read, TXT)
    assert b"".join(read.strings).decode() == text
