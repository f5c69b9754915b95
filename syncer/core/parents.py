"""The parents of a route: what its spec names, and what its status says of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from syncer.core.kinds import GATEWAY, LISTENER_SET
from syncer.core.manifest import as_list, as_mapping, as_text, clip_text
from syncer.core.near_misses import FORMER

ParentIdentity = tuple[str, str, str, str]
"""Group, kind, namespace and name of what a parentRef means: which of its listeners, does not count."""


class ParentKey(NamedTuple):
    """A Gateway or a ListenerSet."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{clip_text(self.kind)} {clip_text(self.namespace)}/{clip_text(self.name)}"


class Parent(NamedTuple):
    """One parentRef of a route's spec. ``refusal`` says why the route is not attached to it, "" when it is; ``silent``:
    no status says anything of it yet. Not ``is_read``: it has no listeners, and never gives a name."""

    place: ParentKey
    section: str = ""
    port: int | None = None
    refusal: str = ""
    warning: str = ""
    silent: bool = False
    is_read: bool = True

    @property
    def key(self) -> str:
        """As the ledger remembers by which parent a name was published. That of a Gateway has no kind, as before there
        were others; no namespace is spelled as a kind is."""
        kind, namespace, name = self.place
        place = f"{namespace}/{name}" if kind == GATEWAY.kind else f"{kind}/{namespace}/{name}"
        return f"{place}/{self.section}" + (f":{self.port}" if self.port else "")


def read_parents(manifest: Mapping[str, Any], namespace: str, *, assume_accepted: bool) -> tuple[Parent, ...]:
    """Each parentRef of the spec, with its section and port, and what the status says of it.

    With ``assume_accepted`` a route without any status counts as accepted: it is from a file, and has no controller.
    """
    parent_refs = [as_mapping(item) for item in as_list(as_mapping(manifest.get("spec")).get("parentRefs"))]
    entries = [as_mapping(item) for item in as_list(as_mapping(manifest.get("status")).get("parents"))]
    unjudged = "" if assume_accepted and not entries else "has not accepted the route yet"
    generation = as_mapping(manifest.get("metadata")).get("generation")
    judgements = _Judgements(parent_refs, entries, namespace)
    parents: list[Parent] = []
    for parent_ref in parent_refs:
        identity = _identify_parent(parent_ref, namespace)
        if (identity[0], identity[1]) not in _WITH_LISTENERS:
            parents.append(_refuse_kind(identity))
            continue
        judged = [
            _judge_parent(parent_ref, identity, entry, generation)
            for entry in judgements.find_entries(parent_ref, identity)
        ]
        accepted = (parent for parent in judged if not parent.refusal)
        parents.append(
            next(accepted, None)
            or next(iter(judged), None)
            or _make_parent(parent_ref, identity, unjudged, "")._replace(silent=bool(unjudged))
        )
    return tuple(dict.fromkeys(parents))


_WITH_LISTENERS = {(kind.group, kind.kind) for kind in (GATEWAY, LISTENER_SET)}


def _refuse_kind(identity: ParentIdentity) -> Parent:
    group, kind, *_ = identity
    former = FORMER.get((group, kind.lower()))
    advice = f": write group: {former.group}, kind: {former.kind}" if former else ""
    refusal = f"parents of kind {clip_text(kind)} are not read{advice}"
    return Parent(ParentKey(*identity[1:]), refusal=refusal, is_read=False)


class _Judgements:
    """The entries of a route's status, by what they are about. An entry that names a section which the spec no longer
    names speaks for the parent all the same, until its controller has seen the new spec."""

    def __init__(
        self, parent_refs: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]], namespace: str
    ) -> None:
        asked = {(_identify_parent(item, namespace), _read_place(item)) for item in parent_refs}
        self._exact: dict[tuple[ParentIdentity, tuple[str, int | None]], list[Mapping[str, Any]]] = {}
        self._others: dict[ParentIdentity, list[Mapping[str, Any]]] = {}
        for entry in entries:
            parent_ref = as_mapping(entry.get("parentRef"))
            key = _identify_parent(parent_ref, namespace), _read_place(parent_ref)
            if key in asked:
                self._exact.setdefault(key, []).append(entry)
            else:
                self._others.setdefault(key[0], []).append(entry)

    def find_entries(self, parent_ref: Mapping[str, Any], identity: ParentIdentity) -> list[Mapping[str, Any]]:
        return self._exact.get((identity, _read_place(parent_ref))) or self._others.get(identity, [])


def _read_place(parent_ref: Mapping[str, Any]) -> tuple[str, int | None]:
    """Which listeners a parentRef means."""
    port = parent_ref.get("port")
    return as_text(parent_ref.get("sectionName")), port if isinstance(port, int) else None


def _identify_parent(parent_ref: Mapping[str, Any], namespace: str) -> ParentIdentity:
    group = parent_ref.get("group")
    return (
        GATEWAY.group if group is None else as_text(group),
        as_text(parent_ref.get("kind")) or GATEWAY.kind,
        as_text(parent_ref.get("namespace")) or namespace,
        as_text(parent_ref.get("name")),
    )


def _make_parent(parent_ref: Mapping[str, Any], identity: ParentIdentity, refusal: str, warning: str) -> Parent:
    who = ParentKey(*identity[1:])
    return Parent(
        who,
        *_read_place(parent_ref),
        f"{who} {refusal}" if refusal else "",
        f"{who}: {warning}" if warning else "",
    )


def _judge_parent(
    parent_ref: Mapping[str, Any], identity: ParentIdentity, entry: Mapping[str, Any], generation: object
) -> Parent:
    conditions = [as_mapping(item) for item in as_list(entry.get("conditions"))]
    accepted = next((condition for condition in conditions if condition.get("type") == "Accepted"), None)
    if accepted is None:
        return _make_parent(parent_ref, identity, "has not accepted the route yet", "")._replace(silent=True)
    if accepted.get("status") != "True":
        reason = clip_text(as_text(accepted.get("reason")) or "no reason given")
        return _make_parent(parent_ref, identity, f"does not accept the route: {reason}", "")
    observed = accepted.get("observedGeneration")
    stale = isinstance(observed, int) and isinstance(generation, int) and observed < generation
    return _make_parent(
        parent_ref, identity, "", "the acceptance is of an older generation of the route" if stale else ""
    )
