"""The cluster that a test changes and asks: the double or a real one."""

from __future__ import annotations

import http.client
import json
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.fakes.kubernetes.faults import Faults
from tests.fakes.kubernetes.resources import Manifest
from tests.fakes.kubernetes.server import ApiServer


class Answer(NamedTuple):
    code: int
    body: Any
    headers: Mapping[str, str]


class Refused(Exception):
    """The API server did not do what the test needs."""


def call_api(url: str, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One request on a connection of its own. ``body``: bytes as they are, anything else as JSON."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        is_json = answer.headers.get_content_type() == "application/json"
        return Answer(answer.status, json.loads(text) if is_json else text.decode(), dict(answer.headers))
    finally:
        connection.close()


class Stream:
    """An open watch, read line by line. A wait of more than ``timeout`` seconds raises TimeoutError."""

    def __init__(self, url: str, path: str, headers: Mapping[str, str] | None, timeout: float) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
        self._connection.request("GET", path, headers=dict(headers or {}))
        self._answer = self._connection.getresponse()
        self.code = self._answer.status

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._answer.close()

    def line(self) -> bytes:
        """b"" at the end. Raises what http.client raises when the stream is cut."""
        return self._answer.readline()

    def event(self) -> tuple[str, Manifest]:
        event = json.loads(self.line())
        return event["type"], event["object"]

    def names(self, count: int) -> list[tuple[str, str]]:
        """Type and name of the next ``count`` events."""
        return [(kind, body["metadata"]["name"]) for kind, body in (self.event() for _ in range(count))]


class Cluster:
    """``url`` and ``kubeconfig`` are for the program under test. What the test itself changes goes through
    ``back_door``, which no fault closes. Against a real server ``url`` is a kubectl proxy, and what was created is
    deleted at the end."""

    def __init__(self, url: str, kubeconfig: Path, back_door: str, server: ApiServer | None = None) -> None:
        self.url, self.kubeconfig, self.back_door, self._server = url, kubeconfig, back_door, server
        self._plurals: dict[tuple[str, str], tuple[str, bool, bool]] = {}
        self._made: list[Manifest] = []

    @property
    def is_double(self) -> bool:
        return self._server is not None

    @property
    def server(self) -> ApiServer:
        assert self._server, "only a double can do this: mark the test double_only"
        return self._server

    @property
    def faults(self) -> Faults:
        return self.server.faults

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """By verb and resource, such as ("list", "ingresses.networking.k8s.io")."""
        return self.server.requests()

    def install(self, group: str, versions: Iterable[str] = ()) -> None:
        self.server.install(group, versions)

    def remove(self, group: str) -> None:
        self.server.remove(group)

    def refuse(self, verb: str, resource: str, namespace: str | None = None) -> None:
        """403 from now on. ``namespace``: None everywhere, "" only at the cluster scope."""
        self.server.refuse(verb, resource, namespace)

    def allow(self) -> None:
        self.server.allow()

    def namespace(self, stem: str = "test") -> str:
        """The name of a fresh namespace."""
        name = f"{stem}-{uuid.uuid4().hex[:6]}"
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def create(self, manifest: Manifest) -> Manifest:
        """Create the object, with its status if it has one, and its namespace when that is missing."""
        path, has_status = self._find_path(manifest)
        answer = call_api(self.back_door, "POST", path, manifest)
        if answer.code == 404 and answer.body["details"]["kind"] == "namespaces":
            name = manifest["metadata"]["namespace"]
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            answer = call_api(self.back_door, "POST", path, manifest)
        made = _check_answer(answer)
        self._made.append({**manifest, "metadata": made["metadata"]})
        if has_status and "status" in manifest:
            return self.patch(self._made[-1], {"status": manifest["status"]}, "status")
        return made

    def get(self, manifest: Manifest) -> Manifest:
        return _check_answer(call_api(self.back_door, "GET", self._object_path(manifest)))

    def patch(self, manifest: Manifest, patch: Manifest, subresource: str = "") -> Manifest:
        """A merge patch of the object that ``manifest`` names."""
        path = "/".join(filter(None, (self._object_path(manifest), subresource)))
        headers = {"Content-Type": "application/merge-patch+json"}
        return _check_answer(call_api(self.back_door, "PATCH", path, patch, headers))

    def delete(self, manifest: Manifest) -> None:
        _check_answer(call_api(self.back_door, "DELETE", self._object_path(manifest)))

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """A request to ``url``, as the program under test makes it."""
        return call_api(self.url, method, path, body, headers)

    def watch(self, path: str, headers: Mapping[str, str] | None = None, timeout: float = 5, **query: object) -> Stream:
        """A watch of the collection at ``path``, as the program under test opens it."""
        return Stream(self.url, f"{path}?{urlencode({'watch': 'true', **query})}", headers, timeout)

    def list(self, path: str, **query: object) -> Manifest:
        return _check_answer(self.call("GET", f"{path}?{urlencode(query)}"))

    def kubectl(self, *arguments: str, stdin: str = "", timeout: float = 30) -> str:
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout)
        if done.returncode:
            raise Refused(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def tidy(self) -> None:
        """Delete what was created, namespaces last."""
        for manifest in reversed(self._made):
            call_api(self.back_door, "DELETE", self._object_path(manifest))
        self._made.clear()

    def _object_path(self, manifest: Manifest) -> str:
        return f"{self._find_path(manifest)[0]}/{manifest['metadata']['name']}"

    def _find_path(self, manifest: Manifest) -> tuple[str, bool]:
        """Of the collection, and whether there is a status subresource."""
        api_version, kind = manifest["apiVersion"], manifest["kind"]
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if (api_version, kind) not in self._plurals:
            found = {r["name"]: r for r in _check_answer(call_api(self.back_door, "GET", root))["resources"]}
            plural = next((name for name, r in found.items() if r["kind"] == kind and "/" not in name), None)
            if plural is None:
                raise Refused(f"there is no {kind} in {api_version}")
            self._plurals[api_version, kind] = plural, found[plural]["namespaced"], f"{plural}/status" in found
        plural, namespaced, has_status = self._plurals[api_version, kind]
        home = f"/namespaces/{manifest['metadata'].get('namespace', 'default')}" if namespaced else ""
        return f"{root}{home}/{plural}", has_status


def _check_answer(answer: Answer) -> Manifest:
    if answer.code >= 400:
        raise Refused(f"{answer.code}: {answer.body}")
    body: Manifest = answer.body
    return body
