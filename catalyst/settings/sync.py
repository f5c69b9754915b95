"""What is managed, for every process; and the syncer's configuration with its secrets."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from catalyst import __version__
from catalyst.settings.addresses import HEALTH, METRICS
from catalyst.settings.environment import SECRET_VARIABLES, Environment
from catalyst.settings.published import describe_published
from syncer.config import Config, HostsConfig, KubeConfig, Managed, TargetConfig, TechnitiumConfig
from syncer.core.allowed import ANY_TARGET, AllowedTargets, TargetRules, collect_allowed, parse_allowed
from syncer.core.annotations import MAX_TTL, parse_seconds, parse_ttl, split_list
from syncer.core.globs import read_glob
from syncer.core.kinds import GIVING_NAMES
from syncer.core.names import canonical, canonical_address, canonical_target, is_wildcard, value_type
from syncer.core.plan import Policy
from syncer.core.scope import RuleSyntax, Scope
from syncer.core.selection import PUBLISH
from syncer.core.selector import parse_selector

log = logging.getLogger(__name__)

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
CLASS_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?")
STRICT_MIN_TTL = "30"
STRICT_MAX_NAMES = "1000"
PROPOSAL = {"DNS_SERVER_URL": "https://dns.talos00:5380", "DNS_ZONE": "talos00", "DNS_IP_ADDRESS": "192.168.1.54"}
"""Defaults of dev mode and preview. In production they must be given: a guess would write to a server that is not
meant."""


def read_config(
    env: Environment,
    *,
    dev_mode: bool = False,
    hosts_file: str = "",
    manifests: str = "",
    dry_run: bool = False,
    warn: Callable[[str], None] = log.warning,
) -> Config:
    """One syncer's configuration, secrets included. The keyword arguments are the options of ``runsyncer``.

    With ``dev_mode`` or ``hosts_file`` the target is a hosts file. Raises ``ImproperlyConfigured``, with all that is
    wrong.
    """
    with env.gathering():
        return _read_config(env, dev_mode, hosts_file, manifests, dry_run, warn)


def _read_config(
    env: Environment, dev_mode: bool, hosts_file: str, manifests: str, dry_run: bool, warn: Callable[[str], None]
) -> Config:
    managed = read_scope(env, proposed=dev_mode, loopback=dev_mode, warn=warn)
    if env.read_flag("LEADER_ELECTION"):
        warn("LEADER_ELECTION has no effect yet: run one syncer")
    target = read_target(env, dev_mode, hosts_file)
    kube = KubeConfig(
        manifests=manifests,
        manifests_excluded=read_excluded(env),
        kubeconfig=env.read_text("KUBECONFIG"),
        read_timeout=read_seconds(env, "WATCH_READ_TIMEOUT", "75", least="1s", most="1h"),
        certificate_metrics=env.read_flag("CERTIFICATE_METRICS", True),
        dnsendpoint_status=env.read_flag("DNSENDPOINT_STATUS"),
        withheld=SECRET_VARIABLES,
    )
    return Config(
        targets=(TargetConfig(managed, target),),
        kube=kube,
        drift_interval=read_seconds(env, "DRIFT_INTERVAL", "15m", least="10s"),
        dry_run=env.read_flag("DRY_RUN") or dry_run,
        resync_interval=read_seconds(env, "RESYNC_INTERVAL", "5m", least="10s"),
        serial_probe_interval=read_seconds(env, "SERIAL_PROBE_INTERVAL", "10s", least="250ms", most="1h"),
        metrics_address=env.read_address(*METRICS),
        health_address=env.read_address(*HEALTH),
        version=__version__,
        published=describe_published(managed, target, kube),
    )


def read_scope(
    env: Environment, *, proposed: bool, loopback: bool = False, warn: Callable[[str], None] = log.warning
) -> Managed:
    """What is managed and by which rules, without any server or secret. With ``proposed`` the proposal's values hold
    where a setting is missing, as in dev mode and preview; ``loopback``: sources may publish addresses of this machine.
    Raises ``ImproperlyConfigured``, with all that is wrong."""
    with env.gathering():
        zones = read_zones(env, proposed, warn)
        scope = read_publishing(env, zones, proposed)
        return Managed(
            scope=replace(scope, **read_claiming(env, loopback, read_server_names(env, proposed))),
            owner_id=env.read_value("OWNER_ID", "default", parse_owner, "such as homelab-1"),
            policies=read_policies(env, zones),
            max_delete_ratio=env.read_number("MAX_DELETE_RATIO", "0.5", most=1),
            max_deletes_unguarded=env.read_integer("MAX_DELETES_UNGUARDED", "10"),
            adopt_identical=env.read_choice("ADOPT_EXISTING", "never", ("never", "identical")) == "identical",
            auto_remediate=env.read_flag("AUTO_REMEDIATE"),
            detached_grace=read_seconds(env, "DETACHED_GRACE", "24h", least="0s", most="8760h"),
            flap_limit=env.read_integer("FLAP_LIMIT", "10"),
            owner_id_was=env.read_value("OWNER_ID_WAS", "", parse_former_owner, "such as homelab-1"),
        )


def read_zones(env: Environment, proposed: bool, warn: Callable[[str], None]) -> tuple[str, ...]:
    """None of them when what the settings say is wrong."""
    several = env.read_list("DNS_ZONES", parse_zone, "give a comma list of zones, such as talos00,home.lab")
    are_several = bool(split_list(env.read_text("DNS_ZONES")))
    one = read_or_propose(env, "DNS_ZONE", proposed and not are_several)
    if are_several:
        if one:
            warn(f"DNS_ZONES is set: DNS_ZONE ({one}) is not used")
        return several
    if not one:
        env.refuse_missing("DNS_ZONE", "name the zone to manage, such as talos00, or several of them in DNS_ZONES")
        return ()
    return tuple(env.parse_texts("DNS_ZONE", [one], parse_zone, "give one zone, such as talos00"))


def read_publishing(env: Environment, zones: tuple[str, ...], proposed: bool) -> Scope:
    zone_addresses = read_zone_addresses(env, zones)
    right = "give a comma list of IPv4 or IPv6 addresses, or auto"
    text = read_or_propose(env, "DNS_IP_ADDRESS", proposed)
    auto = text.lower() == "auto"
    addresses = () if auto else env.parse_list("DNS_IP_ADDRESS", text, canonical_address, right)
    has_own = bool(zones or zone_addresses) and set(zones) <= zone_addresses.keys()
    if not (split_list(text) or has_own):
        env.refuse_missing("DNS_IP_ADDRESS", f"{right} (every name gets it unless its object says otherwise)")
    return Scope(
        **read_filters(env),
        zones=zones,
        addresses=addresses,
        zone_addresses=zone_addresses,
        auto=auto,
        ttl=env.read_value("DNS_TTL_DEFAULT", "300", parse_default_ttl, "give seconds (300) or a Go duration (5m)"),
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
    )


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
    text = env.read_text(name)
    env.parse_texts(name, [text], parse_selector, f"give a selector as kubectl takes it, such as {example}")
    return text


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


def read_server_names(env: Environment, proposed: bool) -> frozenset[str]:
    """The host names of the DNS servers; what is wrong with their addresses is told where these are needed."""
    names = set()
    for text in split_list(read_or_propose(env, "DNS_SERVER_URL", proposed)):
        with suppress(ValueError):
            name = canonical_target(urlsplit(text).hostname or "")
            names.update([name] if value_type(name) == "CNAME" else [])
    return frozenset(names)


def read_zone_addresses(env: Environment, zones: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    right = "give zone=address,…, such as talos00=192.168.1.54,home.lab=10.0.0.9"
    addresses: dict[str, tuple[str, ...]] = {}
    for key, value in env.read_pairs("DNS_IP_ADDRESSES", right):
        found = env.parse_texts("DNS_IP_ADDRESSES", [value], canonical_address, right)
        for name in parse_managed_zone(env, "DNS_IP_ADDRESSES", key, zones, right):
            addresses[name] = tuple(dict.fromkeys((*addresses.get(name, ()), *found)))
    return addresses


def read_policies(env: Environment, zones: tuple[str, ...]) -> Mapping[str, Policy]:
    choices = ", ".join(Policy)
    text = env.read_text("SYNC_POLICY", Policy.SYNC)
    if text in list(Policy):
        return dict.fromkeys(zones, Policy(text))
    right = f"give one of {choices} for every zone, or zone=policy,…"
    policies = {}
    for key, value in env.read_pairs("SYNC_POLICY", right):
        names = parse_managed_zone(env, "SYNC_POLICY", key, zones, right)
        if value in list(Policy):
            policies.update(dict.fromkeys(names, Policy(value)))
        else:
            env.refuse_value("SYNC_POLICY", f"{key}={value}", f"a policy is one of {choices}")
    return policies


def read_target(env: Environment, dev_mode: bool, hosts_file: str) -> TechnitiumConfig | HostsConfig:
    # Read even in dev mode: a wrong value shows at the first start, not on the day of the move to production.
    path = env.read_text("HOSTS_FILE", "/etc/hosts")
    text, right = read_or_propose(env, "DNS_SERVER_URL", dev_mode), "such as https://dns.talos00:53443"
    urls = env.parse_list("DNS_SERVER_URL", text, parse_server_url, right)
    token = env.read_secret("DNS_API_TOKEN")
    technitium = TechnitiumConfig(
        url=urls[0] if urls else "",
        others=urls[1:],
        token=token,
        ca_file=env.read_value("DNS_API_CA_FILE", "", check_ca_file, "give a file of PEM certificates"),
        fingerprint=env.read_value("DNS_API_TLS_FINGERPRINT", "", parse_fingerprint, "give 64 hexadecimal digits"),
        rate_limit=env.read_number("DNS_API_RATE_LIMIT", "10", least=0.01),
    )
    if dev_mode or hosts_file:
        return HostsConfig(hosts_file or path)
    if not split_list(text):
        env.refuse_missing(
            "DNS_SERVER_URL", "give the address of the Technitium DNS server, such as https://dns.talos00:53443"
        )
    if not env.is_secret_given("DNS_API_TOKEN"):
        env.refuse_missing(
            "DNS_API_TOKEN", "give a token of the Technitium DNS server, or its file in DNS_API_TOKEN_FILE"
        )
    return technitium


def read_excluded(env: Environment) -> tuple[str, ...]:
    """Globs of files and folders among manifests that are left out."""
    return env.read_list("MANIFESTS_EXCLUDE", str, "give a comma list of globs, such as templates,*.tpl.yaml")


def read_or_propose(env: Environment, name: str, proposed: bool) -> str:
    """With ``proposed``, the proposal's value where the variable is not set."""
    text = env.read_text(name)
    env.asked[name] = PROPOSAL[name]
    return text or (PROPOSAL[name] if proposed else "")


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
            name, text, f"it is not a managed zone ({', '.join(zones)}): correct it, or add it to DNS_ZONES"
        )
        return []
    return found


