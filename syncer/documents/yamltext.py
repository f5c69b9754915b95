"""YAML put together straight from its events, item by item.

PyYAML's own loaders know no limits, take the last of two equal keys without a word, and compose a whole document before
they make values of it, at most of a kilobyte a node. A backup of 10,000 records takes them 1.8 s, and this 0.5 s.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.resolver import BaseResolver, Resolver

from syncer.core.manifest import clip_text
from syncer.documents.limits import (
    DEPTH_LIMIT,
    DIGIT_LIMIT,
    LIMITS,
    DocumentError,
    Limits,
    TakeItem,
    check_size,
    oversize_reason,
)

_find_starts = re.compile(r"^---(?=\s|\Z)", re.MULTILINE).finditer
_is_blank = re.compile(r"\s*+(?:[#%][^\n]*+\s*+)*+\Z").match
"""Comments, and directives about the document that begins after them, too."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_NUMBERS = frozenset((f"{_TAG}int", f"{_TAG}float"))
_SCALARS = _NUMBERS | {f"{_TAG}null", f"{_TAG}bool", f"{_TAG}timestamp"}
"""Tags of single values that are not simply text."""
_TEXTS = frozenset((f"{_TAG}str", f"{_TAG}binary"))
"""Binary data stays base64, as in the ``data`` of a Secret: nothing that is read here is decoded."""
_MAPPINGS = frozenset((f"{_TAG}map", f"{_TAG}set"))
"""A set is an object whose values are null, as it is written."""
_SEQUENCES = frozenset((f"{_TAG}seq", f"{_TAG}omap", f"{_TAG}pairs"))
"""Ordered and repeated keys are a list of objects of one key, as they are written."""
_MERGE = f"{_TAG}merge"


def iterate_documents(text: str, limits: Limits = LIMITS) -> Iterator[Any]:
    """What each document of the text says, as Kubernetes reads it, but for times, which stay text. Raises
    ``DocumentError``."""
    check_size(text, limits)
    return _ValueBuilder(text, limits, ClusterScalars()).iterate_documents()


def iterate_apart(text: str, limits: Limits = LIMITS) -> Iterator[Any | DocumentError]:
    """As ``iterate_documents``, but what cannot be read is a ``DocumentError`` in the place of its document, and ends
    nothing, unless it is more than all of the text may be."""
    if len(text) > limits.size:
        yield DocumentError(oversize_reason(limits))
        return
    count = nodes = weight = 0
    for lines, part, is_led_on in _split_documents(text):
        try:
            builder = _ValueBuilder(f"{part}---\n" if is_led_on else part, limits, ClusterScalars())
            builder.nodes, builder.weight = nodes, weight
            documents = builder.iterate_documents()
            try:
                for document in _leave_out_last(documents) if is_led_on else documents:
                    count += 1
                    yield document
            finally:
                nodes, weight = builder.nodes, builder.weight
        except DocumentError as error:
            count += 1
            yield error.move_down(lines)
        if nodes > limits.nodes or weight > 2 * limits.size:
            return
        if count > limits.documents:
            yield DocumentError(f"more than {limits.documents:,} documents")
            return


def _split_documents(text: str) -> Iterator[tuple[int, str, bool]]:
    """Each document, with the number of lines before it. Nothing but the start of one begins a line with ``---``. True
    where it may end in directives about the document after it, which can be read before the start of one alone."""
    starts = [0, *(found.start() for found in _find_starts(text))]
    lines = 0
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True)):
        part = text[start:end]
        if number or not _is_blank(part):
            yield lines, part, end < len(text) and "\n%" in part
        lines += part.count("\n")


def _leave_out_last(documents: Iterator[Any]) -> Iterator[Any]:
    """That of the start which was put behind the others."""
    held = [document for _, document in zip(range(1), documents, strict=False)]
    for document in documents:
        yield held.pop()
        held.append(document)


def read_document(text: str) -> Any:
    """What the one document of the text says, None for an empty text. Raises ``DocumentError``."""
    check_size(text, LIMITS)
    return _ValueBuilder(text, LIMITS, ClusterScalars()).read_document(None)


def read_plain(text: str, limits: Limits, take_item: TakeItem | None = None) -> Any:
    """As ``read_document`` for the plain YAML of a file that nothing but data belongs in: no aliases, no tags, and
    only what JSON too would take for a number, true, false or null is one.

    Where there is a ``take_item``, each item of a list at the top of the document is handed to it, with its line, and
    forgotten; the list is ``()`` then.
    """
    check_size(text, limits)
    return _ValueBuilder(text, limits, PlainScalars()).read_document(take_item)


class ClusterScalars(SafeConstructor, Resolver):
    """Single values as YAML 1.1 and kubectl understand them, times being text."""

    is_plain = False


