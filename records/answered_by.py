"""What in a zone answers for a name that is not there itself."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Q

from records.models import ManagedRecord, ManagedZone
from records.rows import ZoneKey


class Answerer(StrEnum):
    """What answers."""

    RECORD = "record"
    WILDCARD = "wildcard"
    FOREIGN_WILDCARD = "foreign wildcard"
    DELEGATION = "delegation"
    DNAME = "dname"
    NOTHING = "nothing"


class AnsweredBy(NamedTuple):
    """``name`` is that of what answers, "" for nothing."""

    what: Answerer
    name: str = ""


def find_answerer(key: ZoneKey, name: str, wildcards: Sequence[str], *, is_there: bool) -> AnsweredBy:
    """As far as we know: of foreign records wildcards and delegations alone are remembered, from the last list of the
    zone. ``is_there``: a record is known at the name itself."""
    row = ManagedZone.objects.filter(**key._asdict()).first()
    above = {name, *(wildcard[2:] for wildcard in wildcards)} - {key.zone}
    if delegations := above.intersection((row and row.delegations) or ()):
        return AnsweredBy(Answerer.DELEGATION, min(delegations, key=len))
    if is_there:
        return AnsweredBy(Answerer.RECORD, name)
    owned = ManagedRecord.objects.filter(**key._asdict(), owned=True).order_by()
    redirects = owned.filter(type="DNAME", name__in={*above, key.zone} - {name}).values_list("name", flat=True)
    if redirect := min(redirects, key=len, default=""):
        return AnsweredBy(Answerer.DNAME, redirect)
    ours = set(owned.filter(name__in=wildcards).values_list("name", flat=True)) if wildcards else set()
    foreign = set((row and row.wildcards) or ())
    child = name
    for wildcard in wildcards:
        if wildcard in ours | foreign:
            # A name at or below it is in the way of the wildcard, even where it is empty itself (RFC 4592).
            if owned.filter(Q(name=child) | Q(name__endswith=f".{child}")).exists():
                break
            return AnsweredBy(Answerer.WILDCARD if wildcard in ours else Answerer.FOREIGN_WILDCARD, wildcard)
        child = wildcard[2:]
    return AnsweredBy(Answerer.NOTHING)
