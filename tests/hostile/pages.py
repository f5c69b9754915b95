"""The pages of the admin as an OpenAPI document, made from its addresses, so that no page is missing from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle, islice
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import BooleanField, DateField, Field, Model
from django.http import HttpRequest
from django.urls import reverse

from tests.routes import ADMIN, ARGUMENT, list_routes

Document = dict[str, Any]

LIST_PARAMETERS = (
    "q",
    "o",
    "p",
    "all",
    "e",
    "_popup",
    "_to_field",
    "show",
    "action_is",
    "answer",
    "kind",
    "zone",
    "type",
)
OTHER_PARAMETERS = ("q", "next", "term", "app_label", "model_name", "field_name", "_changelist_filters", "_popup")
FIELDS = (
    *("action", "_selected_action", "select_across", "index", "confirmed", "from_page", "post", "_save", "_continue"),
    *("username", "password", "password1", "password2", "old_password", "new_password1", "new_password2", "next"),
    *("file", "upload", "dry_run", "step", "type", "zone", "values", "ttl", "mode", "part", "approve", "delete"),
)
"""Of the forms that belong to no model."""
SEEDS = 6
"""Of what was made by hand, for each place: the next place has others."""


class PageDocument:
    """``texts`` are what was made by hand, ``keys`` name an object of each model."""

    def __init__(self, texts: Iterable[str], keys: Mapping[type[Model], str]) -> None:
        self._texts = cycle(texts)
        self._keys = keys

    def describe(self) -> Document:
        paths = {}
        for route, model in list_routes(ADMIN):
            parameters = [*self._describe_path(route, model), *_describe_query(model)]
            asked = {"parameters": parameters, "responses": {"200": {"description": "the page"}}}
            path = ARGUMENT.sub(r"{\2}", route)
            paths[path] = {"get": asked, "post": {**asked, "requestBody": self._describe_form(model)}}
        return {"openapi": "3.0.3", "info": {"title": "admin", "version": "1"}, "paths": paths}

    def _pick_seeds(self) -> dict[str, Document]:
        return {str(number): {"value": text} for number, text in enumerate(islice(self._texts, SEEDS))}

    def _describe_path(self, route: str, model: type[Model] | None) -> Iterator[Document]:
        for match in ARGUMENT.finditer(route):
            argument = {"name": match[2], "in": "path", "required": True}
            if match[1] == "int":
                yield {**argument, "schema": {"type": "integer"}}
                continue
            known = {"object": {"value": self._keys[model]}} if model in self._keys else {}
            yield {**argument, "schema": {"type": "string"}, "examples": {**self._pick_seeds(), **known}}

    def _describe_form(self, model: type[Model] | None) -> Document:
        fields = dict.fromkeys((*FIELDS, *(list_fields(model) if model else ())))
        examples = {key: {"value": dict.fromkeys(fields, seed["value"])} for key, seed in self._pick_seeds().items()}
        schema = {"type": "object", "properties": {name: {"type": "string"} for name in fields}}
        return {"content": {"application/x-www-form-urlencoded": {"schema": schema, "examples": examples}}}


def _describe_query(model: type[Model] | None) -> Iterator[Document]:
    """Without the columns of a list, which are asked one by one (``list_lists``)."""
    for name in dict.fromkeys((*LIST_PARAMETERS, *OTHER_PARAMETERS) if model else OTHER_PARAMETERS):
        yield {"name": name, "in": "query", "schema": {"type": "string"}}


def list_lists() -> Iterator[tuple[str, str]]:
    """The address of each list with each of its parameters."""
    for model in admin.site._registry:
        place = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        yield from ((place, name) for name in list_parameters(model))


def list_parameters(model: type[Model]) -> Iterator[str]:
    yield from LIST_PARAMETERS
    for field in model._meta.concrete_fields:
        yield from (field.name + lookup for lookup in _list_lookups(field))


def _list_lookups(field: Field[Any, Any]) -> tuple[str, ...]:
    if isinstance(field, DateField):
        return ("", "__gte", "__lt", "__year", "__month", "__date", "__in")
    return ("", "__isnull") if isinstance(field, BooleanField) else ("", "__gte", "__in", "__contains", "__regex")


def list_fields(model: type[Model]) -> Iterator[str]:
    """Those of the page on which an object is made or changed."""
    request = HttpRequest()
    request.user = User(is_superuser=True, is_active=True)
    pages = admin.site._registry[model]
    if pages.has_add_permission(request):
        yield from pages.get_form(request, None).base_fields
    if pages.has_change_permission(request):
        yield from pages.get_form(request, model(), change=True).base_fields
