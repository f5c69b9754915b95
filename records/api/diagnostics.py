"""Questions about one name, and about what would change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import dns.rdatatype
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records import explain, plan
from records.api.access import PerUser
from records.api.answers import (
    ExplainAnswerSerializer,
    PlanAnswerSerializer,
    PreviewAnswerSerializer,
    TestAnswerSerializer,
)
from records.api.errors import make_invalid
from records.api.parsers import ManifestParser, read_document
from records.api.queries import KnownQuery
from records.api.serializers import FIRST_DELETES
from records.entry_values import explain_type, managed_zones
from records.models import (
    CURRENT_STATUSES,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    Source,
    SyncRequest,
    SyncStatus,
)
from records.resolve import Answer, Query, ask_all, show_value
from records.targets import choose_target, find_managed, find_servers, list_targets
from syncer.core.known import RecordState
from syncer.core.manifest import clip_text
from syncer.core.names import BadName, canonical_name, zone_of
from syncer.core.origin import Origin
from syncer.core.plan import Change
from syncer.core.rdata import TYPES
from syncer.core.scope import Scope
from syncer.preview import preview_documents

HOSTNAME = OpenApiParameter("hostname", str, required=True, description="In any spelling, in one of the managed zones")
TYPE = OpenApiParameter(
    "type",
    str,
    enum=TYPES,
    description="Ask for this type only, instead of the addresses and the types that we hold at the name",
)
TARGET = OpenApiParameter(
    "target", str, description="Of several targets this one, in the place of the first that manages the name, or of all"
)
ONE_TARGET = OpenApiParameter("target", str, description="Of several targets this one alone")
ADDRESSES = ("A", "AAAA")


class DnsThrottle(PerUser):
    scope = "dns"
    rate_setting = "DNS_TEST_RATE_LIMIT"


def read_hostname(request: Request) -> str:
    """The ``hostname`` of the query in the spelling of the engine."""
    text = request.query_params.get("hostname", "")
    if not text.strip():
        raise make_invalid("hostname", "Give a host name: ?hostname=grafana.talos00")
    try:
        return canonical_name(text, symbols=False)
    except BadName as error:
        raise make_invalid("hostname", f"This is no host name: {error}.") from error


def read_target(request: Request, name: str = "") -> str:
    """The ``target`` of the query; where it names none, the first that manages the name, or the first of all."""
    target = request.query_params.get("target", "")
    if target and target not in (known := list_targets()):
        raise make_invalid(
            "target", f"There is no target {clip_text(target)}: give one of {', '.join(known)}, or nothing."
        )
    return target or choose_target(name)


class TestDnsView(KnownQuery, APIView):
    query: ClassVar = ("hostname", "type", "target")
    rights: ClassVar = {"GET": "records.view_managedrecord"}
    throttle_classes = (PerUser, DnsThrottle)

    @extend_schema(operation_id="test_dns", parameters=[HOSTNAME, TYPE, TARGET], responses=TestAnswerSerializer)
    def get(self, request: Request) -> Response:
        """Ask the configured DNS servers now, and compare their answers with what should be there."""
        name = read_hostname(request)
        kind = request.query_params.get("type", "").upper()
        if kind and kind not in TYPES:
            raise make_invalid("type", explain_type(kind, ", or nothing for addresses"))
        zones = managed_zones()
        zone = zone_of(name, zones)
        if zone is None:
            raise make_invalid(
                "hostname", f"{name} is in no managed zone ({', '.join(sorted(zones))}), so it is not asked for."
            )
        status = SyncStatus.read()
        target = read_target(request, name)
        of_target = {"target": target, "name": name}
        rows = list(ManagedRecord.objects.filter(**of_target).order_by("type"))
        types = {kind} if kind else {*ADDRESSES, *(record.type for record in rows if record.type != "CNAME")}
        answers = ask_all(find_servers(target), Query(name, tuple(sorted(types)), zone))
        findings = DriftFinding.objects.filter(**of_target, status__in=CURRENT_STATUSES)
        writes_to = status.target.split()[0] if status else "dns"
        return Response(describe_test(name, kind, rows, answers, findings, writes_to))


def describe_test(
    name: str,
    kind: str,
    rows: Sequence[ManagedRecord],
    answers: Sequence[Answer],
    findings: QuerySet[DriftFinding],
    writes_to: str,
) -> dict[str, Any]:
    """One answer for all servers, with the answer of each beside it. ``findings`` are
    those at the name; ``writes_to`` is the kind of the target."""
    # The first server is the one that we write to; the others show how far a change has come, and answer in its place.
    owners = [answer for answer in answers if answer.authoritative or answer.delegation]
    chosen = next(iter(owners or [answer for answer in answers if not answer.error]), None)
    shown: dict[str, Any] = describe_answer(chosen) if chosen else {"answers": [], "authoritative": False}
    wanted = (kind,) if kind else ADDRESSES
    values = [item for item in shown["answers"] if item["type"] in wanted]
    # A CNAME answers for every type.
    relevant = [record for record in rows if record.type in (kind, "CNAME")] if kind else rows
    source = find_source(rows)
    return {
        "hostname": name,
        "dnsResolution": {
            "resolved": bool(values),
            "ip": next((item["value"] for item in values if item["type"] in ADDRESSES), None),
            "ttl": min((item["ttl"] for item in shown["answers"]), default=None) if values else None,
            "source": writes_to if values else None,
            "authoritative": shown["authoritative"],
        },
        "ingressExists": source is not None,
        "ingressDetails": source,
        "syncStatus": judge_status(kind, relevant, owners, findings),
        "lastUpdate": max((record.changed_at for record in relevant), default=None),
        "servers": [describe_answer(answer) for answer in answers],
    }


def describe_answer(answer: Answer) -> dict[str, Any]:
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
                "value": show_value(rdata),
            }
            for rrset in answer.records
            for rdata in rrset
        ],
    }


def find_source(rows: Sequence[ManagedRecord]) -> dict[str, str] | None:
    """The Kubernetes object that has the name, else the first one that wants it."""
    texts = [text for record in rows for text in (record.origin, *record.claimants, *dict(record.losers))]
    for origin in map(Origin.parse, texts):
        if not origin.is_entry and Source.objects.filter(**origin._asdict()).exists():
            return origin._asdict()
    return None


def judge_status(
    kind: str, rows: Sequence[ManagedRecord], owners: Sequence[Answer], findings: QuerySet[DriftFinding]
) -> str:
    """``healthy`` when DNS says what we wrote, ``drifted`` when it does not, else the state of the record."""
    if not owners:
        return "unreachable"
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


class ExplainView(KnownQuery, APIView):
    query: ClassVar = ("hostname", "target")
    rights: ClassVar = {"GET": "records.view_managedrecord"}

    @extend_schema(operation_id="explain", parameters=[HOSTNAME, TARGET], responses=ExplainAnswerSerializer)
    def get(self, request: Request) -> Response:
        """Why the name is or is not in DNS: every claim, the zone, the decision, the last change, the last error."""
        name = read_hostname(request)
        return Response(explain.explain_name(name, read_target(request, name)))


def read_scopes(request: Request) -> dict[str, Scope]:
    """By target: of the one that the query names, or of all."""
    named = read_target(request) if request.query_params.get("target") else ""
    return {target: managed.scope for target, managed in list_targets().items() if named in ("", target)}


class PreviewView(KnownQuery, APIView):
    query: ClassVar = ("target",)
    rights: ClassVar = {"POST": "records.view_managedrecord"}
    parser_classes = (ManifestParser,)

    @extend_schema(
        operation_id="preview",
        parameters=[ONE_TARGET],
        request={"application/yaml": OpenApiTypes.STR, "application/json": OpenApiTypes.OBJECT},
        responses=PreviewAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        """The records that Kubernetes manifests would give, and the names that would get none. Nothing is stored.

        The body is one text of YAML or JSON documents, of any kinds: Gateways, Namespaces and Traefik's Service count,
        and what is in no document is unknown, rather than absent. A document that cannot be read stops no other. Where
        there are several targets, the answer is that of all, and each row names its own.
        """
        text = read_document(request.data)
        return Response(preview_documents([("", text)], read_scopes(request)))


class PlanView(KnownQuery, APIView):
    query: ClassVar = ("target",)
    rights: ClassVar = {"GET": "records.view_managedrecord"}

    @extend_schema(operation_id="plan", parameters=[TARGET], responses=PlanAnswerSerializer)
    def get(self, request: Request) -> Response:
        """What the next full pass would change, provided that DNS still holds what the syncer wrote last."""
        status = SyncStatus.read()
        target = read_target(request)
        changes = plan.plan_changes(target, find_managed(target))
        plans = HeldPlan.objects.with_deletes(FIRST_DELETES)
        pending = ManagedRecord.objects.filter(target=target, state=RecordState.PENDING, owned=True)
        answer = {
            "target": target,
            "as_of": status and status.heartbeat_at,
            "changes": [{"zone": zone, **describe_change(item)} for zone, items in changes.items() for item in items],
            "unconfirmed": pending.prefetch_related("dns_answer"),
            "holds": plans.filter(target=target, status=HeldPlan.Status.OPEN),
            "requests": SyncRequest.objects.filter(done_at=None),
        }
        return Response(PlanAnswerSerializer(answer).data)


def describe_change(change: Change) -> dict[str, Any]:
    name, kind = change.key
    before, after = change.before and change.before.rrset, change.after
    return {"name": name, "type": kind, "change": change.op.value, "before": before, "after": after}
