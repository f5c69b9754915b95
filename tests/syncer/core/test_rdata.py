"""A value has one spelling here, and one in a zone file that a DNS library reads as the same."""

from __future__ import annotations

import dns.exception
import dns.name
import dns.rdata
import pytest
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import assume, given
from hypothesis import strategies as st

from syncer.core.names import BadName
from syncer.core.rdata import WORDS, BadValue, clean_value, format_value, list_targets, split_value

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

SHA256 = "ab" * 32

RFC_SPELLINGS = [
    ("DNAME", "Other.Example.", "other.example"),
    ("DS", f"12345 13 2 {SHA256.upper()}", f"12345 13 2 {SHA256}"),
    ("DS", f"12345 ECDSAP256SHA256 2 {SHA256[:30]} {SHA256[30:]}", f"12345 13 2 {SHA256}"),
    ("TLSA", f"3  1 1 {SHA256[:32]} {SHA256[32:].upper()}", f"3 1 1 {SHA256}"),
    ("TLSA", "0 0 0 3082", "0 0 0 3082"),
    ("SSHFP", f"4 2 {SHA256.upper()}", f"4 2 {SHA256}"),
    (
        "NAPTR",
        r'100 10 U E2U+sip "!^\\+49(.*)$!sip:\\1@x.org!" .',
        r'100 10 "U" "E2U+sip" "!^\\+49(.*)$!sip:\\1@x.org!" .',
    ),
    ("NAPTR", '1 2 "s" "SIP+D2U" "" _sip._udp.Example.com.', '1 2 "s" "SIP+D2U" "" _sip._udp.example.com'),
    ("URI", "10 1 HTTPS://Example.com", '10 1 "https://example.com/"'),
    ("URI", '10 1 "sip:info@example.com"', '10 1 "sip:info@example.com"'),
    ("HTTPS", '1 . ipv4hint="192.0.2.1,192.0.2.2" alpn="h2,h3"', "1 . alpn=h2,h3 ipv4hint=192.0.2.1,192.0.2.2"),
    ("HTTPS", "0 web.example.com.", "0 web.example.com"),
    ("HTTPS", "1 .", "1 ."),
    (
        "SVCB",
        "1 dns.example.com dohpath=/q{?dns} alpn=h2 key667=a\\032b",
        "1 dns.example.com alpn=h2 dohpath=/q{?dns} key667=a\\032b",
    ),
]
"""What the RFCs of the types spell otherwise is the same on the wire, and has one spelling here."""


@pytest.mark.parametrize(("type_", "text", "value"), [*SPELLINGS, *RFC_SPELLINGS])
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
        ("DNAME", "*.talos00", "nothing can point to a wildcard"),
        ("DS", "12345 13 2", "it has 3 of 4 parts"),
        ("DS", f"12345 13 0 {SHA256}", "digest type 0 is reserved"),
        ("DS", f"12345 NONE 2 {SHA256}", "NONE is no number from 0 to 255"),
        ("DS", "12345 13 2 abcd", "its digest has 2 bytes, one of type 2 has 32"),
        ("TLSA", "3 1 1 abc", "abc is not hexadecimal, with two digits for each byte"),
        ("TLSA", f"3 1 2 {SHA256}", "its digest has 32 bytes, one of type 2 has 64"),
        ("SSHFP", "4 1 xyz0", "xyz0 is not hexadecimal, with two digits for each byte"),
        ("SSHFP", f"256 2 {SHA256}", "256 is no number from 0 to 255"),
        ("NAPTR", '100 10 "U" "E2U" "!a!b!"', "it has 5 of 6 parts"),
        ("NAPTR", '100 10 "U" "E2U" "!a!b!" . more', "it has 7 parts, 6 are the most"),
        (
            "NAPTR",
            '1 2 "U" "E2U" "!a!b!" c.d',
            "it has a regular expression and a replacement, which exclude each other (RFC 3403)",
        ),
        ("URI", "10 1 example.com", "example.com is no URI: it must begin with a scheme such as https:"),
        ("HTTPS", "1", "it has 1 of 2 parts"),
        ("HTTPS", "0 . alpn=h2", "priority 0 makes it an alias, which takes no parameters"),
        ("SVCB", "1 . no-default-alpn", "no-default-alpn says nothing without alpn"),
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


@pytest.mark.parametrize(("type_", "text", "value"), RFC_SPELLINGS)
def test_a_dns_library_has_the_same_on_the_wire_for_either_spelling(type_: str, text: str, value: str) -> None:
    ours = dns.rdata.from_text("IN", type_, format_value(type_, value))
    assert clean_value(type_, ours.to_text()) == value
    if type_ != "URI":  # of which the spelling is normalised, too
        assert dns.rdata.from_text("IN", type_, text, dns.name.root, relativize=False) == ours


