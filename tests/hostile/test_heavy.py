"""Tenants whose objects are few and heavy: the memory of the syncer is bounded, and the names of others go on.

The figures of docs/security.md are those that these tests print; how long others wait depends on the machine."""

from __future__ import annotations

import pytest

from tests.hostile import heavy
from tests.hostile.test_floods import check_figures

pytestmark = pytest.mark.timeout(1800)


def test_objects_as_large_as_etcd_takes_them() -> None:
    check_figures(heavy.list_large_objects())


def test_names_with_as_many_addresses_as_they_may_have() -> None:
    check_figures(heavy.flood_by_values())


def test_texts_that_no_import_takes() -> None:
    check_figures(heavy.flood_by_texts())
