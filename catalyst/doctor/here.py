"""This machine: its settings and files, and the database."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error, connection

from catalyst.dev import DevNote
from catalyst.doctor.finding import Finding, report_ok, report_problem, report_warning
from catalyst.invocation import spell_command
from catalyst.probe import probe_url
from catalyst.settings.addresses import HEALTH, WEB, make_url
from catalyst.settings.environment import LIKENESS
from catalyst.settings.worker import INSTALLED_APPS as WORKER_APPS
from catalyst.web.health import find_database_problems, list_pending_migrations
from records.freezes import current_freezes
from records.ledger import DatabaseLedger
from syncer.config import Config, HostsConfig, TargetConfig
from syncer.identity import ProcessIdentity
from syncer.targets import make_target
from syncer.tenure import has_ended

FIRST_OF_ADMIN = "auth.0001_initial"
"""The migration without which there is no user."""

NETWORK_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph")


def check_settings(config: Config, warnings: Sequence[str]) -> Iterator[Finding]:
    source = config.kube.manifests or "the cluster"
    dry = "; nothing is written (DRY_RUN)" if config.dry_run else ""
    owner = config.targets[0].managed.owner_id
    for target in config.targets:
        name = f"{target.name}, " if len(config.targets) > 1 else ""
        where = f"{name}{target.place}, zones {', '.join(target.scope.zones)}"
        yield report_ok("settings", f"from {source} to {where}, as {owner}{dry}")
    for text in warnings:
        yield report_warning("settings", text)
    known = settings.ENVIRONMENT.asked
    for name in sorted(os.environ.keys() - known.keys()):  # noqa: TID251 - a variable that is not a setting has no reader
        if like := get_close_matches(name, known, 1, LIKENESS):
            yield report_warning("settings", f"{name} is not a setting and has no effect: did you mean {like[0]}?")


def check_started(note: DevNote) -> Iterator[Finding]:
    """``up --dev``, as it was started last with this DATA_DIR."""
    about = "up --dev"
    if not note.is_running:
        text = "was started here last, and has ended; what follows are its settings (for others set DNS_SERVER_URL)"
        yield report_ok(about, text)
        return
    addresses = note.setup.addresses
    yield report_ok(about, f"runs here; its dashboard is {make_url(addresses[WEB[0]], '/ui/')}")
    for who, setting in (("the web", WEB[0]), ("the syncer", HEALTH[0])):
        said, is_well = probe_url(make_url(addresses[setting], "/readyz"))
        if is_well:
            yield report_ok(about, f"{who} is ready ({said})")
        else:
            yield report_problem(about, f"{who} is not ready ({said}): see what it prints where it was started")


def check_folders() -> Iterator[Finding]:
    yield check_folder("DATA_DIR", settings.DATA_DIR)
    if settings.BACKUP_DIR:
        yield check_folder("BACKUP_DIR", settings.BACKUP_DIR)


def check_folder(setting: str, path: Path) -> Finding:
    """A folder that is missing is made by the first process that needs it: what counts is the folder around it."""
    try:
        there = next(place for place in (path, *path.parents) if place.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        verb = "written" if there == path else "made"
        return report_problem(
            "folder", f"{path} cannot be {verb} ({error.strerror}): see {setting}, and who owns the folder"
        )
    return report_ok(
        "folder", f"{path} can be written" if there == path else f"{path} is not there yet, and can be made"
    )


def check_database() -> Iterator[Finding]:
    entry = connection.settings_dict
    if connection.vendor == "sqlite":
        path = Path(entry["NAME"])
        if not path.exists():
            yield report_problem("database", f"{path} does not exist yet: run {spell_command()} prepare")
            return
        if "WAL" in entry["OPTIONS"].get("init_command", "") and (system := find_network_mount(path)):
            yield report_warning("database", f"{path} is on {system}: set SQLITE_WAL=false, or use a local volume")
    where = entry["NAME"] if connection.vendor == "sqlite" else f"{entry['NAME']} on {entry['HOST'] or 'this machine'}"
    lacking = find_admin_lack()
    problems = [] if lacking else find_database_problems()
    for text in problems:
        yield report_problem("database", text)
    if problems:
        return
    up_to_date = "has all that the syncer needs" if lacking else "is up to date"
    yield report_ok("database", f"{where} ({connection.display_name}) answers and {up_to_date}")
    if lacking:
        yield report_warning("database", lacking)
    yield check_syncer()
    yield from check_freezes()


def find_admin_lack() -> str:
    """What is wrong with a database that ``runsyncer --dev-mode`` made for itself alone; "" for any other."""
    try:
        missing = list_pending_migrations()
    except Error:
        return ""
    if FIRST_OF_ADMIN not in missing or any(migration.split(".")[0] in WORKER_APPS for migration in missing):
        return ""
    return f"it has no tables for the admin and the API yet: run {spell_command()} prepare before you start those"


def check_syncer() -> Finding:
    """Who is at work on the database, so that who is refused can be told of whom."""
    holder = DatabaseLedger().holder()
    if holder is None:
        return report_ok("syncer", "none has been at work on this database yet")
    if has_ended(holder, ProcessIdentity.of_this_process()):
        return report_ok("syncer", f"none is at work; the last one was {holder}")
    return report_ok("syncer", f"{holder}, last heard of {max(0.0, holder.age):.0f} s ago")


def check_freezes() -> Iterator[Finding]:
    """Whether a person holds all writes, so that nobody looks elsewhere for the reason."""
    for row in current_freezes():
        yield report_warning("writes", f"{row.freeze}; {spell_command()} resume-writes ends that")


def find_network_mount(path: Path, mounts: str = "/proc/self/mounts") -> str:
    """The type of the network file system that ``path`` is on; "" for a local one."""
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


def check_log_receiver() -> Iterator[Finding]:
    if not settings.GELF_URL:
        return
    parts = urlsplit(settings.GELF_URL)
    host, port = parts.hostname or "", parts.port or 12201
    try:
        if parts.scheme == "tcp":
            socket.create_connection((host, port), timeout=5).close()
            yield report_ok("log", f"{settings.GELF_URL} takes connections")
        else:
            socket.getaddrinfo(host, port)
            yield report_ok("log", f"{host} has an address; over UDP there is no telling whether it listens")
    except (OSError, UnicodeError) as error:
        yield report_problem(
            "log", f"{settings.GELF_URL} cannot be reached ({error}): check that it runs, and GELF_URL"
        )


def check_hosts_file(config: TargetConfig) -> Iterator[Finding]:
    assert isinstance(config.settings, HostsConfig)
    make_target(config, lambda endpoint, method, status, seconds: None).check()
    yield report_ok("hosts file", f"{config.settings.path} can be read and written")


def check_manifests(folder: str) -> Iterator[Finding]:
    if not os.path.isdir(folder) or not os.access(folder, os.R_OK | os.X_OK):
        yield report_problem("manifests", f"{folder} is not a folder that can be read: see --manifests")
        return
    yield report_ok("manifests", f"{folder} can be read")
