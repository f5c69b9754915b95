"""The hosts file itself: locked while it is read or written, replaced as a whole where that can be."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from syncer.errors import SyncError, TargetUnreachable, ZoneUnusable
from syncer.targets.hosts.block import BlockUnclear, HostsLine, HostsText, parse_hosts

log = logging.getLogger(__name__)

LOCK_PATIENCE = 2.0
"""Seconds to wait for another program that holds the file."""

NO_REPLACING = frozenset(
    {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMLINK, errno.EOPNOTSUPP}
)
"""Why a new file cannot take the place of the old one although the old one may be written: it is bind-mounted or has
several links, we have no rights on its folder, or cannot give a new file the owner of the old one."""


class Edit(NamedTuple):
    """``text`` is what the file holds; ``write_block`` gives it these lines for a block."""

    text: HostsText
    write_block: Callable[[Iterable[HostsLine]], None]


class HostsFile:
    """Raises ``ZoneUnusable`` for what a person has to mend, ``TargetUnreachable`` for the rest."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._warned = False

    def check_access(self) -> None:
        """Raise when it cannot be written or our block in it cannot be told from the rest."""
        with self._open_locked(os.O_RDWR, fcntl.LOCK_SH) as (_, fd):
            self._parse_text(_read_whole(fd))

    def read_text(self) -> HostsText:
        with self._open_locked(os.O_RDONLY, fcntl.LOCK_SH) as (_, fd):
            return self._parse_text(_read_whole(fd))

    @contextmanager
    def edit_text(self) -> Iterator[Edit]:
        """No one else writes the file meanwhile. A text that does not change is not written."""
        with self._open_locked(os.O_RDWR, fcntl.LOCK_EX) as (path, fd):
            old = _read_whole(fd)
            text = self._parse_text(old)

            def write_block(lines: Iterable[HostsLine]) -> None:
                new = text.render_with(list(lines))
                if new != old:
                    self._write_text(path, fd, old, new)

            yield Edit(text, write_block)

    def _parse_text(self, text: bytes) -> HostsText:
        try:
            return parse_hosts(text)
        except BlockUnclear as error:
            raise ZoneUnusable(f"{self.path}: {error}") from None

    def _write_text(self, path: str, fd: int, old: bytes, new: bytes) -> None:
        try:
            _replace_file(path, fd, new)
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
            _overwrite_file(fd, old, new)

    @contextmanager
    def _open_locked(self, flags: int, lock: int) -> Iterator[tuple[str, int]]:
        """The file behind all links, locked; errors become ours."""
        path = os.path.realpath(self.path)
        try:
            fd = _lock_file(path, flags, lock)
            try:
                yield path, fd
            finally:
                os.close(fd)
        except OSError as error:
            raise _explain_error(path, error) from error


def _explain_error(path: str, error: OSError) -> SyncError:
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


def _lock_file(path: str, flags: int, lock: int) -> int:
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        # Without O_NONBLOCK the opening of a FIFO would hang.
        fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if _take_lock(fd, path, lock):
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        if time.monotonic() > deadline:
            raise OSError(errno.EAGAIN, "another program keeps it locked")
        time.sleep(0.05)


def _take_lock(fd: int, path: str, lock: int) -> bool:
    """Whether the lock is ours, and on the file that is at ``path`` now: its last holder may have replaced it."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise OSError(errno.EINVAL, "no regular file")
    try:
        fcntl.flock(fd, lock | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.path.samestat(os.fstat(fd), os.stat(path))


def _read_whole(fd: int) -> bytes:
    with open(fd, "rb", closefd=False) as file:
        return file.read()


def _replace_file(path: str, fd: int, text: bytes) -> None:
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


def _overwrite_file(fd: int, old: bytes, new: bytes) -> None:
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
