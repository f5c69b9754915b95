"""The objects of the cluster, and the names that they mention, as the syncer last saw them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from records.target_field import target_field
from syncer.core.annotations import PREFIX
from syncer.core.kinds import DNS_ENDPOINT, SERVICE
from syncer.core.names import NAME_LIMIT
from syncer.core.origin import Origin
from syncer.core.source import SkipCause, Trouble, Want, WantedRecord

CAUSES = [(cause.value, cause.value) for cause in SkipCause]


UNLISTENED = "it has no hostnames, and no listener that takes it gives one"
NAMELESS = "nothing in its spec is a host name"
HOSTLESS = {
    "Ingress": "none of its rules has a host",
    "IngressRoute": "none of its rules has a Host",
    "IngressRouteTCP": "none of its rules has a HostSNI that is a name",
    "IngressRouteUDP": NAMELESS,
    "HTTPRoute": UNLISTENED,
    "GRPCRoute": UNLISTENED,
    "TLSRoute": UNLISTENED,
    "TCPRoute": NAMELESS,
    "UDPRoute": NAMELESS,
    "DNSEndpoint": "its spec has no endpoints",
}
"""By kind, where its names would have come from."""


class SourceQuerySet(models.QuerySet["Source"]):
    def with_mentions(self) -> SourceQuerySet:
        """With what ``wanted_names`` and ``skipped_names`` give, in one query for all."""
        return self.prefetch_related("mentions")


class Source(models.Model):
    """One Kubernetes object that names hosts, as the syncer last saw it: what it asks for on one target."""

    target = target_field()
    group = models.CharField(max_length=253, blank=True)
    kind = models.CharField(max_length=63)
    namespace = models.CharField(max_length=253, blank=True)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64, blank=True)
    created = models.CharField("creationTimestamp", max_length=40, blank=True)
    warnings = models.JSONField(default=list)
    ttl = models.PositiveBigIntegerField("TTL annotation", null=True, blank=True)
    priority = models.PositiveSmallIntegerField(default=1, help_text="0 high, 1 normal, 2 low")
    between = models.PositiveSmallIntegerField(
        "priority between namespaces", null=True, blank=True, help_text="where it is another one than within its own"
    )
    notes = models.JSONField("other annotations", default=dict)
    troubles = models.JSONField(
        default=list, help_text="[name, wildcard or nothing, reason, parents, whether one is silent] for each"
    )
    excluded = models.JSONField(default=list, help_text="names that it says are not to be published")
    digest = models.CharField(max_length=32, editable=False, help_text="of all the above")
    seen_at = models.DateTimeField("last changed", db_default=Now())

    lost_names: dict[str, str]
    """By name why another one has it, once ``records.lost_claims.note_lost`` has told it."""

    objects: ClassVar[SourceQuerySet] = SourceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["group", "kind", "namespace", "name", "target"], name="one_row_a_source"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["namespace", "name"], name="source_by_place"),
            models.Index(fields=["name"], name="source_by_name"),
        ]
        ordering: ClassVar = ["namespace", "name", "kind"]

    def __str__(self) -> str:
        return str(self.origin)

    @property
    def origin(self) -> Origin:
        return Origin(self.kind, self.namespace, self.name)

    def wanted_names(self) -> list[tuple[str, list[str]]]:
        """The names that it gives, each with its addresses, its one host name, or the values of all types that it asks
        for there, in the order of the object."""
        return [(row.name, row.list_values()) for row in self.mentions.all() if row.values is not None]

    @property
    def unsaid(self) -> str:
        """What a name gets for which it gives no value."""
        return "its own address, which it does not have yet" if self.kind == SERVICE.kind else "the default address"

    def skipped_names(self) -> list[tuple[str, str]]:
        """The names that it mentions and that are not published, or not with every type, each with the reason."""
        skipped: list[tuple[str, str]] = []
        for row in self.mentions.all():
            if row.values is not None:
                skipped += ((row.name, f"{kind}: {reason}") for kind, reason in row.read_want().skips)
            elif row.detached_since is None:
                skipped.append((row.name, row.reason))
        return skipped

    def kept_names(self) -> list[SourceName]:
        """The names that stay as they were although a trouble hides them."""
        return [row for row in self.mentions.all() if row.detached_since is not None]

    def explain_silence(self) -> str:
        """Why it gives no name; "" where it gives one."""
        if self.wanted_names():
            return ""
        if skipped := self.skipped_names():
            (name, reason), *others = skipped
            more = f" (and {len(others)} more, each for its reason)" if others else ""
            return f"none: {name} is left out: {reason}{more}"
        if self.kept_names():
            return "none: what it published is kept, and not asked for now"
        annotated = "" if self.kind == DNS_ENDPOINT.kind else f", and it has no annotation {PREFIX}hostname"
        return f"none: {HOSTLESS.get(self.kind, 'it names no host')}{annotated}"

    def list_warnings(self) -> list[str]:
        """What is wrong with the object itself, and with what DNS makes of its names."""
        shadows = (f"{row.name}: {row.shadow}" for row in self.mentions.all() if row.shadow and row.values is not None)
        return [*self.warnings, *shadows]

    def read_troubles(self) -> tuple[Trouble, ...]:
        return tuple(
            Trouble(pattern, reason, tuple(parents), waits) for pattern, reason, parents, waits in self.troubles
        )


class SourceName(models.Model):
    """One name that one object mentions, or published last and is kept for it although a trouble hides it."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="mentions", db_index=False)
    name = models.CharField(max_length=NAME_LIMIT)
    position = models.PositiveIntegerField(help_text="in the object: its wanted names first, then the others")
    values = models.JSONField(null=True, help_text="addresses or one host name; null for a name that is not published")
    own = models.BooleanField(default=False, help_text="the values are a target of its own, not the default")
    via = models.JSONField(null=True, help_text="the parents by which it was published last; null where none is known")
    reason = models.TextField(blank=True, help_text="why the name is not published")
    cause = models.CharField(max_length=10, choices=CAUSES, blank=True, help_text="of what kind the reason is")
    since = models.DateTimeField(help_text="when the object first named it; kept for as long as it does")
    detached_since = models.DateTimeField(null=True, blank=True, help_text="since when it is kept")
    detached_seconds = models.FloatField(default=0, help_text="of that, the time in which a syncer ran and saw it")
    outdated = models.TextField(blank=True, help_text="why a newer version of the program does not publish it any more")
    refused = models.JSONField(null=True, help_text="values that it asks for and no source may publish")
    records = models.JSONField(
        null=True,
        help_text="what it asks for instead of addresses: [type, values, TTL, values that are refused, why none is"
        " published, whether it waits for what it points to] for each",
    )
    shadow = models.TextField(
        blank=True, db_default="", help_text="in what way DNS answers for it otherwise than one would think"
    )

    class Meta:
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "name"], name="one_mention_a_source"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["name"], name="mention_by_name"),
            models.Index(fields=["source"], condition=models.Q(cause="pattern"), name="mention_pattern"),
            models.Index(
                fields=["detached_seconds"], condition=models.Q(detached_since__isnull=False), name="mention_detached"
            ),
        ]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return self.name

    def read_want(self) -> Want:
        """As the object asks for it; of a name that is published."""
        return Want(self.name, tuple(self.values or ()), records=read_records(self.records))

    def list_values(self) -> list[str]:
        """For people."""
        return self.read_want().list_values()


def read_records(rows: Sequence[Sequence[Any]] | None) -> tuple[WantedRecord, ...]:
    """What a row or its content says of them, as one of JSON or as it was before."""
    read = ((kind, tuple(values), ttl, tuple(refused), *more) for kind, values, ttl, refused, *more in rows or ())
    return tuple(WantedRecord(*row) for row in read)
