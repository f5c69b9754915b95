"""What to publish and how: the settings that decide names, addresses and TTLs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from syncer.core.names import is_wildcard, zone_of

OUTSIDE = "outside every managed zone"
EXCLUDED = "excluded by EXCLUDE_NAMES"
WILDCARD = "wildcard, and ALLOW_WILDCARDS is off"

RuleSyntax = Literal["lenient", "v2", "v3"]


@dataclass(frozen=True, slots=True)
class Scope:
    """``zones`` and every name in here are lower-case ASCII without a trailing dot; addresses are as RFC 5952 has
    them. ``addresses`` is what a name gets when its object does not say (``DNS_IP_ADDRESS``; IPv4, IPv6, or one host
    name); ``zone_addresses`` beats it for a zone (``DNS_IP_ADDRESSES``). With ``auto`` the object's own load balancer
    answers, and ``addresses`` is empty. ``ttl`` is in seconds. An empty ``namespaces`` or ``ingress_classes`` means
    all of them.
    """

    zones: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    zone_addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    auto: bool = False
    ttl: int = 300
    namespaces: tuple[str, ...] = ()
    ingress_classes: tuple[str, ...] = ()
    label_selector: str = ""
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

    def find_zone(self, name: str) -> str | None:
        """The managed zone that the name belongs to."""
        return zone_of(name, self.zones)

    def refuse_name(self, name: str) -> str:
        """Why the name is not published whoever asks for it, "" when it may be."""
        if self.find_zone(name) is None:
            return OUTSIDE
        if self.exclude_names is not None and self.exclude_names.search(name):
            return EXCLUDED
        return WILDCARD if is_wildcard(name) and not self.allow_wildcards else ""
