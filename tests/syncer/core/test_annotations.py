from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.annotations import (
    MAX_TTL,
    AnnotationRules,
    Annotations,
    parse_seconds,
    parse_ttl,
    read_annotations,
    settle_values,
)
from syncer.core.source import HIGH, LOW, NORMAL

OURS = "catalyst-dns-sync.io/"
NEW = "external-dns.kubernetes.io/"
OLD = "external-dns.alpha.kubernetes.io/"


def ours(**words: object) -> Annotations:
    return read_annotations({OURS + word.replace("_", "-"): text for word, text in words.items()}, AnnotationRules())


def both(annotations: Mapping[str, object]) -> Annotations:
    return read_annotations(annotations, AnnotationRules(external_dns=True))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60", 60),
        (" 60 ", 60),
        ("060", 60),
        ("+60", 60),
        ("5m", 300),
        ("90s", 90),
        ("1h30m", 5400),
        ("1m1m", 120),
        ("1.5h", 5400),
        (".5h", 1800),
        ("1.h", 3600),
        ("1.9s", 1),
        ("1999ms", 1),
        ("0.0166667h", 60),
        ("1000000us", 1),
        ("1000000µs", 1),
        ("1000000μs", 1),
        ("1000000000ns", 1),
        (f"{MAX_TTL}", MAX_TTL),
        (f"{MAX_TTL}.9s", MAX_TTL),
        ("596523h", 2147482800),
    ],
)
def test_a_ttl_is_whole_seconds_or_a_go_duration(text: str, seconds: int) -> None:
    assert parse_ttl(text) == seconds
    assert ours(ttl=text).ttl == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("banana", "", " ", "0", "0s", "-5", "-5s", "0.9s", "999ms", "1d", "1w", "1.5", "1e3", "5 m", "5M", "m", ".s"),
        *("1h-1m", "５m", "٣", "0x10", "1_000", f"{MAX_TTL + 1}", "596524h", "1s\n1s"),
        pytest.param("9" * 1_000_000, id="a megabyte of digits"),
        pytest.param("1." + "0" * 1_000_000 + "s", id="a megabyte of fraction"),
    ],
)
def test_a_bad_ttl_is_left_out_with_one_warning(text: str) -> None:
    with pytest.raises(ValueError, match=r'^"'):
        parse_ttl(text)
    says = ours(ttl=text)
    assert says.ttl is None
    assert len(says.warnings) == 1
    assert len(says.warnings[0]) < 300
    assert says.warnings[0].endswith("; the default TTL is used instead")


@given(st.text(alphabet="0123456789.hmsuµn+- ", max_size=30))
def test_a_duration_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        seconds = parse_seconds(text)
    except ValueError:
        return
    assert isinstance(seconds, float)


def test_durations_of_settings_keep_their_fractions_and_signs() -> None:
    assert parse_seconds("1.5s") == 1.5
    assert parse_seconds("-250ms") == -0.25
    assert parse_seconds("300") == 300.0


@pytest.mark.parametrize(
    ("target", "values", "warnings"),
    [
        ("192.168.1.54", ("192.168.1.54",), 0),
        ("192.168.1.54, 192.168.1.55,", ("192.168.1.54", "192.168.1.55"), 0),
        ("2001:DB8:0::1,192.168.1.54", ("192.168.1.54", "2001:db8::1"), 0),
        ("::ffff:1.2.3.4", ("::ffff:1.2.3.4",), 0),
        ("LB.Home.Lab.", ("lb.home.lab",), 0),
        ("b.home.lab,a.home.lab", ("a.home.lab",), 1),
        ("lb.home.lab,192.168.1.54", ("192.168.1.54",), 1),
        ("192.168.1.54,256.256.256.256,1.2.3.4/22,010.0.0.1", ("192.168.1.54",), 3),
        ("256.256.256.256", (), 1),
        ("*.home.lab", (), 1),
        ("", (), 0),
        (" , ", (), 0),
    ],
)
def test_a_target_is_addresses_or_one_host_name(target: str, values: tuple[str, ...], warnings: int) -> None:
    says = ours(target=target)
    assert says.target == values
    assert len(says.warnings) == warnings
    is_default_used = bool(warnings) and not values
    assert bool(warnings and says.warnings[-1].endswith("; the default address is used instead")) is is_default_used


def test_equal_targets_share_one_tuple() -> None:
    assert settle_values(("10.0.0.2", "10.0.0.1")).values is settle_values(("10.0.0.2", "10.0.0.1")).values


def test_names_are_a_comma_list() -> None:
    assert ours(hostname=" grafana.talos00 ,, blog.talos00 ").hostnames == ("grafana.talos00", "blog.talos00")


@pytest.mark.parametrize("text", ["true", "TRUE", " True "])
def test_an_ignored_object_says_so(text: str) -> None:
    assert "ignore" in ours(ignore=text).refusal


@pytest.mark.parametrize(("text", "warnings"), [("false", 0), ("False", 0), ("yes", 1), ("1", 1), ("", 1)])
def test_only_true_ignores_an_object(text: str, warnings: int) -> None:
    says = ours(ignore=text)
    assert says.refusal == ""
    assert len(says.warnings) == warnings


@pytest.mark.parametrize(
    ("text", "priority", "warnings"),
    [("high", HIGH, 0), ("Normal", NORMAL, 0), ("low", LOW, 0), ("urgent", NORMAL, 1), ("", NORMAL, 1)],
)
def test_a_priority_is_one_of_three(text: str, priority: int, warnings: int) -> None:
    says = ours(priority=text)
    assert says.priority == priority
    assert len(says.warnings) == warnings


