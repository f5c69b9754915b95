"""Processes of our own, for tests and benchmarks: started with a clean environment, stopped by process id.

Most are forks (``tests.forkserver``), which cost a quarter. Who measures memory or the start itself asks for a
``fresh`` interpreter.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple

from tests.forkserver import Forked, can_fork, fork
from tests.ports import free_port
from tests.postgres import open_cursor

ROOT = Path(__file__).resolve().parent.parent
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


def wait_until(check: Callable[[], object], seconds: float = 10.0, what: str = "it", pause: float = 0.01) -> object:
    """The first true answer of ``check``; fails with what it said last after ``seconds``. The longer it takes the less
    often it is asked: a question takes time from whom it waits for."""
    start = time.monotonic()
    deadline = start + seconds
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds:g} s: {answer!r}")
        time.sleep(min(max(pause, (time.monotonic() - start) / 10), max(pause, 0.2)))
    return answer


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing of ours but the path: a variable that happens to be set here must not decide a test."""
    return {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **(more or {})}


Child = Forked | subprocess.Popen[bytes]


class Ended(NamedTuple):
    code: int
    out: str
    err: str


def start(
    args: Sequence[str],
    env: Mapping[str, str] | None,
    files: Sequence[IO[bytes]],
    *,
    fresh: bool = False,
    folder: Path = ROOT,
) -> Child:
    """A Python process in a session of its own; ``files`` are its standard input, output and errors."""
    env = environment(env)
    if not fresh and can_fork(args, env):
        return fork(args, env, folder, [file.fileno() for file in files])
    read, out, err = files
    command = [sys.executable, *args]
    return subprocess.Popen(command, cwd=folder, env=env, stdin=read, stdout=out, stderr=err, start_new_session=True)


def run(
    args: Sequence[str],
    env: Mapping[str, str] | None = None,
    seconds: float = 30.0,
    *,
    fresh: bool = False,
    folder: Path = ROOT,
    stdin: str = "",
) -> Ended:
    """A Python process to its end."""
    with tempfile.TemporaryFile() as read, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        read.write(stdin.encode())
        read.seek(0)
        process = start(args, env, (read, out, err), fresh=fresh, folder=folder)
        try:
            code = process.wait(seconds)
        finally:
            process.kill()
        for said in (out, err):
            said.seek(0)
        return Ended(code, out.read().decode(), err.read().decode())


class Process:
    """A child whose output goes to ``log``, a file."""

    def __init__(
        self, args: Sequence[str], log: Path, env: Mapping[str, str] | None = None, *, fresh: bool = False
    ) -> None:
        self.log = log
        with log.open("ab") as output, open(os.devnull, "rb") as nothing:
            self._child = start(args, env, (nothing, output, output), fresh=fresh)
        self.pid = self._child.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def says(self, pattern: str, seconds: float = 15.0) -> re.Match[str]:
        """Wait for a line of its output."""

        def check() -> re.Match[str] | None:
            if self._child.poll() is not None and not re.search(pattern, self.output):
                raise AssertionError(f"it ended with {self._child.returncode}:\n{self.output}")
            return re.search(pattern, self.output)

        match = wait_until(check, seconds, f"{pattern!r} in {self.output[-2000:]!r}")
        assert isinstance(match, re.Match)
        return match

    def is_running(self) -> bool:
        return self._child.poll() is None

    def wait(self, seconds: float = 30.0) -> int:
        return self._child.wait(seconds)

    def stop(self, number: int = signal.SIGTERM, seconds: float = 10.0) -> int:
        """Returns the exit code."""
        if self._child.poll() is None:
            self._child.send_signal(number)
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise AssertionError(f"it did not stop within {seconds:g} s:\n{self.output[-2000:]}") from None

    def kill(self) -> None:
        """With all that it has started, also where it has ended before them."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._child.wait()

    @property
    def rss(self) -> float:
        """Megabytes of resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE / 1e6

    @property
    def cpu(self) -> float:
        """Seconds of processor time."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


class Syncer(Process):
    """``manage.py runsyncer`` with a database of its own in ``folder``."""

    def __init__(self, folder: Path, env: Mapping[str, str], *options: str, fresh: bool = False) -> None:
        self.health = f"http://127.0.0.1:{free_port()}"
        self.metrics = f"http://127.0.0.1:{free_port()}"
        super().__init__(
            ["manage.py", "runsyncer", *options],
            folder / "syncer.log",
            {
                "HOME": str(folder),
                "DATA_DIR": str(folder),
                "LOG_FORMAT": "text",
                "HEALTH_PROBE_ADDRESS": self.health.removeprefix("http://"),
                "METRICS_BIND_ADDRESS": self.metrics.removeprefix("http://"),
                **env,
            },
            fresh=fresh,
        )

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.health}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def ready(self, seconds: float = 20.0) -> Syncer:
        wait_until(self.is_ready, seconds, f"readiness; log: {self.output[-3000:]}")
        return self

    def metric(self, selector: str) -> float:
        """The sum of the series that have its labels, among others, spelled as Prometheus prints them; 0 when there is
        none."""
        name, _, labels = selector.rstrip("}").partition("{")
        wanted = set(LABEL.findall(labels))
        with urllib.request.urlopen(f"{self.metrics}/metrics", timeout=2) as answer:
            lines = answer.read().decode().splitlines()
        series = (line.rpartition(" ") for line in lines if line.startswith((f"{name} ", f"{name}{{")))
        return sum(float(value) for text, _, value in series if wanted.issubset(LABEL.findall(text)))


LABEL = re.compile(r"\w+=\"[^\"]*\"")
"""A label of a series, with its value."""

ADMIN_PASSWORD = "of-no-worth-anywhere-else"


def migrate(folder: Path, env: Mapping[str, str] | None = None) -> None:
    """The syncer's tables: of a copy where there was no database, for migrations take longer than many a test."""
    if url := (env or {}).get("DATABASE_URL"):
        copy_postgres(url, "worker")
    elif (folder / DATABASE).exists():
        run_migrations(folder, "worker")
    else:
        copy_database(folder, "worker")


