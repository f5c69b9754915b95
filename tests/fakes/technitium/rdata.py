"""Record data: what each type consists of, how it is read and compared, and its JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.fakes.technitium.dialects import Dialect
from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.special import (
    WORDS,
    check_digest,
    check_rule,
    parse_hex,
    parse_uri,
    parse_word,
    show_params,
    show_word,
    split_params,
)
from tests.fakes.technitium.spelling import parse_address, plain_name, split_name, ttl_text, unicode_name

NUMBERS = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "RP": 17, "AAAA": 28,
    "SRV": 33, "NAPTR": 35, "DNAME": 39, "DS": 43, "SSHFP": 44, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "NSEC3": 50,
    "NSEC3PARAM": 51, "TLSA": 52, "SVCB": 64, "HTTPS": 65, "ANY": 255, "URI": 256, "CAA": 257, "ANAME": 65280,
    "FWD": 65281, "APP": 65282, "ALIAS": 65283,
}  # fmt: skip
TYPES = {number: name for name, number in NUMBERS.items()}

FIELDS: dict[str, tuple[tuple[str, str], ...]] = {
    "A": (("ipAddress", "address"),),
    "AAAA": (("ipAddress", "address"),),
    "CNAME": (("cname", "name"),),
    "NS": (("nameServer", "name"),),
    "PTR": (("ptrName", "name"),),
    "ANAME": (("aname", "name"),),
    "DNAME": (("dname", "name"),),
    "MX": (("preference", "16 bits"), ("exchange", "name")),
    "SRV": (("priority", "16 bits"), ("weight", "16 bits"), ("port", "16 bits"), ("target", "name")),
    "CAA": (("flags", "8 bits"), ("tag", "tag"), ("value", "text")),
    "TXT": (("text", "strings"),),
    "DS": (
        ("keyTag", "16 bits"), ("algorithm", "DS algorithm"), ("digestType", "DS digest"), ("digest", "hexadecimal"),
    ),
    "SSHFP": (("algorithm", "SSHFP algorithm"), ("fingerprintType", "SSHFP print"), ("fingerprint", "hexadecimal")),
    "TLSA": (
        ("certificateUsage", "TLSA usage"), ("selector", "TLSA selector"), ("matchingType", "TLSA match"),
        ("certificateAssociationData", "hexadecimal"),
    ),
    "NAPTR": (
        ("order", "16 bits"), ("preference", "16 bits"), ("flags", "ascii"), ("services", "ascii"),
        ("regexp", "ascii"), ("replacement", "place"),
    ),
    "URI": (("priority", "16 bits"), ("weight", "16 bits"), ("uri", "uri")),
    "SVCB": (("svcPriority", "16 bits"), ("svcTargetName", "name"), ("svcParams", "parameters")),
    "HTTPS": (("svcPriority", "16 bits"), ("svcTargetName", "name"), ("svcParams", "parameters")),
    "FWD": (("protocol", "text"), ("forwarder", "text")),
    "SOA": (
        ("primaryNameServer", "name"), ("responsiblePerson", "text"), ("serial", "32 bits"), ("refresh", "32 bits"),
        ("retry", "32 bits"), ("expire", "32 bits"), ("minimum", "32 bits"),
    ),
}  # fmt: skip
"""For each type its fields in order: the name in JSON, and in parameters where PREFIXES says nothing; what it holds."""

PREFIXES = {"SSHFP": "sshfp", "TLSA": "tlsa", "NAPTR": "naptr", "URI": "uri"}
OPTIONAL = ("ascii", "place")
"""What may be missing from a call."""

NUMBERED = ("DS algorithm", "DS digest")
"""Words that are listed with their number beside them."""

WHOLE_RRSET = ("CNAME", "DNAME", "APP")
"""Types of which a name has one record: an add sets the RRset, a delete needs no value."""


class Rdata(NamedTuple):
    type: str
    values: tuple[Any, ...]
    key: tuple[Any, ...]
    """What counts when two are compared: names without regard to case."""

    def same(self, other: Rdata) -> bool:
        return self.key == other.key


def make_rdata(type: str, values: Sequence[Any]) -> Rdata:
    kinds = [kind for _, kind in FIELDS[type]]
    return Rdata(type, tuple(values), tuple(map(_compared, kinds, values)))


def _compared(kind: str, value: Any) -> Any:
    match kind:
        case "name":
            return value.lower()
        case "parameters":
            return frozenset((number, text and text.lower() if number == 1 else text) for number, text in value)
        case _:
            return value


def name_parameter(type: str, field: str, *, new: bool = False) -> str:
    prefix = PREFIXES.get(type, "") if field != "uri" else ""
    name = prefix + (field[0].upper() + field[1:] if prefix else field)
    if not new:
        return name
    return name.replace("naptr", "naptrNew", 1) if type == "NAPTR" else "new" + name[0].upper() + name[1:]


def check_rdata(type: str, values: list[Any]) -> list[Any]:
    """What the server looks at when it puts a record together."""
    if type == "NAPTR":
        check_rule(values)
    check_digest(type, values)
    return values


def parse_type(text: str) -> str:
    name = TYPES.get(int(text), text) if text.isdigit() else text.upper()
    if name not in NUMBERS:
        raise Refusal(f"Requested value '{text}' was not found.")
    return name


def parse_field(kind: str, type: str, text: str, dialect: Dialect) -> Any:
    """One field, from a parameter or from a word of a zone file."""
    match kind:
        case "address":
            return parse_address(text, type)
        case "name" | "place":
            name = plain_name(text)
            split_name(name, dialect)
            return name
        case "hexadecimal":
            return parse_hex(text)
        case "uri":
            return parse_uri(text)
        case "parameters":
            return split_params(text)
        case "ascii":
            return text.encode("ascii", "replace").decode()
        case word if word in WORDS:
            return parse_word(word, text)
        case "tag":
            return text.lower()
        case "strings":
            return character_strings(text)
        case "text":
            return text
        case _:
            bits = int(kind.split()[0])
            if not text.isdigit():
                raise Refusal(f"The input string '{text}' was not in a correct format.")
            if int(text) >= 1 << bits:
                raise Refusal(
                    f"Value was either too large or too small for {'an unsigned byte' if bits == 8 else 'a UInt16'}."
                )
            return int(text)


def character_strings(text: str) -> tuple[str, ...]:
    """One TXT text as strings of at most 255 bytes; what is not ASCII becomes a question mark."""
    text = text.encode("ascii", "replace").decode()
    return tuple(text[i : i + 255] for i in range(0, len(text), 255)) or ("",)


def split_strings(text: str) -> tuple[str, ...]:
    """``splitText``: one string a line, with the escapes of the API."""
    escapes = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\"}
    strings = []
    for line in text.encode("ascii", "replace").decode().split("\n"):
        out, i = [], 0
        while i < len(line):
            pair = line[i : i + 2]
            out.append(escapes.get(pair, line[i]))
            i += 2 if pair in escapes else 1
        strings.append("".join(out))
    return tuple(strings)


def format_rdata(data: Rdata, dialect: Dialect) -> dict[str, Any]:
    if data.type == "TXT":
        strings = data.values[0]
        return {"text": "".join(strings), "splitText": len(strings) > 1, "characterStrings": list(strings)}
    out: dict[str, Any] = {}
    for (name, kind), value in zip(FIELDS[data.type], data.values, strict=True):
        out[name] = _show_field(kind, value)
        if kind in NUMBERED:
            out[name + "Number"] = value
        if kind in ("name", "place") and "xn--" in value:
            out[name + "Idn"] = unicode_name(value)
    if data.type in ("SVCB", "HTTPS"):
        out |= {"autoIpv4Hint": False, "autoIpv6Hint": False}
    if data.type == "SOA":
        if dialect.ttl_texts:
            out |= {f"{x}String": ttl_text(out[x]) for x in ("refresh", "retry", "expire", "minimum")}
        out["useSerialDateScheme"] = False
    return out


def _show_field(kind: str, value: Any) -> Any:
    if kind == "place":
        return value or "."
    if kind == "parameters":
        return show_params(value)
    return show_word(kind, value) if kind in WORDS else value
