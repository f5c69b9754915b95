"""The manifests: rendered by kubectl or kustomize, held against the Kubernetes schemas and against the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import catalyst
from catalyst.settings.environment import SECRETS, Environment
from catalyst.settings.proxies import read_proxies
from catalyst.settings.sync import read_config
from catalyst.web.admission import SPACE
from syncer.config import TechnitiumConfig
from syncer.core.kinds import CERTIFICATE, ENDPOINT_SLICE, KINDS
from syncer.core.scope import Scope
from syncer.core.tenancy import read_terms
from syncer.kube.connect import SERVICE_ACCOUNT
from syncer.kube.watcher import list_watches
from tests.catalyst.settings.test_settings import documented
from tests.processes import run

DEPLOY = Path(__file__).parents[2] / "deploy"
DOCKERFILE = DEPLOY.parent / "Dockerfile"
OVERLAYS = ("base", "overlays/migration", "overlays/production")

OPTIONAL = {(ENDPOINT_SLICE.group, ENDPOINT_SLICE.plural)}
"""What a component allows, and not the base."""

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


def test_what_the_docs_have_the_cluster_refuse_and_bound_is_what_kubernetes_knows() -> None:
    text = (DEPLOY.parent / "docs" / "tenancy.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    manifests = [manifest for block in blocks for manifest in yaml.safe_load_all(block)]
    native = [manifest for manifest in manifests if not manifest["apiVersion"].startswith("kyverno.io/")]
    for manifest in native:
        kubernetes_validate.validate(manifest, SCHEMAS, strict=True)
    assert [manifest["kind"] for manifest in native] == [
        *("Namespace", "ResourceQuota", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    ]
    counted = {name.removeprefix("count/") for name in native[1]["spec"]["hard"]}
    assert counted <= {f"{kind.plural}.{kind.group}".rstrip(".") for kind in KINDS}
    assert read_terms(native[0]).warnings == ()


def test_the_base_needs_nothing_installed() -> None:
    assert not {manifest["kind"] for manifest in rendered("base")} & WITHOUT_SCHEMA.keys()


def find_watched(**settings: bool) -> set[tuple[str, str]]:
    """By everything that can be switched on in a cluster that the base is for."""
    scope = Scope(zones=("talos00",), auto=True, **settings)  # type: ignore[arg-type]
    return {(kind.group, kind.plural) for kind, _, _ in list_watches(scope, certificates=True)}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_rbac_allows_what_is_watched_and_nothing_else(overlay: str) -> None:
    rules = one(overlay, "ClusterRole")["rules"]
    allowed = {(group, plural) for rule in rules for group in rule["apiGroups"] for plural in rule["resources"]}
    assert allowed == find_watched() == {(kind.group, kind.plural) for kind in (*KINDS, CERTIFICATE)} - OPTIONAL
    assert all(rule["verbs"] == ["get", "list", "watch"] for rule in rules)
    assert not of_kind(overlay, "Role", "RoleBinding")


def add_component(folder: Path, component: str, overlay: str = "base") -> str:
    """An overlay in the folder, with the component."""
    paths = {name: os.path.relpath(DEPLOY / name, folder.resolve()) for name in (overlay, component)}
    made: Manifest = {"resources": [paths[overlay]], "components": [paths[component]]}
    if component == "targets":
        shutil.copy(DEPLOY / "targets" / "targets.example.yaml", folder / "targets.yaml")
        config = {"name": "catalyst-dns-sync-targets", "namespace": "infrastructure", "files": ["targets.yaml"]}
        made["configMapGenerator"] = [config]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(made))
    return str(folder)


def test_the_addresses_of_pods_take_one_right_more(tmp_path: Path) -> None:
    with_pods = add_component(tmp_path, "service-pods")
    before, after = (one(where, "ClusterRole")["rules"] for where in ("base", with_pods))
    assert after[: len(before)] == before
    (added,) = after[len(before) :]
    assert {(group, plural) for group in added["apiGroups"] for plural in added["resources"]} == OPTIONAL
    assert find_watched(service_pods=True) - find_watched() == OPTIONAL
    assert added["verbs"] == ["get", "list", "watch"]
    assert {**settings("base"), "SERVICE_PODS": "true"} == settings(with_pods)


def test_the_status_of_dns_endpoints_takes_one_right_more(tmp_path: Path) -> None:
    with_status = add_component(tmp_path, "dnsendpoint-status")
    before, after = (one(where, "ClusterRole")["rules"] for where in ("base", with_status))
    right = {"apiGroups": ["externaldns.k8s.io"], "resources": ["dnsendpoints/status"], "verbs": ["update"]}
    assert after == [*before, right]
    assert {**settings("base"), "DNSENDPOINT_STATUS": "true"} == settings(with_status)


@pytest.mark.parametrize("overlay", ["base", "overlays/production"])
def test_several_targets_are_a_file_for_every_process_and_tokens_for_the_syncer_alone(
    overlay: str, tmp_path: Path
) -> None:
    with_targets = add_component(tmp_path, "targets", overlay)
    place = Path(settings(with_targets)["TARGETS_FILE"])
    syncers = 0
    for deployment in of_kind(with_targets, "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for container in containers(deployment):
            mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
            assert mounts[str(place.parent)]["configMap"]["name"].startswith("catalyst-dns-sync-targets-")
            assert "DNS_API_TOKEN_FILE" not in {variable["name"] for variable in container["env"]}
            is_syncer = container["args"] == ["runsyncer"]
            syncers += is_syncer
            assert ("/run/secrets/technitium" in mounts) is is_syncer
    assert syncers == 1
    assert {container["name"] for it in of_kind(overlay, "Deployment") for container in containers(it)} == {
        container["name"] for it in of_kind(with_targets, "Deployment") for container in containers(it)
    }


def test_the_example_of_targets_is_one_that_the_program_reads(tmp_path: Path) -> None:
    with_targets = add_component(tmp_path, "targets")
    pod = one(with_targets, "Deployment")["spec"]["template"]["spec"]
    (tokens,) = [volume["projected"]["sources"] for volume in pod["volumes"] if volume["name"] == "token"]
    paths = {item["path"] for source in tokens for item in source["secret"]["items"]}
    (file,) = [it["data"] for it in of_kind(with_targets, "ConfigMap") if "targets.yaml" in it["data"]]
    for path in paths:
        (tmp_path / path).write_text(f"token-of-{path}")
    placed = tmp_path / "placed.yaml"
    placed.write_text(file["targets.yaml"].replace("/run/secrets/technitium/", f"{tmp_path}/"))
    config = read_config(Environment({**settings(with_targets), "TARGETS_FILE": str(placed)}))
    read = {target.name: target.settings for target in config.targets}
    assert read.keys() == paths
    assert {name: it.token for name, it in read.items() if isinstance(it, TechnitiumConfig)} == {
        path: f"token-of-{path}" for path in paths
    }


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
            "projected",
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
        assert pod["automountServiceAccountToken"] is False
        keys = {volume["name"] for volume in pod["volumes"] if volume.keys() & {"projected", "secret"}}
        for container in containers(deployment):
            mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
            if container.get("args") == ["runsyncer"]:
                assert mounts.keys() & keys == {"token", "cluster"}
                assert mounts["cluster"]["mountPath"] == str(SERVICE_ACCOUNT)
                assert all(mounts[name]["readOnly"] is True for name in keys)
            else:
                assert not mounts.keys() & keys


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_token_of_the_syncer_is_short_lived_and_all_that_it_reads(overlay: str) -> None:
    pod = one(overlay, "Deployment")["spec"]["template"]["spec"]
    (cluster,) = [volume["projected"] for volume in pod["volumes"] if "projected" in volume]
    token, authority = cluster["sources"]
    assert token == {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}
    assert authority["configMap"] == {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}


READS = {
    "runsyncer": {"DATABASE_URL"},
    "web": {"DATABASE_URL", "SECRET_KEY"},
    "qcluster": {"DATABASE_URL", "SECRET_KEY", "SLACK_WEBHOOK_URL"},
    "prepare": {"DATABASE_URL", "SECRET_KEY", "ADMIN_PASSWORD"},
    "manage": {"DATABASE_URL", "SECRET_KEY"},
}
"""Which secrets each process reads from its environment."""


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_container_gets_the_secrets_that_it_reads_and_no_other(overlay: str) -> None:
    for deployment in of_kind(overlay, "Deployment"):
        for container in containers(deployment):
            assert [source.keys() for source in container["envFrom"]] == [{"configMapRef"}]
            given = {
                variable["name"]: variable["valueFrom"]["secretKeyRef"]
                for variable in container["env"]
                if "valueFrom" in variable
            }
            assert given.keys() == READS[container["args"][0]], container["name"]
            assert all((of["name"], of["key"]) == ("catalyst-dns-sync", name) for name, of in given.items())
            plain = {variable["name"] for variable in container["env"]} - given.keys()
            assert plain == ({"DNS_API_TOKEN_FILE"} if container["args"] == ["runsyncer"] else set())
    assert not settings(overlay).keys() & {*SECRETS}


def test_the_syncer_reads_no_other_secret() -> None:
    code = "from catalyst.settings.worker import ENVIRONMENT; print(*ENVIRONMENT.asked)"
    asked = run(["-c", code], {"DATA_DIR": "/nowhere", "DATABASE_URL": "sqlite:////nowhere"}).out.split()
    assert {name for name in asked if f"{name}_FILE" in asked} == READS["runsyncer"] | {"DNS_API_TOKEN"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_proxy_is_believed_where_there_is_one_and_from_the_network_of_the_pods_alone(overlay: str) -> None:
    believed = settings(overlay).get("FORWARDED_ALLOW_IPS", "")
    if not of_kind(overlay, "IngressRoute"):
        assert believed == ""
        return
    networks = [ip_network(text) for text in read_proxies(Environment({"FORWARDED_ALLOW_IPS": believed}))]
    assert networks == [ip_network("10.244.0.0/16"), ip_network("10.42.0.0/16")]
    rules = one(overlay, "NetworkPolicy")["spec"]["ingress"]
    (visitors,) = [rule["from"] for rule in rules if {"protocol": "TCP", "port": 8000} in rule["ports"]]
    (whence,) = visitors[0]["namespaceSelector"]["matchExpressions"]
    assert (len(visitors), whence["key"], whence["operator"]) == (1, "kubernetes.io/metadata.name", "In")
    assert whence["values"] == ["traefik", "kube-system"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_api_server_is_reached_at_the_ports_that_distributions_give_it(overlay: str) -> None:
    rules = one(overlay, "NetworkPolicy")["spec"]["egress"]
    anywhere = {port["port"] for rule in rules if "to" not in rule for port in rule["ports"]}
    database = {5432} if overlay == "overlays/production" else set()
    assert anywhere == {53, 443, 6443, 8443, 16443} | database


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_kept_in_memory_or_on_the_node_has_a_size(overlay: str) -> None:
    for deployment in of_kind(overlay, "Deployment"):
        sizes = [
            volume["emptyDir"] for volume in deployment["spec"]["template"]["spec"]["volumes"] if "emptyDir" in volume
        ]
        assert sizes
        for size in sizes:
            assert re.fullmatch(r"\d+Mi", size["sizeLimit"])


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
            needed = {
                variable["name"]
                for variable in container["env"]
                if variable.get("valueFrom", {}).get("secretKeyRef", {}).get("optional") is False
            }
            assert needed == READS[container["args"][0]] & {"DATABASE_URL", "SECRET_KEY"}
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
    assert names["catalyst-dns-sync"] <= set().union(*READS.values())


def test_the_key_of_the_example_starts_nothing(tmp_path: Path) -> None:
    examples = list(yaml.safe_load_all((DEPLOY / "secret.example.yaml").read_text()))
    (key,) = [example["stringData"]["SECRET_KEY"] for example in examples if "SECRET_KEY" in example["stringData"]]
    ended = run(["-m", "catalyst.cli", "prepare"], {"DATA_DIR": str(tmp_path), "SECRET_KEY": key})
    assert ended.code == 1
    assert ended.err.startswith("error: SECRET_KEY is one that everyone can read")
    assert not list(tmp_path.glob("*.sqlite3"))


def size_of(text: str) -> int:
    """Bytes."""
    number, unit = re.fullmatch(r"(\d+)(Mi|m)", text).groups()  # type: ignore[union-attr]
    return int(number) * {"Mi": 1024**2, "m": 1024**2}[unit]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_large_bodies_have_room_in_the_temporary_files_of_the_web(overlay: str) -> None:
    sizes = [
        size_of(volume["emptyDir"]["sizeLimit"])
        for deployment in of_kind(overlay, "Deployment")
        if any("web" in container.get("args", ()) for container in deployment["spec"]["template"]["spec"]["containers"])
        for volume in deployment["spec"]["template"]["spec"]["volumes"]
        if volume["name"] == "tmp"
    ]
    assert sizes
    assert min(sizes) > SPACE


def test_large_bodies_have_room_in_compose() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    (mount,) = compose["services"]["catalyst-dns-sync"]["tmpfs"]
    assert size_of(re.search(r"size=(\w+)", mount)[1]) > SPACE  # type: ignore[index]


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


def test_compose_keeps_each_secret_to_who_reads_it_and_believes_nobody_without_one() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    compose = yaml.safe_load(text)
    assert {name: service.get("secrets") for name, service in compose["services"].items()} == {
        "technitium": ["technitium-admin"],
        "postgres": ["postgres-password"],
        "catalyst-dns-sync": ["technitium-token", "secret-key", "database-url", "kubeconfig"],
    }
    assert set().union(*(service["secrets"] for service in compose["services"].values())) == compose["secrets"].keys()
    assert "trust" not in text
    database = compose["services"]["postgres"]["environment"]
    assert database["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres-password"
    assert database["POSTGRES_INITDB_ARGS"] == "--auth=scram-sha-256"
    for service in compose["services"].values():
        given = service["environment"].items()
        assert all(value.startswith("/run/secrets/") for name, value in given if name.endswith("_FILE"))
        assert not {name for name, _ in given} & {*SECRETS, "POSTGRES_PASSWORD", "DNS_SERVER_ADMIN_PASSWORD"}
        for mount in service.get("tmpfs", ()):
            folder, _, options = mount.partition(":")
            assert re.search(r"(^|,)size=\d+m(,|$)", options), folder
            assert {"noexec", "nosuid", "nodev"} <= {*options.split(",")}
    assert compose["services"]["catalyst-dns-sync"]["tmpfs"]


def test_every_foreign_image_has_a_version_in_whose_place_a_digest_can_be_put() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    foreign = {name: service["image"] for name, service in compose["services"].items() if "build" not in service}
    assert foreign.keys() == {"technitium", "postgres"}
    for name, image in foreign.items():
        assert re.fullmatch(rf"docker\.io/\S+:\$\{{{name.upper()}_VERSION:-[\d.]+\}}", image), image
    assert re.search(r"^ARG BASE=docker\.io/\S+:3\.\d+-\S+$", DOCKERFILE.read_text(), re.MULTILINE)
    assert DOCKERFILE.read_text().count("FROM ${BASE}") == 2
