"""The memory: objects, resource versions, the log of events, and who listens to it.

Everything here runs in one thread (the event loop of the server), so there is no lock. A body that was stored is
never changed in place: a write puts a new one, which may share parts with the old one.
"""

from __future__ import annotations

import itertools
import json
import re
import time
import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from tests.fakes.kubernetes.errors import (
    ApiError,
    already_exists,
    field_invalid,
    namespace_terminating,
    not_found,
    object_modified,
    too_old,
    version_conflict,
)
from tests.fakes.kubernetes.resources import NAMESPACES, Catalog, Manifest, Resource

Change = Callable[[Manifest], Manifest]
Later = Callable[[float, Callable[[], None]], object]

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_FIRST_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def format_now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def encode_json(value: Any) -> bytes:
    return _encode(value).encode()


class Record:
    """One state of one object."""

    __slots__ = ("_json", "body", "name", "namespace", "resource", "rv")

    def __init__(self, resource: Resource, namespace: str, name: str, rv: int, body: Manifest) -> None:
        self.resource, self.namespace, self.name, self.rv = resource, namespace, name, rv
        metadata = {**body["metadata"], "resourceVersion": str(rv)}
        head = {"apiVersion": resource.api_version(), "kind": resource.kind, "metadata": metadata}
        self.body: Manifest = {**head, **{key: value for key, value in body.items() if key not in head}}
        self._json: dict[str, bytes] = {}

    def json(self, version: str = "") -> bytes:
        """As it is served in ``version`` of the API; encoded once, however many watches and lists show it."""
        known = self._json.get(version)
        if known is None:
            body = {**self.body, "apiVersion": self.resource.api_version(version)}
            known = self._json[version] = encode_json(body)
        return known

    def item(self, version: str = "") -> bytes:
        """As a list shows it, where the built-in kinds leave out apiVersion and kind."""
        if not self.resource.builtin:
            return self.json(version)
        known = self._json.get("item")
        if known is None:
            known = self._json["item"] = encode_json(
                {k: v for k, v in self.body.items() if k not in ("apiVersion", "kind")}
            )
        return known

    def at(self, rv: int) -> Record:
        return Record(self.resource, self.namespace, self.name, rv, self.body)


class Event:
    __slots__ = ("before", "record", "rv", "type")

    def __init__(self, kind: str, record: Record, before: Record | None) -> None:
        self.type, self.record, self.before, self.rv = kind, record, before, record.rv


class Listener(Protocol):
    def deliver(self, event: Event) -> None: ...

    def gone(self) -> None:
        """The resource is not served any more."""


class Shelf:
    """All of one resource."""

    def __init__(self, compacted: int) -> None:
        self.namespaces: dict[str, dict[str, Record]] = {}
        self.events: list[Event] = []
        self.compacted = compacted
        self.listeners: list[Listener] = []

    def records(self, namespace: str = "") -> Iterator[Record]:
        if namespace:
            return iter(self.namespaces.get(namespace, {}).values())
        return itertools.chain.from_iterable(names.values() for names in self.namespaces.values())

    def remember(self, event: Event, history: int) -> None:
        self.events.append(event)
        if len(self.events) > 2 * history:
            self.compacted = self.events[history - 1].rv
            del self.events[:history]
        for listener in tuple(self.listeners):
            listener.deliver(event)


