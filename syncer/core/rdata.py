"""The text of record values: which types there are, how a value is spelled here, and how in a zone file.

One spelling each, so that values can be compared as text: addresses as RFC 5952 has them, host names in lower case
without a trailing dot, SRV as ``priority weight port target``, MX as ``preference exchange``, CAA as
``flags tag value`` without quotes, TXT as the bare text, however many strings it takes on the wire. The types from
DNAME on are spelled as their RFCs have it: digests in hexadecimal of lower case without blanks, strings in quotes,
parameters of SVCB and HTTPS bare and in the order of their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from syncer.core.names import canonical_address, canonical_name, is_wildcard, value_type
from syncer.core.rdwords import (
    NUMBER_LIMIT,
    STRING_LIMIT,
    clean_hex,
    clean_number,
    clean_string,
    decode_word,
    quote_word,
    split_words,
)
from syncer.core.rdwords import BadValue as BadValue
from syncer.core.svcparams import clean_params, split_params
from syncer.core.uris import clean_uri, find_host

TYPES = (
    "A", "AAAA", "CNAME", "TXT", "SRV", "MX", "CAA", "PTR", "NS",
    "DNAME", "DS", "HTTPS", "NAPTR", "SSHFP", "SVCB", "TLSA", "URI",
)  # fmt: skip
"""The types that can be published."""

HOST_TYPES = frozenset({"CNAME", "DNAME", "NS", "PTR", "MX", "SRV"})
"""Types whose last field is a host name."""

SINGLE_TYPES = frozenset({"CNAME", "DNAME"})
"""Types of which a name has one value."""

SERVICE_TYPES = frozenset({"SVCB", "HTTPS"})

FIELD_COUNTS: Mapping[str, int] = {"MX": 2, "CAA": 3, "SRV": 4}
"""Fields of a value, of every other type from A to NS one. Only the last one can have a blank in it."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "DS": ("number", "algorithm", "byte", "hex"),
    "TLSA": ("byte", "byte", "byte", "hex"),
    "SSHFP": ("byte", "byte", "hex"),
    "NAPTR": ("number", "number", "string", "string", "string", "place"),
    "URI": ("number", "number", "uri"),
    "SVCB": ("number", "place", "parameters"),
    "HTTPS": ("number", "place", "parameters"),
}
"""What the words of a value are, of the types that are spelled as their RFCs have it. A place is a host name, or a dot
for none; ``hex`` and ``parameters`` take all words that are left."""

DIGEST_SIZES: Mapping[tuple[str, str], int] = {
    ("DS", "1"): 20, ("DS", "2"): 32, ("DS", "3"): 32, ("DS", "4"): 48,
    ("TLSA", "1"): 32, ("TLSA", "2"): 64,
    ("SSHFP", "1"): 20, ("SSHFP", "2"): 32,
}  # fmt: skip
"""Bytes that a digest of that kind has."""

ALGORITHMS: Mapping[str, int] = {
    "RSAMD5": 1, "DSA": 3, "RSASHA1": 5, "DSA-NSEC3-SHA1": 6, "RSASHA1-NSEC3-SHA1": 7, "RSASHA256": 8, "RSASHA512": 10,
    "ECC-GOST": 12, "ECDSAP256SHA256": 13, "ECDSAP384SHA384": 14, "ED25519": 15, "ED448": 16,
    "PRIVATEDNS": 253, "PRIVATEOID": 254,
}  # fmt: skip
"""The mnemonics of DNSSEC algorithms (RFC 4034 appendix A.1)."""

BYTE_LIMIT = 255

_is_tag = re.compile(r"[a-z0-9]{1,15}").fullmatch


def split_value(type_: str, value: str) -> list[str]:
    """The fields of a value that is spelled as above, strings without their quotes, all parameters as one field.

    Raises ``BadValue`` when some are missing.
    """
    if type_ in WORDS:
        return _split_words(type_, value)
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
    if type_ in WORDS:
        return _clean_words(type_, split_words(text))
    *leading, last = text.split(None, FIELD_COUNTS.get(type_, 1) - 1)
    last = last.strip()
    if len(leading) + 1 < FIELD_COUNTS.get(type_, 1):
        raise BadValue(f"it has {len(leading) + 1} of {FIELD_COUNTS[type_]} parts")
    if type_ == "CAA":
        return " ".join((clean_number(leading[0], BYTE_LIMIT), _clean_tag(leading[1]), _clean_property(last)))
    if type_ in ("A", "AAAA"):
        return _clean_address(type_, last)
    return " ".join((*(clean_number(number, NUMBER_LIMIT) for number in leading), _clean_host(last)))


