"""Deletes that the guard did not let through, and what became of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Coalesce, Length, Now
from django.utils import timezone

from records.target_field import target_field
from syncer.core.origin import Origin

RRsetKey = tuple[str, str]
"""(name, type) of an RRset."""

HELD_PLAN = "HeldPlan"
"""The kind of a held plan in the origins of audit entries."""


class HeldPlanQuerySet(models.QuerySet["HeldPlan"]):
    def with_deletes(self, first: int | None = None) -> HeldPlanQuerySet:
        """With their number as ``size``, and the first of them, or all, as ``shown``: three queries for any number of
        plans."""
        shown = models.Prefetch("deletes", HeldDelete.objects.all()[:first], to_attr="shown")
        its_own = HeldDelete.objects.filter(plan=models.OuterRef("pk")).order_by().values("plan")
        size = models.Subquery(its_own.annotate(number=models.Count("pk")).values("number"))
        return self.annotate(size=Coalesce(size, 0)).prefetch_related(shown)

    def with_gravest(self) -> HeldPlanQuerySet:
        """With the name as ``gravest`` of which most is lost: that of the zone itself, else a wildcard, else the
        shortest."""
        is_whole = models.When(name=models.F("plan__zone"), then=0)
        rank = models.Case(is_whole, models.When(name__startswith="*.", then=1), default=2)
        its_own = HeldDelete.objects.filter(plan=models.OuterRef("pk"))
        worst_first = its_own.order_by(rank, Length("name"), "name", "type")
        return self.annotate(gravest=Coalesce(models.Subquery(worst_first.values("name")[:1]), models.Value("")))


class HeldPlan(models.Model):
    """Deletes that the guard did not let through, for a person to decide. A plan has one outcome: what is decided of
    another one in part becomes a plan of its own."""

    class Status(models.TextChoices):
        GATHERING = "gathering", "gathering (not all of it is found yet)"
        OPEN = "open", "open"
        APPROVED = "approved", "approved"
        REJECTED = "rejected", "rejected"
        DONE = "done", "done"
        OBSOLETE = "obsolete", "obsolete (nothing left to delete)"

    target = target_field()
    zone = models.CharField(max_length=253)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    reason = models.TextField()
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)
    successor = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, help_text="the plan that has its deletes now"
    )

    objects: ClassVar[HeldPlanQuerySet] = HeldPlanQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target", "zone"], condition=models.Q(status="open"), name="one_open_plan_a_zone"
            ),
        ]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"held plan of {self.zone}, {self.status}"

    @property
    def origin(self) -> Origin:
        """What it is called in the audit."""
        return Origin(HELD_PLAN, name=str(self.pk))

    @property
    def keys(self) -> frozenset[RRsetKey]:
        """The RRsets that would go."""
        return frozenset(self.deletes.order_by().values_list("name", "type"))

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def is_gathering(self) -> bool:
        return self.status == self.Status.GATHERING

    def decide(self, status: Status, actor: str = "") -> None:
        """Give the plan its outcome, and save it."""
        self.status, self.decided_at, self.decided_by = status, timezone.now(), actor
        self.save()

    def describe_end(self) -> str:
        """Why there is nothing to decide any more."""
        match self.status:
            case self.Status.APPROVED | self.Status.DONE if self.decided_by:
                return f"{self.decided_by} approved it"
            case self.Status.REJECTED:
                return f"{self.decided_by} rejected it"
            case self.Status.OBSOLETE if self.successor_id is not None:
                return f"it has changed since: look at held plan {self.successor_id}"
            case self.Status.GATHERING:
                return "not all of its deletes are found yet: look at it again in a moment"
        return f"it is {self.get_status_display()}"


class HeldDelete(models.Model):
    """One RRset that would go. It moves to the plan that follows when further ones come, and to a plan of its own when
    it is decided alone: as long as it is held, it is this row."""

    plan = models.ForeignKey(HeldPlan, on_delete=models.CASCADE, related_name="deletes", db_index=False)
    name = models.CharField(max_length=253)
    type = models.CharField(max_length=10)
    values = models.JSONField(default=list, help_text="as the ledger had them when it was held")
    ttl = models.PositiveBigIntegerField("TTL", null=True, help_text="seconds; null for what older versions held")
    origin = models.CharField("holder", max_length=600, blank=True, help_text="Kind/namespace/name")
    cause = models.TextField(blank=True, help_text="why nothing wants it any more")
    held_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "name", "type"], name="one_row_a_held_delete"),
        ]
        ordering: ClassVar = ["name", "type"]

    def __str__(self) -> str:
        return f"{self.name} {self.type}"

    @property
    def key(self) -> RRsetKey:
        return self.name, self.type

    @property
    def namespace(self) -> str:
        """Of the object that held the name; "" for custom entries and what no object held."""
        return Origin.parse(self.origin).namespace
