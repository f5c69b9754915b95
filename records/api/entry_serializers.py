"""Custom entries as they go over the wire."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from records.effect import ENTRY_STATES
from records.entry_values import explain_type
from records.models import CustomEntry
from syncer.core.annotations import MAX_TTL, parse_ttl
from syncer.core.claims import Mode
from syncer.core.rdata import TYPES

VALUES_LIMIT = 1000
VALUE_LIMIT = 65_535


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
