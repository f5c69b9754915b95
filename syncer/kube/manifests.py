"""A folder of manifests instead of a cluster: read, merged, and watched for changes."""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from syncer.core.kinds import KINDS, Kind
from syncer.core.manifest import clip_text, read_ref
from syncer.core.source import Ref
from syncer.documents.limits import LIMITS, DocumentError, decode_text, oversize_reason
from syncer.kube.documents import ManifestError, add_namespaces, kind_of, read_documents
from syncer.kube.feed import KindState, WatchState
from syncer.kube.store import Store

__all__ = ["ManifestError", "ManifestFeed", "kind_of", "read_documents"]

logger = logging.getLogger(__name__)

_PAUSE = 20
"""Times as long as the last scan took: a folder of thousands of files is scanned less often."""

SUFFIXES = (".yaml", ".yml", ".json")

Key = tuple[Kind, Ref]
Objects = dict[Key, Mapping[str, Any]]
Stamp = tuple[int, int, int]
"""Time of the last change (of content, rights or name), size and inode: what tells one state of a file from another."""


class FolderScan(NamedTuple):
    """``unread`` are folders and files that could not be looked at, with the reason."""

    stamps: dict[str, Stamp]
    unread: dict[str, str]


@dataclass(slots=True)
class ManifestFile:
    """``objects`` are what the file gave when it could last be read; ``problem`` is why it cannot be read now."""

    stamp: Stamp | None = None
    objects: Objects = field(default_factory=dict)
    problem: str = ""
    was_readable: bool = False


class ManifestFeed:
    """Implements ``syncer.kube.feed.Feed``.

    A change counts once the file has stayed the same from one scan to the next, ``interval`` seconds later: an editor
    may empty, move or half write it in between. A file that cannot be read leaves its objects as they were.
    """

    def __init__(
        self,
        folder: str | Path,
        store: Store,
        *,
        interval: float = 0.25,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = str(folder)
        self._store = store
        self._interval = interval
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
            self._stopping.wait(max(self._interval, _PAUSE * self._scan_time))

    def scan_folder(self) -> None:
        """Scan the folder once, and update the store by what has changed. The thread of ``start`` calls it."""
        began = time.monotonic()
        try:
            stamps, unread = _scan_tree(self._folder)
        except OSError as error:
            self._last = self._last or {}
            self._log_problems({self._folder: _describe_error(error)})
            self._set_states(WatchState.UNREACHABLE, f"{self._folder}: {_describe_error(error)}")
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
        try:
            manifests = read_documents(decode_text(Path(path).read_bytes()))
        except OSError as error:
            file.problem = _describe_error(error)
            return False
        except (DocumentError, ManifestError) as error:
            file.problem = str(error)
            return False
        file.problem, file.was_readable = "", True
        file.objects = {}
        for manifest in manifests:
            if kind := kind_of(manifest):
                self._add_object(path, file.objects, (kind, read_ref(kind, manifest)), manifest)
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
        add_namespaces(objects)
        for key, manifest in objects.items():
            if self._known_objects.get(key) is not manifest:
                self._store.put(key[0], manifest)
        for kind, ref in self._known_objects.keys() - objects.keys():
            self._store.drop(kind, ref.namespace, ref.name)
        self._known_objects = objects

    def _log_problems(self, problems: Mapping[str, str]) -> None:
        """One log line for each new problem, and one when it is over."""
        for path, reason in problems.items():
            if self._logged.get(path) != reason:
                logger.warning("%s: %s; its objects stay as they were", path, reason, extra={"file": path})
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


def _scan_tree(folder: str) -> FolderScan:
    """Every manifest below the folder, through symbolic links too. Raises ``OSError`` when it is no folder.

    Names that begin with a dot are left out: editors keep such files, and a mounted ConfigMap has the folder
    ``..data``, to which the links beside it lead.
    """
    stamps: dict[str, Stamp] = {}
    unread: dict[str, str] = {}
    top = os.stat(folder)
    visited = {(top.st_dev, top.st_ino)}
    folders = [folder]
    while folders:
        place = folders.pop()
        try:
            entries = list(os.scandir(place))
        except OSError as error:
            if place == folder:
                raise
            unread[place] = _describe_error(error)
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue
            except OSError as error:
                unread[entry.path] = _describe_error(error)
                continue
            if stat.S_ISDIR(status.st_mode):
                if (status.st_dev, status.st_ino) not in visited:
                    visited.add((status.st_dev, status.st_ino))
                    folders.append(entry.path)
            elif stat.S_ISREG(status.st_mode) and entry.name.endswith(SUFFIXES):
                stamps[entry.path] = (status.st_ctime_ns, status.st_size, status.st_ino)
    return FolderScan(stamps, unread)


def _describe_error(error: OSError) -> str:
    return error.strerror or str(error)
