"""Guessed passwords and refused visitors, at real processes."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from tests.catalyst.web.test_health import Web, web
from tests.processes import ADMIN_PASSWORD


def visitor(site: Web) -> requests.Session:
    session = requests.Session()
    session.headers["Referer"] = f"{site.url}/admin/login/"
    session.get(f"{site.url}/admin/login/", timeout=10)
    return session


def log_in(site: Web, session: requests.Session, password: str) -> int:
    form = {"username": "admin", "password": password, "next": "/admin/"}
    form["csrfmiddlewaretoken"] = session.cookies["csrftoken"]
    return session.post(f"{site.url}/admin/login/", form, timeout=20, allow_redirects=False).status_code


def test_of_many_guesses_at_once_in_two_processes_five_are_looked_at(folder: Path, site: Web, tmp_path: Path) -> None:
    with web(tmp_path, DATA_DIR=str(folder)) as second, ThreadPoolExecutor(12) as pool:
        guessers = [(process, visitor(process)) for process in (site, second) for _ in range(6)]
        codes = Counter(pool.map(lambda guesser: log_in(*guesser, "a guess"), guessers))
        assert set(codes) == {200, 429}
        assert codes[200] <= 5
        while log_in(*guessers[0], "a guess") != 429:
            pass
        process, session = guessers[-1]
        assert log_in(process, session, ADMIN_PASSWORD) == 429, "what one process saw, the other one knows"
        session.headers["X-Forwarded-For"] = "192.0.2.77"  # as the proxy says that is believed
        assert log_in(process, session, ADMIN_PASSWORD) == 302


def test_a_refusal_is_one_line_of_the_log(folder: Path, tmp_path: Path) -> None:
    """One without the right, and one under a host name that is not ours."""
    with web(tmp_path, DATA_DIR=str(folder), LOG_FORMAT="text", LOGIN_FAILURE_LIMIT="0") as process:
        session = visitor(process)
        assert log_in(process, session, ADMIN_PASSWORD) == 302
        assert session.get(f"{process.url}/admin/records/managedrecord/add/", timeout=10).status_code == 403
        assert process.get(process.url, host="evil.example")[0] == 400
        process.says("Forbidden")
        process.says("evil.example")
        log = process.output
    assert "Traceback" not in log
    assert len([line for line in log.splitlines() if "Forbidden" in line or "evil.example" in line]) == 2
