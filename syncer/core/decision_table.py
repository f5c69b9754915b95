"""What is done about one RRset: a table of situations. The first row that fits decides.

``docs/records.md`` shows the same rows to users, and a test walks every one of them.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import NamedTuple

from syncer.core.known import RecordState
from syncer.core.plan import Policy


class Observed(StrEnum):
    """What the zone has at a name and type. *Ours* is what the ledger says that we wrote and the mark confirms."""

    ABSENT = "nothing"
    OURS = "ours"
    SHARED = "ours beside foreign values"
    MARKED = "marked"
    """It carries our mark, and the ledger does not know it."""
    MARKED_SHARED = "marked beside foreign values"
    REWRITTEN = "rewritten"
    """The ledger has a record of ours here that was written, and no value carries our mark."""
    FOREIGN = "foreign"


class Fit(StrEnum):
    """How our share of what is there fits what is desired."""

    RIGHT = "as desired"
    MOVED = "as desired, and our mark names another claim"
    COVERED = "all desired values are there as foreign ones"
    OTHER = "different"


class Remedy(StrEnum):
    """Whether what is there differs from what we wrote last, and what follows."""

    NONE = "no drift"
    WAIT = "drift that waits for a decision"
    REMEDIATE = "drift that is remediated"


class Asked(StrEnum):
    """What a person asked for at this name."""

    NOTHING = "nothing"
    REMEDIATE = "remediate"
    ADOPT = "adopt"


class Obstacle(StrEnum):
    """What is in the way: of a record that is desired, or of a delete."""

    NONE = "nothing"
    REFUSED = "the target cannot hold it"
    CLASH = "another type at the name excludes it"
    UNREAD = "objects of its kind cannot be read now"
    STUCK = "what should replace it is in conflict"
    EARLY = "what it leads to is not written yet"
    AWAY = "the API server was away: not every kind has been heard from again"


class Situation(NamedTuple):
    """Everything that decides. ``equal``: the values that are served there, whoever wrote them, are the desired ones;
    ``served``: at least one is.
    ``adopts_equal`` is the setting ADOPT_EXISTING=identical; ``accepted``: a person accepted it as it is."""

    desired: bool
    observed: Observed
    fit: Fit = Fit.OTHER
    equal: bool = False
    served: bool = True
    remedy: Remedy = Remedy.NONE
    asked: Asked = Asked.NOTHING
    policy: Policy = Policy.SYNC
    obstacle: Obstacle = Obstacle.NONE
    adopts_equal: bool = False
    accepted: bool = False


class Step(StrEnum):
    """What follows: an operation, a state in which nothing is written, or neither."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    """An update by which the whole RRset becomes ours."""
    DELETE = "delete"
    SYNCED = RecordState.SYNCED.value
    DRIFTED = RecordState.DRIFTED.value
    KEPT = RecordState.KEPT.value
    PENDING = RecordState.PENDING.value
    SKIPPED = RecordState.SKIPPED.value
    CONFLICT = RecordState.CONFLICT.value
    FOREIGN = RecordState.FOREIGN.value
    NOTHING = "nothing"


class Row(NamedTuple):
    """``when`` gives, by field of ``Situation``, the values that fit; a field that is not named may be anything.
    ``reason`` is what people read; ``compare`` fills in what is in braces."""

    when: dict[str, frozenset[object]]
    step: Step
    reason: str = ""

    def fits(self, situation: Situation) -> bool:
        return all(getattr(situation, name) in values for name, values in self.when.items())


def _make_row(step: Step, reason: str = "", **when: object) -> Row:
    """``when`` gives one value, or a tuple of them, for each field."""
    values = {
        name: frozenset(value) if isinstance(value, tuple) else frozenset((value,)) for name, value in when.items()
    }
    return Row(values, step, reason)


_RIGHT = (Fit.RIGHT, Fit.MOVED)
_OURS = (Observed.OURS, Observed.SHARED)
_MARKED = (Observed.MARKED, Observed.MARKED_SHARED)
_NOT_OURS = (*_MARKED, Observed.REWRITTEN, Observed.FOREIGN)

REWRITTEN = "it no longer carries our mark: someone rewrote it; replace it to take it back"
_RELEASED = "it was released, or accepted as it is: replace it to take it back"
_UNKNOWN = "it carries our mark, but the ledger does not know it: replace it, or rebuild the ledger"
_FOREIGN = "someone else made it{flaws}"
_DEAD = "someone else's record is here, disabled: the name does not resolve"
_THERE = "the zone has {values}: "

ROWS: tuple[Row, ...] = (
    # Desired, and ours.
    _make_row(Step.ADOPT, desired=True, observed=Observed.SHARED, fit=_RIGHT, asked=Asked.REMEDIATE),
    _make_row(Step.SYNCED, "{remarks}", desired=True, observed=_OURS, fit=Fit.RIGHT),
    # The mark follows the claim.
    _make_row(Step.SYNCED, "{remarks}", desired=True, observed=_OURS, fit=Fit.MOVED, policy=Policy.CREATE_ONLY),
    _make_row(Step.UPDATE, desired=True, observed=_OURS, fit=Fit.MOVED),
    _make_row(Step.DRIFTED, "{drift}", desired=True, observed=_OURS, remedy=Remedy.WAIT),
    _make_row(
        Step.KEPT,
        "the zone's policy is create-only",
        desired=True,
        observed=_OURS,
        asked=(Asked.NOTHING, Asked.ADOPT),
        policy=Policy.CREATE_ONLY,
    ),
    # All desired values are there as foreign ones, so ours are superfluous.
    _make_row(Step.DELETE, desired=True, observed=_OURS, fit=Fit.COVERED, policy=Policy.SYNC),
    _make_row(Step.UPDATE, desired=True, observed=_OURS),
    # Desired, and not there as ours.
    _make_row(Step.SKIPPED, "{refusal}", desired=True, obstacle=Obstacle.REFUSED),
    _make_row(Step.CONFLICT, "{clash} record is at this name", desired=True, obstacle=Obstacle.CLASH),
    _make_row(Step.PENDING, "{early}", desired=True, observed=Observed.ABSENT, obstacle=Obstacle.EARLY),
    _make_row(Step.DRIFTED, "{drift}", desired=True, observed=Observed.ABSENT, remedy=Remedy.WAIT),
    _make_row(Step.CREATE, desired=True, observed=Observed.ABSENT),
    # Without a request, our values are taken back and the foreign ones beside them stay.
    _make_row(
        Step.SYNCED,
        "{remarks}",
        desired=True,
        observed=Observed.MARKED_SHARED,
        fit=_RIGHT,
        remedy=Remedy.REMEDIATE,
        asked=Asked.NOTHING,
    ),
    _make_row(
        Step.DELETE,
        desired=True,
        observed=Observed.MARKED_SHARED,
        fit=Fit.COVERED,
        remedy=Remedy.REMEDIATE,
        asked=Asked.NOTHING,
        policy=Policy.SYNC,
    ),
    _make_row(
        Step.UPDATE,
        desired=True,
        observed=Observed.MARKED_SHARED,
        remedy=Remedy.REMEDIATE,
        asked=Asked.NOTHING,
    ),
    _make_row(Step.ADOPT, desired=True, observed=_NOT_OURS, asked=(Asked.ADOPT, Asked.REMEDIATE)),
    _make_row(Step.ADOPT, desired=True, observed=_NOT_OURS, remedy=Remedy.REMEDIATE),
    _make_row(Step.ADOPT, desired=True, observed=_NOT_OURS, equal=True, adopts_equal=True),
    _make_row(Step.FOREIGN, REWRITTEN, desired=True, observed=Observed.REWRITTEN, equal=True),
    _make_row(Step.CONFLICT, _THERE + REWRITTEN, desired=True, observed=Observed.REWRITTEN),
    _make_row(Step.FOREIGN, _RELEASED, desired=True, observed=_MARKED, accepted=True, equal=True),
    _make_row(Step.CONFLICT, _THERE + _RELEASED, desired=True, observed=_MARKED, accepted=True),
    _make_row(Step.FOREIGN, _UNKNOWN, desired=True, observed=_MARKED, equal=True),
    _make_row(Step.CONFLICT, _THERE + _UNKNOWN, desired=True, observed=_MARKED),
    _make_row(Step.FOREIGN, _FOREIGN, desired=True, observed=Observed.FOREIGN, equal=True),
    _make_row(Step.CONFLICT, _DEAD, desired=True, observed=Observed.FOREIGN, served=False),
    _make_row(Step.CONFLICT, _THERE + _FOREIGN, desired=True, observed=Observed.FOREIGN),
    # Not desired.
    _make_row(
        Step.KEPT,
        "the zone's policy is {policy}",
        desired=False,
        observed=_OURS,
        policy=(Policy.UPSERT_ONLY, Policy.CREATE_ONLY),
    ),
    _make_row(Step.KEPT, f"{Obstacle.UNREAD}{{unread}}", desired=False, observed=_OURS, obstacle=Obstacle.UNREAD),
    _make_row(Step.KEPT, str(Obstacle.STUCK), desired=False, observed=_OURS, obstacle=Obstacle.STUCK),
    _make_row(Step.KEPT, str(Obstacle.AWAY), desired=False, observed=_OURS, obstacle=Obstacle.AWAY),
    _make_row(Step.DELETE, desired=False, observed=_OURS),
    _make_row(Step.DELETE, desired=False, observed=_MARKED, remedy=Remedy.REMEDIATE),
    _make_row(Step.NOTHING, desired=False, observed=(Observed.ABSENT, *_NOT_OURS)),
)


@cache
def find_row(situation: Situation) -> Row:
    """The first row that fits; there is one for every situation."""
    return next(row for row in ROWS if row.fits(situation))
