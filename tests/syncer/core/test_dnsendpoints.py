"""What a DNSEndpoint asks for, and what becomes of what nobody can publish."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncer.core.allowed import TargetRules, collect_allowed
from syncer.core.dnsendpoints import NO_TARGETS, SET_IDENTIFIER, read_dns_endpoint
from syncer.core.rdata import TYPES
from syncer.core.scope import OUTSIDE, Scope
from syncer.core.source import HIGH, Skip, SkipCause, SourceObject, Want, WantedRecord

SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",), ttl=300)
MAIL, EDGE = "mail.talos00", "edge.talos00"
OURS, THEIRS = "catalyst-dns-sync.io/", "external-dns.alpha.kubernetes.io/"


def endpoint(kind: Any, *targets: Any, name: Any = MAIL, **more: Any) -> dict[str, Any]:
    return {"dnsName": name, "recordType": kind, "targets": list(targets), **more}


def read(*endpoints: Any, scope: Scope = SCOPE, annotations: dict[str, str] | None = None) -> SourceObject:
    metadata = {"name": "mail", "namespace": "web", "annotations": annotations or {}}
    return read_dns_endpoint({"metadata": metadata, "spec": {"endpoints": list(endpoints)}}, scope)


def records(*endpoints: Any, **more: Any) -> dict[str, tuple[str, ...]]:
    """The values of the one name, by type."""
    (want,) = read(*endpoints, **more).wants
    return {record.type: record.values for record in want.records}


def skips(source: SourceObject) -> dict[str, str]:
    assert source.wants == ()
    return {skip.name: skip.reason for skip in source.skipped}


def test_records_are_published_as_they_are_written() -> None:
    source = read(
        endpoint("A", "192.168.1.7", "192.168.1.6", recordTTL=60),
        endpoint("AAAA", "2001:DB8::1"),
        endpoint("TXT", "v=spf1 -all"),
        endpoint("MX", "10 Mail.talos00."),
        endpoint("SRV", "0 5 443 mail.talos00.", name="_https._tcp.talos00"),
    )
    assert source.wants == (
        Want(
            MAIL,
            own=True,
            records=(
                WantedRecord("A", ("192.168.1.6", "192.168.1.7"), 60),
                WantedRecord("AAAA", ("2001:db8::1",)),
                WantedRecord("TXT", ("v=spf1 -all",)),
                WantedRecord("MX", ("10 mail.talos00",)),
            ),
        ),
        Want("_https._tcp.talos00", own=True, records=(WantedRecord("SRV", ("0 5 443 mail.talos00",)),)),
    )
    assert (source.skipped, source.warnings, source.ttl) == ((), (), None)


VALUES = {
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
    "CNAME": EDGE,
    "TXT": "any text",
    "SRV": "0 5 443 edge.talos00",
    "MX": "10 edge.talos00",
    "CAA": "0 issue letsencrypt.org",
    "PTR": EDGE,
    "NS": "ns.example.com",
    "DNAME": "other.example.com",
    "DS": f"60485 13 2 {'ab' * 32}",
    "HTTPS": "1 . alpn=h2,h3",
    "NAPTR": '100 10 "U" "E2U+sip" "!^.*$!sip:info@example.com!" .',
    "SSHFP": f"4 2 {'ab' * 32}",
    "SVCB": "1 dns.example.com alpn=dot port=853",
    "TLSA": f"3 1 1 {'ab' * 32}",
    "URI": '10 1 "https://www.example.com/"',
}


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_published_in_any_case(kind: str) -> None:
    assert records(endpoint(kind.title(), VALUES[kind])) == {kind: (VALUES[kind],)}


def test_names_are_read_in_any_case_and_with_a_dot_at_the_end() -> None:
    assert read(endpoint("A", "192.0.2.1", name="MAIL.Talos00.")).wants[0].name == MAIL


def test_values_of_one_name_and_type_add_up_with_the_lowest_ttl() -> None:
    source = read(
        endpoint("A", "192.0.2.1", recordTTL=90), endpoint("A", "192.0.2.2", name="Mail.talos00", recordTTL=60)
    )
    assert source.wants[0].records == (WantedRecord("A", ("192.0.2.1", "192.0.2.2"), 60),)


@pytest.mark.parametrize(("written", "value"), [('"v=spf1 -all"', "v=spf1 -all"), ('""a""', ""), ("  a  ", "  a  ")])
def test_one_pair_of_quotes_is_taken_off_a_text(written: str, value: str) -> None:
    if value:
        assert records(endpoint("TXT", written)) == {"TXT": (value,)}
    else:
        assert "the quotes around it would be published too" in skips(read(endpoint("TXT", written)))[MAIL]


@pytest.mark.parametrize(
    "written", ['0 issue "letsencrypt.org"', '"0 issue letsencrypt.org"', "0 issue letsencrypt.org"]
)
def test_and_off_a_caa(written: str) -> None:
    assert records(endpoint("CAA", written)) == {"CAA": ("0 issue letsencrypt.org",)}


# What is bad


def test_a_bad_value_among_good_ones_is_left_out_and_told() -> None:
    source = read(endpoint("A", "192.0.2.1", "nonsense", "2001:db8::1", 5))
    assert source.wants[0].records == (WantedRecord("A", ("192.0.2.1",)),)
    (warning,) = source.warnings
    assert warning.startswith(f'endpoints[0] ({MAIL} A): left out "nonsense": ')
    assert '"2001:db8::1": it is an AAAA value' in warning
    assert '"5": not a text' in warning


def test_where_no_value_is_left_the_name_is_skipped() -> None:
    reason = skips(read(endpoint("A", "nonsense")))[MAIL]
    assert reason.startswith('A: "nonsense": ')
    assert skips(read(endpoint("TXT"))) == {MAIL: f"TXT: {NO_TARGETS}"}


def test_of_many_bad_values_a_few_are_shown() -> None:
    (warning,) = read(endpoint("A", "192.0.2.1", *(f"bad{number}" for number in range(9)))).warnings
    assert warning.endswith("and 4 more")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (endpoint("LOC", "52 N"), f"LOC: records of this type cannot be published; those that can: {', '.join(TYPES)}"),
        (endpoint("", "192.0.2.1"), ": it has no recordType"),
        (endpoint(5, "192.0.2.1"), f"5: records of this type cannot be published; those that can: {', '.join(TYPES)}"),
        (endpoint("A", "192.0.2.1", setIdentifier="blue"), f"A: {SET_IDENTIFIER}"),
        (endpoint("CNAME", EDGE, "other.talos00"), "CNAME: a CNAME has one value, not 2"),
        (endpoint("CNAME", MAIL), "CNAME: the name would be an alias of itself"),
    ],
)
def test_an_endpoint_that_cannot_be_published_is_skipped_with_the_reason(bad: dict[str, Any], reason: str) -> None:
    source = read(bad, endpoint("TXT", "x", name="other.talos00"))
    assert source.skipped == (Skip(MAIL, reason),)
    assert [want.name for want in source.wants] == ["other.talos00"]


def test_no_endpoint_changes_what_is_at_the_apex_of_a_zone() -> None:
    reasons = skips(read(endpoint("NS", "ns.example.com", name="talos00")))
    assert reasons == {
        "talos00": "NS: an NS record cannot be at the apex of zone talos00: the zone's own name servers are not ours to"
        " change"
    }
    assert records(endpoint("MX", "10 mail.talos00", name="talos00")) == {"MX": ("10 mail.talos00",)}


def test_a_type_that_is_left_out_leaves_the_others_of_the_name() -> None:
    (want,) = read(endpoint("LOC", "52 N"), endpoint("TXT", "x")).wants
    assert dict(want.skips) == {"LOC": f"records of this type cannot be published; those that can: {', '.join(TYPES)}"}
    assert want.list_values() == ["TXT x"]


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("other", ["A", "AAAA", "TXT", "MX"])
def test_a_cname_gives_way_to_whatever_else_the_object_has_there(other: str, first: bool) -> None:
    both = [endpoint("CNAME", EDGE), endpoint(other, VALUES[other])]
    (want,) = read(*(both if first else reversed(both))).wants
    assert want.skips == [("CNAME", f"a CNAME is alone at its name, which has other records here: {other}")]
    assert want.list_values() == [*Want("", records=(WantedRecord(other, (VALUES[other],)),)).list_values()]


def test_a_cname_stays_where_the_rest_cannot_be_published() -> None:
    (want,) = read(endpoint("CNAME", EDGE), endpoint("A", "nonsense")).wants
    assert want.list_values() == [EDGE]


def test_nonsense_in_one_endpoint_stops_no_other() -> None:
    good = [endpoint("A", "192.0.2.1", name=f"app{number}.talos00") for number in range(497)]
    bad = [5, {"dnsName": 7, "recordType": "A"}, {"dnsName": "bad name", "recordType": "A", "targets": "192.0.2.1"}]
    source = read(*bad, *good)
    assert len(source.wants) == 497
    assert [skip.name for skip in source.skipped] == ["7", "bad name"]
    assert source.warnings == ("endpoints[0] is no object",)


def test_a_spec_of_any_shape_is_read() -> None:
    for spec in (None, [], "x", {}, {"endpoints": None}):
        assert read_dns_endpoint({"metadata": {"name": "x", "namespace": "web"}, "spec": spec}, SCOPE).wants == ()
    source = read_dns_endpoint({"metadata": {"name": "x"}, "spec": {"endpoints": {"a": 1}}}, SCOPE)
    assert source.warnings == ("endpoints is no list",)


# TTLs


@pytest.mark.parametrize("ttl", [None, 0])
def test_no_ttl_and_0_are_the_default(ttl: Any) -> None:
    source = read(endpoint("A", "192.0.2.1", recordTTL=ttl))
    assert (source.wants[0].records[0].ttl, source.warnings) == (None, ())


@pytest.mark.parametrize("ttl", [-5, 2**31, "60", 1.5, True, [60]])
def test_a_bad_ttl_is_the_default_and_told(ttl: Any) -> None:
    source = read(endpoint("A", "192.0.2.1", recordTTL=ttl))
    assert source.wants[0].records[0].ttl is None
    (warning,) = source.warnings
    assert "is no number from 0 to 2147483647; the default TTL is used instead" in warning


def test_the_lowest_ttl_reaches_an_endpoint_only_where_tenants_do_not_trust_one_another() -> None:
    low = endpoint("A", "192.0.2.1", recordTTL=5)
    scope = replace(SCOPE, min_ttl=30)
    assert read(low, scope=scope).wants[0].records[0].ttl == 5
    source = read(low, scope=replace(scope, strict=True))
    assert source.wants[0].records[0].ttl == 30
    assert source.warnings == (f"endpoints[0] ({MAIL} A): recordTTL 5 s is less than MIN_TTL: 30 s is used instead",)


# Who may publish what


def test_what_no_source_may_publish_is_left_out_as_a_bad_value() -> None:
    source = read(endpoint("A", "192.0.2.1", "127.0.0.1"), endpoint("MX", "10 localhost"))
    assert source.wants[0].records == (
        WantedRecord("A", ("192.0.2.1",), refused=("127.0.0.1",)),
        WantedRecord("MX", (), refused=("10 localhost",), skipped='"10 localhost": loopback is refused'),
    )


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("CNAME", "www.example.com"),
        ("SRV", "0 5 443 www.example.com"),
        ("HTTPS", "1 www.example.com alpn=h2"),
        ("SVCB", "1 . ipv6hint=2001:db8::1"),
        ("NAPTR", '100 10 "S" "SIP+D2U" "" www.example.com'),
        ("URI", '10 1 "https://www.example.com:8443/x"'),
        ("DNAME", "example.com"),
    ],
)
def test_allowed_targets_are_asked_for_hosts_and_addresses_in_any_value(kind: str, value: str) -> None:
    allowed = collect_allowed(["talos00"])
    source = read(endpoint(kind, value), scope=replace(SCOPE, targets=TargetRules(allowed)))
    assert source.skipped == (Skip(MAIL, f'{kind}: "{value}": not in ALLOWED_TARGETS', SkipCause.POLICY),)
    assert records(endpoint("TXT", "any"), scope=replace(SCOPE, targets=TargetRules(allowed))) == {"TXT": ("any",)}


def test_names_pass_the_filters_of_every_source() -> None:
    names = (MAIL, "www.example.com", "_acme-challenge.talos00", "wpad.talos00")
    source = read(*(endpoint("A", "192.0.2.1", name=name) for name in names), annotations={f"{OURS}exclude": MAIL})
    assert skips(source).keys() == set(names)
    assert skips(source)["www.example.com"] == OUTSIDE


def test_ignore_and_controller_count_as_everywhere() -> None:
    scope = replace(SCOPE, external_dns_annotations=True)
    one = endpoint("A", "192.0.2.1")
    for notes in ({f"{OURS}ignore": "true"}, {f"{THEIRS}controller": "other"}):
        assert skips(read(one, scope=scope, annotations=notes)).keys() == {MAIL}
    assert read(one, scope=scope, annotations={f"{THEIRS}controller": "dns-controller"}).wants


def test_annotations_of_names_targets_and_ttls_have_no_effect_and_that_is_told() -> None:
    annotations = {
        f"{OURS}hostname": "www.talos00",
        f"{OURS}target": "127.0.0.1",
        f"{OURS}ttl": "1d",
        f"{THEIRS}ttl": "60",
        f"{OURS}priority": "high",
    }
    source = read(endpoint("A", "192.0.2.1"), annotations=annotations)
    assert source.wants == (Want(MAIL, own=True, records=(WantedRecord("A", ("192.0.2.1",)),)),)
    assert source.priority == HIGH
    says = "has no effect on a DNSEndpoint, which says it in its spec"
    assert source.warnings == tuple(f"annotation {OURS}{word} {says}" for word in ("hostname", "target", "ttl"))


def test_what_is_wrong_with_an_annotation_is_told_beside_one_without_effect() -> None:
    source = read(endpoint("A", "192.0.2.1"), annotations={f"{OURS}ttl": "60", f"{OURS}ttls": "60"})
    assert source.warnings == (
        f"annotation {OURS}ttl has no effect on a DNSEndpoint, which says it in its spec",
        f"annotation {OURS}ttls is not known",
    )


def test_the_name_of_a_dns_server_is_published_with_a_warning() -> None:
    source = read(endpoint("A", "192.0.2.1"), scope=replace(SCOPE, server_names=frozenset({MAIL})))
    assert source.warnings == (f"{MAIL} is the name of a DNS server that is written to",)
