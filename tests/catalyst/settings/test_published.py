"""What the syncer remembers of its settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from catalyst.settings.environment import Environment
from catalyst.settings.published import describe_published
from catalyst.settings.sync import read_config
from syncer.config import Config, HostsConfig, KubeConfig, Managed, TargetConfig
from syncer.core.allowed import TargetRules, collect_allowed
from syncer.core.plan import Policy
from syncer.core.scope import PublishFilters, Scope

SECRET = "a-token-of-the-tests"
PRODUCTION = {
    "DNS_SERVER_URL": "https://dns.talos00:53443",
    "DNS_ZONE": "talos00",
    "DNS_IP_ADDRESS": "192.168.1.54",
    "DNS_API_TOKEN": SECRET,
}
KUBE = KubeConfig()


def production(*options: str, **variables: str) -> Config:
    manifests = options[0] if options else ""
    return read_config(Environment({**PRODUCTION, **variables}), manifests=manifests)


CHANGES = {
    "DNS_SERVER_URL": "https://10.0.0.1:53443",
    "KUBECONFIG": "/etc/other",
    "MANIFESTS_EXCLUDE": "templates,values*.yaml",
    "DNS_IP_ADDRESS": "auto",
    "DNS_IP_ADDRESSES": "talos00=10.0.0.9",
    "DNS_TTL_DEFAULT": "60",
    "WATCH_NAMESPACE": "web",
    "INGRESS_CLASS": "traefik",
    "SOURCES": "HTTPRoute,Ingress",
    "NAMESPACE_SELECTOR": "team in (web,db)",
    "GATEWAY": "infra/edge",
    "GATEWAY_SELECTOR": "dns=public",
    "LABEL_SELECTOR": "dns=public",
    "ANNOTATION_FILTER": "catalyst-dns-sync.io/publish=true",
    "EXCLUDE_NAMES": "^internal",
    "ALLOW_WILDCARDS": "false",
    "LISTENER_WILDCARDS": "true",
    "INGRESS_TLS_HOSTS": "true",
    "EXTERNAL_DNS_ANNOTATIONS": "true",
    "HTTPS_RECORDS": "tls",
    "TRAEFIK_RULE_SYNTAX": "v3",
    "TRAEFIK_HOST_WILDCARDS": "false",
    "TRAEFIK_SERVICE": "traefik/traefik",
    "SERVICE_PODS": "true",
    "RESERVED_NAMES": "*.infra.talos00,router.talos00",
    "ALLOWED_TARGETS": "10.0.0.0/8,home.lab",
    "MIN_TTL": "60",
    "FLAP_LIMIT": "5",
    "MAX_NAMES_PER_OBJECT": "50",
    "MAX_NAMES_PER_NAMESPACE": "500",
    "OWNER_ID": "homelab",
    "OWNER_ID_WAS": "laptop",
    "MAX_DELETE_RATIO": "0.25",
    "MAX_DELETES_UNGUARDED": "5",
    "ADOPT_EXISTING": "identical",
    "DETACHED_GRACE": "3600",
    "AUTO_REMEDIATE": "true",
}


@pytest.mark.parametrize(("name", "value"), CHANGES.items())
def test_a_setting_is_told_as_it_is_given(name: str, value: str) -> None:
    before, after = production().published, production(**{name: value}).published
    assert {key: text for key, text in after.items() if before[key] != text} == {name: value}


def test_the_mode_is_told_with_what_follows_from_it() -> None:
    before, after = production().published, production(TENANCY="strict").published
    assert {key: text for key, text in after.items() if before[key] != text} == {
        "TENANCY": "strict",
        "MIN_TTL": "30",
        "MAX_NAMES_PER_NAMESPACE": "1000",
    }


def test_zones_policies_and_the_folder_of_manifests_are_told_too() -> None:
    before = production().published
    after = production("/manifests", DNS_ZONE="", DNS_ZONES="talos00,home.lab", SYNC_POLICY="home.lab=upsert-only")
    assert {key: text for key, text in after.published.items() if before[key] != text} == {
        "DNS_ZONES": "home.lab,talos00",
        "SYNC_POLICY": "home.lab=upsert-only",
        "--manifests": "/manifests",
    }


def test_the_order_in_which_something_is_given_is_no_difference() -> None:
    one = production(DNS_ZONES="talos00,home.lab", INGRESS_CLASS="a,b", DNS_IP_ADDRESS="10.0.0.1,10.0.0.2")
    other = production(DNS_ZONES="home.lab,talos00", INGRESS_CLASS="b,a", DNS_IP_ADDRESS="10.0.0.2,10.0.0.1")
    assert one.published == other.published


def test_no_secret_is_remembered() -> None:
    assert SECRET not in str(production().published)


def make_other(value: object) -> Any:
    match value:
        case TargetRules():
            return value._replace(allowed=collect_allowed(["home.lab"]))
        case bool():
            return not value
        case int() | float():
            return value + 1
        case tuple():
            return (*value, "other")
        case Mapping():
            return {**value, "other": Policy.CREATE_ONLY} if not value else {}
        case None:
            return re.compile("other")
        case _:
            return f"{value}other"


OF_TARGETS = {"target_name", "target_names", "other_zones", "publish", "by_annotation"}
"""What no variable says."""
MANAGED = Managed(Scope(zones=("talos00",), zone_addresses={"talos00": ("10.0.0.1",)}))


def describe(managed: Managed, name: str = "", was: str = "") -> Mapping[str, str]:
    scope = replace(managed.scope, target_name=name, target_names=(name,) if name else ())
    return describe_published(
        [TargetConfig(replace(managed, scope=scope), HostsConfig("/etc/hosts", name or "hosts"), was)], KUBE
    )


# The names of the servers are those in DNS_SERVER_URL.
@pytest.mark.parametrize(
    "name", [field.name for field in fields(Scope) if field.name not in {"server_names", *OF_TARGETS}]
)
def test_whatever_decides_about_names_is_told(name: str) -> None:
    scope = replace(MANAGED.scope, **{name: make_other(getattr(MANAGED.scope, name))})
    assert describe(MANAGED) != describe(replace(MANAGED, scope=scope)), f"describe_published leaves out {name}"


@pytest.mark.parametrize("name", [field.name for field in fields(Managed) if field.name != "scope"])
def test_whatever_decides_about_changes_is_told(name: str) -> None:
    other = replace(MANAGED, **{name: make_other(getattr(MANAGED, name))})
    assert describe(MANAGED) != describe(other), f"describe_published leaves out {name}"


# Of a file of targets


def list_changed(managed: Managed, was: str = "") -> list[str]:
    before, after = describe(MANAGED, "lan"), describe(managed, "lan", was)
    return [name for name in after if before[name] != after[name]]


@pytest.mark.parametrize("name", [field.name for field in fields(PublishFilters)])
def test_whatever_a_target_publishes_is_told_by_its_path(name: str) -> None:
    publish = replace(MANAGED.scope.publish, **{name: make_other(getattr(MANAGED.scope.publish, name))})
    managed = replace(MANAGED, scope=replace(MANAGED.scope, publish=publish))
    assert list_changed(managed) == [f"targets.lan.publish.{name}"]


@pytest.mark.parametrize(
    ("path", "of_scope"),
    [
        ("zones", {"zones": ("talos00", "home.lab")}),
        ("addresses", {"addresses": ("10.0.0.2",)}),
        ("addresses", {"auto": True}),
        ("ttl", {"ttl": 60}),
        ("public", {"targets": TargetRules(public=True)}),
        ("by_annotation", {"by_annotation": True}),
    ],
)
def test_what_a_target_has_of_its_own_is_told_by_its_path(path: str, of_scope: Mapping[str, Any]) -> None:
    assert list_changed(replace(MANAGED, scope=replace(MANAGED.scope, **of_scope))) == [f"targets.lan.{path}"]


@pytest.mark.parametrize(
    ("path", "of_managed"),
    [
        ("policy", {"policies": {"talos00": Policy.UPSERT_ONLY}}),
        ("max_delete_ratio", {"max_delete_ratio": 0.1}),
        ("max_deletes_unguarded", {"max_deletes_unguarded": 3}),
        ("auto_remediate", {"auto_remediate": True}),
    ],
)
def test_so_is_how_it_changes(path: str, of_managed: Mapping[str, Any]) -> None:
    assert list_changed(replace(MANAGED, **of_managed)) == [f"targets.lan.{path}"]


def test_what_it_takes_over_is_told_and_so_is_each_target_that_comes_or_goes() -> None:
    assert list_changed(MANAGED, "default") == ["targets.lan.was"]
    assert (describe(MANAGED)["TARGETS_FILE"], describe(MANAGED, "lan")["TARGETS_FILE"]) == ("", "lan")


def test_what_holds_for_all_targets_is_told_by_its_variable() -> None:
    assert list_changed(replace(MANAGED, owner_id="other")) == ["OWNER_ID"]
    assert list_changed(replace(MANAGED, scope=replace(MANAGED.scope, kinds=("Ingress",)))) == ["SOURCES"]
