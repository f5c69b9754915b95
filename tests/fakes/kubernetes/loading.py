"""Manifests from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from tests.fakes.kubernetes.errors import ApiError
from tests.fakes.kubernetes.resources import NAMESPACES, Manifest

if TYPE_CHECKING:
    from tests.fakes.kubernetes.server import ApiServer


class _PlainYaml(yaml.SafeLoader):
    """Times stay text, as in JSON."""


_PlainYaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str | bytes) -> list[Any]:
    """The documents in ``text``, without the empty ones."""
    return [document for document in yaml.load_all(text, _PlainYaml) if document is not None]


def put_manifest(server: ApiServer, manifest: Manifest) -> None:
    """Create it, with its status, and its namespace when that is missing; put it in place of one that is there."""
    resource = server.catalog.by_kind(str(manifest.get("apiVersion")), str(manifest.get("kind")))
    if resource is None:
        raise ValueError(f"no resource for {manifest.get('apiVersion')} {manifest.get('kind')}")
    store, metadata = server.store, manifest.get("metadata") or {}
    namespace = metadata.get("namespace") or "default" if resource.namespaced else ""
    if namespace and namespace not in store.shelf(NAMESPACES).namespaces[""]:
        store.create(NAMESPACES, "", {"metadata": {"name": namespace}})
    try:
        name = store.create(resource, namespace, manifest).name
    except ApiError as e:
        if e.reason != "AlreadyExists":
            raise
        name = metadata["name"]
        store.update(resource, namespace, name, lambda _: manifest)
    if resource.status and "status" in manifest:
        store.update(resource, namespace, name, lambda body: {**body, "status": manifest["status"]}, "status")
