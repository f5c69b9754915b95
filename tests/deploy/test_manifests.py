"""The manifests: rendered by kubectl or kustomize, held against the Kubernetes schemas and against the code."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import catalyst
from syncer.core.kinds import CERTIFICATE, KINDS
from tests.catalyst.settings.test_settings import documented

DEPLOY = Path(__file__).parents[2] / "deploy"
DOCKERFILE = DEPLOY.parent / "Dockerfile"
OVERLAYS = ("base", "overlays/migration", "overlays/production")

WITHOUT_SCHEMA = {
    "IngressRoute": "a CRD of Traefik",
    "ServiceMonitor": "a CRD of the Prometheus operator",
    "PrometheusRule": "a CRD of the Prometheus operator; test_alerts.py has promtool read it",
}

SCHEMAS = "1.33"
"""The oldest Kubernetes whose schemas are tried, besides the newest that the validator knows."""

Manifest = dict[str, Any]


@cache
def rendered(overlay: str) -> list[Manifest]:
    folder = str(DEPLOY / overlay)
    here = str(Path(sys.executable).parent)
    if kubectl := shutil.which("kubectl") or shutil.which("kubectl", path=here):
        command = [kubectl, "kustomize", folder]
    elif kustomize := shutil.which("kustomize"):
        command = [kustomize, "build", folder]
    else:
        pytest.skip("neither kubectl nor kustomize is installed")
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "deprecated" not in result.stderr.lower(), result.stderr
    return [manifest for manifest in yaml.safe_load_all(result.stdout) if manifest]


def of_kind(overlay: str, *kinds: str) -> list[Manifest]:
    return [manifest for manifest in rendered(overlay) if manifest["kind"] in kinds]


def one(overlay: str, kind: str, name: str = "catalyst-dns-sync") -> Manifest:
    (manifest,) = [found for found in of_kind(overlay, kind) if found["metadata"]["name"] == name]
    return manifest


def containers(deployment: Manifest) -> Iterator[Manifest]:
    spec = deployment["spec"]["template"]["spec"]
    yield from spec.get("initContainers", [])
    yield from spec["containers"]


def settings(overlay: str) -> dict[str, str]:
    (config,) = [
        found
        for found in of_kind(overlay, "ConfigMap")
        if found["metadata"]["name"].startswith("catalyst-dns-sync-config-")
    ]
    data: dict[str, str] = config["data"]
    return data


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("version", [SCHEMAS, kubernetes_validate.latest_version()])
def test_every_object_is_one_that_kubernetes_knows(overlay: str, version: str) -> None:
    for manifest in rendered(overlay):
        if manifest["kind"] not in WITHOUT_SCHEMA:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_the_base_needs_nothing_installed() -> None:
    assert not {manifest["kind"] for manifest in rendered("base")} & WITHOUT_SCHEMA.keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_rbac_allows_what_is_watched_and_nothing_else(overlay: str) -> None:
    rules = one(overlay, "ClusterRole")["rules"]
    allowed = {(group, plural) for rule in rules for group in rule["apiGroups"] for plural in rule["resources"]}
    assert allowed == {(kind.group, kind.plural) for kind in (*KINDS, CERTIFICATE)}
    assert all(rule["verbs"] == ["get", "list", "watch"] for rule in rules)
    assert not of_kind(overlay, "Role", "RoleBinding")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_keeps_to_the_restricted_level_and_cannot_write_its_root(overlay: str) -> None:
    for deployment in of_kind(overlay, "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert {kind for volume in pod["volumes"] for kind in volume.keys() - {"name"}} <= {
            "emptyDir",
            "persistentVolumeClaim",
            "secret",
        }
        for container in containers(deployment):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_one_syncer_runs_and_two_never_overlap(overlay: str) -> None:
    syncers = [
        deployment
        for deployment in of_kind(overlay, "Deployment")
        if any(container.get("args") == ["runsyncer"] for container in containers(deployment))
    ]
    assert [deployment["spec"]["replicas"] for deployment in syncers] == [1]
    assert syncers[0]["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_the_syncer_holds_a_key_to_the_cluster_and_to_the_dns_server(overlay: str) -> None:
    for deployment in of_kind(overlay, "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        is_syncer = deployment["metadata"]["name"] == "catalyst-dns-sync"
        assert pod["automountServiceAccountToken"] is is_syncer
        for container in containers(deployment):
            mounts = {mount["name"] for mount in container["volumeMounts"]}
            assert ("token" in mounts) is (container.get("args") == ["runsyncer"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_service_leads_to_pods_and_to_ports_that_they_have(overlay: str) -> None:
    for service in of_kind(overlay, "Service"):
        chosen = service["spec"]["selector"].items()
        pods = [
            deployment
            for deployment in of_kind(overlay, "Deployment")
            if chosen <= deployment["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert len(pods) == 1, service["metadata"]["name"]
        names = {port["name"] for container in containers(pods[0]) for port in container.get("ports", ())}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_setting_is_one_that_the_program_knows(overlay: str) -> None:
    assert settings(overlay).keys() <= documented().keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_runs_on_is_asked_whether_it_is_alive_at_a_port_that_the_image_opens(overlay: str) -> None:
    exposed = {int(port) for port in re.findall(r"^EXPOSE (.+)$", DOCKERFILE.read_text(), re.MULTILINE)[0].split()}
    for deployment in of_kind(overlay, "Deployment"):
        for container in deployment["spec"]["template"]["spec"]["containers"]:
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            for probe in ("startupProbe", "livenessProbe"):
                asked = container[probe]["httpGet"]
                assert asked["path"] == "/healthz"
                assert ports[asked["port"]] in exposed


def test_the_first_look_at_a_cluster_writes_nothing() -> None:
    assert settings("overlays/migration") == {**settings("base"), "DRY_RUN": "true"}


def test_production_keeps_nothing_in_a_file() -> None:
    assert not of_kind("overlays/production", "PersistentVolumeClaim")
    for deployment in of_kind("overlays/production", "Deployment"):
        for container in containers(deployment):
            assert {"secretRef": {"name": "catalyst-dns-sync", "optional": False}} in container["envFrom"] or {
                "secretRef": {"name": "catalyst-dns-sync"}
            } in container["envFrom"]
    assert one("overlays/production", "Deployment", "catalyst-dns-sync-web")["spec"]["replicas"] > 1


def test_the_ui_leads_to_the_web() -> None:
    (route,) = one("overlays/production", "IngressRoute", "dns-sync-ui")["spec"]["routes"]
    (backend,) = route["services"]
    web = one("overlays/production", "Service", backend["name"])
    assert backend["port"] in {port["name"] for port in web["spec"]["ports"]}
    host = re.fullmatch(r"Host\(`(.+)`\)", route["match"])
    assert host
    assert host[1] in settings("overlays/production")["ALLOWED_HOSTS"].split(",")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_image_is_that_of_this_version(overlay: str) -> None:
    images = {
        container["image"] for deployment in of_kind(overlay, "Deployment") for container in containers(deployment)
    }
    assert images == {f"localhost:5000/catalyst-dns-sync:{catalyst.__version__}"}
    for deployment in of_kind(overlay, "Deployment"):
        assert {container["imagePullPolicy"] for container in containers(deployment)} == {"Always"}


def test_prometheus_finds_the_metrics() -> None:
    monitor = one("overlays/production", "ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = [
        found for found in of_kind("overlays/production", "Service") if wanted <= found["metadata"]["labels"].items()
    ]
    ports = {port["name"] for service in services for port in service["spec"]["ports"]}
    assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= ports


def test_no_secret_is_part_of_what_is_applied() -> None:
    for overlay in OVERLAYS:
        assert not of_kind(overlay, "Secret")
    examples = list(yaml.safe_load_all((DEPLOY / "secret.example.yaml").read_text()))
    for example in examples:
        kubernetes_validate.validate(example, SCHEMAS, strict=True)
    names = {example["metadata"]["name"]: set(example["stringData"]) for example in examples}
    pod = one("base", "Deployment")["spec"]["template"]["spec"]
    (token,) = [volume["secret"] for volume in pod["volumes"] if volume["name"] == "token"]
    assert {item["key"] for item in token["items"]} == names[token["secretName"]]
    assert names["catalyst-dns-sync"] <= documented().keys()


def test_compose_uses_what_it_defines_and_what_the_program_knows() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for name, service in compose["services"].items():
        assert set(service.get("secrets", ())) <= compose["secrets"].keys(), name
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= compose["volumes"].keys(), name
        assert set(service.get("networks", ())) <= compose["networks"].keys(), name
        assert set(service.get("depends_on", ())) <= compose["services"].keys(), name
    ours = compose["services"]["catalyst-dns-sync"]
    assert {variable.removesuffix("_FILE") for variable in ours["environment"]} <= documented().keys()
    assert ours["image"].endswith(f"/catalyst-dns-sync:{catalyst.__version__}}}")
    assert (ours["read_only"], ours["cap_drop"]) == (True, ["ALL"])
