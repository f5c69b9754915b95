"""The one reader of environment variables: a value, or one sentence that names the variable, what it holds and what
would be right."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, NoReturn, TypeVar

from django.core.exceptions import ImproperlyConfigured

from syncer.core.annotations import split_list
from syncer.httpd import parse_address
from syncer.redaction import Redaction

T = TypeVar("T")

TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")

SECRETS = ("ADMIN_PASSWORD", "DATABASE_URL", "DNS_API_TOKEN", "SECRET_KEY", "SLACK_WEBHOOK_URL")
"""The variables that ``read_secret`` is asked for, by whichever process."""
SECRET_VARIABLES = (*SECRETS, *(f"{name}_FILE" for name in SECRETS))


class Environment:
    """Reads variables strictly; every reader raises ``ImproperlyConfigured`` for a value that is not right.

    An empty variable counts as not set, as it does in a ConfigMap with a blank entry. ``asked`` collects each name
    with its default, so that a test can hold the documentation against the code. ``secrets`` collects the secret
    values that were read, for the ``redaction`` of all that is told. (Not ``environ.Env``: it reads "yess" as false,
    and follows a token that begins with a dollar sign to another variable.)
    """

    read_only: ClassVar[bool] = False
    """Whether this process leaves everything as it is: it makes no folder and no key that the settings lack."""

    def __init__(self, variables: Mapping[str, str], redaction: Redaction | None = None) -> None:
        self._variables = variables
        self._redaction = redaction or Redaction()
        self.asked: dict[str, str] = {}
        self.secrets = self._redaction.secrets

    def is_given(self, name: str) -> bool:
        return bool(self._variables.get(name, "").strip())

    def read_text(self, name: str, default: str = "") -> str:
        self.asked[name] = default
        return self._variables.get(name, "").strip() or default

    def refuse_missing(self, name: str, right: str) -> NoReturn:
        raise ImproperlyConfigured(f"{name} is not set: {right}.")

    def refuse_value(self, name: str, value: str, right: str) -> NoReturn:
        if holds_login(value):
            raise ImproperlyConfigured(f"{name} holds a user or a password (its value is not shown): {right}.")
        shown = self._redaction.redact_text(value)  # before it is cut: half a secret would not be known
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        raise ImproperlyConfigured(f'{name} is "{shown}": {right}.')

    def read_secret(self, name: str) -> str:
        """From ``NAME``, or from the file that ``NAME_FILE`` names (without the line end that editors leave)."""
        value, path = self.read_text(name), self.read_text(f"{name}_FILE")
        if value and path:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: keep one of them.")
        if path:
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                if not Path(path).is_absolute():  # it may be the secret itself, in the wrong variable
                    raise ImproperlyConfigured(
                        f"{name}_FILE names no file that can be read ({reason}; its value is not shown): "
                        "give the whole path of a file with the secret in it."
                    ) from None
                self.refuse_value(
                    f"{name}_FILE", path, f"the file cannot be read ({reason}): name one that this user may read"
                )
            if not value:
                self.refuse_value(f"{name}_FILE", path, "the file is empty: put the secret into it")
        if not value.isprintable():
            raise ImproperlyConfigured(f"{name} holds control characters or line ends: it must be one printable line.")
        if value:
            self.secrets.add(value)
        return value

    def read_flag(self, name: str, default: bool = False) -> bool:
        text = self.read_text(name, str(default).lower())
        if text.lower() not in TRUE + FALSE:
            self.refuse_value(name, text, "give true or false")
        return text.lower() in TRUE

    def read_choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        text = self.read_text(name, default)
        if text.lower() not in choices:
            self.refuse_value(name, text, f"give one of {', '.join(choices)}")
        return text.lower()

    def read_number(self, name: str, default: str, *, least: float = 0, most: float = math.inf) -> float:
        text = self.read_text(name, default)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        # Not `value < least or …`: NaN compares false with everything.
        if not least <= value <= most or math.isinf(value):
            limits = f"at least {least:g}" if math.isinf(most) else f"from {least:g} to {most:g}"
            self.refuse_value(name, text, f"give a number, {limits}")
        return value

    def read_integer(self, name: str, default: str, *, least: int = 0, most: int = 2**31 - 1) -> int:
        text = self.read_text(name, default)
        if not re.fullmatch(r"\d{1,12}", text, re.ASCII) or not least <= int(text) <= most:
            self.refuse_value(name, text, f"give a whole number from {least} to {most}")
        return int(text)

    def read_address(self, name: str, default: str) -> str:
        """``host:port`` to listen on; ``:port`` is every interface."""
        text = self.read_text(name, default)
        try:
            parse_address(text)
        except ValueError:
            self.refuse_value(
                name, text, "give host:port, or :port for every interface, such as 127.0.0.1:8080 or :8080"
            )
        return text

    def read_optional_address(self, name: str) -> str:
        """As ``address``; "" when it is not set."""
        self.asked[name] = ""
        return self.read_address(name, "") if self.is_given(name) else ""

    def read_value(self, name: str, default: str, parse: Callable[[str], T], right: str) -> T:
        return self.parse_text(name, self.read_text(name, default), parse, right)

    def read_list(self, name: str, parse: Callable[[str], T], right: str) -> tuple[T, ...]:
        """A comma list, without its duplicates."""
        return self.parse_list(name, self.read_text(name), parse, right)

    def parse_list(self, name: str, text: str, parse: Callable[[str], T], right: str) -> tuple[T, ...]:
        return tuple(dict.fromkeys(self.parse_text(name, part, parse, right) for part in split_list(text)))

    def read_pairs(self, name: str, right: str) -> list[tuple[str, str]]:
        """A comma list of ``key=value``."""
        pairs = []
        for part in split_list(self.read_text(name)):
            key, _, value = (text.strip() for text in part.partition("="))
            if not (key and value):
                self.refuse_value(name, part, right)
            pairs.append((key, value))
        return pairs

    def parse_text(self, name: str, text: str, parse: Callable[[str], T], right: str) -> T:
        """``parse`` raises ValueError, whose text says what is wrong; ``right`` says what would be right."""
        try:
            return parse(text)
        except ValueError as error:
            # What a library says of such a URL quotes parts of it.
            reason = "" if holds_login(text) else str(error)
            self.refuse_value(name, text, f"{reason}; {right}" if reason else right)


def holds_login(text: str) -> bool:
    """Whether it may be a URL with a user or a password in it, however that is spelled."""
    return "://" in text and "@" in text
