"""What a person can do about a name that is not there as it should be: the next step behind each reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from records.models import ManagedRecord, SourceName
from syncer.core.known import RecordState
from syncer.core.names import people_name

NO_ADDRESS = "no address yet"
NEXT_STEPS: Mapping[str, str] = {
    "Traefik makes no router of this rule": "Correct what that names: until then Traefik answers 404 there",
    "read in the syntax of Traefik 2": "On Traefik 2 set TRAEFIK_RULE_SYNTAX=v2, on Traefik 3 correct the rule",
    NO_ADDRESS: "Wait for its load balancer, or look at the status of that Service, or at the Service of Traefik",
    "on that listener": "Name another listener as sectionName, or correct this one: its protocol, or its"
    " allowedRoutes, is for others",
    "which does not allow ListenerSets": "Let it, by spec.allowedListeners of the Gateway, or move the ListenerSet",
    "has not been accepted yet": "Look at its status with kubectl describe: its controller may know none of them",
    "has not accepted the route yet": "Look at the status of the route with kubectl describe: no controller has judged"
    " it for that parent",
    "the status does not name it": "Look at its status with kubectl describe: its controller has said nothing of that"
    " listener",
}
"""By a part of the reason, as docs/operations.md lists them."""
UNREAD = "Compare the kind, namespace and spelling of the object that should name it with that"
WARNINGS = 3
"""Of one object, that are told of one name."""
DNS_PORT = "53"


def find_step(reason: str) -> str:
    """The next step, as a sentence behind the reason's; "" where that says it itself."""
    return next((f" {step}." for part, step in NEXT_STEPS.items() if part in reason), "")


def tell_warnings(wanted: Sequence[SourceName]) -> Iterator[str]:
    """Of the objects that give the name."""
    for mention in wanted:
        for warning in mention.source.warnings[:WARNINGS]:
            yield f"{mention.source} has a warning: {warning}.{find_step(warning)}"


def tell_clients(name: str, records: Sequence[ManagedRecord], servers: Sequence[str]) -> Iterator[str]:
    """Where everything is as it should be, and a client does not see it. ``servers`` are host:port."""
    shown = [record for record in records if record.owned and record.state == RecordState.SYNCED]
    if not shown or len(shown) < len(records) or not servers or any(_is_in_trouble(record) for record in shown):
        return
    host, _, port = servers[0].rpartition(":")
    to_port = "" if port == DNS_PORT else f" -p {port}"
    yield (
        f"A client that sees something else asks another server, or has an old answer for up to {shown[0].ttl} s:"
        f" compare with dig {people_name(name)} {shown[0].type} @{host.strip('[]')}{to_port}."
    )


def _is_in_trouble(record: ManagedRecord) -> bool:
    return record.answer is not None and record.answer.is_trouble