def test_notes_are_kept_and_their_booleans_spelled_one_way() -> None:
    says = ours(description="Grafana\nDashboard", owner="platform", slack_notify="TRUE", auto_remediate="False")
    assert dict(says.notes) == {
        "description": "Grafana?Dashboard",
        "owner": "platform",
        "slack-notify": "true",
        "auto-remediate": "false",
    }


def test_a_megabyte_of_annotation_is_kept_short() -> None:
    says = ours(description="x" * 1_000_000, owner="\0" * 1_000_000, priority="y" * 1_000_000, target="1," * 500_000)
    assert sum(len(text) for _, text in says.notes) < 2_000
    assert all(len(warning) < 400 for warning in says.warnings)
    assert len(says.warnings) == 2


def test_an_annotation_of_ours_that_does_not_exist_is_told() -> None:
    assert ours(hostnames="grafana.talos00").warnings == (f"annotation {OURS}hostnames is not known",)


def test_values_that_yaml_made_no_text_of_are_read_with_a_warning() -> None:
    says = ours(ttl=60, ignore=True)
    assert says.ttl == 60
    assert says.refusal
    assert len(says.warnings) == 2
    assert ours(ttl=None) == Annotations()
    assert ours(ttl=[60]).ttl is None


def test_external_dns_is_read_only_where_it_is_wanted() -> None:
    annotations = {NEW + "hostname": "nas.talos00", OLD + "ttl": "banana", OLD + "controller": "someone"}
    assert read_annotations(annotations, AnnotationRules()) == Annotations()


def test_our_prefix_beats_the_new_one_of_external_dns_and_that_one_the_old() -> None:
    ours_, new, old = {OURS + "ttl": "10"}, {NEW + "ttl": "20"}, {OLD + "ttl": "30"}
    assert both({**old, **new, **ours_}).ttl == 10
    assert both({**old, **new}).ttl == 20
    assert both(old).ttl == 30


def test_host_names_of_all_prefixes_come_together() -> None:
    names = both(
        {OLD + "hostname": "c.talos00", NEW + "hostname": "b.talos00", OURS + "hostname": "a.talos00"}
    ).hostnames
    assert names == ("a.talos00", "b.talos00", "c.talos00")


def test_a_target_without_a_good_element_counts_as_absent() -> None:
    says = both({OURS + "target": "1.2.3.4/22", NEW + "target": "192.168.1.54"})
    assert says.target == ("192.168.1.54",)
    assert len(says.warnings) == 1


@pytest.mark.parametrize("text", ["someone", "", "DNS-controller"])
def test_any_other_controller_of_external_dns_takes_the_object_from_us(text: str) -> None:
    assert both({OLD + "controller": text}).refusal
    assert both({NEW + "controller": text, OLD + "controller": "dns-controller"}).refusal
    assert not both({NEW + "controller": "dns-controller", OLD + "controller": text}).refusal


@pytest.mark.parametrize("word", ["set-identifier", "alias", "aws-weight", "google-location", "scw-weight"])
def test_what_external_dns_would_publish_otherwise_is_warned_about(word: str) -> None:
    assert both({OLD + word: "x"}).warnings == (f"annotation {OLD}{word} of external-dns has no effect here",)
    assert read_annotations({OLD + word: "x"}, AnnotationRules()) == Annotations()


def test_where_the_hosts_come_from_is_read_for_each_kind() -> None:
    says = both(
        {NEW + "ingress-hostname-source": "annotation-only", OLD + "gateway-hostname-source": "defined-hosts-only"}
    )
    assert dict(says.host_sources) == {
        "ingress-hostname-source": "annotation-only",
        "gateway-hostname-source": "defined-hosts-only",
    }
    bad = both({NEW + "ingress-hostname-source": "banana", OLD + "ingress-hostname-source": "annotation-only"})
    assert (bad.host_sources, len(bad.warnings)) == ((), 1)
    assert "neither annotation-only nor defined-hosts-only" in bad.warnings[0]


def test_words_of_external_dns_that_we_do_not_know_are_its_own_affair() -> None:
    assert both({NEW + "cloudflare-proxied": "true", NEW + "ignore": "true"}) == Annotations()


# Of several targets


def of_targets(name: str = "lan", **words: object) -> Annotations:
    annotations = {OURS + word.replace("_", "."): text for word, text in words.items()}
    return read_annotations(annotations, AnnotationRules(target_name=name, target_names=("lan", "public")))


@pytest.mark.parametrize(
    ("text", "is_named", "warnings"),
    [
        ("lan", True, 0),
        ("public", False, 0),
        (" LAN , public ", True, 0),
        ("", None, 1),
        ("pubic", False, 1),
        ("pubic,lan,mail", True, 2),
    ],
)
def test_a_list_names_the_targets_that_an_object_is_for(text: str, is_named: bool | None, warnings: int) -> None:
    says = of_targets(targets=text)
    assert says.is_named is is_named
    assert len(says.warnings) == warnings


def test_where_the_target_of_its_own_cannot_be_read_the_one_for_all_is_used_and_that_is_said() -> None:
    says = of_targets(target_lan="banana..", target="10.0.0.1")
    assert says.target == ("10.0.0.1",)
    assert says.warnings[0].endswith(f"; annotation {OURS}target is used instead")
    assert of_targets(target_lan="banana..").warnings[0].endswith("; the default address is used instead")


def test_that_of_another_target_is_not_read() -> None:
    assert of_targets(target_public="banana..").warnings == ()


def test_without_targets_a_name_of_one_means_nothing() -> None:
    says = ours(**{"target.lan": "10.0.0.1", "targets": "lan"})
    assert (says.target, says.is_named) == ((), None)
    assert [warning.partition(": ")[0] for warning in says.warnings] == [
        f"annotation {OURS}target.lan has no effect",
        f"annotation {OURS}targets has no effect",
    ]
