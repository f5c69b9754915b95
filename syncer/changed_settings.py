"""What is set otherwise than at the last start that went well, for the log, and for deletes that are held because of
it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from syncer.ledger import LastStart, Ledger

log = logging.getLogger(__name__)

SHOWN = 80
"""Characters of a value in the reason of a held plan; the log has it as a whole."""


class ChangedSettings:
    def __init__(self, ledger: Ledger, start: LastStart) -> None:
        self._ledger = ledger
        self._start = start
        self._changes: dict[str, tuple[str, str]] | None = None
        """None: not compared yet."""
        self._is_known = False
        self.is_new_version = False
        """Another version of the program went well last, or one that knew nothing of this."""

    @property
    def is_compared(self) -> bool:
        return self._changes is not None

    def compare(self) -> None:
        """Once. Raises ``LedgerError``."""
        if self._changes is not None:
            return
        last = self._ledger.last_start()
        self._is_known = last == self._start
        self.is_new_version = last.version != self._start.version
        self._changes = dict(find_changes(last, self._start)) if last.version else {}
        for name, (old, new) in self._changes.items():
            log.info("Changed since the last start: %s (%s → %s)", name, old or "nothing", new or "nothing")

    def explain(self) -> str:
        """For the reason of a held plan; "" where nothing changed. From any thread."""
        if not (changes := self._changes):
            return ""
        texts = (f"{name} ({_shorten_value(old)} → {_shorten_value(new)})" for name, (old, new) in changes.items())
        return f"changed since the last start: {', '.join(texts)}"

    def remember(self) -> None:
        """This start went well: a full pass was made, and no delete is held. Until then the settings of before are
        what the next start is compared with, so that it explains a held plan too. Raises ``LedgerError``."""
        if not self._is_known:
            self._ledger.remember_start(self._start)
        self._is_known, self._changes, self.is_new_version = True, {}, False


def find_changes(last: LastStart, start: LastStart) -> Iterator[tuple[str, tuple[str, str]]]:
    """Old and new value of the version, and of each setting that both versions know."""
    if last.version != start.version:
        yield "version", (last.version, start.version)
    for name, new in start.settings.items():
        if name in last.settings and (old := last.settings[name]) != new:
            yield name, (old, new)


def _shorten_value(value: str) -> str:
    return (value if len(value) <= SHOWN else f"{value[: SHOWN - 3]}...") or "nothing"
