"""What goes over the wire, in the words of the documentation rather than of the tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from records.answer_models import RecordAnswer
from records.explain import PRIORITIES
from records.kept import find_end, mention_end
from records.models import AuditEntry, DriftFinding, HeldDelete, HeldPlan, ManagedRecord, Source, SyncRequest


class NameReasonSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    reason = serializers.CharField()


class KeptNameSerializer(NameReasonSerializer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True, help_text="null: for good, by the policy of its zone")


class SourceReasonSerializer(serializers.Serializer[Any]):
    source: Any = serializers.CharField(help_text="Kind/namespace/name")
    reason = serializers.CharField()


class NameValuesSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    values = serializers.ListField(child=serializers.CharField())


class NameTypeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField()


class DataSerializer(serializers.Serializer[Any]):
    ttl = serializers.IntegerField()
    values = serializers.ListField(child=serializers.CharField())


class DnsAnswerSerializer(serializers.ModelSerializer[RecordAnswer]):
    """What the DNS servers answer, as they were last asked."""

    result = serializers.ChoiceField(choices=RecordAnswer.Result.choices)
    reason = serializers.CharField(allow_blank=True, help_text="What came instead, or why nothing came; by server")

    class Meta:
        model = RecordAnswer
        fields = ("result", "reason", "since", "asked_at")
        read_only_fields = fields


class RecordSerializer(serializers.ModelSerializer[ManagedRecord]):
    values: Any = serializers.ListField(child=serializers.CharField())
    source: Any = serializers.CharField(source="origin", help_text="The winner: Kind/namespace/name")
    claimants = serializers.ListField(
        child=serializers.CharField(), help_text="All claims that want this record, the winner first"
    )
    losers = serializers.SerializerMethodField(help_text="The claims that did not get the name, and why")
    kept_until = serializers.SerializerMethodField(
        help_text="When a record goes at the earliest that is kept without a live claim; null: it has no end"
    )
    answer = DnsAnswerSerializer(
        read_only=True, allow_null=True, help_text="What the DNS servers answer; null where that is not known or asked"
    )

    class Meta:
        model = ManagedRecord
        fields = (
            "id",
            "target",
            "zone",
            "name",
            "type",
            "values",
            "ttl",
            "owned",
            "state",
            "reason",
            "kept_until",
            "source",
            "claimants",
            "losers",
            "answer",
            "created_at",
            "changed_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_kept_until(self, row: ManagedRecord) -> datetime | None:
        return find_end(row)

    @extend_schema_field(SourceReasonSerializer(many=True))
    def get_losers(self, row: ManagedRecord) -> list[dict[str, str]]:
        return [{"source": source, "reason": reason} for source, reason in row.losers]


class SourceSerializer(serializers.ModelSerializer[Source]):
    names = serializers.SerializerMethodField(
        help_text="The names that it wants, with their values; no values: the default address, "
        "or of a Service its own, which it does not have yet"
    )
    skipped = serializers.SerializerMethodField(help_text="The names that are not published, and why")
    kept = serializers.SerializerMethodField(
        help_text="The names that stay as they were although a trouble hides them, why, since when, and until when at"
        " the earliest"
    )
    lost = serializers.SerializerMethodField(help_text="The names that it wants and another one has, and why")
    warnings = serializers.SerializerMethodField(
        help_text="What is wrong with it, and with what DNS makes of its names"
    )
    priority = serializers.SerializerMethodField()
    notes = serializers.DictField(help_text="Its other annotations")

    class Meta:
        model = Source
        fields = (
            "id",
            "target",
            "group",
            "kind",
            "namespace",
            "name",
            "uid",
            "created",
            "names",
            "skipped",
            "kept",
            "lost",
            "warnings",
            "ttl",
            "priority",
            "notes",
            "seen_at",
        )
        read_only_fields = fields

    @extend_schema_field(NameValuesSerializer(many=True))
    def get_names(self, row: Source) -> list[dict[str, Any]]:
        return [{"name": name, "values": values} for name, values in row.wanted_names()]

    @extend_schema_field(NameReasonSerializer(many=True))
    def get_skipped(self, row: Source) -> list[dict[str, str]]:
        return [{"name": name, "reason": reason} for name, reason in row.skipped_names()]

    @extend_schema_field(KeptNameSerializer(many=True))
    def get_kept(self, row: Source) -> list[dict[str, Any]]:
        return [
            {
                "name": mention.name,
                "reason": mention.reason,
                "since": mention.detached_since,
                "until": mention_end(mention),
            }
            for mention in row.kept_names()
        ]

    @extend_schema_field(NameReasonSerializer(many=True))
    def get_lost(self, row: Source) -> list[dict[str, str]]:
        return [{"name": name, "reason": reason} for name, reason in row.lost_names.items()]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_warnings(self, row: Source) -> list[str]:
        return row.list_warnings()

    @extend_schema_field(serializers.ChoiceField(choices=PRIORITIES))
    def get_priority(self, row: Source) -> str:
        return PRIORITIES[row.priority]


class AuditSerializer(serializers.ModelSerializer[AuditEntry]):
    before = serializers.JSONField(help_text='`{"ttl": seconds, "values": […]}` of a record')
    after = serializers.JSONField()

    class Meta:
        model = AuditEntry
        fields = (
            "id",
            "at",
            "actor",
            "action",
            "target",
            "zone",
            "name",
            "type",
            "before",
            "after",
            "source",
            "reason",
            "correlation",
        )
        read_only_fields = fields


FIRST_DELETES = 20
"""How many deletes of a plan a list shows: a plan of ten thousand must not make it larger than one of twenty."""


class HeldDeleteSerializer(serializers.ModelSerializer[HeldDelete]):
    source: Any = serializers.CharField(source="origin", help_text="Kind/namespace/name of what held the name")
    cause = serializers.CharField(help_text="Why nothing wants it any more; empty where an older version held it")

    class Meta:
        model = HeldDelete
        fields = ("name", "type", "values", "ttl", "source", "cause", "held_at")
        read_only_fields = fields


class HoldSerializer(serializers.ModelSerializer[HeldPlan]):
    """As lists show it, with its first deletes only."""

    count = serializers.IntegerField(source="size", help_text="How many RRsets would go")
    deletes: Any = HeldDeleteSerializer(
        source="shown", many=True, help_text=f"The first {FIRST_DELETES} of them; `holds/{{id}}` has them all"
    )

    class Meta:
        model = HeldPlan
        fields: tuple[str, ...] = (
            "id",
            "target",
            "zone",
            "status",
            "count",
            "deletes",
            "reason",
            "created_at",
            "decided_at",
            "decided_by",
            "successor",
        )
        read_only_fields = fields


class WholeHoldSerializer(HoldSerializer):
    """One plan by itself."""

    deletes: Any = HeldDeleteSerializer(source="shown", many=True, help_text="The RRsets that would go")


class DecisionSerializer(serializers.Serializer[Any]):
    deletes: Any = NameTypeSerializer(
        many=True, required=False, allow_empty=False, help_text="Only these of the plan; the rest stays held"
    )

    def chosen_keys(self) -> list[tuple[str, str]] | None:
        """None: the whole plan."""
        chosen = self.validated_data.get("deletes")
        return None if chosen is None else [(item["name"], item["type"]) for item in chosen]


class DriftSerializer(serializers.ModelSerializer[DriftFinding]):
    expected = DataSerializer(allow_null=True, help_text="What we wrote last; null for a record that we do not know")
    found = DataSerializer(allow_null=True, help_text="What DNS holds now; null for a record that is missing")
    source: Any = serializers.CharField(source="origin", help_text="Kind/namespace/name")

    class Meta:
        model = DriftFinding
        fields = (
            "id",
            "target",
            "zone",
            "name",
            "type",
            "drift_type",
            "status",
            "expected",
            "found",
            "reason",
            "source",
            "found_at",
            "decided_at",
            "decided_by",
        )
        read_only_fields = fields


class RequestSerializer(serializers.ModelSerializer[SyncRequest]):
    hold: Any = serializers.PrimaryKeyRelatedField(
        source="plan", read_only=True, allow_null=True, help_text="The held plan that it decides"
    )

    class Meta:
        model = SyncRequest
        fields = (
            "id",
            "action",
            "target",
            "zone",
            "name",
            "type",
            "hold",
            "requested_by",
            "created_at",
            "done_at",
            "outcome",
        )
        read_only_fields = fields


class SyncSerializer(serializers.Serializer[Any]):
    target = serializers.CharField(
        max_length=1000, required=False, default="", allow_blank=True, help_text="Only this one of several"
    )
    zone = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)
    name = serializers.CharField(
        max_length=1000, required=False, default="", allow_blank=True, help_text="Only this name; beats `zone`"
    )
