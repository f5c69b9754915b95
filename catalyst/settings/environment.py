"""Environment variables into values, or one sentence that names the variable, its value and what is right."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, NoReturn, TypeVar

from django.core.exceptions import ImproperlyConfigured

from syncer.core.annotations import split_list
from syncer.httpd import parse_address

T = TypeVar("T")

TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


class Environment:
    """Reads variables strictly; every reader raises ``ImproperlyConfigured`` for a value that is not right.

    An empty variable counts as not set, as it does in a ConfigMap with a blank entry. ``asked`` collects each name
    with its default, so that a test can hold the documentation against the code. ``secrets`` collects the secret
    values that were read, for the redaction of logs. (Not ``environ.Env``: it reads "yess" as false, and follows a
    token that begins with a dollar sign to another variable.)
    """

    only_looks: ClassVar[bool] = False
    """Whether this process leaves everything as it is: no folder and no key is made for what the settings lack."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.asked: dict[str, str] = {}
        self.secrets: set[str] = set()

    def given(self, name: str) -> bool:
        return bool(self._variables.get(name, "").strip())

    def text(self, name: str, default: str = "") -> str:
        self.asked[name] = default
        return self._variables.get(name, "").strip() or default

    def required(self, name: str, right: str) -> NoReturn:
        raise ImproperlyConfigured(f"{name} is not set: {right}.")

    def wrong(self, name: str, value: str, right: str) -> NoReturn:
        shown = value if len(value) <= 80 else value[:77] + "..."
        raise ImproperlyConfigured(f'{name} is "{shown}": {right}.')

    def secret(self, name: str) -> str:
        """From ``NAME``, or from the file that ``NAME_FILE`` names (without the line end that editors leave)."""
        value, path = self.text(name), self.text(f"{name}_FILE")
        if value and path:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: keep one of them.")
        if path:
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                if not Path(path).is_absolute():  # it may be the secret itself, in the wrong place
                    raise ImproperlyConfigured(
                        f"{name}_FILE names no file that can be read ({reason}; its value is not shown): "
                        "give the whole path of a file with the secret in it."
                    ) from None
                self.wrong(f"{name}_FILE", path, f"the file cannot be read ({reason})")
            if not value:
                self.wrong(f"{name}_FILE", path, "the file is empty")
        if not value.isprintable():
            raise ImproperlyConfigured(f"{name} holds control characters or line ends: it must be one printable line.")
        if value:
            self.secrets.add(value)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        text = self.text(name, str(default).lower())
        if text.lower() not in TRUE + FALSE:
            self.wrong(name, text, "give true or false")
        return text.lower() in TRUE

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        text = self.text(name, default)
        if text.lower() not in choices:
            self.wrong(name, text, f"give one of {', '.join(choices)}")
        return text.lower()

    def number(self, name: str, default: str, *, least: float = 0, most: float = math.inf) -> float:
        text = self.text(name, default)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        # Not `value < least or …`: NaN compares false with everything.
        if not least <= value <= most or math.isinf(value):
            limits = f"at least {least:g}" if math.isinf(most) else f"from {least:g} to {most:g}"
            self.wrong(name, text, f"give a number, {limits}")
        return value

    def whole(self, name: str, default: str, *, least: int = 0, most: int = 2**31 - 1) -> int:
        text = self.text(name, default)
        if not re.fullmatch(r"\d{1,12}", text, re.ASCII) or not least <= int(text) <= most:
            self.wrong(name, text, f"give a whole number from {least} to {most}")
        return int(text)

    def address(self, name: str, default: str) -> str:
        """``host:port`` to listen on; ``:port`` is every interface."""
        text = self.text(name, default)
        try:
            parse_address(text)
        except ValueError:
            self.wrong(name, text, "give host:port, or :port for every interface, such as 127.0.0.1:8080 or :8080")
        return text

    def optional_address(self, name: str) -> str:
        """As ``address``; "" when it is not set."""
        self.asked[name] = ""
        return self.address(name, "") if self.given(name) else ""

    def value(self, name: str, default: str, parse: Callable[[str], T], right: str) -> T:
        return self.parsed(name, self.text(name, default), parse, right)

    def listed(self, name: str, parse: Callable[[str], T], right: str) -> tuple[T, ...]:
        """A comma list, without its duplicates."""
        return self.each(name, self.text(name), parse, right)

    def each(self, name: str, text: str, parse: Callable[[str], T], right: str) -> tuple[T, ...]:
        return tuple(dict.fromkeys(self.parsed(name, part, parse, right) for part in split_list(text)))

    def pairs(self, name: str, right: str) -> list[tuple[str, str]]:
        """A comma list of ``key=value``."""
        pairs = []
        for part in split_list(self.text(name)):
            key, _, value = (text.strip() for text in part.partition("="))
            if not (key and value):
                self.wrong(name, part, right)
            pairs.append((key, value))
        return pairs

    def parsed(self, name: str, text: str, parse: Callable[[str], T], right: str) -> T:
        """``parse`` raises ValueError, whose text says what is wrong; ``right`` says what would be right."""
        try:
            return parse(text)
        except ValueError as error:
            reason = str(error)
            self.wrong(name, text, f"{reason}; {right}" if reason else right)
