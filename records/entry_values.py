"""What a custom entry may contain: names, types and values in the spelling that the engine compares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import dns.exception
import dns.rdata
from django.conf import settings
from django.core.exceptions import ValidationError

from syncer.config import Managed
from syncer.core.annotations import MAX_TTL
from syncer.core.claims import Mode
from syncer.core.fitting import OVERHEAD, find_misplacement, list_misfits
from syncer.core.manifest import clip_text
from syncer.core.names import NAME_LIMIT, BadName, canonical_name, zone_of
from syncer.core.rdata import TYPES, BadValue, clean_value, format_value

EXAMPLE_DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of nothing."""

HINTS = {
    "A": "an IPv4 address, such as 192.0.2.1",
    "AAAA": "an IPv6 address, such as 2001:db8::1",
    "CNAME": "one host name, such as www.example.com",
    "TXT": "the bare text, without quotes around it",
    "SRV": "priority, weight, port and target, such as 0 5 5060 sip.example.com",
    "MX": "preference and exchange, such as 10 mail.example.com",
    "CAA": "flags, tag and value, such as 0 issue letsencrypt.org",
    "PTR": "a host name, such as www.example.com",
    "NS": "a host name, such as ns1.example.com",
    "DNAME": "one host name, such as other.example.com",
    "DS": f"key tag, algorithm, digest type and digest, such as 60485 13 2 {EXAMPLE_DIGEST}",
    "HTTPS": "priority, target and parameters, such as 1 . alpn=h2,h3",
    "NAPTR": 'order, preference, flags, services, regular expression and replacement, such as 100 10 "U" "E2U+sip" '
    '"!^.*$!sip:info@example.com!" .',
    "SSHFP": f"algorithm, fingerprint type and fingerprint, such as 4 2 {EXAMPLE_DIGEST}",
    "SVCB": "priority, target and parameters, such as 1 dns.example.com alpn=dot port=853",
    "TLSA": f"usage, selector, matching type and certificate data, such as 3 1 1 {EXAMPLE_DIGEST}",
    "URI": 'priority, weight and URI, such as 10 1 "https://www.example.com/"',
}

PROBLEM_LIMIT = 100
"""Of one entry: a file may name millions of bad values."""


OFFERED = 3
"""Zones that are proposed for a name that lies in none."""


class CleanEntry(NamedTuple):
    """``values`` as in ``syncer.core.rrsets.RRset``; a block has no type, no values and no TTL."""

    name: str
    type: str
    values: tuple[str, ...]
    ttl: int | None
    mode: Mode


def managed_zones() -> tuple[str, ...]:
    """The zones of the settings in force, on whichever target."""
    several: Mapping[str, Managed] = settings.MANAGED_TARGETS
    everywhere = (managed.scope.zones for managed in (*several.values(), settings.MANAGED))
    return tuple(dict.fromkeys(chain.from_iterable(everywhere)))


def clean_entry(
    *,
    name: str,
    type: str,  # noqa: A002
    values: Sequence[str],
    ttl: int | None,
    mode: str,
    zones: Collection[str],
) -> CleanEntry:
    """The entry as the engine wants it; raises ``ValidationError`` with sentences by field.

    What else there is at its name is for ``custom_entries.check_entry`` to look at, which knows the database.
    """
    errors: dict[str, list[str]] = {}
    own_name = zone = ""
    try:
        own_name, zone = _clean_name(name, zones)
    except (BadName, BadValue) as error:
        errors["name"] = [f"{clip_text(name)} cannot be used: {error}."]
    if mode not in list(Mode):
        errors["mode"] = [f"{clip_text(mode)} is no mode: give {', '.join(Mode)}."]
    if ttl is not None and not _is_ttl(ttl):
        errors["ttl"] = [f"A TTL is a whole number of seconds from 1 to {MAX_TTL}."]
    kind = type.strip().upper()
    cleaned: tuple[str, ...] = ()
    if mode == Mode.BLOCK:
        if kind:
            errors["type"] = ["A block has no type: it keeps the whole name out of DNS."]
        if values:
            errors["values"] = ["A block has no values: it keeps the whole name out of DNS."]
        if ttl is not None:
            errors.setdefault("ttl", ["A block has no TTL: it keeps the whole name out of DNS."])
    elif kind not in TYPES:
        errors["type"] = [explain_type(type)]
    else:
        if own_name and (problem := find_misplacement(kind, own_name, zone)):
            errors["type"] = [_make_sentence(problem)]
        cleaned = _clean_values(kind, values, own_name, errors)
    if errors:
        raise ValidationError(errors)
    return CleanEntry(own_name, kind, cleaned, ttl, Mode(mode))


def explain_type(text: str, more: str = "") -> str:
    """Of a type that is none."""
    return f"{clip_text(text)} is no type that can be published: give {', '.join(TYPES)}{more}."


def explain_cname(kind: str, others: Iterable[str]) -> str:
    """Why an entry of this type cannot be at the name of entries of the types ``others``, "" when it can."""
    types = sorted({other for other in others if other} - {kind})
    if kind == "CNAME" and types:
        return (
            f"A CNAME must be alone at its name, which has an entry of type {types[0]}: delete or disable that first."
        )
    if kind and "CNAME" in types:
        return "This name has a CNAME entry, which must be alone there: delete or disable that first."
    return ""


def _clean_name(text: str, zones: Collection[str]) -> tuple[str, str]:
    """The name and its zone."""
    if not isinstance(text, str):
        raise BadValue("not a text")
    name = canonical_name(text, symbols=False)
    zone = zone_of(name, zones)
    if zone is None:
        offered = [f"{name}.{zone}" for zone in sorted(zones) if len(name) + len(zone) < NAME_LIMIT][:OFFERED]
        raise BadValue(f"it is in no managed zone; {' or '.join(offered) or ', '.join(sorted(zones))} would be")
    return name, zone


def _make_sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."


def _is_ttl(ttl: Any) -> bool:
    return isinstance(ttl, int) and not isinstance(ttl, bool) and 1 <= ttl <= MAX_TTL


def _clean_values(kind: str, values: Any, name: str, errors: dict[str, list[str]]) -> tuple[str, ...]:
    if not isinstance(values, list | tuple):
        errors["values"] = [f"Give a list of texts, each {HINTS[kind]}."]
        return ()
    found: set[str] = set()
    size = 0
    problems: list[str] = []
    for text in values:
        try:
            value = _clean_value(kind, text)
        except (BadName, BadValue) as error:
            problems.append(f"{clip_text(text)} is no {kind} value: {error}; give {HINTS[kind]}.")
            if len(problems) == PROBLEM_LIMIT:
                break
            continue
        if value not in found:
            size += len(_read_rdata(kind, value).to_wire() or b"") + OVERHEAD
            found.add(value)
    if not values:
        problems.append(f"Give at least one value: {HINTS[kind]}.")
    problems += map(_make_sentence, list_misfits(kind, found, name, size))
    if problems:
        errors["values"] = problems
    return tuple(sorted(found))


def _clean_value(kind: str, text: Any) -> str:
    if not isinstance(text, str):
        raise BadValue("not a text")
    value = clean_value(kind, text)
    try:
        _read_rdata(kind, value)
    except (dns.exception.DNSException, ValueError) as error:
        raise BadValue(str(error) or "it cannot be read") from error
    return value


def _read_rdata(kind: str, value: str) -> dns.rdata.Rdata:
    """The value as dnspython reads it, which knows what fits on the wire; raises ``DNSException`` or ``ValueError``."""
    return dns.rdata.from_text("IN", kind, format_value(kind, value))