def parse_zone(text: str) -> str:
    name = canonical(text)
    if is_wildcard(name):
        raise ValueError("a zone cannot be a wildcard")
    return name


def parse_default_ttl(text: str) -> int:
    try:
        return parse_ttl(text)
    except ValueError:
        raise ValueError(f"a TTL is from 1 to {MAX_TTL} seconds") from None


def parse_namespace(text: str) -> str:
    if not DNS_LABEL.fullmatch(text):
        raise ValueError("no namespace can have that name")
    return text


def parse_kind(text: str) -> str:
    if (kind := {kind.lower(): kind for kind in GIVING_NAMES}.get(text.lower())) is None:
        raise ValueError("no such kind gives names")
    return kind


def parse_gateway(text: str) -> str:
    namespace, slash, name = text.partition("/")
    if not slash:
        raise ValueError("its namespace is missing")
    if not (DNS_LABEL.fullmatch(namespace) and all(map(DNS_LABEL.fullmatch, name.split(".")))):
        raise ValueError("no Gateway can have that name")
    return text


def parse_class(text: str) -> str:
    # Wider than the names of IngressClasses: the old annotation takes any text.
    if not CLASS_NAME.fullmatch(text):
        raise ValueError("no class can have that name")
    return text


def parse_service(text: str) -> str:
    if text and not (text.count("/") == 1 and all(map(DNS_LABEL.fullmatch, text.split("/")))):
        raise ValueError("")
    return text


