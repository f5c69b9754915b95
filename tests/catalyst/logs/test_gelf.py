"""Lines on their way to Graylog, taken by receivers of our own."""

from __future__ import annotations

import base64
import json
import logging
import os
import random
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from catalyst import __version__
from catalyst.logs import gelf
from catalyst.logs.formats import parse_gelf_url
from catalyst.logs.gelf import GELFFormatter, GELFHandler
from syncer.redaction import Redaction
from tests.processes import wait_until

ROOT = Path(__file__).parents[3]


def noise(length: int) -> str:
    """What no compression makes much smaller."""
    return base64.b64encode(random.Random(length).randbytes(length)).decode()[:length]


class UDPReceiver:
    """As Graylog: puts chunks together, takes compressed and plain."""

    scheme = "udp"

    def __init__(self, port: int = 0) -> None:
        self.lines: list[dict[str, Any]] = []
        self.longest = self.most = 0
        self._parts: dict[bytes, dict[int, bytes]] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        self._socket.bind(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                datagram = self._socket.recv(65536)
            except OSError:
                return
            if datagram == b"stop":
                return
            self.longest = max(self.longest, len(datagram))
            if datagram[:2] == b"\x1e\x0f":
                number, total = datagram[10], datagram[11]
                assert number < total <= 128
                self.most = max(self.most, total)
                parts = self._parts.setdefault(datagram[2:10], {})
                parts[number] = datagram[12:]
                if len(parts) < total:
                    continue
                datagram = b"".join(part for _, part in sorted(parts.items()))
            self.lines.append(json.loads(zlib.decompress(datagram)))

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"stop", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()


class TCPReceiver:
    scheme = "tcp"

    def __init__(self, port: int = 0, *, is_slow: bool = False) -> None:
        """A slow one reads nothing until ``goes_on`` is set."""
        self.lines: list[dict[str, Any]] = []
        self.goes_on = threading.Event()
        if not is_slow:
            self.goes_on.set()
        self._server = socket.create_server(("127.0.0.1", port))
        self.port = self._server.getsockname()[1]
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._connections.append(connection)
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        rest = b""
        self.goes_on.wait(20)
        with suppress(OSError):
            while piece := connection.recv(65536):
                *lines, rest = (rest + piece).split(b"\0")
                self.lines += [json.loads(line) for line in lines]

    def close(self) -> None:
        for sock in (self._server, *self._connections):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


Receiver = UDPReceiver | TCPReceiver


@pytest.fixture(params=[UDPReceiver, TCPReceiver])
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    receiver: Receiver = request.param()
    yield receiver
    receiver.close()


Connect = Callable[..., logging.Logger]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes a logger that writes to a receiver only."""
    made: list[GELFHandler] = []

    def connect(scheme: str, port: int, *secrets: str) -> logging.Logger:
        handler = GELFHandler(f"{scheme}://127.0.0.1:{port}")
        handler.setFormatter(GELFFormatter(Redaction(secrets)))
        made.append(handler)
        logger = logging.Logger("syncer.zone.apply")
        logger.addHandler(handler)
        return logger

    yield connect
    for handler in made:
        handler.close()


def texts(receiver: Receiver) -> list[str]:
    return [line["short_message"] for line in receiver.lines]


def test_every_line_arrives_whole_long_ones_too(receiver: Receiver, connect: Connect) -> None:
    logger = connect(receiver.scheme, receiver.port)
    sent = [f"{number} {noise(length)}" for number, length in enumerate([0, 10, 500, 8_000, 9_000, 65_536] * 20)]
    sent.append(noise(700_000))
    sent.append("x" * 1_500_000)
    for text in sent:
        logger.info("%s", text)
    wait_until(lambda: len(receiver.lines) >= len(sent), 10)
    assert texts(receiver) == sent
    if isinstance(receiver, UDPReceiver):
        assert receiver.longest <= 8192
        assert 60 < receiver.most <= 128


@pytest.mark.parametrize("length", [1_500_000, 9_000_000])
def test_a_line_that_is_too_long_is_cut_and_says_so(receiver: Receiver, connect: Connect, length: int) -> None:
    text = "x" * length if length > 2_000_000 else noise(length)
    if receiver.scheme == "tcp":
        text = text * (2_500_000 // len(text) + 1)
    connect(receiver.scheme, receiver.port).info("%s", text, extra={"zone": "talos00"})
    wait_until(lambda: receiver.lines, 10)
    (line,) = receiver.lines
    said, _, notice = line["short_message"].rpartition(" [cut: ")
    assert notice == f"{len(text)} characters were too many]"
    assert len(said) > 300_000
    assert text.startswith(said)
    assert line["_zone"] == "talos00"


def test_a_line_has_the_fields_of_gelf(receiver: Receiver, connect: Connect) -> None:
    logger = connect(receiver.scheme, receiver.port, "geheim-und-lang")
    before = time.time()
    try:
        raise ValueError("geheim-und-lang")
    except ValueError:
        fields: dict[str, Any] = {"hostname": "grafana.talos00", "ttl": 300, "id": 7, "a b": [1, "é"], "none": None}
        logger.exception("broke at %s \ud800\0", "geheim-und-lang", extra=fields)
    wait_until(lambda: receiver.lines)
    (line,) = receiver.lines
    full = line.pop("full_message")
    assert before - 0.001 <= line.pop("timestamp") <= time.time() + 0.001
    assert line == {
        "version": "1.1",
        "host": socket.gethostname(),
        "short_message": "broke at [hidden] ?\0",
        "level": 3,
        "_hostname": "grafana.talos00",
        "_ttl": 300,
        "__id": 7,
        "_a_b": '[1, "\\u00e9"]',
        "_none": "null",
        "_app": "catalyst-dns-sync",
        "_version": f"v{__version__}",
        "_logger": "syncer.zone.apply",
    }
    assert full.startswith("broke at [hidden]")
    assert full.endswith("ValueError: [hidden]")
    assert "Traceback" in full


@pytest.mark.parametrize(("level", "number"), [(10, 7), (20, 6), (30, 4), (40, 3), (50, 2), (25, 6)])
def test_levels_are_those_of_syslog(level: int, number: int) -> None:
    record = logging.LogRecord("x", level, __file__, 1, "", (), None)
    line = json.loads(GELFFormatter().format(record))
    assert (line["level"], line["short_message"]) == (number, "-")


def test_lines_wait_for_a_receiver_that_is_not_there_yet(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    logger = connect("tcp", port)
    for number in range(5):
        logger.info("%d", number)
    wait_until(lambda: "cannot be reached" in caplog.text)
    receiver = TCPReceiver(port)
    wait_until(lambda: len(receiver.lines) == 5)
    assert texts(receiver) == list("01234")
    wait_until(lambda: f"tcp://127.0.0.1:{port} is back; 0 lines were lost" in caplog.text)
    assert caplog.text.count("cannot be reached") == 1
    receiver.close()


def test_a_receiver_that_hangs_holds_up_nobody_and_is_told_what_it_missed(connect: Connect) -> None:
    port = (server := socket.create_server(("127.0.0.1", 0))).getsockname()[1]
    logger = connect("tcp", port)
    text = "x" * 100_000
    # 15 MB: more than the buffers of the system and ours take. It reads none of it, so that a logger that waited for
    # it would never come to the end of this loop.
    for number in range(150):
        logger.info("%d %s", number, text)
    server.close()  # and with it what it never read
    receiver = TCPReceiver(port)
    wait_until(lambda: any("were lost" in line for line in texts(receiver)), 15)
    (notice,) = [line for line in receiver.lines if "were lost" in line["short_message"]]
    lost = int(notice["short_message"].split()[0])
    assert notice["level"] == 4
    assert 0 < lost < 150
    logger.info("last")
    wait_until(lambda: texts(receiver)[-1] == "last")
    receiver.close()


def test_a_loss_is_told_again_where_its_notice_may_have_gone_too(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    logger = connect("tcp", port)
    logger.info("anyone?")
    wait_until(lambda: "cannot be reached" in caplog.text)
    for number in range(60):  # 6 MB: more than is kept
        logger.info("%d %s", number, "x" * 100_000)
    first = find_notice(port)
    wait_until(lambda: "is back" in caplog.text)
    while caplog.text.count("cannot be reached") < 2:
        logger.info("anyone?")
        time.sleep(0.01)
    second = find_notice(port)
    assert int(first.split()[0]) > 0
    assert first.endswith("while this receiver was away")
    assert second == first


def test_lines_that_came_faster_than_they_were_read_are_counted_and_once_more_when_that_is_unsure(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = TCPReceiver(is_slow=True)
    logger = connect("tcp", receiver.port)
    for number in range(200):  # 20 MB: more than is kept and the system takes
        logger.info("%d %s", number, "x" * 100_000)
    receiver.goes_on.set()
    wait_until(lambda: sum(count_lost(receiver)) + count_long(receiver) == 200, 15)
    lost = count_lost(receiver)
    assert 1 <= len(lost) <= 3, "at once, and when all others were sent"
    assert all("because more came" in text for text in texts(receiver) if "were lost" in text)
    assert "is back" not in caplog.text
    receiver.close()
    while "cannot be reached" not in caplog.text:
        logger.info("anyone?")
        time.sleep(0.01)
    assert find_notice(receiver.port) == f"{sum(lost)} log lines were lost while this receiver was away"


def count_lost(receiver: TCPReceiver) -> list[int]:
    return [int(text.split()[0]) for text in texts(receiver) if "were lost" in text]


def count_long(receiver: TCPReceiver) -> int:
    return sum(1 for text in texts(receiver) if "xxx" in text)


def find_notice(port: int) -> str:
    """That lines were lost, as a receiver hears that goes as soon as it has."""
    receiver = TCPReceiver(port)
    wait_until(lambda: any("were lost" in line for line in texts(receiver)), 15)
    receiver.close()
    return next(line for line in texts(receiver) if "were lost" in line)


def test_a_receiver_that_was_restarted_loses_no_line(connect: Connect) -> None:
    first = TCPReceiver()
    logger = connect("tcp", first.port)
    logger.info("one")
    wait_until(lambda: texts(first) == ["one"])
    first.close()
    time.sleep(0.05)
    logger.info("two")
    second = TCPReceiver(first.port)
    wait_until(lambda: texts(second) == ["two"])
    second.close()


def test_nobody_listening_on_udp_is_noticed_once(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    logger = connect("udp", port)
    for number in range(20):
        logger.info("%d", number)
        time.sleep(0.01)
    wait_until(lambda: "cannot be reached: Connection refused" in caplog.text)
    assert len(caplog.records) == 1
    receiver = UDPReceiver(port)
    wait_until(lambda: "19" in texts(receiver))
    receiver.close()


def test_a_fork_sends_its_own_lines(receiver: Receiver, connect: Connect) -> None:
    logger = connect(receiver.scheme, receiver.port)
    logger.info("parent")
    wait_until(lambda: texts(receiver) == ["parent"])
    if not (child := os.fork()):
        logger.info("child")
        logger.handlers[0].flush()
        os._exit(0)
    os.waitpid(child, 0)
    logger.info("parent again")
    wait_until(lambda: sorted(texts(receiver)) == ["child", "parent", "parent again"])


def run(code: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), **variables}
    env["DJANGO_SETTINGS_MODULE"] = "catalyst.settings.worker"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)


def test_a_process_with_parse_gelf_url_sends_its_last_line_too(receiver: Receiver, tmp_path: Path) -> None:
    code = "import django, logging; django.setup(); logging.getLogger('syncer').warning('the end')"
    ended = run(code, tmp_path, GELF_URL=f"{receiver.scheme}://127.0.0.1:{receiver.port}")
    assert json.loads(ended.stderr)["msg"] == "the end"
    wait_until(lambda: texts(receiver) == ["the end"])


def test_a_process_whose_receiver_is_away_ends_and_says_what_was_lost(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    code = "import django, logging; django.setup(); logging.getLogger('syncer').warning('the end')"
    ended = run(code, tmp_path, GELF_URL=f"tcp://127.0.0.1:{port}")
    assert f"1 log lines did not reach the GELF receiver tcp://127.0.0.1:{port}" in ended.stderr


def test_without_parse_gelf_url_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    code = "import django, sys; django.setup(); print('catalyst.logs.gelf' in sys.modules)"
    assert run(code, tmp_path).stdout == "False\n"


@pytest.mark.parametrize(
    "text",
    ["graylog:12201", "http://graylog:12201", "udp://", "tcp://u:p@graylog", "udp://g:0", "udp://g:x", "udp://g/x"],
)
def test_what_is_no_receiver_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_gelf_url(text)


@pytest.mark.parametrize("text", ["", "udp://graylog", "tcp://graylog.home.lab:12201", "udp://[2001:db8::1]:12201"])
def test_a_receiver_is_a_scheme_and_a_host(text: str) -> None:
    assert parse_gelf_url(text) == text


def test_the_port_of_graylog_is_the_default() -> None:
    assert GELFHandler("udp://graylog").place == f"udp://graylog:{gelf.PORT}"