class Store:
    """``history``: how many events of a resource a watch can go back at least. ``namespace_delay``: seconds from the
    deletion of a namespace until its content goes (a real controller waits five)."""

    def __init__(self, catalog: Catalog, later: Later, history: int = 10_000, namespace_delay: float = 5.0) -> None:
        # Milliseconds since 1970, so that a restarted double knows nothing of the versions that it gave before.
        self.rv = self._floor = time.time_ns() // 1_000_000
        self.catalog = catalog
        self.history = history
        self.namespace_delay = namespace_delay
        self._later = later
        self._emptied: set[str] = set()
        self._shelves: dict[tuple[str, str], Shelf] = {}
        for name in _FIRST_NAMESPACES:
            self.create(NAMESPACES, "", {"metadata": {"name": name}})

    def shelf(self, resource: Resource) -> Shelf:
        key = (resource.group, resource.plural)
        shelf = self._shelves.get(key)
        if shelf is None:
            shelf = self._shelves[key] = Shelf(self._floor)
        return shelf

    def get(self, resource: Resource, namespace: str, name: str) -> Record:
        record = self.shelf(resource).namespaces.get(namespace, {}).get(name)
        if record is None:
            raise not_found(resource, name)
        return record

    def create(self, resource: Resource, namespace: str, body: Manifest, dry_run: bool = False) -> Record:
        metadata = dict(body.get("metadata") or {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        name = metadata.get("name") or ""
        if not name:
            raise field_invalid(resource, "", "metadata.name", "Required value: name or generateName is required")
        if len(name) > 253 or not _NAME.fullmatch(name):
            raise field_invalid(
                resource, name, "metadata.name", f'Invalid value: "{name}": must be a DNS-1123 subdomain'
            )
        if metadata.get("resourceVersion"):
            raise ApiError(400, "resourceVersion should not be set on objects to be created", "BadRequest")
        if resource.namespaced:
            self._check_namespace(resource, namespace, name)
            metadata["namespace"] = namespace
        else:
            metadata.pop("namespace", None)
        if name in self.shelf(resource).namespaces.get(namespace, {}):
            raise already_exists(resource, name)
        for field in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"):
            metadata.pop(field, None)
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": format_now()}
        if resource.generation:
            metadata["generation"] = 1
        body = {"metadata": metadata, **_keep_fields(resource, body, "status" if resource.status else "")}
        if resource == NAMESPACES:
            metadata["labels"] = {"kubernetes.io/metadata.name": name, **(metadata.get("labels") or {})}
            body |= {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
        return self._put_record("ADDED", Record(resource, namespace, name, self.rv + 1, body), None, dry_run)

    def update(
        self, resource: Resource, namespace: str, name: str, change: Change, part: str = "", dry_run: bool = False
    ) -> Record:
        """Put what ``change`` makes of the object. ``part`` "status": nothing else changes; "": the status does not."""
        before = self.get(resource, namespace, name)
        body = change(before.body)
        old = before.body["metadata"]
        metadata = dict(body.get("metadata") or {})
        if metadata.get("name", name) != name:
            raise ApiError(
                400, f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
            )
        if metadata.get("uid") and metadata["uid"] != old["uid"]:
            raise version_conflict(resource, name, f"Precondition failed: UID in precondition: {metadata['uid']}")
        if metadata.get("resourceVersion", str(before.rv)) != str(before.rv):
            raise object_modified(resource, name)
        for field in ("name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp"):
            metadata.pop(field, None)
            if field in old:
                metadata[field] = old[field]
        metadata["resourceVersion"] = old["resourceVersion"]
        if part == "status":
            after = {**before.body, "status": body.get("status")}
            if after["status"] is None:
                del after["status"]
        else:
            after = {"metadata": metadata, **_keep_fields(resource, body, "status" if resource.status else "")}
            if resource.status and "status" in before.body:
                after["status"] = before.body["status"]
            if resource == NAMESPACES:
                after["spec"] = before.body["spec"]
            after |= {"apiVersion": before.body["apiVersion"], "kind": before.body["kind"]}
        if after == before.body:
            return before  # A write that changes nothing gives neither a version nor an event.
        if (
            resource.generation
            and part != "status"
            and _select_specification(after) != _select_specification(before.body)
        ):
            metadata["generation"] = old["generation"] + 1
        record = Record(resource, namespace, name, self.rv + 1, after)
        if "deletionTimestamp" in old and not metadata.get("finalizers") and resource != NAMESPACES:
            return self._remove_record(record, dry_run)
        return self._put_record("MODIFIED", record, before, dry_run)

    def delete(
        self, resource: Resource, namespace: str, name: str, options: Manifest | None = None, dry_run: bool = False
    ) -> tuple[Record, bool]:
        """The last state, and whether the object is really gone (a finalizer or a namespace's content may hold it)."""
        before = self.get(resource, namespace, name)
        wanted = (options or {}).get("preconditions") or {}
        if wanted.get("uid") and wanted["uid"] != before.body["metadata"]["uid"]:
            raise version_conflict(resource, name, f"Precondition failed: UID in precondition: {wanted['uid']}")
        if wanted.get("resourceVersion") and wanted["resourceVersion"] != str(before.rv):
            raise version_conflict(resource, name, f"Precondition failed: ResourceVersion: {wanted['resourceVersion']}")
        held = bool(before.body["metadata"].get("finalizers"))
        if resource != NAMESPACES and not held:
            return self._remove_record(before, dry_run), True
        if "deletionTimestamp" in before.body["metadata"]:
            return before, False
        metadata = {**before.body["metadata"], "deletionTimestamp": format_now()}
        body = {**before.body, "metadata": metadata}
        if resource == NAMESPACES:
            body["status"] = {**before.body["status"], "phase": "Terminating"}
        else:
            metadata["deletionGracePeriodSeconds"] = 0
            if resource.generation:
                metadata["generation"] += 1
        record = self._put_record("MODIFIED", Record(resource, namespace, name, self.rv + 1, body), before, dry_run)
        if resource == NAMESPACES and not dry_run:
            self._later(self.namespace_delay, lambda: self._empty_namespace(record))
        return record, False

    def subscribe(self, resource: Resource, listener: Listener) -> None:
        self.shelf(resource).listeners.append(listener)

    def unsubscribe(self, resource: Resource, listener: Listener) -> None:
        listeners = self.shelf(resource).listeners
        if listener in listeners:
            listeners.remove(listener)

    def since(self, resource: Resource, rv: int) -> list[Event]:
        """The events after ``rv``. Raises the 410 when the log does not reach back so far."""
        shelf = self.shelf(resource)
        if rv < shelf.compacted:
            raise too_old(rv, shelf.compacted)
        return shelf.events[bisect_right(shelf.events, rv, key=lambda event: event.rv) :]

    def compact(self) -> None:
        """Forget the past: every watch that starts from an older version than now's gets a 410."""
        self._floor = self.rv
        for shelf in self._shelves.values():
            shelf.events.clear()
            shelf.compacted = self.rv

    def remove(self, group: str) -> None:
        """A CRD is deleted: first its objects go, then its watches end, then the group is unknown."""
        for resource in self.catalog.resources(group):
            shelf = self.shelf(resource)
            for record in list(shelf.records()):
                self._remove_record(record)
            for listener in tuple(shelf.listeners):
                listener.gone()
        for resource in self.catalog.remove(group):
            self._shelves[resource.group, resource.plural] = Shelf(self.rv)

    def _check_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        home = self.get(NAMESPACES, "", namespace)
        if "deletionTimestamp" in home.body["metadata"]:
            raise namespace_terminating(resource, name, namespace)

    def _put_record(self, kind: str, record: Record, before: Record | None, dry_run: bool = False) -> Record:
        if dry_run:
            return record
        shelf = self.shelf(record.resource)
        self.rv = record.rv
        shelf.namespaces.setdefault(record.namespace, {})[record.name] = record
        shelf.remember(Event(kind, record, before), self.history)
        return record

    def _remove_record(self, before: Record, dry_run: bool = False) -> Record:
        if dry_run:
            return before
        self.rv += 1
        last = before.at(self.rv)
        shelf = self.shelf(before.resource)
        names = shelf.namespaces[before.namespace]
        del names[before.name]
        if not names:
            del shelf.namespaces[before.namespace]
        shelf.remember(Event("DELETED", last, before), self.history)
        if before.namespace in self._emptied:
            self._finish_namespace(before.namespace)
        return last

    def _empty_namespace(self, namespace: Record) -> None:
        try:
            current = self.get(NAMESPACES, "", namespace.name)
        except ApiError:
            return
        if current.body["metadata"]["uid"] != namespace.body["metadata"]["uid"]:
            return
        for resource in self.catalog.resources():
            for record in list(self.shelf(resource).records(namespace.name)) if resource.namespaced else ():
                self.delete(resource, namespace.name, record.name)
        self._emptied.add(namespace.name)
        self._finish_namespace(namespace.name)

    def _finish_namespace(self, namespace: str) -> None:
        """Let a terminating namespace go once nothing is left in it."""
        if any(namespace in self.shelf(r).namespaces for r in self.catalog.resources() if r.namespaced):
            return
        self._emptied.discard(namespace)
        self._remove_record(self.get(NAMESPACES, "", namespace))


def _keep_fields(resource: Resource, body: Manifest, without: str) -> Manifest:
    return {field: body[field] for field in resource.fields if field in body and field != without}


def _select_specification(body: Manifest) -> Manifest:
    return {key: value for key, value in body.items() if key not in ("metadata", "status")}
