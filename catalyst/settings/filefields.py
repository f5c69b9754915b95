"""A file of settings: its objects, whose fields are read as strictly as variables are."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from catalyst.settings.environment import Environment
from syncer.core.annotations import split_list
from syncer.core.manifest import clip_text

T = TypeVar("T")

SIZE_LIMIT = 1024 * 1024
NO_FIELDS: Mapping[str, str] = {}
LIKENESS = 0.6
"""How alike two fields must be for one to be taken for a misspelling of the other: fields are few, variables many."""


def read_fields(env: Environment, name: str) -> Fields | None:
    """The file that the variable names; None for one that cannot be read."""
    from syncer.documents.limits import DocumentError, Limits, decode_text  # most processes have no such file
    from syncer.documents.yamltext import read_plain

    path = env.read_text(name)
    limits = Limits(size=SIZE_LIMIT, nodes=100_000)
    try:
        with Path(path).open("rb") as file:
            document = read_plain(decode_text(file.read(SIZE_LIMIT + 1), limits), limits)
    except OSError as error:
        env.refuse_value(name, path, f"the file cannot be read ({error.strerror}): name one that this user may read")
        return None
    except DocumentError as error:
        env.refuse_value(name, path, f"the file is no plain YAML ({error}): correct it")
        return None
    if not isinstance(document, dict | None):
        env.refuse_value(name, path, "the file is no object: begin it with the name of a field and a colon")
        return None
    return Fields(env, name, "", document or {})


class Fields:
    """One object of the file, at ``path``: ``targets[0]``. A field that is empty counts as left out. What is wrong is
    told with the path, and the reading goes on with the default."""

    def __init__(self, env: Environment, name: str, path: str, values: Mapping[str, Any]) -> None:
        """``name`` is that of the variable which names the file."""
        self._env = env
        self._name = name
        self._path = path
        self._values = values

    def spell_path(self, key: str) -> str:
        return f"{self._name} {self._path}{'.' if self._path else ''}{key}"

    def refuse(self, key: str, what: str) -> None:
        """``what`` follows the path: ``is missing: …``."""
        self._env.refuse(f"{self.spell_path(key)} {what}.")

    def require(self, key: str, right: str) -> None:
        if not self.is_given(key):
            self.refuse(key, f"is missing: {right}")

    def refuse_value(self, key: str, value: str, right: str) -> None:
        self._env.refuse_value(self.spell_path(key), value, right)

    def refuse_unknown(self, known: Collection[str], elsewhere: Mapping[str, str] = NO_FIELDS) -> None:
        """``elsewhere`` are fields that mean nothing here, each with the reason; "" for one that was told."""
        from difflib import get_close_matches  # for a start that fails

        for key in self._values:
            if key in known or elsewhere.get(key) == "":
                continue
            if like := "".join(get_close_matches(key, known, 1, LIKENESS)):
                advice = f"did you mean {like}?"
            else:
                advice = "leave it out." if key in elsewhere else f"the fields are {', '.join(known)}."
            problem = elsewhere.get(key, "is no known field")
            self._env.refuse(f"{self.spell_path(clip_text(key))} {problem}: {advice}")

    def is_given(self, key: str) -> bool:
        return self._values.get(key) not in (None, "", [], {})

    def read_text(self, key: str) -> str:
        return self._spell_text(key, self._values.get(key)) or ""

    def _spell_text(self, key: str, value: Any) -> str | None:
        """None for what is not one value."""
        if isinstance(value, dict | list):
            self.refuse(key, "is no single value: give one")
            return None
        if value is None:
            return ""
        return str(value).lower() if isinstance(value, bool) else str(value).strip()

    def read_value(self, key: str, default: T, parse: Callable[[str], T], right: str) -> T:
        text = self.read_text(key)
        found = self._env.parse_texts(self.spell_path(key), [text], parse, right) if text else []
        return found[0] if found else default

    def read_flag(self, key: str, default: bool) -> bool:
        return self.as_variable(key, self.read_text(key)).read_flag(self.spell_path(key), default)

    def read_number(self, key: str, default: float, *, least: float = 0, most: float = math.inf) -> float:
        env = self.as_variable(key, self.read_text(key))
        return env.read_number(self.spell_path(key), repr(default), least=least, most=most)

    def read_integer(self, key: str, default: int) -> int:
        return self.as_variable(key, self.read_text(key)).read_integer(self.spell_path(key), str(default))

    def as_variable(self, key: str, text: str) -> Environment:
        """In which the field is a variable of the name that ``spell_path`` gives it."""
        return self._env.with_variables({self.spell_path(key): text})

    def read_list(self, key: str, parse: Callable[[str], T], right: str) -> list[tuple[str, T]]:
        """Each element that is right, with its key: ``zones[0]``. One text is a comma list, as in a variable. An
        element that is there twice is refused."""
        value = self._values.get(key)
        items = value if isinstance(value, list) else split_list(self.read_text(key))
        found: dict[T, str] = {}
        for at, item in enumerate(items):
            place = f"{key}[{at}]" if isinstance(value, list) else key
            if (text := self._spell_text(place, item)) is None:
                continue
            for one in self._env.parse_texts(self.spell_path(place), [text], parse, right):
                if one in found:
                    self.refuse_value(place, text, "it is there twice: leave it out here")
                else:
                    found[one] = place
        return [(place, one) for one, place in found.items()]

    def read_objects(self, key: str) -> list[Fields]:
        """Those of a list."""
        value = self._values.get(key)
        if not isinstance(value, list) or not value:
            self.refuse(key, "is no list of objects: begin each with a dash" if value else "is missing: give a list")
            return []
        objects = []
        for at, item in enumerate(value):
            if isinstance(item, dict):
                objects.append(self._enter(f"{key}[{at}]", item))
            else:
                self.refuse(f"{key}[{at}]", "is no object: give it fields, such as name: lan")
        return objects

    def read_object(self, key: str) -> Fields:
        """Without any field where it is left out."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, dict):
            self.refuse(key, "is no object: give it fields")
        return self._enter(key, value if isinstance(value, dict) else {})

    def read_pairs(self, key: str) -> str:
        """An object of single values as a variable has it: ``key=value,…``; or the text."""
        value = self._values.get(key)
        if not isinstance(value, dict):
            return self.read_text(key)
        return ",".join(f"{name}={self._spell_text(f'{key}.{name}', item) or ''}" for name, item in value.items())

    def _enter(self, key: str, values: Mapping[str, Any]) -> Fields:
        return Fields(self._env, self._name, f"{self._path}{'.' if self._path else ''}{key}", values)
