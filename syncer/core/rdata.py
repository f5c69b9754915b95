"""The text of record values: which types there are, how a value is spelled here, and how in a zone file.

One spelling each, so that values can be compared as text: addresses as RFC 5952 has them, host names in lower case
without a trailing dot, SRV as ``priority weight port target``, MX as ``preference exchange``, CAA as
``flags tag value`` without quotes, TXT as the bare text, however many strings it takes on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from syncer.core.manifest import clip_text
from syncer.core.names import canonical, canonical_address, is_wildcard, value_type

TYPES = ("A", "AAAA", "CNAME", "TXT", "SRV", "MX", "CAA", "PTR", "NS")
"""The types that can be published."""

HOST_TYPES = frozenset({"CNAME", "NS", "PTR", "MX", "SRV"})
"""Types whose last field is a host name."""

FIELD_COUNTS: Mapping[str, int] = {"MX": 2, "CAA": 3, "SRV": 4}
"""Fields of a value, of every other type one. Only the last one can have a blank in it."""

NUMBER_LIMIT = 65535
FLAGS_LIMIT = 255
STRING_LIMIT = 255
"""Bytes in one string of a TXT record: a longer text takes several."""

_is_number = re.compile(r"0|[1-9][0-9]{0,4}").fullmatch
_is_tag = re.compile(r"[a-z0-9]{1,15}").fullmatch


class BadValue(ValueError):
    """``str(error)`` is the reason, a sentence part."""


def split_value(type_: str, value: str) -> list[str]:
    """The fields of a value that is spelled as above; raises ``BadValue`` when some are missing."""
    count = FIELD_COUNTS.get(type_, 1)
    fields = value.split(" ", count - 1)
    if len(fields) < count:
        raise BadValue(f"it has {len(fields)} of {count} parts")
    return fields


def clean_value(type_: str, text: str) -> str:
    """The value, one of ``TYPES``, in its one spelling; raises ``BadValue`` or ``BadName``, whose text is the reason.

    Whether it fits on the wire is for a library to say that can write it.
    """
    if not text.strip():
        raise BadValue("it is empty")
    if type_ == "TXT":
        return _clean_text(text)
    *leading, last = text.split(None, FIELD_COUNTS.get(type_, 1) - 1)
    last = last.strip()
    if len(leading) + 1 < FIELD_COUNTS.get(type_, 1):
        raise BadValue(f"it has {len(leading) + 1} of {FIELD_COUNTS[type_]} parts")
    if type_ == "CAA":
        return " ".join((_clean_number(leading[0], FLAGS_LIMIT), _clean_tag(leading[1]), _clean_property(last)))
    if type_ in ("A", "AAAA"):
        return _clean_address(type_, last)
    return " ".join((*(_clean_number(number, NUMBER_LIMIT) for number in leading), _clean_host(last)))


def list_targets(type_: str, value: str) -> tuple[str, ...]:
    """The addresses and the host names in a value to which it leads whoever asks."""
    if type_ in ("A", "AAAA"):
        return (value,)
    return (split_value(type_, value)[-1],) if type_ in HOST_TYPES else ()


def format_value(type_: str, value: str) -> str:
    """The value as a zone file spells it (RFC 1035 section 5.1), with host names that end in a dot."""
    if type_ == "TXT":
        data = value.encode()
        starts = range(0, len(data), STRING_LIMIT)
        return " ".join(_quote_bytes(data[start : start + STRING_LIMIT]) for start in starts) or '""'
    if type_ == "CAA":
        flags, tag, text = split_value(type_, value)
        return f"{flags} {tag} {_quote_bytes(text.encode())}"
    return f"{value}." if type_ in HOST_TYPES else value


def _clean_address(type_: str, text: str) -> str:
    address = canonical_address(text)
    if value_type(address) != type_:
        raise BadValue(f"it is an {value_type(address)} value")
    return address


def _clean_number(text: str, most: int) -> str:
    if not _is_number(text) or int(text) > most:
        raise BadValue(f"{clip_text(text)} is no number from 0 to {most}")
    return text


def _clean_tag(text: str) -> str:
    tag = text.lower()
    if not _is_tag(tag):
        raise BadValue("its tag must be letters and digits")
    return tag


def _clean_host(text: str) -> str:
    name = canonical(text, symbols=False)
    if is_wildcard(name):
        raise BadValue("nothing can point to a wildcard")
    return name


def _clean_property(text: str) -> str:
    """The value of a CAA record."""
    value = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if not value or '"' in value or "\\" in value or not (value.isascii() and value.isprintable()):
        raise BadValue("its value must be printable ASCII, without quotes or backslashes inside")
    return value


def _clean_text(text: str) -> str:
    if not text.isprintable():
        raise BadValue("it has a line break or another control character in it")
    if len(text) > 1 and text[0] == text[-1] == '"':
        raise BadValue("the quotes around it would be published too")
    return text


def _quote_bytes(data: bytes) -> str:
    escaped = (chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03d}" for byte in data)
    return f'"{"".join(escaped)}"'
