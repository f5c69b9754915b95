"""The parameters of a call: query and form, by the server's rules."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from tests.fakes.technitium.refusal import Refusal

VALUE_LIMIT = 4 * 1024 * 1024
TOO_LONG = f"Form key length limit 2048 or value length limit {VALUE_LIMIT} exceeded."


class Params:
    """Query beats form, even with an empty value. Names have no letter case; a repeated one is joined with commas."""

    def __init__(self, query: str, form: str = "") -> None:
        self._form = _read_pairs(form)
        self._query = _read_pairs(query)

    def all(self) -> dict[str, str]:
        return self._form | self._query

    def check_size(self) -> None:
        if any(len(value) > VALUE_LIMIT for value in self._form.values()):
            raise Refusal(TOO_LONG)

    def get(self, name: str) -> str:
        """ "" when it is not there."""
        name = name.lower()
        value = self._query.get(name)
        return self._form.get(name, "") if value is None else value

    def first(self, *names: str) -> str:
        return next(filter(None, map(self.get, names)), "")

    def need(self, *names: str) -> str:
        """The first one that has a value; the complaint names the first."""
        value = self.first(*names)
        if not value:
            raise Refusal(f"Parameter '{names[0]}' missing.")
        return value

    def number(self, name: str, default: int) -> int:
        text = self.get(name)
        if not re.fullmatch(r"-?\d*", text):
            raise Refusal(f"The input string '{text}' was not in a correct format.")
        return int(text) if text else default

    def flag(self, name: str, default: bool = False) -> bool:
        text = self.get(name)
        if text.lower() not in ("", "true", "false"):
            raise Refusal(f"String '{text}' was not recognized as a valid Boolean.")
        return text.lower() == "true" if text else default


def _read_pairs(text: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        name = name.lower()
        out[name] = f"{out[name]},{value}" if name in out else value
    return out
