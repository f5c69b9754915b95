"""A refusal, in the words of a real API server."""

from __future__ import annotations

from typing import Any

from tests.fakes.kubernetes.resources import Manifest, Resource

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class ApiError(Exception):
    def __init__(self, code: int, message: str, reason: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.reason = code, message, reason or REASONS.get(code, "")
        self.details = details

    def status(self) -> Manifest:
        """The Status object that is the body of the answer, or the object of an ERROR event."""
        body: Manifest = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body |= {"message": self.message, "reason": self.reason}
        if self.details:
            body["details"] = self.details
        return body | {"code": self.code}


def _describe_object(resource: Resource, name: str) -> dict[str, str]:
    about = {"name": name, "group": resource.group, "kind": resource.plural}
    return {key: value for key, value in about.items() if value}


def not_found(resource: Resource, name: str) -> ApiError:
    return ApiError(404, f'{resource} "{name}" not found', **_describe_object(resource, name))


def already_exists(resource: Resource, name: str) -> ApiError:
    return ApiError(409, f'{resource} "{name}" already exists', "AlreadyExists", **_describe_object(resource, name))


def version_conflict(resource: Resource, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return ApiError(409, message, **_describe_object(resource, name))


def object_modified(resource: Resource, name: str) -> ApiError:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return version_conflict(resource, name, why)


def field_invalid(resource: Resource, name: str, field: str, why: str) -> ApiError:
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    causes = [{"reason": "FieldValueInvalid", "message": why, "field": field}]
    details: Manifest = {**_describe_object(resource, name), "kind": resource.kind, "causes": causes}
    return ApiError(422, f'{kind} "{name}" is invalid: {field}: {why}', **details)


def namespace_terminating(resource: Resource, name: str, namespace: str) -> ApiError:
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    causes = [{"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated"}]
    return ApiError(403, f'{resource} "{name}" is forbidden: {why}', **_describe_object(resource, name), causes=causes)


def too_old(wanted: int, oldest: int) -> ApiError:
    return ApiError(410, f"too old resource version: {wanted} ({oldest})")


def token_expired() -> ApiError:
    return ApiError(
        410,
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter.",
    )


def too_large(wanted: int, current: int) -> ApiError:
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    return ApiError(504, message, causes=causes, retryAfterSeconds=1)
