"""What a backup holds, whatever its form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from records.entry_targets import UNSAID
from syncer.documents.limits import DocumentError, Limits

API_VERSION = "catalyst-dns-sync.io/v1alpha1"
KIND = "DNSRecordBackup"

FORMS = ("yaml", "json", "csv", "bind", "gatus")
IMPORTABLE = ("yaml", "json", "csv")

BACKUP_LIMITS = Limits(size=100 * 1024 * 1024, nodes=20_000_000, item=100_000)
"""A record has about 30 nodes, and its text about 250 characters; one with many claimants has a node for each."""

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
TARGET_COLUMN = "target"
"""The last of a file where there are several."""
EACH = "*"
"""In the place of a target's name, of an entry for each that manages its name."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""A cell that begins so is a formula to a spreadsheet, or looks like one that an apostrophe has disarmed."""

PROBLEM_LIMIT = 100


class BackupRecord(NamedTuple):
    """One RRset that was ours."""

    zone: str
    name: str
    type: str
    values: tuple[str, ...]
    ttl: int
    origin: str
    claimants: tuple[str, ...]
    target: str = UNSAID


class BackupEntry(NamedTuple):
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
    target: str = UNSAID
    """"" for each; where the file names none, that of the entry that is there, or else the first for the name."""


class Backup(NamedTuple):
    records: tuple[BackupRecord, ...]
    entries: tuple[BackupEntry, ...]


class Problem(NamedTuple):
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class BackupError(ValueError):
    """A file that cannot be imported; ``problems`` are all or, when it ``is_cut``, those at which reading stopped."""

    def __init__(self, problems: Sequence[Problem], *, is_cut: bool = False) -> None:
        self.problems = list(problems)
        self.is_cut = is_cut
        more = f"\nThe rest was not looked at: {len(problems)} problems are enough." if is_cut else ""
        super().__init__("\n".join(map(str, problems)) + more)

    @classmethod
    def of_document(cls, error: DocumentError) -> BackupError:
        """For a file whose text cannot be read at all."""
        return cls([Problem(f"line {error.line}" if error.line else "the file", error.reason)])
