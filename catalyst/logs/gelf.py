"""Log lines straight to Graylog, as GELF 1.1. Loaded only when GELF_URL is set.

Not pygelf: its sockets block the caller, its TCP handler drops a line at every reconnect without a word, and its UDP
handler leaves out what goes beyond 128 chunks without saying so.
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import struct
import sys
import time
import zlib
from collections import deque
from collections.abc import Iterator
from itertools import count
from threading import Condition, Thread
from typing import Any, Protocol
from urllib.parse import urlsplit

from catalyst import __version__
from catalyst.logs.formats import APP, RedactingFormatter
from catalyst.logs.losses import Losses

PORT = 12201
SYSLOG = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}

DATAGRAM = 8192
"""Bytes, the header of a chunk among them: what Graylog takes by default."""
CHUNKS = 128
MAGIC = b"\x1e\x0f"
HEADER = 12
BURST = 8
"""Chunks in one go: the buffer of a receiver on Linux holds about 25 of them."""

UDP_LONGEST = 8_000_000
"""Bytes before compression. This and TCP_LONGEST are just below Graylog's own limits (8 MiB and 2 MiB)."""
TCP_LONGEST = 2_000_000

WAITING = 4_000_000
"""Bytes of lines that are kept while the receiver is away; further lines are dropped, and counted."""
RETRIES = (0.2, 1.0, 2.0, 5.0)
"""Seconds before each further attempt; the last one repeats."""
CALM = 10.0
"""Seconds without an error after which a UDP receiver, which never answers, counts as back."""
TIMEOUT = 5.0
FLUSH = 1.0
"""Seconds that the end of the process waits for the last lines."""

log = logging.getLogger(__name__)


class GELFFormatter(RedactingFormatter):
    def format(self, record: logging.LogRecord) -> str:
        message, traceback = self.read_message(record), self.read_traceback(record)
        line: dict[str, Any] = {
            "version": "1.1",
            "host": socket.gethostname(),
            "short_message": message if message.strip() else "-",  # Graylog refuses an empty one
            "timestamp": round(record.created, 3),
            "level": SYSLOG.get(record.levelno, 6),
        }
        if traceback:
            line["full_message"] = f"{message}\n{traceback}"
        for key, value in self.read_fields(record).items():
            line[make_field_name(key)] = value if isinstance(value, str | int | float) else json.dumps(value)
        line |= {"_app": APP, "_version": f"v{__version__}", "_logger": record.name}
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def make_field_name(key: str) -> str:
    """GELF forbids ``_id``, and all but letters, digits, ``_``, ``-`` and ``.``."""
    name = "_" + re.sub(r"[^\w.-]", "_", key, flags=re.ASCII)
    return "__id" if name == "_id" else name


def cut_line(line: str, longest: int) -> str:
    """The GELF ``line`` with every text in it shortened to ``longest`` characters, and a notice where that was done."""
    fields = json.loads(line)
    for key, value in fields.items():
        if isinstance(value, str) and len(value) > longest:
            fields[key] = f"{value[:longest]} [cut: {len(value)} characters were too many]"
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def encode_line(line: str) -> bytes:
    return line.encode(errors="replace")  # half a surrogate pair cannot be encoded


def halve_repeatedly(line: str) -> Iterator[str]:
    """``line``, then the same with its texts cut to half the length, again and again."""
    yield line
    longest = len(line)
    while longest > 1:
        longest //= 2
        yield cut_line(line, longest)


class Wire(Protocol):
    """``send_packed`` raises ``OSError``; ``answers`` says whether its return proves that a receiver was there."""

    answers: bool

    def pack_line(self, line: str) -> bytes: ...

    def send_packed(self, packed: bytes) -> None: ...

    def close(self) -> None: ...


