"""The bench over a registry of full size, in small."""

from __future__ import annotations

import pytest

from records.models import HeldDelete, ManagedRecord
from tests.bench.registry import fill_registry, list_dashboard_paths
from tests.records.test_admin import visitor

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_its_registry_fits_the_models_and_its_pages_are_there() -> None:
    fill_registry(records=40, entries=40)
    assert ManagedRecord.objects.count() == 40
    assert HeldDelete.objects.filter(plan__status="open").exists()
    client = visitor("viewer")
    answers = {path: client.get(path).status_code for path in list_dashboard_paths()}
    assert {path: status for path, status in answers.items() if status != 200} == {}
