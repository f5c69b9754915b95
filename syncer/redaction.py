"""Keeps secrets out of whatever is told: log lines, and the reasons that reach pages, probes, answers and tables.

A reason is cleaned where it is made (``syncer/errors.py``), so that nothing behind that has to think of it.
"""

from __future__ import annotations

import html
import json
import math
import re
from base64 import b64encode
from collections import deque
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
PASSING = 4
"""Secrets that are renewed of which the newest are known: an older one is refused by then."""
SECRET_KEYS = re.compile(
    r"(?i)token|pass(?:word|wd|phrase)|secret|authorization|(?:api|private|access)_?-?key|cookie|credential"
)
SECRET_TEXT = re.compile(
    r"""(?ix)
    (?= [abcehpst:-] )                                           # where one may begin: looked at first, for speed
    (?: (?P<before>
            (?: (?:token|pass(?:word|wd|phrase)?|secret|api[_-]?key|sessionid|(?:private|access|secret)[_-]?key)
                ["']? \s* [=:] \s* (?:["'] | b["'])?
              | (?:authorization|cookie) ["']? \s* [=:] \s* (?:["'] | b["'])? (?:(?:bearer|basic|token) \s+)?
              | \b (?:bearer|basic) \s+ (?= [\w+/.~=-]{12} )
            )
            (?! \[hidden\] | (?:it|its|the|an?|is|no|not)\b )   # "the token: it expired" is prose
        )
        [^\s"'&,;<>@)}\]]+
      | (?P<url> :// [^\s/:@]* : ) [^\s/]* (?= @ )             # postgresql://user:p@ss@host
      | (?P<jwt> \b ) eyJ[\w-]{8,} \. [\w-]{8,} \. [\w-]*      # a service account's token
      | (?P<hook> hooks\.slack\.com/services/ ) [\w/]+
      | (?P<pem> -----BEGIN\ [A-Z ]*PRIVATE\ KEY----- ) .*? (?: -----END\ [A-Z ]*PRIVATE\ KEY----- | \Z )
    )
    """,
    re.DOTALL,
)


class Redaction:
    """Hides the known secrets in every spelling that a text could give them, and what looks like a secret.

    ``secrets`` may grow at any time. Safe to use from several threads.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = set(secrets)
        self._passing: deque[str] = deque(maxlen=PASSING)
        self._lock = Lock()
        self._compiled_for: set[str] = set()
        self._known: re.Pattern[str] | None = None

    def note_passing(self, secret: str) -> None:
        """One that another will replace, such as a token that is renewed by the hour."""
        with self._lock:
            if secret and secret not in self._passing:
                self._passing.append(secret)

    def forget_passing(self) -> None:
        with self._lock:
            self._passing.clear()

    def _find_known(self) -> re.Pattern[str] | None:
        with self._lock:
            secrets = {*self.secrets, *self._passing}
            if secrets != self._compiled_for:
                self._known, self._compiled_for = _compile_secrets(secrets), secrets
            return self._known

    def redact_text(self, text: str) -> str:
        if known := self._find_known():
            text = known.sub(HIDDEN, text)
        return SECRET_TEXT.sub(_hide_match, text)

    def redact_value(self, key: str, value: Any) -> Any:
        """``value`` as JSON can hold it, without secrets at any depth."""
        if value is None or isinstance(value, bool):
            return value
        if SECRET_KEYS.search(key):
            return HIDDEN
        if isinstance(value, dict):
            return {self.redact_text(str(name)): self.redact_value(str(name), member) for name, member in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.redact_value("", member) for member in value]
        text = str(value)
        shown = self.redact_text(text)
        number = isinstance(value, int | float) and math.isfinite(value)
        return value if number and shown == text else shown


REDACTION = Redaction()
"""Of this process: the secrets of its settings, and the tokens that it got."""


def _compile_secrets(secrets: Iterable[str]) -> re.Pattern[str] | None:
    found = {text for secret in secrets if secret for text in _spell_secret(secret)}
    # The longest first: a secret may begin with another one. A short one is hidden only as a whole word: "admin"
    # must not take a bite out of "/administration".
    known = "|".join(
        re.escape(text) if len(text) >= 8 else rf"(?<!\w){re.escape(text)}(?!\w)"
        for text in sorted(found, key=len, reverse=True)
    )
    return re.compile(known) if known else None


def _hide_match(found: re.Match[str]) -> str:
    return f"{found[found.lastgroup or 0]}{HIDDEN}"


def _spell_secret(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret)
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield b64encode(secret.encode(errors="surrogatepass")).decode()
