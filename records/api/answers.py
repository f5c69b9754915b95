"""The shapes of the diagnostic answers, for the OpenAPI document: the values are made elsewhere."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from records.answered_by import Answerer
from records.api.serializers import (
    DataSerializer,
    DnsAnswerSerializer,
    HoldSerializer,
    RecordSerializer,
    RequestSerializer,
)

Text = serializers.CharField


class ObjectRefSerializer(serializers.Serializer[Any]):
    kind = Text()
    namespace = Text(allow_blank=True)
    name = Text(allow_blank=True)


class PreviewRecordSerializer(serializers.Serializer[Any]):
    target = Text()
    name = Text()
    type = Text()
    values = serializers.ListField(child=Text(), help_text="Empty where only a status can give an address")
    ttl = serializers.IntegerField()
    zone = Text()
    source: Any = ObjectRefSerializer()


class PreviewSkipSerializer(serializers.Serializer[Any]):
    target = Text()
    name = Text(allow_blank=True, help_text="A host name, or a rule; empty where the object itself is skipped")
    reason = Text()
    source: Any = ObjectRefSerializer()


class PreviewConflictSerializer(serializers.Serializer[Any]):
    target = Text()
    name = Text()
    winner = ObjectRefSerializer()
    loser = ObjectRefSerializer()
    reason = Text()


class PreviewWarningSerializer(serializers.Serializer[Any]):
    target = Text()
    source: Any = ObjectRefSerializer()
    message = Text()


class UnreadableDocumentSerializer(serializers.Serializer[Any]):
    file = Text(allow_blank=True, help_text="Empty for the body of the request")
    document = serializers.IntegerField(help_text="Its number in the file, from 1")
    reason = Text()


class PreviewAnswerSerializer(serializers.Serializer[Any]):
    targets = serializers.ListField(child=Text(), help_text="What the answer is about, in the order of the settings")
    records = PreviewRecordSerializer(many=True)
    skipped = PreviewSkipSerializer(many=True)
    conflicts = PreviewConflictSerializer(many=True)
    warnings = PreviewWarningSerializer(many=True)
    unreadable = UnreadableDocumentSerializer(many=True)
    passed_over = serializers.DictField(
        child=serializers.IntegerField(), help_text="Number of objects that are not read, by kind"
    )


class DnsResolutionSerializer(serializers.Serializer[Any]):
    resolved = serializers.BooleanField()
    ip = Text(allow_null=True)
    ttl = serializers.IntegerField(allow_null=True, help_text="Seconds")
    source: Any = Text(allow_null=True, help_text="The target that publishes the records")
    authoritative = serializers.BooleanField(help_text="Whether the server answered as the owner of the zone")


class DnsValueSerializer(serializers.Serializer[Any]):
    name = Text()
    type = Text()
    ttl = serializers.IntegerField()
    value = Text(allow_blank=True)


class DnsServerSerializer(serializers.Serializer[Any]):
    server = Text(help_text="host:port")
    resolved = serializers.BooleanField()
    rcode = Text(allow_null=True)
    authoritative = serializers.BooleanField()
    milliseconds = serializers.FloatField()
    error = Text(allow_null=True)
    answers = DnsValueSerializer(many=True)


class TestAnswerSerializer(serializers.Serializer[Any]):
    hostname = Text()
    dnsResolution = DnsResolutionSerializer()  # noqa: N815 - scripts know these names
    ingressExists = serializers.BooleanField()  # noqa: N815
    ingressDetails = ObjectRefSerializer(allow_null=True)  # noqa: N815
    syncStatus = Text(  # noqa: N815
        help_text="`healthy`, `drifted` (DNS does not say what was written), `unreachable` (no server answers for the"
        " zone), `delegated` (other servers answer for the name), `unknown`, or the state of the record"
    )
    lastUpdate = serializers.DateTimeField(allow_null=True)  # noqa: N815
    servers = DnsServerSerializer(many=True)


class ClaimSerializer(serializers.Serializer[Any]):
    source: Any = Text(help_text="Kind/namespace/name")
    kind = Text()
    values = serializers.ListField(child=Text())
    ttl = serializers.IntegerField(allow_null=True)
    owner = Text(allow_blank=True)
    description = Text(allow_blank=True)
    namespace = Text(required=False, allow_blank=True)
    name = Text(required=False)
    created = Text(required=False, allow_blank=True)
    priority = Text(required=False)
    mode = Text(required=False)
    enabled = serializers.BooleanField(required=False)
    type = Text(required=False, allow_blank=True)


class LosingClaimSerializer(serializers.Serializer[Any]):
    source: Any = Text(help_text="Kind/namespace/name")
    reason = Text()


class DecisionAnswerSerializer(serializers.Serializer[Any]):
    outcome = Text()
    winner = Text(allow_blank=True)
    why = Text(allow_blank=True, help_text="Why the winner came before the others; empty where no other wanted it")
    claimants = serializers.ListField(child=Text())
    losers = LosingClaimSerializer(many=True)


class SkipReasonSerializer(serializers.Serializer[Any]):
    source: Any = Text()
    reason = Text()


class IndirectMentionSerializer(serializers.Serializer[Any]):
    source: Any = Text(help_text="Kind/namespace/name")
    how = serializers.ChoiceField(choices=("rule", "regexp", "wildcard"), help_text="What of it concerns the name")
    text = Text(help_text="The rule that cannot be read, the regular expression, or the wildcard")
    sentence = Text()


class AnsweredBySerializer(serializers.Serializer[Any]):
    what = serializers.ChoiceField(choices=[answerer.value for answerer in Answerer])
    name = Text(allow_blank=True, help_text="Of the record, wildcard or delegation")


class ExplainRecordSerializer(serializers.Serializer[Any]):
    type = Text()
    values = serializers.ListField(child=Text())
    ttl = serializers.IntegerField()
    owned = serializers.BooleanField()
    state = Text()
    reason = Text(allow_blank=True)
    winner = Text(allow_blank=True)
    answer = DnsAnswerSerializer(allow_null=True)


@extend_schema_serializer(component_name="ExplainFact")  # the name that generated clients know
class ExplainedChangeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = Text()
    action = Text()
    type = Text(allow_blank=True)
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    source: Any = Text(allow_blank=True)
    reason = Text(allow_blank=True)
    correlation = Text(allow_blank=True)


class ExplainAnswerSerializer(serializers.Serializer[Any]):
    hostname = Text()
    zone = Text(allow_null=True)
    published = serializers.BooleanField()
    decision = DecisionAnswerSerializer()
    sentences = serializers.ListField(child=Text(), help_text="All of it as text, for a person")
    claims = ClaimSerializer(many=True)
    skipped = SkipReasonSerializer(many=True)
    mentions = IndirectMentionSerializer(many=True, help_text="What concerns the name without asking for it by name")
    answered_by = AnsweredBySerializer(allow_null=True, help_text="As far as is known; null outside every zone")
    records = ExplainRecordSerializer(many=True)
    last_change = ExplainedChangeSerializer(allow_null=True)
    last_error = ExplainedChangeSerializer(allow_null=True)


class PlannedChangeSerializer(serializers.Serializer[Any]):
    zone = Text()
    name = Text()
    type = Text()
    change = serializers.ChoiceField(choices=("create", "update", "delete"))
    before = DataSerializer(allow_null=True)
    after = DataSerializer(allow_null=True)


class PlanAnswerSerializer(serializers.Serializer[Any]):
    target = Text(help_text="The target of which it is the plan")
    as_of = serializers.DateTimeField(allow_null=True, help_text="When the syncer last reported its status")
    changes = PlannedChangeSerializer(many=True)
    unconfirmed = RecordSerializer(many=True, help_text="Sent to the DNS server, and not answered yet")
    holds = HoldSerializer(many=True, help_text="Deletes that wait for a person")
    requests = RequestSerializer(many=True, help_text="What the syncer was asked for and has not done yet")
