from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.names import (
    BadName,
    canonical_address,
    canonical_name,
    canonical_target,
    covers_name,
    is_wildcard,
    value_type,
    zone_of,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("grafana.talos00", "grafana.talos00"),
        ("Grafana.Home.LAB.", "grafana.home.lab"),
        (" nas.home.lab\n", "nas.home.lab"),
        ("talos00", "talos00"),
        ("*.K8s.example.com", "*.k8s.example.com"),
        ("_dmarc.home.lab", "_dmarc.home.lab"),
        ("r3---sn-4g5e6nz7.home.lab", "r3---sn-4g5e6nz7.home.lab"),
        ("x" * 63 + ".home.lab", "x" * 63 + ".home.lab"),
        (".".join(["x" * 62] * 4) + ".", ".".join(["x" * 62] * 4)),
        ("4.3.2.1.in-addr.arpa", "4.3.2.1.in-addr.arpa"),
    ],
)
def test_it_spells_a_name_in_lower_case_without_the_final_dot(text: str, name: str) -> None:
    assert canonical_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("bücher.home.lab", "xn--bcher-kva.home.lab"),
        ("BÜCHER.home.lab", "xn--bcher-kva.home.lab"),
        ("*.bücher.home.lab", "*.xn--bcher-kva.home.lab"),
        ("straße.home.lab", "xn--strae-oqa.home.lab"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("日本。home．lab", "xn--wgv71a.home.lab"),
        ("ＮＡＳ.home.lab", "nas.home.lab"),
        ("na\u00ads.home.lab", "nas.home.lab"),
        ("e\u0301.home.lab", "xn--9ca.home.lab"),
        ("💩.la", "xn--ls8h.la"),
        ("XN--BCHER-KVA.home.lab", "xn--bcher-kva.home.lab"),
        ("xn--ls8h.la", "xn--ls8h.la"),
        ("نامه\u200cای.com", "xn--mgba3gch31f060k.com"),
        ("אב.home.lab", "xn--4dbc.home.lab"),
    ],
)
def test_it_follows_uts_46_without_the_transition(text: str, name: str) -> None:
    assert canonical_name(text) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty name"),
        (".", "empty name"),
        ("grafana..talos00", "empty label"),
        ("grafana.talos00..", "empty label"),
        (".talos00", "empty label"),
        ("graf ana.talos00", "name with a blank inside"),
        ("a.talos00,b.talos00", "two names in one: give each as one of its own"),
        ("a.talos00 b.talos00", "two names in one: give each as one of its own"),
        ("${APP}.talos00", "looks like a variable that was not filled in: render the template first"),
        ("{{ .Values.host }}", "looks like a variable that was not filled in: render the template first"),
        ("*", "catch-all, not a name"),
        ("grafana.*.talos00", "`*` is only allowed as the whole first label"),
        ("graf*.talos00", "`*` is only allowed as the whole first label"),
        ("**.talos00", "`*` is only allowed as the whole first label"),
        ("-grafana.talos00", "label with a hyphen at an end"),
        ("grafana-.talos00", "label with a hyphen at an end"),
        ("grafana/login.talos00", "character '/' in a label"),
        ("grafana\x00.talos00", r"character '\x00' in a label"),
        ("grafana.talos00:8443", "name with a port"),
        ("192.0.2.1:8443", "name with a port"),
        ("[2001:db8::1]:8443", "name with a port"),
        ("192.0.2.1", "IP address, not a name"),
        ("192.0.2.1.", "IP address, not a name"),
        ("１９２.0.2.1", "IP address, not a name"),
        ("2001:DB8::1", "IP address, not a name"),
        ("[2001:db8::1]", "IP address, not a name"),
        ("256.256.256.256", "last label of digits only, like an IP address"),
        ("010.0.0.1", "last label of digits only, like an IP address"),
        ("x" * 64 + ".home.lab", "label of 64 characters (63 is the most)"),
        ("ü" * 64, "label of more than 64 characters (63 is the most)"),
        (".".join(["x" * 62] * 4) + ".xy", "name of 254 characters (253 is the most)"),
        ("x." * 500_000, "name of 999999 characters (253 is the most)"),
        ("a\u0301\u0316" * 50_000, "name of 150000 characters (253 is the most)"),
        ("xn--zz.home.lab", "not valid as an international name (UTS 46)"),
        ("xn--99999999.home.lab", "not valid as an international name (UTS 46)"),
        ("xn--bücher.home.lab", "not valid as an international name (UTS 46)"),
        ("xn--nas-.home.lab", "label that starts with `xn--` and is no A-label"),
        ("xn--bcher-2pa.home.lab", "label that starts with `xn--` and is no A-label"),
        ("\u0301nas.home.lab", "not valid as an international name (UTS 46)"),
        ("na\u200ds.home.lab", "joiner out of context in an international label"),
        ("1nas.אב", "not valid as an international name (UTS 46)"),
        ("\udcff.home.lab", "not valid as an international name (UTS 46)"),
        ("a\u2260b.home.lab\uffff", "not valid as an international name (UTS 46)"),
    ],
)
def test_it_says_why_a_text_is_no_name(text: str, reason: str) -> None:
    with pytest.raises(BadName) as e:
        canonical_name(text)
    assert str(e.value) == reason


