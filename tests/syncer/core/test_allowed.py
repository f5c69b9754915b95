from __future__ import annotations

import pytest

from syncer.core.allowed import TargetRules, collect_allowed, parse_allowed


def allow(*texts: str, loopback: bool = False) -> TargetRules:
    return TargetRules(collect_allowed(map(parse_allowed, texts)), loopback)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("localhost", "loopback"),
        ("x.localhost", "loopback"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("224.0.0.251", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "broadcast"),
    ],
)
def test_addresses_at_which_no_other_machine_is_are_refused(value: str, what: str) -> None:
    assert TargetRules().refuse_value(value) == f"{what} is refused"


@pytest.mark.parametrize(
    "value", ["10.0.0.1", "192.168.1.54", "fd00::1", "2001:db8::1", "edge.talos00", "localhost.home.lab"]
)
def test_all_others_are_allowed_unless_a_setting_narrows_them(value: str) -> None:
    assert TargetRules().refuse_value(value) == ""


def test_loopback_is_no_harm_on_a_developers_machine() -> None:
    rules = TargetRules(loopback=True)
    assert rules.refuse_value("127.0.0.1") == rules.refuse_value("localhost") == ""
    assert rules.refuse_value("169.254.169.254") == "link-local is refused"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("10.0.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.54", "private"),
        ("::ffff:192.168.1.54", "private"),
        ("100.64.0.1", "shared"),
        ("100.127.255.255", "shared"),
        ("fd00::1", "unique-local"),
        ("fc00::1", "unique-local"),
        ("172.32.0.1", ""),
        ("100.128.0.1", ""),
        ("203.0.113.1", ""),
        ("2001:db8::1", ""),
        ("lan.talos00", ""),
    ],
)
def test_a_public_target_refuses_what_leads_somewhere_within_one_network_alone(value: str, what: str) -> None:
    refusal = f"{what} is refused: the target is public" if what else ""
    assert TargetRules(public=True).refuse_value(value) == refusal
    assert TargetRules().refuse_value(value) == ""


def test_a_setting_narrows_to_networks_and_suffixes() -> None:
    rules = allow("192.168.0.0/16", "fd00::/8", "10.0.0.7", ".edge.talos00")
    good = ("192.168.1.54", "fd00::1", "10.0.0.7", "edge.talos00", "a.edge.talos00", "::ffff:192.168.1.1")
    assert [rules.refuse_value(value) for value in good] == [""] * len(good)
    bad = ("10.0.0.8", "2001:db8::1", "bad-edge.talos00", "talos00", "::ffff:10.0.0.8")
    assert [rules.refuse_value(value) for value in bad] == ["not in ALLOWED_TARGETS"] * len(bad)


def test_networks_alone_allow_no_host_name_and_the_other_way_round() -> None:
    assert allow("10.0.0.0/8").refuse_value("edge.talos00") == "not in ALLOWED_TARGETS"
    assert allow("talos00").refuse_value("10.0.0.1") == "not in ALLOWED_TARGETS"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10.0.0.1/8", "bits of the host are set: give 10.0.0.0/8"),
        ("10.0.0.0/33", "no network, address or host name"),
        ("fd00::g/8", "no network, address or host name"),
        ("127.0.0.0/8", "loopback, which no source may publish"),
        ("169.254.169.254", "link-local, which no source may publish"),
        ("ff00::/8", "multicast, which no source may publish"),
        ("localhost", "loopback, which no source may publish"),
        ("*.talos00", "give talos00, which means itself and all below it"),
        ("a b", "name with a blank inside"),
    ],
)
def test_an_element_that_allows_nothing_is_told(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason.replace('*', '.')}$"):
        parse_allowed(text)


def test_everything_may_be_allowed_in_one_family() -> None:
    rules = allow("0.0.0.0/0")
    assert rules.refuse_value("10.0.0.1") == ""
    assert rules.refuse_value("127.0.0.1") == "loopback is refused"
    assert rules.refuse_value("fd00::1") == "not in ALLOWED_TARGETS"
