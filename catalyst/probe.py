"""``catalyst-dns-sync health``: the image's HEALTHCHECK, and for a person with a shell.

Which processes to probe follows from the command that the container was started with, which is that of its first
process.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from catalyst.settings.addresses import HEALTH, TASKS, WEB, make_url
from catalyst.settings.environment import Environment

TIMEOUT = 3.0
"""Seconds."""
FIRST_PROCESS = Path("/proc/1/cmdline")

ADDRESSES = {
    "runsyncer": HEALTH,
    "web": WEB,
    "qcluster": TASKS,
}
"""For each command that does not end by itself: the setting that says where its process listens, and the default."""


def probe_health(argv: Sequence[str]) -> tuple[str, bool]:
    """What to tell, and whether all is well. The argument is a URL, or the command whose processes are probed; without
    one it is the command of the container, else the syncer of this machine."""
    if argv and "://" in argv[0]:
        return probe_url(argv[0])
    command = list(argv) or read_command(FIRST_PROCESS) or ["runsyncer"]
    if command[0] not in (*ADDRESSES, "up") or "--once" in command or "--run-once" in command:
        return f"{command[0]} comes to an end by itself: there is nothing to ask", True
    urls = list(find_urls(command, Environment(os.environ)))  # noqa: TID251
    if not urls:
        return "TASKS_PROBE_ADDRESS is not set, so the background tasks cannot be asked", False
    answers = [probe_url(url) for url in urls]
    return "\n".join(text for text, _ in answers), all(well for _, well in answers)


def read_command(process: Path) -> list[str]:
    """Our command and its arguments in the command line of a process; an init such as tini may come before them."""
    try:
        words = process.read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:  # no /proc
        return []
    for at, word in enumerate(words):
        if word.endswith(("/catalyst-dns-sync", "/manage.py")) or word in ("catalyst-dns-sync", "catalyst.cli"):
            command = words[at + 1 :] or ["help"]
            return command[1:] or ["help"] if command[0] == "manage" else command
    return []


def find_urls(command: Sequence[str], env: Environment) -> Iterator[str]:
    """Of the processes that the command starts."""
    name, *options = command
    for process in ADDRESSES if name == "up" else (name,):
        setting, default = ADDRESSES[process]
        address = env.read_text(setting, default)
        if process == "web":
            address = find_option(options, "--bind") or address
        if address:
            yield make_url(address, "/healthz")


def find_option(options: Sequence[str], name: str) -> str:
    for at, word in enumerate(options):
        if word == name:
            return "".join(options[at + 1 : at + 2])
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def probe_url(url: str) -> tuple[str, bool]:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310
            return f"{url}: {answer.status}", True
    except urllib.error.HTTPError as error:
        with error:
            return f"{url}: {error.code} {read_problems(error.read())}".rstrip(), False
    except OSError as error:
        return f"{url}: {getattr(error, 'reason', error)}", False


def read_problems(body: bytes) -> str:
    """From one of our own answers; "" from the answer of something else."""
    try:
        return "; ".join(json.loads(body)["problems"])
    except (ValueError, KeyError, TypeError):
        return ""
