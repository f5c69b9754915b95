"""What the server does for each verb."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import yaml

from tests.fakes.kubernetes import events, patches
from tests.fakes.kubernetes.errors import ApiError, field_invalid, too_large
from tests.fakes.kubernetes.forms import Form, style_of
from tests.fakes.kubernetes.http import Connection, Request
from tests.fakes.kubernetes.loading import load_yaml
from tests.fakes.kubernetes.resources import ACCESS_REVIEWS, CORE_EVENTS, Manifest
from tests.fakes.kubernetes.routes import Route, is_true
from tests.fakes.kubernetes.selectors import Matches, by_fields, by_labels
from tests.fakes.kubernetes.store import Change, Record
from tests.fakes.kubernetes.watch import Watch

if TYPE_CHECKING:
    from tests.fakes.kubernetes.server import ApiServer

_SHORTEST_WATCH = 1800


class Call:
    """One request to a resource."""

    def __init__(self, server: ApiServer, request: Request, connection: Connection, route: Route) -> None:
        self.server, self.store, self.request, self.connection, self.route = (
            server,
            server.store,
            request,
            connection,
            route,
        )
        self.resource = events.stored_resource(route.resource)
        self.namespace = route.namespace if route.resource.namespaced else ""
        self.dry_run = request.query.get("dryRun") == "All"

    def run(self) -> None:
        verbs: dict[str, Callable[[], None]] = {
            "get": self._get_object,
            "list": self._list_objects,
            "watch": self._watch_objects,
            "create": self._create_object,
            "update": self._update_object,
            "patch": self._patch_object,
            "delete": self._delete_object,
            "deletecollection": self._delete_collection,
        }
        verbs[self.route.verb]()

    def _get_object(self) -> None:
        self._answer_record(200, self.store.get(self.resource, self.namespace, self.route.name))

    def _list_objects(self) -> None:
        query = self.request.query
        form, limit, token = self._choose_form(), int(query.get("limit") or 0), query.get("continue", "")
        if token:
            rv, records, token, remaining = self.server.pages.next_page(token, limit)
        else:
            wanted = self._parse_version(query.get("resourceVersion", ""))
            rv, selectors = self.store.rv, self._read_selectors()
            if wanted > rv:
                raise too_large(wanted, rv)
            if query.get("resourceVersionMatch") == "Exact" and wanted != rv:
                raise ApiError(410, f"The resourceVersion for the provided list is too old: {wanted}")
            # A list that takes any version comes from the watch cache of a real server, which knows no pages.
            limit = 0 if query.get("resourceVersion") == "0" else limit
            records, token, remaining = self.server.pages.first_page(rv, self._choose_records(selectors), limit)
            remaining = 0 if selectors else remaining
        metadata: Manifest = {"resourceVersion": str(rv)}
        if token:
            metadata["continue"] = token
            if remaining:
                metadata["remainingItemCount"] = remaining
        self.connection.answer(200, form.write_page(records, metadata))

    def _watch_objects(self) -> None:
        query, connection = self.request.query, self.connection
        if "sendInitialEvents" in query:
            why = "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
            raise ApiError(422, f'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: {why}')
        rv = query.get("resourceVersion", "")
        self._parse_version(rv)
        seconds = float(query.get("timeoutSeconds") or 0) or _SHORTEST_WATCH * (1 + random.random())
        period = self.server.bookmark_period if is_true(query.get("allowWatchBookmarks")) else None
        form = self._choose_form()
        watch = Watch(self.store, self.resource, self.namespace, self._read_selectors(), form, connection)

        def forget() -> None:
            watch.close()
            self.server.watches.pop(watch, None)

        self.server.watches[watch] = connection
        connection.on_lost = forget
        watch.on_end = forget
        connection.begin()
        watch.start(rv)
        if watch in self.server.watches:
            watch.keep(self.server.loop, seconds, period)

    def _create_object(self) -> None:
        body = self._read_body()
        if self.route.resource == ACCESS_REVIEWS:
            self.connection.json(201, self.server.access.answer_review(body))
            return
        home = (body.get("metadata") or {}).get("namespace") or self.namespace
        if self.resource.namespaced and home != self.namespace:
            message = f"the namespace of the provided object does not match the namespace sent on the request: {home}"
            raise ApiError(400, message)
        self._answer_record(
            201, self.store.create(self.resource, self.namespace, self._convert_body(body), self.dry_run)
        )

    def _update_object(self) -> None:
        body = self._convert_body(self._read_body())
        if not self.resource.unconditional and not body["metadata"].get("resourceVersion"):
            why = "Invalid value: 0x0: must be specified for an update"
            raise field_invalid(self.resource, self.route.name, "metadata.resourceVersion", why)
        self._change_object(lambda _: body)

    def _patch_object(self) -> None:
        media = self.request.headers.get("content-type", "").partition(";")[0].strip()
        patch = _decode_body(self.request.body, media)
        match media:
            case "application/json-patch+json":
                self._change_object(self._change_as_seen(lambda body: patches.json_patch(body, patch)))
            case "application/merge-patch+json":
                self._change_object(self._change_as_seen(lambda body: patches.merge_patch(body, patch)))
            case "application/strategic-merge-patch+json" if self.resource.builtin:
                keys = dict(self.resource.merge_keys)
                self._change_object(self._change_as_seen(lambda body: patches.merge_strategically(body, patch, keys)))
            case "application/apply-patch+yaml":
                self._apply_object(patch)
            case _:
                known = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
                message = f"the body of the request was in an unknown format - accepted media types include: {known}"
                raise ApiError(415, message)

    def _delete_object(self) -> None:
        name = self.route.name
        record, gone = self.store.delete(self.resource, self.namespace, name, self._read_options(), self.dry_run)
        if not gone:
            self._answer_record(200, record)
            return
        details = {"name": name, "group": self.resource.group, "kind": self.resource.plural}
        details["uid"] = record.body["metadata"]["uid"]
        status: Manifest = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        self.connection.json(200, {**status, "details": {key: value for key, value in details.items() if value}})

    def _delete_collection(self) -> None:
        records = self._choose_records(self._read_selectors())
        for record in records:
            self.store.delete(self.resource, record.namespace, record.name, None, self.dry_run)
        self.connection.answer(200, self._choose_form().write_page(records, {"resourceVersion": str(self.store.rv)}))

    def _apply_object(self, patch: Manifest) -> None:
        """Server-side apply as a merge: without field owners, so without conflicts between them."""
        if not self.request.query.get("fieldManager"):
            raise field_invalid(
                self.resource, self.route.name, "fieldManager", "Required value: is required for apply patch"
            )
        self._check_fields(patch)
        name = self.route.name
        if name in self.store.shelf(self.resource).namespaces.get(self.namespace, {}):
            self._change_object(self._change_as_seen(lambda body: patches.merge_patch(body, patch)))
            return
        body = {**patch, "metadata": {**(patch.get("metadata") or {}), "name": name}}
        self._answer_record(
            201, self.store.create(self.resource, self.namespace, self._convert_body(body), self.dry_run)
        )

    def _change_object(self, change: Change) -> None:
        route = self.route
        record = self.store.update(self.resource, self.namespace, route.name, change, route.subresource, self.dry_run)
        self._answer_record(200, record)

    def _change_as_seen(self, change: Change) -> Change:
        """``change``, made on the object as it looks through the requested kind and version."""

        def run(body: Manifest) -> Manifest:
            shown = events.to_core(body) if self.route.resource == CORE_EVENTS else body
            changed = change(shown)
            if why := self._refuse_fields(changed):
                # A real server took the object, as it would be, for invalid, and not its text for malformed.
                code = 400 if self.resource.builtin else 422
                raise ApiError(code, f'"" is invalid: patch: Invalid value: {why}' if code == 422 else why)
            return self._convert_body(changed)

        return run

    def _convert_body(self, body: Manifest) -> Manifest:
        return events.from_core(body) if self.route.resource == CORE_EVENTS else body

    def _answer_record(self, code: int, record: Record) -> None:
        self.connection.answer(code, self._choose_form().write_one(record))

    def _choose_form(self) -> Form:
        return Form(self.route.resource, self.route.version, style_of(self.request.headers.get("accept", "")))

    def _choose_records(self, selectors: list[Matches]) -> list[Record]:
        """In the order of the keys in etcd."""
        shelf = self.store.shelf(self.resource)
        records = shelf.records(self.namespace)
        if selectors:
            records = (r for r in records if all(matches(r.body) for matches in selectors))
        return sorted(records, key=lambda r: (r.namespace, r.name))

    def _read_selectors(self) -> list[Matches]:
        query, resource = self.request.query, self.route.resource
        selectors = by_labels(query["labelSelector"]) if query.get("labelSelector") else []
        terms = query.get("fieldSelector", "")
        if self.route.name:
            terms = ",".join(filter(None, (terms, f"metadata.name={self.route.name}")))
        if terms:
            any_field = resource.plural == "events"
            names = ("metadata.name", "metadata.namespace") if resource.namespaced else ("metadata.name",)
            selectors += by_fields(
                terms, lambda label: any_field or label in names, lambda label: events.stored_field(resource, label)
            )
        return selectors

    def _parse_version(self, text: str) -> int:
        if text and not text.isdecimal():
            raise ApiError(400, f'Invalid value: "{text}": resourceVersion must be a number', "BadRequest")
        return int(text or 0)

    def _read_options(self) -> Manifest:
        options: Manifest = _decode_body(self.request.body, "application/json") if self.request.body.strip() else {}
        return options

    def _read_body(self) -> Manifest:
        body: Manifest = _decode_body(
            self.request.body, self.request.headers.get("content-type", "").partition(";")[0].strip()
        )
        wanted = self.route.resource.api_version(self.route.version), self.route.resource.kind
        # The built-in kinds may leave both out, as a real decoder takes them from the path.
        found = body.get("apiVersion", wanted[0]), body.get("kind", wanted[1])
        if found != wanted:
            message = f"the API version in the data ({found[0]}) does not match the expected API version ({wanted[0]})"
            raise ApiError(400, message if found[0] != wanted[0] else f"{found[1]} is not {wanted[1]}")
        if not isinstance(body.get("metadata", {}), dict):
            raise ApiError(400, "metadata is not an object")
        body.setdefault("metadata", {})
        self._check_fields(body)
        return body

    def _check_fields(self, body: Manifest) -> None:
        if why := self._refuse_fields(body):
            raise ApiError(400, why)

    def _refuse_fields(self, body: Manifest) -> str:
        """Unknown fields at the top are pruned (""), or refused when the client asks for that."""
        if self.request.query.get("fieldValidation") != "Strict":
            return ""
        known = ("apiVersion", "kind", "metadata", *self.route.resource.fields)
        unknown = [f'unknown field "{field}"' for field in body if field not in known]
        return f"strict decoding error: {', '.join(unknown)}" if unknown else ""


def _decode_body(body: bytes, media: str) -> Any:
    if "protobuf" in media or "cbor" in media:
        # kubectl sends protobuf for the few commands that make an object from flags.
        raise ApiError(
            415, "the double takes JSON and YAML only: make the object with 'kubectl create -f' or 'apply -f'"
        )
    try:
        is_json = "yaml" not in media or body.lstrip().startswith(b"{")
        value = json.loads(body) if is_json else load_yaml(body)[0]
    except (ValueError, yaml.YAMLError, IndexError) as e:
        raise ApiError(400, f"the object provided is unrecognized: {e}") from e
    if not isinstance(value, dict) and media != "application/json-patch+json":
        raise ApiError(400, "the object provided is unrecognized: it is not an object")
    return value
