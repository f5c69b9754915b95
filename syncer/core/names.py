"""Host names and addresses in the one spelling that everything else compares."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Literal

NAME_LIMIT = 253
LABEL_LIMIT = 63

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_is_name = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)*{_LABEL}").fullmatch
_find_foreign_character = re.compile(r"[^a-z0-9_-]").search
_has_port = re.compile(r"[^:]*:[0-9]+").fullmatch

_UNMAPPED_LIMIT = 1000
"""Characters. UTS 46 drops and composes some, so the name's own limit says nothing before the mapping."""


class BadName(ValueError):
    """``str(error)`` is the reason, a sentence part such as "label of 64 characters (63 is the most)"."""


def canonical_name(text: str, *, symbols: bool = True) -> str:
    """The host name or wildcard as lower-case ASCII without a trailing dot; raises BadName.

    Blanks around it are dropped. Non-ASCII goes through UTS 46, non-transitional: ``ß`` and emoji stay what they are,
    but for ``symbols`` False, which refuses what IDNA 2008 does unless it is given as an A-label.
    A single label is a name: whether a zone holds it is for ``zone_of`` to say.
    """
    name = text.strip().lower() if text.isascii() else text.strip()
    if not name.isascii() or "xn--" in name:
        name = _to_ascii(name, symbols)
    name = name.removesuffix(".")
    if len(name) <= NAME_LIMIT and _is_name(name) and not name[name.rfind(".") + 1 :].isdigit():
        return name
    raise BadName(_explain_refusal(name))


def people_name(name: str) -> str:
    """An internationalised name as people write it."""
    if "xn--" not in name:
        return name
    import idna

    try:
        return ".".join(idna.ulabel(label) if label.startswith("xn--") else label for label in name.split("."))
    except idna.IDNAError:
        return name


def is_wildcard(name: str) -> bool:
    return name.startswith("*.")


def zone_of(name: str, zones: Collection[str]) -> str | None:
    """The longest of ``zones`` that the name lies in or is the apex of."""
    while name not in zones:
        _, dot, name = name.partition(".")
        if not dot:
            return None
    return name


def misplaced_cname(name: str, values: Sequence[str], zones: Collection[str]) -> str:
    """Why a CNAME with these values cannot be at the name, "" when it can or when they are addresses."""
    if len(values) == 1 and value_type(values[0]) == "CNAME":
        if name in zones:
            return f"a CNAME cannot be at the apex of zone {name}"
        if values[0] == name:
            return "the name would be an alias of itself"
    return ""


def covers_name(pattern: str, name: str) -> bool:
    """Whether a Gateway API hostname covers another one: a wildcard means one label or more."""
    return pattern == name or (is_wildcard(pattern) and name.endswith(pattern[1:]))


def canonical_address(text: str) -> str:
    """The IPv4 or IPv6 address as RFC 5952 has it; raises BadName.

    An IPv4-mapped address keeps its IPv4 tail (RFC 5952 section 5), which Python spells so only from 3.13 on.
    """
    text = text.strip()
    if ":" not in text:
        try:
            return str(IPv4Address(text))
        except AddressValueError as e:
            raise BadName("not an IP address") from e
    if "%" in text:
        raise BadName("IPv6 address with a zone index")
    try:
        address = IPv6Address(text)
    except AddressValueError as e:
        raise BadName("not an IP address") from e
    return f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)


def canonical_target(text: str) -> str:
    """The address, or the host name that a CNAME may point to; raises BadName.

    What only looks like an address (``256.256.256.256``, ``1.2.3.4/22``, ``010.0.0.1``) is neither.
    """
    try:
        return canonical_address(text)
    except BadName:
        if ":" in text:
            raise
        name = canonical_name(text)
    if is_wildcard(name):
        raise BadName("wildcard, which nothing can point to")
    return name


def value_type(value: str) -> Literal["A", "AAAA", "CNAME"]:
    """The record type for a canonical target."""
    if ":" in value:
        return "AAAA"
    # No canonical name ends in a label of digits, every IPv4 address does.
    return "A" if value[value.rfind(".") + 1 :].isdigit() else "CNAME"


