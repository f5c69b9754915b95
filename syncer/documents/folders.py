"""The files of a folder that hold documents, to its leaves."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

SUFFIXES = (".yaml", ".yml", ".json")

Stamp = tuple[int, int, int]
"""Time of the last change (of content, rights or name), size and inode: what tells one state of a file from another."""


class FolderScan(NamedTuple):
    """``unread`` are folders and files that could not be looked at, with the reason."""

    stamps: dict[str, Stamp]
    unread: dict[str, str]


def scan_folder(folder: str, excluded: Sequence[str] = ()) -> FolderScan:
    """Every file of documents below the folder, through symbolic links too. Raises ``OSError`` when it is no folder.

    Names that begin with a dot are left out: editors keep such files, and a mounted ConfigMap has the folder
    ``..data``, to which the links beside it lead. ``excluded`` are globs that leave out the files and folders of which
    the name, or the path below the folder, is like one; a star is for slashes, too.
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
            unread[place] = describe_error(error)
            continue
        for entry in entries:
            if entry.name.startswith(".") or is_excluded(os.path.relpath(entry.path, folder), excluded):
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue
            except OSError as error:
                unread[entry.path] = describe_error(error)
                continue
            if stat.S_ISDIR(status.st_mode):
                if (status.st_dev, status.st_ino) not in visited:
                    visited.add((status.st_dev, status.st_ino))
                    folders.append(entry.path)
            elif stat.S_ISREG(status.st_mode) and entry.name.endswith(SUFFIXES):
                stamps[entry.path] = (status.st_ctime_ns, status.st_size, status.st_ino)
    return FolderScan(stamps, unread)


def is_excluded(path: str, globs: Sequence[str]) -> bool:
    """``path`` is that of a file or folder, from the folder where the search began."""
    return any(fnmatchcase(path, glob) or fnmatchcase(os.path.basename(path), glob) for glob in globs)


def describe_error(error: OSError) -> str:
    return error.strerror or str(error)
