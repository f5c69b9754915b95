"""By which rules names are published, whichever the target: read from the environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, cast
from urllib.parse import urlsplit

from catalyst.settings.environment import Environment
from catalyst.settings.values import (
    check_selector,
    parse_class,
    parse_default_ttl,
    parse_former_owner,
    parse_gateway,
    parse_kind,
    parse_namespace,
    parse_owner,
    parse_pattern,
    parse_service,
    parse_zone,
)
from syncer.config import Managed
from syncer.core.allowed import ANY_TARGET, AllowedTargets, TargetRules, collect_allowed, parse_allowed
from syncer.core.annotations import parse_seconds, split_list
from syncer.core.globs import read_glob
from syncer.core.kinds import GIVING_NAMES
from syncer.core.names import canonical_target, value_type
from syncer.core.plan import Policy
from syncer.core.scope import RuleSyntax, Scope
from syncer.core.selection import PUBLISH

STRICT_MIN_TTL = "30"
STRICT_MAX_NAMES = "1000"
SELECTOR_RIGHT = "give a selector as kubectl takes it, such as "
TTL_RIGHT = "give seconds (300) or a Go duration (5m)"


def read_rules(env: Environment, *, loopback: bool, urls: Iterable[str]) -> Managed:
    """All but zones, addresses and policies. ``loopback``: sources may publish addresses of this machine. ``urls`` are
    those of the DNS servers."""
    return Managed(
        scope=Scope(
            zones=(),
            **read_filters(env),
            ttl=env.read_value("DNS_TTL_DEFAULT", "300", parse_default_ttl, TTL_RIGHT),
            exclude_names=env.read_value("EXCLUDE_NAMES", "", parse_pattern, "give a Python regular expression"),
            allow_wildcards=env.read_flag("ALLOW_WILDCARDS", True),
            listener_wildcards=env.read_flag("LISTENER_WILDCARDS"),
            ingress_tls_hosts=env.read_flag("INGRESS_TLS_HOSTS"),
            external_dns_annotations=env.read_flag("EXTERNAL_DNS_ANNOTATIONS"),
            https_records=env.read_choice("HTTPS_RECORDS", "off", ("off", "tls")) == "tls",
            rule_syntax=cast(RuleSyntax, env.read_choice("TRAEFIK_RULE_SYNTAX", "lenient", ("lenient", "v2", "v3"))),
            host_wildcards=env.read_flag("TRAEFIK_HOST_WILDCARDS", True),
            service_pods=env.read_flag("SERVICE_PODS"),
            traefik_service=env.read_value("TRAEFIK_SERVICE", "", parse_service, "give namespace/name of a Service"),
            **read_claiming(env, loopback, find_server_names(urls)),
        ),
        owner_id=env.read_value("OWNER_ID", "default", parse_owner, "such as homelab-1"),
        max_delete_ratio=env.read_number("MAX_DELETE_RATIO", "0.5", most=1),
        max_deletes_unguarded=env.read_integer("MAX_DELETES_UNGUARDED", "10"),
        adopt_identical=env.read_choice("ADOPT_EXISTING", "never", ("never", "identical")) == "identical",
        auto_remediate=env.read_flag("AUTO_REMEDIATE"),
        detached_grace=read_seconds(env, "DETACHED_GRACE", "24h", least="0s", most="8760h"),
        flap_limit=env.read_integer("FLAP_LIMIT", "10"),
        owner_id_was=env.read_value("OWNER_ID_WAS", "", parse_former_owner, "such as homelab-1"),
    )


def find_server_names(urls: Iterable[str]) -> frozenset[str]:
    """The host names of the DNS servers; what is wrong with their addresses is told where these are needed."""
    names = set()
    for url in urls:
        with suppress(ValueError):
            name = canonical_target(urlsplit(url).hostname or "")
            names.update([name] if value_type(name) == "CNAME" else [])
    return frozenset(names)


def read_filters(env: Environment) -> dict[str, Any]:
    """Of the scope, which objects count."""
    return {
        "kinds": env.read_list("SOURCES", parse_kind, f"give a comma list of {', '.join(GIVING_NAMES)}"),
        "namespaces": env.read_list(
            "WATCH_NAMESPACE", parse_namespace, "give a comma list of namespaces, or nothing for all"
        ),
        "namespace_selector": read_selector(env, "NAMESPACE_SELECTOR", "dns=public,team notin (lab,test)"),
        "ingress_classes": env.read_list("INGRESS_CLASS", parse_class, "give a comma list of class names"),
        "gateways": env.read_list("GATEWAY", parse_gateway, "give a comma list of Gateways, each as namespace/name"),
        "gateway_selector": read_selector(env, "GATEWAY_SELECTOR", "dns=public,tier!=test"),
        "label_selector": read_selector(env, "LABEL_SELECTOR", "dns=public,tier!=test"),
        "annotation_filter": read_selector(env, "ANNOTATION_FILTER", f"{PUBLISH}=true"),
    }


def read_selector(env: Environment, name: str, example: str) -> str:
    return env.read_value(name, "", check_selector, SELECTOR_RIGHT + example)


def read_claiming(env: Environment, loopback: bool, server_names: frozenset[str]) -> dict[str, Any]:
    """Of the scope, who may claim what."""
    strict = env.read_choice("TENANCY", "trusted", ("trusted", "strict")) == "strict"
    right = "give a comma list of names, with * for any characters, such as *.infra.talos00"
    seconds = "give seconds (30) or a Go duration (1m)"
    return {
        "strict": strict,
        "server_names": server_names,
        "reserved_names": env.read_list("RESERVED_NAMES", read_glob, right),
        "targets": TargetRules(read_allowed(env), loopback),
        "min_ttl": env.read_value("MIN_TTL", STRICT_MIN_TTL if strict else "1", parse_default_ttl, seconds),
        "max_names_per_object": env.read_integer("MAX_NAMES_PER_OBJECT", "2500", least=1),
        "max_names_per_namespace": env.read_integer(
            "MAX_NAMES_PER_NAMESPACE", STRICT_MAX_NAMES if strict else "20000", least=1
        ),
    }


def read_allowed(env: Environment) -> AllowedTargets:
    right = "give a comma list of networks and host names, such as 192.168.0.0/16,fd00::/8,home.lab"
    text = env.read_text("ALLOWED_TARGETS")
    allowed = collect_allowed(env.parse_list("ALLOWED_TARGETS", text, parse_allowed, right))
    if text and not split_list(text):
        env.refuse_value("ALLOWED_TARGETS", text, f"it allows nothing; {right}, or leave it empty to allow everything")
    return allowed if text else ANY_TARGET


def read_policies(env: Environment, name: str, zones: tuple[str, ...]) -> Mapping[str, Policy]:
    choices = ", ".join(Policy)
    text = env.read_text(name, Policy.SYNC)
    if text in list(Policy):
        return dict.fromkeys(zones, Policy(text))
    right = f"give one of {choices} for every zone, or zone=policy,…"
    policies = {}
    for key, value in env.read_pairs(name, right):
        names = parse_managed_zone(env, name, key, zones, right)
        if value in list(Policy):
            policies.update(dict.fromkeys(names, Policy(value)))
        else:
            env.refuse_value(name, f"{key}={value}", f"a policy is one of {choices}")
    return policies


def read_seconds(env: Environment, name: str, default: str, *, least: str, most: str = "500h") -> float:
    """From ``least``, below which the syncer would do nothing else, to ``most``, which is as good as never."""

    def parse_bounded(text: str) -> float:
        try:
            seconds = parse_seconds(text)
        except ValueError:
            raise ValueError("not a time") from None
        if seconds < parse_seconds(least):
            raise ValueError("too short")
        if seconds > parse_seconds(most):
            raise ValueError("too long")
        return seconds

    right = f"give seconds (300) or a Go duration (5m, 1h30m), from {least} to {most}"
    return env.read_value(name, default, parse_bounded, right)


def parse_managed_zone(env: Environment, name: str, text: str, zones: tuple[str, ...], right: str) -> list[str]:
    """Nothing for one that is wrong. No ``zones``: they are what is wrong, and any may be meant."""
    found = env.parse_texts(name, [text], parse_zone, right)
    if zones and found and found[0] not in zones:
        env.refuse_value(
            name, text, f"it is not a managed zone ({', '.join(zones)}): correct it, or add it to the zones"
        )
        return []
    return found
