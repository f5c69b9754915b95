from __future__ import annotations

from typing import Any

import pytest

from syncer.core.rrsets import RRset
from syncer.targets.technitium.fields import (
    explain_unfit,
    fits_update,
    format_lines,
    is_importable,
    is_storable,
    make_parameters,
    make_replacement,
    read_value,
)

MARK = "catalyst-dns-sync/default Ingress/monitoring/grafana"

WRITABLE = [
    ("A", {"ipAddress": "192.168.1.54"}, "192.168.1.54"),
    ("AAAA", {"ipAddress": "2001:db8::2"}, "2001:db8::2"),
    ("CNAME", {"cname": "web.talos00"}, "web.talos00"),
    ("NS", {"nameServer": "ns1.test"}, "ns1.test"),
    ("PTR", {"ptrName": "grafana.talos00"}, "grafana.talos00"),
    ("TXT", {"text": 'say "hi" \\ there'}, 'say "hi" \\ there'),
    ("MX", {"preference": 10, "exchange": "mx.talos00"}, "10 mx.talos00"),
    ("SRV", {"priority": 1, "weight": 2, "port": 80, "target": "grafana.talos00"}, "1 2 80 grafana.talos00"),
    ("CAA", {"flags": 0, "tag": "issue", "value": "ca.example; a=b c"}, "0 issue ca.example; a=b c"),
]


@pytest.mark.parametrize(("type_", "rdata", "value"), WRITABLE)
def test_a_value_goes_to_presentation_format_and_back(type_: str, rdata: dict[str, Any], value: str) -> None:
    assert read_value(type_, rdata) == value
    assert make_parameters(type_, value) == {field: str(part) for field, part in rdata.items()}


def test_host_names_come_in_lower_case_and_addresses_in_one_spelling() -> None:
    assert read_value("CNAME", {"cname": "Web.Talos00"}) == "web.talos00"
    assert read_value("SRV", {"priority": 1, "weight": 2, "port": 80, "target": "Web.Talos00"}) == "1 2 80 web.talos00"
    assert read_value("AAAA", {"ipAddress": "2001:DB8:0::1"}) == "2001:db8::1"


def test_an_unknown_type_still_has_a_value() -> None:
    assert read_value("65280", {"value": "AA:BB"}) == "AA:BB"
    one = read_value("RP", {"mailbox": "a.talos00", "txtDomain": "b.talos00"})
    two = read_value("RP", {"mailbox": "a.talos00", "txtDomain": "c.talos00"})
    assert one != two


def test_an_update_names_the_old_value_and_the_new_one() -> None:
    assert make_replacement("A", "10.0.0.1", "10.0.0.2") == {"ipAddress": "10.0.0.1", "newIpAddress": "10.0.0.2"}
    assert make_replacement("MX", "10 mx.talos00", "20 mx.talos00") == {
        "preference": "10",
        "exchange": "mx.talos00",
        "newPreference": "20",
        "newExchange": "mx.talos00",
    }


def test_an_update_of_a_cname_names_only_the_new_target() -> None:
    assert make_replacement("CNAME", "old.talos00", "new.talos00") == {"cname": "new.talos00"}


def test_zone_file_lines_are_absolute_and_carry_the_mark() -> None:
    assert format_lines(RRset("*.talos00", "A", 60, ("10.0.0.1", "10.0.0.2")), MARK) == (
        f"*.talos00. 60 IN A 10.0.0.1 ;{MARK}\n*.talos00. 60 IN A 10.0.0.2 ;{MARK}\n"
    )
    assert format_lines(RRset("a.talos00", "SRV", 60, ("1 2 80 b.talos00",)), "m") == (
        "a.talos00. 60 IN SRV 1 2 80 b.talos00. ;m\n"
    )


