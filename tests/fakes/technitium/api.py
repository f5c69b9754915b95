"""From a request to the answer: token, route, rights, envelope, and the faults on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from typing import Any, NamedTuple

from tests.fakes.technitium import cluster_api, records_api, server_api, zones_api
from tests.fakes.technitium.call import Call
from tests.fakes.technitium.cluster import ClusterNode
from tests.fakes.technitium.faults import Faults
from tests.fakes.technitium.params import Params
from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.tree import Tree
from tests.fakes.technitium.users import DELETE, MODIFY, VIEW, Session, Users

JSON_TYPE = "application/json; charset=utf-8"
BAD_TOKEN = "Invalid token or session expired."
TRACE = "   at DnsServerCore.DnsWebService (a double has no stack)"


class Asked(NamedTuple):
    method: str
    path: str
    query: str
    content_type: str
    authorization: str
    body: bytes
    backstage: bool = False
    acting: str = ""
    """The user for whom another node of the cluster asks; the token counts for nothing then."""


class Answered(NamedTuple):
    status: int
    body: bytes = b""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    trickle: float = 0.0
    unpacks_to: int = 0
    """See ``Faults``."""


class Route(NamedTuple):
    handler: Callable[[Call], dict[str, Any]]
    section: str = ""
    right: int = VIEW
    nested: bool = True
    """Whether the answer is inside ``response``, or beside ``status``."""


ROUTES = {
    "/api/zones/records/get": Route(records_api.read_records),
    "/api/zones/records/add": Route(records_api.add_record),
    "/api/zones/records/update": Route(records_api.update_record),
    "/api/zones/records/delete": Route(records_api.delete_record),
    "/api/zones/list": Route(zones_api.list_zones, "Zones"),
    "/api/zones/create": Route(zones_api.create_zone, "Zones", MODIFY),
    "/api/zones/delete": Route(zones_api.delete_zone, "Zones", DELETE),
    "/api/zones/enable": Route(zones_api.enable_zone, "Zones", MODIFY),
    "/api/zones/disable": Route(zones_api.disable_zone, "Zones", MODIFY),
    "/api/zones/import": Route(zones_api.import_file, "Zones", MODIFY),
    "/api/zones/options/get": Route(zones_api.show_options, "Zones", MODIFY),
    "/api/zones/options/set": Route(zones_api.set_options, "Zones", MODIFY),
    "/api/zones/permissions/get": Route(zones_api.show_permissions, "Zones", MODIFY),
    "/api/zones/permissions/set": Route(zones_api.set_permissions, "Zones", MODIFY),
    "/api/user/session/get": Route(server_api.session_info, nested=False),
    "/api/user/createToken": Route(server_api.create_token, nested=False),
    "/api/user/logout": Route(server_api.log_out, nested=False),
    "/api/admin/users/create": Route(server_api.create_user, "Administration", MODIFY),
    "/api/admin/users/delete": Route(server_api.delete_user, "Administration", DELETE),
    "/api/admin/sessions/createToken": Route(server_api.create_user_token, "Administration", MODIFY),
    "/api/admin/cluster/state": Route(cluster_api.read_state, "Administration"),
    "/api/admin/cluster/init": Route(cluster_api.init_cluster, "Administration", DELETE),
    "/api/admin/cluster/initJoin": Route(cluster_api.join_cluster, "Administration", DELETE),
    "/api/admin/cluster/secondary/promote": Route(cluster_api.promote_node, "Administration", DELETE),
    "/api/dnsClient/resolve": Route(server_api.resolve_name, "DnsClient"),
}
_BY_LOWER_PATH = {path.lower(): path for path in ROUTES}
LOGIN, EXPORT, METRICS = "/api/user/login", "/api/zones/export", "/api/dashboard/metrics/text"
_BY_LOWER_PATH |= {path.lower(): path for path in (EXPORT, METRICS)}


@dataclass
class Api:
    tree: Tree
    users: Users
    node: ClusterNode
    faults: Faults
    lock: RLock

    def read_params(self, asked: Asked) -> Params:
        is_form = asked.content_type.lower().startswith("application/x-www-form-urlencoded")
        return Params(asked.query, asked.body.decode("utf-8", "replace") if is_form else "")

    def answer_request(self, asked: Asked, params: Params, *, bad_token: bool = False) -> Answered:
        """``bad_token`` (a fault) makes every token unknown."""
        if not asked.path.lower().startswith("/api/"):
            return Answered(404)
        try:
            params.check_size()
            with self.lock:
                self.node.network.catch_up()
                addressee = self.node.find_addressee(asked.path, params.get("node"))
            if asked.path == LOGIN:
                return self._log_in(asked, params)
            session = self._find_session(asked, params, bad_token)
            if session is None:
                return self._make_failure("invalid-token", BAD_TOKEN)
            if addressee:
                return self.node.pass_on(asked, addressee, session.user.name)
            path = _BY_LOWER_PATH.get(asked.path.rstrip("/").lower())
            if path is None or asked.method not in ("GET", "POST"):
                return Answered(404) if self.tree.dialect.unknown_path_is_404 else self._make_success({"response": {}})
            call = self._make_call(params, session, asked)
            with self.lock:
                return self._route_call(path, call)
        except Refusal as refusal:
            return self._make_failure("error", refusal.text, refusal.inner)

    def _route_call(self, path: str, call: Call) -> Answered:
        if path == EXPORT:
            call.need_section("Zones", VIEW)
            text, name = zones_api.export_file(call)
            disposition = ("Content-Disposition", f"attachment;filename={name}")
            return Answered(200, text.encode(), "text/plain", (disposition,))
        if path == METRICS:
            call.need_section("Dashboard", VIEW)
            return Answered(200, server_api.print_metrics(call).encode(), "text/plain; version=0.0.4")
        route = ROUTES[path]
        if route.section:
            call.need_section(route.section, route.right)
        result = route.handler(call)
        return self._make_success({"response": result} if route.nested else result)

    def _log_in(self, asked: Asked, params: Params) -> Answered:
        name, password = params.need("user"), params.need("pass")
        if self.faults.locked_login:
            raise Refusal("Max limit of 5 attempts exceeded. Access blocked for 300 seconds.")
        with self.lock:
            session = self.users.open_session(self.users.log_in(name, password), None)
            call = self._make_call(params, session, asked)
            return self._make_success(server_api.login_answer(call, session, include_info=params.flag("includeInfo")))

    def _make_call(self, params: Params, session: Session, asked: Asked) -> Call:
        return Call(self.tree, self.users, self.node, self.faults, params, session, asked.content_type, asked.body)

    def _find_session(self, asked: Asked, params: Params, bad_token: bool) -> Session | None:
        if asked.acting and not bad_token:
            return Session(self.users.find_user(asked.acting), "", None)
        scheme, _, bearer = asked.authorization.partition(" ")
        if self.tree.dialect.bearer_token and scheme.lower() == "bearer":
            token = bearer.strip()
        else:
            token = params.get("token")
            if not token and not self.tree.dialect.bearer_token:
                raise Refusal("Parameter 'token' missing.")
        return None if bad_token else self.users.find_session(token)

    def _make_success(self, fields: dict[str, Any]) -> Answered:
        server = {"server": self.tree.server_domain} if self.tree.dialect.server_field else {}
        return self._encode_json(fields | server | {"status": "ok"})

    def _make_failure(self, status: str, message: str, inner: str = "") -> Answered:
        out: dict[str, Any] = {"server": self.tree.server_domain} if self.tree.dialect.server_field else {}
        out |= {"status": status, "errorMessage": message}
        if self.tree.dialect.stack_traces and status == "error":
            out["stackTrace"] = TRACE
        if inner:
            out["innerErrorMessage"] = inner
        return self._encode_json(out)

    def _encode_json(self, content: dict[str, Any]) -> Answered:
        text = json.dumps(content, separators=(",", ":")).replace("'", "\\u0027")
        return Answered(200, text.encode(), JSON_TYPE)
