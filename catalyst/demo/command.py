"""``catalyst-dns-sync demo``: the whole program beside a DNS server and an API server of its own, in which a story
happens, over and over. It touches nothing else, and is gone when it ends."""

from __future__ import annotations

import argparse
import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory, gettempdir
from threading import Thread
from typing import IO

from catalyst.demo.cast import INGRESS_ADDRESS, ZONES
from catalyst.demo.doubles import DoubleEnded, Doubles, find_doubles, start_doubles
from catalyst.demo.site import hold_mark
from catalyst.demo.stage import Stage, StageError
from catalyst.demo.story import SEED, Scene, write_story
from catalyst.dev import FIRST_PORTS, find_port, parse_port
from catalyst.probe import probe_url
from catalyst.settings.addresses import HEALTH, METRICS, WEB, make_url
from catalyst.up import Environ, check_addresses, is_open, make_command, start_child, stop_children, wait_for, watch_end
from syncer.httpd import CannotListen

READY_WITHIN = 60.0
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
"""All that the children get of our environment: no setting of a production reaches them."""
END_WITHIN = 5.0
"""Seconds after which the end of a process is known to whom it did not answer."""
STUMBLE = "that is not possible now, and the story goes on"
LAST_LINES = 20
SITE = (sys.executable, "-m", "catalyst.demo.site")


def run_demo(argv: Sequence[str]) -> int:
    """Runs until a signal, or with ``--once`` to the end of the story. Returns 0, or the exit code of the child that
    has ended before. Raises ``ImproperlyConfigured``."""
    options = parse_options(argv)
    find_doubles()
    events: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: events.put(0))
    with TemporaryDirectory(prefix="catalyst-demo-") as folder, ExitStack() as stay:
        log = stay.enter_context((Path(folder) / "log").open("w+b"))
        stay.enter_context(hold_mark(Path(folder)))
        children: list[subprocess.Popen[bytes]] = []
        stay.callback(lambda: stop_children(children))
        try:
            code = run_house(Path(folder), log, children, events, options)
        except CannotListen as error:
            print(f"error: {error}", file=sys.stderr, flush=True)
            return 1
        except DoubleEnded:
            code = 1
        if code:
            print_end(log)
        return code


def parse_options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "catalyst-dns-sync demo",
        description="The whole program, beside two servers of its own, in which things happen.",
    )
    parser.add_argument(
        "--speed", type=parse_speed, default=1.0, metavar="N", help="so many times as fast (default: 1)"
    )
    parser.add_argument("--once", action="store_true", help="end with the story, in the place of beginning anew")
    parser.add_argument("--step", action="store_true", help="play the next scene when Enter is pressed")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="draws who moves and who drifts")
    parser.add_argument("--port", type=parse_port, metavar="PORT", help="default: the first free one from 8000")
    return parser.parse_args(argv)


def parse_speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.01 <= speed <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is no speed: give a number from 0.01 to 1000, 2 for twice as fast")
    return speed


def run_house(
    folder: Path,
    log: IO[bytes],
    children: list[subprocess.Popen[bytes]],
    events: SimpleQueue[int],
    options: argparse.Namespace,
) -> int:
    """Starts all, and plays. Raises ``CannotListen``, ``DoubleEnded`` and ``ImproperlyConfigured``."""
    print("starting a DNS server, an API server and the program beside them", flush=True)
    env: Environ = {name: value for name, value in os.environ.items() if name in KEPT}  # noqa: TID251
    doubles = start_doubles(env, folder, log, children)
    for child in children:
        watch_end(child, events)
    with take_turn(events):
        env |= make_settings(folder, doubles, options.port)
        check_addresses({"--port" if options.port and name == WEB[0] else name: env[name] for name in FIRST_PORTS})
        prepared = subprocess.run(
            make_command("prepare"), env=env, stdout=log, stderr=log, check=False, start_new_session=True
        )
        if prepared.returncode:
            return prepared.returncode
        commands = (SITE, make_command("runsyncer"), make_command("qcluster"))
        children.extend(start_child(env, events, command, log) for command in commands)
        health = make_url(env[HEALTH[0]], "/readyz")
        wait_for(lambda: is_open(env[WEB[0]]) and probe_url(health)[1], events, READY_WITHIN)
    if not events.empty():
        return events.get()
    site = make_url(env[WEB[0]], "/ui/")
    print(f"dashboard {site} (no login; on this machine alone; Ctrl-C ends it)", flush=True)
    return play_story(Stage(doubles, site), events, options)


