"""/api/zones/records/*: get, add, update, delete."""

from __future__ import annotations

from typing import Any

from tests.fakes.technitium import changes
from tests.fakes.technitium.call import Call
from tests.fakes.technitium.printing import record_json, zone_json
from tests.fakes.technitium.rdata import (
    FIELDS,
    OPTIONAL,
    WHOLE_RRSET,
    Rdata,
    check_rdata,
    make_rdata,
    name_parameter,
    parse_field,
    parse_type,
    split_strings,
)
from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.spelling import parse_seconds, plain_name, reverse_name, reverse_zone, split_name
from tests.fakes.technitium.tree import Record, Zone
from tests.fakes.technitium.users import DELETE, MODIFY, VIEW

COMMENT_LIMIT = 255
"""UTF-16 units. (On disk it is bytes: a long non-ASCII comment is taken and breaks the zone file later.)"""
DEFAULT_TTL = 3600
NO_SUCH_RECORD = "Cannot delete record: no such record exists."
WRONG_STATE = "Operation is not valid due to the current state of the object."


def read_records(call: Call) -> dict[str, Any]:
    domain = _read_domain(call)
    zone = _find_zone(call, domain, VIEW)
    if call.params.flag("listZone"):
        records = list(changes.list_zone(call.tree, zone))
    else:
        records = changes.list_name(call.tree, zone, domain)
    dialect = call.tree.dialect
    shown = [record_json(r, dialect) for r in records]
    if zone.kind == "Secondary":
        for record in shown:
            record["rData"].pop("useSerialDateScheme", None)
    if call.on_secondary:  # zone transfers carry no comments
        for record in shown:
            record.pop("comments", None)
    return {"zone": _show_zone(call, zone), "records": shown}


def add_record(call: Call) -> dict[str, Any]:
    domain = _read_domain(call)
    zone = _find_writable_zone(call, domain, MODIFY, "add record")
    type = parse_type(call.params.need("type"))
    ttl = _read_ttl(call, call.tree.dialect.ns_ttl if type == "NS" else DEFAULT_TTL)
    overwrite = call.params.flag("overwrite")
    expiry = _read_seconds(call, "expiryTtl", 0)
    lone = type in WHOLE_RRSET
    if lone and not overwrite and any(r.type == type for r in changes.list_name(call.tree, zone, domain)):
        raise Refusal("Record already exists. Use overwrite option if you wish to overwrite existing record.")
    data = _read_data(call, type)
    _check_own_name(domain, data)
    split_name(domain, call.tree.dialect)
    record = Record(domain, ttl, data, comments=_read_comments(call), expiry=expiry, modified=call.tree.clock())
    if type in ("A", "AAAA") and call.params.flag("ptr"):
        _set_pointer(call, domain, str(data.values[0]), ttl)
    if overwrite or lone:
        _refuse_if_busy(call)
        changes.set_record(call.tree, zone, record)
    elif not changes.add_record(call.tree, zone, record) and call.tree.dialect.refuses_repeats:
        raise Refusal("Cannot add record: record already exists.")
    return {"zone": _show_zone(call, zone), "addedRecord": record_json(record, call.tree.dialect)}


def update_record(call: Call) -> dict[str, Any]:
    domain = _read_domain(call)
    zone = _find_writable_zone(call, domain, MODIFY, "update record")
    type = parse_type(call.params.need("type"))
    new_domain = plain_name(call.params.get("newDomain")) or domain
    ttl = _read_ttl(call, call.tree.dialect.ns_ttl if type == "NS" else DEFAULT_TTL)
    disabled = call.params.flag("disable")
    expiry = _read_seconds(call, "expiryTtl", 0)
    old = _read_data(call, type)
    new = old if type in WHOLE_RRSET else _read_data(call, type, new=True)
    _check_own_name(new_domain, new)
    split_name(new_domain, call.tree.dialect)
    record = Record(
        new_domain,
        ttl,
        new,
        comments=_read_comments(call),
        disabled=disabled,
        expiry=expiry,
        modified=call.tree.clock(),
    )
    if type in ("A", "AAAA") and call.params.flag("ptr"):
        _drop_pointers(call, str(old.values[0]))
        _set_pointer(call, new_domain, str(new.values[0]), ttl)
    if type in WHOLE_RRSET:
        _refuse_if_busy(call)
    changes.update_record(call.tree, zone, domain, old, record)
    if call.faults.take("sorry_writes"):
        raise Refusal(WRONG_STATE)
    return {"zone": _show_zone(call, zone), "updatedRecord": record_json(record, call.tree.dialect)}


