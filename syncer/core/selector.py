"""Kubernetes selectors: the text of ``kubectl get -l``, and the LabelSelector object of the Gateway API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from syncer.core.manifest import as_list, as_mapping, as_text, clip_text

_TOKEN = re.compile(r"[^\s=!(),<>]+|==|!=|[=!(),<>]")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", re.ASCII)
_PREFIX = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_INTEGER = re.compile(r"[-+]?[0-9]{1,19}", re.ASCII)
_SYMBOLS = frozenset("=!(),<>") | {"==", "!="}
_OBJECT_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


class SelectorError(ValueError):
    """What is wrong with a selector, as a sentence part."""


class Requirement(NamedTuple):
    """``operator``: in, notin, exists, ! (does not exist), > or <."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()


Selector = tuple[Requirement, ...]


class PartialLabels(dict[str, object]):
    """Labels of which only some are known: there may be any others besides."""


def may_match(selector: Selector, labels: Mapping[str, object]) -> bool:
    """As ``match_labels``; what asks for a label that is not known may hold."""
    if isinstance(labels, PartialLabels):
        selector = tuple(requirement for requirement in selector if requirement.key in labels)
    return match_labels(selector, labels)


def asks_more(selector: Selector, labels: Mapping[str, object]) -> bool:
    """Whether it asks for a label that is not known."""
    return isinstance(labels, PartialLabels) and any(requirement.key not in labels for requirement in selector)


def match_labels(selector: Selector, labels: Mapping[str, object]) -> bool:
    """Whether every requirement holds. ``notin`` and ``!=`` hold for objects without the label."""
    for key, operator, values in selector:
        value = labels.get(key)
        if operator == "in":
            holds = value in values
        elif operator == "notin":
            holds = value not in values
        elif operator == "exists":
            holds = key in labels
        elif operator == "!":
            holds = key not in labels
        else:
            holds = _compare_numbers(as_text(value), operator, *values)
        if not holds:
            return False
    return True


def _compare_numbers(value: str, operator: str, bound: str) -> bool:
    if not _INTEGER.fullmatch(value):
        return False
    return int(value) > int(bound) if operator == ">" else int(value) < int(bound)


@lru_cache(maxsize=16)
def parse_selector(text: str) -> Selector:
    """``a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2``; "" selects everything. Raises ``SelectorError``, which says
    where it breaks."""
    tokens = _Tokens(text)
    try:
        return tuple(_read_requirements(tokens))
    except SelectorError as error:
        raise SelectorError(f"{tokens.describe_place()}, {error}") from None


def _read_requirements(tokens: _Tokens) -> Iterator[Requirement]:
    while tokens.rest:
        yield _read_requirement(tokens)
        if tokens.rest and (tokens.take() != "," or not tokens.rest):
            raise SelectorError("a comma goes between requirements, and not at the end")


class _Tokens:
    """The words and symbols of a selector, taken one by one."""

    def __init__(self, text: str) -> None:
        self.rest = [(match[0], match.start()) for match in _TOKEN.finditer(text)]
        self.rest.reverse()
        self._taken = ("", 0)

    def peek(self) -> str:
        """The next one; "" at the end."""
        return self.rest[-1][0] if self.rest else ""

    def take(self) -> str:
        self._taken = self.rest.pop() if self.rest else ("", 0)
        return self._taken[0]

    def describe_place(self) -> str:
        """Of the one that was taken last."""
        word, at = self._taken
        return f'at character {at + 1} ("{clip_text(word)}")' if word else "at its end"


def _read_requirement(tokens: _Tokens) -> Requirement:
    word = tokens.take()
    if word == "!":
        return Requirement(_check_key(tokens.take()), "!")
    key = _check_key(word)
    if tokens.peek() in ("", ","):
        return Requirement(key, "exists")
    operator = tokens.take()
    if operator in ("in", "notin"):
        return Requirement(key, operator, _read_values(tokens, key, operator))
    if operator not in ("=", "==", "!=", ">", "<"):
        raise SelectorError(f'after "{clip_text(key)}" an operator is missing: =, !=, in, notin, > or <')
    value = "" if tokens.peek() in _SYMBOLS else tokens.take()
    if operator in (">", "<"):
        if not _INTEGER.fullmatch(value):
            raise SelectorError(f'"{clip_text(key)}" is compared with "{clip_text(value)}", which is no whole number')
        return Requirement(key, operator, frozenset((value,)))
    return Requirement(key, "notin" if operator == "!=" else "in", frozenset((_check_value(value),)))


def _read_values(tokens: _Tokens, key: str, operator: str) -> frozenset[str]:
    if tokens.take() != "(":
        raise SelectorError(f'after "{clip_text(key)} {operator}" values are missing, such as (a,b)')
    values, value = [], ""
    while word := tokens.take():
        if word in (",", ")"):
            values.append(_check_value(value))
            value = ""
        elif value or word in _SYMBOLS:
            break
        else:
            value = word
        if word == ")" and values != [""]:
            return frozenset(values)
    raise SelectorError(f'the values of "{clip_text(key)}" are no list in parentheses, such as (a,b)')


def read_selector(manifest: object) -> Selector:
    """A LabelSelector object (``matchLabels``, ``matchExpressions``). Raises ``SelectorError``."""
    selector = as_mapping(manifest)
    requirements = [
        Requirement(_check_key(key), "in", frozenset((_check_value(value),)))
        for key, value in as_mapping(selector.get("matchLabels")).items()
    ]
    for element in as_list(selector.get("matchExpressions")):
        expression = as_mapping(element)
        operator = _OBJECT_OPERATORS.get(as_text(expression.get("operator")))
        values = frozenset(_check_value(value) for value in as_list(expression.get("values")))
        if operator is None or (operator in ("in", "notin")) is not bool(values):
            raise SelectorError("an expression needs an operator (In, NotIn with values; Exists, DoesNotExist without)")
        requirements.append(Requirement(_check_key(expression.get("key")), operator, values))
    return tuple(requirements)


def _check_key(text: object) -> str:
    prefix, slash, name = as_text(text).rpartition("/")
    if not _NAME.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
        raise SelectorError(f'"{clip_text(text)}" is no key')
    return as_text(text)


def _check_value(text: object) -> str:
    if text != "" and not _NAME.fullmatch(as_text(text)):
        raise SelectorError(f'"{clip_text(text)}" is no value')
    return as_text(text)
