"""What we remember: sources, records, custom entries, history, and the words between the processes."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models.functions import Now

from records.answer_models import RecordAnswer
from records.append_only import AppendOnly, AuditQuerySet
from records.freeze_models import WriteFreeze as WriteFreeze
from records.held_models import HeldDelete as HeldDelete
from records.held_models import HeldPlan as HeldPlan
from records.held_models import RRsetKey as RRsetKey
from records.meter_models import MeasuredCount as MeasuredCount
from records.source_models import Source as Source
from records.source_models import SourceName as SourceName
from records.status_models import SyncStatus as SyncStatus
from records.target_field import target_field
from records.target_models import TargetStatus as TargetStatus
from records.zone_models import DeletedRRset as DeletedRRset
from records.zone_models import ManagedZone as ManagedZone
from syncer.core.claims import Mode
from syncer.core.known import RecordState
from syncer.core.origin import Origin
from syncer.core.plan import DriftType

STATES = [(state.value, state.value) for state in RecordState]
DRIFT_WORDS = {
    DriftType.UNEXPECTED_VALUE: "not as we wrote it",
    DriftType.UNEXPECTED_RECORD: "ours by its mark, but not known",
    DriftType.MISSING_RECORD: "missing",
}
DRIFTS = [(drift.value, DRIFT_WORDS[drift]) for drift in DriftType]
MODES = [(mode.value, mode.value) for mode in Mode]


class ManagedRecord(models.Model):
    """One RRset that we own or would like to own.

    ``owned`` is the claim that counts: set before anything is sent to the target, cleared only when the target
    definitely refused or the record is confirmed to be gone.
    """

    target = target_field()
    zone = models.CharField(max_length=253)
    name = models.CharField(max_length=253)
    type = models.CharField(max_length=10)
    values = models.JSONField(default=list)
    ttl = models.PositiveBigIntegerField("TTL", help_text="seconds")
    owned = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=STATES)
    reason = models.TextField(blank=True)
    origin = models.CharField("winner", max_length=600, blank=True, help_text="Kind/namespace/name")
    claimants = models.JSONField(default=list, help_text="all who want this record as it is, the winner first")
    losers = models.JSONField(default=list, help_text="[origin, reason] for each claim that did not get the name")
    is_contested = models.BooleanField(default=False, db_default=False, help_text="there are losers")
    foreign = models.JSONField(
        null=True, blank=True, help_text='{"ttl": seconds, "values": [...], "marks": [...], "disabled": [...]}'
    )
    former = models.JSONField(
        null=True,
        editable=False,
        help_text='what we had written until the last update: {"ttl": seconds, "values": [...], "until": time}',
    )
    refusal = models.JSONField(
        null=True, editable=False, help_text="what the audit said last of a change that the target refused"
    )
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now(), help_text="last time that its state or content changed")

    class Meta:
        constraints: ClassVar = [
            # The target last, of which there are few: lists are narrowed by zone alone, too.
            models.UniqueConstraint(fields=["zone", "name", "type", "target"], name="one_row_an_rrset"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["name"], name="record_by_name"),
            models.Index(fields=["zone", "target"], condition=models.Q(owned=True), name="record_owned"),
            models.Index(fields=["state", "name"], name="record_by_state"),
            models.Index(fields=["-changed_at"], name="record_by_change"),
            models.Index(fields=["origin"], name="record_by_origin"),
            models.Index(fields=["name"], condition=models.Q(is_contested=True), name="record_contested"),
        ]
        ordering: ClassVar = ["name", "type"]

    def __str__(self) -> str:
        return f"{self.name} {self.type}"

    @property
    def key(self) -> RRsetKey:
        return self.name, self.type

    @property
    def data(self) -> dict[str, Any]:
        """As audit entries and drift findings show it."""
        return {"ttl": self.ttl, "values": self.values}

    @property
    def answer(self) -> RecordAnswer | None:
        """What DNS servers answer for it, once that is known. For many records ``dns_answer`` is to be prefetched."""
        answer: RecordAnswer | None = getattr(self, "dns_answer", None)
        return answer if answer is not None and answer.result else None


KEPT_BY_HAND = "made by someone else, and kept as it was"
"""The description of an entry by which an operator took over a record as it was."""


class CustomEntry(models.Model):
    """A record that an operator made by hand, or a name that must not be published.

    ``records.custom_entries`` cleans and writes it, an import likewise; saving it does not look at it again.
    """

    target = target_field("", "name of the target; empty for each that manages the name")
    name = models.CharField(max_length=253)
    type = models.CharField(max_length=10, blank=True, help_text="empty for a block")
    values = models.JSONField(default=list, blank=True)
    ttl = models.PositiveBigIntegerField("TTL", null=True, blank=True, help_text="seconds; empty for the default")
    mode = models.CharField(max_length=10, choices=MODES, default=Mode.PUBLISH.value)
    enabled = models.BooleanField(default=True)
    owner = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True, max_length=10_000)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "custom entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "type", "target"], name="one_entry_an_rrset"),
        ]
        ordering: ClassVar = ["name", "type"]

    def __str__(self) -> str:
        return f"{self.name} {self.type or self.mode}"

    @property
    def origin(self) -> str:
        """As claims, records and audit entries name it."""
        return str(Origin.of_entry(self.pk))


class AuditEntry(models.Model):
    """Something that happened. Append-only: ``records.audit.make_entry`` makes it, and no one changes it."""

    class Action(models.TextChoices):
        CREATED = "created", "created"
        UPDATED = "updated", "updated"
        DELETED = "deleted", "deleted"
        ADOPTED = "adopted", "adopted"
        UNDONE = "undone", "undone"
        RELEASED = "released", "released"
        TAKEN_OVER = "taken over", "taken over"
        MARKED = "marked", "marked again"
        FAILED = "failed", "failed"
        CONFLICT = "conflict", "conflict"
        DRIFTED = "drifted", "drifted"
        FOREIGN = "foreign", "foreign"
        SKIPPED = "skipped", "skipped"
        GONE = "gone", "gone"
        STALE = "stale", "stale"
        REQUESTED = "requested", "requested"
        ACCEPTED = "accepted", "accepted"
        HELD = "held", "held"
        APPROVED = "approved", "approved"
        REJECTED = "rejected", "rejected"
        FROZEN = "writes held", "writes held"
        RESUMED = "writes resumed", "writes resumed"
        IMPORTED = "imported", "imported"
        MOVED = "moved", "rows moved"
        LOGIN_REFUSED = "login refused", "login refused"

    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=200, help_text="syncer, or the user or token that asked")
    action = models.CharField(max_length=30, choices=Action.choices)
    target = target_field("", "name of the target; empty where it is about none")
    zone = models.CharField(max_length=253, blank=True)
    name = models.CharField(max_length=253, blank=True)
    type = models.CharField(max_length=10, blank=True)
    before = models.JSONField(null=True, blank=True, help_text='{"ttl": seconds, "values": [...]}')
    after = models.JSONField(null=True, blank=True)
    source = models.CharField(max_length=600, blank=True)
    reason = models.TextField(blank=True)
    correlation = models.CharField(max_length=32, blank=True, help_text="the pass in which it happened")

    objects: ClassVar[AuditQuerySet[AuditEntry]] = AuditQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "audit entries"
        base_manager_name = "objects"
        indexes: ClassVar = [
            models.Index(fields=["-at"], name="audit_by_time"),
            models.Index(fields=["name", "-at"], name="audit_by_name"),
            models.Index(fields=["source", "-at"], name="audit_by_source"),
        ]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.name} {self.type}".rstrip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("audit entries are never changed")
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("audit entries are never deleted, but by retention")


class DriftFinding(models.Model):
    """One RRset that was not as we had left it. Open or accepted, it is so now; otherwise it is history."""

    class Status(models.TextChoices):
        OPEN = "open", "open"
        ACCEPTED = "accepted", "accepted (left as it is)"
        REMEDIATED = "remediated", "remediated"
        OVER = "over", "over (without a write of ours)"

    target = target_field()
    zone = models.CharField(max_length=253)
    name = models.CharField(max_length=253)
    type = models.CharField(max_length=10)
    drift_type = models.CharField(max_length=20, choices=DRIFTS)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    expected = models.JSONField("what we wrote", null=True, help_text='{"ttl": seconds, "values": [...]}')
    found = models.JSONField("what is there", null=True)
    reason = models.TextField()
    origin = models.CharField("source", max_length=600, blank=True, help_text="Kind/namespace/name")
    found_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField("accepted or ended", null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "drift findings"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target", "zone", "name", "type"],
                condition=models.Q(status__in=["open", "accepted"]),
                name="one_current_finding_an_rrset",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["name"], name="drift_by_name"),
            models.Index(
                fields=["zone", "target"], condition=models.Q(status__in=["open", "accepted"]), name="drift_current"
            ),
        ]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} {self.type}: {self.get_drift_type_display()}"

    @property
    def key(self) -> RRsetKey:
        return self.name, self.type

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def is_current(self) -> bool:
        """Whether the drift is there now, accepted or not."""
        return self.status in CURRENT_STATUSES


class TokenName(models.Model):
    """What people call a token of the API; those of before, and those that nobody named, have no row. The syncer does
    not load the app of the tokens, so that none can be pointed at."""

    digest = models.CharField(max_length=128, primary_key=True, help_text="of the token")
    name = models.CharField(max_length=60)

    class Meta:
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.name


class UploadedBackup(models.Model):
    """A file of which a user has seen what its import would do (``records.exchange.uploads``)."""

    user = models.CharField(max_length=64, primary_key=True, help_text="key of the user, who alone may use it")
    name = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64, help_text="of the content: SHA-256")
    content = models.BinaryField(help_text="compressed")
    made_at = models.DateTimeField()

    class Meta:
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.name


class Replacement(models.Model):
    """A record of someone else that became ours: what stood there, so that it can be put back."""

    target = target_field()
    zone = models.CharField(max_length=253)
    name = models.CharField(max_length=253)
    type = models.CharField(max_length=10)
    theirs = models.JSONField(help_text='{"ttl": seconds, "values": [...], "marks": [...], "disabled": [...]}')
    ours = models.JSONField(help_text='what was written: {"ttl": seconds, "values": [...]}')
    origin = models.CharField(max_length=600, blank=True, help_text="Kind/namespace/name")
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.CharField(max_length=200)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions: ClassVar = ()
        indexes: ClassVar = [models.Index(fields=["name"], name="replacement_by_name")]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} {self.type} at {self.made_at:%Y-%m-%d %H:%M:%S}"


CURRENT_STATUSES = (DriftFinding.Status.OPEN, DriftFinding.Status.ACCEPTED)


class SyncRequest(models.Model):
    """What another process asks the syncer to do; only the syncer talks to the target."""

    class Action(models.TextChoices):
        SYNC = "sync", "sync now"
        ADOPT = "adopt", "replace what someone else made"
        KEEP = "keep", "keep what someone else made, as ours"
        UNDO = "undo", "put back what was replaced"
        REMEDIATE = "remediate", "remediate drift"
        RELEASE = "release", "release (keep the DNS record)"
        DELETE = "delete", "delete from DNS"
        REMOVE = "remove", "remove what is kept"
        APPROVE = "approve", "approve held deletes"
        REJECT = "reject", "reject held deletes"

    action = models.CharField(max_length=10, choices=Action.choices)
    target = target_field("", "name of the target; empty for every one")
    zone = models.CharField(max_length=253, blank=True, help_text="empty: every zone")
    name = models.CharField(max_length=253, blank=True, help_text="empty: the whole zone")
    type = models.CharField(max_length=10, blank=True, help_text="empty: every type at the name")
    plan = models.ForeignKey(HeldPlan, null=True, blank=True, on_delete=models.CASCADE)
    deletes = models.JSONField(null=True, help_text="of the plan, the held deletes that it decides; null: all of them")
    replacement = models.ForeignKey(Replacement, null=True, blank=True, on_delete=models.CASCADE)
    requested_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=models.Q(done_at=None), name="request_waiting"),
        ]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.name or self.zone or 'everything'}"


class Bookmark(models.Model):
    """How far a background task has come. ``at`` is when it last acted, ``memory`` what it must not forget."""

    name = models.CharField(max_length=50, primary_key=True)
    audit_id = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField(null=True, blank=True)
    memory = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name