def _explain_refusal(name: str) -> str:
    """Why ``name``, lower-case ASCII, is no host name."""
    if not name:
        return "empty name"
    if len(name) > NAME_LIMIT:
        return f"name of {len(name)} characters ({NAME_LIMIT} is the most)"
    if _is_address(name.strip("[]")):
        return "IP address, not a name"
    if _has_port(name) or (name.startswith("[") and _has_port(name[name.find("]") + 1 :])):
        return "name with a port"
    if "${" in name or "{{" in name:
        return "looks like a variable that was not filled in: render the template first"
    words = name.split()
    if "," in name or ";" in name or (len(words) > 1 and all("." in word for word in words)):
        return "two names in one: give each as one of its own"
    if len(words) > 1:
        return "name with a blank inside"
    if name == "*":
        return "catch-all, not a name"
    if "*" in name.removeprefix("*."):
        return "`*` is only allowed as the whole first label"
    labels = name.removeprefix("*.").split(".")
    for label in labels:
        if not label:
            return "empty label"
        if len(label) > LABEL_LIMIT:
            return f"label of {len(label)} characters ({LABEL_LIMIT} is the most)"
        if found := _find_foreign_character(label):
            return f"character {found[0]!r} in a label"
        if label.startswith("-") or label.endswith("-"):
            return "label with a hyphen at an end"
    return "last label of digits only, like an IP address"


def _is_address(text: str) -> bool:
    try:
        canonical_address(text)
    except BadName:
        return False
    return True


def _to_ascii(name: str, symbols: bool) -> str:
    """UTS 46 ToASCII without the rules on ASCII characters and lengths; raises BadName.

    The ``idna`` package judges by IDNA 2008, which refuses symbols that UTS 46 takes, so only its tables and its
    checks of single rules are used.
    """
    import idna  # its tables cost memory, and most clusters never need them

    if len(name) > _UNMAPPED_LIMIT:
        raise BadName(f"name of {len(name)} characters ({NAME_LIMIT} is the most)")
    try:
        labels = idna.uts46_remap(name, std3_rules=False).split(".")
        texts = [_decode_label(label) if label.startswith("xn--") else label for label in labels]
        rtl = any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for text in texts for char in text)
        for text in texts:
            if text and text != "*":
                _check_label(text, rtl)
        if not symbols:
            _refuse_symbols(labels)
    except BadName:
        raise
    except ValueError as e:  # idna.IDNAError, UnicodeError, and a plain one for a character without a name
        raise BadName("not valid as an international name (UTS 46)") from e
    return ".".join(label if label.isascii() else _encode_label(label) for label in labels)


def _check_label(text: str, rtl: bool) -> None:
    """The validity criteria of UTS 46 that are left after its mapping."""
    import idna

    if not text.isascii():
        idna.check_initial_combiner(text)
    for at, char in enumerate(text):
        if char in "\u200c\u200d" and not idna.valid_contextj(text, at):
            raise BadName("joiner out of context in an international label")
    if rtl:
        idna.check_bidi(text, check_ltr=True)


def _refuse_symbols(labels: list[str]) -> None:
    import idna

    for label in labels:
        if not label.isascii():
            try:
                idna.check_label(label)
            except idna.InvalidCodepoint as e:
                hint = f"give {_encode_label(label)} if it is meant"
                raise BadName(f"label {label} with a character that IDNA 2008 does not allow; {hint}") from e


def _encode_label(label: str) -> str:
    if len(label) > LABEL_LIMIT:  # Punycode is never shorter, and its coder is quadratic
        raise BadName(f"label of more than {len(label)} characters ({LABEL_LIMIT} is the most)")
    return "xn--" + label.encode("punycode").decode("ascii")


def _decode_label(label: str) -> str:
    """The text of an A-label; raises BadName when no text gives this label."""
    import idna

    if len(label) > LABEL_LIMIT:
        raise BadName(f"label of {len(label)} characters ({LABEL_LIMIT} is the most)")
    text = label[4:].encode("ascii").decode("punycode")
    if text.isascii() or idna.uts46_remap(text, std3_rules=False) != text or _encode_label(text) != label:
        raise BadName("label that starts with `xn--` and is no A-label")
    return text
