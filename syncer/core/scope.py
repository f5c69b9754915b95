"""What to publish and how: the settings that decide names, addresses and TTLs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from syncer.core.allowed import USUAL_RULES, TargetRules
from syncer.core.annotations import AnnotationRules
from syncer.core.globs import match_glob
from syncer.core.names import is_wildcard, zone_of

OUTSIDE = "outside every managed zone"
EXCLUDED = "excluded by EXCLUDE_NAMES"
WILDCARD = "wildcard, and ALLOW_WILDCARDS is off"

SERVER_NAME = "reserved: the name of a DNS server (TENANCY=strict)"
CHALLENGE = "_acme-challenge"
"""The label below which an authority looks for the proof that a name is someone's (RFC 8555 section 8.4)."""
DISCOVERED = ("wpad", "isatap")
"""Names that machines look for by themselves and believe: a proxy for all that they fetch, and a router."""

RuleSyntax = Literal["lenient", "v2", "v3"]


@dataclass(frozen=True, slots=True)
class PublishFilters:
    """What one of several targets publishes of all that counts. ``ingress_classes``, ``gateways`` and ``kinds`` are one
    question: as soon as one of them is set, an object passes when one of them admits it, and not otherwise; the others
    must all pass. What is empty is not asked."""

    ingress_classes: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    annotation_filter: str = ""
    label_selector: str = ""
    namespaces: tuple[str, ...] = ()


EVERYTHING = PublishFilters()


@dataclass(frozen=True, slots=True)
class Scope:
    """Of one target. ``zones`` and every name in here are lower-case ASCII without a trailing dot; addresses are as RFC
    5952 has them. ``addresses`` is what a name gets when its object does not say (``DNS_IP_ADDRESS``; IPv4, IPv6, or
    one host name); ``zone_addresses`` beats it for a zone (``DNS_IP_ADDRESSES``). With ``auto`` the object's own load
    balancer answers, and ``addresses`` is empty. ``ttl`` is in seconds. ``kinds`` (``SOURCES``), ``namespaces``,
    ``ingress_classes`` and ``gateways`` mean all of them where they are empty; the last are ``namespace/name``. The
    selectors are texts as ``syncer.core.selector`` parses them, "" for everything.
    """

    zones: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    zone_addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    auto: bool = False
    ttl: int = 300
    kinds: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    namespace_selector: str = ""
    ingress_classes: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    gateway_selector: str = ""
    label_selector: str = ""
    annotation_filter: str = ""
    exclude_names: re.Pattern[str] | None = None
    allow_wildcards: bool = True
    listener_wildcards: bool = False
    """Whether a route without host names gets the wildcards of its listeners."""
    ingress_tls_hosts: bool = False
    external_dns_annotations: bool = False
    rule_syntax: RuleSyntax = "lenient"
    host_wildcards: bool = True
    """Whether Traefik is 3.7 or later, which knows wildcards in ``Host`` and ``HostSNI``."""
    traefik_service: str = ""
    """``namespace/name`` of the Service that decides, when several look like Traefik's."""
    service_pods: bool = False
    """Whether headless Services publish the addresses of their pods."""
    strict: bool = False
    """Whether tenants who do not trust one another share the zones (``TENANCY``)."""
    reserved_names: tuple[str, ...] = ()
    """Globs of names that no source may publish."""
    server_names: frozenset[str] = frozenset()
    """The host names of the DNS servers that are written to."""
    targets: TargetRules = USUAL_RULES
    https_records: bool = False
    """Whether hosts that are served with TLS get an HTTPS record, where their object says nothing."""
    min_ttl: int = 1
    """Seconds, below which no source may go."""
    max_names_per_object: int = 2_500
    max_names_per_namespace: int = 20_000
    target_name: str = ""
    """Empty where there is one target alone, which no file names."""
    target_names: tuple[str, ...] = ()
    """Of all targets."""
    other_zones: frozenset[str] = frozenset()
    """Those of the other targets, without its own."""
    publish: PublishFilters = EVERYTHING
    by_annotation: bool = False
    """Whether an object that ``publish`` leaves out is published where its annotation names the target."""

    def find_zone(self, name: str) -> str | None:
        """The managed zone that the name belongs to."""
        return zone_of(name, self.zones)

    def is_elsewhere(self, name: str) -> bool:
        """Whether other targets alone have a zone for it: on this one it is no matter."""
        if not self.other_zones or self.find_zone(name) is not None:
            return False
        return zone_of(name, self.other_zones) is not None

    def takes_kind(self, kind: str) -> bool:
        """Whether objects of the kind count, which give names."""
        return not self.kinds or kind in self.kinds

    @property
    def annotation_rules(self) -> AnnotationRules:
        return AnnotationRules(
            self.external_dns_annotations,
            self.targets,
            self.min_ttl,
            target_name=self.target_name,
            target_names=self.target_names,
        )

    def refuse_name(self, name: str) -> str:
        """Why the name is not published whoever asks for it, "" when it may be."""
        if self.find_zone(name) is None:
            return OUTSIDE
        if self.exclude_names is not None and self.exclude_names.search(name):
            return EXCLUDED
        return WILDCARD if is_wildcard(name) and not self.allow_wildcards else ""

    def find_addresses(self, name: str) -> tuple[str, ...]:
        """What the settings give to a name of which no object says anything."""
        return self.zone_addresses.get(self.find_zone(name) or "") or self.addresses

    def refuse_claim(self, name: str) -> str:
        """Why no source may publish the name, "" when one may; custom entries may in any case."""
        if f".{CHALLENGE}." in f".{name}.":
            return f"reserved: certificates are issued to whoever has a name with the label {CHALLENGE}"
        label, _, rest = name.partition(".")
        if label in DISCOVERED and rest in self.zones:
            return f"reserved: machines look for {label} by themselves, and believe it"
        for glob in self.reserved_names:
            if match_glob(glob, name):
                return f"reserved by RESERVED_NAMES ({glob})"
        return self._refuse_tenant(name) if self.strict else ""

    def _refuse_tenant(self, name: str) -> str:
        """What belongs to the zone as a whole is no tenant's."""
        if name in self.zones:
            return "reserved: the apex of a zone (TENANCY=strict)"
        if is_wildcard(name) and name[2:] in self.zones:
            return "reserved: a wildcard for a whole zone (TENANCY=strict)"
        return SERVER_NAME if name in self.server_names else ""
