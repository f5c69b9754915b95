"""Objects that are nearly of a kind which is read: under an apiVersion that does not exist, or in another case."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from syncer.core.kinds import KINDS, LISTENER_SET, Kind
from syncer.core.manifest import as_text, clip_text

OTHER_GROUPS = frozenset(("", "apps", "autoscaling", "batch", "extensions", "policy"))
"""Groups of Kubernetes itself, none of which has any of the kinds; Ingress once was in ``extensions``."""

FORMER = {("gateway.networking.x-k8s.io", "xlistenerset"): LISTENER_SET}
"""What kinds were called before they were stable, by group and kind in lower case."""

ALIKE = 0.9
"""Of 1. Knative has a Service and an Ingress, Istio a Gateway: their groups are no misspelling of those that we
read."""


def find_near_miss(manifest: Mapping[str, Any]) -> Kind | None:
    """The kind that is meant, None where the object is of another one."""
    name = as_text(manifest.get("kind")).strip().lower()
    group = _read_group(as_text(manifest.get("apiVersion")).strip().lower())
    if former := FORMER.get((group, name)):
        return former
    meant = [kind for kind in KINDS if name in (kind.kind.lower(), kind.plural)]
    if not meant:
        return None
    same = next((kind for kind in meant if kind.group == group), None)
    if same or group in OTHER_GROUPS or any(_is_alike(group, kind.group) for kind in KINDS):
        return same or meant[0]
    return None


def explain_near_miss(kind: Kind, manifest: Mapping[str, Any]) -> str:
    """What is wrong with it, and the right spelling."""
    version = manifest.get("apiVersion")
    said = f"{clip_text(manifest.get('kind'))} of {clip_text(version)} is not read"
    said = said if version else "the object has no apiVersion"
    return f"{said}: write apiVersion: {spell_version(kind)}, kind: {kind.kind}"


def spell_version(kind: Kind) -> str:
    return f"{kind.group}/{kind.versions[0]}" if kind.group else kind.versions[0]


def _read_group(version: str) -> str:
    """A group without a version has a dot, a version without a group none."""
    group, slash, last = version.partition("/")
    return group if slash or "." in group else last


def _is_alike(group: str, known: str) -> bool:
    # Their lengths tell the most that it can be; the comparison itself takes time that grows with both.
    most = 2 * min(len(group), len(known)) / (len(group) + len(known) or 1)
    return most >= ALIKE and SequenceMatcher(None, group, known).ratio() >= ALIKE
