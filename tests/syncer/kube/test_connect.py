"""How the API server is found, and who we are for it."""

from __future__ import annotations

import base64
import json
import re
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncer.config import KubeConfig
from syncer.errors import KubernetesError
from syncer.kube.access import Credentials
from syncer.kube.connect import choose_access, read_kubeconfig, read_service_account

POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}

Write = Callable[..., str]


@pytest.fixture
def service_account(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("first\n")
    (tmp_path / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    return tmp_path


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Write:
    def write(
        user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, name: str = "home", **more: Any
    ) -> str:
        document = {
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "clusters": [{"name": name, "cluster": {"server": f"https://{name}:6443"} | (cluster or {})}],
            "users": [{"name": name, "user": user or {}}],
        }
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(document | more))
        return str(path)

    return write


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A plugin that prints ``status``, and counts its runs in a file."""

    def write(script: str = "", **status: Any) -> dict[str, Any]:
        credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
        path = tmp_path / "login"
        path.write_text(f"#!/bin/sh\necho run >>runs\n{script}\ncat <<'END'\n{json.dumps(credential)}\nEND\n")
        path.chmod(0o755)
        return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./login"}}

    return write


def test_a_pod_uses_its_service_account_and_no_proxy(service_account: Path) -> None:
    access = choose_access(KubeConfig(), POD, service_account)
    assert access.server == "https://10.0.0.1:443"
    assert access.credentials.current_identity().authorization == "Bearer first"
    assert access.ca.startswith("-----BEGIN")
    assert access.proxy == ""


def test_an_address_of_ipv6_gets_its_brackets(service_account: Path) -> None:
    assert (
        read_service_account({"KUBERNETES_SERVICE_HOST": "fd00::1"}, service_account).server == "https://[fd00::1]:443"
    )


def test_a_named_kubeconfig_beats_the_service_account(service_account: Path, kubeconfig: Write) -> None:
    config = KubeConfig(kubeconfig=kubeconfig({"token": "mine"}))
    assert choose_access(config, POD, service_account).server == "https://home:6443"


def test_outside_of_a_pod_and_without_a_kubeconfig_it_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(KubernetesError, match="set KUBECONFIG, or use --manifests"):
        choose_access(KubeConfig(), {})


def test_a_pod_without_a_mounted_token_is_told_so_at_the_first_request(service_account: Path) -> None:
    (service_account / "token").unlink()
    access = read_service_account(POD, service_account)
    with pytest.raises(KubernetesError, match="token: No such file"):
        access.credentials.current_identity()


def test_the_token_of_the_service_account_is_read_again_after_a_minute(service_account: Path) -> None:
    now = [time.time()]
    credentials = Credentials(read_service_account(POD, service_account).credentials._obtain, clock=lambda: now[0])
    assert credentials.current_identity().authorization == "Bearer first"
    (service_account / "token").write_text("second")
    now[0] += 30
    assert credentials.current_identity().authorization == "Bearer first"
    now[0] += 31
    assert credentials.current_identity().authorization == "Bearer second"


def test_another_context_than_the_current_one_can_be_chosen(kubeconfig: Write) -> None:
    paths = f"{kubeconfig(name='home')}:{kubeconfig(name='work')}"
    assert read_kubeconfig(paths).server == "https://home:6443"
    assert read_kubeconfig(paths, "work").server == "https://work:6443"
    with pytest.raises(KubernetesError, match='no "lab" in contexts; it has: home, work'):
        read_kubeconfig(paths, "lab")


def test_certificates_are_taken_from_data_and_from_files_beside_the_kubeconfig(
    kubeconfig: Write, tmp_path: Path
) -> None:
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "key.pem").write_text("KEY\n")
    chain = base64.b64encode(b"CHAIN\n").decode()
    path = kubeconfig(
        {"client-certificate-data": chain, "client-key": "pki/key.pem"},
        {"certificate-authority-data": base64.b64encode(b"CA").decode(), "tls-server-name": "kubernetes"},
    )
    access = read_kubeconfig(path)
    assert access.credentials.current_identity().certificate == "CHAIN\nKEY\n"
    assert (access.ca, access.server_name, access.verify) == ("CA", "kubernetes", True)


def test_the_check_of_the_certificate_can_be_switched_off(kubeconfig: Write) -> None:
    access = read_kubeconfig(kubeconfig(cluster={"insecure-skip-tls-verify": True, "proxy-url": "http://proxy:3128"}))
    assert not access.verify
    assert access.proxy == "http://proxy:3128"


def test_a_token_file_of_a_kubeconfig_is_read_again(kubeconfig: Write, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first\n")
    credentials = read_kubeconfig(kubeconfig({"tokenFile": "token", "token": "unused"})).credentials
    first = credentials.current_identity()
    assert first.authorization == "Bearer first"
    assert first.expires <= time.time() + 60
    (tmp_path / "token").write_text("second\n")
    credentials.forget_identity(first)
    assert credentials.current_identity().authorization == "Bearer second"


def test_a_name_and_a_password_make_basic_authorization(kubeconfig: Write) -> None:
    identity = read_kubeconfig(kubeconfig({"username": "a", "password": "b"})).credentials.current_identity()
    assert identity.authorization == "Basic YTpi"


def test_a_plugin_runs_once_until_its_token_expires(
    kubeconfig: Write, plugin: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    credentials = read_kubeconfig(kubeconfig(plugin(token="t", expirationTimestamp="2099-01-01T00:00:00Z"))).credentials
    assert [credentials.current_identity().authorization for _ in range(3)] == ["Bearer t"] * 3
    assert (tmp_path / "runs").read_text() == "run\n"

    expired = read_kubeconfig(kubeconfig(plugin(token="t", expirationTimestamp="2020-01-01T00:00:00Z"))).credentials
    expired.current_identity()
    expired.current_identity()
    assert (tmp_path / "runs").read_text() == "run\n" * 3


def test_a_plugin_is_told_about_the_cluster_when_it_asks(
    kubeconfig: Write, plugin: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    user = plugin('echo "$KUBERNETES_EXEC_INFO" >info; echo "$REGION $1" >said', token="t")
    user["exec"] |= {"provideClusterInfo": True, "args": ["go"], "env": [{"name": "REGION", "value": "eu"}]}
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    read_kubeconfig(kubeconfig(user, {"extensions": [extension]})).credentials.current_identity()
    assert json.loads((tmp_path / "info").read_text())["spec"] == {
        "interactive": False,
        "cluster": {"server": "https://home:6443", "config": {"audience": "x"}},
    }
    assert (tmp_path / "said").read_text() == "eu go\n"


@pytest.mark.parametrize(
    ("user", "complaint"),
    [
        ({"auth-provider": {"name": "gcp"}}, "auth-provider is not supported; use an exec plugin"),
        ({"as": "admin"}, "as is not supported"),
        ({"token": 5}, "token must be a text"),
        ({"exec": {"command": "x"}}, "needs a command and an apiVersion"),
        ({"exec": {"command": "x", "apiVersion": "v1", "interactiveMode": "Always"}}, "needs a terminal"),
        ({"client-certificate-data": "%%%"}, "client-certificate-data is not base64"),
        ({"client-certificate-data": "QUJD"}, "client-certificate and client-key belong together"),
        ({"tokenFile": "missing"}, "cannot read .*missing: No such file"),
    ],
)
def test_a_user_that_cannot_work_is_refused_with_the_reason(
    kubeconfig: Write, user: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(KubernetesError, match=complaint):
        read_kubeconfig(kubeconfig(user)).credentials.current_identity()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("[1, 2]", "is not a kubeconfig"),
        ("a: [", "is not a kubeconfig: its YAML cannot be read at line 2, column 1$"),
        ("users: []\nusers: []", "is not a kubeconfig: its YAML cannot be read at line 2, column 1$"),
        ("a: \x00", "is not a kubeconfig: its YAML cannot be read as a whole$"),
        ("clusters: [5]", "an entry of clusters lacks"),
        ("contexts: []", "has no current-context; name one of: none"),
    ],
)
def test_a_broken_kubeconfig_is_named_with_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(KubernetesError, match=complaint):
        read_kubeconfig(str(path))


@pytest.mark.parametrize(
    "text",
    [
        "users: [*geheim]",
        "token: !geheim x",
        "{geheim: 1, geheim: 2}",
        'token: "\\geheim"',
        "? [geheim]\n: x",
        "token: &a geheim\nb: {c: *geheim}",
        "geheim",
        "users: [{name: geheim",
        "token: geheim: geheim",
        "a: 1\n--- geheim",
    ],
)
def test_of_a_kubeconfig_that_is_no_yaml_the_place_alone_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(f"apiVersion: v1\n{text}\n")
    with pytest.raises(KubernetesError) as told:
        read_kubeconfig(str(path))
    trace = "".join(traceback.format_exception(told.value))
    assert re.search(r"is not a kubeconfig: its YAML cannot be read at line \d+, column \d+$", str(told.value))
    assert "geheim" not in trace


@pytest.mark.parametrize("end", ["\nand another line", "\x01", "\x7f", "ü"])
def test_a_token_that_no_header_can_hold_is_refused_and_not_shown(
    kubeconfig: Write, service_account: Path, end: str
) -> None:
    bad = f"geheim{end}geheim"
    file = service_account / "bad"
    file.write_text(bad)
    (service_account / "token").write_text(bad)
    for access in (
        read_kubeconfig(kubeconfig({"token": bad})),
        read_kubeconfig(kubeconfig({"tokenFile": str(file)})),
        read_service_account(POD, service_account),
    ):
        with pytest.raises(KubernetesError, match="the token holds characters that no token has") as told:
            access.credentials.current_identity()
        assert "geheim" not in str(told.value)


def test_who_we_are_to_the_api_server_is_hidden_in_all_that_is_told(kubeconfig: Write) -> None:
    for user, secret in (
        ({"token": "the-bearer-token"}, "the-bearer-token"),
        ({"username": "admin", "password": "the-password"}, "the-password"),
        ({"username": "admin", "password": "the-password"}, base64.b64encode(b"admin:the-password").decode()),
    ):
        read_kubeconfig(kubeconfig(user)).credentials.current_identity()
        assert str(KubernetesError(f"it answers {secret!r}")) == "it answers '[hidden]'"


def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    with pytest.raises(KubernetesError, match=r"cannot read .*nowhere: No such file"):
        read_kubeconfig(str(tmp_path / "nowhere"))
