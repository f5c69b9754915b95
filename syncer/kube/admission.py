"""What is admitted of what objects ask for: by their Namespaces, and by the zones themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection

from syncer.core.listeners import Labels
from syncer.core.namelimits import NameLimits
from syncer.core.scope import Scope
from syncer.core.selection import select_namespace
from syncer.core.source import SourceObject
from syncer.core.tenancy import UNKNOWN_TERMS, UNREAD_TERMS, NamespaceTerms, admit_source, mark_servers


class Admission:
    """Not thread-safe: the store's lock guards it. ``find_labels`` gives those of a Namespace, None where nothing is
    known of it. ``assume_unknown``: such a Namespace may have any terms, rather than none."""

    def __init__(
        self,
        scope: Scope,
        find_labels: Callable[[str], Labels | None] = lambda namespace: None,
        *,
        assume_unknown: bool,
    ) -> None:
        self._scope = scope
        self._find_labels = find_labels
        self._otherwise = UNKNOWN_TERMS if assume_unknown else UNREAD_TERMS
        self._terms: dict[str, NamespaceTerms] = {}
        """Of the Namespaces, where that matters."""
        self._told: dict[str, tuple[str, ...]] = {}
        self._servers: dict[str, frozenset[str]] = {}
        """By zone, the names of its own name servers."""

    def admit_source(self, source: SourceObject) -> SourceObject:
        """What is admitted of it; the object itself where that is all."""
        if self._scope.namespace_selector:
            source = select_namespace(source, self._find_labels(source.ref.namespace), self._scope)
        for servers in self._servers.values():
            if servers:
                source = mark_servers(source, servers, strict=self._scope.strict)
        if not self._scope.strict:
            return source
        return admit_source(source, self._find_terms(source.ref.namespace), self._scope)

    def find_limits(self, namespace: str) -> NameLimits:
        own = self._find_terms(namespace).max_names if self._scope.strict else None
        most = self._scope.max_names_per_namespace if own is None else own
        return NameLimits(self._scope.max_names_per_object, most, own is not None)

    def set_terms(self, namespace: str, terms: NamespaceTerms) -> NamespaceTerms | None:
        """Returns those of before, None where none were known."""
        before = self._terms.get(namespace)
        self._terms[namespace] = terms
        return before

    def forget_terms(self, namespace: str) -> bool:
        """Whether there were any."""
        return self._terms.pop(namespace, None) is not None

    def set_servers(self, zone: str, names: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
        """The names of the zone's own name servers, as they were and as they are."""
        before, after = self._servers.get(zone, frozenset()), frozenset(names)
        self._servers[zone] = after
        return before, after

    def take_complaints(self) -> dict[str, tuple[str, ...]]:
        """By namespace what is wrong with its terms, where that is another thing than at the last call."""
        now = {name: terms.warnings for name, terms in self._terms.items() if terms.warnings}
        before, self._told = self._told, now
        return {name: warnings for name, warnings in now.items() if before.get(name) != warnings}

    def _find_terms(self, namespace: str) -> NamespaceTerms:
        return self._terms.get(namespace, self._otherwise)
