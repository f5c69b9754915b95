"""Who a record is for, as marks, rows, log lines and pages write it: ``Kind/namespace/name``."""

from __future__ import annotations

from typing import NamedTuple

CUSTOM_ENTRY = "CustomEntry"
"""The kind of what an operator wrote by hand; it has no namespace, and its name is the key of its row."""


class Origin(NamedTuple):
    """``namespace`` is "" for what has none. Any part may be "": a mark on a server may say anything."""

    kind: str
    namespace: str = ""
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Never raises; what follows the second slash is the name, further slashes included."""
        kind, _, place = text.partition("/")
        namespace, _, name = place.partition("/")
        return cls(kind, namespace, name)

    @classmethod
    def of_entry(cls, key: object) -> Origin:
        """The origin of the custom entry with that key."""
        return cls(CUSTOM_ENTRY, "", str(key))

    @property
    def is_entry(self) -> bool:
        return self.kind == CUSTOM_ENTRY

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"
