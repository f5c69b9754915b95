"""Fields of the rarer types: numbers with words for them, hexadecimal, URIs, parameters of SVCB and HTTPS."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from tests.fakes.technitium.refusal import Refusal

WORDS: Mapping[str, Mapping[int, str]] = {
    "DS algorithm": {
        1: "RSAMD5", 3: "DSA", 5: "RSASHA1", 6: "DSA_NSEC3_SHA1", 7: "RSASHA1_NSEC3_SHA1", 8: "RSASHA256",
        10: "RSASHA512", 12: "ECC_GOST", 13: "ECDSAP256SHA256", 14: "ECDSAP384SHA384", 15: "ED25519", 16: "ED448",
        253: "PRIVATEDNS", 254: "PRIVATEOID",
    },
    "DS digest": {1: "SHA1", 2: "SHA256", 3: "GOST_R_34_11_94", 4: "SHA384"},
    "TLSA usage": {0: "PKIX-TA", 1: "PKIX-EE", 2: "DANE-TA", 3: "DANE-EE", 255: "PrivCert"},
    "TLSA selector": {0: "Cert", 1: "SPKI", 255: "PrivSel"},
    "TLSA match": {0: "Full", 1: "SHA2-256", 2: "SHA2-512", 255: "PrivMatch"},
    "SSHFP algorithm": {0: "Reserved", 1: "RSA", 2: "DSA", 3: "ECDSA", 4: "Ed25519", 6: "Ed448"},
    "SSHFP print": {0: "Reserved", 1: "SHA1", 2: "SHA256"},
}  # fmt: skip
SVC_KEYS = ("mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath")
INVALID_KEY = 65535
DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443}

SvcParams = tuple[tuple[int, str | None], ...]
"""In the order in which they came; a parameter without value has None."""

SIZES = {("TLSA", 1): 32, ("TLSA", 2): 64, ("SSHFP", 1): 20, ("SSHFP", 2): 32}


def parse_word(kind: str, text: str) -> int:
    """As .NET reads an enumeration: any of its words in any case, or a number of a byte."""
    if re.fullmatch(r"\d+", text) and int(text) < 256:
        return int(text)
    wanted = text.replace("-", "_").lower()
    for number, word in WORDS[kind].items():
        if word.replace("-", "_").lower() == wanted:
            return number
    raise Refusal(f"Requested value '{text}' was not found.")


def show_word(kind: str, number: int) -> str:
    return WORDS[kind].get(number, str(number))


def parse_hex(text: str) -> str:
    if len(text) % 2:
        raise Refusal("The input is not a valid hex string as its length is not a multiple of 2.")
    if not re.fullmatch(r"[0-9A-Fa-f]*", text):
        raise Refusal("The input is not a valid hex string as it contains a non-hex character.")
    return text.upper()


def check_digest(type: str, values: list[Any]) -> None:
    """The checks of TLSA and SSHFP; a DS may have any digest."""
    what = {"TLSA": ("Certificate Association Data", "Matching Type"), "SSHFP": ("Fingerprint", "Fingerprint Type")}
    if type not in what:
        return
    name, kind = what[type]
    *_, number, digest = values
    if (type, number) not in SIZES and (type, number) != ("TLSA", 0):
        raise Refusal(f"{kind} is not supported: {number}")
    if len(digest) // 2 != SIZES.get((type, number), len(digest) // 2 or -1):
        raise Refusal(f"Invalid {name} value for the {kind}.")


def check_rule(values: list[Any]) -> None:
    """The checks of NAPTR (RFC 3403)."""
    _, _, flags, _, regexp, replacement = values
    if regexp and replacement:
        raise Refusal("REGEXP and REPLACEMENT are mutually exclusive per RFC 3403.")
    if not re.fullmatch(r"[A-Za-z0-9]*", flags):
        raise Refusal("Invalid NAPTR flag. Allowed set is A–Z and 0–9. (Parameter 'flags')")
    if not regexp and not replacement:
        raise Refusal("Either REGEXP or REPLACEMENT must be specified per RFC 3403.")


def parse_uri(text: str) -> str:
    """As .NET spells it: scheme and host in lower case, no default port, never an empty path after a host."""
    parts = urlsplit(text)
    if not parts.scheme or not (parts.netloc or parts.path):
        raise Refusal("Invalid URI: The format of the URI could not be determined.")
    host = parts.netloc.lower().removesuffix(f":{DEFAULT_PORTS.get(parts.scheme, '')}")
    path = parts.path or ("/" if host and parts.scheme in DEFAULT_PORTS else "")
    plain = urlunsplit((parts.scheme.lower(), host, path, parts.query, parts.fragment))
    return quote(plain, safe="!#$%&'()*+,-./:;=?@[]_~")


def split_params(text: str) -> SvcParams:
    """``svcParams`` of a call: keys and values with bars between them, or the word false."""
    if text.lower() == "false":
        return ()
    parts = text.split("|")
    if len(parts) % 2:
        raise Refusal("Index was outside the bounds of the array.")
    return _join_params([parse_param(key, value) for key, value in zip(parts[::2], parts[1::2], strict=True)])


def read_params(words: list[str]) -> SvcParams:
    """Those of a zone file."""
    pairs = [word.partition("=") for word in words]
    return _join_params([parse_param(key, value if equals else key) for key, equals, value in pairs])


def _join_params(params: list[tuple[int, str | None]]) -> SvcParams:
    if len(dict(params)) < len(params):
        raise Refusal("An item with the same key has already been added.")
    return tuple(params)


def parse_param(key: str, text: str) -> tuple[int, str | None]:
    number = _parse_key(key)
    match SVC_KEYS[number] if number < len(SVC_KEYS) else "":
        case "mandatory":
            return number, ",".join(show_key(_parse_key(part)) for part in text.split(","))
        case "alpn":
            names = [name.strip() for name in text.split(",") if name.strip()]
            if not names:
                raise Refusal("Missing param value for 'alpn' key.")
            return number, ",".join(names)
        case "no-default-alpn":
            return number, None
        case "port":
            if not text.isdigit():
                raise Refusal(f"The input string '{text}' was not in a correct format.")
            return number, str(int(text))
        case "ipv4hint":
            return number, ",".join(_parse_hint(part, IPv4Address) for part in text.split(","))
        case "ipv6hint":
            return number, ",".join(_parse_hint(part, IPv6Address) for part in text.split(","))
        case "dohpath":
            if not text.startswith("/"):
                raise Refusal("DoH path template must be relative and start with a '/'.")
            if "{?dns}" not in text:
                raise Refusal("DoH path template must contain a 'dns' variable.")
            return number, text
        case _:
            return number, ":".join(re.findall("..", parse_hex(text.replace(":", ""))))


def show_params(params: SvcParams) -> dict[str, str | None]:
    return {show_key(number): text for number, text in params}


def show_key(number: int) -> str:
    return SVC_KEYS[number] if number < len(SVC_KEYS) else "invalidkey" if number == INVALID_KEY else str(number)


def format_params(params: SvcParams) -> list[str]:
    """As an export spells them."""
    return [show_key(number) if text is None else f"{show_key(number)}={text}" for number, text in params]


def pack_params(params: SvcParams) -> bytes:
    packed = bytearray()
    for number, text in sorted(params):
        data = _pack_param(number, text or "")
        packed += struct.pack(">HH", number, len(data)) + data
    return bytes(packed)


def _pack_param(number: int, text: str) -> bytes:
    match SVC_KEYS[number] if number < len(SVC_KEYS) else "":
        case "mandatory":
            return b"".join(struct.pack(">H", key) for key in sorted(map(_parse_key, text.split(","))))
        case "alpn":
            return b"".join(bytes([len(name)]) + name.encode("ascii", "replace") for name in text.split(","))
        case "no-default-alpn":
            return b""
        case "port":
            return struct.pack(">H", int(text))
        case "ipv4hint" | "ipv6hint":
            return b"".join(ip_address(part).packed for part in text.split(","))
        case "dohpath":
            return text.encode()
        case _:
            return bytes.fromhex(text.replace(":", ""))


def _parse_key(text: str) -> int:
    name = text.replace("_", "-").lower()
    if name in SVC_KEYS:
        return SVC_KEYS.index(name)
    if name == "invalidkey":
        return INVALID_KEY
    if re.fullmatch(r"\d+", name) and int(name) <= INVALID_KEY:
        return int(name)
    raise Refusal(f"Requested value '{text}' was not found.")


def _parse_hint(text: str, kind: type[IPv4Address] | type[IPv6Address]) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        raise Refusal("An invalid IP address was specified.") from None
    if not isinstance(address, kind):
        version = address.version ^ 2
        raise Refusal(f"IPv{version} hints must contain only IPv{version} addresses.")
    return str(address)
