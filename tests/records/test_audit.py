"""The words of the audit."""

from __future__ import annotations

import pytest
from django.utils import timezone

from records import audit
from records.append_only import AppendOnly
from records.audit import REPEAT, SYNCER, Action, EntryRow, insert_entries, leave_out_repeats, make_entry
from records.models import AuditEntry
from records.rows import DONE_ACTIONS, STATE_ACTIONS
from syncer.core.plan import Op

OBSERVATIONS = audit.TROUBLE | {Action.FOREIGN, Action.GONE, Action.STALE}
"""Seen, and nothing was written."""
REMARKS = {Action.TAKEN_OVER, Action.MARKED}
"""Told beside what was written."""
DECISIONS = {
    Action.REQUESTED,
    Action.ACCEPTED,
    Action.APPROVED,
    Action.REJECTED,
    Action.FROZEN,
    Action.RESUMED,
}
"""A person asked for it or decided it."""


def test_every_action_is_in_a_list_that_says_what_it_is() -> None:
    lists = (audit.CHANGES, OBSERVATIONS, REMARKS, DECISIONS)
    for action in set(Action) - {Action.IMPORTED, Action.MOVED, Action.LOGIN_REFUSED}:
        assert sum(action in words for words in lists) == 1, action


def test_a_list_holds_whole_words() -> None:
    assert "created" in audit.CHANGES
    assert "create" not in audit.CHANGES
    assert "" not in audit.CHANGES


def test_every_change_of_dns_has_its_word() -> None:
    assert set(DONE_ACTIONS) == set(Op)
    assert set(DONE_ACTIONS.values()) <= audit.CHANGES
    assert set(STATE_ACTIONS.values()) <= OBSERVATIONS


@pytest.mark.django_db
def test_what_is_stored_is_the_word_itself() -> None:
    make_entry(Action.LOGIN_REFUSED, "web", reason="5 failed logins").save()
    assert AuditEntry.objects.filter(action="login refused", actor="web", target="").count() == 1
    assert str(AuditEntry.objects.values_list("action", flat=True)[0]) == "login refused"


@pytest.mark.django_db
def test_an_entry_is_written_once_and_never_changed() -> None:
    entry = make_entry(Action.CREATED, "syncer", target="default", zone="talos00", name="blog.talos00", kind="A")
    entry.save()
    entry.reason = "other"
    with pytest.raises(AppendOnly):
        entry.save()
    with pytest.raises(AppendOnly):
        AuditEntry.objects.update(reason="other")
    with pytest.raises(AppendOnly):
        AuditEntry.objects.all().delete()


def make_held(name: str, kind: str = "A") -> EntryRow:
    return EntryRow(Action.HELD, SYNCER, target="default", zone="talos00", name=name, type=kind)


@pytest.mark.django_db
def test_it_is_told_once_an_hour_that_a_deletion_is_held() -> None:
    first = [make_held("shop.talos00"), make_held("blog.talos00")]
    assert leave_out_repeats(first) == first
    insert_entries(first)
    others = [make_held("shop.talos00", "AAAA"), make_held("new.talos00"), first[0]._replace(action=Action.CREATED)]
    assert leave_out_repeats([*first, *others]) == others


@pytest.mark.django_db
def test_after_an_hour_it_is_told_again() -> None:
    held = make_held("shop.talos00")
    AuditEntry.objects.create(**held._asdict(), at=timezone.now() - REPEAT)
    assert leave_out_repeats([held]) == [held]


@pytest.mark.django_db
def test_it_is_told_again_where_something_happened_in_between() -> None:
    held = make_held("shop.talos00")
    insert_entries([held, held._replace(action=Action.UPDATED)])
    assert leave_out_repeats([held]) == [held]
