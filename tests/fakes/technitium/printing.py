"""Zones and records as the replies show them, field by field in the server's order."""

from __future__ import annotations

from typing import Any

from tests.fakes.technitium.dialects import Dialect
from tests.fakes.technitium.rdata import format_rdata
from tests.fakes.technitium.spelling import time_text, ttl_text, unicode_name
from tests.fakes.technitium.tree import Record, Zone


def zone_json(zone: Zone, dialect: Dialect) -> dict[str, Any]:
    out: dict[str, Any] = {"name": zone.name}
    if "xn--" in zone.name:
        out["nameIdn"] = unicode_name(zone.name)
    out |= {
        "type": zone.kind,
        "lastModified": time_text(zone.modified),
        "disabled": zone.disabled,
        "soaSerial": zone.serial,
    }
    if zone.kind == "Primary":
        out["internal"] = zone.internal
    if zone.kind not in ("Catalog", "SecondaryCatalog"):
        out["catalog"] = zone.catalog
    if zone.kind in ("Primary", "Secondary"):
        out["dnssecStatus"] = "SignedWithNSEC" if zone.signed else "Unsigned"
        if dialect.key_field:
            out["hasDnssecPrivateKeys"] = zone.signed
    if zone.kind.startswith("Secondary"):
        if zone.kind != "SecondaryCatalog":
            out["validationFailed"] = False
        out |= {"expiry": time_text(zone.expires_at), "isExpired": False, "syncFailed": False}
    if not zone.internal and zone.kind != "SecondaryCatalog":
        out |= {"notifyFailed": bool(zone.notify_failed), "notifyFailedFor": list(zone.notify_failed)}
    return out


def record_json(record: Record, dialect: Dialect) -> dict[str, Any]:
    out: dict[str, Any] = {"name": record.name}
    if "xn--" in record.name:
        out["nameIdn"] = unicode_name(record.name)
    out["type"] = record.type
    out["ttl"] = record.ttl
    if dialect.ttl_texts:
        out["ttlString"] = ttl_text(record.ttl)
    out["disabled"] = record.disabled
    if record.comments:
        out["comments"] = record.comments
    out["rData"] = format_rdata(record.data, dialect)
    out["dnssecStatus"] = "Unknown"
    out["lastUsedOn"] = time_text(record.used)
    out["lastModified"] = time_text(record.modified)
    out["expiryTtl"] = record.expiry
    if dialect.ttl_texts:
        out["expiryTtlString"] = ttl_text(record.expiry)
    return out
