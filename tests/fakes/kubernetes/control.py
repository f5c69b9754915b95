"""The paths that only a double has, for benchmarks and tests in another process: /fake/..."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fakes.kubernetes.errors import ApiError
from tests.fakes.kubernetes.http import Connection, Request

if TYPE_CHECKING:
    from tests.fakes.kubernetes.server import ApiServer


def answer_control(server: ApiServer, request: Request, connection: Connection) -> None:
    """GET or DELETE requests (the counters); POST faults (``{"fault": name, argument: value}``) or DELETE faults;
    PUT groups/GROUP?versions=v1beta1 or DELETE groups/GROUP."""
    match request.method, request.path.removeprefix("/fake/").split("/"):
        case "GET", ["requests"]:
            counts: dict[str, dict[str, int]] = {}
            for (verb, resource), number in server.counts.items():
                counts.setdefault(verb, {})[resource] = number
            connection.json(200, counts)
            return
        case "DELETE", ["requests"]:
            server.counts.clear()
        case "POST", ["faults"]:
            _strike_fault(server, request.body)
        case "DELETE", ["faults"]:
            server.faults.clear()
        case "PUT", ["groups", group]:
            _install_group(server, group, [v for v in request.query.get("versions", "").split(",") if v])
        case "DELETE", ["groups", group]:
            server.remove(group)
        case _:
            raise ApiError(404, f"there is nothing at {request.method} {request.path}")
    connection.json(200, {})


def _strike_fault(server: ApiServer, body: bytes) -> None:
    try:
        arguments: dict[str, Any] = json.loads(body)
        name = arguments.pop("fault")
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise ApiError(400, 'expected a JSON object with the key "fault"') from e
    server.faults.strike_by_name(name, arguments)


def _install_group(server: ApiServer, group: str, versions: list[str]) -> None:
    try:
        server.install(group, versions)
    except ValueError as e:
        raise ApiError(400, str(e)) from e