@given(st.text() | st.text("ab.-_*xn:\u200d3 éß。א"))
def test_whatever_comes_in_a_name_is_refused_or_final(text: str) -> None:
    try:
        name = canonical_name(text)
    except BadName:
        return
    assert name.isascii()
    assert len(name) <= 253
    assert canonical_name(name) == canonical_name(name.upper()) == canonical_name(name + ".") == name


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("grafana.talos00", "talos00"),
        ("talos00", "talos00"),
        ("*.talos00", "talos00"),
        ("grafana.k8s.example.com", "k8s.example.com"),
        ("k8s.example.com", "k8s.example.com"),
        ("grafana.notk8s.example.com", "example.com"),
        ("nottalos00", None),
        ("grafana.com", None),
        ("com", None),
    ],
)
def test_a_name_belongs_to_the_longest_zone(name: str, zone: str | None) -> None:
    assert zone_of(name, ("talos00", "example.com", "k8s.example.com")) == zone


@pytest.mark.parametrize(
    ("pattern", "name", "covered"),
    [
        ("*.home.lab", "nas.home.lab", True),
        ("*.home.lab", "disk.nas.home.lab", True),
        ("*.home.lab", "*.nas.home.lab", True),
        ("*.home.lab", "*.home.lab", True),
        ("*.home.lab", "home.lab", False),
        ("*.home.lab", "nashome.lab", False),
        ("nas.home.lab", "nas.home.lab", True),
        ("nas.home.lab", "*.home.lab", False),
        ("nas.home.lab", "disk.nas.home.lab", False),
    ],
)
def test_a_wildcard_covers_any_depth_but_not_its_parent(pattern: str, name: str, covered: bool) -> None:
    assert covers_name(pattern, name) is covered


def test_it_tells_a_wildcard_from_a_name() -> None:
    assert is_wildcard("*.home.lab")
    assert not is_wildcard("nas.home.lab")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("::", "::"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("::FFFF:C000:201", "::ffff:192.0.2.1"),
    ],
)
def test_it_spells_an_address_as_rfc_5952_does(text: str, address: str) -> None:
    assert canonical_address(text) == canonical_target(text) == address


NO_ADDRESSES = [
    "256.256.256.256",
    "1.2.3.4/22",
    "010.0.0.1",
    "1.2.3",
    "1.2.3.4.",
    "١.2.3.4",
    "fe80::1%eth0",
    "[::1]",
    "",
]


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_only_looks_like_an_address_is_none_and_no_target_either(text: str) -> None:
    with pytest.raises(BadName):
        canonical_address(text)
    with pytest.raises(BadName):
        canonical_target(text)


@given(st.ip_addresses())
def test_every_address_stays_the_same_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    text = canonical_address(str(address))
    assert ipaddress.ip_address(text) == address
    assert canonical_address(text) == text
    assert value_type(text) == ("A" if address.version == 4 else "AAAA")


def test_a_target_may_be_a_host_name_but_no_wildcard() -> None:
    assert canonical_target("LB.Home.Lab.") == "lb.home.lab"
    with pytest.raises(BadName, match="wildcard"):
        canonical_target("*.home.lab")


@pytest.mark.parametrize(
    ("value", "type_"),
    [("192.0.2.1", "A"), ("::ffff:192.0.2.1", "AAAA"), ("lb.home.lab", "CNAME"), ("lb", "CNAME"), ("lb.1e1", "CNAME")],
)
def test_a_target_says_the_type_of_its_record(value: str, type_: str) -> None:
    assert value_type(canonical_target(value)) == type_
