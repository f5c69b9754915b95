"""Names at which something is not written before other names of their zone are, as an SRV record before its host."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


class EarlyNames:
    """Those at which the last pass was too early for something, and the names that it waits for."""

    def __init__(self) -> None:
        self._awaited: dict[str, frozenset[str]] = {}

    def note_pass(self, names: Collection[str] | None, early: Mapping[str, frozenset[str]]) -> None:
        """These (None: all) have had their pass, which was too early at the names of ``early``."""
        for name in tuple(self._awaited) if names is None else names:
            self._awaited.pop(name, None)
        self._awaited |= early

    def find_ready(self, touched: Iterable[str] | None) -> list[str]:
        """Those that may have waited long enough, now that something was done at ``touched`` (None: anywhere)."""
        if touched is None or not self._awaited:
            return list(self._awaited)
        done = set(touched)
        return [name for name, hosts in self._awaited.items() if not hosts.isdisjoint(done)]
