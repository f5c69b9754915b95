"""What the syncer tells of its targets, as rows, and as the one row in which there is but one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from records.target_models import TargetStatus
from syncer.ledger import TargetReport


def save_reports(reports: Sequence[TargetReport]) -> None:
    """A row for each; of the others it is said that they are not in use."""
    rows = [
        TargetStatus(
            name=report.name,
            kind=report.kind,
            place=", ".join(report.places),
            position=position,
            in_use=True,
            problem=report.problem,
            warning=report.warning,
            queue=report.queue,
            last_pass_at=report.last_pass_at,
            next_pass_at=report.next_pass_at,
            last_change_at=report.last_change_at,
            zones=dict(report.zones),
        )
        for position, report in enumerate(reports)
    ]
    told = [field.name for field in TargetStatus._meta.concrete_fields if not field.primary_key]
    TargetStatus.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=told)
    TargetStatus.objects.filter(in_use=True).exclude(name__in=[row.name for row in rows]).update(in_use=False)


def summarize_reports(reports: Sequence[TargetReport]) -> dict[str, Any]:
    """Of all targets together: the last full pass is that of the target which waits for one for longest."""
    passes = [report.last_pass_at for report in reports]
    return {
        "last_pass_at": None if None in passes else _choose_time(min, passes),
        "next_pass_at": _choose_time(min, (report.next_pass_at for report in reports)),
        "last_change_at": _choose_time(max, (report.last_change_at for report in reports)),
        "queue": sum(report.queue for report in reports),
        "target": ", ".join(dict.fromkeys(report.kind for report in reports)),
        "target_problem": _join_texts(reports, "problem"),
        "target_warning": _join_texts(reports, "warning"),
        "zones": {
            f"{zone} ({report.name})" if len(reports) > 1 else zone: problem
            for report in reports
            for zone, problem in report.zones.items()
        },
    }


def _choose_time(choose: Callable[[Iterable[datetime]], datetime], times: Iterable[datetime | None]) -> datetime | None:
    known = [time for time in times if time is not None]
    return choose(known) if known else None


def _join_texts(reports: Sequence[TargetReport], about: str) -> str:
    told = ((report.name, getattr(report, about)) for report in reports)
    return "; ".join(f"{name}: {text}" if len(reports) > 1 else text for name, text in told if text)
