"""Log lines: JSON for machines text for people, GELF for Graylog, secrets in none.

On the standard library alone: structlog 26 costs 14 MB in a process that has 50.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from catalyst import __version__
from syncer.redaction import Redaction
from syncer.threads import find_target

APP = "catalyst-dns-sync"
LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "warning": "WARNING", "error": "ERROR"}
NAMES = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warn",
    logging.ERROR: "error",
    logging.CRITICAL: "error",
}
"""Four, as Go's slog has them: who reads the logs of a cluster knows them."""

OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: "\\u2028", 0x2029: "\\u2029"}
CONTROL |= {9: "\\t", 10: "\\n", 13: "\\r"}
TO_QUOTE = re.compile(r'[\s="]')
JSON = json.JSONEncoder(separators=(",", ":"))
COLOURS = {"WARN": "\x1b[33m", "ERROR": "\x1b[31m", "DEBUG": "\x1b[2m"}
DIM, PLAIN = "\x1b[2m", "\x1b[0m"


class RedactingFormatter(logging.Formatter):
    """What every format shares: the parts of a log line, each without secrets."""

    def __init__(self, redaction: Redaction | None = None) -> None:
        super().__init__()
        self._redaction = redaction or Redaction()

    def read_message(self, record: logging.LogRecord) -> str:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # a wrong format string in a library is no reason to lose the line
            text = f"{record.msg} {record.args}"
        return self._redaction.redact_text(text)

    def read_fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """What the caller passed as ``extra``; of several targets that which the line is about, by its thread."""
        fields = self._redaction.redact_fields(
            {key: value for key, value in vars(record).items() if key not in OWN_ATTRIBUTES}
        )
        if target := find_target(record.threadName):
            fields["target"] = target
        return fields

    def read_traceback(self, record: logging.LogRecord) -> str:
        parts = []
        if record.exc_info and record.exc_info[0]:
            parts.append(self.formatException(record.exc_info))
        if record.stack_info:
            parts.append(record.stack_info)
        return self._redaction.redact_text("\n".join(parts)) if parts else ""


class JSONFormatter(RedactingFormatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "timestamp": moment.replace("+00:00", "Z"),
            "level": NAMES.get(record.levelno, record.levelname.lower()),
            "msg": self.read_message(record),
        }
        fixed = {"app": APP, "version": f"v{__version__}", "logger": record.name}
        # The caller's fields never replace one of these.
        line |= {key: value for key, value in self.read_fields(record).items() if key not in line and key not in fixed}
        line |= fixed
        if traceback := self.read_traceback(record):
            line["traceback"] = traceback
        return JSON.encode(line)


class TextFormatter(RedactingFormatter):
    """``06:04:11.250 INFO  DNS record created hostname=grafana.talos00 ip=192.168.1.54``, in local time.

    A line stays one line: names come from a cluster, where anyone may have put a line end into one.
    """

    def __init__(self, redaction: Redaction | None = None, *, coloured: bool = False) -> None:
        super().__init__(redaction)
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        clock = tell_clock(int(record.created))
        level = NAMES.get(record.levelno, record.levelname).upper()
        shown = {key: value for key, value in self.read_fields(record).items() if value not in (None, "", [], {})}
        fields = "".join(f" {key}={format_value(value)}" for key, value in shown.items())
        message = escape_controls(self.read_message(record))
        if self._coloured:
            before = f"{DIM}{clock}.{int(record.msecs):03}{PLAIN} {COLOURS.get(level, '')}{level:<5}{PLAIN}"
            line = f"{before} {message}{DIM}{fields}{PLAIN}"
        else:
            line = f"{clock}.{int(record.msecs):03} {level:<5} {message}{fields}"
        traceback = self.read_traceback(record)
        return f"{line}\n{traceback}" if traceback else line


@lru_cache(maxsize=1)
def tell_clock(second: int) -> str:
    """Of the Unix time, in local time. Of a burst, most lines are of one second."""
    return time.strftime("%H:%M:%S", time.localtime(second))


def escape_controls(text: str) -> str:
    return text if text.isprintable() else text.translate(CONTROL)


def format_value(value: Any) -> str:
    if type(value) is int:
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = escape_controls(text)
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) and TO_QUOTE.search(text) else text


def parse_gelf_url(text: str) -> str:
    """The text itself when it is a valid GELF_URL, or "" for none. Raises ``ValueError``."""
    parts = urlsplit(text)
    if text and (
        parts.scheme not in ("udp", "tcp")
        or not parts.hostname
        or parts.port == 0  # the property itself raises ValueError for what is not a port
        or "@" in parts.netloc
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise ValueError("a receiver is udp://host:port or tcp://host:port")
    return text


def drop_refusal_traceback(record: logging.LogRecord) -> bool:
    """A filter: of a request that was refused, Django's line says which and why. The traceback would add nothing."""
    if record.name.startswith("django.") and 400 <= getattr(record, "status_code", 0) < 500:
        record.exc_info = record.exc_text = None
    return True


def make_log_settings(
    level: str, form: str, redaction: Redaction, *, gelf: str = "", coloured: bool = False
) -> dict[str, Any]:
    """For ``logging.config.dictConfig``: standard error in every process, and the GELF receiver if one is given."""
    line: dict[str, Any] = {"()": "catalyst.logs.formats.JSONFormatter", "redaction": redaction}
    if form == "text":
        line = {"()": "catalyst.logs.formats.TextFormatter", "redaction": redaction, "coloured": coloured}
    formatters = {"line": line}
    brief = [drop_refusal_traceback]
    handlers: dict[str, Any] = {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": brief}}
    if gelf:
        formatters["gelf"] = {"()": "catalyst.logs.gelf.GELFFormatter", "redaction": redaction}
        handlers["gelf"] = {
            "class": "catalyst.logs.gelf.GELFHandler",
            "url": gelf,
            "formatter": "gelf",
            "filters": brief,
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formatters,
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": LEVELS[level]},
        "loggers": {
            # Django's own configuration comes first and would write to mail and a console of its own.
            "django": {"handlers": [], "level": "NOTSET", "propagate": True},
            "django.server": {"handlers": [], "level": "NOTSET", "propagate": True},
            # At debug level they log each statement and each connection, with the tokens in its headers.
            "django.db.backends": {"level": "INFO"},
            # Each name that a template asks for and that is not there, with a traceback.
            "django.template": {"level": "INFO"},
            "urllib3": {"level": "INFO"},
            "asyncio": {"level": "INFO"},
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
        },
    }


def log_crashes() -> None:
    """An exception that nothing catches becomes a log line like any other: one line of JSON, without secrets."""

    def log_crash(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None, where: str = "the program"
    ) -> None:
        if error is None or not issubclass(kind, Exception) or not logging.getLogger().handlers:
            sys.__excepthook__(kind, error or kind(), trace)
        else:
            logging.getLogger("catalyst").critical("%s crashed: %s", where, error, exc_info=(kind, error, trace))

    def log_thread_crash(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            where = f"the thread {args.thread.name}" if args.thread else "a thread"
            log_crash(args.exc_type, args.exc_value, args.exc_traceback, where)

    sys.excepthook = log_crash
    threading.excepthook = log_thread_crash
