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
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from threading import Lock
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
PASSING = 4
"""Secrets that are renewed of which the newest are known: an older one is refused by then."""
RECENT, SHORT = 256, 256
"""How many of the texts that were looked through last are remembered, and of what length at most: most parts of a log
line are those of the line before."""
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

SIGNS = (" ", "=", ":", "eyj", "hooks.slack.com")
"""Of which each text in which ``SECRET_TEXT`` finds something has at least one; or a control character, as a line end
is."""

SPECIAL_IN_HTML = frozenset("&<>\"'")


class Redaction:
    """Hides the known secrets in every spelling that a text could give them, and what looks like a secret.

    ``secrets`` may grow at any time. Safe to use from several threads.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = set(secrets)
        self._passing: deque[str] = deque(maxlen=PASSING)
        self._lock = Lock()
        self._known: set[str] = set()
        self._hide_in = _make_hider(())

    def note_passing(self, secret: str) -> None:
        """One that another will replace, such as a token that is renewed by the hour."""
        with self._lock:
            if secret and secret not in self._passing:
                self._passing.append(secret)

    def forget_passing(self) -> None:
        with self._lock:
            self._passing.clear()

    def _find_hider(self) -> Callable[[str], str]:
        with self._lock:
            secrets = {*self.secrets, *self._passing}
            if secrets != self._known:
                self._hide_in, self._known = _make_hider(secrets), secrets
            return self._hide_in

    def redact_text(self, text: str) -> str:
        return self._find_hider()(text)

    def redact_fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The values as JSON can hold them, without secrets at any depth."""
        hide = self._find_hider()
        return {hide(key): _redact_value(hide, key, value) for key, value in fields.items()}


def _redact_value(hide: Callable[[str], str], key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if _names_secret(key):
        return HIDDEN
    if isinstance(value, str):
        return hide(str(value))
    if isinstance(value, dict):
        return {hide(str(name)): _redact_value(hide, str(name), member) for name, member in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redact_value(hide, "", member) for member in value]
    text = str(value)
    shown = hide(text)
    number = isinstance(value, int | float) and math.isfinite(value)
    return value if number and shown == text else shown


def _make_hider(secrets: Iterable[str]) -> Callable[[str], str]:
    """It remembers what it has looked through, for these secrets alone: for others there is another one."""
    known = _compile_secrets(secrets)

    def hide(text: str) -> str:
        if known:
            text = known.sub(HIDDEN, text)
        return SECRET_TEXT.sub(_hide_match, text) if _may_tell_secret(text) else text

    hide_again = lru_cache(RECENT)(hide)
    return lambda text: hide_again(text) if len(text) <= SHORT else hide(text)


def _may_tell_secret(text: str) -> bool:
    """Whether it has one of ``SIGNS``; of a host name or an address that is known in a tenth of the time."""
    if not (text.isascii() and text.isprintable()):
        return True
    lowered = text.lower()
    return any(sign in lowered for sign in SIGNS)


@lru_cache(RECENT)
def _names_secret(key: str) -> bool:
    return SECRET_KEYS.search(key) is not None


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
    if not SPECIAL_IN_HTML.isdisjoint(secret):
        yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield b64encode(secret.encode(errors="surrogatepass")).decode()


REDACTION = Redaction()
"""Of this process: the secrets of its settings, and the tokens that it got."""
