"""The example of a Fluent Bit sidecar, as far as it can be held against the program without Fluent Bit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from catalyst.logs.formats import NAMES
from tests.deploy.test_manifests import DEPLOY, SCHEMAS, Manifest, rendered

KEYWORDS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""What Fluent Bit's GELF output takes for a level; anything else it sends as it is, and Graylog refuses it."""


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    folder = tmp_path_factory.mktemp("overlay").resolve()

    def path(name: str) -> str:
        return os.path.relpath(DEPLOY / name, folder)

    overlay = {"resources": [path("base")], "components": [path("fluent-bit")]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return rendered(str(folder))


@pytest.fixture(scope="module")
def pod(manifests: list[Manifest]) -> Manifest:
    (deployment,) = [manifest for manifest in manifests if manifest["kind"] == "Deployment"]
    spec: Manifest = deployment["spec"]["template"]["spec"]
    return spec


def config() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "fluent-bit" / "fluent-bit.yaml").read_text())
    return content


def test_every_object_is_one_that_kubernetes_knows(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        kubernetes_validate.validate(manifest, SCHEMAS, strict=True)


def test_it_reads_this_pods_logs_alone_and_none_with_a_password(pod: Manifest) -> None:
    (sidecar,) = [container for container in pod["containers"] if container["name"] == "fluent-bit"]
    (mount,) = [mount for mount in sidecar["volumeMounts"] if mount["name"] == "logs"]
    assert mount["readOnly"] is True
    assert mount["subPathExpr"] == "$(POD_NAMESPACE)_$(POD_NAME)_$(POD_UID)"
    folders = {Path(path).parent.name for path in config()["pipeline"]["inputs"][0]["path"].split(",")}
    assert folders == {container["name"] for container in pod["containers"]} - {"fluent-bit"}
    assert sidecar["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert sidecar["securityContext"]["readOnlyRootFilesystem"] is True


def test_it_finds_its_settings_and_may_reach_graylog(manifests: list[Manifest], pod: Manifest) -> None:
    names = {manifest["metadata"]["name"] for manifest in manifests if manifest["kind"] == "ConfigMap"}
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "fluent-bit"]
    assert volume["configMap"]["name"] in names
    (policy,) = [manifest for manifest in manifests if manifest["kind"] == "NetworkPolicy"]
    port = config()["pipeline"]["outputs"][0]["port"]
    assert {"ports": [{"protocol": "TCP", "port": port}]} in policy["spec"]["egress"]


def test_every_level_of_ours_becomes_one_of_syslogs() -> None:
    renamed = {
        rule["condition"].split()[-1]: rule["set"].split()[-1]
        for rule in config()["pipeline"]["filters"]
        if "condition" in rule
    }
    assert {renamed.get(level, level) for level in NAMES.values()} <= set(KEYWORDS)
