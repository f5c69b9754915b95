"""Where the API server serves a kind, and whether it has the kind at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncer.core.kinds import Kind
from syncer.kube.client import ApiError, ApiServer, Unreachable


def find_collection(server: ApiServer, kind: Kind, namespace: str = "") -> str:
    """The path of the kind's collection; "" when it is not installed. ``namespace`` "" is all of them.

    Raises what ``ApiServer`` raises.
    """
    version = find_version(server, kind)
    if not version:
        return ""
    root = f"/apis/{kind.group}" if kind.group else "/api"
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}/{version}{within}/{kind.plural}"


def find_version(server: ApiServer, kind: Kind) -> str:
    """Of the versions that we read, the first that is served; "" when the kind is not installed.

    Raises what ``ApiServer`` raises, and so takes no failure for an answer.
    """
    if not kind.group:
        return kind.versions[0]
    root = f"/apis/{kind.group}"
    try:
        group = server.get(root)
    except ApiError as error:
        if error.status != 404:
            raise
        # Anything between us and the API server can answer 404. Only a list of groups without ours is believed.
        if kind.group in read_column(server.get("/apis"), "APIGroupList", "groups", "name"):
            raise Unreachable(f"{server.url} has the group {kind.group}, but does not show it") from error
        return ""
    served = read_column(group, "APIGroup", "versions", "version")
    for version in kind.versions:
        if version in served:
            resources = server.get(f"{root}/{version}")
            if kind.plural in read_column(resources, "APIResourceList", "resources", "name"):
                return version
    return ""


def read_column(document: Mapping[str, Any], kind: str, key: str, field: str) -> set[str]:
    """The ``field`` of every row. A 200 with something else in it (the page of a proxy, an empty object) must not be
    taken to say that nothing is installed."""
    rows = document.get(key)
    if document.get("kind") != kind or not isinstance(rows, list):
        raise Unreachable(f"the answer is no {kind}: is this an API server?")
    return {str(row.get(field)) for row in rows if isinstance(row, dict)}
