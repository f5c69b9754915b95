"""What goes over the wire, in the words of the documentation rather than of the tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from records.answer_models import RecordAnswer
from records.effect import ENTRY_STATES
from records.entry_values import explain_type
from records.explain import PRIORITIES
from records.kept import find_end, mention_end
from records.models import (
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldDelete,
    HeldPlan,
    ManagedRecord,
    Source,
    SyncRequest,
    SyncStatus,
    TargetStatus,
    WriteFreeze,
)
from syncer.core.annotations import MAX_TTL, parse_ttl
from syncer.core.claims import Mode
from syncer.core.rdata import TYPES

VALUES_LIMIT = 1000
VALUE_LIMIT = 65_535


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


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_TTL})
class DurationField(serializers.IntegerField):
    """Whole seconds; a text may be a duration such as ``5m``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_TTL, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and not data.strip().lstrip("-").isdecimal():
            try:
                return parse_ttl(data)
            except ValueError as error:
                raise serializers.ValidationError(f"{error}.", code="invalid") from error
        return super().to_internal_value(data)


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


ANSWERED = {"warnings", "state", "lost"}
"""What the answer to a write says besides the entry; who sends it back changes nothing by it."""


class EntrySerializer(serializers.ModelSerializer[CustomEntry]):
    """A record that an operator makes by hand, or a name that must not be published."""

    # What has the right form is said here; what it means is checked in ``custom_entries.check_entry``.

    type = serializers.ChoiceField(
        choices=TYPES,
        required=False,
        allow_blank=True,
        help_text="Empty for a block",
        error_messages={"invalid_choice": explain_type("{input}")},
    )
    values: Any = serializers.ListField(
        child=serializers.CharField(max_length=VALUE_LIMIT, trim_whitespace=False),
        max_length=VALUES_LIMIT,
        required=False,
        help_text="In presentation format without trailing dots: `10 mail.talos00` for MX, the bare text for TXT",
    )
    ttl = DurationField(required=False, allow_null=True, help_text="Seconds, or as `5m`; null for the default")
    mode = serializers.ChoiceField(choices=[mode.value for mode in Mode], required=False)

    class Meta:
        model = CustomEntry
        fields = (
            "target",
            "name",
            "type",
            "values",
            "ttl",
            "mode",
            "enabled",
            "owner",
            "description",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("created_at", "updated_at")
        validators: ClassVar[list[Any]] = []  # that the entry is the only one of its kind is answered with 409
        extra_kwargs: ClassVar = {
            "name": {"max_length": 1000, "help_text": "Any spelling; kept in lower-case ASCII without a trailing dot"},
            "target": {
                "help_text": "The one that it is for; empty: each that manages the name. Must be said where several do"
            },
        }

    def to_internal_value(self, data: Any) -> Any:
        """Ignoring a misspelt field would ignore what its author meant."""
        if isinstance(data, dict) and (unknown := data.keys() - self.fields.keys() - ANSWERED):
            raise serializers.ValidationError(
                {str(name): ["There is no such field."] for name in sorted(unknown, key=str)}
            )
        return super().to_internal_value(data)


class LostEntrySerializer(serializers.Serializer[Any]):
    target = serializers.CharField()
    reason = serializers.CharField(help_text="Who has the name there and why, and the way out")


class StatedEntrySerializer(EntrySerializer):
    """An entry as answers have it."""

    warnings = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Why it has no effect, of several targets on which, and the way out",
    )
    state = serializers.ChoiceField(
        choices=ENTRY_STATES, read_only=True, help_text="Of its record (pending until it is seen), lost, or of itself"
    )
    lost = LostEntrySerializer(many=True, read_only=True, help_text="The targets on which it has no effect")

    class Meta(EntrySerializer.Meta):
        fields = (*EntrySerializer.Meta.fields, "warnings", "state", "lost")  # type: ignore[assignment]


class EntryBodySerializer(EntrySerializer):
    """Where the address names the entry."""

    name = serializers.CharField(max_length=1000, required=False)


class BulkSerializer(serializers.Serializer[Any]):
    entries = EntrySerializer(many=True, max_length=1000, allow_empty=False)  # type: ignore[call-arg]


class BulkAnswerSerializer(serializers.Serializer[Any]):
    created = serializers.IntegerField()


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


class KindSerializer(serializers.Serializer[Any]):
    group = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()
    state = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    objects = serializers.IntegerField()


class SyncerSerializer(serializers.ModelSerializer[SyncStatus]):
    queue = serializers.IntegerField(help_text="Names that wait for a pass or a retry")
    kinds = KindSerializer(many=True)
    zones = serializers.DictField(child=serializers.CharField(allow_blank=True), help_text="The problem of each zone")

    class Meta:
        model = SyncStatus
        exclude = ("id", "identity", "known_version", "known_settings", "problems", "warnings")


class TargetStatusSerializer(serializers.ModelSerializer[TargetStatus]):
    zones = serializers.DictField(child=serializers.CharField(allow_blank=True), help_text="The problem of each zone")

    class Meta:
        model = TargetStatus
        fields = (
            "name",
            "kind",
            "place",
            "in_use",
            "problem",
            "warning",
            "queue",
            "last_pass_at",
            "next_pass_at",
            "last_change_at",
            "zones",
        )
        read_only_fields = fields


class FreezeSerializer(serializers.ModelSerializer[WriteFreeze]):
    current = serializers.BooleanField(source="is_current", help_text="Whether writes are held by it now")
    seconds_left = serializers.FloatField(allow_null=True, help_text="null: it has no end")

    class Meta:
        model = WriteFreeze
        fields = (
            "id",
            "target",
            "zone",
            "until",
            "seconds_left",
            "current",
            "reason",
            "set_at",
            "set_by",
            "ended_at",
            "ended_by",
        )
        read_only_fields = fields


class StatusSerializer(serializers.Serializer[Any]):
    ok = serializers.BooleanField(help_text="Whether there are no problems")
    problems = serializers.ListField(child=serializers.CharField(), help_text="As /readyz of the syncer tells them")
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What leaves it ready all the same")
    version = serializers.CharField()
    alive = serializers.BooleanField(help_text="Whether the syncer reported in the last 20 seconds")
    syncer = SyncerSerializer(allow_null=True)
    targets = TargetStatusSerializer(many=True, help_text="What is written to, and what was and is not in the settings")
    records = serializers.DictField(child=serializers.IntegerField(), help_text="Number of records by state")
    entries = serializers.IntegerField()
    sources = serializers.IntegerField()
    lost_claims = serializers.IntegerField(help_text="Objects and entries that do not get a name that they want")
    holds = serializers.IntegerField(help_text="Plans that wait for a person")
    drift = serializers.IntegerField(help_text="Findings of drift that wait for a person")
    answers = serializers.DictField(child=serializers.IntegerField(), help_text="Number of records by what DNS answers")
    asking_pause = serializers.CharField(allow_blank=True, help_text="Why DNS servers are not asked; empty if they are")
    requests = serializers.IntegerField(help_text="Requests that wait for the syncer")
    freezes = FreezeSerializer(many=True, help_text="What holds all writes now")
