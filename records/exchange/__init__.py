"""Export and import: what we own, and what operators made by hand, as a file (docs/backup.md)."""

from records.exchange.importing import ImportPlan, apply_import, plan_import
from records.exchange.reading import read_backup
from records.exchange.shape import FORMS, Backup, BackupError, Problem
from records.exchange.writing import write_export

__all__ = [
    "FORMS",
    "Backup",
    "BackupError",
    "ImportPlan",
    "Problem",
    "apply_import",
    "plan_import",
    "read_backup",
    "write_export",
]
