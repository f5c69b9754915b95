"""A hosts file as a target, for development: the same engine as in production, without a DNS server.

Lines outside our block are never changed. Their addresses show up in readings without a mark, so that a name which
somebody put there by hand counts as foreign or in conflict, just like a record on a DNS server: a resolver takes the
first line that fits, and ours below it would not be heard.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import stat
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby

from syncer.core.names import is_wildcard, zone_of
from syncer.core.plan import Change
from syncer.core.rrsets import Found, Marker, RRset
from syncer.errors import SyncError, TargetUnreachable, ZoneUnusable
from syncer.targets.base import Outcome, Reading, Result
from syncer.targets.hosts.block import BlockUnclear, HostsLine, HostsText, parse

log = logging.getLogger(__name__)

LOCK_PATIENCE = 2.0
"""Seconds to wait for another program that holds the file."""

NO_REPLACING = frozenset(
    {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMLINK, errno.EOPNOTSUPP}
)
"""Why a new file cannot take the place of the old one although the old one may be written: it is bind-mounted or has
several links, we have no rights on its folder, or cannot give a new file the owner of the old one."""


class HostsTarget:
    """The managed block of one hosts file. ``zones`` are all zones that it holds, each name in the longest that fits.

    The file must exist. What a person has to put right raises ``ZoneUnusable``, so that it is tried again by the clock.
    """

    name = "hosts"
    keeps_ttl = False
    is_bulky = True
    is_ours_alone = True

    def __init__(self, path: str, marker: Marker, zones: Collection[str]) -> None:
        self.path = path
        self._mark = marker.mark("hosts-file")
        self._zones = tuple(zones)
        self._warned = False

    def check(self) -> None:
        with self._opened(os.O_RDWR, fcntl.LOCK_SH) as (_, fd):
            self._parsed(_contents(fd))

    def serials(self) -> None:
        return None

    def read(self, zone: str, names: Collection[str] | None = None) -> Reading:
        with self._opened(os.O_RDONLY, fcntl.LOCK_SH) as (_, fd):
            text = self._parsed(_contents(fd))
        return Reading(zone, None, self._found(text, zone, None if names is None else frozenset(names)))

    def lost_writes(self, zone: str) -> bool:
        return False

    def refuses(self, rrset: RRset) -> str:
        if is_wildcard(rrset.name):
            return "a hosts file cannot hold a wildcard"
        if rrset.type not in ("A", "AAAA"):
            return f"a hosts file holds addresses only, no {rrset.type}"
        return ""

    def apply(self, zone: str, changes: Sequence[Change]) -> Iterator[Result]:
        """All changes in one write. An error means that none was made."""
        with self._opened(os.O_RDWR, fcntl.LOCK_EX) as (path, fd):
            old = _contents(fd)
            text = self._parsed(old)
            block: dict[tuple[str, str], tuple[str, ...]] = {}
            for host, kind, address in text.entries:
                block[host, kind] = (*block.get((host, kind), ()), address)
            results = [self._change(block, change) for change in changes]
            new = text.holding([HostsLine(*key, address) for key, addresses in block.items() for address in addresses])
            if new != old:
                self._write(path, fd, old, new)
        return iter(results)

    def left_serial(self, zone: str) -> None:
        return None

    def _found(self, text: HostsText, zone: str, names: frozenset[str] | None) -> Iterator[Found]:
        def wanted(entry: HostsLine) -> bool:
            return (names is None or entry.host in names) and zone_of(entry.host, self._zones) == zone

        entries = sorted(filter(wanted, text.entries | text.foreign))
        for (host, kind), group in groupby(entries, key=lambda entry: (entry.host, entry.type)):
            same = list(group)
            yield Found(
                RRset(host, kind, 0, tuple(entry.address for entry in same)),
                tuple(self._mark if entry in text.entries else "" for entry in same),
                # The next plan then rewrites what is ours, and the block is whole again.
                intact=not (text.damaged and text.entries.issuperset(same)),
            )

    def _change(self, block: dict[tuple[str, str], tuple[str, ...]], change: Change) -> Result:
        after = change.after
        if after and (reason := self.refuses(after)):
            return Result(change, Outcome.REFUSED, reason, permanent=True)
        if after and change.adopts and change.before and (others := {*change.before.rrset.values} - {*after.values}):
            lines = " and ".join(f"`{address} {after.name}`" for address in sorted(others))
            reason = f"lines outside the managed block are not ours to change: take out {lines} by hand"
            return Result(change, Outcome.REFUSED, reason, permanent=True)
        if after:
            block[change.key] = after.values
        else:
            block.pop(change.key, None)
        return Result(change, Outcome.DONE)

    def _parsed(self, text: bytes) -> HostsText:
        try:
            return parse(text)
        except BlockUnclear as error:
            raise ZoneUnusable(f"{self.path}: {error}") from None

    def _write(self, path: str, fd: int, old: bytes, new: bytes) -> None:
        try:
            _replace(path, fd, new)
        except OSError as error:
            if error.errno not in NO_REPLACING:
                raise
            if not self._warned:
                self._warned = True
                log.warning(
                    "%s cannot be replaced as a whole (%s), so it is written in place, and a reader may see half a "
                    "change. In a container, mount its folder instead of the file.",
                    path,
                    error.strerror,
                )
            _overwrite(fd, old, new)

    @contextmanager
    def _opened(self, flags: int, lock: int) -> Iterator[tuple[str, int]]:
        """The file behind all links, locked; errors become ours."""
        path = os.path.realpath(self.path)
        try:
            fd = _locked(path, flags, lock)
            try:
                yield path, fd
            finally:
                os.close(fd)
        except OSError as error:
            raise _explained(path, error) from error


def _explained(path: str, error: OSError) -> SyncError:
    instead = "or name a file of your own with --hosts-file"
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return ZoneUnusable(f"{path} does not exist: run `touch {path}`, {instead}")
        case errno.EISDIR | errno.EINVAL | errno.ENXIO:
            return ZoneUnusable(f"{path} is no regular file: name another one with --hosts-file")
        case errno.EACCES | errno.EPERM:
            command = f"sudo setfacl -m u:{os.geteuid()}:rw {path}"
            return ZoneUnusable(f"no right to write {path}: run `{command}`, {instead}")
        case errno.EROFS:
            return ZoneUnusable(f"{path} is on a read-only file system: mount it writable, {instead}")
    return TargetUnreachable(f"{path} cannot be used: {error.strerror or error}")


def _locked(path: str, flags: int, lock: int) -> int:
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        # Without O_NONBLOCK the opening of a FIFO would hang.
        fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if _take(fd, path, lock):
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        if time.monotonic() > deadline:
            raise OSError(errno.EAGAIN, "another program keeps it locked")
        time.sleep(0.05)


def _take(fd: int, path: str, lock: int) -> bool:
    """Whether the lock is ours, and on the file that stands at ``path`` now: its last holder may have replaced it."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise OSError(errno.EINVAL, "no regular file")
    try:
        fcntl.flock(fd, lock | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.path.samestat(os.fstat(fd), os.stat(path))


def _contents(fd: int) -> bytes:
    with open(fd, "rb", closefd=False) as file:
        return file.read()


def _replace(path: str, fd: int, text: bytes) -> None:
    """Put a new file with mode, owner and attributes of the old one in its place. An OSError: nothing has changed."""
    old = os.fstat(fd)
    if old.st_nlink > 1:
        raise OSError(errno.EMLINK, "it has several hard links")
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.catalyst-dns-sync")
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    new = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            _write_all(new, text, 0)
            os.fchown(new, old.st_uid, old.st_gid)
            os.fchmod(new, stat.S_IMODE(old.st_mode))
            if hasattr(os, "listxattr"):  # Linux only; holds the access control lists too
                for attribute in os.listxattr(fd):
                    os.setxattr(new, attribute, os.getxattr(fd, attribute))
            os.fsync(new)
        finally:
            os.close(new)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    with suppress(OSError):
        _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _overwrite(fd: int, old: bytes, new: bytes) -> None:
    """Write in place. What needs new space goes first, so that a full disk is noticed before anything is lost."""
    try:
        _write_all(fd, new[len(old) :], len(old))
        _write_all(fd, new[: len(old)], 0)
        os.ftruncate(fd, len(new))
    except OSError:
        _write_all(fd, old, 0)
        os.ftruncate(fd, len(old))
        raise
    os.fsync(fd)


def _write_all(fd: int, text: bytes, offset: int) -> None:
    rest = memoryview(text)
    while rest:
        written = os.pwrite(fd, rest, offset)
        rest, offset = rest[written:], offset + written
