"""JSON with the limits that YAML has: what is too much is refused before anything of it is built."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from syncer.core.manifest import clip_text
from syncer.documents.limits import DEPTH_LIMIT, DIGIT_LIMIT, LIMITS, DocumentError, Limits, check_size

# A string without an end reaches to the end of the text, or the search would begin anew at each quote in it.
_find_tokens = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]|[^\s",:\[\]{}]++', re.DOTALL).finditer


def read_json(text: str, limits: Limits = LIMITS) -> Any:
    """Raises ``DocumentError``, also for what is no JSON."""
    check_size(text, limits)
    _check_shape(text, limits)
    try:
        return json.loads(text, object_pairs_hook=unique_fields, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise DocumentError(f"no JSON: {error.msg}", error.lineno, error.colno) from error


def _check_shape(text: str, limits: Limits) -> None:
    depth = nodes = 0
    for match in _find_tokens(text):
        start = match.start()
        first = text[start]
        if first in "]}":
            depth -= 1
            continue
        nodes += 1
        if nodes > limits.nodes:
            raise _refusal(text, start, f"more than {limits.nodes:,} nodes of JSON")
        if first in "[{":
            depth += 1
            if depth > DEPTH_LIMIT:
                raise _refusal(text, start, f"nested deeper than {DEPTH_LIMIT} levels")
        elif first in "-0123456789" and match.end() - start > DIGIT_LIMIT:
            raise _refusal(text, start, f"a number of more than {DIGIT_LIMIT} digits")


def _refusal(text: str, position: int, reason: str) -> DocumentError:
    return DocumentError(reason, text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position))


def unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        known: set[str] = set()
        for key, _ in pairs:
            if key in known:
                raise DocumentError(f"the key {clip_text(key)} is there twice in one object")
            known.add(key)
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise DocumentError(f"{name} is no number of JSON")
