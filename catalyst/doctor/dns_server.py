"""The Technitium server: whether it answers, what the token may do, how the zones stand. Nothing is written.

The server has no question for the rights on a zone that a least-privilege token may ask. So it is asked to add and to
delete an A record without an address: that it refuses in any case, and for the lack of a right first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from http.client import HTTPException
from typing import Any

from catalyst.doctor.clock import knock
from catalyst.doctor.finding import Finding, ok, problem, warning
from syncer.config import TechnitiumConfig
from syncer.pacing import RateLimit
from syncer.targets.technitium.calls import ADD, DELETE
from syncer.targets.technitium.client import ServerSaid, TechnitiumClient, Untrusted
from syncer.targets.technitium.zone import DENIED, GET, problem_of

ABOUT = "DNS server"
PATIENCE = 5.0
OLDEST = (13, 4)
"""The oldest version that the tests know."""

RIGHTS = ((GET, "View"), (ADD, "Modify"), (DELETE, "Delete"))


def look(target: TechnitiumConfig, zones: Sequence[str], answering: dict[str, str]) -> Iterator[Finding]:
    """Adds the server to ``answering``. Raises what ``TechnitiumClient`` raises."""
    door = TechnitiumClient(replace(target, timeout=PATIENCE), RateLimit(target.rate_limit), lambda *_: None)
    try:
        session = door.call("/api/user/session/get", {})
    except Untrusted as error:
        try:
            shown = knock(target.url).fingerprint
        except (OSError, HTTPException):
            yield problem(ABOUT, str(error))
            return
        advice = "if the server's own has it too, set DNS_API_TLS_FINGERPRINT to it"
        yield problem(ABOUT, f"{error}. It shows the one with the SHA-256 fingerprint {shown}: {advice}")
        return
    answering["the DNS server"] = target.url
    info: Mapping[str, Any] = session.get("info", {})
    yield from server(door, info)
    yield from transport(target)
    yield from token(session.get("username", ""), info.get("permissions") or {})
    nodes = info.get("clusterNodes") or ()
    primary = next(
        (node["name"] for node in nodes if node.get("type") == "Primary" and node.get("state") != "Self"), ""
    )
    node = {"node": primary} if primary else {}
    known = {state["name"]: state for state in door.call("/api/zones/list", node)["zones"]}
    for zone in zones:
        yield from look_at_zone(door, zone, known, node)


def server(door: TechnitiumClient, info: Mapping[str, Any]) -> Iterator[Finding]:
    version = str(info.get("version") or "")
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        yield warning(ABOUT, f"{door.url} is Technitium {version or 'of an unknown version'}: tested from {oldest} on")
    else:
        yield ok(ABOUT, f"{door.url} answers, Technitium {version}")


def transport(target: TechnitiumConfig) -> Iterator[Finding]:
    if target.url.startswith("http:"):
        yield warning(ABOUT, "DNS_SERVER_URL is http: the token crosses the network in the clear; use https")
    elif target.fingerprint:
        yield ok(ABOUT, "its certificate is the one with the fingerprint in DNS_API_TLS_FINGERPRINT")
    else:
        yield ok(ABOUT, f"its certificate is vouched for by {target.ca_file or 'a known authority'}")


def token(user: str, permissions: Mapping[str, Mapping[str, bool]]) -> Iterator[Finding]:
    """By section of the server; servers before 11 do not say."""
    if permissions.get("Administration", {}).get("canModify"):
        enough = "a user with rights on the zones alone is enough"
        yield warning(ABOUT, f"the token of {user} may administer the whole server: {enough}")
    elif permissions.get("Zones", {}).get("canModify"):
        yield ok(ABOUT, f"the token of {user} may import into a zone: many changes go in one call")
    elif permissions:
        yield ok(ABOUT, f"the token of {user} may not import into a zone: many changes go one by one")


def look_at_zone(
    door: TechnitiumClient, zone: str, known: Mapping[str, Mapping[str, Any]], node: Mapping[str, str]
) -> Iterator[Finding]:
    if (state := known.get(zone)) is None:
        there = ", ".join(sorted(name for name, other in known.items() if not other.get("internal"))) or "none"
        cause = f"zone {zone} is not on the server, or the token has no rights on it (it sees: {there})"
        advice = "make a primary zone, and give the token's user View, Modify and Delete on it"
        yield problem(ABOUT, f"{cause}: {advice}")
        return
    if wrong := problem_of(zone, state):
        yield problem(ABOUT, wrong)
        return
    lacking = [right for path, right in RIGHTS if not may(door, path, {"domain": zone, "zone": zone, **node})]
    if lacking:
        rights = " and ".join(lacking)
        yield problem(ABOUT, f"zone {zone}: the token's user lacks {rights} on it: give it in the zone's permissions")
    else:
        serial = state.get("soaSerial", "unknown")
        yield ok(ABOUT, f"zone {zone} is there, serial {serial}; the token may read, write and delete")


def may(door: TechnitiumClient, path: str, params: Mapping[str, str]) -> bool:
    try:
        door.call(path, params if path == GET else {**params, "type": "A"})
    except ServerSaid as error:
        return DENIED not in str(error)
    return True
