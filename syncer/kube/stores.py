"""The objects of the cluster for all targets: each store reads them by the settings of its target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from syncer.core.attachment import Unchecked
from syncer.core.kinds import Kind
from syncer.core.manifest import read_ref
from syncer.core.parents import ParentKey
from syncer.core.scope import Scope
from syncer.core.source import Ref, SourceObject
from syncer.kube.store import Store


class ClaimSink(Protocol):
    """What a feed fills, and asks about what it has brought."""

    def put(self, kind: Kind, manifest: Mapping[str, Any]) -> None: ...

    def drop(self, kind: Kind, namespace: str, name: str) -> None: ...

    def replace(self, kind: Kind, manifests: Iterable[Mapping[str, Any]], namespace: str = "") -> None: ...

    def source(self, ref: Ref) -> SourceObject | None: ...

    def list_unchecked(self) -> list[tuple[ParentKey, Unchecked]]: ...


class StoreGroup:
    """What the watches fill: of one object everybody hears the same, and in the same order."""

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = stores

    @property
    def scope(self) -> Scope:
        """By which the cluster is watched: whatever any of the targets needs."""
        scopes = [store.scope for store in self._stores]
        return replace(scopes[0], auto=any(scope.auto for scope in scopes))

    def put(self, kind: Kind, manifest: Mapping[str, Any]) -> None:
        for store in self._stores:
            store.put(kind, manifest)

    def drop(self, kind: Kind, namespace: str, name: str) -> None:
        for store in self._stores:
            store.drop(kind, namespace, name)

    def replace(self, kind: Kind, manifests: Iterable[Mapping[str, Any]], namespace: str = "") -> None:
        """See ``Store.replace``."""
        if len(self._stores) == 1:
            self._stores[0].replace(kind, manifests, namespace)
            return
        seen: set[Ref] = set()
        try:
            for manifest in manifests:
                seen.add(read_ref(kind, manifest))
                for store in self._stores:
                    store.put_listed(kind, manifest)
            for store in self._stores:
                store.end_list(kind, seen, namespace)
        finally:
            for store in self._stores:
                store.wake()

    def source(self, ref: Ref) -> SourceObject | None:
        return next((source for store in self._stores if (source := store.source(ref))), None)

    def sources(self) -> list[SourceObject]:
        """Each object once, as the first of the targets sees it."""
        return list({source.ref: source for store in reversed(self._stores) for source in store.sources()}.values())

    def list_unchecked(self) -> list[tuple[ParentKey, Unchecked]]:
        """See ``Store.list_unchecked``."""
        found = (item for store in self._stores for item in store.list_unchecked())
        return list(dict.fromkeys(found))