def test_strings_and_parameters_are_taken_apart_without_their_quotes() -> None:
    assert split_value("NAPTR", '1 2 "U" "E2U+sip" "!^.*$!sip:a@b!" .') == [
        "1",
        "2",
        "U",
        "E2U+sip",
        "!^.*$!sip:a@b!",
        ".",
    ]
    assert split_value("URI", '10 1 "https://example.com/"') == ["10", "1", "https://example.com/"]
    assert split_value("HTTPS", "1 . alpn=h2 port=443") == ["1", ".", "alpn=h2 port=443"]
    assert split_value("HTTPS", "0 web.talos00") == ["0", "web.talos00", ""]
    with pytest.raises(BadValue, match="it has 2 of 3 parts"):
        split_value("URI", "10 1")


NUMBERS = st.integers(0, 65535).map(str)
HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
HOSTS = st.sampled_from([".", "web.talos00.", "a.example.com."])
STRINGS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
PARAMETERS = st.permutations(
    [
        "alpn=h2,h3",
        "port=8443",
        'ipv4hint="192.0.2.1"',
        "ipv6hint=2001:DB8::1",
        "ech=AAb+DQACQWI=",
        "key700=x\\200y",
        "no-default-alpn",
    ]
).flatmap(lambda all_: st.integers(0, 7).map(lambda some: all_[:some]))


@given(
    st.one_of(
        st.tuples(st.just("TLSA"), st.tuples(st.just("3"), st.just("1"), st.just("1"), HEX)),
        st.tuples(st.just("SSHFP"), st.tuples(st.just("4"), st.just("2"), HEX)),
        st.tuples(st.just("DS"), st.tuples(NUMBERS, st.just("13"), st.just("2"), HEX)),
        st.tuples(st.just("NAPTR"), st.tuples(NUMBERS, NUMBERS, STRINGS, STRINGS, st.just('""'), HOSTS)),
        st.tuples(st.just("NAPTR"), st.tuples(NUMBERS, NUMBERS, STRINGS, STRINGS, STRINGS, st.just("."))),
        st.tuples(st.just("HTTPS"), st.tuples(st.just("1"), HOSTS, PARAMETERS.map(" ".join))),
    )
)
def test_whatever_is_taken_is_what_a_dns_library_reads_in_it(case: tuple[str, tuple[str, ...]]) -> None:
    type_, words = case
    text = " ".join(words)
    try:
        theirs = dns.rdata.from_text("IN", type_, text)
        value = clean_value(type_, text)
    except (dns.exception.DNSException, ValueError):
        assume(False)
    assert dns.rdata.from_text("IN", type_, format_value(type_, value)) == theirs
    assert clean_value(type_, value) == value


@given(st.sampled_from(sorted(WORDS)), st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_what_is_taken_of_any_text_is_taken_by_a_dns_library_too(type_: str, text: str) -> None:
    try:
        value = clean_value(type_, text)
    except ValueError:
        return
    dns.rdata.from_text("IN", type_, format_value(type_, value))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_a_dns_library_reads_any_text_back_from_a_zone_file(text: str) -> None:
    read = dns.rdata.from_text("IN", "TXT", format_value("TXT", text))
    assert isinstance(read, TXT)
    assert b"".join(read.strings).decode() == text


@pytest.mark.parametrize(
    ("type_", "value", "targets"),
    [
        ("A", "10.0.0.1", ["10.0.0.1"]),
        ("MX", "10 mx.talos00", ["mx.talos00"]),
        ("DNAME", "new.example", ["new.example"]),
        ("TXT", "10.0.0.1", []),
        ("HTTPS", "1 . alpn=h2 ipv4hint=127.0.0.1,10.0.0.1 ipv6hint=::1", ["127.0.0.1", "10.0.0.1", "::1"]),
        ("SVCB", "0 web.talos00", ["web.talos00"]),
        ("NAPTR", '1 2 "" "" "" sip.talos00', ["sip.talos00"]),
        ("NAPTR", '1 2 "U" "" "!a!b!" .', []),
        ("URI", '10 1 "https://127.0.0.1/"', ["127.0.0.1"]),
        ("URI", '10 1 "sip:a@b.c"', []),
        ("TLSA", f"3 1 1 {SHA256}", []),
    ],
)
def test_where_a_value_leads(type_: str, value: str, targets: list[str]) -> None:
    assert list(list_targets(type_, value)) == targets