class UDP:
    answers = False

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._socket: socket.socket | None = None

    def pack_line(self, line: str) -> bytes:
        for shorter in halve_repeatedly(line):
            raw = encode_line(shorter)
            if len(raw) <= UDP_LONGEST and len(packed := zlib.compress(raw)) <= CHUNKS * (DATAGRAM - HEADER):
                return packed
        return b""

    def send_packed(self, packed: bytes) -> None:
        if self._socket is None:
            # Connected, so that the system tells us when nothing listens there.
            family, kind, *_, address = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind)
            self._socket.settimeout(TIMEOUT)
            self._socket.connect(address)
        for number, datagram in enumerate(split_datagrams(packed)):
            if number and number % BURST == 0:
                time.sleep(0.001)
            self._socket.send(datagram)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def split_datagrams(packed: bytes) -> Iterator[bytes]:
    if len(packed) <= DATAGRAM:
        yield packed
        return
    size, message = DATAGRAM - HEADER, os.urandom(8)
    total = -(-len(packed) // size)
    for number in range(total):
        yield MAGIC + message + struct.pack("BB", number, total) + packed[number * size : (number + 1) * size]


class TCP:
    answers = True

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._socket: socket.socket | None = None

    def pack_line(self, line: str) -> bytes:
        for shorter in halve_repeatedly(line):
            if len(packed := encode_line(shorter)) < TCP_LONGEST:
                return packed + b"\0"  # JSON holds none itself; over TCP Graylog takes nothing compressed
        return b""

    def send_packed(self, packed: bytes) -> None:
        if self._socket is not None and self._was_closed():
            self.close()
        if self._socket is None:
            self._socket = socket.create_connection(self._address, TIMEOUT)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.sendall(packed)

    def _was_closed(self) -> bool:
        """Whether the receiver closed the connection: the system would still accept one line, and lose it."""
        assert self._socket is not None
        self._socket.setblocking(False)
        try:
            return not self._socket.recv(4096)
        except BlockingIOError:
            return False
        finally:
            self._socket.settimeout(TIMEOUT)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class GELFHandler(logging.Handler):
    """Logging never waits: lines go into a queue, and a thread sends them and tries again as long as it must."""

    def __init__(self, url: str) -> None:
        super().__init__()
        parts = urlsplit(url)
        self.place = f"{parts.scheme}://{parts.hostname}:{parts.port or PORT}"
        self._wire: Wire = (UDP if parts.scheme == "udp" else TCP)((parts.hostname or "", parts.port or PORT))
        self._reset_queue()

    def _reset_queue(self) -> None:
        self._pid = os.getpid()
        self._lines: deque[str] = deque()
        self._size = 0
        self._closing = False
        self._failed_at: float | None = None
        self._losses = Losses()
        self._changed = Condition()
        self._thread: Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == __name__:  # what happens to the receiver is for the other handlers to tell
            return
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - logging must never raise, as in every handler
            self.handleError(record)
            return
        if self._pid != os.getpid():  # a fork has no threads, and its socket belongs to its parent
            self._reset_queue()
            self._wire.close()
        with self._changed:
            if self._thread is None:
                self._thread = Thread(target=self._send_lines, name="GELF", daemon=True)
                self._thread.start()
            if self._lines and self._size + len(line) > WAITING:
                self._losses.untold += 1
                return
            self._lines.append(line)
            self._size += len(line)
            self._changed.notify_all()

    def flush(self) -> None:
        with self._changed:
            self._changed.wait_for(self._is_all_told, FLUSH)

    def _is_all_told(self) -> bool:
        return not self._lines and (not self._losses.untold or self._failed_at is not None)

    def close(self) -> None:
        with self._changed:
            self._closing = True
            left = len(self._lines) + self._losses.untold
            self._changed.notify_all()
        if left:
            # Not through logging, which is being taken down.
            print(f"{left} log lines did not reach the GELF receiver {self.place}", file=sys.stderr)  # noqa: T201
        super().close()

    def _send_lines(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closing)
                if self._closing and not self._lines:
                    self._wire.close()
                    return
                line = self._lines[0]
            if not self._deliver_line(self._wire.pack_line(line)):
                return
            with self._changed:
                self._lines.popleft()
                self._size -= len(line)
                self._changed.notify_all()
            if not self._tell_losses():
                return

    def _deliver_line(self, packed: bytes) -> bool:
        """Sends the line, however long that takes; False when the process ends first."""
        for attempt in count():
            try:
                self._wire.send_packed(packed)
            except (OSError, UnicodeError) as error:  # UnicodeError: a host name that no resolver takes
                self._wire.close()
                self._note_failure(error)
                with self._changed:
                    if self._changed.wait_for(lambda: self._closing, RETRIES[min(attempt, len(RETRIES) - 1)]):
                        return False
            else:
                self._note_success()
                return True
        return False

    def _note_failure(self, error: OSError | UnicodeError) -> None:
        if self._failed_at is None:
            reason = getattr(error, "strerror", None) or error
            log.warning("GELF receiver %s cannot be reached: %s; lines are kept, as many as fit", self.place, reason)
            with self._changed:
                self._losses.note_away(time.monotonic())
        if not self._wire.answers:
            with self._changed:
                self._losses.untold += 1  # the refusal is of the datagram before this one
        self._failed_at = time.monotonic()

    def _note_success(self) -> None:
        if self._failed_at is None or (not self._wire.answers and time.monotonic() < self._failed_at + CALM):
            return
        self._failed_at = None
        with self._changed:
            self._losses.note_back()
        log.warning("GELF receiver %s is back; %d lines were lost", self.place, self._losses.untold)

    def _tell_losses(self) -> bool:
        """False when the process ends before the receiver was told."""
        while self._failed_at is None:
            with self._changed:
                number, words = self._losses.find_news(time.monotonic(), is_drained=not self._lines)
            if not number:
                break
            notice = self.format(logging.LogRecord(__name__, logging.WARNING, __file__, 0, words, (), None))
            if not self._deliver_line(self._wire.pack_line(notice)):
                return False
            with self._changed:
                self._losses.note_told(number, time.monotonic())
                self._changed.notify_all()
        return True
