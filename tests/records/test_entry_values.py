"""What a custom entry may say."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from records.entry_values import HINTS, clean_entry
from syncer.core.claims import Mode
from syncer.core.fitting import RDATA_LIMIT
from syncer.core.rdata import TYPES
from syncer.targets.technitium.fields import FIELDS, make_parameters

ZONES = ("talos00", "home.lab", "k8s.home.lab")
DIGEST = "ab" * 32


def clean(kind: str, *values: str, name: str = "www.talos00", **others: Any) -> tuple[str, ...]:
    fields = {"ttl": None, "mode": "publish", "zones": ZONES, **others}
    return clean_entry(name=name, type=kind, values=values, **fields).values


def complaints(kind: str, *values: str, **others: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        clean(kind, *values, **others)
    return caught.value.message_dict


def test_it_takes_every_type_that_the_target_can_write() -> None:
    assert set(TYPES) == set(FIELDS)


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        ("A", "192.0.2.1 ", "192.0.2.1"),
        ("AAAA", "2001:DB8::0:1", "2001:db8::1"),
        ("CNAME", "Other.Example.COM.", "other.example.com"),
        ("CNAME", "bücher.example", "xn--bcher-kva.example"),
        ("TXT", "v=spf1 -all", "v=spf1 -all"),
        ("TXT", 'say "hello" \\ ; größe ', 'say "hello" \\ ; größe '),
        ("TXT", "x" * 4000, "x" * 4000),
        ("SRV", "0  5 5060 SIP.example.com.", "0 5 5060 sip.example.com"),
        ("MX", "10 Mail.example.com.", "10 mail.example.com"),
        (
            "CAA",
            '0 ISSUE "letsencrypt.org; validationmethods=dns-01"',
            "0 issue letsencrypt.org; validationmethods=dns-01",
        ),
        ("CAA", "128 iodef mailto:Ops@example.com", "128 iodef mailto:Ops@example.com"),
        ("PTR", "www.example.com", "www.example.com"),
        ("NS", "ns1.example.com.", "ns1.example.com"),
        ("DNAME", "Other.Example.", "other.example"),
        ("DS", f"60485 ECDSAP256SHA256 2 {DIGEST.upper()}", f"60485 13 2 {DIGEST}"),
        ("HTTPS", '1 . ipv4hint=192.0.2.1 alpn="h2,h3"', "1 . alpn=h2,h3 ipv4hint=192.0.2.1"),
        ("NAPTR", "100 10 U E2U+sip !^.*$!sip:a@b.c! .", '100 10 "U" "E2U+sip" "!^.*$!sip:a@b.c!" .'),
        ("SSHFP", f"4 2 {DIGEST.upper()}", f"4 2 {DIGEST}"),
        ("SVCB", "1 DNS.example.com. port=853 alpn=dot", "1 dns.example.com alpn=dot port=853"),
        ("TLSA", f"3 1 1 {DIGEST[:40]} {DIGEST[40:].upper()}", f"3 1 1 {DIGEST}"),
        ("URI", "10 1 HTTPS://Example.com", '10 1 "https://example.com/"'),
    ],
)
def test_values_get_the_spelling_that_the_engine_compares(kind: str, written: str, kept: str) -> None:
    assert clean(kind, written) == (kept,)
    assert make_parameters(kind, kept)  # the target understands it


@pytest.mark.parametrize(
    ("kind", "written", "reason"),
    [
        ("A", "010.0.0.1", "not an IP address"),
        ("A", "192.0.2.0/24", "not an IP address"),
        ("A", "::1", "it is an AAAA value"),
        ("AAAA", "192.0.2.1", "it is an A value"),
        ("AAAA", "fe80::1%eth0", "zone index"),
        ("A", "", "it is empty"),
        ("CNAME", "192.0.2.1", "IP address, not a name"),
        ("CNAME", "*.example.com", "nothing can point to a wildcard"),
        ("CNAME", "two words.example.com", "blank inside"),
        ("TXT", "two\nlines", "line break"),
        ("TXT", "nul\0", "control character"),
        ("TXT", '"v=spf1 -all"', "quotes around it would be published"),
        ("SRV", "0 5 sip.example.com", "it has 3 of 4 parts"),
        ("SRV", "0 5 65536 sip.example.com", "65536 is no number from 0 to 65535"),
        ("SRV", "-1 5 5060 sip.example.com", "-1 is no number"),
        ("SRV", "0 5 5060 .", "empty name"),
        ("MX", "mail.example.com", "it has 1 of 2 parts"),
        ("MX", "10 192.0.2.1", "IP address, not a name"),
        ("MX", "٣ mail.example.com", "is no number"),
        ("CAA", "256 issue letsencrypt.org", "256 is no number from 0 to 255"),
        ("CAA", "0 is-sue letsencrypt.org", "its tag must be letters and digits"),
        ("CAA", '0 issue "a"b"', "without quotes"),
        ("PTR", "a" * 300, "(253 is the most)"),
        ("NS", "ns1..example.com", "empty label"),
    ],
)
def test_a_bad_value_is_refused_with_the_reason_and_an_example(kind: str, written: str, reason: str) -> None:
    [sentence] = complaints(kind, written)["values"]
    assert reason in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize("kind", TYPES)
def test_the_example_of_each_type_is_a_value(kind: str) -> None:
    if kind != "TXT":  # of which any text is one
        example = HINTS[kind].rpartition("such as ")[2]
        assert clean(kind, example) == (example,)


def test_two_spellings_of_one_value_are_one() -> None:
    assert clean("TLSA", f"3 1 1 {DIGEST}", f"3 1 1 {DIGEST.upper()}") == (f"3 1 1 {DIGEST}",)
    assert len(clean("HTTPS", '1 . port=443 alpn="h2"', "1 . alpn=h2 port=443")) == 1


def test_an_alias_among_services_is_refused() -> None:
    assert "must be the only value" in complaints("HTTPS", "0 a.talos00", "1 . alpn=h2")["values"][0]
    assert clean("HTTPS", "0 a.talos00") == ("0 a.talos00",)


def test_a_dname_has_one_target_that_is_elsewhere() -> None:
    assert "one value, not 2" in complaints("DNAME", "a.example", "b.example")["values"][0]
    for target in ("www.talos00", "a.www.talos00"):
        assert "or lie below it" in complaints("DNAME", target)["values"][0]
    assert clean("DNAME", "xwww.talos00") == ("xwww.talos00",)
    assert clean("DNAME", "example.com", name="talos00") == ("example.com",)


@pytest.mark.parametrize("kind", ["DNAME", "DS"])
def test_neither_a_dname_nor_a_ds_can_be_at_a_wildcard(kind: str) -> None:
    example = HINTS[kind].rpartition("such as ")[2]
    assert "cannot be at a wildcard (RFC 4592" in complaints(kind, example, name="*.talos00")["type"][0]


def test_a_ds_belongs_to_the_zone_above() -> None:
    example = HINTS["DS"].rpartition("such as ")[2]
    assert "it belongs into the zone above" in complaints("DS", example, name="talos00")["type"][0]


def test_values_are_sorted_and_said_once() -> None:
    assert clean("A", "192.0.2.2", "192.0.2.1", "192.0.2.2") == ("192.0.2.1", "192.0.2.2")


def test_each_bad_value_has_its_own_sentence() -> None:
    assert len(complaints("A", "one", "192.0.2.1", "two")["values"]) == 2


def test_a_record_needs_a_value() -> None:
    assert "Give at least one value" in complaints("A")["values"][0]


def test_an_rrset_that_no_answer_can_hold_is_refused() -> None:
    assert str(RDATA_LIMIT) in complaints("TXT", "x" * 65_000)["values"][0]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("WWW.Talos00.", "www.talos00"),
        ("*.talos00", "*.talos00"),
        ("talos00", "talos00"),
        ("größe.home.lab", "xn--gre-6ka8i.home.lab"),
    ],
)
def test_a_name_gets_the_one_spelling(name: str, kept: str) -> None:
    assert clean_entry(name=name, type="A", values=["192.0.2.1"], ttl=None, mode="publish", zones=ZONES).name == kept


@pytest.mark.parametrize(
    "name", ["", "two words.talos00", "a" * 300 + ".talos00", "🦊 .talos00", "-x.talos00", "www.example.com"]
)
def test_a_name_that_is_none_or_in_no_zone_is_refused(name: str) -> None:
    assert complaints("A", "192.0.2.1", name=name)["name"][0].endswith(".")


@pytest.mark.parametrize("kind", ["CNAME", "NS"])
def test_neither_an_alias_nor_a_delegation_can_be_at_an_apex(kind: str) -> None:
    assert "apex of zone k8s.home.lab" in complaints(kind, "x.example.com", name="k8s.home.lab")["type"][0]


def test_a_delegation_can_be_below_the_apex_but_not_at_a_wildcard() -> None:
    assert clean("NS", "ns1.example.com", name="sub.talos00") == ("ns1.example.com",)
    assert "wildcard" in complaints("NS", "ns1.example.com", name="*.talos00")["type"][0]


def test_an_alias_has_one_target_that_is_not_itself() -> None:
    assert "one value, not 2" in complaints("CNAME", "a.example.com", "b.example.com")["values"][0]
    assert "alias of itself" in complaints("CNAME", "WWW.talos00.")["values"][0]
    assert clean("CNAME", "www.example.com", name="*.talos00") == ("www.example.com",)


@pytest.mark.parametrize("ttl", [0, -1, 2**31, True, "60", 1.5])
def test_a_ttl_is_a_whole_number_of_seconds(ttl: Any) -> None:
    assert "from 1 to 2147483647" in complaints("A", "192.0.2.1", ttl=ttl)["ttl"][0]


def test_the_bounds_of_a_ttl_are_allowed() -> None:
    for ttl in (1, 2**31 - 1):
        assert clean("A", "192.0.2.1", ttl=ttl)


def test_a_block_has_neither_type_nor_values_nor_ttl() -> None:
    entry = clean_entry(name="www.talos00", type="", values=[], ttl=None, mode="block", zones=ZONES)
    assert entry == ("www.talos00", "", (), None, Mode.BLOCK)
    assert set(complaints("A", "192.0.2.1", mode="block", ttl=60)) == {"type", "values", "ttl"}


@pytest.mark.parametrize("kind", ["", "LOC", "SOA", "a b"])
def test_other_types_are_refused(kind: str) -> None:
    assert "CNAME" in complaints(kind, "x")["type"][0]


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert set(complaints("A", "x", name="?", ttl=0, mode="perhaps")) == {"name", "values", "ttl", "mode"}


def test_values_must_be_a_list_of_texts() -> None:
    for values in ("192.0.2.1", 7, None):
        with pytest.raises(ValidationError) as caught:
            clean_entry(name="x.talos00", type="A", values=values, ttl=None, mode="publish", zones=ZONES)  # type: ignore[arg-type]
        assert "Give a list of texts" in caught.value.message_dict["values"][0]
    assert "not a text" in complaints("A", 7)["values"][0]  # type: ignore[arg-type]
