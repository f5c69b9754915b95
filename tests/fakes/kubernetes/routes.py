"""From method and path to what is meant, in the terms that rights, faults and counters share."""

from __future__ import annotations

from typing import NamedTuple

from tests.fakes.kubernetes.errors import ApiError
from tests.fakes.kubernetes.http import Request
from tests.fakes.kubernetes.resources import NAMESPACES, Catalog, Resource

_SUBRESOURCES = ("status", "finalize")


class Route(NamedTuple):
    verb: str
    resource: Resource
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def is_true(text: str | None) -> bool:
    return text in ("1", "true", "True")


def find_route(catalog: Catalog, request: Request) -> Route | None:
    """None: the path leads to no resource of an installed group."""
    match request.path.strip("/").split("/"):
        case ["api", version, *rest] if rest:
            group = ""
        case ["apis", group, version, *rest] if rest:
            pass
        case _:
            return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and not (len(rest) == 3 and rest[2] in _SUBRESOURCES):
        namespace, rest = rest[1], rest[2:]
    resource = catalog.find(group, version, rest[0])
    if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):
        return None
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if resource.namespaced and name and not namespace:
        return None
    if subresource and not (subresource == "status" and resource.status):
        return None
    verb = _find_verb(request, name)
    if verb not in resource.verbs and verb != "watch":
        raise ApiError(405, "the server does not allow this method on the requested resource")
    # The rights to one namespace are asked in that namespace, as the real authorizer does.
    home = name if resource == NAMESPACES else namespace
    return Route(verb, resource, version, home, name, subresource)


def _find_verb(request: Request, name: str) -> str:
    match request.method:
        case "GET":
            return "watch" if is_true(request.query.get("watch")) else "get" if name else "list"
        case "POST":
            return "create"
        case "PUT":
            return "update"
        case "PATCH":
            return "patch"
        case "DELETE":
            return "delete" if name else "deletecollection"
    raise ApiError(405, "the server does not allow this method on the requested resource")