@contextmanager
def take_turn(events: SimpleQueue[int]) -> Iterator[None]:
    """Of demos that start at the same time one chooses its ports when those of the other are taken."""
    turn = os.open(gettempdir(), os.O_RDONLY)  # a lock that leaves no file
    try:
        wait_for(lambda: is_locked(turn), events, READY_WITHIN)
        yield
    finally:
        os.close(turn)


def is_locked(file: int) -> bool:
    """By us from now on, or by nobody where a folder cannot be locked; False while another has the lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def make_settings(folder: Path, doubles: Doubles, port: int | None) -> Environ:
    """All that the program is told. It listens on this machine alone."""
    settings = {
        "HOME": str(folder),
        "DATA_DIR": str(folder),
        "LOG_FORMAT": "text",
        "KUBECONFIG": doubles.kubeconfig,
        "DNS_SERVER_URL": doubles.dns_api,
        "DNS_API_TOKEN": doubles.token,
        "DNS_API_RATE_LIMIT": "100",
        "DNS_ZONES": ",".join(ZONES),
        "DNS_IP_ADDRESS": INGRESS_ADDRESS,
        "DNS_TEST_SERVERS": doubles.dns,
        "SERIAL_PROBE_INTERVAL": "1s",
        "ADMIN_PASSWORD": secrets.token_urlsafe(24),
    }
    settings[WEB[0]] = f"127.0.0.1:{port or find_port(FIRST_PORTS[WEB[0]], set())}"
    for name in (METRICS[0], HEALTH[0]):  # which nobody looks for
        settings[name] = f"127.0.0.1:{pick_port()}"
    return settings


def pick_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def play_story(stage: Stage, events: SimpleQueue[int], options: argparse.Namespace) -> int:
    cues = listen_for_cues(events) if options.step else None
    for scene in list_scenes(options.seed, is_once=options.once):
        if cues is None or wait_for_cue(cues, events):
            print(f"{time.strftime('%H:%M:%S')}  {scene.sentence}", flush=True)
            play_scene(stage, scene, events)
        try:
            return events.get(timeout=0 if options.step and events.empty() else scene.pause / options.speed)
        except Empty:
            continue
    return 0


def play_scene(stage: Stage, scene: Scene, events: SimpleQueue[int]) -> None:
    """What the reader has done may be in the way of a scene: the story goes on. Raises ``OSError`` where a server does
    not answer although it runs."""
    try:
        stage.play(scene)
    except StageError as error:
        print(f"{'':8}  {STUMBLE}: {error}", flush=True)
    except OSError:
        wait_for(lambda: False, events, END_WITHIN)
        if events.empty():
            raise


def list_scenes(seed: int, *, is_once: bool) -> Iterator[Scene]:
    for number in range(1) if is_once else count():
        yield from write_story(number, seed)


def listen_for_cues(events: SimpleQueue[int]) -> SimpleQueue[str]:
    """A line of standard input each; its end is that of the demo."""
    cues: SimpleQueue[str] = SimpleQueue()

    def read_lines() -> None:
        for line in sys.stdin:
            cues.put(line)
        events.put(0)

    print("press Enter for each scene", flush=True)
    Thread(target=read_lines, daemon=True).start()
    return cues


def wait_for_cue(cues: SimpleQueue[str], events: SimpleQueue[int]) -> bool:
    """False when all ends before."""
    wait_for(lambda: not cues.empty(), events, float("inf"))
    if cues.empty():
        return False
    cues.get()
    return True


def print_end(log: IO[bytes]) -> None:
    """What the children said last."""
    log.seek(0)
    for line in log.read().decode(errors="replace").splitlines()[-LAST_LINES:]:
        print(line, file=sys.stderr)
    print("error: a part of the demo has ended; above are its last lines", file=sys.stderr, flush=True)
