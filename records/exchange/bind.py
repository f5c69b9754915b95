"""Our records as a zone file, for other name servers to include."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from records.models import ManagedRecord
from syncer.targets.technitium.fields import HOSTS


def write_zone_file(records: Iterable[ManagedRecord]) -> Iterator[str]:
    """``records`` come sorted by zone. There is no SOA and no apex NS: those belong to the zone's own server."""
    yield "; Written by catalyst-dns-sync: the records that it owns, to be included in a zone ($INCLUDE).\n"
    zone = None
    for record in records:
        if record.zone != zone:
            zone = record.zone
            yield f"\n; zone {zone}\n$ORIGIN {zone}.\n"
        for value in record.values:
            yield f"{record.name}. {record.ttl} IN {record.type} {format_rdata(record.type, value)}\n"


def format_rdata(kind: str, value: str) -> str:
    """The value as a zone file spells it (RFC 1035 section 5.1)."""
    if kind == "TXT":
        data = value.encode()
        return " ".join(f'"{_escape_bytes(data[at : at + 255])}"' for at in range(0, len(data), 255)) or '""'
    if kind == "CAA":
        flags, tag, text = value.split(" ", 2)
        return f'{flags} {tag} "{_escape_bytes(text.encode())}"'
    return f"{value}." if kind in HOSTS else value


def _escape_bytes(data: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03d}" for byte in data)
