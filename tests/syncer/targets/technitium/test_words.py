"""Technitium's own words for what other records have as numbers, and its spelling of parameters."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.rdata import BadValue
from syncer.targets.technitium.fields import read_value
from syncer.targets.technitium.words import PARAMETERS, make_words, read_words

DIGEST = "ab" * 32

LISTED = [
    (
        "TLSA",
        {"certificateUsage": "DANE-EE", "selector": "SPKI", "matchingType": "SHA2-256",
         "certificateAssociationData": DIGEST.upper()},
        f"3 1 1 {DIGEST}",
        ["DANE-EE", "SPKI", "SHA2-256", DIGEST],
    ),
    (
        "SSHFP",
        {"algorithm": "Ed25519", "fingerprintType": "SHA256", "fingerprint": DIGEST.upper()},
        f"4 2 {DIGEST}",
        ["Ed25519", "SHA256", DIGEST],
    ),
    (
        "DS",
        {"keyTag": 60485, "algorithm": "RSASHA1_NSEC3_SHA1", "algorithmNumber": 7, "digestType": "SHA256",
         "digestTypeNumber": 2, "digest": DIGEST.upper()},
        f"60485 7 2 {DIGEST}",
        ["60485", "RSASHA1-NSEC3-SHA1", "SHA256", DIGEST],
    ),
    (
        "NAPTR",
        {"order": 100, "preference": 10, "flags": "U", "services": "E2U+sip", "regexp": "!^\\\\+49(.*)$!sip:a@b.c!",
         "replacement": "."},
        '100 10 "U" "E2U+sip" "!^\\\\\\\\+49(.*)$!sip:a@b.c!" .',
        ["100", "10", "U", "E2U+sip", "!^\\\\+49(.*)$!sip:a@b.c!", ""],
    ),
    (
        "NAPTR",
        {"order": 1, "preference": 2, "flags": "", "services": "", "regexp": "", "replacement": "_sip._udp.Talos00"},
        '1 2 "" "" "" _sip._udp.talos00',
        ["1", "2", "", "", "", "_sip._udp.talos00"],
    ),
    (
        "URI",
        {"priority": 10, "weight": 1, "uri": "https://example.com/"},
        '10 1 "https://example.com/"',
        ["10", "1", "https://example.com/"],
    ),
    (
        "HTTPS",
        {"svcPriority": 1, "svcTargetName": "", "svcParams": {"alpn": "h2,h3", "ipv4hint": "192.0.2.1,192.0.2.2"},
         "autoIpv4Hint": False, "autoIpv6Hint": False},
        "1 . alpn=h2,h3 ipv4hint=192.0.2.1,192.0.2.2",
        ["1", ".", "alpn|h2,h3|ipv4hint|192.0.2.1,192.0.2.2"],
    ),
    (
        "HTTPS",
        {"svcPriority": 1, "svcTargetName": "Web.Talos00",
         "svcParams": {"ech": "00:06:FE:0D:00:02:41:62", "no-default-alpn": None, "alpn": "h2"}},
        "1 web.talos00 alpn=h2 no-default-alpn ech=AAb+DQACQWI=",
        ["1", "web.talos00", "alpn|h2|no-default-alpn||ech|0006fe0d00024162"],
    ),
    ("SVCB", {"svcPriority": 0, "svcTargetName": "a.b", "svcParams": {}}, "0 a.b", ["0", "a.b", "false"]),
    (
        "SVCB",
        {"svcPriority": 1, "svcTargetName": "", "svcParams": {"dohpath": "/dns-query{?dns}"}},
        "1 . dohpath=/dns-query{?dns}",
        ["1", ".", "dohpath|/dns-query{?dns}"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "rdata", "value", "words"), LISTED)
def test_what_is_listed_is_read_as_rfc_text_and_said_again(
    type_: str, rdata: dict[str, Any], value: str, words: list[str]
) -> None:
    assert read_words(type_, rdata) == value
    assert make_words(type_, value) == words
    assert len(PARAMETERS[type_]) == len(words)


def test_quotes_that_somebody_wrote_into_a_parameter_are_no_quotes_round_it() -> None:
    rdata = {"svcPriority": 1, "svcTargetName": "", "svcParams": {"alpn": '"h2,h3"'}}
    assert read_value("HTTPS", rdata) not in ("1 . alpn=h2,h3", "")
    with pytest.raises(BadValue):
        read_words("HTTPS", rdata)


@pytest.mark.parametrize("type_", sorted(PARAMETERS))
@pytest.mark.parametrize("rdata", [{}, {"dataType": "DnsUnknownRecordData", "data": "AA:BB"}, {"svcParams": 7}])
def test_what_cannot_be_read_is_still_told_apart(type_: str, rdata: dict[str, Any]) -> None:
    assert read_value(type_, rdata) == " ".join(str(part) for part in rdata.values())


def test_a_key_without_a_name_comes_by_its_number() -> None:
    rdata = {"svcPriority": 1, "svcTargetName": "", "svcParams": {"667": "68:69:20", "8": None}}
    assert read_words("SVCB", rdata) == "1 . ohttp key667=hi\\032"


@pytest.mark.parametrize(
    ("type_", "value", "reason"),
    [
        ("TLSA", "7 1 1 " + DIGEST, "knows no TLSA with certificateUsage 7"),
        ("SSHFP", "5 2 " + DIGEST, "knows no SSHFP with algorithm 5"),
        ("DS", "1 200 2 " + DIGEST, "knows no DS with algorithm 200"),
        ("SVCB", "1 . ohttp", "knows no parameter ohttp"),
        ("SVCB", "1 . dohpath=/q{?dns,x}", "wants {.dns} in dohpath"),
        ("NAPTR", '1 2 "" "" "" .', "wants a regular expression or a replacement"),
        ("NAPTR", '1 2 "U" "" "!a!\\195\\188!" .', "not ASCII"),
        ("NAPTR", '1 2 "U-" "" "!a!b!" .', "letters and digits as flags"),
    ],
)
def test_what_the_server_would_refuse_or_spoil_is_refused_before(type_: str, value: str, reason: str) -> None:
    with pytest.raises(BadValue, match=reason):
        make_words(type_, value)
