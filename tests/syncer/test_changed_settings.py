"""What is set otherwise than at the last start, in the log and for the reason of held deletes."""

from __future__ import annotations

import pytest

from syncer.changed_settings import SHOWN, ChangedSettings
from syncer.ledger import LastStart
from tests.syncer.zone.memory import MemoryLedger

BEFORE = LastStart("0.1.0", {"INGRESS_CLASS": "nginx", "DNS_ZONES": "talos00", "LABEL_SELECTOR": ""})


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger(start=BEFORE)


def start(ledger: MemoryLedger, version: str = "0.1.0", **settings: str) -> ChangedSettings:
    changed = ChangedSettings(ledger, LastStart(version, {**BEFORE.settings, **settings}))
    changed.compare()
    return changed


def test_each_change_is_a_line_of_the_log_and_a_part_of_the_reason(
    ledger: MemoryLedger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    changed = start(ledger, "0.2.0", INGRESS_CLASS="traefik", LABEL_SELECTOR="dns=public")
    assert caplog.messages == [
        "Changed since the last start: version (0.1.0 → 0.2.0)",
        "Changed since the last start: INGRESS_CLASS (nginx → traefik)",
        "Changed since the last start: LABEL_SELECTOR (nothing → dns=public)",
    ]
    assert changed.explain() == (
        "changed since the last start: version (0.1.0 → 0.2.0), INGRESS_CLASS (nginx → traefik),"
        " LABEL_SELECTOR (nothing → dns=public)"
    )
    changed.compare()
    assert len(caplog.messages) == 3, "once"


def test_what_stayed_as_it_was_is_not_told_and_not_written_again(
    ledger: MemoryLedger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    changed = start(ledger)
    changed.remember()
    assert (changed.explain(), caplog.messages, ledger.starts) == ("", [], [])


def test_before_the_comparison_nothing_is_explained(ledger: MemoryLedger) -> None:
    assert ChangedSettings(ledger, LastStart("0.2.0", {})).explain() == ""


def test_a_setting_that_only_one_version_knows_has_not_changed(ledger: MemoryLedger) -> None:
    changed = ChangedSettings(ledger, LastStart("0.1.0", {"INGRESS_CLASS": "nginx", "NEW_SETTING": "on"}))
    changed.compare()
    assert changed.explain() == ""
    changed.remember()
    assert ledger.starts == [LastStart("0.1.0", {"INGRESS_CLASS": "nginx", "NEW_SETTING": "on"})]


def test_the_first_start_has_nothing_to_compare_with(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    ledger = MemoryLedger()
    changed = start(ledger)
    assert (changed.explain(), caplog.messages) == ("", [])
    changed.remember()
    changed.remember()
    assert ledger.starts == [BEFORE]


def test_until_a_start_went_well_the_next_one_is_compared_with_the_one_before(ledger: MemoryLedger) -> None:
    start(ledger, INGRESS_CLASS="traefik")
    again = start(ledger, INGRESS_CLASS="traefik")
    assert "nginx → traefik" in again.explain()
    again.remember()
    assert again.explain() == "", "what is held from now on has another cause"
    assert start(ledger, INGRESS_CLASS="traefik").explain() == ""


def test_a_long_value_is_cut_in_the_reason_and_whole_in_the_log(
    ledger: MemoryLedger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    many = ",".join(f"zone{number}.example" for number in range(20))
    changed = start(ledger, DNS_ZONES=many)
    assert changed.explain().endswith(f"DNS_ZONES (talos00 → {many[: SHOWN - 3]}...)")
    assert many in caplog.messages[0]
