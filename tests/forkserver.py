"""A process from which those of the tests fork: it has loaded what is not ours, so that each of them starts in a
quarter of the time. What is ours each of them loads anew, beside the part of the syncer that knows neither settings nor
Django.

``python -m tests.forkserver FD`` serves the tests that hold the other end of that socket, until they close it.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent.parent
SYNCER = ("manage.py", "runsyncer")
SCRIPT, MODULE = ("manage.py",), ("-m", "catalyst.cli")
LONGEST = 256 * 1024
"""Bytes of a request, of which most is the environment."""
OF_ALL = (
    "argparse",
    "django.core.management.base",
    "django.db.backends.sqlite3.base",
    "django.db.models.sql.compiler",
    "http.server",
    "logging.config",
    "prometheus_client",
    "syncer.intake",
    "syncer.kube.watcher",
    "syncer.loop",
    "syncer.targets",
    "syncer.targets.hosts.target",
    "syncer.targets.technitium.target",
    "yaml",
)
OF_THE_WEB = (
    "django.contrib.auth.hashers",
    "django.core.handlers.asgi",
    "django.core.mail",
    "django.core.management.commands.migrate",
    "django.core.serializers.json",
    "django.forms",
    "django.template.backends.django",
    "django.templatetags.static",
    "django.test.client",
    "django.views.debug",
    "django.views.generic",
    "dns.query",
    "dns.resolver",
    "h11",
    "pygments",
    "requests",
    "uvicorn",
    "uvicorn.protocols.http.h11_impl",
)
OF_THE_SETTINGS = (
    "csp",
    "django/contrib",
    "django/forms",
    "django/middleware",
    "django_filters",
    "django_q",
    "drf_spectacular",
    "drf_standardized_errors",
    "knox",
    "rest_framework",
    "whitenoise",
)
"""Folders of packages that the web loads once it has its settings."""
EASIER = 20
"""To guess a password of a fork is so many times easier: a fifth of a second for each user and each log-in is for those
who guess."""


class Seconds:
    """Of processor time, of all servers and of what they have started: those of a process are told when it ends."""

    total = 0.0


class Forked:
    """As much of ``subprocess.Popen`` as the tests ask for, of a process that the server forked."""

    def __init__(self, pid: int, end: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._end = end

    def poll(self) -> int | None:
        return self._ask(0)

    def wait(self, timeout: float | None = None) -> int:
        if self._ask(timeout) is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ask(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._end], [], [], seconds)[0]:
            told = self._end.recv(LONGEST)
            assert told, "the server has ended"
            self.returncode, spent = json.loads(told)
            Seconds.total += spent
            self._end.close()
        return self.returncode


def can_fork(args: Sequence[str], env: Mapping[str, str]) -> bool:
    """A command of the product, without variables that Python reads when it starts."""
    is_ours = tuple(args[:1]) == SCRIPT or tuple(args[:2]) == MODULE
    read = {name: value for name, value in env.items() if name.startswith(("PYTHON", "LC_", "LANG"))}
    return is_ours and read.items() <= {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}.items()


def fork(args: Sequence[str], env: Mapping[str, str], folder: Path, files: Sequence[int]) -> Forked:
    """``python ARGS`` in a session of its own; ``files`` are its standard input, output and errors."""
    return start_server(tuple(args[:2]) == SYNCER).fork(args, env, folder, files)


@cache
def start_server(is_lean: bool) -> Client:
    return Client(is_lean)


class Client:
    def __init__(self, is_lean: bool) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # As the syncer restarts itself, and as it imports.
        options = ["-OO"] if is_lean else []
        env = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"} | (read_heap() if is_lean else {})
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *options, "-m", "tests.forkserver", str(theirs.fileno())],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the tests, which then end theirs
            )
        atexit.register(self.close)

    def fork(self, args: Sequence[str], env: Mapping[str, str], folder: Path, files: Sequence[int]) -> Forked:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            request = json.dumps([list(args), dict(env), str(folder)]).encode()
            socket.send_fds(self._socket, [request], [*files, theirs.fileno()])
        return Forked(json.loads(ours.recv(LONGEST)), ours)

    def close(self) -> None:
        self._socket.close()
        self._process.wait(10)


class Start(NamedTuple):
    """What a fork is to run."""

    args: list[str]
    env: dict[str, str]
    folder: str
    files: list[int]


class Server:
    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._ends: dict[int, socket.socket] = {}
        self._spent = 0.0
        self._woken, waker = socket.socketpair()
        for each in (self._woken, waker):
            each.setblocking(False)
        self._waker = waker
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> Start | None:
        """In a fork: what it is to run. In the server: None, when the tests have ended."""
        while True:
            ready, _, _ = select.select([self._requests, self._woken], [], [])
            if self._woken in ready:
                self._woken.recv(4096)
                self._tell_ends()
            if self._requests in ready:
                text, handles, _, _ = socket.recv_fds(self._requests, LONGEST, 4)
                if not text:
                    return None
                *files, end = handles
                start = self._fork(Start(*json.loads(text), files), end)
                if start:
                    return start

    def _fork(self, start: Start, end: int) -> Start | None:
        pid = os.fork()
        if not pid:
            self._leave()
            os.close(end)
            return start
        for handle in start.files:
            os.close(handle)
        self._ends[pid] = socket.socket(fileno=end)
        self._ends[pid].send(json.dumps(pid).encode())
        return None

    def _leave(self) -> None:
        """In the fork: nothing of the server stays."""
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (self._requests, self._woken, self._waker, *self._ends.values()):
            each.close()

    def _tell_ends(self) -> None:
        while self._ends:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            before, self._spent = self._spent, sum(os.times()[:4])
            with self._ends.pop(pid) as end, suppress(OSError):
                end.send(json.dumps([os.waitstatus_to_exitcode(status), self._spent - before]).encode())


def become(start: Start) -> None:
    """Run it as the interpreter does, in this process."""
    for place, handle in enumerate(start.files):
        os.dup2(handle, place)
        os.close(handle)
    os.chdir(start.folder)
    coerced = {name: value for name, value in os.environ.items() if name == "LC_CTYPE"}  # by Python, as it starts
    os.environ.clear()
    options = ["-OO"] if sys.flags.optimize else []
    os.environ.update(coerced | (read_heap() if options else {}) | start.env)
    sys.orig_argv = [sys.executable, *options, *start.args]
    if tuple(start.args[:1]) == SCRIPT:
        sys.argv = list(start.args)
        runpy.run_path(start.args[0], run_name="__main__")
    else:
        sys.argv = list(start.args[1:])
        runpy.run_module(start.args[1], run_name="__main__", alter_sys=True)


def read_heap() -> Mapping[str, str]:
    """The variables with which the syncer restarts itself."""
    from catalyst.lean import HEAP

    return HEAP


def load() -> None:
    if sys.flags.optimize:
        from catalyst.lean import postpone_imports

        postpone_imports()
    for name in OF_ALL if sys.flags.optimize else OF_ALL + OF_THE_WEB:
        import_module(name)
    if hashers := sys.modules.get("django.contrib.auth.hashers"):
        hashers.PBKDF2PasswordHasher.iterations //= EASIER
    ours = [ROOT / name for name in ("catalyst", "records", "syncer")]
    packages = Path(sysconfig.get_path("purelib"))
    keep_code([*ours, *(packages / name for name in OF_THE_SETTINGS if not sys.flags.optimize)])
    gc.collect()
    gc.freeze()


def keep_code(folders: Sequence[Path]) -> None:
    """What is loaded anew is at least not read anew."""
    read = SourceFileLoader.get_code
    names = [str(path) for folder in folders for path in folder.rglob("*.py")]
    kept = {name: read(SourceFileLoader("", name), "") for name in names}

    def get_code(loader: SourceFileLoader, fullname: str) -> CodeType | None:
        return kept.get(loader.path) or read(loader, fullname)

    SourceFileLoader.get_code = get_code


def main(handle: int) -> None:
    load()
    start = Server(socket.socket(fileno=handle)).serve()
    if start:
        run(start)


def run(start: Start) -> NoReturn:
    """As an interpreter does, but for freeing all that it has at the end: of memory that is the server's, too, each
    page is copied for that, which took half of the time of a fork."""
    code = 0
    try:
        become(start)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
        if ended.code and not code:
            print(ended.code, file=sys.stderr)
            code = 1
    except BaseException as error:
        sys.excepthook(*sys.exc_info())
        code = signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    from django.conf import settings
    from django.db import connections

    threading._shutdown()
    atexit._run_exitfuncs()
    if settings.configured:
        connections.close_all()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if code is signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(code & 0xFF)


if __name__ == "__main__":
    main(int(sys.argv[1]))
