"""What each object asks for, to be found by the object and by its namespace, in no more memory than that takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from syncer.core.source import Ref, SourceObject


class SourceTable:
    """Changed by one thread at a time, read by any: each change is one step.

    A hundred thousand objects may be in it. One table for each namespace takes a third of what a table of all of them
    and a set for each namespace take.
    """

    def __init__(self) -> None:
        self._by_namespace: dict[str, dict[Ref, SourceObject]] = {}

    def __iter__(self) -> Iterator[Ref]:
        return (ref for table in self._by_namespace.values() for ref in table)

    def __contains__(self, ref: object) -> bool:
        return isinstance(ref, Ref) and self.get(ref) is not None

    def get(self, ref: Ref) -> SourceObject | None:
        table = self._by_namespace.get(ref.namespace)
        return table.get(ref) if table else None

    def put(self, source: SourceObject) -> SourceObject:
        """Returns what is kept: the same with the ``Ref`` by which the object is known, where it is known already.
        Else there would be two of each object that has changed, for a dictionary keeps its first key."""
        table = self._by_namespace.setdefault(source.ref.namespace, {})
        if before := table.get(source.ref):
            source = replace(source, ref=before.ref)
        table[source.ref] = source
        return source

    def remove(self, ref: Ref) -> SourceObject:
        """Raises ``KeyError``."""
        table = self._by_namespace[ref.namespace]
        source = table.pop(ref)
        if not table:
            del self._by_namespace[ref.namespace]
        return source

    def list_all(self) -> list[SourceObject]:
        return [source for table in self._by_namespace.values() for source in table.values()]

    def list_namespace(self, namespace: str) -> list[SourceObject]:
        return list(self._by_namespace.get(namespace, {}).values())
