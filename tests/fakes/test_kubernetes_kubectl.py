from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.fakes.kubernetes.cluster import Cluster, Refused, call_api
from tests.fakes.kubernetes.manifests import (
    gateway,
    http_route,
    ingress,
    ingress_route,
    ingress_route_tcp,
    lease,
    service,
)
from tests.fakes.kubernetes.resources import Manifest

ROOT = Path(__file__).parents[2]

needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")


def one_of_each(namespace: str) -> list[Manifest]:
    return [
        ingress("grafana", "grafana.talos00", namespace=namespace),
        ingress_route("blog", "Host(`blog.home.lab`)", namespace=namespace),
        ingress_route("blog", "Host(`blog.home.lab`)", namespace=namespace, group="traefik.containo.us"),
        ingress_route_tcp("nas", "HostSNI(`nas.home.lab`)", namespace=namespace),
        ingress_route_tcp("nas", "HostSNI(`nas.home.lab`)", namespace=namespace, group="traefik.containo.us"),
        gateway("main", namespace=namespace),
        http_route("shop", "shop.home.lab", namespace=namespace),
        http_route("old-shop", "old.home.lab", namespace=namespace, version="v1beta1"),
        service("traefik", namespace=namespace),
        lease("sync", "sync-0", namespace=namespace),
    ]


def as_text(manifests: list[Manifest]) -> str:
    return yaml.safe_dump_all(manifests)


@needs_kubectl
def test_kubectl_applies_changes_and_deletes_each_kind(kubernetes: Cluster) -> None:
    manifests = one_of_each(kubernetes.namespace())
    text = as_text(manifests)
    assert kubernetes.kubectl("apply", "-f", "-", stdin=text).count(" created\n") == len(manifests)
    assert kubernetes.kubectl("apply", "-f", "-", stdin=text).count(" unchanged\n") == len(manifests)
    changed = text.replace("home.lab", "k8s.example.com")
    assert kubernetes.kubectl("apply", "-f", "-", stdin=changed).count(" configured\n") == 6
    assert kubernetes.get(manifests[6])["spec"]["hostnames"] == ["shop.k8s.example.com"]
    assert kubernetes.kubectl("delete", "-f", "-", stdin=text).count(" deleted") == len(manifests)
    with pytest.raises(Refused, match="NotFound"):
        kubernetes.get(manifests[0])


@needs_kubectl
def test_kubectl_creates_patches_annotates_and_edits(
    kubernetes: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = kubernetes.namespace()
    manifest = ingress("grafana", "grafana.talos00", namespace=space)
    kubernetes.kubectl("create", "-f", "-", stdin=as_text([manifest]))
    with pytest.raises(Refused, match="AlreadyExists"):
        kubernetes.kubectl("create", "-f", "-", stdin=as_text([manifest]))
    at = ("-n", space, "ingress", "grafana")
    kubernetes.kubectl("annotate", *at, "home.lab/ttl=60")
    kubernetes.kubectl(
        "patch", *at, "--type=json", "-p", '[{"op":"replace","path":"/spec/rules/0/host","value":"a.b"}]'
    )
    found = kubernetes.get(manifest)
    assert (found["metadata"]["annotations"]["home.lab/ttl"], found["spec"]["rules"][0]["host"]) == ("60", "a.b")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/a\\.b/c.d/" "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("KUBE_EDITOR", str(editor))
    assert "edited" in kubernetes.kubectl("edit", *at)
    assert kubernetes.get(manifest)["spec"]["rules"][0]["host"] == "c.d"


@needs_kubectl
def test_kubectl_prints_a_table(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    kubernetes.create({**ingress("grafana", "grafana.talos00", namespace=space), "status": status})
    heads, row = kubernetes.kubectl("get", "ing", "-n", space).splitlines()
    assert heads.split() == ["NAME", "CLASS", "HOSTS", "ADDRESS", "PORTS", "AGE"]
    assert row.split()[:5] == ["grafana", "<none>", "grafana.talos00", "192.0.2.1", "80"]
    assert json.loads(kubernetes.kubectl("get", "ing", "-n", space, "-o", "json"))["items"][0]["kind"] == "Ingress"


@needs_kubectl
def test_kubectl_follows_changes_in_the_same_table(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    made = kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    command = ["kubectl", "--kubeconfig", str(kubernetes.kubeconfig), "get", "ing", "-n", space, "-w"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert process.stdout.readline().split()[0] == "NAME"
            assert "grafana.talos00" in process.stdout.readline()
            kubernetes.patch(made, {"spec": {"ingressClassName": "traefik"}})
            assert process.stdout.readline().split()[:3] == ["grafana", "traefik", "grafana.talos00"]
        finally:
            process.terminate()


@needs_kubectl
def test_kubectl_waits_until_a_namespace_is_gone(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    kubernetes.kubectl("delete", "namespace", space, timeout=60)
    with pytest.raises(Refused, match="NotFound"):
        kubernetes.kubectl("get", "namespace", space)


@needs_kubectl
@pytest.mark.double_only
@pytest.mark.parametrize("token", ["", "secret"], ids=["certificate", "token"])
def test_kubectl_comes_in_with_the_kubeconfig(kubernetes_double: Callable[..., Cluster], token: str) -> None:
    cluster = kubernetes_double(tls=True, token=token)
    assert "default" in cluster.kubectl("get", "namespaces")
    cluster.server.require_tokens("another")
    if token:
        with pytest.raises(Refused, match="must be logged in"):
            cluster.kubectl("get", "namespaces")


@pytest.mark.double_only
def test_the_double_runs_by_hand_with_manifests_and_ends_when_told(tmp_path: Path) -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    manifests = [{**ingress("grafana", "grafana.talos00", namespace="shop"), "status": status}]
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "grafana.yaml").write_text(as_text([*manifests, service("traefik")]))
    kubeconfig = tmp_path / "kubeconfig"
    command = [sys.executable, "-m", "tests.fakes.kubernetes", "--kubeconfig", str(kubeconfig), "--token", "secret"]
    command += ["--load", str(tmp_path / "manifests"), "--without", "traefik.io", "cert-manager.io"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        lines = dict(process.stdout.readline().strip().rsplit(" ", 1) for _ in range(3))
        assert lines["kubeconfig"] == str(kubeconfig)
        assert json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"] == lines["listening on"]
        headers = {"Authorization": "Bearer secret"}
        url = lines["listening on"]
        path = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/grafana"
        assert call_api(url, "GET", path).code == 401
        assert call_api(url, "GET", path, headers=headers).body["status"]["loadBalancer"]["ingress"] == [
            {"ip": "192.0.2.1"}
        ]
        assert call_api(url, "GET", "/apis/traefik.io", headers=headers).code == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.stdout.close()
