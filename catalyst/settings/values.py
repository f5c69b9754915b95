"""Single values of the settings. Each parser raises ``ValueError``, whose text says what is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from syncer.core.annotations import MAX_TTL, parse_ttl
from syncer.core.kinds import GIVING_NAMES
from syncer.core.names import canonical_name, canonical_target, is_wildcard
from syncer.core.selector import parse_selector

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
TARGET_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
CLASS_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?")


def parse_zone(text: str) -> str:
    name = canonical_name(text)
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


def parse_target_name(text: str) -> str:
    # It is part of annotations (``target.<name>``), whose names end in a letter or digit.
    if not TARGET_NAME.fullmatch(text):
        raise ValueError("no target can have that name")
    return text


def check_selector(text: str) -> str:
    parse_selector(text)
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


def parse_server_url(name: str, text: str) -> str:
    """``name`` is that of the setting, for a value that is not shown."""
    parts = urlsplit(text)  # raises ValueError for a bad port or bracket only when these are looked at
    if parts.scheme not in ("http", "https") or not parts.hostname or (parts.port or 0) < 0:
        raise ValueError("give the address with http:// or https://")
    canonical_target(parts.hostname)
    if parts.username or parts.password or parts.query or parts.fragment:
        # Not shown: it holds a password or a token.
        raise ImproperlyConfigured(f"{name} holds more than an address: give it without user, query or fragment.")
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
