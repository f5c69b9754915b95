"""A fixed part of many cases that show the same, for ``make test``; ``make exhaustive`` tries all of them."""

from __future__ import annotations

import os

from hypothesis import settings

EXHAUSTIVE = bool(os.environ.get("CATALYST_TEST_EXHAUSTIVE"))


def load_profile() -> None:
    """Of the values that hypothesis makes up: thirty that are always the same, or a hundred that are new each time."""
    settings.register_profile("sample", max_examples=30, derandomize=True, database=None, deadline=None)
    settings.register_profile("exhaustive", max_examples=100, deadline=None)
    settings.load_profile("exhaustive" if EXHAUSTIVE else "sample")
