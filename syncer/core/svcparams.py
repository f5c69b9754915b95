"""The parameters of SVCB and HTTPS records (RFC 9460): bare, in the order of their numbers, as on the wire."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence

from syncer.core.manifest import clip_text
from syncer.core.names import BadName, canonical_address, value_type
from syncer.core.rdwords import NUMBER_LIMIT, BadValue, clean_number, decode_word

KEYS = ("mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp")
"""The keys that have a name, by their numbers; any other is ``key`` and its number."""

_is_generic = re.compile(r"key(0|[1-9][0-9]{0,4})").fullmatch
_is_alpn = re.compile(r"[A-Za-z0-9!#$%&'*+./:<=>?@\[\]^_`{}~-]{1,255}").fullmatch
_is_path = re.compile(r"/[A-Za-z0-9!#$%&'*+,./:=?@\[\]^_`{}~-]*").fullmatch
_has_dns = re.compile(r"\{[^{}]*\bdns\b[^{}]*\}").search
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=:")


def clean_params(words: Sequence[str]) -> str:
    """The parameters in their one spelling; raises ``BadValue``."""
    params: dict[int, str] = {}
    for word in words:
        key, has_value, value = word.partition("=")
        number = find_key(key)
        if number in params:
            raise BadValue(f"it has {key_name(number)} twice")
        params[number] = _clean_value(number, decode_word(value) if has_value else b"")
    _check_mandatory(params)
    if KEYS.index("no-default-alpn") in params and KEYS.index("alpn") not in params:
        raise BadValue("no-default-alpn says nothing without alpn")
    return " ".join(f"{key_name(number)}{'=' if params[number] else ''}{params[number]}" for number in sorted(params))


def split_params(text: str) -> dict[str, str]:
    """Parameters that are spelled as above, by key; what has no value has ""."""
    return {key: value for key, _, value in (word.partition("=") for word in text.split())}


def find_key(name: str) -> int:
    """Raises ``BadValue`` for what is no key."""
    name = name.lower()
    if name in KEYS:
        return KEYS.index(name)
    generic = _is_generic(name)
    if generic is None or int(generic[1]) > NUMBER_LIMIT:
        raise BadValue(f"{clip_text(name)} is no key of a parameter: give {', '.join(KEYS)} or key and a number")
    number = int(generic[1])
    if number < len(KEYS):
        raise BadValue(f"{name} has a name: write {KEYS[number]}")
    return number


def key_name(number: int) -> str:
    return KEYS[number] if number < len(KEYS) else f"key{number}"


def escape_bytes(data: bytes) -> str:
    """The value of a key that has no name."""
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03d}" for byte in data)


def _clean_value(number: int, data: bytes) -> str:
    if number >= len(KEYS):
        return escape_bytes(data)
    key = KEYS[number]
    if key in ("no-default-alpn", "ohttp"):
        if data:
            raise BadValue(f"{key} takes no value")
        return ""
    if not data:
        raise BadValue(f"{key} has no value")
    return _CLEANERS[key](data.decode("ascii", "backslashreplace"))


def _clean_mandatory(text: str) -> str:
    numbers = sorted(find_key(name) for name in text.split(","))
    if len(set(numbers)) < len(numbers):
        raise BadValue("mandatory names a key twice")
    return ",".join(map(key_name, numbers))


def _clean_alpn(text: str) -> str:
    for name in text.split(","):
        if not _is_alpn(name):
            raise BadValue(f"{clip_text(name)} in alpn is no protocol, such as h2, h3 or http/1.1")
    return text


def _clean_port(text: str) -> str:
    try:
        return clean_number(text, NUMBER_LIMIT)
    except BadValue as e:
        raise BadValue(f"port {e}") from None


def _clean_hint(type_: str) -> Callable[[str], str]:
    def clean_addresses(text: str) -> str:
        try:
            addresses = [canonical_address(part) for part in text.split(",")]
        except BadName as e:
            raise BadValue(f"a hint is {e}") from None
        if wrong := next((address for address in addresses if value_type(address) != type_), ""):
            raise BadValue(f"the hint {wrong} is an {value_type(wrong)} value: ipv4hint takes IPv4, ipv6hint IPv6")
        return ",".join(addresses)

    return clean_addresses


def _clean_ech(text: str) -> str:
    """An ECHConfigList is two bytes that count the rest (RFC 9849 section 4)."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) < 6 or int.from_bytes(data[:2]) != len(data) - 2:
        raise BadValue("its ech is no ECHConfigList in base64")
    return b64encode(data).decode()


def _clean_path(text: str) -> str:
    if not _is_path(text) or not _has_dns(text):
        raise BadValue("its dohpath is no path with a variable dns, such as /dns-query{?dns} (RFC 9461)")
    return text


_CLEANERS: Mapping[str, Callable[[str], str]] = {
    "mandatory": _clean_mandatory,
    "alpn": _clean_alpn,
    "port": _clean_port,
    "ipv4hint": _clean_hint("A"),
    "ipv6hint": _clean_hint("AAAA"),
    "ech": _clean_ech,
    "dohpath": _clean_path,
}


def _check_mandatory(params: Mapping[int, str]) -> None:
    """RFC 9460 section 8."""
    for name in params.get(0, "").split(",") if 0 in params else ():
        if name == "mandatory":
            raise BadValue("mandatory cannot name itself")
        if find_key(name) not in params:
            raise BadValue(f"mandatory names {name}, which it does not have")
