"""Lists in pages: a continue token names a snapshot, so that every page shows the same moment."""

from __future__ import annotations

import base64
import binascii
import json
from collections import OrderedDict
from collections.abc import Sequence

from tests.fakes.kubernetes.errors import ApiError, token_expired
from tests.fakes.kubernetes.store import Record, encode_json

_KEPT = 64


class Pages:
    def __init__(self) -> None:
        self._snapshots: OrderedDict[int, tuple[int, Sequence[Record]]] = OrderedDict()
        self._count = 0

    def first_page(self, rv: int, records: Sequence[Record], limit: int) -> tuple[Sequence[Record], str, int]:
        """The records of the first page, the token for the next ("": no more), and how many remain."""
        if not limit or len(records) <= limit:
            return records, "", 0
        self._count += 1
        self._snapshots[self._count] = (rv, records)
        if len(self._snapshots) > _KEPT:
            self._snapshots.popitem(last=False)
        return self._cut_page(self._count, 0, limit)

    def next_page(self, token: str, limit: int) -> tuple[int, Sequence[Record], str, int]:
        """As ``first_page``, with the version of the snapshot before it. Raises the 410 for a token that expired."""
        try:
            fields = json.loads(base64.urlsafe_b64decode(token))
            snapshot, start = int(fields["snapshot"]), int(fields["start"])
        except (binascii.Error, ValueError, KeyError, TypeError) as e:
            raise ApiError(400, "continue key is not valid") from e
        if snapshot not in self._snapshots:
            raise token_expired()
        rv, records = self._snapshots[snapshot]
        return rv, *self._cut_page(snapshot, start, limit or len(records))

    def expire(self) -> None:
        self._snapshots.clear()

    def _cut_page(self, snapshot: int, start: int, limit: int) -> tuple[Sequence[Record], str, int]:
        rv, records = self._snapshots[snapshot]
        end = start + limit
        if end >= len(records):
            return records[start:], "", 0
        fields = {"v": "meta.k8s.io/v1", "rv": rv, "snapshot": snapshot, "start": end}
        return records[start:end], base64.urlsafe_b64encode(encode_json(fields)).decode(), len(records) - end
