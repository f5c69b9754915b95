"""Every error in one shape: ``{"type": …, "errors": [{"code", "detail", "attr"}]}``."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import ValidationError
from rest_framework.fields import get_error_detail

from records.api.errors import TooLarge, Unreadable
from syncer.kube.documents import ManifestError


class Handler(ExceptionHandler):
    def convert_known_exceptions(self, exc: Exception) -> Exception:
        match exc:
            case DjangoValidationError():
                return ValidationError(get_error_detail(exc))
            case ManifestError():
                return Unreadable([("", str(exc))])
            case RequestDataTooBig():
                return TooLarge()
        converted: Exception = super().convert_known_exceptions(exc)
        return converted


class Formatter(ExceptionFormatter):
    def get_errors(self) -> list[Any]:
        errors: list[Any] = super().get_errors()
        if isinstance(self.exc, Unreadable):
            for error, (place, _) in zip(errors, self.exc.problems, strict=True):
                error.attr = place or None
        return errors
