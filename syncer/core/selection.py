"""Which objects count: the filters of the operator over kinds, namespaces, labels, annotations and Gateways.

Each question is answered by why an object is left out, "" when it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncer.core.annotations import PREFIX, TARGETS, Annotations
from syncer.core.gateways import Gateway, ListenerSet
from syncer.core.kinds import GATEWAY, GATEWAY_ROUTE_KINDS, GIVING_NAMES, WITH_CLASS
from syncer.core.manifest import as_mapping, clip_text
from syncer.core.parents import Parent, ParentKey
from syncer.core.scope import EVERYTHING, Scope
from syncer.core.selector import asks_more, match_labels, may_match, parse_selector
from syncer.core.source import Ref, Skip, SkipCause, SourceObject
from syncer.core.tenancy import UNREAD_TERMS, admit_source

UNCHECKED_NAMESPACE = "it is in no document: NAMESPACE_SELECTOR asks for labels that were not checked"
PUBLISH = PREFIX + "publish"
"""Means something to ``ANNOTATION_FILTER`` alone."""


def check_selectors(scope: Scope) -> None:
    """Raises ``SelectorError``."""
    own = (scope.publish.label_selector, scope.publish.annotation_filter)
    for text in (scope.namespace_selector, scope.label_selector, scope.annotation_filter, scope.gateway_selector, *own):
        parse_selector(text)


def refuse_place(kind: str, namespace: str, scope: Scope) -> str:
    """Of an object of which no more is known than where it is; from a cluster such a one is not read at all."""
    if not scope.takes_kind(kind):
        return f"{kind} is not in SOURCES"
    if scope.namespaces and namespace not in scope.namespaces:
        return f"namespace {clip_text(namespace)} is not in WATCH_NAMESPACE"
    return ""


def describe_unread(scope: Scope) -> Iterator[str]:
    """What is not read from a cluster, so that nobody can say which names it has."""
    if unread := [kind for kind in GIVING_NAMES if not scope.takes_kind(kind)]:
        yield f"SOURCES leaves out {', '.join(unread)}: what objects of that kind name is not known."
    if scope.namespaces:
        yield f"WATCH_NAMESPACE names {', '.join(scope.namespaces)}: what objects elsewhere name is not known."


def refuse_object(kind: str, namespace: str, metadata: Mapping[str, Any], scope: Scope) -> str:
    """By what its own metadata says."""
    if reason := refuse_place(kind, namespace, scope):
        return reason
    if not _match_labels(metadata, scope.label_selector):
        return "the object's labels do not match LABEL_SELECTOR"
    if not _match_annotations(metadata, scope.annotation_filter):
        return "the object's annotations do not match ANNOTATION_FILTER"
    return ""


def _match_labels(metadata: Mapping[str, Any], selector: str) -> bool:
    return not selector or match_labels(parse_selector(selector), as_mapping(metadata.get("labels")))


def _match_annotations(metadata: Mapping[str, Any], selector: str) -> bool:
    annotations = as_mapping(metadata.get("annotations"))
    return not selector or match_labels(parse_selector(selector), dict(_spell_annotations(annotations)))


def refuse_for_target(ref: Ref, metadata: Mapping[str, Any], says: Annotations, scope: Scope) -> str:
    """By what its own metadata says, of an object that counts, on one of several targets. Its class and its Gateways
    are asked for unless ``passes_unasked``."""
    if says.is_named is False:
        return f"the object's annotation {PREFIX}{TARGETS} does not name target {scope.target_name}"
    publish = scope.publish
    if publish == EVERYTHING or _is_widened(says, scope):
        return ""
    if publish.namespaces and ref.namespace not in publish.namespaces:
        return f"namespace {clip_text(ref.namespace)} {_describe_missing('namespaces', scope)}"
    if not _match_labels(metadata, publish.label_selector):
        return f"the object's labels do not match publish.label_selector of target {scope.target_name}"
    if not _match_annotations(metadata, publish.annotation_filter):
        return f"the object's annotations do not match publish.annotation_filter of target {scope.target_name}"
    by_class = publish.ingress_classes and ref.kind in WITH_CLASS
    by_gateway = publish.gateways and ref.kind in GATEWAY_ROUTE_KINDS
    if by_class or by_gateway or passes_unasked(ref.kind, says, scope):
        return ""
    return f"{ref.kind} {_describe_missing('kinds', scope)}"


def passes_unasked(kind: str, says: Annotations, scope: Scope) -> bool:
    """Whether an object passes the filters of the target by its kind or its annotation, whatever its class and its
    Gateways."""
    publish = scope.publish
    asks = publish.ingress_classes or publish.gateways or publish.kinds
    return not asks or kind in publish.kinds or _is_widened(says, scope)


def _is_widened(says: Annotations, scope: Scope) -> bool:
    return scope.by_annotation and says.is_named is True


def _describe_missing(field: str, scope: Scope) -> str:
    return f"is not in publish.{field} of target {scope.target_name}"


def refuse_class(name: str, scope: Scope, *, passes_target: bool) -> str:
    """By the ingress class, "" for an object that has none. ``passes_target``: that of the target does not ask."""
    what = f'ingress class "{clip_text(name)}"' if name else "the object has no ingress class, which"
    if scope.ingress_classes and name not in scope.ingress_classes:
        return f"{what} is not in INGRESS_CLASS"
    if passes_target or name in scope.publish.ingress_classes:
        return ""
    return f"{what} {_describe_missing('ingress_classes', scope)}"


def _spell_annotations(annotations: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """As texts: a document may have forgotten the quotes around true."""
    for key, value in annotations.items():
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, bool | int | float):
            yield key, str(value).lower()


def warn_publish(annotations: Mapping[str, Any], scope: Scope) -> str:
    """Where the annotation would leave the object out, and no filter asks for it."""
    if PUBLISH not in annotations or str(annotations[PUBLISH]).strip().lower() != "false":
        return ""
    asking = (*parse_selector(scope.annotation_filter), *parse_selector(scope.publish.annotation_filter))
    if any(requirement.key == PUBLISH for requirement in asking):
        return ""
    return f"annotation {PUBLISH} leaves nothing out without ANNOTATION_FILTER={PUBLISH}=true; {PREFIX}ignore does"


def select_namespace(source: SourceObject, labels: Mapping[str, object] | None, scope: Scope) -> SourceObject:
    """What ``NAMESPACE_SELECTOR`` leaves of what an object asks for; ``labels`` are those of its Namespace, None where
    it has not been read. The object itself where that is all."""
    selector = parse_selector(scope.namespace_selector)
    if labels is None:
        return admit_source(source, UNREAD_TERMS, scope)
    if not may_match(selector, labels):
        return leave_out(source, "the labels of its Namespace do not match NAMESPACE_SELECTOR")
    if asks_more(selector, labels):
        warning = f"Namespace {clip_text(source.ref.namespace)}: {UNCHECKED_NAMESPACE}"
        return replace(source, warnings=(*source.warnings, warning))
    return source


def refuse_gateway(labels: Mapping[str, object], scope: Scope) -> str:
    """By its labels."""
    if match_labels(parse_selector(scope.gateway_selector), labels):
        return ""
    return "has labels that GATEWAY_SELECTOR does not select"


def refuse_listener_set(listener_set: ListenerSet, gateway: Gateway | None, scope: Scope) -> str:
    """By its Gateway."""
    if listener_set.gateway is None:
        return ""
    reason = _find_left_out(listener_set.gateway, gateway, scope)
    return f"has {listener_set.gateway}, which {reason}" if reason else ""


def refuse_set_for_target(listener_set: ListenerSet, scope: Scope) -> str:
    """As ``refuse_listener_set``, for routes that do not pass otherwise."""
    key = listener_set.gateway
    reason = _find_unpublished(key, scope) if key else ""
    return f"has {key}, which {reason}" if reason else ""


def filter_parents(
    parents: Sequence[Parent], gateways: Mapping[ParentKey, Gateway], scope: Scope, *, passes_target: bool
) -> tuple[Parent, ...]:
    """A Gateway that is left out is none of the route's, whatever becomes of it. ``passes_target``: the route does
    whatever its Gateways."""
    asks_target = bool(scope.publish.gateways) and not passes_target
    if not (scope.gateways or scope.gateway_selector or asks_target):
        return tuple(parents)
    return tuple(_filter_parent(parent, gateways.get(parent.place), scope, asks_target) for parent in parents)


def _filter_parent(parent: Parent, gateway: Gateway | None, scope: Scope, asks_target: bool) -> Parent:
    reason = _find_left_out(parent.place, gateway, scope)
    if asks_target and not reason:
        reason = _find_unpublished(parent.place, scope) or (gateway.unpublished if gateway else "")
    if not (reason and parent.is_read):
        return parent
    return parent._replace(refusal=f"{parent.place} {reason}", silent=False, is_read=False)


def _find_left_out(key: ParentKey, gateway: Gateway | None, scope: Scope) -> str:
    """Of a Gateway its name is known although it may not be there."""
    if key.kind == GATEWAY.kind and scope.gateways and f"{key.namespace}/{key.name}" not in scope.gateways:
        return "is not in GATEWAY"
    return gateway.left_out if gateway else ""


def _find_unpublished(key: ParentKey, scope: Scope) -> str:
    is_left_out = key.kind == GATEWAY.kind and f"{key.namespace}/{key.name}" not in scope.publish.gateways
    return _describe_missing("gateways", scope) if is_left_out and scope.publish.gateways else ""


def leave_out(source: SourceObject, reason: str) -> SourceObject:
    """The object with none of its names published, as the operator wants it."""
    stays = (SkipCause.INTENT, SkipCause.PATTERN)
    skipped = [
        *(Skip(want.name, reason, SkipCause.INTENT) for want in source.wants),
        *(skip if skip.cause in stays else Skip(skip.name, reason, SkipCause.INTENT) for skip in source.skipped),
    ]
    return replace(source, wants=(), skipped=tuple(skipped), troubles=())
