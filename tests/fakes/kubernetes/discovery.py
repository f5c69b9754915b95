"""What the server says about itself, so far as clients and kubectl ask."""

from __future__ import annotations

from typing import Any

from tests.fakes.kubernetes.resources import Catalog, Manifest, Resource

VERSION = {"major": "1", "minor": "32", "gitVersion": "v1.32.4", "platform": "linux/amd64"}


def answer_discovery(catalog: Catalog, path: str) -> Manifest | None:
    """The answer to ``path``, None when it is no discovery path or its group is not installed."""
    match path.strip("/").split("/"):
        case ["version"]:
            return dict(VERSION)
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            groups = [_describe_group(catalog, group) for group in catalog.groups() if group]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        case ["apis", group] if group in catalog.groups():
            return {**_describe_group(catalog, group), "kind": "APIGroup", "apiVersion": "v1"}
        case ["api", "v1"]:
            return _describe_resources(catalog, "", "v1")
        case ["apis", group, version] if version in catalog.versions(group):
            return _describe_resources(catalog, group, version)
        case ["openapi", "v3"]:
            paths = {
                p: {"serverRelativeURL": f"/openapi/v3/{p}"} for g in catalog.groups() for p in _list_paths(catalog, g)
            }
            return {"paths": paths}
        case ["openapi", "v3", "api", "v1"]:
            return _describe_openapi(catalog, "", "v1")
        case ["openapi", "v3", "apis", group, version] if version in catalog.versions(group):
            return _describe_openapi(catalog, group, version)
    return None


def _list_paths(catalog: Catalog, group: str) -> list[str]:
    return [f"apis/{group}/{version}" if group else "api/v1" for version in catalog.versions(group)]


def _describe_group(catalog: Catalog, group: str) -> Manifest:
    versions = [{"groupVersion": f"{group}/{v}", "version": v} for v in catalog.versions(group)]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _describe_resources(catalog: Catalog, group: str, version: str) -> Manifest:
    entries: list[Manifest] = []
    for resource in catalog.resources(group):
        if version not in resource.versions:
            continue
        entry: Manifest = {"name": resource.plural, "singularName": resource.kind.lower()}
        entry |= {"namespaced": resource.namespaced, "kind": resource.kind, "verbs": list(resource.verbs)}
        entries.append({**entry, "shortNames": list(resource.short_names)})
        if resource.status and len(resource.verbs) > 1:
            status = {"name": f"{resource.plural}/status", "verbs": ["get", "patch", "update"], "singularName": ""}
            entries.append({**entry, **status})
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": entries}


def _describe_openapi(catalog: Catalog, group: str, version: str) -> Manifest:
    """No schemas, only that a write may ask for field validation: kubectl then leaves the checking to the server."""
    paths = {}
    for resource in catalog.resources(group):
        if version in resource.versions:
            paths[_object_path(resource, version)] = {"patch": _describe_operation(resource, version, "patch")}
    info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}


def _object_path(resource: Resource, version: str) -> str:
    root = f"/apis/{resource.group}/{version}" if resource.group else f"/api/{version}"
    home = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"{root}{home}/{resource.plural}/{{name}}"


def _describe_operation(resource: Resource, version: str, action: str) -> Manifest:
    names = ("dryRun", "fieldManager", "fieldValidation")
    parameters: list[Any] = [{"name": n, "in": "query", "schema": {"type": "string"}} for n in names]
    kind = {"group": resource.group, "version": version, "kind": resource.kind}
    return {
        "operationId": f"{action}{resource.kind}",
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": kind,
    }
