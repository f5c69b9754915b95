"""Visitors of the web who mean harm: what they cost is bounded, and they are told why.

The figures of docs/security.md are those that these tests print."""

from __future__ import annotations

import re

import pytest

from catalyst.web.admission import SPACE
from tests.hostile.web import ATTACKS

pytestmark = pytest.mark.timeout(600)

MEMORY = 128.0
"""Megabytes of the whole process, where the attack is not a large text, which takes three times its size."""
LARGE = {"4 forms of 89 MB by an admin": 450.0, "40 MB of {} to import": 250.0}

SAID = {
    "4 uploads of 89 MB by anyone, held": r"^4 x 401 Unauthorized$",
    "4 uploads of 89 MB by an admin, held": r"^2 x open, 2 x 503 Service Unavailable$",
    "4 forms of 89 MB by an admin": r"^\d x (200|503)(, \d x (200|503))?$",
    "a body of one byte a second": r"^408 Request Timeout after 1\d s$",
    "1,500 half-open connections": r"1500 x cut off$",
    "1,500 silent connections": r"1500 x cut off$",
    "1,500 half-open connections to the metrics": r"^\d\d threads, .*1500 x cut off$",
    "10 MB of {} to preview": r"^200 .*more than 1,000,000 nodes of JSON|^200 .*unreadable",
    "a duplicate key among 700,000 to preview": r"^200 .*unreadable",
    "5,000 digits to preview": r"^200 .*unreadable",
    "100,000 levels to preview": r"^200 .*unreadable",
    "extreme dates": r"^(?!.* 5\d\d)",
}
"""All others are answered with 400, and with nothing else."""


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_bounded_and_told(name: str) -> None:
    cost = ATTACKS[name]()
    print(f"\n{name:<44}{cost}")
    assert cost.rss < LARGE.get(name, MEMORY)
    assert cost.disk * 1e6 < SPACE
    assert re.search(SAID.get(name, r"^400 |^(/\S* 400(, |$))+$"), cost.said, re.DOTALL)
