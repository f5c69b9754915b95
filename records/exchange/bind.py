"""Our records as a zone file, for other name servers to include."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from records.models import ManagedRecord
from syncer.core.rdata import format_value


def write_zone_file(records: Iterable[ManagedRecord]) -> Iterator[str]:
    """``records`` come sorted by zone. There is no SOA and no apex NS: those belong to the zone's own server."""
    yield "; Written by catalyst-dns-sync: the records that it owns, to be included in a zone ($INCLUDE).\n"
    zone = None
    for record in records:
        if record.zone != zone:
            zone = record.zone
            yield f"\n; zone {zone}\n$ORIGIN {zone}.\n"
        for value in record.values:
            yield f"{record.name}. {record.ttl} IN {record.type} {format_value(record.type, value)}\n"
