"""Bodies, and how large each kind may be. ``catalyst.web.bodies`` refuses larger ones before they are parsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from records.exchange import reading
from syncer.documents.jsontext import read_json
from syncer.documents.limits import DocumentError, Limits
from syncer.kube.documents import SIZE_LIMIT

MEGABYTE = 1024 * 1024
NO_FORM = "The body is a form: send the documents themselves as the body (curl --data-binary @FILE)."


def _read_text(stream: Any) -> str:
    data: bytes = stream.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(f"Byte {error.start + 1} of the body is not UTF-8.") from error


class JSONParser(BaseParser):
    media_type = "application/json"
    limit = 5 * MEGABYTE
    limits = Limits(size=limit, nodes=100_000)
    """A thousand entries have some twenty thousand nodes."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            return read_json(_read_text(stream), self.limits)
        except DocumentError as error:
            raise ParseError(f"The JSON of the body cannot be read: {error}.") from error


class DocumentParser(BaseParser):
    """Any body as text, whatever media type the client says it has."""

    media_type = "*/*"
    limit = SIZE_LIMIT

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        return _read_text(stream)


class ManifestParser(DocumentParser):
    """But for forms with files: their parts are no documents."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        if (media_type or "").startswith("multipart/"):
            raise UnsupportedMediaType(media_type or "", NO_FORM)
        return super().parse(stream, media_type, parser_context)


class BackupParser(DocumentParser):
    limit = reading.SIZE_LIMIT


def read_document(data: Any) -> str:
    """What ``DocumentParser`` read; REST framework makes something else of an empty body."""
    return data if isinstance(data, str) else ""
