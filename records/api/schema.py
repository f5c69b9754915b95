"""How the OpenAPI document is made."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

ERROR_TYPES = ("validation_error", "client_error", "server_error")


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="A word for programs, such as `required`, `invalid`, `not_found`")
    detail = serializers.CharField(help_text="A sentence for people")
    attr = serializers.CharField(allow_null=True, help_text="The field (`entries.3.values`) or the place in a document")


class ErrorsSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=ERROR_TYPES)
    errors: Any = ErrorSerializer(many=True)


ALWAYS = {
    "400": "Wrong input",
    "401": "No valid token or session",
    "403": "Not for your role",
    "429": "Too many calls",
    "503": "The database does not answer (Retry-After)",
}
WITH_BODY = {"411": "No Content-Length", "413": "The body is too large", "415": "Media type not supported"}
WITH_PLACE = {"404": "Not found"}
MORE = {
    "409": "Not in this state",
    "412": "Changed meanwhile (If-Match), or there is one already (If-None-Match)",
}


class Schema(AutoSchema):
    """Every operation may answer with an error, and all errors have one shape."""

    def get_summary(self) -> str:
        """The first sentence of what it says of itself."""
        description = " ".join(self.get_description().split())
        first = re.split(r"(?<=[a-z`)])[.:] ", f"{description} ", maxsplit=1)[0].rstrip(" .")
        return first or self.get_operation_id().replace("_", " ")

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        codes = dict(ALWAYS)
        if self.method in ("POST", "PUT", "PATCH"):
            codes |= WITH_BODY | {"409": MORE["409"]}
        if "{" in self.path or "page" in {parameter["name"] for parameter in self._get_parameters()}:
            codes |= WITH_PLACE
        if "{type}" in self.path and self.method != "GET":
            codes |= {"412": MORE["412"]}
        for code, description in codes.items():
            body: dict[str, Any] = self._get_response_for_code(ErrorsSerializer, code)  # type: ignore[no-untyped-call]
            responses.setdefault(code, body | {"description": description})
        return responses


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "records.api.access.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "Made in the admin, or with `catalyst-dns-sync create-token USER --days 90`",
        }
