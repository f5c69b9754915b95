"""Log lines: JSON for machines (fields as in proposal §4.1.3), text for people, secrets in neither.

On the standard library alone: structlog 26 costs 14 MB in a process that has 50.
"""

from __future__ import annotations

import json
import logging
import math
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from catalyst import __version__

APP = "catalyst-dns-sync"
LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "warning": "WARNING", "error": "ERROR"}
NAMES = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warn",
    logging.ERROR: "error",
    logging.CRITICAL: "error",
}
"""The levels of the proposal (Go's slog has four)."""

OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
HIDDEN = "[hidden]"
SECRET_KEYS = re.compile(r"(?i)token|password|passwd|secret|authorization|api_?key")
SECRET_TEXT = re.compile(
    r"""(?ix)
    (?P<before>
        (?:token|password|passwd|secret|api_?key) ["']? \s* [=:] \s* (?:["'] | b')?   # token=…, "token": "…"
      | \b (?:bearer|basic) \s+ (?= [\w+/.~=-]{12} )                                     # Authorization: Bearer …
      | :// [^\s/:@]* : (?= [^\s/@]* @ )                                                 # postgres://user:…@host
    )
    (?P<secret> [^\s"'&,;<>@)}\]]+ )
    """
)
CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: "\\u2028", 0x2029: "\\u2029"}
CONTROL |= {9: "\\t", 10: "\\n", 13: "\\r"}


class Redaction:
    """Hides the known secrets in every spelling that a log could give them, and what looks like a secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = set()
        for secret in secrets:
            for text in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]):
                # A short one is hidden only where it stands alone: "admin" must not eat "/administration".
                spellings.add(re.escape(text) if len(text) >= 8 else rf"(?<!\w){re.escape(text)}(?!\w)")
        # The longest first: a secret may begin with another one.
        known = "|".join(sorted(spellings, key=len, reverse=True))
        self._known = re.compile(known) if known else None

    def text(self, text: str) -> str:
        if self._known:
            text = self._known.sub(HIDDEN, text)
        return SECRET_TEXT.sub(rf"\g<before>{HIDDEN}", text)

    def value(self, key: str, value: Any) -> Any:
        """``value`` as JSON can hold it, without secrets at any depth."""
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if value is None or isinstance(value, bool | int):
            return value
        if SECRET_KEYS.search(key):
            return HIDDEN
        if isinstance(value, dict):
            return {self.text(str(name)): self.value(str(name), member) for name, member in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value("", member) for member in value]
        return self.text(str(value))


class Formatter(logging.Formatter):
    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._redaction = Redaction(secrets)

    def message(self, record: logging.LogRecord) -> str:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # a wrong format string in some library is no reason to lose the line
            text = f"{record.msg} {record.args}"
        return self._redaction.text(text)

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """What the caller passed as ``extra``."""
        value = self._redaction.value
        return {key: value(key, member) for key, member in vars(record).items() if key not in OWN_ATTRIBUTES}

    def traceback(self, record: logging.LogRecord) -> str:
        parts = []
        if record.exc_info and record.exc_info[0]:
            parts.append(self.formatException(record.exc_info))
        if record.stack_info:
            parts.append(record.stack_info)
        return self._redaction.text("\n".join(parts))


class JSONFormatter(Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "timestamp": moment.replace("+00:00", "Z"),
            "level": NAMES.get(record.levelno, record.levelname.lower()),
            "msg": self.message(record),
        }
        fixed = {"app": APP, "version": f"v{__version__}", "logger": record.name}
        # A field of the caller never takes the place of one of these.
        line |= {key: value for key, value in self.fields(record).items() if key not in line and key not in fixed}
        line |= fixed
        if traceback := self.traceback(record):
            line["traceback"] = traceback
        return json.dumps(line, separators=(",", ":"))


class TextFormatter(Formatter):
    """``06:04:11.250 INFO  DNS record created hostname=grafana.talos00 ip=192.168.1.54``, in local time.

    A line stays one line: names come from a cluster, where anybody may have put a line end into one.
    """

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        level = NAMES.get(record.levelno, record.levelname).upper()
        words = [f"{clock}.{int(record.msecs):03} {level:<5} {self.message(record).translate(CONTROL)}"]
        words += [f"{key}={plain(value)}" for key, value in self.fields(record).items() if value not in (None, "")]
        line = " ".join(words)
        traceback = self.traceback(record)
        return f"{line}\n{traceback}" if traceback else line


def plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = text.translate(CONTROL)
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) and re.search(r'[\s="]', text) else text


def log_settings(level: str, form: str, secrets: Iterable[str]) -> dict[str, Any]:
    """For ``logging.config.dictConfig``: one stream, standard error, whatever process it is."""
    formatter = "JSONFormatter" if form == "json" else "TextFormatter"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": f"catalyst.logs.{formatter}", "secrets": tuple(secrets)}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": LEVELS[level]},
        "loggers": {
            # Django's own configuration comes first and would write to mail and a console of its own.
            "django": {"handlers": [], "level": "NOTSET", "propagate": True},
            "django.server": {"handlers": [], "level": "NOTSET", "propagate": True},
            # At debug level they tell each statement and each connection, tokens in headers included.
            "django.db.backends": {"level": "INFO"},
            "urllib3": {"level": "INFO"},
            "asyncio": {"level": "INFO"},
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
        },
    }
