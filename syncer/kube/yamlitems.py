"""A list of many objects in one YAML document, put together one object at a time.

PyYAML composes a whole document before it makes an object of it, at most of a kilobyte for each node.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.composer import Composer

ITEMS = "items"


def load_by_items(text: str, loader: type[Any]) -> Iterator[Any]:
    """The documents that ``yaml.load_all`` would give. ``loader`` is a safe one."""
    it = _composing(loader)(text)
    try:
        yield from _documents(it)
    finally:
        it.dispose()


def _composing(loader: type[Any]) -> Any:
    """With the composer in Python before that in C, which makes whole documents only."""

    def begin(self: Any, text: str) -> None:
        loader.__init__(self, text)
        self.anchors = {}

    return type("ItemLoader", (Composer, loader), {"__init__": begin})


def _documents(loader: Any) -> Iterator[Any]:
    loader.get_event()
    while not loader.check_event(yaml.StreamEndEvent):
        loader.get_event()
        if loader.check_event(yaml.MappingStartEvent):
            yield _mapping(loader)
        else:
            yield loader.construct_document(loader.compose_node(None, None))
        loader.get_event()
        loader.anchors = {}


def _mapping(loader: Any) -> Any:
    start = loader.get_event()
    items: list[Any] | None = None
    tag = loader.resolve(yaml.MappingNode, None, start.implicit) if start.tag in (None, "!") else start.tag
    node = yaml.MappingNode(tag, [], start.start_mark, None, flow_style=start.flow_style)
    if start.anchor:
        loader.anchors[start.anchor] = node
    while not loader.check_event(yaml.MappingEndEvent):
        key = loader.compose_node(node, None)
        if key.value == ITEMS and _is_plain_sequence(loader):
            begin = loader.get_event()
            items = []
            while not loader.check_event(yaml.SequenceEndEvent):
                items.append(loader.construct_document(loader.compose_node(None, None)))
            loader.get_event()
            value = yaml.SequenceNode("tag:yaml.org,2002:seq", [], begin.start_mark, None)
        else:
            value = loader.compose_node(node, key)
            items = None if key.value == ITEMS else items
        node.value.append((key, value))
    loader.get_event()
    document = loader.construct_document(node)
    if items is not None:
        document[ITEMS] = items
    return document


def _is_plain_sequence(loader: Any) -> bool:
    event = loader.peek_event()
    return isinstance(event, yaml.SequenceStartEvent) and event.tag is None and event.anchor is None
