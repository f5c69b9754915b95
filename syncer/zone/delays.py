"""How long a change of an object takes until DNS has it: from when a watch brought it to when it was written."""

from __future__ import annotations

from collections.abc import Callable, Collection

from syncer import metrics
from syncer.core.plan import Change, Op
from syncer.meters import Meter

MOST = 10_000
"""Names that are measured at the same time: what comes beyond in a burst costs no memory, and is not measured."""

OPERATIONS = {Op.CREATE: "create", Op.UPDATE: "update", Op.DELETE: "delete"}


class ChangeDelays:
    """Of one zone; ``labels`` are the names of its target and of itself. ``meter`` hears of creates and updates; a
    delete waits on purpose (``syncer.zone.queue``), and is in the metric alone. All times are of ``clock``."""

    def __init__(self, labels: tuple[str, str], meter: Meter, clock: Callable[[], float]) -> None:
        self._meter = meter
        self._clock = clock
        self._began: dict[str, float] = {}
        self._metric = {op: metrics.CHANGE_DURATION.labels(*labels, word) for op, word in OPERATIONS.items()}

    def begin(self, name: str, since: float) -> None:
        """An object that asks for the name has changed; of a name that waits already the first change counts."""
        if len(self._began) < MOST:
            self._began.setdefault(name, since)

    def note_written(self, change: Change) -> None:
        began = self._began.get(change.name)
        if began is None:
            return
        seconds = max(0.0, self._clock() - began)
        self._metric[change.op].observe(seconds)
        if change.op is not Op.DELETE:
            self._meter.count(seconds)

    def end(self, names: Collection[str] | None, waiting: Collection[str] = ()) -> None:
        """The names (None: all) have had their pass, but for those of ``waiting``."""
        if names is None:
            names = list(self._began)
        for name in names:
            if name not in waiting:
                self._began.pop(name, None)

    def clear(self) -> None:
        """What waits from here on, waits because a person holds all writes."""
        self._began.clear()
