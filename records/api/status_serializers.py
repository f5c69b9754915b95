"""How the syncer is doing, as it goes over the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from records.models import SyncStatus, TargetStatus, WriteFreeze


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