def list_targets(type_: str, value: str) -> tuple[str, ...]:
    """The addresses and the host names in a value to which it leads whoever asks."""
    if type_ in ("A", "AAAA"):
        return (value,)
    fields = split_value(type_, value)
    if type_ in HOST_TYPES:
        return (fields[-1],)
    places = tuple(word for kind, word in zip(WORDS.get(type_, ()), fields, strict=False) if kind == "place")
    if type_ in SERVICE_TYPES:
        params = split_params(fields[2])
        hints = (params.get(key, "") for key in ("ipv4hint", "ipv6hint"))
        places += tuple(address for hint in hints for address in hint.split(",") if address)
    if type_ == "URI":
        places = (find_host(fields[2]),)
    return tuple(place for place in places if place not in ("", "."))


def format_value(type_: str, value: str) -> str:
    """The value as a zone file spells it (RFC 1035 section 5.1), with host names that end in a dot."""
    if type_ == "TXT":
        data = value.encode()
        starts = range(0, len(data), STRING_LIMIT)
        return " ".join(_quote_bytes(data[start : start + STRING_LIMIT]) for start in starts) or '""'
    if type_ == "CAA":
        flags, tag, text = split_value(type_, value)
        return f"{flags} {tag} {_quote_bytes(text.encode())}"
    if "place" in WORDS.get(type_, ()):
        words = split_words(value)
        at = WORDS[type_].index("place")
        words[at] = f"{words[at].removesuffix('.')}."
        return " ".join(words)
    return f"{value}." if type_ in HOST_TYPES else value


def _split_words(type_: str, value: str) -> list[str]:
    words, kinds = split_words(value), WORDS[type_]
    if kinds[-1] == "parameters":
        words[2:] = [" ".join(words[2:])]
    if len(words) < len(kinds):
        raise BadValue(f"it has {len(words)} of {len(kinds)} parts")
    return [
        decode_word(word).decode("latin-1") if kind in ("string", "uri") else word
        for kind, word in zip(kinds, words, strict=True)
    ]


def _clean_words(type_: str, words: list[str]) -> str:
    kinds = WORDS[type_]
    least = len(kinds) - (kinds[-1] == "parameters")
    if len(words) < least:
        raise BadValue(f"it has {len(words)} of {least} parts")
    if kinds[-1] in ("hex", "parameters"):
        *leading, last = kinds
        rest = words[len(leading) :]
    elif len(words) > len(kinds):
        raise BadValue(f"it has {len(words)} parts, {len(kinds)} are the most")
    else:
        leading, last, rest = list(kinds), "", []
    cleaned = [_clean_word(kind, word) for kind, word in zip(leading, words, strict=False)]
    if last == "hex":
        cleaned.append(clean_hex("".join(rest)))
        _check_digest(type_, *cleaned[-2:])
    if last == "parameters":
        _check_alias(cleaned[0], rest)
        cleaned += [clean_params(rest)] if rest else []
    if type_ == "NAPTR" and cleaned[4] != '""' and cleaned[5] != ".":
        raise BadValue("it has a regular expression and a replacement, which exclude each other (RFC 3403)")
    return " ".join(cleaned)


def _clean_word(kind: str, word: str) -> str:
    match kind:
        case "number":
            return clean_number(word, NUMBER_LIMIT)
        case "byte":
            return clean_number(word, BYTE_LIMIT)
        case "algorithm":
            return str(ALGORITHMS.get(word.upper(), "")) or clean_number(word, BYTE_LIMIT)
        case "place":
            return "." if word == "." else _clean_host(word)
        case "string":
            return clean_string(word)
        case _:
            return quote_word(clean_uri(decode_word(word).decode("utf-8", "replace")).encode())


def _check_digest(type_: str, kind: str, digest: str) -> None:
    if type_ == "DS" and kind == "0":
        raise BadValue("digest type 0 is reserved")
    size = DIGEST_SIZES.get((type_, kind), len(digest) // 2)
    if len(digest) // 2 != size:
        raise BadValue(f"its digest has {len(digest) // 2} bytes, one of type {kind} has {size}")


def _check_alias(priority: str, params: list[str]) -> None:
    """RFC 9460 section 2.4.2."""
    if priority == "0" and params:
        raise BadValue("priority 0 makes it an alias, which takes no parameters")


def _clean_address(type_: str, text: str) -> str:
    address = canonical_address(text)
    if value_type(address) != type_:
        raise BadValue(f"it is an {value_type(address)} value")
    return address


def _clean_tag(text: str) -> str:
    tag = text.lower()
    if not _is_tag(tag):
        raise BadValue("its tag must be letters and digits")
    return tag


def _clean_host(text: str) -> str:
    name = canonical_name(text, symbols=False)
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
