"""How one syncer is set up. Read from the environment in ``catalyst/settings/sync.py``; plain values here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from syncer.core.plan import Policy
from syncer.core.scope import Scope


class TargetSettings(Protocol):
    """What the settings of every target have. ``name`` is what ledger, metrics and pages call it, ``places`` say to a
    person where it is: the addresses of its servers, or a path."""

    @property
    def name(self) -> str: ...

    @property
    def places(self) -> tuple[str, ...]: ...


class SettingNames(NamedTuple):
    """What the settings of a server are called where a person gives them: in variables, or in ``TARGETS_FILE``."""

    servers: str = "DNS_SERVER_URL"
    token: str = "DNS_API_TOKEN"  # noqa: S105 - where it is, not what
    zones: str = "DNS_ZONES"
    ca_file: str = "DNS_API_CA_FILE"
    fingerprint: str = "DNS_API_TLS_FINGERPRINT"


VARIABLES = SettingNames()


@dataclass(frozen=True, slots=True)
class TechnitiumConfig:
    """``url`` and ``others`` are addresses of one server, or of nodes of one cluster. ``token`` is a secret.
    ``fingerprint`` is the SHA-256 of the server's certificate in hexadecimal."""

    url: str
    token: str = field(repr=False)
    ca_file: str = ""
    fingerprint: str = ""
    rate_limit: float = 10.0
    """Requests a second, over everything that the program does."""
    timeout: float = 10.0
    name: str = "default"
    others: tuple[str, ...] = ()
    dns_servers: tuple[str, ...] = ()
    """Who is asked by DNS for what is published there, as host:port; () where that follows from the addresses."""
    spelled: SettingNames = VARIABLES

    @property
    def urls(self) -> tuple[str, ...]:
        return self.url, *self.others

    @property
    def places(self) -> tuple[str, ...]:
        return self.urls


@dataclass(frozen=True, slots=True)
class HostsConfig:
    path: str
    name: str = "hosts"

    @property
    def places(self) -> tuple[str, ...]:
        return (self.path,)


@dataclass(frozen=True, slots=True)
class KubeConfig:
    """``manifests``: a folder of YAML files to read instead of a cluster, without those that are like one of the globs
    ``manifests_excluded``. ``read_timeout``: seconds of silence after which a watch is opened again (an API server
    sends a bookmark about once a minute). ``withheld``: variables of the environment that hold secrets of ours, or lead
    to them; a program that the kubeconfig names is not given them."""

    manifests: str = ""
    manifests_excluded: tuple[str, ...] = ()
    kubeconfig: str = ""
    context: str = ""
    read_timeout: float = 75.0
    certificate_metrics: bool = True
    dnsendpoint_status: bool = False
    """Whether the status of DNSEndpoints says which generation was read; never so in a dry run."""
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Managed:
    """What is managed and by which rules: no address and no secret of a server, so that the web reads it too."""

    scope: Scope
    owner_id: str = "default"
    policies: Mapping[str, Policy] = field(default_factory=dict)
    max_delete_ratio: float = 0.5
    max_deletes_unguarded: int = 10
    adopt_identical: bool = False
    auto_remediate: bool = False
    detached_grace: float = 86400.0
    """Seconds for which a name is kept that its object asks for and a trouble hides; 0: not at all."""
    flap_limit: int = 10
    """Changes of a name within a minute, above which what is in DNS stays for a while; 0: there is no limit."""
    owner_id_was: str = ""
    """The owner of before, whose marks are taken over."""

    def policy(self, zone: str) -> Policy:
        return self.policies.get(zone, Policy.SYNC)


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """One target: what is published there, by which rules, and where it is. ``was``: the name of a target of before,
    whose rows it takes over."""

    managed: Managed
    settings: TargetSettings
    was: str = ""

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def place(self) -> str:
        return ", ".join(self.settings.places)

    @property
    def scope(self) -> Scope:
        return self.managed.scope

    @property
    def zones_setting(self) -> str:
        """Where a person gives the zones."""
        return f"`zones` of target {self.name}" if self.scope.target_name else VARIABLES.zones


@dataclass(frozen=True, slots=True)
class Config:
    """One syncer. All intervals are in seconds."""

    targets: tuple[TargetConfig, ...]
    kube: KubeConfig = KubeConfig()
    drift_interval: float = 900.0
    """How often each zone is listed although its serial is where our own last write left it."""
    dry_run: bool = False
    resync_interval: float = 300.0
    serial_probe_interval: float = 10.0
    metrics_address: str = ":8080"
    health_address: str = ":8081"
    version: str = ""
    """Of the program."""
    published: Mapping[str, str] = field(default_factory=dict)
    """The settings that decide what is published, by the names that people know, as text; no secret is among them."""
