"""What a cluster does to zones: its own two, the members of its catalog, the copies on other nodes."""

from __future__ import annotations

from collections.abc import Iterable

from tests.fakes.technitium.changes import list_zone
from tests.fakes.technitium.rdata import make_rdata
from tests.fakes.technitium.tree import Record, Tree, Zone

STEPS = 2
"""What a change of the servers of a zone, or of the members of a catalog, adds to the serial."""
SIGNED_FOUNDED, SIGNED_JOINED, SIGNED_PROMOTED, SIGNED_LEFT = 15, 15, 20, 3
"""The same for the cluster's own zone, which is signed. The sum of the first two and the others are as seen."""
CATALOG_FOUNDED = 8
NODE_TTL = 60


def catalog_name(domain: str) -> str:
    return f"cluster-catalog.{domain}"


def find_catalog(tree: Tree, domain: str) -> Zone:
    catalog = tree.zone(catalog_name(domain))
    assert catalog, f"the catalog of {domain} was deleted"
    return catalog


def list_members(tree: Tree, domain: str) -> list[Zone]:
    """The cluster's own zone is one of them."""
    return [zone for zone in tree.zones() if zone.catalog == catalog_name(domain)]


def create_cluster_zones(tree: Tree, domain: str, server: str) -> None:
    catalog = tree.create(catalog_name(domain), "Catalog")
    _raise_serial(tree, catalog, CATALOG_FOUNDED)
    own = tree.zone(domain) or tree.create(domain)
    own.catalog, own.signed = catalog.name, True
    own.sets["NS"] = [Record(domain, NODE_TTL, make_rdata("NS", (server,)))]
    _set_servers(tree, own, [server], SIGNED_FOUNDED)


def list_servers(tree: Tree, domain: str, servers: list[str], signed_steps: int) -> None:
    """Make them the name servers of every member, the first one its primary."""
    for zone in list_members(tree, domain):
        _set_servers(tree, zone, servers, signed_steps if zone.signed else STEPS)


def enter_catalog(tree: Tree, zone: Zone, domain: str, servers: list[str]) -> None:
    catalog = find_catalog(tree, domain)
    tree.set(zone, "catalog", catalog.name)
    _raise_serial(tree, catalog, STEPS)
    _set_servers(tree, zone, servers, STEPS)


def leave_catalog(tree: Tree, zone: Zone) -> None:
    catalog = tree.zone(zone.catalog or "")
    tree.set(zone, "catalog", None)
    if catalog and catalog.kind == "Catalog":
        _raise_serial(tree, catalog, STEPS)


def make_copies(source: Tree, target: Tree, domain: str) -> None:
    """The catalog says which zones there are; one that is hosted here already is left as it is."""
    catalog = find_catalog(source, domain)
    copy_zone(source, catalog, target, target.zone(catalog.name) or target.create(catalog.name, "SecondaryCatalog"))
    wanted = {zone.name: zone for zone in list_members(source, domain)}
    for copy in list_members(target, domain):
        if copy.name not in wanted and copy.kind == "Secondary":
            target.remove(copy)
    for name, zone in wanted.items():
        if target.zone(name) is None:
            copy = target.create(name, "Secondary")
            copy.catalog, copy.signed = zone.catalog, zone.signed
            copy_zone(source, zone, target, copy)


def copy_zone(source: Tree, zone: Zone, target: Tree, copy: Zone) -> None:
    """A transfer: comments and expiry are not in DNS, and neither are disabled records."""
    for entry in list(target.walk(copy)):
        for type in list(entry.sets):
            target.store(entry, type, [])
        if entry is not copy:
            target.discard(entry)
    for record in list_zone(source, zone):
        if not record.disabled:
            entry = target.ensure(copy, record.name)
            known = entry.sets.get(record.type, [])
            target.store(entry, record.type, [*known, Record(record.name, record.ttl, record.data)])
    target.set(copy, "modified", target.clock())
    target.set(copy, "synced", target.clock())


def copy_permissions(source: Tree, target: Tree, domain: str) -> None:
    for zone in list_members(source, domain):
        copy = target.zone(zone.name)
        if copy and copy.kind == "Secondary":
            copy.permissions = dict(zone.permissions)


def promote_copies(tree: Tree, domain: str, servers: list[str]) -> None:
    """From now on they are the zones themselves."""
    catalog = find_catalog(tree, domain)
    catalog.kind = "Catalog"
    _raise_serial(tree, catalog, STEPS)
    for zone in list_members(tree, domain):
        zone.kind, zone.synced = "Primary", None
    list_servers(tree, domain, servers, SIGNED_PROMOTED)


def release_zones(tree: Tree, domain: str, others: Iterable[str]) -> None:
    """The catalog goes, its members stay what they are. The other nodes do not take notice of them any more."""
    for zone in list_members(tree, domain):
        zone.catalog = None
        if zone.name != domain:
            zone.notify_failed = tuple(others)
    tree.remove(find_catalog(tree, domain))


def rename_server(tree: Tree, name: str) -> None:
    """Wherever a zone of ours names the server."""
    before, tree.server_domain = tree.server_domain, name
    for zone in tree.zones():
        servers = [str(r.data.values[0]) for r in zone.sets.get("NS", [])]
        if name != before and zone.kind == "Primary" and not zone.internal and before in servers:
            renamed = [name, *(server for server in servers if server != before)]
            _set_servers(tree, zone, renamed, SIGNED_LEFT if zone.signed else STEPS)


def _set_servers(tree: Tree, zone: Zone, servers: list[str], steps: int) -> None:
    """``steps``: what it adds to the serial, at least 2."""
    now, ttl = tree.clock(), zone.sets["NS"][0].ttl
    tree.put(zone, "NS", [Record(zone.name, ttl, make_rdata("NS", (name,)), modified=now) for name in servers])
    soa = make_rdata("SOA", (servers[0], *zone.soa.data.values[1:]))
    tree.store(zone, "SOA", [Record(zone.name, zone.soa.ttl, soa, modified=now)])
    _raise_serial(tree, zone, steps - 1)


def _raise_serial(tree: Tree, zone: Zone, steps: int) -> None:
    for _ in range(steps):
        tree.commit(zone)
