"""``Kind/namespace/name``, written and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.origin import Origin

PART = st.text(alphabet="aB-.", max_size=5)


@given(PART, PART, st.text(alphabet="aB-./", max_size=8))
def test_what_is_written_is_read_back(kind: str, namespace: str, name: str) -> None:
    origin = Origin(kind, namespace, name)
    assert str(origin) == f"{kind}/{namespace}/{name}"
    assert Origin.parse(str(origin)) == origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("", Origin("")),
        ("Ingress", Origin("Ingress")),
        ("Ingress/web", Origin("Ingress", "web")),
        ("Ingress/web/a/b", Origin("Ingress", "web", "a/b")),
        ("//", Origin("")),
    ],
)
def test_a_mark_may_say_anything(text: str, origin: Origin) -> None:
    assert Origin.parse(text) == origin


def test_a_custom_entry_has_no_namespace_and_the_key_of_its_row() -> None:
    entry = Origin.of_entry(7)
    assert str(entry) == "CustomEntry//7"
    assert Origin.parse("CustomEntry//7") == entry
    assert entry.is_entry
    assert not Origin("Ingress", "web", "CustomEntry").is_entry
