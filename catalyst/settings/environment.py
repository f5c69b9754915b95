"""The one reader of environment variables: a value, or one sentence that names the variable, what it holds and what
would be right."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, TypeVar

from django.core.exceptions import ImproperlyConfigured

from syncer.core.annotations import split_list
from syncer.httpd import parse_address
from syncer.redaction import Redaction

T = TypeVar("T")

LIKENESS = 0.87
"""How alike two names must be for one to be taken for a misspelling of the other: a letter of eight may be wrong."""

TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")

SECRETS = ("ADMIN_PASSWORD", "DATABASE_URL", "DNS_API_TOKEN", "SECRET_KEY", "SLACK_WEBHOOK_URL")
"""The variables that ``read_secret`` is asked for, by whichever process."""
SECRET_VARIABLES = (*SECRETS, *(f"{name}_FILE" for name in SECRETS))


class WrongSettings(ImproperlyConfigured):
    """All that is wrong with the settings, one sentence each."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("\n".join(self.sentences))


def list_sentences(error: ImproperlyConfigured) -> Sequence[str]:
    """What to tell of it, one line each."""
    return error.sentences if isinstance(error, WrongSettings) else (str(error),)


class Environment:
    """Reads variables strictly; every reader raises ``ImproperlyConfigured`` for a value that is not right. Within
    ``gathering()`` it goes on with the default instead, and all that is wrong is raised together at the end.

    An empty variable counts as not set, as it does in a ConfigMap with a blank entry. ``asked`` collects each name
    with its default, so that a test can hold the documentation against the code. ``secrets`` collects the secret
    values that were read, for the ``redaction`` of all that is told. (Not ``environ.Env``: it reads "yess" as false,
    and follows a token that begins with a dollar sign to another variable.)
    """

    read_only: ClassVar[bool] = False
    """Whether this process leaves everything as it is: it makes no folder and no key that the settings lack."""
    _gathered: ClassVar[list[str] | None] = None
    """The sentences so far; None outside ``gathering()``."""

    def __init__(self, variables: Mapping[str, str], redaction: Redaction | None = None) -> None:
        self._variables = variables
        self._redaction = redaction or Redaction()
        self.asked: dict[str, str] = {}
        self.secrets = self._redaction.secrets

    @classmethod
    @contextmanager
    def gathering(cls) -> Iterator[Sequence[str]]:
        """Gives the sentences so far, of every environment. Raises ``WrongSettings`` at its end when there are any; one
        within another leaves that to the outer one."""
        if cls._gathered is not None:
            yield cls._gathered
            return
        gathered: list[str] = []
        cls._gathered = gathered
        try:
            yield gathered
        except ImproperlyConfigured as error:  # of what cannot go on with a default
            cls.refuse(str(error))
        finally:
            cls._gathered = None
        if gathered:
            raise WrongSettings(gathered)

    @classmethod
    def refuse(cls, sentence: str) -> None:
        """Raises ``ImproperlyConfigured``; within ``gathering()`` it returns, and the caller goes on with a default."""
        if cls._gathered is None:
            raise ImproperlyConfigured(sentence)
        if sentence not in cls._gathered:
            cls._gathered.append(sentence)

    def with_variables(self, variables: Mapping[str, str]) -> Environment:
        """Other variables, with the same secrets."""
        return Environment(variables, self._redaction)

    def is_given(self, name: str) -> bool:
        return bool(self._variables.get(name, "").strip())

    def read_text(self, name: str, default: str = "") -> str:
        self.asked[name] = default
        return self._variables.get(name, "").strip() or default

    def refuse_missing(self, name: str, right: str) -> None:
        from difflib import get_close_matches  # for a start that fails

        others = [other for other in self._variables if self.is_given(other) and other not in self.asked]
        like = "".join(get_close_matches(name, others, 1, LIKENESS))
        self.refuse(f"{name} is not set{f', and {like} is no setting' if like else ''}: {right}.")

    def refuse_value(self, name: str, value: str, right: str) -> None:
        if holds_login(value):
            self.refuse(f"{name} holds a user or a password (its value is not shown): {right}.")
            return
        shown = self._redaction.redact_text(value)  # before it is cut: half a secret would not be known
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        self.refuse(f'{name} is "{shown}": {right}.')

    def read_secret(self, name: str) -> str:
        """From ``NAME``, or from the file that ``NAME_FILE`` names (without the line end that editors leave)."""
        value, path = self.read_text(name), self.read_text(f"{name}_FILE")
        if value and path:
            self.refuse(f"{name} and {name}_FILE are both set: keep one of them.")
        elif path:
            value = self._read_file(f"{name}_FILE", path)
        return self._keep_secret(name, value)

    def read_secret_file(self, name: str, path: str) -> str:
        """From the file at ``path``, which is what the setting of that name says; "" for one that cannot be read."""
        return self._keep_secret(name, self._read_file(name, path))

    def _keep_secret(self, name: str, value: str) -> str:
        if not value.isprintable():
            self.refuse(f"{name} holds control characters or line ends: it must be one printable line.")
        if value:
            self.secrets.add(value)
        return value

    def is_secret_given(self, name: str) -> bool:
        """Whether there is a variable for it, which may be wrong."""
        return self.is_given(name) or self.is_given(f"{name}_FILE")

    def _read_file(self, name: str, path: str) -> str:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            if Path(path).is_absolute():
                self.refuse_value(name, path, f"the file cannot be read ({reason}): name one that this user may read")
            else:  # it may be the secret itself, in the wrong variable
                self.refuse(
                    f"{name} names no file that can be read ({reason}; its value is not shown): "
                    "give the whole path of a file with the secret in it."
                )
            return ""
        if not value:
            self.refuse_value(name, path, "the file is empty: put the secret into it")
        return value

    def read_flag(self, name: str, default: bool = False) -> bool:
        text = self.read_text(name, str(default).lower())
        if text.lower() not in TRUE + FALSE:
            self.refuse_value(name, text, "give true or false")
            return default
        return text.lower() in TRUE

    def read_choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        text = self.read_text(name, default)
        if text.lower() not in choices:
            self.refuse_value(name, text, f"give one of {', '.join(choices)}")
            return default
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
            return float(default)
        return value

    def read_integer(self, name: str, default: str, *, least: int = 0, most: int = 2**31 - 1) -> int:
        text = self.read_text(name, default)
        if not re.fullmatch(r"\d{1,12}", text, re.ASCII) or not least <= int(text) <= most:
            self.refuse_value(name, text, f"give a whole number from {least} to {most}")
            return int(default)
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
            return default
        return text

    def read_optional_address(self, name: str) -> str:
        """As ``address``; "" when it is not set."""
        self.asked[name] = ""
        return self.read_address(name, "") if self.is_given(name) else ""

    def read_value(self, name: str, default: str, parse: Callable[[str], T], right: str) -> T:
        text = self.read_text(name, default)
        found = self.parse_texts(name, [text], parse, right)
        return found[0] if found else parse(default)

    def read_list(self, name: str, parse: Callable[[str], T], right: str) -> tuple[T, ...]:
        """A comma list, without its duplicates."""
        return self.parse_list(name, self.read_text(name), parse, right)

    def parse_list(self, name: str, text: str, parse: Callable[[str], T], right: str) -> tuple[T, ...]:
        return tuple(dict.fromkeys(self.parse_texts(name, split_list(text), parse, right)))

    def read_pairs(self, name: str, right: str) -> list[tuple[str, str]]:
        """A comma list of ``key=value``."""
        pairs = []
        for part in split_list(self.read_text(name)):
            key, _, value = (text.strip() for text in part.partition("="))
            if key and value:
                pairs.append((key, value))
            else:
                self.refuse_value(name, part, right)
        return pairs

    def parse_texts(self, name: str, texts: Iterable[str], parse: Callable[[str], T], right: str) -> list[T]:
        """Of those that are right. ``parse`` raises ValueError, whose text says what is wrong, or
        ``ImproperlyConfigured`` with a sentence of its own; ``right`` says what would be right."""
        found = []
        for text in texts:
            try:
                found.append(parse(text))
            except ImproperlyConfigured as error:
                self.refuse(str(error))
            except ValueError as error:
                # What a library says of such a URL quotes parts of it.
                reason = "" if holds_login(text) else str(error)
                self.refuse_value(name, text, f"{reason}; {right}" if reason else right)
        return found


def holds_login(text: str) -> bool:
    """Whether it may be a URL with a user or a password in it, however that is spelled."""
    return "://" in text and "@" in text
