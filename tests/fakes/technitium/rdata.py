"""Record data: what each type consists of, how it is read and compared, and its JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.fakes.technitium.dialects import Dialect
from tests.fakes.technitium.refusal import Refusal
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
    "FWD": (("protocol", "text"), ("forwarder", "text")),
    "SOA": (
        ("primaryNameServer", "name"), ("responsiblePerson", "text"), ("serial", "32 bits"), ("refresh", "32 bits"),
        ("retry", "32 bits"), ("expire", "32 bits"), ("minimum", "32 bits"),
    ),
}  # fmt: skip
"""For each type its fields in order: the name in parameters and in JSON, and what it holds."""

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
    key = tuple(v.lower() if kind == "name" else v for v, kind in zip(values, kinds, strict=True))
    return Rdata(type, tuple(values), key)


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
        case "name":
            name = plain_name(text)
            split_name(name, dialect)
            return name
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
        out[name] = value
        if kind == "name" and "xn--" in value:
            out[name + "Idn"] = unicode_name(value)
    if data.type == "SOA":
        if dialect.ttl_texts:
            out |= {f"{x}String": ttl_text(out[x]) for x in ("refresh", "retry", "expire", "minimum")}
        out["useSerialDateScheme"] = False
    return out
