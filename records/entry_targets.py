"""Which targets a custom entry is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from django.core.exceptions import ValidationError
from django.db.models import Q

from records.models import CustomEntry
from records.targets import list_managing, list_targets
from syncer.config import Managed
from syncer.core.manifest import clip_text

UNSAID = "?"
"""In the place of a target's name where no one has said one."""


class AmbiguousEntry(ValidationError):
    """Several entries of one name and type are for different targets, and none of them was named."""


class EntryTargets:
    """The targets of the settings, read once for many entries, and not before they are asked for."""

    @cached_property
    def _targets(self) -> Mapping[str, Managed]:
        return list_targets()

    @property
    def names(self) -> list[str]:
        return list(self._targets)

    def zones_of(self, target: str) -> Sequence[str]:
        """None of a target that is gone."""
        managed = self._targets.get(target)
        return managed.scope.zones if managed else ()

    def list_choices(self, name: str) -> list[str]:
        """Those that manage the name, in the order of the settings."""
        return list_managing(self._targets, name)

    def settle(self, name: str, said: str) -> str:
        """What is written down for an entry at the name: "" for each target that manages it. Raises ``ValidationError``
        where several do and none was said, and for one that does not manage the name."""
        known, choices = ", ".join(self._targets), self.list_choices(name)
        if said not in ("", UNSAID) and said not in self._targets:
            raise ValidationError({"target": f"There is no target {clip_text(said)}: give one of {known}."})
        if len(self._targets) == 1:
            # Not by its name, which changes when a server takes the place of the hosts file of a first try.
            return ""
        if said == UNSAID and len(choices) > 1:
            raise ValidationError(
                {
                    "target": f"{name} is managed on {', '.join(choices)}: say for which of them the entry is,"
                    " or give an empty text for each."
                }
            )
        if said == UNSAID:
            return choices[0] if choices else ""
        if said and said not in choices:
            raise ValidationError({"target": f"{name} is not managed on {said}: give one of {', '.join(choices)}."})
        return said

    def list_covered(self, name: str, target: str) -> list[str]:
        """The targets that an entry is for which says ``target``."""
        return [target] if target else self.list_choices(name)

    def find_covered(self, name: str, target: str) -> frozenset[str]:
        return frozenset(self.list_covered(name, target))

    def guess(self, name: str) -> str:
        """For what was written down while there was one target: the first that manages the name."""
        return "" if len(self._targets) == 1 else next(iter(self.list_choices(name)), "")

    def pick(self, rows: Iterable[CustomEntry], name: str, said: str) -> CustomEntry | None:
        """Of entries of one name and type the one for the target, and for no other. Where none was said:
        the only one; raises ``AmbiguousEntry`` where there are several."""
        found = list(rows)
        if said != UNSAID:
            wanted = self.find_covered(name, said)
            return next((row for row in found if self.find_covered(name, row.target) == wanted), None)
        if len(found) > 1:
            places = ", ".join(row.target or "each target" for row in found)
            raise AmbiguousEntry({"target": f"There are {len(found)} such entries, on {places}: say which one."})
        return next(iter(found), None)


def find_entry(name: str, kind: str, said: str = UNSAID) -> CustomEntry | None:
    """See ``EntryTargets.pick``."""
    return EntryTargets().pick(CustomEntry.objects.filter(name=name, type=kind).order_by("target"), name, said)


def match_covering(target: str) -> Q:
    """The entries for the target: its own, and those of each target, where it manages their names."""
    managed = list_targets().get(target)
    zones = managed.scope.zones if managed else ()
    inside = Q(pk__in=[])
    for zone in zones:
        inside |= Q(name=zone) | Q(name__endswith=f".{zone}")
    return Q(target=target) | Q(inside, target="")
