"""How objects are written: in which API version, whole, metadata only, or as the table that kubectl prints."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from tests.fakes.kubernetes import events
from tests.fakes.kubernetes.errors import ApiError
from tests.fakes.kubernetes.resources import CORE_EVENTS, Manifest, Resource
from tests.fakes.kubernetes.store import Record, encode_json

Style = Literal["whole", "partial", "table"]


class Form:
    def __init__(self, resource: Resource, version: str, style: Style = "whole") -> None:
        self.resource, self.version, self.style = resource, version, style

    def write_one(self, record: Record) -> bytes:
        """As the only object of an answer, or in an event."""
        if self.style == "partial":
            return encode_json(_make_partial(record))
        if self.style == "table":
            return encode_json(_make_table(self.resource, [record], {"resourceVersion": str(record.rv)}))
        if self.resource == CORE_EVENTS:
            return encode_json(events.to_core(record.body))
        return record.json(self.version)

    def write_page(self, records: Sequence[Record], metadata: Manifest) -> bytes:
        if self.style == "table":
            return encode_json(_make_table(self.resource, records, metadata))
        kind, api_version = f"{self.resource.kind}List", self.resource.api_version(self.version)
        if self.style == "partial":
            kind, api_version = "PartialObjectMetadataList", "meta.k8s.io/v1"
        whole = self.style == "whole" and self.resource != CORE_EVENTS
        items = [record.item(self.version) if whole else self.write_one(record) for record in records]
        head = encode_json({"kind": kind, "apiVersion": api_version, "metadata": metadata})
        return b'%s,"items":[%s]}\n' % (head[:-1], b",".join(items))

    def write_bookmark(self, rv: int) -> bytes:
        kind, api_version = self.resource.kind, self.resource.api_version(self.version)
        if self.style == "partial":
            kind, api_version = "PartialObjectMetadata", "meta.k8s.io/v1"
        metadata = {"resourceVersion": str(rv), "creationTimestamp": None}
        return encode_json({"kind": kind, "apiVersion": api_version, "metadata": metadata})


def style_of(accept: str) -> Style:
    """The first of the wanted forms that is known here."""
    for clause in accept.split(","):
        media, _, parameters = clause.partition(";")
        if media.strip() not in ("application/json", "application/*", "*/*", ""):
            continue
        if "as=PartialObjectMetadata" in parameters:
            return "partial"
        if "as=Table" in parameters:
            return "table"
        if "as=" not in parameters:
            return "whole"
    raise ApiError(406, "only the following media types are accepted: application/json")


def _make_partial(record: Record) -> Manifest:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": record.body["metadata"]}


Cell = Callable[[Manifest], Any]


def _join_values(values: Sequence[str]) -> str:
    return ",".join(values)


def _list_addresses(body: Manifest) -> str:
    points = body.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    return _join_values([point.get("ip") or point.get("hostname", "") for point in points])


def _list_hosts(body: Manifest) -> str:
    return _join_values([rule.get("host") or "*" for rule in body.get("spec", {}).get("rules") or ()]) or "*"


def _gateway_addresses(body: Manifest) -> str:
    return _join_values([address["value"] for address in body.get("status", {}).get("addresses") or ()])


_COLUMNS: dict[str, tuple[tuple[str, Cell], ...]] = {
    "Ingress": (
        ("Class", lambda body: body.get("spec", {}).get("ingressClassName") or "<none>"),
        ("Hosts", _list_hosts),
        ("Address", _list_addresses),
        ("Ports", lambda body: "80, 443" if body.get("spec", {}).get("tls") else "80"),
    ),
    "HTTPRoute": (("Hostnames", lambda body: encode_json(body.get("spec", {}).get("hostnames") or []).decode()),),
    "Gateway": (
        ("Class", lambda body: body.get("spec", {}).get("gatewayClassName", "")),
        ("Address", _gateway_addresses),
    ),
    "Namespace": (("Status", lambda body: body["status"]["phase"]),),
    "Service": (
        ("Type", lambda body: body.get("spec", {}).get("type", "ClusterIP")),
        ("External-IP", lambda body: _list_addresses(body) or "<none>"),
    ),
    "Lease": (("Holder", lambda body: body.get("spec", {}).get("holderIdentity") or ""),),
}


def _make_table(resource: Resource, records: Sequence[Record], metadata: Manifest) -> Manifest:
    columns: tuple[tuple[str, Cell], ...] = (("Name", _show_name), *_COLUMNS.get(resource.kind, ()), ("Age", _show_age))
    definitions = [
        {"name": title, "type": "string", "format": "name" if title == "Name" else "", "description": "", "priority": 0}
        for title, _ in columns
    ]
    rows = [{"cells": [cell(r.body) for _, cell in columns], "object": _make_partial(r)} for r in records]
    head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return {**head, "columnDefinitions": definitions, "rows": rows}


def _show_name(body: Manifest) -> str:
    return str(body["metadata"]["name"])


def _show_age(body: Manifest) -> str:
    created = calendar.timegm(time.strptime(body["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ"))
    seconds = max(0, int(time.time()) - created)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
