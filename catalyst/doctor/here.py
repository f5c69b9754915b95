"""What is on this machine: settings, files, the database."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from catalyst.doctor.finding import Finding, ok, problem, warning
from catalyst.web.health import database_problems
from syncer.config import Config, HostsConfig
from syncer.targets import make_target

NETWORK_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph")
LIKENESS = 0.88
"""Of two names, from which on one is taken for a slip of the other."""


def settings_in_force(config: Config, warnings: Sequence[str]) -> Iterator[Finding]:
    target = config.target
    where = target.path if isinstance(target, HostsConfig) else target.url
    source = config.kube.manifests or "the cluster"
    dry = "; nothing is written (DRY_RUN)" if config.dry_run else ""
    yield ok(
        "settings",
        f"from {source} to {where}, zones {', '.join(config.scope.zones)}, as {config.managed.owner_id}{dry}",
    )
    for text in warnings:
        yield warning("settings", text)
    known = settings.ENVIRONMENT.asked
    for name in sorted(os.environ.keys() - known.keys()):  # noqa: TID251 - a name that no setting has is read nowhere
        if like := get_close_matches(name, known, 1, LIKENESS):
            yield warning("settings", f"{name} is no setting and has no effect: was {like[0]} meant?")


def folders() -> Iterator[Finding]:
    yield folder("DATA_DIR", settings.DATA_DIR)
    if settings.BACKUP_DIR:
        yield folder("BACKUP_DIR", settings.BACKUP_DIR)


def folder(setting: str, path: Path) -> Finding:
    """One that is not there is made by who needs it first: what counts is the folder that it would be made in."""
    try:
        there = next(place for place in (path, *path.parents) if place.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        verb = "written" if there == path else "made"
        return problem("folder", f"{path} cannot be {verb} ({error.strerror}): see {setting}, and who owns the folder")
    return ok("folder", f"{path} can be written" if there == path else f"{path} is not there yet, and can be made")


def database() -> Iterator[Finding]:
    entry = connection.settings_dict
    if connection.vendor == "sqlite":
        path = Path(entry["NAME"])
        if not path.exists():
            yield problem("database", f"{path} does not exist yet: run catalyst-dns-sync prepare")
            return
        if "WAL" in entry["OPTIONS"].get("init_command", "") and (system := network_file_system(path)):
            yield warning("database", f"{path} is on {system}: set SQLITE_WAL=false, or use a local volume")
    where = entry["NAME"] if connection.vendor == "sqlite" else f"{entry['NAME']} on {entry['HOST'] or 'this machine'}"
    problems = database_problems()
    for text in problems:
        yield problem("database", text)
    if not problems:
        yield ok("database", f"{where} ({connection.display_name}) answers and is up to date")


def network_file_system(path: Path, mounts: str = "/proc/self/mounts") -> str:
    """Its type, where ``path`` is on one; else ""."""
    found, longest = "", -1
    try:
        lines = Path(mounts).read_text().splitlines()
    except OSError:
        return ""
    resolved = path.resolve()
    for line in lines:
        _, mounted, kind, *_ = line.split(" ")
        place = Path(mounted.replace("\\040", " "))
        if resolved.is_relative_to(place) and len(place.parts) >= longest:
            found, longest = kind, len(place.parts)
    return found if found in NETWORK_FILE_SYSTEMS else ""


def log_receiver() -> Iterator[Finding]:
    if not settings.GELF_URL:
        return
    parts = urlsplit(settings.GELF_URL)
    host, port = parts.hostname or "", parts.port or 12201
    try:
        if parts.scheme == "tcp":
            socket.create_connection((host, port), timeout=5).close()
            yield ok("log", f"{settings.GELF_URL} takes connections")
        else:
            socket.getaddrinfo(host, port)
            yield ok("log", f"{host} is known; whether it listens, UDP does not tell")
    except (OSError, UnicodeError) as error:
        yield problem("log", f"{settings.GELF_URL} cannot be reached ({error}): check that it runs, and GELF_URL")


def hosts_file(config: Config) -> Iterator[Finding]:
    assert isinstance(config.target, HostsConfig)
    make_target(config, lambda endpoint, method, status, seconds: None).check()
    yield ok("hosts file", f"{config.target.path} can be read and written")


def manifests(folder: str) -> Iterator[Finding]:
    if not os.path.isdir(folder) or not os.access(folder, os.R_OK | os.X_OK):
        yield problem("manifests", f"{folder} is no folder that can be read: see --manifests")
        return
    yield ok("manifests", f"{folder} can be read")
