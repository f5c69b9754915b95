"""What the server does to RRsets, with its checks in its order and its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tests.fakes.technitium.rdata import NUMBERS, WHOLE_RRSET, Rdata, make_rdata
from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.spelling import is_inside
from tests.fakes.technitium.tree import Entry, Record, Tree, Zone

MIXED_CNAME = "Cannot add record: a CNAME record cannot exists with other record types for the same name."
BUSY = "Cannot set records. Please try again."
WRITABLE = ("Primary", "Forwarder")


def check_belongs(zone: Zone, name: str) -> None:
    if not is_inside(name, zone.name):
        raise Refusal(f"The domain name '{name}' does not belong to the zone: {zone.name}")


def list_name(tree: Tree, zone: Zone, name: str) -> list[Record]:
    check_belongs(zone, name)
    entry = _find_entry(tree, zone, name)
    return _sort_records(entry) if entry else []


def list_zone(tree: Tree, zone: Zone) -> Iterator[Record]:
    for entry in tree.walk(zone):
        yield from _sort_records(entry)


def _sort_records(entry: Entry) -> list[Record]:
    return sorted(entry.records(), key=lambda r: (NUMBERS[r.type], r.ttl))


def set_record(tree: Tree, zone: Zone, record: Record) -> None:
    check_belongs(zone, record.name)
    entry = tree.ensure(zone, record.name)
    _set_rrset(tree, entry, record.type, [record])
    tree.settle(entry)


def add_record(tree: Tree, zone: Zone, record: Record) -> bool:
    """False when the zone has exactly this record already."""
    check_belongs(zone, record.name)
    entry = tree.ensure(zone, record.name)
    added = _add_member(tree, entry, record)
    if added:
        tree.settle(entry)
    return added


def update_record(tree: Tree, zone: Zone, name: str, old: Rdata, new: Record) -> None:
    check_belongs(zone, name)
    check_belongs(zone, new.name)
    entry = tree.entry(zone, name)
    if entry is None:
        raise Refusal(f"Cannot update record: zone '{zone.name}' does not exists.")
    if name.lower() != new.name.lower():
        if old.type in WHOLE_RRSET:
            _delete_all(tree, entry, old.type)
        elif not _delete_member(tree, entry, old):
            raise Refusal("Cannot update record: the old record does not exists.")
        _tidy_entry(tree, entry)
        entry = tree.ensure(zone, new.name)
        if old.type in WHOLE_RRSET:
            _set_rrset(tree, entry, new.type, [new])
        else:
            _add_member(tree, entry, new)
    elif old.type in WHOLE_RRSET:
        _set_rrset(tree, entry, new.type, [new])
    else:
        _replace_member(tree, entry, old, new)
    tree.settle(entry)


def delete_record(tree: Tree, zone: Zone, name: str, data: Rdata) -> bool:
    """False when there is no such record."""
    check_belongs(zone, name)
    entry = _find_entry(tree, zone, name)
    if entry is None or not _delete_member(tree, entry, data):
        return False
    _tidy_entry(tree, entry)
    return True


def delete_rrset(tree: Tree, zone: Zone, name: str, type: str) -> bool:
    check_belongs(zone, name)
    entry = _find_entry(tree, zone, name)
    if entry is None or not _delete_all(tree, entry, type):
        return False
    _tidy_entry(tree, entry)
    return True


def import_records(
    tree: Tree, zone: Zone, records: Iterable[Record], *, overwrite: bool, stop_after: int | None = None
) -> None:
    """Not atomic: what comes before a refused RRset is in. ``stop_after`` (a fault) refuses after so many RRsets."""
    done = 0
    for name, rrsets in _group_records(records).items():
        check_belongs(zone, name)
        entry = tree.ensure(zone, name)
        for type, members in rrsets.items():
            if stop_after is not None and done >= stop_after:
                raise Refusal(BUSY)
            if overwrite or type in ("CNAME", "DNAME", "SOA"):
                _set_rrset(tree, entry, type, members)
            else:
                for record in members:
                    _add_member(tree, entry, record)
            done += 1
        tree.settle(entry)


def clear_zone(tree: Tree, zone: Zone) -> None:
    """``overwriteZone``: every RRset but the SOA goes, the NS at the apex included."""
    for entry in list(tree.walk(zone)):
        for type in [t for t in entry.sets if t != "SOA"]:
            tree.put(entry, type, [])
        _tidy_entry(tree, entry)


def _group_records(records: Iterable[Record]) -> dict[str, dict[str, list[Record]]]:
    names: dict[str, dict[str, list[Record]]] = {}
    for record in records:
        names.setdefault(record.name.lower(), {}).setdefault(record.type, []).append(record)
    return names


def _find_entry(tree: Tree, zone: Zone, name: str) -> Entry | None:
    try:
        return tree.entry(zone, name)
    except Refusal:
        if tree.dialect.reads_check_names:
            raise
        return None


def _set_rrset(tree: Tree, entry: Entry, type: str, records: Sequence[Record]) -> None:
    _check_writable(entry, "set records")
    if isinstance(entry, Zone):
        if type == "CNAME":
            raise Refusal("Cannot set CNAME record at zone apex.")
        if type == "SOA":
            _set_soa(tree, entry, records[0])
            return
    _check_type(entry, type)
    _check_ttl(tree, entry, records[0], "set records")
    _check_cname(entry, type)
    tree.put(entry, type, records)


def _set_soa(tree: Tree, zone: Zone, record: Record) -> None:
    values = list(record.data.values)
    values[2] = zone.serial
    zone.sets["SOA"] = [Record(zone.name, record.ttl, make_rdata("SOA", values), modified=tree.clock())]
    tree.commit(zone)


def _add_member(tree: Tree, entry: Entry, record: Record) -> bool:
    _check_writable(entry, "add record")
    _check_type(entry, record.type)
    _check_ttl(tree, entry, record, "add record")
    members = _join_member(tree, entry, entry.sets.get(record.type, []), record)
    if members is None:
        return False
    tree.put(entry, record.type, members)
    return True


def _join_member(tree: Tree, entry: Entry, members: list[Record], record: Record) -> list[Record] | None:
    """The RRset after the add, None when nothing changes. Members of another TTL are made anew, without metadata."""
    if "CNAME" in entry.sets:
        raise Refusal(MIXED_CNAME)
    known = [m for m in members if m.data.same(record.data)]
    if known and (not tree.dialect.retimes_same_data or any(m.ttl == record.ttl for m in known)):
        return None
    after = [m if m.ttl == record.ttl else Record(m.name, record.ttl, m.data) for m in members]
    return after if known else [*after, record]


def _replace_member(tree: Tree, entry: Entry, old: Rdata, new: Record) -> None:
    _check_writable(entry, "update record")
    _check_ttl(tree, entry, new, "update record")
    before = entry.sets.get(old.type, [])
    rest = _drop_member(before, old)
    if len(rest) == len(before):
        raise Refusal("Cannot update record: the record does not exists to be updated.")
    after = _join_member(tree, entry, rest, new)
    tree.put(entry, old.type, rest if after is None else after)


def _delete_member(tree: Tree, entry: Entry, data: Rdata) -> bool:
    _check_writable(entry, "delete record")
    before = entry.sets.get(data.type, [])
    rest = _drop_member(before, data)
    if len(rest) == len(before):
        return False
    tree.put(entry, data.type, rest)
    return True


def _delete_all(tree: Tree, entry: Entry, type: str) -> bool:
    _check_writable(entry, "delete records")
    if type not in entry.sets:
        return False
    tree.put(entry, type, [])
    return True


def _drop_member(records: list[Record], data: Rdata) -> list[Record]:
    """Without the first record of this data."""
    for i, record in enumerate(records):
        if record.data.same(data):
            return records[:i] + records[i + 1 :]
    return records


def _tidy_entry(tree: Tree, entry: Entry) -> None:
    if entry.sets or isinstance(entry, Zone):
        tree.settle(entry)
    else:
        tree.discard(entry)


def _check_writable(entry: Entry, verb: str) -> None:
    if entry.zone.kind not in WRITABLE:
        raise Refusal(f"Cannot {verb} in {entry.zone.kind} zone.")


def _check_type(entry: Entry, type: str) -> None:
    if type == "FWD" and entry.zone.kind == "Primary":
        raise Refusal("The record type is not supported by primary zones.")


def _check_ttl(tree: Tree, entry: Entry, record: Record, verb: str) -> None:
    if record.ttl > entry.zone.expire:
        raise Refusal(f"{tree.dialect.ttl_refused} {verb}: TTL cannot be greater than SOA EXPIRE.")


def _check_cname(entry: Entry, type: str) -> None:
    if ("CNAME" in entry.sets) != (type == "CNAME") and entry.sets:
        raise Refusal(MIXED_CNAME)
