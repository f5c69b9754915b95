"""``catalyst-dns-sync up``: everything under one parent, in a single container or on a laptop."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from catalyst.settings.addresses import HEALTH, METRICS, WEB, make_url
from catalyst.settings.environment import Environment
from catalyst.web.listening import open_sockets
from syncer.httpd import CannotListen, parse_address

EXAMPLES = "examples/manifests"
GRACE = 4.0
"""Seconds between SIGTERM and SIGKILL for the children; the whole stop takes less than five."""
READY_WITHIN = 20.0
"""Seconds that the start waits for open ports before it says where they will be."""

Environ = dict[str, str]


def run_up(argv: Sequence[str]) -> int:
    """Runs until a signal or the end of one child, whose exit code it returns; 0 after a signal."""
    options = parse_options(argv)
    env = dict(os.environ)  # noqa: TID251
    arguments: list[str] = []
    notes: dict[str, str] = {}
    if options.dev:
        arguments, notes = arrange_dev(env, options)
    events: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: events.put(0))

    # In a session of its own, like the children: Ctrl-C must not come between the first admin and its password.
    prepared = subprocess.run(
        make_command("prepare"), env=env, stdout=subprocess.PIPE, text=True, check=False, start_new_session=True
    )
    if prepared.returncode:
        return prepared.returncode
    last_line = prepared.stdout.rstrip()
    """Who can log in, and with which password: told once, and last, however the start ends."""
    children: list[subprocess.Popen[bytes]] = []
    try:
        settings = Environment(env)
        web, health, metrics = (settings.read_text(*place) for place in (WEB, HEALTH, METRICS))
        check_addresses({"WEB_BIND_ADDRESS": web, "HEALTH_PROBE_ADDRESS": health, "METRICS_BIND_ADDRESS": metrics})
        for name, more in (("web", ()), ("runsyncer", arguments), ("qcluster", ())):
            if events.empty():
                children.append(start_child(env, events, name, *more))
        wait_until_open((web, health), events)
        if events.empty():
            notes["admin"] = make_url(web, "/admin/")
            notes["health"] = make_url(health, "/readyz")
            notes["metrics"] = make_url(metrics, "/metrics")
            print(*(f"{name:<9} {text}" for name, text in notes.items()), last_line, sep="\n", flush=True)
            last_line = ""
        return events.get()
    except CannotListen as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    finally:
        stop_children(children)
        if last_line:
            print(last_line, flush=True)


def parse_options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("catalyst-dns-sync up")
    parser.add_argument("--dev", action="store_true", help="write a hosts file instead of a DNS server")
    parser.add_argument("--hosts-file", default="hosts.dev", metavar="PATH", help="with --dev (default: %(default)s)")
    parser.add_argument("--manifests", metavar="DIR", help=f"with --dev (default: the cluster, else {EXAMPLES})")
    return parser.parse_args(argv)


def arrange_dev(env: Environ, options: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """The arguments for the syncer, and what to tell. Fills in what ``env`` lacks."""
    hosts_file = Path(options.hosts_file).absolute()
    if not hosts_file.exists():
        hosts_file.touch()
        hosts_file.chmod(0o644)  # every program that resolves names by it must be able to read it
    arguments = ["--dev-mode", "--noreload", "--hosts-file", str(hosts_file)]
    notes = {"writing": str(hosts_file), "reading": "the cluster of the current kubeconfig"}
    manifests = options.manifests or ("" if has_cluster(env) else EXAMPLES)
    if manifests:
        arguments += ["--manifests", manifests]
        notes["reading"] = f"{manifests} (edit a file there)"
    if not env.get("LOG_FORMAT"):
        env["LOG_FORMAT"] = "text"
    taken: set[int] = set()
    for name, first in (("WEB_BIND_ADDRESS", 8000), ("METRICS_BIND_ADDRESS", 8080), ("HEALTH_PROBE_ADDRESS", 8081)):
        if not env.get(name):
            port = find_port(first, taken)
            if port != first:
                print(f"port {first} is taken: {name} is 127.0.0.1:{port}", flush=True)
            env[name] = f"127.0.0.1:{port}"
            taken.add(port)
    return arguments, notes


def has_cluster(env: Mapping[str, str]) -> bool:
    if env.get("KUBERNETES_SERVICE_HOST"):
        return True
    paths = env.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    return any(Path(path).is_file() for path in paths.split(os.pathsep) if path)


def find_port(first: int, taken: set[int]) -> int:
    for port in range(first, min(first + 100, 65536)):
        if port in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one in TIME_WAIT is free
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return first


def make_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "catalyst.cli", *arguments]


def start_child(env: Environ, events: SimpleQueue[int], *arguments: str) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches the parent alone, which then stops each child with all of its offspring.
    child = subprocess.Popen(make_command(*arguments), env=env, start_new_session=True)

    def report_end() -> None:
        code = child.wait()
        events.put(code if code > 0 else 1)

    Thread(target=report_end, daemon=True).start()
    return child


def check_addresses(addresses: Mapping[str, str]) -> None:
    """By setting. What another program answers on a taken address would pass for the answer of a child. Raises
    ``CannotListen``."""
    for setting, address in addresses.items():
        for listening in open_sockets(setting, address):
            listening.close()


def wait_until_open(addresses: Sequence[str], events: SimpleQueue[int]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    waiting = [parse_address(address) for address in addresses]
    while waiting and events.empty() and time.monotonic() < deadline:
        waiting = [(host, port) for host, port in waiting if not is_open(host or "127.0.0.1", port)]
        time.sleep(0.05)


def is_open(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
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
