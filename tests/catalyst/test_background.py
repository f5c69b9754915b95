"""The background tasks, and whether they are alive."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from catalyst.probe import probe_health
from tests.catalyst.test_probe import children, is_well
from tests.processes import Process, prepare, running, wait_until

START = "from catalyst.background import run_tasks; run_tasks(['qcluster'], stall=2.5)"


def test_the_tasks_are_well_until_their_guard_hangs(addressed: dict[str, str], tmp_path: Path) -> None:
    prepare(tmp_path)
    process = Process(["-c", START], tmp_path / "log", addressed)
    with running(process):
        wait_until(lambda: is_well("qcluster"), 20, "health")
        guard = int(wait_until(lambda: children(process.pid), 10, "the guard")[0])  # type: ignore[index]
        wait_until(lambda: len(children(guard)) == 3, 10, "worker, monitor and pusher")
        os.kill(guard, signal.SIGSTOP)
        wait_until(lambda: not is_well("qcluster"), 10, "the end of health")
        assert "the background tasks have not looked for work for" in probe_health(["qcluster"])[0]
        os.kill(guard, signal.SIGCONT)
        wait_until(lambda: is_well("qcluster"), 10, "health again")
        assert process.stop() == 0
        assert "Enqueued" not in process.output, "a task that ran well is no news"
        assert "created task" not in process.output