def parse_owner(text: str) -> str:
    # It is part of the marks on the server, where a blank ends it and 255 bytes of ASCII must do for all.
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,63}", text):
        raise ValueError("1 to 63 of A-Z a-z 0-9 . _ -")
    return text


def parse_former_owner(text: str) -> str:
    return parse_owner(text) if text else ""


def parse_pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise ValueError(str(error)) from error


def parse_server_url(text: str) -> str:
    parts = urlsplit(text)  # raises ValueError for a bad port or bracket only when these are looked at
    if parts.scheme not in ("http", "https") or not parts.hostname or (parts.port or 0) < 0:
        raise ValueError("give the address with http:// or https://")
    canonical_target(parts.hostname)
    if parts.username or parts.password or parts.query or parts.fragment:
        # Not shown: it holds a password or a token.
        raise ImproperlyConfigured(
            "DNS_SERVER_URL holds more than an address: give it without user, query or fragment."
        )
    return text.rstrip("/")


def check_ca_file(text: str) -> str:
    if not text:
        return text
    if not Path(text).is_file():
        raise ValueError("there is no such file")
    from syncer.tls import make_context  # costs memory, and whoever uses plain HTTP never needs it

    try:
        make_context(ca_file=text)
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from error
    return text


def parse_fingerprint(text: str) -> str:
    digits = text.replace(":", "").lower()
    if digits and not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("a SHA-256 fingerprint")
    return digits
