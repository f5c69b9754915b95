"""The syncer's configuration: what is managed, which every process knows, and where it is, with the secrets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from catalyst import __version__
from catalyst.settings.addresses import HEALTH, METRICS
from catalyst.settings.environment import SECRET_VARIABLES, Environment
from catalyst.settings.published import describe_published
from catalyst.settings.publishing import parse_managed_zone, read_policies, read_rules, read_seconds
from catalyst.settings.targets import TARGETS_FILE, read_connection, read_targets
from catalyst.settings.values import parse_server_url, parse_zone
from syncer.config import Config, HostsConfig, KubeConfig, Managed, TargetConfig, TechnitiumConfig
from syncer.core.annotations import split_list
from syncer.core.names import canonical_address

log = logging.getLogger(__name__)

EXAMPLES = {"DNS_SERVER_URL": "https://dns.talos00:5380", "DNS_ZONE": "talos00", "DNS_IP_ADDRESS": "192.168.1.54"}
"""Defaults of dev mode and preview. In production they must be given: a guess would write to a server that is not
meant."""


def read_config(
    env: Environment,
    *,
    dev_mode: bool = False,
    hosts_file: str = "",
    manifests: str = "",
    dry_run: bool = False,
    checking: bool = False,
    warn: Callable[[str], None] = log.warning,
) -> Config:
    """One syncer's configuration, secrets included. The keyword arguments are the options of ``runsyncer``.

    With ``dev_mode`` or ``hosts_file`` the target is a hosts file. ``checking``: for a process that is no syncer, and
    has no tokens; where one of the variables of a single target is missing, that of ``EXAMPLES`` is checked. Raises
    ``ImproperlyConfigured``, with all that is wrong.
    """
    with env.gathering():
        targets = _read_targets(env, dev_mode, hosts_file, checking, warn)
        if env.read_flag("LEADER_ELECTION"):
            warn("LEADER_ELECTION has no effect yet: run one syncer")
        kube = KubeConfig(
            manifests=manifests,
            manifests_excluded=read_excluded(env),
            kubeconfig=env.read_text("KUBECONFIG"),
            read_timeout=read_seconds(env, "WATCH_READ_TIMEOUT", "75", least="1s", most="1h"),
            certificate_metrics=env.read_flag("CERTIFICATE_METRICS", True),
            dnsendpoint_status=env.read_flag("DNSENDPOINT_STATUS"),
            withheld=(*SECRET_VARIABLES, TARGETS_FILE),
        )
        return Config(
            targets=targets,
            kube=kube,
            drift_interval=read_seconds(env, "DRIFT_INTERVAL", "15m", least="10s"),
            dry_run=env.read_flag("DRY_RUN") or dry_run,
            resync_interval=read_seconds(env, "RESYNC_INTERVAL", "5m", least="10s"),
            serial_probe_interval=read_seconds(env, "SERIAL_PROBE_INTERVAL", "10s", least="250ms", most="1h"),
            metrics_address=env.read_address(*METRICS),
            health_address=env.read_address(*HEALTH),
            version=__version__,
            published=describe_published(targets, kube),
        )


def _read_targets(
    env: Environment, dev_mode: bool, hosts_file: str, checking: bool, warn: Callable[[str], None]
) -> tuple[TargetConfig, ...]:
    if env.read_text(TARGETS_FILE):
        if hosts_file:
            env.refuse(f"--hosts-file beside {TARGETS_FILE}: leave it out, and give a target of kind hosts its path.")
        return read_targets(env, dev_mode=dev_mode, with_files=not checking)
    managed = read_one_target(env, proposed=dev_mode or checking, loopback=dev_mode, warn=warn)
    return (TargetConfig(managed, read_server(env, dev_mode, hosts_file, checking)),)


def read_managed(
    env: Environment, *, proposed: bool, warn: Callable[[str], None] = log.warning
) -> Mapping[str, Managed]:
    """What is managed and by which rules, by the name of the target, without any server or secret; without a file of
    targets the name of the only one is "". With ``proposed``, as in dev mode and preview, those of ``EXAMPLES`` hold
    where a setting is missing. Raises ``ImproperlyConfigured``, with all that is wrong."""
    with env.gathering():
        if env.read_text(TARGETS_FILE):
            return {target.name: target.managed for target in read_targets(env, dev_mode=False, with_files=False)}
        return {"": read_one_target(env, proposed=proposed, warn=warn)}


def read_one_target(
    env: Environment, *, proposed: bool, loopback: bool = False, warn: Callable[[str], None]
) -> Managed:
    """What is managed on the target of the variables. ``loopback``: sources may publish addresses of this machine."""
    zones = read_zones(env, proposed, warn)
    zone_addresses = read_zone_addresses(env, zones)
    right = "give a comma list of IPv4 or IPv6 addresses, or auto"
    text = read_or_propose(env, "DNS_IP_ADDRESS", proposed)
    auto = text.lower() == "auto"
    addresses = () if auto else env.parse_list("DNS_IP_ADDRESS", text, canonical_address, right)
    has_own = bool(zones or zone_addresses) and set(zones) <= zone_addresses.keys()
    if not (split_list(text) or has_own):
        env.refuse_missing("DNS_IP_ADDRESS", f"{right} (every name gets it unless its object says otherwise)")
    urls = split_list(read_or_propose(env, "DNS_SERVER_URL", proposed))
    rules = read_rules(env, loopback=loopback, urls=urls)
    return replace(
        rules,
        scope=replace(rules.scope, zones=zones, addresses=addresses, zone_addresses=zone_addresses, auto=auto),
        policies=read_policies(env, "SYNC_POLICY", zones),
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


def read_zone_addresses(env: Environment, zones: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    right = "give zone=address,…, such as talos00=192.168.1.54,home.lab=10.0.0.9"
    addresses: dict[str, tuple[str, ...]] = {}
    for key, value in env.read_pairs("DNS_IP_ADDRESSES", right):
        found = env.parse_texts("DNS_IP_ADDRESSES", [value], canonical_address, right)
        for name in parse_managed_zone(env, "DNS_IP_ADDRESSES", key, zones, right):
            addresses[name] = tuple(dict.fromkeys((*addresses.get(name, ()), *found)))
    return addresses


def read_server(env: Environment, dev_mode: bool, hosts_file: str, checking: bool) -> TechnitiumConfig | HostsConfig:
    # Read even in dev mode: a wrong value shows at the first start, not on the day of the move to production.
    path = env.read_text("HOSTS_FILE", "/etc/hosts")
    text, right = read_or_propose(env, "DNS_SERVER_URL", dev_mode or checking), "such as https://dns.talos00:53443"
    urls = env.parse_list("DNS_SERVER_URL", text, partial(parse_server_url, "DNS_SERVER_URL"), right)
    token = env.read_secret("DNS_API_TOKEN")
    technitium = replace(read_connection(env), url=urls[0] if urls else "", others=urls[1:], token=token)
    if dev_mode or hosts_file:
        return HostsConfig(hosts_file or path)
    if not split_list(text):
        env.refuse_missing(
            "DNS_SERVER_URL", "give the address of the Technitium DNS server, such as https://dns.talos00:53443"
        )
    if not (checking or env.is_secret_given("DNS_API_TOKEN")):
        env.refuse_missing(
            "DNS_API_TOKEN", "give a token of the Technitium DNS server, or its file in DNS_API_TOKEN_FILE"
        )
    return technitium


def read_excluded(env: Environment) -> tuple[str, ...]:
    """Globs of files and folders among manifests that are left out."""
    return env.read_list("MANIFESTS_EXCLUDE", str, "give a comma list of globs, such as templates,*.tpl.yaml")


def read_or_propose(env: Environment, name: str, proposed: bool) -> str:
    """With ``proposed``, that of ``EXAMPLES`` where the variable is not set."""
    text = env.read_text(name)
    env.asked[name] = EXAMPLES[name]
    return text or (EXAMPLES[name] if proposed else "")
