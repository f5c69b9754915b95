"""A column that several models have."""

from __future__ import annotations

from django.db import models


def target_field(default: str = "default", help_text: str = "name of the target") -> models.CharField[str, str]:
    """The default is the database's, too: people write requests in SQL."""
    return models.CharField(max_length=32, default=default, db_default=default, blank=not default, help_text=help_text)
