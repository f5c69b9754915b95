"""A process that was forked is as good as one that was started."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.forkserver import MODULE, SCRIPT, can_fork
from tests.processes import Process, run, running

LOADED = """
import sys
from tests.forkserver import load
load()
from django.conf import settings
print(settings.configured, *sorted(name for name in sys.modules if name.startswith(("records", "catalyst"))))
"""
ASK = "import os, sys; print(sys.argv, os.getsid(0) == os.getpid(), sorted(os.environ), sys.stdin.read())"


def test_nothing_that_depends_on_settings_is_loaded_before() -> None:
    assert run(["-c", LOADED]).out == "False\n"
    assert run(["-OO", "-c", LOADED]).out == "False catalyst catalyst.lean\n"


@pytest.mark.parametrize("start", [SCRIPT, (*MODULE, "manage")], ids=["script", "module"])
def test_it_has_the_words_the_variables_and_the_session_of_one_that_was_started(
    start: tuple[str, ...], tmp_path: Path
) -> None:
    env = {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path), "LOG_FORMAT": "text"}
    command = [*start, "shell", "--verbosity=0", "-c", ASK]
    forked, fresh = run(command, env), run(command, env, fresh=True)
    assert forked == fresh
    assert forked.code == 0, forked.err
    assert "] True ['DATA_DIR', " in forked.out


@pytest.mark.parametrize("words", [["--version"], ["preview", "/no/such"], ["runsyncer", "--once"], ["no-command"]])
def test_it_ends_and_speaks_as_one_that_was_started(words: list[str], tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path), "KUBECONFIG": "/none", "LOG_FORMAT": "text"}
    command = [*MODULE, *words]
    assert run(command, env) == run(command, env, fresh=True)


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        ("raise KeyError('lost')", (1, "", "KeyError: 'lost'\n")),
        ("raise KeyboardInterrupt", (-signal.SIGINT, "", "KeyboardInterrupt\n")),
        ("import sys; sys.exit('told')", (1, "", "told\n")),
        ("import sys; sys.exit(259)", (3, "", "")),
        ("import atexit; atexit.register(print, 'last'); print('first')", (0, "first\nlast\n", "")),
        ("from threading import Timer; Timer(0.1, print, ['later']).start()", (0, "later\n", "")),
    ],
)
def test_it_ends_as_an_interpreter_does(code: str, ended: tuple[int, str, str], tmp_path: Path) -> None:
    command = [*MODULE, "manage", "shell", "--verbosity=0", "-c", code]
    env = {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path), "LOG_FORMAT": "text"}
    found = run(command, env)
    assert (found.code, found.out, found.err[-len(ended[2]) :] if ended[2] else found.err) == ended


def test_who_killed_it_is_told(tmp_path: Path) -> None:
    command = [*MODULE, "manage", "shell", "--verbosity=0", "-c", "import time; print('here'); time.sleep(600)"]
    process = Process(command, tmp_path / "log", {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path)})
    with running(process):
        process.says("here")
        assert process.is_running()
        assert process.stop(signal.SIGTERM) == -signal.SIGTERM
        assert not process.is_running()
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)


def test_what_python_reads_when_it_starts_is_for_a_start() -> None:
    assert can_fork(SCRIPT, {"PYTHONUNBUFFERED": "1", "HOME": "/"})
    assert not can_fork(SCRIPT, {"PYTHONPATH": "/"})
    assert not can_fork(["-c", "pass"], {})
