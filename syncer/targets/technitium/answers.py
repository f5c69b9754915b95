"""What an answer of the server may be: its bounds in bytes and parts, and its shape. One that is anything else is told
in one sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from syncer.core.manifest import clip_text
from syncer.errors import TargetUnreachable

_MEGABYTE = 1_000_000

CALL_LIMIT = 6 * _MEGABYTE
"""Bytes of an answer, unpacked: the states of 18,000 zones. What is read of it takes ten times that in memory."""

PARTS_LIMIT = 300_000
"""Values in an answer, about: each costs some hundred bytes, however short it is."""

LIST_LIMIT = 512 * _MEGABYTE
"""Bytes of a list of records, unpacked: a million and a half of them, of which few are in memory at once."""

NUMBER_LIMIT = 2**32 - 1
"""Of serials and TTLs, which have 32 bits on the wire."""

NAME_LIMIT = 1100
"""Characters of a name: 255 bytes, each of which may be spelled as four."""

MESSAGE_LIMIT = 1000
"""Characters that are heard of what the server says."""

_find_unstorable = re.compile("[\0\ud800-\udfff]")

_NAMES = {dict: "an object", list: "a list", str: "a text", bool: "a flag", int: "a number", type(None): "nothing"}


class BadShape(TargetUnreachable):
    """An answer is no answer of Technitium's, although it is JSON."""


def make_complaint(what: str, wanted: str, value: object) -> BadShape:
    found = _NAMES.get(type(value), "something else")
    if type(value) in (int, str, bool):
        found = f"{found} ({clip_text(value)})"
    return BadShape(f"the server's answer has a shape that Technitium's has not: {what} is {found}, and not {wanted}")


def decode_object(body: bytes) -> dict[str, Any]:
    """Raises ``ValueError`` for what is no object of JSON, and ``BadShape`` for one that nobody could read."""
    if body.count(b",") + body.count(b"{") + body.count(b"[") > PARTS_LIMIT:
        raise BadShape(f"the server answered with more than {PARTS_LIMIT:,} values: is this Technitium?")
    try:
        answer = json.loads(body)
    except RecursionError:
        raise BadShape("the server answered with JSON that is nested too deeply to be read") from None
    if not isinstance(answer, dict):
        raise ValueError("no object")
    return answer


def read_object(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """{} where there is none."""
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise make_complaint(key, "an object", value)
    return value


def read_objects(parent: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """() where there are none."""
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise make_complaint(key, "a list", value)
    for item in value:
        if not isinstance(item, dict):
            raise make_complaint(f"one of {key}", "an object", item)
    return value


def read_text(parent: Mapping[str, Any], key: str, limit: int = NAME_LIMIT) -> str:
    """ "" where there is none."""
    value = parent.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise make_complaint(key, "a text", value)
    if len(value) > limit:
        raise BadShape(f"the server's answer has a {key} of {len(value):,} characters; it can have {limit:,}")
    return clean_text(value)


def read_flag(parent: Mapping[str, Any], key: str) -> bool:
    """False where there is none."""
    value = parent.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise make_complaint(key, "true or false", value)
    return value


def read_number(parent: Mapping[str, Any], key: str) -> int | None:
    """One of 32 bits; None where there is none."""
    value = parent.get(key)
    if value is None:
        return None
    if type(value) is not int:
        raise make_complaint(key, "a number", value)
    if not 0 <= value <= NUMBER_LIMIT:
        raise BadShape(f"the server's answer has a {key} that no number of 32 bits can be")
    return value


def read_message(answer: Mapping[str, Any]) -> str:
    """Why it refused, in its own words; "" where it does not say."""
    texts = [text for key in ("errorMessage", "innerErrorMessage") if isinstance(text := answer.get(key), str) and text]
    return f"{texts[0]} ({texts[1]})" if len(texts) > 1 else "".join(texts)


def clean_text(text: str) -> str:
    """Without what is in no text of a database: NUL, and halves of characters."""
    return _find_unstorable.sub("\ufffd", text)
