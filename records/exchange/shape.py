"""What a backup holds, whatever its form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

API_VERSION = "catalyst-dns-sync.io/v1alpha1"
KIND = "DNSRecordBackup"

FORMS = ("yaml", "json", "csv", "bind")
IMPORTABLE = ("yaml", "json", "csv")

CSV_COLUMNS = (
    "kind",
    "hostname",
    "type",
    "values",
    "ttl",
    "zone",
    "source",
    "claimants",
    "mode",
    "enabled",
    "owner",
    "description",
    "created",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""A cell that begins so is a formula to a spreadsheet, or looks like one that we have disarmed with an apostrophe."""


class Record(NamedTuple):
    """One RRset that was ours."""

    zone: str
    name: str
    type: str
    values: tuple[str, ...]
    ttl: int
    origin: str
    claimants: tuple[str, ...]


class Entry(NamedTuple):
    """One custom entry. ``created`` ranks it among its rivals."""

    name: str
    type: str
    values: tuple[str, ...]
    ttl: int | None
    mode: str
    enabled: bool
    owner: str
    description: str
    created: datetime | None


class Backup(NamedTuple):
    records: tuple[Record, ...]
    entries: tuple[Entry, ...]


class Problem(NamedTuple):
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class BackupError(ValueError):
    """A file that cannot be imported; ``problems`` are the first hundred, ``count`` is how many there are."""

    def __init__(self, problems: Sequence[Problem], count: int = 0) -> None:
        self.problems = list(problems)
        self.count = max(count, len(problems))
        more = f"\n… and {self.count - len(problems)} more" if self.count > len(problems) else ""
        super().__init__("\n".join(map(str, problems)) + more)
