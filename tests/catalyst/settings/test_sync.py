"""What is managed and how, as the environment says it, and the complaint about a wrong value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalyst.settings.database import read_database
from catalyst.settings.environment import Environment
from catalyst.settings.sync import read_config
from syncer.config import Config, HostsConfig, TargetConfig, TechnitiumConfig
from syncer.core.allowed import TargetRules
from syncer.core.kinds import GIVING_NAMES
from syncer.core.plan import Policy
from tests.syncer.targets.technitium.test_client import make_certificate

ROOT = Path(__file__).parents[3]
PRODUCTION = {
    "DNS_SERVER_URL": "https://dns.talos00:53443",
    "DNS_ZONE": "talos00",
    "DNS_IP_ADDRESS": "192.168.1.54",
    "DNS_API_TOKEN": "a-token-of-the-tests",
}


def production(**variables: str) -> Config:
    return read_config(Environment({**PRODUCTION, **variables}))


def single_target(**variables: str) -> TargetConfig:
    (target,) = production(**variables).targets
    return target


def complaint(variables: Mapping[str, str], **options: bool) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        read_config(Environment(variables), **options)
    return str(caught.value)


def test_production_needs_four_variables_and_has_defaults_for_the_rest() -> None:
    config = production()
    (target,) = config.targets
    assert target.scope.zones == ("talos00",)
    assert target.scope.addresses == ("192.168.1.54",)
    assert target.scope.ttl == 300
    assert isinstance(target.settings, TechnitiumConfig)
    assert target.settings.rate_limit == 10
    assert (config.metrics_address, config.health_address) == (":8080", ":8081")
    assert (config.resync_interval, config.serial_probe_interval) == (300, 10)
    assert (target.managed.max_delete_ratio, target.managed.max_deletes_unguarded) == (0.5, 10)
    assert target.managed.policy("talos00") is Policy.SYNC
    assert not any((target.managed.adopt_identical, target.managed.auto_remediate, config.dry_run))


def test_several_addresses_are_nodes_of_one_cluster() -> None:
    target = single_target(DNS_SERVER_URL="https://dns1.talos00:53443/, https://dns2.talos00:53443").settings
    assert isinstance(target, TechnitiumConfig)
    assert target.urls == ("https://dns1.talos00:53443", "https://dns2.talos00:53443")
    assert target.places == target.urls


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_production_guesses_nothing(name: str) -> None:
    text = complaint({key: value for key, value in PRODUCTION.items() if key != name})
    assert text.startswith(f"{name} is not set: ")


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_a_blank_variable_counts_as_not_set(name: str) -> None:
    assert complaint(PRODUCTION | {name: "  "}).startswith(f"{name} is not set: ")


def test_all_that_is_missing_is_said_at_once() -> None:
    assert re.findall(r"^(\w+) is not set: ", complaint({}), re.MULTILINE) == [
        "DNS_ZONE",
        "DNS_IP_ADDRESS",
        "DNS_SERVER_URL",
        "DNS_API_TOKEN",
    ]


@pytest.mark.parametrize(
    ("variables", "lines"),
    [
        ({"DNS_ZONE": "a..b", "DNS_IP_ADDRESS": "", "DNS_IP_ADDRESSES": "talos00=192.0.2.1"}, ["DNS_ZONE is"]),
        ({"DNS_ZONE": "a..b", "SYNC_POLICY": "talos00=never"}, ["DNS_ZONE is", "SYNC_POLICY is"]),
        ({"DNS_ZONE": "", "DNS_IP_ADDRESS": ""}, ["DNS_ZONE is not", "DNS_IP_ADDRESS is not"]),
        ({"DNS_IP_ADDRESS": "banana"}, ["DNS_IP_ADDRESS is"]),
        ({"DNS_IP_ADDRESS": "", "DNS_IP_ADDRESSES": "talos00=banana"}, ["DNS_IP_ADDRESSES is"]),
        ({"DNS_SERVER_URL": "http://["}, ["DNS_SERVER_URL is"]),
        ({"DNS_API_TOKEN": "", "DNS_API_TOKEN_FILE": "/no/such"}, ["DNS_API_TOKEN_FILE is"]),
        ({"OWNER_ID": "a b", "DNS_TTL_DEFAULT": "0"}, ["DNS_TTL_DEFAULT is", "OWNER_ID is"]),
    ],
)
def test_what_only_follows_from_another_mistake_is_not_said(variables: Mapping[str, str], lines: list[str]) -> None:
    said = complaint(PRODUCTION | variables).splitlines()
    assert [line[: len(start)] for line, start in zip(said, lines, strict=True)] == lines


def test_dev_mode_has_example_values_and_needs_nothing() -> None:
    (target,) = read_config(Environment({}), dev_mode=True).targets
    assert target.settings == HostsConfig("/etc/hosts")
    assert target.scope.zones == ("talos00",)
    assert target.scope.addresses == ("192.168.1.54",)


def test_the_options_of_the_command_beat_the_environment() -> None:
    environment = Environment({"HOSTS_FILE": "/etc/hosts", "DRY_RUN": "false"})
    config = read_config(environment, dev_mode=True, hosts_file="hosts.dev", manifests="examples", dry_run=True)
    (target,) = config.targets
    assert target.settings == HostsConfig("hosts.dev")
    assert config.kube.manifests == "examples"
    assert config.dry_run


def test_names_and_addresses_are_canonical() -> None:
    target = single_target(
        DNS_ZONES="Home.Lab., talos00, home.lab,bücher.example", DNS_IP_ADDRESS="2001:DB8::0:1, 10.0.0.9"
    )
    assert target.scope.zones == ("home.lab", "talos00", "xn--bcher-kva.example")
    assert target.scope.addresses == ("2001:db8::1", "10.0.0.9")


def test_several_zones_beat_the_one_with_a_warning() -> None:
    warnings: list[str] = []
    (target,) = read_config(Environment(PRODUCTION | {"DNS_ZONES": "home.lab"}), warn=warnings.append).targets
    assert target.scope.zones == ("home.lab",)
    assert warnings == ["DNS_ZONES is set: DNS_ZONE (talos00) is not used"]


def test_a_zone_may_have_addresses_of_its_own_and_then_needs_no_others() -> None:
    variables = PRODUCTION | {"DNS_IP_ADDRESSES": "talos00=10.0.0.1,talos00=fd00::1", "DNS_IP_ADDRESS": ""}
    scope = read_config(Environment(variables)).targets[0].scope
    assert scope.zone_addresses == {"talos00": ("10.0.0.1", "fd00::1")}
    assert scope.addresses == ()


def test_auto_leaves_the_address_to_each_object() -> None:
    scope = single_target(DNS_IP_ADDRESS="Auto").scope
    assert scope.auto
    assert scope.addresses == ()


def test_a_policy_is_for_every_zone_or_for_the_named_ones() -> None:
    zones = {"DNS_ZONES": "talos00,home.lab", "DNS_ZONE": ""}
    assert single_target(**zones, SYNC_POLICY="create-only").managed.policy("home.lab") is Policy.CREATE_ONLY
    target = single_target(**zones, SYNC_POLICY="home.lab=upsert-only")
    assert (target.managed.policy("home.lab"), target.managed.policy("talos00")) == (
        Policy.UPSERT_ONLY,
        Policy.SYNC,
    )


def test_times_are_seconds_or_go_durations() -> None:
    config = production(
        RESYNC_INTERVAL="1h30m", SERIAL_PROBE_INTERVAL="250ms", DNS_TTL_DEFAULT="5m", WATCH_READ_TIMEOUT="90"
    )
    assert (config.resync_interval, config.serial_probe_interval) == (5400, 0.25)
    assert (config.targets[0].scope.ttl, config.kube.read_timeout) == (300, 90)


def test_who_may_claim_what_is_open_between_those_who_trust_one_another() -> None:
    scope = single_target().scope
    assert (scope.strict, scope.min_ttl, scope.reserved_names, scope.targets) == (False, 1, (), TargetRules())
    assert scope.server_names == {"dns.talos00"}


def test_strict_raises_the_least_ttl_unless_a_setting_says_otherwise() -> None:
    assert single_target(TENANCY="strict").scope.min_ttl == 30
    assert single_target(TENANCY="Strict", MIN_TTL="5s").scope.min_ttl == 5


def test_globs_and_targets_are_read_at_the_start() -> None:
    scope = (
        production(RESERVED_NAMES="Router.Talos00., *.infra.talos00", ALLOWED_TARGETS="10.0.0.0/8,.home.lab")
        .targets[0]
        .scope
    )
    assert scope.reserved_names == ("router.talos00", "*.infra.talos00")
    assert scope.targets.refuse_value("10.1.1.1") == scope.targets.refuse_value("x.home.lab") == ""
    assert scope.targets.refuse_value("192.168.1.1") == "not in ALLOWED_TARGETS"


def test_loopback_is_for_dev_mode() -> None:
    assert read_config(Environment({}), dev_mode=True).targets[0].scope.targets.loopback
    assert not single_target().scope.targets.loopback


def test_a_server_that_is_given_by_address_has_no_name_to_reserve() -> None:
    assert single_target(DNS_SERVER_URL="https://10.0.0.1:53443,https://Dns2.talos00").scope.server_names == {
        "dns2.talos00"
    }


def test_certificates_are_watched_unless_they_are_switched_off() -> None:
    assert production().kube.certificate_metrics
    assert not production(CERTIFICATE_METRICS="false").kube.certificate_metrics


def test_the_status_of_dns_endpoints_is_not_written_unasked() -> None:
    assert not production().kube.dnsendpoint_status
    assert production(DNSENDPOINT_STATUS="true").kube.dnsendpoint_status


def test_a_fingerprint_may_come_as_openssl_prints_it() -> None:
    target = production(DNS_API_TLS_FINGERPRINT=":".join(["AB"] * 32)).targets[0].settings
    assert isinstance(target, TechnitiumConfig)
    assert target.fingerprint == "ab" * 32


WRONG = [
    ("DNS_SERVER_URL", "dns.talos00:53443"),
    ("DNS_SERVER_URL", "ftp://dns.talos00"),
    ("DNS_SERVER_URL", "https://"),
    ("DNS_SERVER_URL", "https://dns1.talos00:53443,dns2.talos00:53443"),
    ("DNS_SERVER_URL", "https://dns.talos00:port"),
    ("DNS_SERVER_URL", "https://dns.talos00:53443/?a=b"),
    ("DNS_SERVER_URL", "https://dns talos00:53443"),
    ("DNS_ZONE", "bad zone"),
    ("DNS_ZONE", "*.talos00"),
    ("DNS_ZONE", "x" * 64),
    ("DNS_ZONES", "talos00,-bad"),
    ("DNS_IP_ADDRESS", "banana"),
    ("DNS_IP_ADDRESS", "256.256.256.256"),
    ("DNS_IP_ADDRESS", "1.2.3.4/22"),
    ("DNS_IP_ADDRESS", "010.0.0.1"),
    ("DNS_IP_ADDRESS", "10.0.0.1,auto"),
    ("DNS_IP_ADDRESSES", "10.0.0.1"),
    ("DNS_IP_ADDRESSES", "talos00="),
    ("DNS_IP_ADDRESSES", "talos00=banana"),
    ("DNS_IP_ADDRESSES", "home.lab=10.0.0.1"),
    ("DNS_TTL_DEFAULT", "banana"),
    ("DNS_TTL_DEFAULT", "0"),
    ("DNS_TTL_DEFAULT", "-5"),
    ("DNS_TTL_DEFAULT", "1d"),
    ("DNS_TTL_DEFAULT", "2147483648"),
    ("TENANCY", "paranoid"),
    ("RESERVED_NAMES", "router.talos00,a b"),
    ("RESERVED_NAMES", "[a-z].talos00"),
    ("ALLOWED_TARGETS", ","),
    ("ALLOWED_TARGETS", "10.0.0.1/8"),
    ("ALLOWED_TARGETS", "10.0.0.0/8,127.0.0.0/8"),
    ("ALLOWED_TARGETS", "*.home.lab"),
    ("MAX_NAMES_PER_OBJECT", "0"),
    ("MAX_NAMES_PER_NAMESPACE", "many"),
    ("MIN_TTL", "0"),
    ("FLAP_LIMIT", "-1"),
    ("MIN_TTL", "banana"),
    ("DNS_API_CA_FILE", "/no/such/file.pem"),
    ("DNS_API_CA_FILE", "/etc/passwd"),
    ("DNS_API_TLS_FINGERPRINT", "ab:cd"),
    ("DNS_API_RATE_LIMIT", "0"),
    ("DNS_API_RATE_LIMIT", "nan"),
    ("DNS_API_RATE_LIMIT", "inf"),
    ("DNS_API_TOKEN_FILE", "/no/such/token"),
    ("WATCH_NAMESPACE", "Media"),
    ("WATCH_NAMESPACE", "media,a b"),
    ("INGRESS_CLASS", "a b"),
    ("INGRESS_CLASS", "traefik,nginx;internal"),
    ("SOURCES", "Ingress,Pod"),
    ("SOURCES", "Gateway"),
    ("GATEWAY", "edge"),
    ("GATEWAY", "infra/edge/web"),
    ("GATEWAY", "infra/Edge"),
    ("GATEWAY_SELECTOR", "a b"),
    ("NAMESPACE_SELECTOR", "a=b,"),
    ("ANNOTATION_FILTER", "a in ("),
    ("LABEL_SELECTOR", "a in"),
    ("LABEL_SELECTOR", "=b"),
    ("EXCLUDE_NAMES", "(unclosed"),
    ("ALLOW_WILDCARDS", "yess"),
    ("INGRESS_TLS_HOSTS", "2"),
    ("EXTERNAL_DNS_ANNOTATIONS", "maybe"),
    ("HTTPS_RECORDS", "true"),
    ("TRAEFIK_RULE_SYNTAX", "v4"),
    ("TRAEFIK_HOST_WILDCARDS", "3.7"),
    ("TRAEFIK_SERVICE", "traefik"),
    ("TRAEFIK_SERVICE", "a/b/c"),
    ("OWNER_ID", "two words"),
    ("OWNER_ID", "ü"),
    ("OWNER_ID", "x" * 64),
    ("ADOPT_EXISTING", "always"),
    ("SYNC_POLICY", "delete-only"),
    ("SYNC_POLICY", "talos00=delete-only"),
    ("SYNC_POLICY", "home.lab=sync"),
    ("MAX_DELETE_RATIO", "50%"),
    ("MAX_DELETE_RATIO", "1.5"),
    ("MAX_DELETES_UNGUARDED", "-1"),
    ("MAX_DELETES_UNGUARDED", "ten"),
    ("RESYNC_INTERVAL", "banana"),
    ("RESYNC_INTERVAL", "0"),
    ("RESYNC_INTERVAL", "1ns"),
    ("RESYNC_INTERVAL", "501h"),
    ("DRIFT_INTERVAL", "9.9s"),
    ("SERIAL_PROBE_INTERVAL", "-1s"),
    ("SERIAL_PROBE_INTERVAL", "249ms"),
    ("WATCH_READ_TIMEOUT", "soon"),
    ("WATCH_READ_TIMEOUT", "0.001"),
    ("WATCH_READ_TIMEOUT", "999ms"),
    ("AUTO_REMEDIATE", "si"),
    ("DRY_RUN", "tru"),
    ("LEADER_ELECTION", "perhaps"),
    ("METRICS_BIND_ADDRESS", "8080"),
    ("METRICS_BIND_ADDRESS", ":99999"),
    ("HEALTH_PROBE_ADDRESS", "host:port"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_answered_by_one_sentence_that_names_the_variable(name: str, value: str) -> None:
    text = complaint({key: PRODUCTION[key] for key in PRODUCTION if f"{key}_FILE" != name} | {name: value})
    assert text.startswith(name), text
    assert text.endswith("."), text
    assert "\n" not in text
    assert 20 < len(text) < 300
    # The value itself, or the element of a list that is wrong.
    assert any(part.partition("=")[0][:70] in text for part in value.split(",")) or "?" in value, text


@pytest.mark.parametrize(
    ("name", "value", "reason", "limits"),
    [
        ("RESYNC_INTERVAL", "1ns", "too short", "from 10s to 500h"),
        ("DRIFT_INTERVAL", "501h", "too long", "from 10s to 500h"),
        ("SERIAL_PROBE_INTERVAL", "2h", "too long", "from 250ms to 1h"),
        ("WATCH_READ_TIMEOUT", "0.001", "not a time", "from 1s to 1h"),
    ],
)
def test_an_interval_has_limits_that_the_complaint_and_the_docs_tell(
    name: str, value: str, reason: str, limits: str
) -> None:
    right = f"give seconds (300) or a Go duration (5m, 1h30m), {limits}."
    assert complaint(PRODUCTION | {name: value}) == f'{name} is "{value}": {reason}; {right}'
    row = re.search(rf"^\| `{name}` .*$", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE)
    assert row
    assert limits in row[0].replace("`", "").lower()


def test_a_selector_that_breaks_off_is_told_with_its_setting_and_where() -> None:
    assert complaint(PRODUCTION | {"ANNOTATION_FILTER": "a in ("}) == (
        'ANNOTATION_FILTER is "a in (": at its end, the values of "a" are no list in parentheses, such as (a,b);'
        " give a selector as kubectl takes it, such as catalyst-dns-sync.io/publish=true."
    )
    assert complaint(PRODUCTION | {"NAMESPACE_SELECTOR": "team=web=db"}) == (
        'NAMESPACE_SELECTOR is "team=web=db": at character 9 ("="), a comma goes between requirements, and not at the'
        " end; give a selector as kubectl takes it, such as dns=public,team notin (lab,test)."
    )


def test_an_unknown_kind_is_answered_by_those_that_there_are() -> None:
    assert complaint(PRODUCTION | {"SOURCES": "ingress,Pod"}) == (
        f'SOURCES is "Pod": no such kind gives names; give a comma list of {", ".join(GIVING_NAMES)}.'
    )


def test_kinds_are_taken_in_any_case_of_letters() -> None:
    assert single_target(SOURCES="httproute, INGRESS,ingressRoute,Ingress").scope.kinds == (
        "HTTPRoute",
        "Ingress",
        "IngressRoute",
    )


def test_a_gateway_may_have_a_name_with_dots() -> None:
    assert single_target(GATEWAY="infra/edge.example,network/inner").scope.gateways == (
        "infra/edge.example",
        "network/inner",
    )


def test_a_file_of_certificates_is_read_at_the_start(tmp_path: Path) -> None:
    make_certificate(tmp_path)
    path = str(tmp_path / "cert.pem")
    target = single_target(DNS_API_CA_FILE=path).settings
    assert isinstance(target, TechnitiumConfig)
    assert target.ca_file == path
    assert "no certificate can be read from it" in complaint(PRODUCTION | {"DNS_API_CA_FILE": "/etc/passwd"})


def test_a_class_may_have_any_name_that_an_object_can_give_it() -> None:
    classes = ("traefik", "Nginx_internal", "gce-internal", "k8s.io/ingress")
    assert production(INGRESS_CLASS=", ".join(classes)).targets[0].scope.ingress_classes == classes


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_stops_dev_mode_as_well(name: str, value: str) -> None:
    assert complaint({name: value}, dev_mode=True).startswith(name)


def test_no_complaint_shows_a_secret() -> None:
    assert "geheim" not in complaint(PRODUCTION | {"DNS_API_TOKEN": "geheim\nes"})
    assert "geheim" not in complaint(PRODUCTION | {"DNS_SERVER_URL": "https://admin:geheim@dns.talos00"})
    for url in ("mysql://u:geheim@h/x", "postgresql://u:geheim@h:99999/x", "postgresql://u:geheim@h", "geheim"):
        with pytest.raises(ImproperlyConfigured) as caught:
            read_database(Environment({"DATABASE_URL": url}), Path("/nowhere"))
        assert "geheim" not in str(caught.value)
        assert "DATABASE_URL" in str(caught.value)


def test_a_token_is_in_no_printed_configuration() -> None:
    assert PRODUCTION["DNS_API_TOKEN"] not in repr(production())