ClusterScalars.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != f"{_TAG}timestamp"]
    for first, rules in Resolver.yaml_implicit_resolvers.items()
}
ClusterScalars.yaml_constructors = {
    **SafeConstructor.yaml_constructors,
    f"{_TAG}timestamp": SafeConstructor.construct_yaml_str,
}


class PlainScalars(SafeConstructor, BaseResolver):
    """Single values as JSON understands them; everything else is text."""

    is_plain = True


for _name, _pattern, _first in (
    ("null", r"(?:null|~|)", "n~"),
    ("bool", r"(?:true|false)", "tf"),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
):
    PlainScalars.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"{_pattern}\Z"), [*_first])
PlainScalars.yaml_implicit_resolvers[""] = [(f"{_TAG}null", re.compile(r"\Z"))]


class _Anchored:
    """What an alias may refer to. ``weight`` is None while it is still being read."""

    __slots__ = ("value", "weight")

    def __init__(self, value: Any, weight: int | None) -> None:
        self.value, self.weight = value, weight


class _ValueBuilder:
    def __init__(self, text: str, limits: Limits, scalars: ClusterScalars | PlainScalars) -> None:
        try:
            self.events = _LOADER(text)
        except (yaml.YAMLError, ValueError) as error:
            raise _translate_error(error) from error
        self.limits = limits
        self.scalars = scalars
        self.anchors: dict[str, _Anchored] = {}
        self.nodes = 0
        self.most = limits.nodes  # up to here, what is read now included
        self.weight = 0  # characters that the text would have without aliases

    def iterate_documents(self) -> Iterator[Any]:
        self.next_event()
        count = 0
        while type(start := self.next_event()) is not StreamEndEvent:
            count += 1
            if count > self.limits.documents:
                raise _make_refusal(start, f"more than {self.limits.documents:,} documents")
            self.anchors.clear()
            yield self.build_value(self.next_event(), 1)
            self.next_event()

    def read_document(self, take_item: TakeItem | None) -> Any:
        self.next_event()
        if type(self.next_event()) is StreamEndEvent:
            return None
        event = self.next_event()
        if take_item is not None and type(event) is MappingStartEvent:
            self.begin_item()
            document: Any = self.build_mapping(event, 1, take_item)
        else:
            document = self.build_value(event, 1)
        self.next_event()
        if type(after := self.next_event()) is not StreamEndEvent:
            raise _make_refusal(after, "a second document begins here")
        return document

    def next_event(self) -> Any:
        try:
            return self.events.get_event()
        except (yaml.YAMLError, ValueError) as error:
            raise _translate_error(error) from error

    def build_value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is ScalarEvent:
            self.count_node(event, len(event.value) + 1)
            value = self.read_scalar(event)
            if event.anchor:
                self.keep_anchor(event, value, len(event.value) + 1)
            return value
        if kind is AliasEvent:
            return self.resolve_alias(event)
        if kind is MappingStartEvent:
            return self.build_mapping(event, depth, None)
        return self.build_sequence(event, depth)

    def build_sequence(self, start: Any, depth: int) -> list[Any]:
        items: list[Any] = []
        before = self.open_collection(start, depth, _SEQUENCES)
        anchored = self.keep_anchor(start, items, None) if start.anchor else None
        while type(event := self.next_event()) is not SequenceEndEvent:
            items.append(self.build_value(event, depth + 1))
        if anchored:
            anchored.weight = self.weight - before
        return items

    def build_mapping(self, start: Any, depth: int, take_item: TakeItem | None) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        before = self.open_collection(start, depth, _MAPPINGS)
        anchored = self.keep_anchor(start, fields, None) if start.anchor else None
        while type(event := self.next_event()) is not MappingEndEvent:
            key = self.read_key(event)
            following = self.next_event()
            if self.is_merge(event):
                merged = merged or {}
                for more in self.read_merge(following, depth):
                    self.nodes += 2 * len(more)  # a merge copies, where an alias shares
                    merged.update(more)
            elif key in fields:
                raise _make_refusal(event, f"the key {clip_text(key)} is there twice in one object")
            elif take_item is not None and type(following) is SequenceStartEvent:
                self.hand_on(key, following, take_item)
                fields[key] = ()
            else:
                fields[key] = self.build_value(following, depth + 1)
        if merged:
            own = dict(fields)
            fields.update(merged)
            fields.update(own)
        if anchored:
            anchored.weight = self.weight - before
        return fields

    def hand_on(self, key: str, start: Any, take_item: TakeItem) -> None:
        self.open_collection(start, 2, _SEQUENCES)
        if start.anchor:
            self.keep_anchor(start, (), None)
        while type(event := self.next_event()) is not SequenceEndEvent:
            self.begin_item()
            take_item(key, event.start_mark.line + 1, self.build_value(event, 3))

    def begin_item(self) -> None:
        self.most = min(self.limits.nodes, self.nodes + self.limits.item)

    def read_key(self, event: Any) -> str:
        """The text of a key, whatever it might mean as a value: JSON has no other keys, and Kubernetes reads JSON."""
        if type(event) is ScalarEvent:
            self.count_node(event, len(event.value) + 1)
            self.check_tag(event, _SCALARS | _TEXTS | {_MERGE})
            key: Any = event.value
            if event.anchor:
                self.keep_anchor(event, key, len(key) + 1)
        else:
            key = self.resolve_alias(event) if type(event) is AliasEvent else None
        if not isinstance(key, str):
            raise _make_refusal(event, "a key is no text")
        return key

    def is_merge(self, event: Any) -> bool:
        """``<<``, which some tools write as ``!!merge <<``; a quoted one is a key as any other."""
        if self.scalars.is_plain or type(event) is not ScalarEvent:
            return False
        return bool(event.tag == _MERGE or (event.value == "<<" and event.implicit[0]))

    def read_merge(self, event: Any, depth: int) -> list[dict[str, Any]]:
        """What ``<<`` takes over, that which counts most last."""
        value = self.build_value(event, depth + 1)
        found = value[::-1] if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in found):
            raise _make_refusal(event, "<< takes over an object or a list of objects, and nothing else")
        return found

    def read_scalar(self, event: Any) -> Any:
        text: str = event.value
        tag = event.tag
        if tag is None or tag == "!":
            if not event.implicit[0] or (text and text[0] not in self.scalars.yaml_implicit_resolvers):
                return text
            tag = self.scalars.resolve(yaml.ScalarNode, text, event.implicit)  # type: ignore[no-untyped-call]
        else:
            self.check_tag(event, _SCALARS | _TEXTS)
        if tag not in _SCALARS:
            return text
        if tag in _NUMBERS and len(text) > DIGIT_LIMIT:
            raise _make_refusal(event, f"a number of more than {DIGIT_LIMIT} digits")
        try:
            return self.scalars.yaml_constructors[tag](self.scalars, yaml.ScalarNode(tag, text))
        except (ValueError, LookupError, OverflowError) as error:
            raise _make_refusal(event, f"{clip_text(text)} is no {tag.removeprefix(_TAG)}") from error

    def resolve_alias(self, event: Any) -> Any:
        name = event.anchor
        if self.scalars.is_plain:
            raise _make_refusal(event, "aliases and anchors are not taken")
        anchored = self.anchors.get(name)
        if anchored is None:
            raise _make_refusal(event, f"found undefined alias {clip_text(name)}")
        if anchored.weight is None:
            raise _make_refusal(event, f"alias *{clip_text(name)} is inside itself")
        self.count_node(event, anchored.weight + 1)
        return anchored.value

    def keep_anchor(self, event: Any, value: Any, weight: int | None) -> _Anchored:
        if self.scalars.is_plain:
            raise _make_refusal(event, "aliases and anchors are not taken")
        self.anchors[event.anchor] = anchored = _Anchored(value, weight)
        return anchored

    def open_collection(self, start: Any, depth: int, tags: Collection[str]) -> int:
        """Returns the weight of all that came before."""
        if depth > DEPTH_LIMIT:
            raise _make_refusal(start, f"nested deeper than {DEPTH_LIMIT} levels")
        self.check_tag(start, tags)
        before = self.weight
        self.count_node(start, 1)
        return before

    def check_tag(self, event: Any, allowed: Collection[str]) -> None:
        tag = event.tag
        if tag is None or tag == "!":
            return
        if self.scalars.is_plain or tag not in allowed:
            raise _make_refusal(event, f"tags such as {clip_text(tag)} are not taken")

    def count_node(self, event: Any, weight: int) -> None:
        self.nodes += 1
        self.weight += weight
        if self.nodes > self.most:
            of_all = self.nodes > self.limits.nodes
            limit, what = (self.limits.nodes, "") if of_all else (self.limits.item, " in one item")
            raise _make_refusal(event, f"more than {limit:,} nodes of YAML{what}")
        if self.weight > 2 * self.limits.size:
            raise _make_refusal(event, f"the aliases expand to more than {self.limits.size // 1024**2} MB")


def _translate_error(error: yaml.YAMLError | ValueError) -> DocumentError:
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        return DocumentError(
            clip_text(error.problem or error.context or "no YAML", 200), mark.line + 1, mark.column + 1
        )
    return DocumentError(clip_text(str(error).partition("\n")[0], 200))


def _make_refusal(event: Any, reason: str) -> DocumentError:
    return DocumentError(reason, event.start_mark.line + 1, event.start_mark.column + 1)