def prepare(folder: Path, env: Mapping[str, str] | None = None) -> None:
    """What ``catalyst-dns-sync prepare`` makes, which has tests of its own: all tables, and an admin with
    ``ADMIN_PASSWORD``."""
    if url := (env or {}).get("DATABASE_URL"):
        copy_postgres(url, "web")
    else:
        copy_database(folder, "web")


DATABASE = "catalyst.sqlite3"
PATTERNS = "CATALYST_TEST_PATTERNS"
"""The variable that names the folder of the databases that are copied."""


def run_migrations(folder: Path, settings: str, env: Mapping[str, str] | None = None) -> None:
    command = ["manage.py", "migrate", "--verbosity=0", "--settings=catalyst.settings.worker"]
    if settings == "web":
        command = ["-m", "catalyst.cli", "prepare"]
    variables = {"HOME": str(folder), "DATA_DIR": str(folder), "ADMIN_PASSWORD": ADMIN_PASSWORD, **(env or {})}
    ended = run(command, variables)
    assert ended.code == 0, ended.err


@cache
def find_patterns() -> Path:
    """One folder for all processes of a run (``share_patterns``), or else one of our own."""
    if shared := os.environ.get(PATTERNS):
        return Path(shared)
    folder = tempfile.mkdtemp(prefix="catalyst-patterns-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextmanager
def share_patterns() -> Iterator[None]:
    """What this process starts from here on takes its copies of the same databases."""
    with tempfile.TemporaryDirectory(prefix="catalyst-patterns-") as folder:
        os.environ[PATTERNS] = folder
        try:
            yield
        finally:
            del os.environ[PATTERNS]


@cache
def make_pattern(settings: str) -> Path:
    """An empty database that is copied, made by the first process that asks for it."""
    pattern = find_patterns() / f"{settings}.sqlite3"
    with pattern.with_suffix(".lock").open("w") as lock, tempfile.TemporaryDirectory() as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not pattern.exists():
            run_migrations(Path(folder), settings)
            shutil.move(Path(folder, DATABASE), pattern)
    return pattern


def copy_database(folder: Path, settings: str) -> None:
    pattern = make_pattern(settings)
    folder.mkdir(parents=True, exist_ok=True)
    # In one step: a process may be waiting for it.
    copy = folder / "copy"
    shutil.copy(pattern, copy)
    copy.replace(folder / DATABASE)


@cache
def make_postgres_pattern(server: str, settings: str) -> str:
    """The name of an empty database that is copied, made by the first process that asks for it."""
    name = f"pattern_{settings}"
    draft = f"{name}_draft"
    env = {"DATABASE_URL": f"{server}/{draft}", "SECRET_KEY": "of the tests, and of no worth elsewhere"}
    with (find_patterns() / f"{server.rpartition(':')[2]}-{settings}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open_cursor(f"{server}/postgres", autocommit=True) as administrator:
            administrator.execute("select 1 from pg_database where datname = %s", [name])
            if administrator.fetchone():
                return name
            administrator.execute(f"drop database if exists {draft} with (force)")
            administrator.execute(f"create database {draft}")
            with tempfile.TemporaryDirectory() as folder:
                run_migrations(Path(folder), settings, env)
            administrator.execute(f"alter database {draft} rename to {name}")
    return name


def copy_postgres(url: str, settings: str) -> None:
    """The empty database of the URL becomes one with tables."""
    server, _, name = url.partition("?")[0].rpartition("/")
    pattern = make_postgres_pattern(server, settings)
    with open_cursor(f"{server}/postgres", autocommit=True) as administrator:
        administrator.execute(f"drop database {name}")
        administrator.execute(f"create database {name} template {pattern}")


@contextmanager
def running(*processes: Process) -> Iterator[None]:
    try:
        yield
    finally:
        for process in reversed(processes):
            process.kill()
