"""A folder of manifests instead of a cluster: read, merged, and watched for changes."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syncer.core.kinds import KINDS, Kind
from syncer.core.manifest import clip_text, read_ref
from syncer.core.near_misses import explain_near_miss, find_near_miss
from syncer.core.source import Ref
from syncer.documents.folders import Stamp, describe_error, scan_folder
from syncer.documents.limits import LIMITS, DocumentError, decode_text, oversize_reason
from syncer.kube.documents import ManifestError, explain_problem, kind_of, looks_like_template, read_documents
from syncer.kube.feed import KindState, WatchState
from syncer.kube.stores import ClaimSink

logger = logging.getLogger(__name__)

_INTERVAL = 0.25
"""Seconds between two scans."""

_PAUSE = 20
"""Times as long as the last scan took: a folder of thousands of files is scanned less often."""

Key = tuple[Kind, Ref]
Objects = dict[Key, Mapping[str, Any]]


@dataclass(slots=True)
class ManifestFile:
    """``objects`` are what the file gave when it could last be read; ``problem`` is why it cannot be read now."""

    stamp: Stamp | None = None
    objects: Objects = field(default_factory=dict)
    problem: str = ""
    was_readable: bool = False


UNKNOWN_CONTENT = "what it held is not known: records that no other file explains are kept"


class ManifestFeed:
    """Implements ``syncer.kube.feed.Feed``.

    A change counts once the file has stayed the same from one scan to the next: an editor
    may empty, move or half write it in between. A file that cannot be read leaves its objects as they were, and stops
    nothing else; where it could never be read since the start, what it held is not known. ``excluded`` are globs, as
    ``scan_folder`` takes them.
    """

    def __init__(
        self,
        folder: str | Path,
        store: ClaimSink,
        *,
        excluded: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = str(folder)
        self._store = store
        self._excluded = excluded
        self._clock = clock
        self._files: dict[str, ManifestFile] = {}
        self._known_objects: Objects = {}
        self._last: Mapping[str, Stamp] | None = None
        self._is_known = False
        self._scan_time = 0.0
        self._logged: dict[str, str] = {}
        self._warned: set[str] = set()
        self._states = tuple(KindState(kind) for kind in KINDS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run_scans, name="manifests", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2)

    @property
    def calls(self) -> None:
        return None

    @property
    def place(self) -> str:
        return self._folder

    def states(self) -> Sequence[KindState]:
        """``reason`` names files that cannot be read. ``known`` is False until each file could be read once: what could
        not be read may hold anything."""
        return self._states

    def deletes_wait(self) -> bool:
        """All files are looked at in one scan."""
        return False

    def _run_scans(self) -> None:
        while not self._stopping.is_set():
            try:
                self.scan_folder()
            except Exception as error:  # noqa: BLE001 - a thread that dies of a bug of ours looks healthy
                self._log_problems({self._folder: f"internal error {error!r}"})
                self._set_states(WatchState.UNREACHABLE, f"internal error {error!r}")
            self._stopping.wait(max(_INTERVAL, _PAUSE * self._scan_time))

    def scan_folder(self) -> None:
        """Scan the folder once, and update the store by what has changed. The thread of ``start`` calls it."""
        began = time.monotonic()
        try:
            stamps, unread = scan_folder(self._folder, self._excluded)
        except OSError as error:
            self._last = self._last or {}
            self._log_problems({self._folder: describe_error(error)})
            self._set_states(WatchState.UNREACHABLE, f"{self._folder}: {describe_error(error)}")
            return
        self._scan_time = time.monotonic() - began  # without reading the files, which costs time only after a change
        moving = changed = False
        for path in sorted(self._files.keys() | stamps.keys()):
            if any(path == place or path.startswith(place + os.sep) for place in unread):
                continue
            stamp = stamps.get(path)
            if self._last is not None and self._last.get(path) != stamp:
                moving = True
            elif stamp is None:
                del self._files[path]
                changed = True
            else:
                file = self._files.setdefault(path, ManifestFile())
                changed = (file.stamp != stamp and self._read_file(path, file, stamp)) or changed
        self._last = stamps
        if changed:
            self._update_store()
        problems = unread | {path: file.problem for path, file in self._files.items() if file.problem}
        if not (moving or unread) and all(file.was_readable for file in self._files.values()):
            self._is_known = True
        self._log_problems(problems)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        state = WatchState.STARTING if moving and not self._is_known else WatchState.WATCHING
        self._set_states(state, next((f"{path}: {reason}{more}" for path, reason in problems.items()), ""))

    def _read_file(self, path: str, file: ManifestFile, stamp: Stamp) -> bool:
        """Whether the file gave its objects."""
        file.stamp = stamp
        if stamp[1] > LIMITS.size:
            file.problem = oversize_reason(LIMITS)
            return False
        text = ""
        try:
            text = decode_text(Path(path).read_bytes())
            manifests = read_documents(text)
        except OSError as error:
            file.problem = describe_error(error)
            return False
        except (DocumentError, ManifestError) as error:
            file.problem = explain_problem(error, looks_like_template(text))
            return False
        file.problem, file.was_readable = "", True
        file.objects = {}
        for manifest in manifests:
            if kind := kind_of(manifest):
                self._add_object(path, file.objects, (kind, read_ref(kind, manifest)), manifest)
            elif near := find_near_miss(manifest):
                self._warn_once(f"{path}: {explain_near_miss(near, manifest)}")
        return True

    def _add_object(self, path: str, objects: Objects, key: Key, manifest: Mapping[str, Any]) -> None:
        """The first one of a key stays."""
        kind, ref = key
        if not ref.name:
            self._warn_once(f"{path}: one {kind.kind} has no metadata.name and is passed over")
        elif objects.setdefault(key, manifest) is not manifest:
            self._warn_once(f"{path}: {clip_text(str(ref), 200)} is there already, in this file or one before it")

    def _update_store(self) -> None:
        """Put what is new into the store, and drop what is gone."""
        objects: Objects = {}
        for path, file in sorted(self._files.items()):
            for key, manifest in file.objects.items():
                self._add_object(path, objects, key, manifest)
        # What others depend on comes first: a Service that finds its pods need not wait for more of them.
        for key, manifest in sorted(objects.items(), key=lambda item: item[0][0].gives_names):
            if self._known_objects.get(key) is not manifest:
                self._store.put(key[0], manifest)
        for kind, ref in self._known_objects.keys() - objects.keys():
            self._store.drop(kind, ref.namespace, ref.name)
        self._known_objects = objects
        for place, unchecked in self._store.list_unchecked():
            self._warn_once(f"{'/'.join(map(clip_text, place))}: {unchecked}")

    def _log_problems(self, problems: Mapping[str, str]) -> None:
        """One log line for each new problem, and one when it is over."""
        for path, reason in problems.items():
            if self._logged.get(path) != reason:
                file = self._files.get(path)
                was_readable = file.was_readable if file else self._is_known
                held = "its objects stay as they were" if was_readable else UNKNOWN_CONTENT
                logger.warning("%s: %s; %s", path, reason, held, extra={"file": path})
        for path in self._logged.keys() - problems.keys():
            logger.info("%s can be read again", path, extra={"file": path})
        self._logged = dict(problems)

    def _warn_once(self, warning: str) -> None:
        if warning not in self._warned:
            self._warned.add(warning)
            logger.warning(warning)

    def _set_states(self, state: WatchState, reason: str) -> None:
        counts = Counter(kind for kind, _ in self._known_objects)
        now = self._clock()
        self._states = tuple(KindState(kind, state, self._is_known, reason, now, counts[kind]) for kind in KINDS)
