"""A backup between the two steps of its import on a page: what it would do, and the doing.

In the database, because the second step may reach another web process. One a user, so that they stay few.
"""

from __future__ import annotations

import zlib
from datetime import timedelta
from hashlib import sha256

from django.utils import timezone

from records.models import UploadedBackup

LIFETIME = timedelta(hours=1)
"""How long a person may look at what an import would do before the file has to be chosen again."""

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes, compressed; 100,000 records have about five million. A larger file has to be chosen again."""


def keep_upload(user: str, name: str, content: bytes) -> str:
    """Keep the file for its user, in place of the one of before; "" where it is too large, else its digest, by which
    it is found again."""
    drop_upload(user)
    forget_uploads()
    packed = zlib.compress(content)
    if len(packed) > SIZE_LIMIT:
        return ""
    digest = sha256(content).hexdigest()
    row = {"name": name[-200:], "digest": digest, "content": packed, "made_at": timezone.now()}
    UploadedBackup.objects.update_or_create(user=user, defaults=row)
    return digest


def find_upload(user: str, digest: str) -> tuple[str, bytes] | None:
    """Name and content of what this user looked at; None where another file was chosen since, or its time is over."""
    oldest = timezone.now() - LIFETIME
    row = UploadedBackup.objects.filter(user=user, made_at__gte=oldest).first()
    return (row.name, zlib.decompress(row.content)) if row and row.digest == digest else None


def drop_upload(user: str) -> None:
    UploadedBackup.objects.filter(user=user).delete()


def forget_uploads() -> int:
    """What is too old to be used any more; how many."""
    count, _ = UploadedBackup.objects.filter(made_at__lt=timezone.now() - LIFETIME).delete()
    return count
