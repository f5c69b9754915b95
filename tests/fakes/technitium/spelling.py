"""Names, TTLs, addresses and times as the server reads and prints them."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from functools import lru_cache

from tests.fakes.technitium.dialects import Dialect
from tests.fakes.technitium.refusal import Refusal

NEVER = "0001-01-01T00:00:00"
_LABEL = r"(?:\*|[A-Za-z0-9_/-]{1,63})"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_END_HYPHEN = re.compile(r"(?:^|\.)-|-(?:\.|$)")
_LABEL_CHARACTER = re.compile(r"[A-Za-z0-9_/-]")
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_TTL = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_UINT32 = 0xFFFFFFFF


def plain_name(text: str) -> str:
    """Without dots at the ends, and in ASCII; the letter case stays."""
    text = text.strip(".")
    return text if text.isascii() else ".".join(map(_to_ascii, text.split(".")))


def _to_ascii(label: str) -> str:
    return label if label.isascii() else "xn--" + label.lower().encode("punycode").decode()


def unicode_name(name: str) -> str:
    return ".".join(x[4:].encode().decode("punycode") if x.startswith("xn--") else x for x in name.lower().split("."))


def split_name(name: str, dialect: Dialect) -> list[str]:
    """The labels in lower case, from the root down. Raises Refusal for a malformed name."""
    if not name:
        return []
    well_formed = len(name) <= 255 and _NAME.fullmatch(name)
    if not well_formed or (not dialect.hyphens_at_ends and _END_HYPHEN.search(name)):
        _refuse_name(name, dialect)
    return name.lower().split(".")[::-1]


def _refuse_name(name: str, dialect: Dialect) -> None:
    def make_refusal(why: str) -> Refusal:
        return Refusal(f"Invalid domain name [{name}]: {why}")

    if len(name) > 255:
        raise make_refusal("length cannot exceed 255 bytes.")
    for label in reversed(name.split(".")):
        if not label:
            raise make_refusal("label length cannot be 0 byte.")
        if len(label) > 63:
            raise make_refusal("label length cannot exceed 63 bytes.")
        if not dialect.hyphens_at_ends and label[0] == "-":
            raise make_refusal("label cannot start with hyphen.")
        if not dialect.hyphens_at_ends and label[-1] == "-":
            raise make_refusal("label cannot end with hyphen.")
        for character in label if label != "*" else "":
            if not _LABEL_CHARACTER.match(character):
                raise make_refusal(f"invalid character [{ord(character)}] was found.")


def is_inside(name: str, zone: str) -> bool:
    name, zone = name.lower(), zone.lower()
    return not zone or name == zone or name.endswith("." + zone)


def parse_seconds(text: str, dialect: Dialect) -> int:
    """A TTL: a number of seconds or ``1w2d3h4m5s``."""
    if re.fullmatch(r"\d+", text, re.ASCII) and int(text) <= _UINT32:
        return int(text)
    if not dialect.ttl_texts:
        raise Refusal(f"The input string '{text}' was not in a correct format.")
    match = _TTL.fullmatch(text)
    if not text or not match:
        raise Refusal(f"Failed to parse TTL from value: {text}")
    return sum(int(n or 0) * unit for n, unit in zip(match.groups(), _UNITS.values(), strict=True))


@lru_cache(maxsize=1024)
def ttl_text(value: int) -> str:
    parts = []
    for unit, size in _UNITS.items():
        if value >= size:
            parts.append(f"{value // size}{unit}")
            value %= size
    return "".join(parts) or "0s"


@lru_cache(maxsize=1024)
def time_text(when: float | None) -> str:
    if when is None:
        return NEVER
    moment = datetime.fromtimestamp(when, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0Z"


def parse_address(text: str, type: str, *, inner: str = "Invalid argument") -> str:
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        raise Refusal("An invalid IP address was specified.", inner) from None
    if (parsed.version == 4) != (type == "A"):
        raise Refusal("Invalid IP address family.")
    return str(parsed)


def reverse_name(text: str) -> str:
    """The in-addr.arpa or ip6.arpa name of an address."""
    return ipaddress.ip_address(text).reverse_pointer


def reverse_zone(text: str) -> str:
    """The zone that the server makes for an address (/24 or /64) or a network; other text comes back as it is."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return text
    labels = network.network_address.reverse_pointer.split(".")
    length = network.prefixlen if "/" in text else (24 if network.version == 4 else 64)
    kept = length // (8 if network.version == 4 else 4)
    return ".".join(labels[len(labels) - 2 - kept :])