def delete_record(call: Call) -> dict[str, Any]:
    domain = _read_domain(call)
    zone = _find_writable_zone(call, domain, DELETE, "delete record")
    type = parse_type(call.params.need("type"))
    data = None if type in WHOLE_RRSET else _read_data(call, type)
    if call.faults.take("ghost_deletes"):
        raise Refusal(NO_SUCH_RECORD)
    if data is None:
        deleted = changes.delete_rrset(call.tree, zone, domain, type)
    else:
        deleted = changes.delete_record(call.tree, zone, domain, data)
        if type in ("A", "AAAA"):
            _drop_pointers(call, str(data.values[0]), domain)
    if not deleted and call.tree.dialect.refuses_repeats:
        raise Refusal(NO_SUCH_RECORD)
    if call.faults.take("sorry_writes"):
        raise Refusal(WRONG_STATE)
    return {}


def _read_domain(call: Call) -> str:
    return plain_name(call.params.need("domain"))


def _find_zone(call: Call, domain: str, right: int) -> Zone:
    zone = call.tree.enclosing(plain_name(call.params.get("zone")) or domain)
    if zone is None:
        raise Refusal(f"No such zone was found: {domain}")
    if right != VIEW:
        call.refuse_internal(zone)
    call.need_zone(zone, right)
    return zone


def _find_writable_zone(call: Call, domain: str, right: int, verb: str) -> Zone:
    zone = _find_zone(call, domain, right)
    if call.on_secondary:
        raise Refusal(f"Cannot {verb} in Secondary zone.")
    return zone


def _show_zone(call: Call, zone: Zone) -> dict[str, Any]:
    shown = zone_json(zone, call.tree.dialect)
    return shown | {"type": "Secondary"} if call.on_secondary else shown


def _read_seconds(call: Call, name: str, default: int) -> int:
    text = call.params.get(name)
    return parse_seconds(text, call.tree.dialect) if text else default


def _read_ttl(call: Call, default: int) -> int:
    return _read_seconds(call, "ttl", default)


def _read_comments(call: Call) -> str:
    comments = call.params.get("comments")
    if len(comments.encode("utf-16-le")) > 2 * COMMENT_LIMIT:
        raise Refusal("Resource record comment text cannot exceed 255 characters. (Parameter 'Comments')")
    return comments


def _check_own_name(domain: str, data: Rdata) -> None:
    if data.type == "DNAME" and data.key[0].endswith(f".{domain.lower()}"):
        raise Refusal("DNAME domain name cannot be a sub domain of the record name.")
    if data.type in ("CNAME", "DNAME") and data.key[0] == domain.lower():
        raise Refusal(f"{data.type} domain name cannot be same as that of the record name.")


def _refuse_if_busy(call: Call) -> None:
    if call.faults.take("busy_sets"):
        raise Refusal(changes.BUSY)


def _read_data(call: Call, type: str, *, new: bool = False) -> Rdata:
    """The record data of the call; ``new`` what an update makes of it, where a missing parameter means the old."""
    if type not in FIELDS or type == "SOA":
        raise Refusal("Parameter 'rdata' missing.")
    fields = FIELDS[type]
    alias = fields[-1][0]
    texts = [_read_text(call, type, name, kind, is_last=name == alias) for name, kind in fields]
    if new:
        given = [
            call.params.first(name_parameter(type, name, new=True), *["newValue"] * (name == alias))
            for name, _ in fields
        ]
        texts = [new_text or old_text for new_text, old_text in zip(given, texts, strict=True)]
    if type == "TXT" and call.params.flag("newSplitText" if new and given[0] else "splitText"):
        return make_rdata(type, (split_strings(texts[0]),))
    values = [parse_field(kind, type, text, call.tree.dialect) for (_, kind), text in zip(fields, texts, strict=True)]
    return make_rdata(type, check_rdata(type, values))


def _read_text(call: Call, type: str, field: str, kind: str, *, is_last: bool) -> str:
    name = name_parameter(type, field)
    if kind in OPTIONAL:
        return call.params.get(name)
    return call.params.need(name, "value") if is_last else call.params.need(name)


def _set_pointer(call: Call, domain: str, ip: str, ttl: int) -> None:
    name = reverse_name(ip)
    zone = call.tree.enclosing(name)
    if zone is None:
        if not call.params.flag("createPtrZone"):
            raise Refusal("No reverse zone available to add PTR record.")
        zone = call.tree.create(reverse_zone(ip))
    call.refuse_internal(zone)
    data = make_rdata("PTR", (domain,))
    changes.set_record(call.tree, zone, Record(name, ttl, data, modified=call.tree.clock()))


def _drop_pointers(call: Call, ip: str, domain: str | None = None) -> None:
    """The PTR records of an address in a hosted reverse zone: all of them, or those that name ``domain``."""
    name = reverse_name(ip)
    zone = call.tree.enclosing(name)
    if zone and not zone.internal and zone.kind in changes.WRITABLE:
        for record in changes.list_name(call.tree, zone, name):
            if record.type == "PTR" and (domain is None or record.data.key[0] == domain.lower()):
                changes.delete_record(call.tree, zone, name, record.data)
