"""The Technitium server: whether it answers, what the token may do, the state of the zones. Nothing is written.

The server has no call by which a least-privilege token could ask for its rights on a zone. So it is asked to add and to
delete an A record without an address: it always refuses that, and a missing right is the first thing that it refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.db import DatabaseError

from catalyst.doctor.clock import probe_server
from catalyst.doctor.finding import Finding, report_ok, report_problem, report_warning
from records.models import ManagedZone
from syncer.config import TargetConfig, TechnitiumConfig
from syncer.errors import SyncError
from syncer.pacing import RateLimit
from syncer.targets.shared_servers import ALONE, ServerUse, SharedServers
from syncer.targets.technitium.answers import read_object, read_text
from syncer.targets.technitium.calls import ADD, DELETE
from syncer.targets.technitium.client import ServerSaid, TechnitiumClient, Untrusted
from syncer.targets.technitium.messages import Message
from syncer.targets.technitium.nodes import read_session
from syncer.targets.technitium.server import SESSION, TechnitiumServer, parse_version
from syncer.targets.technitium.state import ZoneState
from syncer.targets.technitium.zone_access import GET

ABOUT = "DNS server"
TIMEOUT = 5.0
OLDEST = (13, 4)
"""The oldest version that the tests know."""

RIGHTS = ((GET, "View"), (ADD, "Modify"), (DELETE, "Delete"))


def check_server(
    target: TechnitiumConfig,
    zones: Sequence[str],
    answering: dict[str, str],
    node: str = "",
    use: ServerUse = ALONE,
) -> Iterator[Finding]:
    """Adds the servers to ``answering``. ``node`` is where the zones were written to last, "" where that is not known;
    to ``use`` is told which server it is. Raises what ``TechnitiumServer`` raises."""
    limit = RateLimit(target.rate_limit)
    clients, answered = [], False
    for url in target.urls:
        address = replace(target, url=url, others=(), timeout=TIMEOUT)
        clients.append(client := TechnitiumClient(address, limit, lambda *_: None))
        try:
            session = client.call(SESSION, {})
        except Untrusted as error:
            yield report_untrusted(url, error, target.spelled.fingerprint)
            continue
        except SyncError as error:
            if not target.others:
                raise
            yield report_problem(ABOUT, str(error))
            continue
        answering["the DNS server" if url == target.url else f"the DNS server {url}"] = url
        info = read_object(session, "info")
        yield check_version(url, read_session(0, url, info).version)
        yield from check_transport(address)
        if not answered:
            yield from check_token(read_text(session, "username"), read_object(info, "permissions"))
        answered = True
    if answered:
        yield from check_zones(TechnitiumServer(clients, use=use), zones, node)


def report_untrusted(url: str, error: Untrusted, setting: str) -> Finding:
    """``setting`` takes a fingerprint."""
    try:
        shown = probe_server(url).fingerprint
    except (OSError, HTTPException):
        return report_problem(ABOUT, str(error))
    advice = f"if the server's own certificate has the same, set {setting} to it"
    return report_problem(ABOUT, f"{error}. It shows one with the SHA-256 fingerprint {shown}: {advice}")


def check_shared_zones(targets: Sequence[TargetConfig], servers: SharedServers) -> Iterator[Finding]:
    """Once all servers were asked: which target the syncer leaves alone at a zone that another one has there."""
    places = [(target, zone) for target in targets for zone in target.scope.zones]
    written = {target.name: find_last_nodes(target.name) for target in targets}
    for target, zone in places:
        ServerUse(servers, target.name).of_zone(zone).note_start(is_new=zone not in written[target.name])
    for target, zone in places:
        if shared := ServerUse(servers, target.name).of_zone(zone).explain_rival(target.place):
            yield report_problem(ABOUT, f"{target.name}: {shared}")


def find_last_node(target_name: str) -> str:
    """Where the syncer wrote last, by its database; "" where that does not tell."""
    return next(iter(find_last_nodes(target_name).values()), "")


def find_last_nodes(target_name: str) -> Mapping[str, str]:
    """By zone that it has written to, the latest one first; none where the database does not tell."""
    rows = ManagedZone.objects.filter(target=target_name).exclude(node="").order_by("-pk")
    try:
        return dict(rows.values_list("zone", "node"))
    except DatabaseError:
        return {}  # the check of the database says why


def check_zones(server: TechnitiumServer, zones: Sequence[str], node: str) -> Iterator[Finding]:
    server.recall(node)
    known = server.read_zones()
    if server.route.cluster:
        through = f", through {server.client.url}" if server.route.node else ""
        yield report_ok(ABOUT, f"the primary node of {server.route.cluster} is {server.route.name}{through}")
    if server.warning:
        yield report_warning(ABOUT, server.warning)
    for zone in zones:
        yield from check_zone(server, zone, known)


def check_version(url: str, version: str) -> Finding:
    if parse_version(version) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return report_warning(
            ABOUT, f"{url} is Technitium {version or 'of an unknown version'}: tested from {oldest} on"
        )
    return report_ok(ABOUT, f"{url} answers, Technitium {version}")


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_transport(target: TechnitiumConfig) -> Iterator[Finding]:
    host = urlsplit(target.url).hostname or ""
    if target.url.startswith("http:") and is_loopback(host):
        yield report_ok(ABOUT, f"{target.url} is http, and does not leave this machine")
    elif target.url.startswith("http:"):
        yield report_warning(ABOUT, f"{target.url} is http: the token crosses the network unencrypted; use https")
    elif target.fingerprint:
        yield report_ok(ABOUT, f"its certificate has the fingerprint in {target.spelled.fingerprint}")
    else:
        yield report_ok(ABOUT, f"its certificate is vouched for by {target.ca_file or 'a known authority'}")


def check_token(user: str, permissions: Mapping[str, Any]) -> Iterator[Finding]:
    """``permissions`` are by section of the server; servers before 11 do not tell them."""
    if read_object(permissions, "Administration").get("canModify"):
        enough = "a user with rights on the zones alone is enough"
        yield report_warning(ABOUT, f"the token of {user} may administer the whole server: {enough}")
    elif read_object(permissions, "Zones").get("canModify"):
        yield report_ok(ABOUT, f"the token of {user} may import into a zone: many changes take one call")
    elif permissions:
        yield report_ok(ABOUT, f"the token of {user} may not import into a zone: every change takes a call of its own")


def check_zone(server: TechnitiumServer, zone: str, known: Mapping[str, ZoneState]) -> Iterator[Finding]:
    if (state := known.get(zone)) is None:
        there = ", ".join(sorted(name for name, other in known.items() if not other.is_internal)) or "none"
        cause = f"zone {zone} is not on the server, or the token has no rights on it (it sees: {there})"
        advice = "make a primary zone, and give the token's user View, Modify and Delete on it"
        yield report_problem(ABOUT, f"{cause}: {advice}")
        return
    if wrong := state.explain_problem(zone, server.spelled.servers):
        yield report_problem(ABOUT, wrong)
        return
    where = {"domain": zone, "zone": zone}
    lacking = [right for path, right in RIGHTS if not is_permitted(server, path, where)]
    if lacking:
        rights = " and ".join(lacking)
        yield report_problem(
            ABOUT, f"zone {zone}: the token's user lacks {rights} on it: give it in the zone's permissions"
        )
    else:
        serial = "unknown" if state.serial is None else state.serial
        yield report_ok(ABOUT, f"zone {zone} is there, serial {serial}; the token may read, write and delete")


def is_permitted(server: TechnitiumServer, path: str, params: Mapping[str, str]) -> bool:
    try:
        server.call(path, params if path == GET else {**params, "type": "A"})
    except ServerSaid as error:
        return not Message.ACCESS_DENIED.is_in(str(error))
    return True
