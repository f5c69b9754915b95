"""What the syncer tells of its targets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from records.models import TargetStatus
from records.target_rows import save_reports, summarize_reports
from syncer.ledger import TargetReport

MORNING, NOON = datetime(2026, 12, 1, 8, tzinfo=UTC), datetime(2026, 12, 1, 12, tzinfo=UTC)
LAN = TargetReport(
    "lan",
    "technitium",
    ("https://dns1.talos00", "https://dns2.talos00"),
    "",
    "",
    3,
    NOON,
    NOON,
    MORNING,
    {"talos00": ""},
)
PUBLIC = TargetReport(
    "public", "hosts", ("/etc/hosts",), "it is away", "look", 2, MORNING, MORNING, NOON, {"example.com": "disabled"}
)


def test_of_one_target_it_is_told_as_it_is() -> None:
    assert summarize_reports([PUBLIC]) == {
        "last_pass_at": MORNING,
        "next_pass_at": MORNING,
        "last_change_at": NOON,
        "queue": 2,
        "target": "hosts",
        "target_problem": "it is away",
        "target_warning": "look",
        "zones": {"example.com": "disabled"},
    }


def test_of_several_each_text_names_the_target_and_the_pass_is_the_oldest() -> None:
    assert summarize_reports([LAN, PUBLIC]) == {
        "last_pass_at": MORNING,
        "next_pass_at": MORNING,
        "last_change_at": NOON,
        "queue": 5,
        "target": "technitium, hosts",
        "target_problem": "public: it is away",
        "target_warning": "public: look",
        "zones": {"talos00 (lan)": "", "example.com (public)": "disabled"},
    }


def test_while_one_has_had_no_pass_there_was_none() -> None:
    assert summarize_reports([LAN, replace(PUBLIC, last_pass_at=None)])["last_pass_at"] is None


@pytest.mark.django_db
def test_each_has_a_row_and_what_is_not_told_of_any_more_is_not_in_use() -> None:
    save_reports([PUBLIC, LAN])
    save_reports([replace(LAN, problem="it is away too")])
    lan, public = TargetStatus.objects.order_by("name")
    assert (lan.position, lan.in_use, lan.problem, lan.zones) == (0, True, "it is away too", {"talos00": ""})
    assert (public.in_use, public.kind, public.place) == (False, "hosts", "/etc/hosts")
    assert (lan.place, lan.places) == ("https://dns1.talos00, https://dns2.talos00", LAN.places)
