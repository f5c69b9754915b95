"""DNS servers that misbehave: what they cost is bounded, told in a sentence, and no reason to restart.

The figures of docs/security.md are those that these tests print."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.hostile import dns_servers as attacks
from tests.hostile.arena import Figures

pytestmark = pytest.mark.timeout(900)

MEMORY = 128.0
"""Megabytes of the whole process."""


@pytest.mark.parametrize(
    ("attack", "says"),
    [
        (attacks.attack_by_values, "^nothing$"),
        (attacks.attack_by_names, "^nothing$"),
        (attacks.attack_by_record, "one record has more than 1,000,000 characters"),
        (attacks.attack_by_nodes, "more than 300,000 values"),
        (attacks.attack_by_packed_list, "what comes before the records has more than 1,000,000 characters"),
        (attacks.attack_by_packed_answer, "answered with more than 6 MB"),
        (attacks.attack_by_slow_list, "did not come to the end of its answer within 60 s"),
        (attacks.attack_by_slow_answer, "did not come to the end of its answer within 10 s"),
        (attacks.attack_by_shapes, "has a shape that Technitium's has not"),
        (attacks.rebuild_from_marks, "50000 records carry our mark and stood in no ledger"),
        (attacks.rebuild_from_strays, "50000 of 50000 records would go"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_it_is_bounded_and_told(attack: Callable[[], Figures], says: str) -> None:
    figures = attack()
    print(f"\n{attack.__name__:<24}{figures}")
    assert figures.rss < MEMORY
    assert not figures.was_red
    assert figures.internal == 0
    assert re.search(says, figures.said)
