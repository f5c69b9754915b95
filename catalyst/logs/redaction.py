"""Keeps secrets out of log lines, however they got there."""

from __future__ import annotations

import html
import json
import math
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
SECRET_KEYS = re.compile(r"(?i)token|pass(?:word|wd|phrase)|secret|authorization|api_?-?key|cookie|credential")
SECRET_TEXT = re.compile(
    r"""(?ix)
    (?P<before>
        (?: (?:token|pass(?:word|wd|phrase)?|secret|api[_-]?key|sessionid) ["']? \s* [=:] \s* (?:["'] | b["'])?
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
    """,
    re.DOTALL,
)


class Redaction:
    """Hides the known secrets in every spelling that a log could give them, and what looks like a secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {text for secret in secrets if secret for text in _spell_secret(secret)}
        # The longest first: a secret may begin with another one. A short one is hidden only as a whole word: "admin"
        # must not take a bite out of "/administration".
        known = "|".join(
            re.escape(text) if len(text) >= 8 else rf"(?<!\w){re.escape(text)}(?!\w)"
            for text in sorted(found, key=len, reverse=True)
        )
        self._known = re.compile(known) if known else None

    def redact_text(self, text: str) -> str:
        if self._known:
            text = self._known.sub(HIDDEN, text)
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
