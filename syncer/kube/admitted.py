"""What is admitted of what objects ask for, within the limits: found by object, by namespace and by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from syncer.core.namelimits import UNCOUNTED, cut_names, limit_sources
from syncer.core.source import Ref, SourceObject
from syncer.core.tenancy import NamespaceTerms
from syncer.kube.admission import Admission
from syncer.kube.claimants import ClaimantIndex
from syncer.kube.pending import PendingChanges
from syncer.kube.sourcetable import SourceTable


class AdmittedSources:
    """Not thread-safe: the store's lock guards the changes. Whatever changes is told to ``pending``."""

    def __init__(self, admission: Admission, pending: PendingChanges) -> None:
        self._admission = admission
        self._pending = pending
        self.sources = SourceTable()
        """To be read, as are the claimants."""
        self.claimants = ClaimantIndex()
        self._asked: dict[Ref, SourceObject] = {}
        """What objects ask for that are not admitted as they are."""
        self._sizes: Counter[str] = Counter()
        """How many names the objects of each namespace ask for, of those that it admits; two may ask for one."""
        self._cut: dict[Ref, int] = {}
        """How many of an object's names are over a limit."""
        self._crowded: set[str] = set()
        """Namespaces in which something is over a limit."""
        self._uncounted: set[str] = set()
        """Namespaces in which the limits are to be settled anew."""

    def set_source(self, source: SourceObject) -> None:
        """From now on this is what the object asks for."""
        ref = source.ref
        admitted = self._admission.admit_source(source)
        limits, before = self._admission.find_limits(ref.namespace), self.sources.get(ref)
        size = self._sizes[ref.namespace] + len(admitted.wants) - self._count_names(ref)
        limited = admitted
        if ref.namespace in self._crowded or len(admitted.wants) > limits.an_object or size > limits.a_namespace:
            # Which names these are is not for the watches to settle: only the ledger knows what is published.
            self._note_uncounted(ref.namespace)
            known = {want.name for want in before.wants} if before else set()
            limited = cut_names(admitted, known, UNCOUNTED)
        self._keep_source(source, admitted, limited)

    def remove_source(self, ref: Ref) -> SourceObject:
        """It asks for nothing any more, and others may have its place. Returns what it asked for.

        Raises ``KeyError``.
        """
        self._sizes[ref.namespace] -= self._count_names(ref)
        self._cut.pop(ref, None)
        if ref.namespace in self._crowded:
            self._note_uncounted(ref.namespace)
        before = self.sources.remove(ref)
        self._index_source(ref, before, None)
        return self._asked.pop(ref, before)

    def set_terms(self, namespace: str, terms: NamespaceTerms) -> None:
        before = self._admission.set_terms(namespace, terms)
        if before != terms:
            if terms.warnings:
                self._pending.note_change()
            if before and before.max_names != terms.max_names:
                self._note_uncounted(namespace)
            self.admit_again(namespace)

    def note_servers(self, zone: str, names: Collection[str]) -> None:
        before, after = self._admission.set_servers(zone, names)
        concerned = {source.ref for name in before ^ after for source in self.claimants.list_claimants(name)}
        if before - after:
            concerned.update(self._asked)
        self._admit_sources(source for ref in concerned if (source := self.sources.get(ref)))

    def admit_again(self, namespace: str) -> None:
        """What is admitted of its objects may be another part than before."""
        self._admit_sources(self.sources.list_namespace(namespace))

    def list_uncounted(self) -> dict[str, int]:
        """The namespaces of which the limits are to be settled, with the limit of each."""
        return {namespace: self._admission.find_limits(namespace).a_namespace for namespace in self._uncounted}

    def settle_limits(self, namespace: str, longest: Sequence[str] = ()) -> None:
        """Admit as many names of the namespace as the limits allow, ``longest`` before others."""
        self._uncounted.discard(namespace)
        sources = self.sources.list_namespace(namespace)
        asked = {source.ref: self._asked.get(source.ref, source) for source in sources}
        admitted = {ref: self._admission.admit_source(source) for ref, source in asked.items()}
        limited = limit_sources(admitted.values(), self._admission.find_limits(namespace), longest)
        self._crowded.discard(namespace)
        for ref, source in limited.items():
            if source is not admitted[ref]:
                self._crowded.add(namespace)
            self._keep_source(asked[ref], admitted[ref], source)

    def _admit_sources(self, sources: Iterable[SourceObject]) -> None:
        for source in sources:
            self.set_source(self._asked.get(source.ref, source))

    def _note_uncounted(self, namespace: str) -> None:
        self._uncounted.add(namespace)
        self._pending.note_change()

    def _keep_source(self, asked: SourceObject, admitted: SourceObject, limited: SourceObject) -> None:
        """What it asks for, what of that its Namespace admits, and what of that is within the limits."""
        ref = asked.ref
        self._sizes[ref.namespace] += len(admitted.wants) - self._count_names(ref)
        before = self.sources.get(ref)
        if limited is asked:
            self._asked.pop(ref, None)
        else:
            self._asked[ref] = asked
        if over := len(admitted.wants) - len(limited.wants):
            self._cut[ref] = over
        else:
            self._cut.pop(ref, None)
        if limited != before:
            kept = self.sources.put(limited)
            self._index_source(kept.ref, before, kept)

    def _count_names(self, ref: Ref) -> int:
        """Those that its Namespace admits."""
        before = self.sources.get(ref)
        return len(before.wants) + self._cut.get(ref, 0) if before else 0

    def _index_source(self, ref: Ref, before: SourceObject | None, after: SourceObject | None) -> None:
        old = {want.name: want for want in before.wants} if before else {}
        new = {want.name: want for want in after.wants} if after else {}
        for name in old.keys() | new.keys():
            self.claimants.set_claimant(name, ref, after if name in new else None)
        if before and after and _claim_terms(before) == _claim_terms(after):
            touched = {name for name, _ in old.items() ^ new.items()}
        else:
            touched = old.keys() | new.keys()
        self._pending.touch_object(ref, touched)


def _claim_terms(source: SourceObject) -> tuple[int | None, int, int | None, str]:
    """What a claim has besides its values."""
    return source.ttl, source.priority, source.between, source.created
