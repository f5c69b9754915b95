"""``up --dev``: what is read and written on the machine of a developer, on which ports, and the word of it that is left
for ``doctor``."""

from __future__ import annotations

import argparse
import fcntl
import json
import socket
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from catalyst.invocation import PROGRAM
from catalyst.settings.addresses import HEALTH, METRICS, WEB
from catalyst.settings.environment import SECRET_VARIABLES, Environment
from syncer.config import KubeConfig
from syncer.errors import KubernetesError
from syncer.targets.hosts.block import BlockUnclear, parse_hosts

EXAMPLES = "examples/manifests"
NOTE = "up-dev.json"
TIMEOUT = 3.0
"""Seconds for the one question to the cluster. The syncer, which is patient, asks again and again."""

FIRST_PORTS = {WEB[0]: 8000, METRICS[0]: 8080, HEALTH[0]: 8081}


@dataclass(frozen=True, slots=True)
class DevSetup:
    """``manifests``: the folder that is read; "" for the cluster, and ``trouble`` says what is wrong with it.
    ``addresses`` are by setting."""

    hosts_file: str
    manifests: str
    addresses: Mapping[str, str]
    trouble: str = ""

    def list_options(self) -> list[str]:
        """For ``runsyncer``."""
        options = ["--dev-mode", "--hosts-file", self.hosts_file]
        return [*options, "--manifests", self.manifests] if self.manifests else options

    def list_names(self) -> list[str]:
        """What the hosts file has by now."""
        try:
            entries = parse_hosts(Path(self.hosts_file).read_bytes()).entries
        except (OSError, BlockUnclear):
            return []
        return sorted({entry.host for entry in entries})


class DevNote(NamedTuple):
    """What ``up --dev`` was started with last on a DATA_DIR, and whether it runs."""

    setup: DevSetup
    is_running: bool


def add_dev_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dev", action="store_true", help="write a hosts file instead of a DNS server")
    parser.add_argument("--hosts-file", metavar="PATH", help="with --dev (default: hosts.dev)")
    parser.add_argument("--manifests", metavar="DIR", help=f"with --dev (default: the cluster, else {EXAMPLES})")
    parser.add_argument(
        "--port",
        type=parse_port,
        metavar="PORT",
        help="of the dashboard, with --dev (default: the first free one from 8000)",
    )


def parse_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text} is no port: give a number from 1 to 65535")
    return int(text)


def arrange_dev(env: MutableMapping[str, str], options: argparse.Namespace) -> DevSetup:
    """Fills in what ``env`` lacks, and makes the hosts file. Raises ``ImproperlyConfigured``."""
    manifests = choose_manifests(env, options.manifests)
    trouble = "" if manifests else ask_cluster(env)
    hosts_file = Path(options.hosts_file or "hosts.dev").absolute()
    make_hosts_file(hosts_file)
    env["LOG_FORMAT"] = env.get("LOG_FORMAT") or "text"
    choose_addresses(env, options.port)
    return DevSetup(str(hosts_file), manifests, {name: env[name] for name in FIRST_PORTS}, trouble)


def choose_manifests(env: Mapping[str, str], given: str | None) -> str:
    """The folder to read; "" for the cluster. Raises ``ImproperlyConfigured``."""
    if given is not None:
        if not Path(given).is_dir():
            raise ImproperlyConfigured(f'--manifests is "{given}": there is no such folder; name one of YAML files.')
        return given
    if env.get("KUBECONFIG", "").strip() or env.get("KUBERNETES_SERVICE_HOST"):
        return ""
    kubeconfig = Path.home() / ".kube" / "config"
    if kubeconfig.exists():
        return ""
    if not Path(EXAMPLES).is_dir():
        raise ImproperlyConfigured(
            f"there is nothing to read: no {kubeconfig}, and no {EXAMPLES} here; set KUBECONFIG, or name a folder of "
            "YAML files with --manifests DIR."
        )
    return EXAMPLES


def ask_cluster(env: Mapping[str, str]) -> str:
    """What is wrong with it at the moment; "" when it answers. Raises ``ImproperlyConfigured`` where no cluster is
    named, or not in a way that could ever work."""
    from syncer.kube.client import ApiServer
    from syncer.kube.connect import choose_access

    config = KubeConfig(kubeconfig=env.get("KUBECONFIG", "").strip(), withheld=SECRET_VARIABLES)
    try:
        server = ApiServer(choose_access(config), connections=1, timeout=TIMEOUT)
    except KubernetesError as error:
        raise ImproperlyConfigured(f"{error}; {suggest_examples()}.") from error
    try:
        server.get("/version")
    except KubernetesError as error:
        return str(error)
    return ""


def suggest_examples() -> str:
    folder = EXAMPLES if Path(EXAMPLES).is_dir() else "DIR"
    return f'without a cluster: make run ARGS="--manifests {folder}", or {PROGRAM} up --dev --manifests {folder}'


def make_hosts_file(path: Path) -> None:
    if path.exists():
        return
    try:
        path.touch()
        path.chmod(0o644)  # every program that resolves names by it must be able to read it
    except OSError as error:
        raise ImproperlyConfigured(
            f'--hosts-file is "{path}", which cannot be made ({error.strerror}): name one in a folder that this user '
            "may write to."
        ) from error


def choose_addresses(env: MutableMapping[str, str], port: int | None) -> None:
    """Free ports of this machine where the settings name none."""
    if port:
        env[WEB[0]] = f"127.0.0.1:{port}"
    taken: set[int] = set()
    for name, first in FIRST_PORTS.items():
        if not env.get(name, "").strip():
            free = find_port(first, taken)
            env[name] = f"127.0.0.1:{free}"
            taken.add(free)


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


def find_note(env: Environment) -> Path:
    return Path(env.read_text("DATA_DIR", "var")) / NOTE


def leave_note(path: Path, setup: DevSetup) -> IO[str] | None:
    """To be kept open while all runs, which is how a reader knows. None where that cannot be, as beside another
    ``up --dev``, whose note stays."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        note = path.open("a+", encoding="utf-8")
    except OSError:
        return None
    try:
        fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        note.truncate(0)
        json.dump(asdict(setup), note)
        note.flush()
    except OSError:
        note.close()
        return None
    return note


def read_note(path: Path) -> DevNote | None:
    """None where none was left, or none that can be read."""
    try:
        with path.open(encoding="utf-8") as note:
            setup = DevSetup(**json.load(note))
            is_running = True
            with suppress(BlockingIOError):
                fcntl.flock(note, fcntl.LOCK_SH | fcntl.LOCK_NB)
                is_running = False
            return DevNote(setup, is_running)
    except (OSError, ValueError, TypeError):
        return None
