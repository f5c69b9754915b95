"""The shapes of the diagnostic answers, for the documentation: they are made as plain values elsewhere."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from records.api.serializers import Data, HoldSerializer, RecordSerializer, RequestSerializer

Text = serializers.CharField


class ObjectRef(serializers.Serializer[Any]):
    kind = Text()
    namespace = Text(allow_blank=True)
    name = Text(allow_blank=True)


class PreviewRecord(serializers.Serializer[Any]):
    name = Text()
    type = Text()
    values = serializers.ListField(child=Text())
    ttl = serializers.IntegerField()
    zone = Text()
    source: Any = ObjectRef()


class PreviewSkip(serializers.Serializer[Any]):
    name = Text()
    reason = Text()
    source: Any = ObjectRef()


class PreviewConflict(serializers.Serializer[Any]):
    name = Text()
    winner = ObjectRef()
    loser = ObjectRef()
    reason = Text()


class PreviewWarning(serializers.Serializer[Any]):
    source: Any = ObjectRef()
    message = Text()


class PreviewAnswer(serializers.Serializer[Any]):
    records = PreviewRecord(many=True)
    skipped = PreviewSkip(many=True)
    conflicts = PreviewConflict(many=True)
    warnings = PreviewWarning(many=True)


class DnsResolution(serializers.Serializer[Any]):
    resolved = serializers.BooleanField()
    ip = Text(allow_null=True)
    ttl = serializers.IntegerField(allow_null=True, help_text="Seconds")
    source: Any = Text(allow_null=True, help_text="The target that publishes the records")
    authoritative = serializers.BooleanField(help_text="Whether the server answered as the owner of the zone")


class DnsValue(serializers.Serializer[Any]):
    name = Text()
    type = Text()
    ttl = serializers.IntegerField()
    value = Text(allow_blank=True)


class DnsServer(serializers.Serializer[Any]):
    server = Text(help_text="host:port")
    resolved = serializers.BooleanField()
    rcode = Text(allow_null=True)
    authoritative = serializers.BooleanField()
    milliseconds = serializers.FloatField()
    error = Text(allow_null=True)
    answers = DnsValue(many=True)


class TestAnswer(serializers.Serializer[Any]):
    hostname = Text()
    dnsResolution = DnsResolution()  # noqa: N815  # the names of the proposal, §11.6.2
    ingressExists = serializers.BooleanField()  # noqa: N815
    ingressDetails = ObjectRef(allow_null=True)  # noqa: N815
    syncStatus = Text(  # noqa: N815
        help_text="`healthy`, `drifted` (DNS does not say what was written), `unreachable` (no server answers for the"
        " zone), `delegated` (other servers answer for the name), `unknown`, or the state of the record"
    )
    lastUpdate = serializers.DateTimeField(allow_null=True)  # noqa: N815
    servers = DnsServer(many=True)


class Claim(serializers.Serializer[Any]):
    claim = Text(help_text="Kind/namespace/name")
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


class LosingClaim(serializers.Serializer[Any]):
    claim = Text()
    reason = Text()


class DecisionAnswer(serializers.Serializer[Any]):
    outcome = Text()
    winner = Text(allow_blank=True)
    claimants = serializers.ListField(child=Text())
    losers = LosingClaim(many=True)


class SkipReason(serializers.Serializer[Any]):
    source: Any = Text()
    reason = Text()


class ExplainRecord(serializers.Serializer[Any]):
    type = Text()
    values = serializers.ListField(child=Text())
    ttl = serializers.IntegerField()
    owned = serializers.BooleanField()
    state = Text()
    reason = Text(allow_blank=True)
    winner = Text(allow_blank=True)


class ExplainFact(serializers.Serializer[Any]):
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


class ExplainAnswer(serializers.Serializer[Any]):
    hostname = Text()
    zone = Text(allow_null=True)
    published = serializers.BooleanField()
    decision = DecisionAnswer()
    sentences = serializers.ListField(child=Text(), help_text="The whole story, for a person")
    claims = Claim(many=True)
    skipped = SkipReason(many=True)
    records = ExplainRecord(many=True)
    last_change = ExplainFact(allow_null=True)
    last_error = ExplainFact(allow_null=True)


class PlannedChange(serializers.Serializer[Any]):
    zone = Text()
    name = Text()
    type = Text()
    change = serializers.ChoiceField(choices=("create", "update", "delete"))
    before = Data(allow_null=True)
    after = Data(allow_null=True)


class PlanAnswer(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField(allow_null=True, help_text="When the syncer last wrote down how it stands")
    changes = PlannedChange(many=True)
    unconfirmed = RecordSerializer(many=True, help_text="Sent to the DNS server, and not answered yet")
    holds = HoldSerializer(many=True, help_text="Deletes that wait for a person")
    requests = RequestSerializer(many=True, help_text="What the syncer was asked and has not done yet")
