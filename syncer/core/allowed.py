"""What sources may publish as addresses and host names of targets (product: "Security", "Who may claim what")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from syncer.core.names import canonical_name, is_wildcard, value_type

Network = IPv4Network | IPv6Network

BROADCAST = IPv4Address("255.255.255.255")
THIS_NETWORK = IPv4Network("0.0.0.0/8")
"""Which no packet may be sent to; many systems take it for themselves (RFC 1122 section 3.2.1.3)."""
PRIVATE: Mapping[Network, str] = {
    IPv4Network("10.0.0.0/8"): "private",
    IPv4Network("172.16.0.0/12"): "private",
    IPv4Network("192.168.0.0/16"): "private",
    IPv4Network("100.64.0.0/10"): "shared",
    IPv6Network("fc00::/7"): "unique-local",
}
"""By RFC 1918, RFC 6598 and RFC 4193."""


class AllowedTargets(NamedTuple):
    """``networks`` and ``suffixes`` (of host names) are all that is allowed, where one of them ``narrows``."""

    networks: tuple[Network, ...] = ()
    suffixes: tuple[str, ...] = ()
    narrows: bool = False

    def allows(self, value: str) -> bool:
        """``value`` is an address or a host name in its one spelling."""
        if not self.narrows:
            return True
        if value_type(value) == "CNAME":
            return any(value == suffix or value.endswith(f".{suffix}") for suffix in self.suffixes)
        address = _read_address(value)
        return any(address.version == network.version and address in network for network in self.networks)


ANY_TARGET = AllowedTargets()


class TargetRules(NamedTuple):
    """``loopback``: it is no harm here, because the records are for this machine alone. ``public``: whoever asks is
    somewhere else, where addresses of a private network lead to another machine, or to none."""

    allowed: AllowedTargets = ANY_TARGET
    loopback: bool = False
    public: bool = False

    def refuse_value(self, value: str) -> str:
        """Why no source may publish the value, "" when one may."""
        what = describe_special(value)
        if what == "loopback" and self.loopback:
            what = ""
        if what:
            return f"{what} is refused"
        if self.public and (what := describe_private(value)):
            return f"{what} is refused: the target is public"
        return "" if self.allowed.allows(value) else "not in ALLOWED_TARGETS"


USUAL_RULES = TargetRules()
ANY_VALUE = TargetRules(loopback=True)


def parse_allowed(text: str) -> Network | str:
    """One element of a list of allowed targets: a network, an address, or the suffix of host names (with a leading dot
    or without). Raises ``ValueError``, whose text says what is wrong with it."""
    text = text.strip()
    if ":" not in text and not text.split("/")[0].rpartition(".")[2].isdigit():
        name = canonical_name(text.removeprefix("."))
        if is_wildcard(name):
            raise ValueError(f"give {name[2:]}, which means itself and all below it")
        if describe_special(name):
            raise ValueError(f"{describe_special(name)}, which no source may publish")
        return name
    try:
        network = ip_network(text)
    except ValueError as error:
        try:
            meant = ip_network(text, strict=False)
        except ValueError:
            raise ValueError("no network, address or host name") from error
        raise ValueError(f"bits of the host are set: give {meant}") from error
    if what := _describe_network(network):
        raise ValueError(f"{what}, which no source may publish")
    return network


def collect_allowed(elements: Iterable[Network | str]) -> AllowedTargets:
    """Nothing but these."""
    elements = tuple(elements)
    return AllowedTargets(
        tuple(element for element in elements if not isinstance(element, str)),
        tuple(element for element in elements if isinstance(element, str)),
        narrows=True,
    )


def describe_special(value: str) -> str:
    """What the address or host name is that no other machine can be reached by, "" for an ordinary one."""
    if value_type(value) == "CNAME":
        return "loopback" if value == "localhost" or value.endswith(".localhost") else ""  # RFC 6761 section 6.3
    return _describe_address(_read_address(value))


def describe_private(value: str) -> str:
    """What the address is that leads somewhere only within one network, "" for any other one and for a host name."""
    if value_type(value) == "CNAME":
        return ""
    address = _read_address(value)
    return next((what for network, what in PRIVATE.items() if address in network), "")


def _read_address(value: str) -> IPv4Address | IPv6Address:
    """An IPv4-mapped address leads where the IPv4 address does."""
    address = ip_address(value)
    return getattr(address, "ipv4_mapped", None) or address


def _describe_address(address: IPv4Address | IPv6Address) -> str:
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_unspecified or (isinstance(address, IPv4Address) and address in THIS_NETWORK):
        return "unspecified"
    if address.is_multicast:
        return "multicast"
    return "broadcast" if address == BROADCAST else ""


def _describe_network(network: Network) -> str:
    """Of a network in which every address is special."""
    first, last = (_describe_address(address) for address in (network[0], network[-1]))
    return first if first == last and network.prefixlen > 0 else ""
