"""The addresses of the dashboard and of the admin, from the program itself: a new page is among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

DASHBOARD, ADMIN = "/ui/", "/admin/"
ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
"""Of a route: its converter, where it has one, and its name."""


def list_routes(site: str) -> Iterator[tuple[str, type[Model] | None]]:
    """Every address of the site, and the model whose page it is."""
    for one in get_resolver().url_patterns:
        if isinstance(one, URLResolver) and f"/{one.pattern}" == site:
            yield from _list_patterns(one.url_patterns, site, None)


def _list_patterns(
    found: Iterable[URLPattern | URLResolver], before: str, model: type[Model] | None
) -> Iterator[tuple[str, type[Model] | None]]:
    models = {f"{model._meta.app_label}/{model._meta.model_name}/": model for model in admin.site._registry}
    for one in found:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _list_patterns(one.url_patterns, route, models.get(str(one.pattern), model))
        elif "(?P" not in route:  # whatever is no page
            yield route, model


def fill_route(route: str, arguments: Mapping[str, str]) -> str:
    """An address of the route. Raises ``KeyError`` where nothing is known of an argument."""
    return ARGUMENT.sub(lambda argument: arguments[argument[2]], route)
