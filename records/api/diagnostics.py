"""Questions about one name, about what would happen, and about what has come of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import dns.rdatatype
from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records import explain, plan
from records.api.access import PerUser
from records.api.answers import ExplainAnswer, PlanAnswer, PreviewAnswer, TestAnswer
from records.api.errors import invalid
from records.api.parsers import DocumentParser, document
from records.entry_values import TYPES, managed_zones
from records.models import STANDING, DriftFinding, HeldPlan, ManagedRecord, Source, SyncRequest, SyncStatus
from records.resolve import Answer, ask_all
from syncer.config import Managed
from syncer.core.names import BadName, canonical, zone_of
from syncer.core.plan import Change, RecordState
from syncer.preview import preview

HOSTNAME = OpenApiParameter("hostname", str, required=True, description="In any spelling; in one of the managed zones")
TYPE = OpenApiParameter(
    "type", str, enum=TYPES, description="Ask for this type alone, instead of addresses and what we hold at the name"
)
ADDRESSES = ("A", "AAAA")


class DnsThrottle(PerUser):
    scope = "dns"
    rate_setting = "DNS_TEST_RATE_LIMIT"


def settings_in_force() -> Managed:
    managed: Managed = settings.MANAGED
    return managed


def hostname_of(request: Request) -> str:
    """The ``hostname`` of the query as we spell it."""
    text = request.query_params.get("hostname", "")
    if not text.strip():
        raise invalid("hostname", "Give a host name: ?hostname=grafana.talos00")
    try:
        return canonical(text, symbols=False)
    except BadName as error:
        raise invalid("hostname", f"This is no host name: {error}.") from error


class TestDns(APIView):
    rights: ClassVar = {"GET": "records.view_managedrecord"}
    throttle_classes = (PerUser, DnsThrottle)

    @extend_schema(operation_id="test_dns", parameters=[HOSTNAME, TYPE], responses=TestAnswer)
    def get(self, request: Request) -> Response:
        """Ask the DNS servers of the settings, now, and compare with what should be there."""
        name = hostname_of(request)
        kind = request.query_params.get("type", "").upper()
        if kind and kind not in TYPES:
            raise invalid("type", f"Give one of {', '.join(TYPES)}, or nothing for addresses.")
        zones = managed_zones()
        zone = zone_of(name, zones)
        if zone is None:
            raise invalid("hostname", f"{name} is in no managed zone ({', '.join(sorted(zones))}): not asked for.")
        rows = list(ManagedRecord.objects.filter(name=name).order_by("type"))
        types = {kind} if kind else {*ADDRESSES, *(record.type for record in rows if record.type != "CNAME")}
        answers = ask_all(settings.DNS_TEST_SERVERS, name, sorted(types), zone)
        return Response(tested(name, kind, rows, answers))


def tested(name: str, kind: str, rows: Sequence[ManagedRecord], answers: Sequence[Answer]) -> dict[str, Any]:
    """The answer in the shape of the proposal (§11.6.2), with what each server said."""
    # The first server is the one that we write to; the others show how far a change has come, and stand in for it.
    owners = [answer for answer in answers if answer.authoritative or answer.delegation]
    chosen = next(iter(owners or [answer for answer in answers if not answer.error]), None)
    said: dict[str, Any] = row(chosen) if chosen else {"answers": [], "authoritative": False}
    wanted = (kind,) if kind else ADDRESSES
    values = [item for item in said["answers"] if item["type"] in wanted]
    # A CNAME answers for every type.
    meant = [record for record in rows if record.type in (kind, "CNAME")] if kind else rows
    source = source_of(rows)
    status = SyncStatus.objects.first()
    return {
        "hostname": name,
        "dnsResolution": {
            "resolved": bool(values),
            "ip": next((item["value"] for item in values if item["type"] in ADDRESSES), None),
            "ttl": min((item["ttl"] for item in said["answers"]), default=None) if values else None,
            "source": (status.target.split()[0] if status else "dns") if values else None,
            "authoritative": said["authoritative"],
        },
        "ingressExists": source is not None,
        "ingressDetails": source,
        "syncStatus": sync_status(name, kind, meant, owners),
        "lastUpdate": max((record.changed_at for record in meant), default=None),
        "servers": [row(answer) for answer in answers],
    }


def row(answer: Answer) -> dict[str, Any]:
    return {
        "server": answer.server,
        "resolved": bool(answer.records),
        "rcode": answer.rcode or None,
        "authoritative": answer.authoritative,
        "milliseconds": answer.milliseconds,
        "error": answer.error or None,
        "answers": [
            {
                "name": rrset.name.to_text(omit_final_dot=True).lower(),
                "type": dns.rdatatype.to_text(rrset.rdtype),
                "ttl": rrset.ttl,
                "value": rdata.to_text().removesuffix("."),
            }
            for rrset in answer.records
            for rdata in rrset
        ],
    }


def source_of(rows: Sequence[ManagedRecord]) -> dict[str, str] | None:
    """The Kubernetes object to which the name belongs, else the first that asks for it."""
    origins = [origin for record in rows for origin in (record.origin, *record.claimants, *dict(record.losers))]
    for origin in origins:
        kind, _, place = origin.partition("/")
        namespace, _, name = place.partition("/")
        if kind != "CustomEntry" and name and Source.objects.filter(kind=kind, namespace=namespace, name=name).exists():
            return {"namespace": namespace, "name": name, "kind": kind}
    return None


def sync_status(name: str, kind: str, rows: Sequence[ManagedRecord], owners: Sequence[Answer]) -> str:
    """``healthy`` when DNS says what we wrote, ``drifted`` when it does not, else the state of the record."""
    if not owners:
        return "unreachable"
    findings = DriftFinding.objects.filter(name=name, status__in=STANDING)
    if (findings.filter(type__in=(kind, "CNAME")) if kind else findings).exists():
        return "drifted"
    if not rows:
        return "unknown"
    trouble = [record.state for record in rows if record.state != RecordState.SYNCED]
    if trouble:
        return trouble[0]
    shown = [record for record in rows if not owners[0].hides(record.name, record.type)]
    if not shown:
        return "delegated"
    same = all(owners[0].values(record.name, record.type) == set(record.values) for record in shown)
    return "healthy" if same else "drifted"


class Explain(APIView):
    rights: ClassVar = {"GET": "records.view_managedrecord"}

    @extend_schema(operation_id="explain", parameters=[HOSTNAME], responses=ExplainAnswer)
    def get(self, request: Request) -> Response:
        """Why the name is in DNS or is not: every claim, the zone, the decision, the last change, the last error."""
        return Response(explain.explain(hostname_of(request)))


class Preview(APIView):
    rights: ClassVar = {"POST": "records.view_managedrecord"}
    parser_classes = (DocumentParser,)

    @extend_schema(
        operation_id="preview",
        request={"application/yaml": OpenApiTypes.STR, "application/json": OpenApiTypes.OBJECT},
        responses=PreviewAnswer,
    )
    def post(self, request: Request) -> Response:
        """The records that Kubernetes manifests would give, and the names that get none. Nothing is stored."""
        text = document(request.data)
        return Response(preview([("", text)], settings_in_force().scope))


class Plan(APIView):
    rights: ClassVar = {"GET": "records.view_managedrecord"}

    @extend_schema(operation_id="plan", responses=PlanAnswer)
    def get(self, request: Request) -> Response:
        """What the next full pass would change, if DNS holds what the syncer last wrote there."""
        status = SyncStatus.objects.first()
        changes = plan.next_changes(settings_in_force())
        answer = {
            "as_of": status and status.heartbeat_at,
            "changes": [planned(zone, change) for zone, changes in changes.items() for change in changes],
            "unconfirmed": ManagedRecord.objects.filter(state=RecordState.PENDING),
            "holds": HeldPlan.objects.filter(status=HeldPlan.Status.OPEN),
            "requests": SyncRequest.objects.filter(done_at=None),
        }
        return Response(PlanAnswer(answer).data)


def planned(zone: str, change: Change) -> dict[str, Any]:
    name, kind = change.key
    before, after = change.before and change.before.rrset, change.after
    return {"zone": zone, "name": name, "type": kind, "change": change.op.value, "before": before, "after": after}
