"""``catalyst-dns-sync up``: everything under one parent, in a single container or on a laptop."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import IO

from catalyst.dev import DevSetup, add_dev_options, arrange_dev, find_note, leave_note, suggest_examples
from catalyst.invocation import spell_command
from catalyst.probe import probe_url
from catalyst.settings.addresses import HEALTH, METRICS, WEB, make_url
from catalyst.settings.environment import Environment
from catalyst.web.listening import open_sockets
from syncer.httpd import CannotListen, parse_address

GRACE = 4.0
"""Seconds between SIGTERM and SIGKILL for the children; the whole stop takes less than five."""
OPEN_WITHIN = 60.0
"""Seconds that the start waits for open ports, or for the end of a child, before it says where they will be: a slow
machine takes half of it to find out that a setting is wrong, and until then no password is told."""
READY_WITHIN = 20.0
"""Seconds that it waits in dev mode for a syncer that has read all."""
NAMES_WITHIN = 5.0
"""Seconds that it waits in dev mode for the first names, of which there may be none, once all has been read."""

Environ = dict[str, str]


def run_up(argv: Sequence[str]) -> int:
    """Runs until a signal or the end of one child, whose exit code it returns; 0 after a signal. Raises
    ``ImproperlyConfigured``."""
    options = parse_options(argv)
    env = dict(os.environ)  # noqa: TID251
    events: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: events.put(0))
    dev = arrange_dev(env, options) if options.dev else None
    mode = dev.list_options() if dev else []
    tell_person(dev, "preparing the database; the first time takes some seconds")
    preparation = start_preparation(env, mode)
    if preparation.poll() is not None:
        return preparation.returncode
    note = leave_note(find_note(Environment(env)), dev) if dev else None
    children = [preparation]
    try:
        settings = Environment(env)
        web, health, metrics = (settings.read_text(*place) for place in (WEB, HEALTH, METRICS))
        check_addresses({"--port" if options.port else WEB[0]: web, HEALTH[0]: health, METRICS[0]: metrics})
        tell_person(dev, "starting the syncer, the dashboard and the background tasks")
        syncer = ("runsyncer", *mode, "--noreload") if dev else ("runsyncer",)
        commands = (("web",), syncer, ("qcluster",))
        children.extend(start_child(env, events, make_command(*command)) for command in commands if events.empty())
        wait_for(lambda: is_open(web) and is_open(health), events, OPEN_WITHIN)
        notes = describe_dev(dev, health, events) if dev else {}
        if events.empty():
            login = finish_preparation(preparation)
            children.remove(preparation)
            if preparation.returncode:
                return 1
            notes |= {"dashboard": make_url(web, "/ui/"), "health": make_url(health, "/readyz")}
            notes["metrics"] = make_url(metrics, "/metrics")
            print(*(f"{name:<9} {text}" for name, text in notes.items()), login, sep="\n", flush=True)
        return events.get()
    except CannotListen as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    finally:
        stop_children(children)
        if note:
            note.close()


def parse_options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("catalyst-dns-sync up")
    add_dev_options(parser)
    options = parser.parse_args(argv)
    for name in ("hosts_file", "manifests", "port"):
        if getattr(options, name) is not None and not options.dev:
            parser.error(f"--{name.replace('_', '-')} goes with --dev")
    return options


def tell_person(dev: DevSetup | None, text: str) -> None:
    """To the person who waits; a container has its log."""
    if dev:
        print(text, flush=True)


def describe_dev(dev: DevSetup, health: str, events: SimpleQueue[int]) -> dict[str, str]:
    """What is read, what is written, and the proof that it is: names that are there by now."""
    kind = f"{dev.manifests} (edit a file there)" if dev.manifests else "the cluster of the current kubeconfig"
    notes = {"reading": kind, "writing": dev.hosts_file}
    if dev.trouble:
        return notes | {
            "trouble": f"{dev.trouble}; until that is mended no name comes from there",
            "instead": suggest_examples(),
        }
    wait_for(lambda: probe_url(make_url(health, "/readyz"))[1], events, READY_WITHIN)
    wait_for(lambda: bool(dev.list_names()), events, NAMES_WITHIN)
    if names := dev.list_names():
        notes["names"] = f"{len(names)} so far, such as {names[0]}; why: {spell_command()} explain {names[0]}"
    else:
        notes["names"] = f"none so far; what is wrong: {spell_command()} doctor"
    return notes


def make_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "catalyst.cli", *arguments]


def start_preparation(env: Environ, mode: Sequence[str]) -> subprocess.Popen[bytes]:
    """Returns when the database is up to date, or when the process has ended because it or a setting is wrong. The
    first user is made by ``finish_preparation``: a start that fails makes none, and no password is lost by it."""
    # In a session of its own, like the children: Ctrl-C must not come between the first user and its password.
    process = subprocess.Popen(
        make_command("prepare", "--with-syncer", "--wait", *mode),
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout
    if not process.stdout.readline():
        process.wait()
    return process


def finish_preparation(process: subprocess.Popen[bytes]) -> str:
    """Makes the first user where there is none. Returns who can log in, and by which password: told once, and last."""
    told, _ = process.communicate(b"\n")
    return told.decode().rstrip()


def start_child(
    env: Environ, events: SimpleQueue[int], command: Sequence[str], output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """``output`` is where it writes, in the place of our own."""
    # A session of its own: Ctrl-C reaches the parent alone, which then stops each child with all of its offspring.
    child = subprocess.Popen(command, env=env, stdout=output, stderr=output, start_new_session=True)
    watch_end(child, events)
    return child


def watch_end(child: subprocess.Popen[bytes], events: SimpleQueue[int]) -> None:
    def report_end() -> None:
        code = child.wait()
        events.put(code if code > 0 else 1)

    Thread(target=report_end, daemon=True).start()


def check_addresses(addresses: Mapping[str, str]) -> None:
    """By setting. What another program answers on a taken address would pass for the answer of a child. Raises
    ``CannotListen``."""
    for setting, address in addresses.items():
        for listening in open_sockets(setting, address):
            listening.close()


def wait_for(check: Callable[[], bool], events: SimpleQueue[int], seconds: float) -> None:
    """Until it is so, a signal or the end of a child."""
    deadline = time.monotonic() + seconds
    while events.empty() and time.monotonic() < deadline and not check():
        time.sleep(0.05)


def is_open(address: str) -> bool:
    host, port = parse_address(address)
    try:
        socket.create_connection((host or "127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def stop_children(children: Sequence[subprocess.Popen[bytes]]) -> None:
    groups = [child.pid for child in children]
    for child in children:
        child.send_signal(signal.SIGTERM)  # the leader alone, which stops its own: django-q2 hangs when all get it
    deadline = time.monotonic() + GRACE
    while (groups := [group for group in groups if signal_groups([group], 0)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    signal_groups(groups, signal.SIGKILL)


def signal_groups(groups: Sequence[int], number: int) -> bool:
    """Whether any of the process groups still had a process in it."""
    alive = False
    for group in groups:
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            continue
        alive = True
    return alive
