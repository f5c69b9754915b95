"""Says in the status of DNSEndpoints which generation of them was read (``DNSENDPOINT_STATUS``)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from syncer.core.kinds import DNS_ENDPOINT, Kind
from syncer.core.manifest import as_mapping, read_ref
from syncer.core.source import Ref, SkipCause, SourceObject
from syncer.core.tenancy import UNREAD_NAMESPACE
from syncer.errors import KubernetesError
from syncer.kube.client import ApiError, ApiServer
from syncer.kube.reflector import ObjectSink
from syncer.pacing import BackOff

log = logging.getLogger(__name__)

PAUSE = 0.2
"""Seconds between two writes: at most five a second."""

PASSED = (404, 409)
"""Answers after which nothing is to be done: the object is gone, or is another one by now, and a watch brings it."""


class GenerationWriter:
    """Lies between a watch and the store, and writes behind both, in a thread of its own: nothing waits for it.

    ``find_source`` gives what was read of an object. What others are to publish is none of ours to report.
    """

    def __init__(self, server: ApiServer, store: ObjectSink, find_source: Callable[[Ref], SourceObject | None]) -> None:
        self._server = server
        self._store = store
        self._find_source = find_source
        self._changed = threading.Condition()
        self._unwritten: dict[Ref, int] = {}
        """The generation that was read, of each object whose status says another one."""
        self._stopping = False
        self._trouble = BackOff()
        self._told = ""

    def put(self, kind: Kind, manifest: Mapping[str, Any]) -> None:
        self._store.put(kind, manifest)
        self._note_generation(kind, manifest)

    def drop(self, kind: Kind, namespace: str, name: str) -> None:
        self._store.drop(kind, namespace, name)
        with self._changed:
            self._unwritten.pop(Ref(kind.kind, namespace, name, kind.group), None)

    def replace(self, kind: Kind, manifests: Iterable[Mapping[str, Any]], namespace: str = "") -> None:
        self._store.replace(kind, self._note_each(kind, manifests), namespace)

    def run(self) -> None:
        """Until ``stop``."""
        while (noted := self._wait_for_one()) is not None:
            self._write_one(*noted)
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, max(PAUSE, self._trouble.not_before - time.monotonic()))

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def _note_each(self, kind: Kind, manifests: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for manifest in manifests:
            yield manifest
            self._note_generation(kind, manifest)  # when the store has it

    def _note_generation(self, kind: Kind, manifest: Mapping[str, Any]) -> None:
        ref, generation = read_ref(kind, manifest), _read_generation(manifest)
        is_said = as_mapping(manifest.get("status")).get("observedGeneration") == generation
        with self._changed:
            if generation and not is_said and self._is_ours(ref):
                self._unwritten[ref] = generation
                self._changed.notify_all()
            else:
                self._unwritten.pop(ref, None)

    def _is_ours(self, ref: Ref) -> bool:
        source = self._find_source(ref)
        if source is None:
            return False
        return bool(source.wants) or any(skip.cause is not SkipCause.INTENT for skip in source.skipped)

    def _is_waiting(self, ref: Ref) -> bool:
        """For its Namespace to be read, which may leave it to others."""
        source = self._find_source(ref)
        return source is not None and any(skip.reason == UNREAD_NAMESPACE for skip in source.skipped)

    def _wait_for_one(self) -> tuple[Ref, int] | None:
        """None: it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._unwritten)
            if self._stopping:
                return None
            ref = next(iter(self._unwritten))
            return ref, self._unwritten.pop(ref)

    def _write_one(self, ref: Ref, generation: int) -> None:
        if self._is_waiting(ref):
            with self._changed:
                self._unwritten.setdefault(ref, generation)
            return
        if not self._is_ours(ref):
            return
        try:
            self._write_generation(ref, generation)
        except ApiError as error:
            if error.status not in PASSED:
                self._try_later(ref, generation, error)
        except KubernetesError as error:
            self._try_later(ref, generation, error)
        else:
            self._trouble.succeeded()
            self._told = ""

    def _write_generation(self, ref: Ref, generation: int) -> None:
        """By the right to update the status alone, which takes the whole object."""
        kind = DNS_ENDPOINT
        path = f"/apis/{kind.group}/{kind.versions[0]}/namespaces/{ref.namespace}/{kind.plural}/{ref.name}"
        current = self._server.get(path)
        if _read_generation(current) == generation:
            status = {**as_mapping(current.get("status")), "observedGeneration": generation}
            self._server.send("PUT", f"{path}/status", {**current, "status": status})

    def _try_later(self, ref: Ref, generation: int, error: KubernetesError) -> None:
        self._trouble.failed(time.monotonic())
        with self._changed:
            self._unwritten.setdefault(ref, generation)
        if self._told != str(error) and not self._stopping:
            self._told = str(error)
            log.warning("The status of DNSEndpoints is not written (DNSENDPOINT_STATUS): %s", error)


def _read_generation(manifest: Mapping[str, Any]) -> int:
    """0 for none."""
    generation = as_mapping(manifest.get("metadata")).get("generation")
    return generation if isinstance(generation, int) and not isinstance(generation, bool) else 0
