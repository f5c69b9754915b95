"""Every error in one shape: ``{"type": …, "errors": [{"code", "detail", "attr"}]}``."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.fields import get_error_detail
from rest_framework.response import Response

from records.api.errors import FULL, Conflict, TooLarge, Unavailable, Unreadable
from records.database_errors import give_advice, is_absent, is_full
from syncer.kube.documents import ManifestError

log = logging.getLogger(__name__)


class Handler(ExceptionHandler):
    def convert_known_exceptions(self, exc: Exception) -> Exception:
        match exc:
            case DjangoValidationError():
                return ValidationError(get_error_detail(exc))
            case ManifestError():
                return Unreadable([("", str(exc))])
            case RequestDataTooBig():
                return TooLarge()
            case IntegrityError() if _is_duplicate(exc):
                return Conflict("The same was written by another request at the same moment: read it, and try again.")
            case Exception() if is_absent(exc):
                log.warning("a call of the API was refused: %s", give_advice(exc))
                return Unavailable(FULL if is_full(exc) else None)
        converted: Exception = super().convert_known_exceptions(exc)
        return converted

    def report_exception(self, exc: APIException, response: Response) -> None:
        if not isinstance(exc, Unavailable):  # not a bug, so no traceback
            super().report_exception(exc, response)


def _is_duplicate(error: Exception) -> bool:
    """Whether SQLite or PostgreSQL says that such a row exists already."""
    return any(words in str(error) for words in ("UNIQUE constraint failed", "duplicate key value"))


class Formatter(ExceptionFormatter):
    def get_errors(self) -> list[Any]:
        errors: list[Any] = super().get_errors()
        if isinstance(self.exc, Unreadable):
            for error, (place, _) in zip(errors, self.exc.problems, strict=True):
                error.attr = place or None
        return errors
