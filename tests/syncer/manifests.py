"""Manifests as text, and what a preview says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from syncer.core.scope import Scope
from syncer.preview import preview_documents

SCOPE = Scope(zones=("talos00", "apps.home.lab", "home.lab"), addresses=("192.168.1.54",))
SCOPES = {"default": SCOPE}
AUTO = {"addresses": (), "auto": True}


def seen(text: str, **settings: Any) -> dict[str, list[str]]:
    """The answer, one line each."""
    answer = preview_documents([("", text)], {"default": replace(SCOPE, **settings)})
    return {
        "records": [
            f"{row['name']} {row['ttl']} {row['type']} {' '.join(row['values'])} < {said(row['source'])}"
            for row in answer["records"]
        ],
        "skipped": [f"{row['name']}: {row['reason']}" for row in answer["skipped"]],
        "conflicts": [
            f"{row['name']}: {said(row['winner'])} beats {said(row['loser'])}" for row in answer["conflicts"]
        ],
        "warnings": [f"{said(row['source'])}: {row['message']}" for row in answer["warnings"]],
    }


def names(text: str, **settings: Any) -> list[str]:
    return [line.split()[0] for line in seen(text, **settings)["records"]]


def said(source: dict[str, str]) -> str:
    return f"{source['kind']}/{source['namespace']}/{source['name']}"


def ingress(
    *hosts: str, name: str = "grafana", more: str = "", spec: str = "", status: str = "", meta: str = "", **words: str
) -> str:
    """``words`` are our annotations, ``more`` others, as YAML flow."""
    notes = ", ".join(
        [*(f"catalyst-dns-sync.io/{key.replace('_', '-')}: '{text}'" for key, text in words.items()), more]
    )
    rules = ", ".join(f"{{host: {json.dumps(host)}}}" for host in hosts)
    return f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, {meta} annotations: {{{notes}}}}}
spec: {{rules: [{rules}], {spec}}}
status: {{{status}}}
---"""


def route(*rules: str, kind: str = "IngressRoute", group: str = "traefik.io", spec: str = "", syntax: str = "") -> str:
    lines = "".join(f"\n  - {{match: {json.dumps(rule)}, kind: Rule, {syntax}}}" for rule in rules)
    return f"""
apiVersion: {group}/v1alpha1
kind: {kind}
metadata: {{name: grafana, namespace: monitoring}}
spec:
  {spec or "entryPoints: [web]"}
  routes:{lines}
---"""


def gateway(*listeners: str, meta: str = "", status: str = "", spec: str = "") -> str:
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: edge, namespace: infra, {meta}}}
spec: {{listeners: [{", ".join(f"{{{listener}}}" for listener in listeners)}], {spec}}}
status: {{{status}}}
---"""


def listener_set(*listeners: str, version: str = "gateway.networking.k8s.io/v1", status: str = "") -> str:
    """``ON_SET`` is a parentRef to it."""
    kind = "XListenerSet" if ".x-k8s.io/" in version else "ListenerSet"
    return f"""
apiVersion: {version}
kind: {kind}
metadata: {{name: own, namespace: team}}
spec: {{parentRef: {{name: edge, namespace: infra}}, listeners: [{", ".join(f"{{{it}}}" for it in listeners)}]}}
status: {{{status}}}
---"""


def http_route(
    *hosts: str,
    parent: str = "name: edge, namespace: infra",
    meta: str = "",
    status: str = "",
    kind: str = "HTTPRoute",
) -> str:
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: blog, namespace: web, {meta}}}
spec: {{parentRefs: [{{{parent}}}], hostnames: {json.dumps(list(hosts))}}}
status: {{{status}}}
---"""


def service(address: str, name: str = "traefik", spec: str = "type: LoadBalancer", labels: str = "traefik") -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: kube-system, labels: {{app.kubernetes.io/name: {labels}}}}}
spec: {{{spec}}}
status: {{loadBalancer: {{ingress: [{address}]}}}}
---"""


ON_SET = "kind: ListenerSet, name: own, namespace: team"
ANY = "name: web, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}"
ACCEPTED = "parents: [{parentRef: {name: edge, namespace: infra}, conditions: [{type: Accepted, status: 'True', %s}]}]"
