"""Where the API server serves a kind, and whether it has the kind at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from syncer.core.kinds import Kind
from syncer.kube.client import ApiError, ApiServer, Unreachable


class Documents(Protocol):
    """What an API server says of itself."""

    @property
    def url(self) -> str: ...

    def get(self, path: str) -> Mapping[str, Any]: ...


class Discovery:
    """Finds kinds on one API server, for all of its watches. Thread-safe.

    The kinds that are not installed ask for the same few documents, again and again: what one of them is told, serves
    the others for ``shared`` seconds.
    """

    def __init__(self, server: ApiServer, *, shared: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._asked = _AskedBefore(server, shared, clock)

    def find_collection(self, kind: Kind, namespace: str = "", *, afresh: bool = True) -> str:
        """The path of the kind's collection; "" when it is not installed. ``namespace`` "" is all of them. Not
        ``afresh``: what another one was told a while ago will do.

        Raises what ``ApiServer`` raises.
        """
        version = find_version(self._asked.server if afresh else self._asked, kind)
        if not version:
            return ""
        root = f"/apis/{kind.group}" if kind.group else "/api"
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}/{version}{within}/{kind.plural}"


class _Told(NamedTuple):
    """``refusal`` is that there is no such document."""

    at: float
    document: Mapping[str, Any] | None = None
    refusal: ApiError | None = None


class _AskedBefore:
    """``Documents`` that may be a while old."""

    def __init__(self, server: ApiServer, shared: float, clock: Callable[[], float]) -> None:
        self.server = server
        self._shared = shared
        self._clock = clock
        self._told: dict[str, _Told] = {}

    @property
    def url(self) -> str:
        return self.server.url

    def get(self, path: str) -> Mapping[str, Any]:
        now, told = self._clock(), self._told.get(path)
        if told is None or now >= told.at + self._shared:
            told = self._told[path] = self._ask_server(path, now)
        if told.document is not None:
            return told.document
        raise ApiError(404, str(told.refusal))

    def _ask_server(self, path: str, now: float) -> _Told:
        try:
            return _Told(now, document=self.server.get(path))
        except ApiError as error:
            if error.status != 404:
                raise
            return _Told(now, refusal=error)


def find_version(server: Documents, kind: Kind) -> str:
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
