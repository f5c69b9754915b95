"""What is known of the Namespaces: their labels, which of them are being deleted, and what was in those."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from syncer.core.listeners import Labels
from syncer.core.selector import PartialLabels
from syncer.core.source import Ref, SourceObject

NAME_LABEL = "kubernetes.io/metadata.name"

UNSEEN = "9999"
"""Sorts behind every time: for a namespace whose deletion was never seen."""


class NamespaceIndex:
    """Not thread-safe: the store's lock guards it. ``assume_unknown``: the objects come from documents, and a Namespace
    that is in none is unknown, rather than gone."""

    def __init__(self, *, assume_unknown: bool) -> None:
        self._assume_unknown = assume_unknown
        self._labels: dict[str, Labels] = {}
        self._are_all_known = False
        self._terminating: dict[str, str] = {}
        """With their deletionTimestamp."""
        self._hidden: dict[Ref, SourceObject] = {}
        """Sources in a namespace that is being deleted."""
        self.terminating: Collection[str] = self._terminating.keys()
        """The namespaces that are being deleted, at any time."""

    def set_labels(self, name: str, labels: Mapping[str, object]) -> bool:
        """Whether they are others than before."""
        # Kubernetes sets this one itself; a file need not say it.
        labels = {**labels, NAME_LABEL: name}
        if self._labels.get(name) == labels:
            return False
        self._labels[name] = labels
        return True

    def forget_labels(self, name: str) -> None:
        self._labels.pop(name, None)

    def find_labels(self, name: str) -> Labels | None:
        """As far as something is known of it."""
        labels = self._labels.get(name)
        if labels is None and self._assume_unknown:
            labels = PartialLabels({NAME_LABEL: name})
        return labels

    def note_list(self) -> None:
        """All of them have been told."""
        self._are_all_known = not self._assume_unknown

    def list_names(self) -> Collection[str]:
        return self._labels.keys() | self._terminating.keys()

    def is_leaving(self, name: str) -> bool:
        """Whether it is being deleted, or was. Any thread may ask."""
        if name in self._terminating:
            return True
        return self._are_all_known and bool(name) and name not in self._labels

    def begin_termination(self, name: str, at: str) -> bool:
        """Whether that was not known yet. ``at`` is its deletionTimestamp."""
        known = name in self._terminating
        self._terminating[name] = at
        return not known

    def end_termination(self, name: str) -> tuple[list[SourceObject], list[Ref]]:
        """It has been made again, or is gone for good: what is in the new one, and which of its objects went with it.

        The watches are not in step: objects of the new namespace may have come already, and objects of the old one may
        not have gone yet. Kubernetes takes seconds between the two, so the time of creation tells them apart.

        Raises ``KeyError`` for a namespace that was not being deleted.
        """
        at = self._terminating.pop(name)
        there, gone = [], []
        for ref, source in [item for item in self._hidden.items() if item[0].namespace == name]:
            del self._hidden[ref]
            if source.created and source.created <= at:
                gone.append(ref)
            else:
                there.append(source)
        return there, gone

    def hide_source(self, source: SourceObject) -> None:
        """It is in a namespace that is being deleted."""
        self._hidden[source.ref] = source

    def forget_hidden(self, ref: Ref) -> None:
        self._hidden.pop(ref, None)

    def is_hidden(self, ref: Ref) -> bool:
        return ref in self._hidden

    def list_hidden(self) -> Collection[Ref]:
        return self._hidden.keys()
