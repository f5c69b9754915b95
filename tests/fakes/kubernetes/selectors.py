"""Label and field selectors."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.fakes.kubernetes.errors import ApiError
from tests.fakes.kubernetes.resources import Manifest

Matches = Callable[[Manifest], bool]

_KEY = r"(?:[A-Za-z0-9.\-]+/)?[A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9])?"
_VALUE = r"[A-Za-z0-9._\-]*"
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<not>!)?\s*(?P<key>{_KEY})\s*"
    rf"(?:(?P<op>==|=|!=)\s*(?P<value>{_VALUE})|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|$)"
)


def _read_labels(body: Manifest) -> dict[str, str]:
    return body["metadata"].get("labels") or {}


def _parse_requirement(found: re.Match[str]) -> Matches:
    key, op, value = found["key"], found["op"], found["value"]
    if found["set"]:
        values = {v.strip() for v in found["values"].split(",")}
        if found["set"] == "in":
            return lambda body: _read_labels(body).get(key) in values
        return lambda body: _read_labels(body).get(key) not in values
    if op == "!=":
        return lambda body: _read_labels(body).get(key) != value
    if op:
        return lambda body: _read_labels(body).get(key) == value
    if found["not"]:
        return lambda body: key not in _read_labels(body)
    return lambda body: key in _read_labels(body)


def by_labels(text: str) -> list[Matches]:
    requirements, at = [], 0
    while at < len(text):
        found = _REQUIREMENT.match(text, at)
        if not found or (found["not"] and (found["op"] or found["set"])):
            raise ApiError(400, f"unable to parse requirement: found '{text[at:]}'")
        requirements.append(_parse_requirement(found))
        at = found.end()
    return requirements


def _read_field(body: Manifest, path: tuple[str, ...]) -> str:
    value: object = body
    for part in path:
        value = value.get(part, "") if isinstance(value, dict) else ""
    return str(value)


def by_fields(text: str, allowed: Callable[[str], bool], stored: Callable[[str], str]) -> list[Matches]:
    """``stored``: the path under which a field is kept, given its label."""
    requirements: list[Matches] = []
    for term in filter(None, text.split(",")):
        found = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", term)
        if not found:
            raise ApiError(400, f"invalid selector: '{text}'; can't understand '{term}'")
        label, op, value = found.groups()
        if not allowed(label):
            raise ApiError(400, f"field label not supported: {label}")
        path, wanted = tuple(stored(label).split(".")), op != "!="
        requirements.append(lambda body, p=path, v=value, w=wanted: (_read_field(body, p) == v) is w)  # type: ignore[misc]
    return requirements
