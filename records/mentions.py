"""What concerns a name without asking for it by name: rules that nobody can read, regular expressions, wildcards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from records.models import CustomEntry, SourceName
from syncer.core.annotations import PREFIX
from syncer.core.names import is_wildcard
from syncer.core.rulematchers import expressions_of
from syncer.core.rules import REGEXP
from syncer.core.source import SkipCause
from syncer.core.sources import UNREADABLE

LIMIT = 2000
"""Rules, and regular expressions, that are looked through for one name."""
SHOWN = 20
"""Of each sort, what is told of one name."""


class IndirectMention(NamedTuple):
    """``text`` is the rule, the regular expression or the wildcard; ``how`` says which of these it is; ``sentence`` is
    a whole one, for a person."""

    source: str
    how: str
    text: str
    sentence: str


def find_indirect_mentions(target: str, name: str, wildcards: Sequence[str]) -> list[IndirectMention]:
    """As the target reads the objects. ``name`` in the spelling of the engine; ``wildcards`` are those of
    ``list_wildcards``."""
    mentions = SourceName.objects.filter(source__target=target).select_related("source")
    patterns = mentions.filter(cause=SkipCause.PATTERN).order_by("source")[:LIMIT]
    return [*_find_patterns(name, patterns), *_find_wildcards(target, wildcards)]


def list_wildcards(name: str, zone: str | None) -> list[str]:
    """Those in the zone of which DNS could answer for ``name``, the nearest first; for a wildcard, and outside every
    zone, there is none."""
    if is_wildcard(name):
        return []
    parents: list[str] = []
    parent = name
    while zone and parent != zone and "." in parent:
        parent = parent.partition(".")[2]
        parents.append(parent)
    return [f"*.{parent}" for parent in parents]


def _find_patterns(name: str, patterns: Iterable[SourceName]) -> Iterator[IndirectMention]:
    left = {UNREADABLE: SHOWN, REGEXP: SHOWN}
    for row in patterns:
        is_rule = row.reason == UNREADABLE
        if not left.get(row.reason) or not (_names_host(row.name, name) if is_rule else _matches_name(row.name, name)):
            continue
        left[row.reason] -= 1
        how, sentence = ("rule", _describe_rule(row)) if is_rule else ("regexp", _describe_regexp(row))
        yield IndirectMention(str(row.source), how, row.name, sentence)


def _describe_rule(row: SourceName) -> str:
    why = next((warning for warning in row.source.warnings if row.name in warning), "")
    return f"{row.source} mentions it in a rule that cannot be read: {why or row.name}."


def _describe_regexp(row: SourceName) -> str:
    return (
        f"{row.source} serves it by the regular expression {row.name}, from which no names can be told: publish it by"
        f" the annotation {PREFIX}hostname of that object."
    )


def _names_host(rule: str, name: str) -> bool:
    """A host in it may be longer than ``name``, and then is another one."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", rule, re.IGNORECASE) is not None


def _matches_name(host_regexp: str, name: str) -> bool:
    import re2  # linear in the length of both, whatever a tenant wrote; and what Traefik means, whose it is

    options = re2.Options()
    options.log_errors = False

    def search(expression: str) -> bool:
        try:
            return bool(re2.search(expression, name, options))
        except re2.error:
            return False  # it was cut off, or is none

    return any(map(search, expressions_of(host_regexp)))


def _find_wildcards(target: str, wildcards: Sequence[str]) -> Iterator[IndirectMention]:
    if not wildcards:
        return
    mentions = SourceName.objects.filter(source__target=target, name__in=wildcards).select_related("source")
    for row in mentions[:SHOWN]:
        state = f", which is not published: {row.reason}" if row.values is None else ", which covers it"
        yield IndirectMention(str(row.source), "wildcard", row.name, f"{row.source} asks for {row.name}{state}.")
    for entry in CustomEntry.objects.filter(name__in=wildcards, enabled=True, target__in=("", target))[:SHOWN]:
        asks = "blocks" if not entry.type else "asks for"
        sentence = f"Custom entry {entry} {asks} {entry.name}, which covers it."
        yield IndirectMention(entry.origin, "wildcard", entry.name, sentence)
