"""What the doctor finds out about clocks."""

from __future__ import annotations

import email.utils
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from catalyst.doctor import clock
from tests.ports import free_port


@contextmanager
def clock_of(ahead: float) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(403)
            self.send_header("Date", email.utils.formatdate(time.time() + ahead, usegmt=True))
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("ahead", "level", "text"),
    [
        (0, "ok", "the DNS server and this machine agree within N s"),
        (300, "warning", "the clock of the DNS server is N s ahead of ours: keep both in time (NTP)"),
        (-90, "warning", "the clock of the DNS server is N s behind ours: keep both in time (NTP)"),
    ],
)
def test_clocks_that_differ_are_noticed(ahead: float, level: str, text: str) -> None:
    with clock_of(ahead) as url:
        (finding,) = clock.compare_clocks({"the DNS server": url, "nobody": f"http://127.0.0.1:{free_port()}"})
    assert finding.level == level
    assert re.sub(r"\d+ s", "N s", finding.text) == text


@pytest.mark.parametrize(
    ("date", "lead"),
    [
        ("Sun, 09 Sep 2001 01:46:40 GMT", 0.5),
        ("Sun, 09 Sep 2001 01:51:40 GMT", 300.5),
        ("Sun, 09 Sep 2001 01:45:10 GMT", -89.5),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_clock_is_read_from_the_middle_of_the_second_that_it_shows(date: str, lead: float | None) -> None:
    assert clock.measure_lead(date, 1_000_000_000) == lead