@pytest.mark.parametrize(
    ("type_", "value", "mark"),
    [
        ("TXT", "hello", MARK),
        ("CAA", "0 issue ca.example", MARK),
        ("A", "10.0.0.1\nnas.talos00. 60 IN A 6.6.6.6", MARK),
        ("CNAME", "a.talos00. ;", MARK),
        ("A", "10.0.0.1", '{"owner":"x"}'),
        ("A", "10.0.0.1", " blank before"),
        ("A", "10.0.0.1", "back\\nslash"),
        ("A", "10.0.0.1", "line\nbreak"),
        ("A", "10.0.0.1", "m" * 256),
    ],
)
def test_what_a_zone_file_would_say_differently_is_not_imported(type_: str, value: str, mark: str) -> None:
    assert not is_importable(RRset("grafana.talos00", type_, 60, (value,)), mark)


def test_a_dname_is_replaced_like_a_cname() -> None:
    assert make_replacement("DNAME", "old.example", "new.example") == {"dname": "new.example"}


def test_an_update_of_a_naptr_has_names_of_its_own_and_cannot_empty_a_part() -> None:
    one, two = '1 2 "U" "E2U+sip" "!^.*$!sip:a@b.c!" .', '1 3 "U" "E2U+sip" "!^.*$!sip:a@b.c!" .'
    changed = make_replacement("NAPTR", one, two)
    assert (changed["naptrPreference"], changed["naptrNewPreference"]) == ("2", "3")
    assert (changed["naptrReplacement"], changed["naptrNewReplacement"]) == ("", "")
    assert fits_update("NAPTR", one, two)
    assert not fits_update("NAPTR", one, '1 2 "U" "E2U+sip" "" _sip._udp.b.c')
    assert fits_update("A", "10.0.0.1", "10.0.0.2")


def test_what_the_server_cannot_hold_is_told() -> None:
    assert explain_unfit(RRset("a.talos00", "A", 60, ("10.0.0.1",))) == ""
    assert explain_unfit(RRset("a.talos00", "HTTPS", 60, ("1 . alpn=h2",))) == ""
    assert explain_unfit(RRset("a.talos00", "SPF", 60, ("x",))) == "records of type SPF cannot be written to Technitium"
    assert explain_unfit(RRset("a.talos00", "SVCB", 60, ("1 . key667=x",))) == "Technitium knows no parameter key667"


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        (
            "HTTPS",
            "1 . alpn=h2,h3 ipv4hint=192.0.2.1 ech=AAb+DQACQWI=",
            "1 . alpn=h2,h3 ipv4hint=192.0.2.1 ech=0006fe0d00024162",
        ),
        ("HTTPS", "0 web.talos00", "0 web.talos00."),
        ("TLSA", "0 0 0 3082", "0 0 0 3082"),
        ("DNAME", "other.example", "other.example."),
    ],
)
def test_rare_types_are_imported_as_the_server_reads_them(type_: str, value: str, text: str) -> None:
    rrset = RRset("a.talos00", type_, 60, (value,))
    assert is_importable(rrset, MARK)
    assert format_lines(rrset, "m") == f"a.talos00. 60 IN {type_} {text} ;m\n"


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("URI", '1 2 "https://a.b/"'),
        ("NAPTR", '1 2 "U" "" "!a!b!" .'),
        ("SVCB", "1 . dohpath=/q{?dns}"),
        ("SVCB", "1 . key9=x"),
    ],
)
def test_what_takes_quotes_or_braces_is_not_imported(type_: str, value: str) -> None:
    assert not is_importable(RRset("a.talos00", type_, 60, (value,)), MARK)


@pytest.mark.parametrize("type_", ["A", "AAAA", "CNAME", "MX", "SRV", "PTR", "NS"])
def test_ordinary_records_are_imported(type_: str) -> None:
    value = next(value for kind, _, value in WRITABLE if kind == type_)
    assert is_importable(RRset("*.grafana.talos00", type_, 60, (value,)), MARK)


def test_a_mark_that_would_break_the_zone_file_is_not_stored() -> None:
    assert is_storable("m" * 255)
    assert not is_storable("m" * 256)
    assert not is_storable("catalyst-dns-sync/é Ingress/a/b")
