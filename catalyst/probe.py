"""Asks the processes of this container for their health: its HEALTHCHECK, and a person with a shell.

What to ask follows from what the container was started with, which its first process remembers.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from syncer.httpd import parse_address

TIMEOUT = 3.0
"""Seconds."""
FIRST_PROCESS = Path("/proc/1/cmdline")

ADDRESSES = {
    "runsyncer": ("HEALTH_PROBE_ADDRESS", ":8081"),
    "web": ("WEB_BIND_ADDRESS", "127.0.0.1:8000"),
    "qcluster": ("TASKS_PROBE_ADDRESS", ""),
}
"""Of each process that runs on: the setting that says where it listens, and its default."""


def probe(argv: Sequence[str]) -> tuple[str, bool]:
    """What to tell, and whether all is well. The argument is a URL, or the command that is to be asked about; without
    one it is that of the container, else the syncer of this machine."""
    if argv and "://" in argv[0]:
        return ask(argv[0])
    command = list(argv) or started_with(FIRST_PROCESS) or ["runsyncer"]
    if command[0] not in (*ADDRESSES, "up") or "--once" in command or "--run-once" in command:
        return f"{command[0]} comes to an end by itself: there is nothing to ask", True
    urls = list(addresses_of(command, os.environ))  # noqa: TID251
    if not urls:
        return "TASKS_PROBE_ADDRESS is not set, so the background tasks cannot be asked", False
    answers = [ask(url) for url in urls]
    return "\n".join(text for text, _ in answers), all(well for _, well in answers)


def started_with(process: Path) -> list[str]:
    """Our command and its arguments in the command line of a process; an init such as tini may stand before them."""
    try:
        words = process.read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:  # no /proc
        return []
    for at, word in enumerate(words):
        if word.endswith(("/catalyst-dns-sync", "/manage.py")) or word in ("catalyst-dns-sync", "catalyst.cli"):
            command = words[at + 1 :] or ["help"]
            return command[1:] or ["help"] if command[0] == "manage" else command
    return []


def addresses_of(command: Sequence[str], variables: Mapping[str, str]) -> Iterator[str]:
    name, *options = command
    for process in ADDRESSES if name == "up" else (name,):
        setting, default = ADDRESSES[process]
        address = variables.get(setting, "").strip() or default
        if process == "web":
            address = option(options, "--bind") or address
        if address:
            yield healthz(address)


def option(options: Sequence[str], name: str) -> str:
    for at, word in enumerate(options):
        if word == name:
            return "".join(options[at + 1 : at + 2])
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def healthz(address: str) -> str:
    host, port = parse_address(address)
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}/healthz" if ":" in host else f"http://{host}:{port}/healthz"


def ask(url: str) -> tuple[str, bool]:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310
            return f"{url}: {answer.status}", True
    except urllib.error.HTTPError as error:
        with error:
            return f"{url}: {error.code} {said(error.read())}".rstrip(), False
    except OSError as error:
        return f"{url}: {getattr(error, 'reason', error)}", False


def said(body: bytes) -> str:
    try:
        return "; ".join(json.loads(body)["problems"])
    except (ValueError, KeyError, TypeError):
        return ""
