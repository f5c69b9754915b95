"""/api/zones/*: list, create, delete, enable, disable, options, permissions, import, export."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.technitium import changes, zonefile
from tests.fakes.technitium.call import Call
from tests.fakes.technitium.printing import zone_json
from tests.fakes.technitium.rdata import make_rdata
from tests.fakes.technitium.records_api import DEFAULT_TTL
from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.spelling import is_inside, plain_name, reverse_zone, split_name
from tests.fakes.technitium.tree import Record, Zone
from tests.fakes.technitium.users import DELETE, MODIFY, VIEW

KINDS = ("Primary", "Secondary", "Stub", "Forwarder", "SecondaryForwarder", "Catalog", "SecondaryCatalog")
NO_FILE = "The zone file to import is missing."


def list_zones(call: Call) -> dict[str, Any]:
    zones = [zone_json(z, call.tree.dialect) for z in call.tree.zones() if call.session.user.may_in(z, VIEW)]
    if call.on_secondary:
        zones = [zone | {"type": "Secondary"} for zone in zones]
    if not call.params.get("pageNumber"):
        return {"zones": zones}
    page, size = call.params.number("pageNumber", 1), call.params.number("zonesPerPage", 10)
    if size < 1:
        raise Refusal("Attempted to divide by zero.")
    pages = -(-len(zones) // size)
    number = (page or 1) if 0 <= page <= pages else pages
    shown = zones[(number - 1) * size : number * size]
    return {"pageNumber": number, "totalPages": pages, "totalZones": len(zones), "zones": shown}


def create_zone(call: Call) -> dict[str, Any]:
    name = plain_name(reverse_zone(call.params.need("zone", "domain")))
    if "*" in name:
        raise Refusal("Domain name for a zone cannot contain wildcard character.")
    split_name(name, call.tree.dialect)
    kind = call.params.get("type") or "Primary"
    if kind.lower() not in map(str.lower, KINDS):
        raise Refusal(f"Requested value '{kind}' was not found.")
    if call.tree.zone(name):
        raise Refusal(f"Zone already exists: {name}")
    kind = next(k for k in KINDS if k.lower() == kind.lower())
    zone = call.tree.create(name, kind)
    zone.permissions[call.session.user.name] = (True, True, True)
    if kind == "Forwarder":
        data = make_rdata("FWD", (call.params.get("protocol") or "Udp", call.params.need("forwarder")))
        zone.sets["FWD"] = [Record(zone.name, 0, data, modified=call.tree.clock())]
    return {"domain": zone.name}


def delete_zone(call: Call) -> dict[str, Any]:
    zone = _find_managed_zone(call, DELETE)
    call.node.set_catalog(zone, "")
    call.tree.remove(zone)
    return {}


def enable_zone(call: Call) -> dict[str, Any]:
    call.tree.set(_find_managed_zone(call, MODIFY), "disabled", False)
    return {}


def disable_zone(call: Call) -> dict[str, Any]:
    call.tree.set(_find_managed_zone(call, MODIFY), "disabled", True)
    return {}


def show_options(call: Call) -> dict[str, Any]:
    zone = call.exact_zone()
    call.need_zone(zone, VIEW)
    return {
        "name": zone.name,
        "type": zone.kind,
        "internal": zone.internal,
        "dnssecStatus": "Unsigned",
        "notifyFailed": False,
        "notifyFailedFor": [],
        "disabled": zone.disabled,
        "catalog": zone.catalog,
        "queryAccess": "Allow",
        "queryAccessNetworkACL": [],
        "zoneTransfer": "AllowOnlyZoneNameServers",
        "zoneTransferNetworkACL": [],
        "zoneTransferTsigKeyNames": [],
        "notify": "ZoneNameServers",
        "notifyNameServers": [],
        "update": "Deny",
        "updateNetworkACL": [],
        "updateSecurityPolicies": [],
    }


def set_options(call: Call) -> dict[str, Any]:
    """Of all the options only the catalog."""
    zone = _find_managed_zone(call, DELETE)
    if "catalog" in call.params.all():
        call.node.set_catalog(zone, call.params.get("catalog"))
    return {}


def show_permissions(call: Call) -> dict[str, Any]:
    zone = call.exact_zone()
    call.need_zone(zone, VIEW)
    return _describe_permissions(zone)


def set_permissions(call: Call) -> dict[str, Any]:
    """``user|view|modify|delete|user|…``: users that are not named lose access."""
    zone = call.exact_zone()
    call.need_zone(zone, DELETE)
    words = call.params.get("userPermissions").split("|")
    if words != [""]:
        rows = zip(*[iter(words)] * 4, strict=False)
        given = {name.lower(): tuple(word == "true" for word in rights) for name, *rights in rows}
        known = {name: rights for name, rights in given.items() if call.users.is_known(name)}
        zone.permissions = {name: (rights[0], rights[1], rights[2]) for name, rights in known.items()}
    return _describe_permissions(zone)


def import_file(call: Call) -> dict[str, Any]:
    zone = call.exact_zone()
    call.refuse_internal(zone)
    call.need_zone(zone, MODIFY)
    overwrite = call.params.flag("overwrite", True)
    overwrite_zone = call.params.flag("overwriteZone") and call.tree.dialect.bearer_token  # both since 15.0
    text = _read_file(call)
    if call.on_secondary or zone.kind not in changes.WRITABLE:
        raise Refusal(f"Zone must be a primary or forwarder type: {zone.name}")
    tree = call.tree
    records = list(zonefile.ZoneFile(text, zone.name, DEFAULT_TTL, tree.dialect, tree.clock()))
    if tree.dialect.import_checks_zone:
        records = [r for r in records if r.type not in ("A", "AAAA") or is_inside(r.name, zone.name)]
        for record in records:
            if not is_inside(record.name, zone.name):
                raise Refusal(
                    f"Cannot import records: the domain name '{record.name}' does not belong to the zone '{zone.name}'."
                )
    if overwrite_zone:
        changes.clear_zone(tree, zone)
    changes.import_records(tree, zone, records, overwrite=overwrite, stop_after=call.faults.import_stops_after)
    return {}


def export_file(call: Call) -> tuple[str, str]:
    """(the zone file, the name under which a browser keeps it)"""
    zone = call.exact_zone()
    call.need_zone(zone, VIEW)
    return zonefile.write_zone(zone.name, changes.list_zone(call.tree, zone), call.tree.dialect), f"{zone.name}.zone"


def _find_managed_zone(call: Call, right: int) -> Zone:
    zone = call.exact_zone()
    call.refuse_internal(zone)
    call.need_zone(zone, right)
    return zone


def _describe_permissions(zone: Zone) -> dict[str, Any]:
    def make_row(key: str, name: str, view: bool, modify: bool, delete: bool) -> dict[str, Any]:
        return {key: name, "canView": view, "canModify": modify, "canDelete": delete}

    return {
        "section": "Zones",
        "subItem": zone.name,
        "userPermissions": [make_row("username", name, *rights) for name, rights in sorted(zone.permissions.items())],
        "groupPermissions": [
            make_row("name", group, True, True, True) for group in ("Administrators", "DNS Administrators")
        ],
    }


def _read_file(call: Call) -> str:
    """The content types that the server knows, to the letter: ``text/plain; charset=utf-8`` is not one of them."""
    match call.content_type.lower():
        case "text/plain":
            return call.body.decode("utf-8", "replace")
        case "application/x-www-form-urlencoded":
            return call.params.need("records")
        case kind if kind.startswith("multipart/form-data"):
            return _read_upload(call.content_type, call.body)
        case _:
            raise Refusal(NO_FILE)


def _read_upload(content_type: str, body: bytes) -> str:
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    for part in body.split(b"--" + boundary[1].encode()) if boundary else []:
        head, _, content = part.partition(b"\r\n\r\n")
        if b"filename=" in head:
            return content.removesuffix(b"\r\n").decode("utf-8", "replace")
    raise Refusal(NO_FILE)
