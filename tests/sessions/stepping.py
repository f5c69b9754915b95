"""``python -m tests.sessions.stepping``: runs the syncer again and again, each time in a fork, which costs no start.

One line of JSON in for each run: ``{"options": [...], "die_at": n}``, where n counts SQL statements and 0 is never. One
line out when it began, ``{"pid": n}``, and one when it ended, ``{"signal": n, "code": n, "statements": n}``.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.forkserver import OF_ALL

LOG = "stepping.log"
OF_EACH_RUN = (*OF_ALL, "syncer.documents.yamltext", "syncer.management.commands.runsyncer")
"""Loaded once, before the forks."""


class Counter:
    """An ``execute_wrapper`` that ends the process, as a power failure would, before statement ``die_at``."""

    def __init__(self, die_at: int) -> None:
        self.die_at = die_at
        self.statements = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements += 1
        if self.statements == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)


def child(options: list[str], die_at: int, report: int) -> int:
    from django.db import connection

    log = os.open(Path(os.environ["DATA_DIR"]) / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    counter = Counter(die_at)
    with connection.execute_wrapper(counter):
        try:
            call_command("runsyncer", *options)
            code = 0
        except CommandError as error:
            print(error, file=sys.stderr)
            code = 1
    os.write(report, str(counter.statements).encode())
    return code


def main() -> None:
    django.setup()
    for name in OF_EACH_RUN:
        import_module(name)
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            code = 70
            try:
                code = child(asked["options"], asked["die_at"], writer)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        os.close(writer)
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        with open(reader) as report:
            statements = int(report.read() or 0)
        ended = os.WIFSIGNALED(status)
        answer = {
            "signal": os.WTERMSIG(status) if ended else 0,
            "code": 0 if ended else os.WEXITSTATUS(status),
            "statements": statements,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
