"""The history as it was written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from records.append_only import AppendOnly
from records.models import AuditEntry
from tests.records.cast import Cast, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_history_is_neither_changed_nor_deleted(cast: Cast) -> None:
    history = AuditEntry.objects.all()
    attempts: list[Callable[[], object]] = [
        cast.created.save,
        cast.created.delete,
        history.delete,
        lambda: history.update(actor="nobody"),
        lambda: AuditEntry.objects.bulk_update([cast.created], ["actor"]),
        lambda: AuditEntry._base_manager.update(actor="nobody"),
        lambda: AuditEntry.objects.bulk_create([cast.created], update_conflicts=True),
    ]
    for attempt in attempts:
        with pytest.raises(AppendOnly):
            attempt()
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry(pk=cast.created.pk, actor="nobody").save()
    assert AuditEntry.objects.filter(actor="syncer").count() == 2


def test_retention_forgets_what_is_old_and_nothing_else(cast: Cast) -> None:
    AuditEntry.objects.create(actor="syncer", action="created", at=timezone.now() - timedelta(days=400))
    assert AuditEntry.objects.forget_before(timezone.now() - timedelta(days=365)) == 1
    assert AuditEntry.objects.count() == 2
