"""What to publish and how: the settings that decide names, addresses and TTLs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

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
    ingress_tls_hosts: bool = False
    external_dns_annotations: bool = False
    rule_syntax: RuleSyntax = "lenient"
    traefik_service: str = ""
    """``namespace/name`` of the Service that decides, when several look like Traefik's."""
