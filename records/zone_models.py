"""What the engine must not forget of a zone, and of what it deleted there."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from records.target_field import target_field


class ManagedZone(models.Model):
    """A zone on a target of which something is known, or once was. Only where there is neither such a row nor a
    ``ManagedRecord``, or where it ``is_rebuilding``, does a syncer take every record with our mark for ours; with
    ``--rebuild-ledger`` it does so whatever there is."""

    target = target_field()
    zone = models.CharField(max_length=253)
    serial = models.PositiveBigIntegerField(
        default=0, help_text="SOA serial that the last of our writes left; a server that shows a lower one lost writes"
    )
    node = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="the server that had the zone then, where it can be several",
    )
    is_unmarked = models.BooleanField(
        default=False, db_default=False, help_text="it lost all of our marks at once, and they are being written again"
    )
    is_rebuilding = models.BooleanField(
        default=False, db_default=False, help_text="what is ours there is being read from the marks, and not all is"
    )
    wildcards = models.JSONField(null=True, help_text="foreign ones at the last list of the zone; null: none was made")
    delegations = models.JSONField(null=True, help_text="ours and foreign ones at the last list; null: none was made")

    class Meta:
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "zone"], name="one_row_a_zone"),
        ]

    def __str__(self) -> str:
        return f"{self.zone} on {self.target}"


class DeletedRRset(models.Model):
    """An RRset of ours of which the last that we know is that it went: a server that shows it again lost the delete."""

    target = target_field()
    zone = models.CharField(max_length=253)
    name = models.CharField(max_length=253)
    type = models.CharField(max_length=10)
    deleted_at = models.DateTimeField(db_default=Now())
    data = models.JSONField(
        null=True, help_text='what we deleted: {"ttl": seconds, "values": [...]}; null where someone else did'
    )
    origin = models.CharField(max_length=600, blank=True, default="", db_default="", help_text="Kind/namespace/name")

    class Meta:
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["zone", "name", "type", "target"], name="one_deletion_an_rrset"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.type}"
