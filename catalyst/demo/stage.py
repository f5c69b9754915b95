"""Where the story is played: the two servers, and the program's own API, all over HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from catalyst.demo import story
from catalyst.demo.cast import Manifest
from catalyst.demo.doubles import Doubles

TIMEOUT = 20.0
PLURALS = {"Ingress": "ingresses", "IngressRoute": "ingressroutes", "Gateway": "gateways", "HTTPRoute": "httproutes"}
"""As they are spelled in addresses of the API server."""
TTL = 300


class StageError(Exception):
    """A server of the demo refuses what the story asks of it."""


class Told(NamedTuple):
    status: int
    cookies: Mapping[str, str]
    body: Any


class Stage:
    """``site`` is the address of the program."""

    def __init__(self, doubles: Doubles, site: str) -> None:
        self._doubles = doubles
        self._site = site
        self._cookies: dict[str, str] = {}

    def play(self, scene: story.Scene) -> None:
        """Raises ``StageError``, and ``OSError`` where a server has ended."""
        self._cookies.clear()  # a reader may have ended that session
        for step in scene.steps:
            self._take(step)

    def _take(self, step: story.Step) -> None:
        match step:
            case story.Put(manifests):
                for manifest in manifests:
                    self._put_object(manifest)
            case story.Withdraw(manifests):
                for manifest in manifests:
                    self._ask_cluster("DELETE", find_path(manifest), None, HTTPStatus.NOT_FOUND)
            case story.Clear(namespace):
                self._ask_cluster("DELETE", f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses", None)
            case story.WriteByHand(name, address):
                self._ask_dns("add", domain=name, type="A", ipAddress=address, ttl=TTL, overwrite="true")
            case story.EraseByHand(name, address):
                self._ask_dns("delete", domain=name, type="A", ipAddress=address)
            case story.Break(is_away):
                self._break_dns(is_away)
            case story.Publish(name, address):
                entry = {"name": name, "type": "A", "values": [address], "description": "of the demo's operator"}
                self._ask_site("POST", "entries", entry, HTTPStatus.CONFLICT)
            case story.Unpublish(name):
                self._ask_site("DELETE", f"entries/{name}/A", None, HTTPStatus.NOT_FOUND)
            case story.Remediate(name):
                for finding in self._list_open("drift"):
                    if finding["name"] == name:
                        self._ask_site("POST", f"drift/{finding['id']}/remediate", {}, *DECIDED)
            case story.Approve():
                for plan in self._list_open("holds"):
                    self._ask_site("POST", f"holds/{plan['id']}/approve", {}, *DECIDED)

    def _put_object(self, manifest: Manifest) -> None:
        path, namespace = find_path(manifest), {"metadata": {"name": manifest["metadata"]["namespace"]}}
        self._ask_cluster("POST", "/api/v1/namespaces", namespace, HTTPStatus.CONFLICT)
        found = self._ask_cluster("GET", path, None, HTTPStatus.NOT_FOUND)
        if found.status == HTTPStatus.NOT_FOUND:
            self._ask_cluster("POST", path.rpartition("/")[0], manifest)
        else:
            version = {"resourceVersion": found.body["metadata"]["resourceVersion"]}
            self._ask_cluster("PUT", path, {**manifest, "metadata": {**manifest["metadata"], **version}})
        if status := manifest.get("status"):
            fresh = self._ask_cluster("GET", path, None).body
            self._ask_cluster("PUT", f"{path}/status", {**fresh, "status": status})

    def _ask_cluster(self, method: str, path: str, body: object, *others: int) -> Told:
        return send_request(self._doubles.cluster, method, path, body, others)

    def _ask_dns(self, operation: str, **parameters: object) -> None:
        form = urlencode(parameters | {"comments": "by hand"})
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"Bearer {self._doubles.token}",
        }
        answer = send_request(self._doubles.dns_api, "POST", f"/api/zones/records/{operation}", form, headers=headers)
        if answer.body.get("status") != "ok" and operation != "delete":  # which the reader may have done
            raise StageError(f"{operation} {parameters}: {answer.body}")

    def _break_dns(self, is_away: bool) -> None:
        faults = {"bad_gateway": "html" if is_away else ""}
        send_request(self._doubles.dns_api, "POST", "/fake/faults", faults)

    def _list_open(self, what: str) -> Iterable[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = self._ask_site("GET", f"{what}?status=open", None).body["results"]
        return rows

    def _ask_site(self, method: str, path: str, body: object, *others: int) -> Told:
        """As the visitor, who is let in without a login and whose cookies are kept."""
        from catalyst.demo.visitor import CSRF_COOKIE

        if not self._cookies:
            self._cookies.update(send_request(self._site, "GET", "/ui/", None).cookies)
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            "X-CSRFToken": self._cookies.get(CSRF_COOKIE, ""),
        }
        answer = send_request(self._site, method, f"/api/v1/{path}", body, others, headers)
        self._cookies.update(answer.cookies)
        return answer


DECIDED = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
"""What is answered where the reader was quicker than the story."""


def find_path(manifest: Manifest) -> str:
    about = manifest["metadata"]
    return f"/apis/{manifest['apiVersion']}/namespaces/{about['namespace']}/{PLURALS[manifest['kind']]}/{about['name']}"


def send_request(
    url: str,
    method: str,
    path: str,
    body: object,
    others: Iterable[int] = (),
    headers: Mapping[str, str] | None = None,
) -> Told:
    """``body`` is text as it is, all else as JSON. Raises ``StageError`` for a refusal that is none of ``others``."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT)
    try:
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status >= HTTPStatus.BAD_REQUEST and answer.status not in others:
        raise StageError(f"{method} {path}: {answer.status} {text[:300].decode(errors='replace')}")
    cookies = SimpleCookie()
    for line in answer.headers.get_all("Set-Cookie", []):
        cookies.load(line)
    is_json = text and answer.headers.get_content_type() == "application/json"
    return Told(
        answer.status, {name: morsel.value for name, morsel in cookies.items()}, json.loads(text) if is_json else {}
    )
