"""What a view may raise besides the exceptions of REST framework."""

from __future__ import annotations

from collections.abc import Sequence

from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."
    default_code = "too_large"


class Conflict(APIException):
    """The object is not in a state in which that can be done."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


FULL = "The disk of the database is full: nothing was changed."


class Unavailable(APIException):
    """The database is busy or gone; trying again may help."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database does not answer, or is busy: nothing was changed. Try again in a few seconds."
    default_code = "unavailable"
    wait = 5


class ChangedMeanwhile(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "It has been changed meanwhile: read it again, and send the new ETag."
    default_code = "changed_meanwhile"


class Unreadable(ValidationError):
    """A document that cannot be read; ``problems`` are (place, reason), place "" where there is none."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__([reason for _, reason in problems])
        self.problems = problems


def make_invalid(attr: str, reason: str) -> ValidationError:
    return ValidationError({attr: [ErrorDetail(reason, code="invalid")]})
