"""Exec plugins: how they are started, and what is made of what they print."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from syncer.errors import KubernetesError
from syncer.kube.access import Identity
from syncer.kube.plugin import SKEW, ExecPlugin

V1 = "client.authentication.k8s.io/v1"
CLUSTER = {"server": "https://home:6443", "certificate-authority-data": "Q0E="}


def make_plugin(
    folder: Path, script: str = "", cluster: dict[str, Any] = CLUSTER, withheld: Collection[str] = (), **fields: Any
) -> ExecPlugin:
    """A shell script, as a kubeconfig names it."""
    path = folder / "login"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    named = {"command": "./login", "apiVersion": V1} | fields
    return ExecPlugin.read_fields("user home", named, folder, cluster, withheld)


def print_credential(api_version: str = V1, **status: Any) -> str:
    credential = {"apiVersion": api_version, "kind": "ExecCredential", "status": status}
    return f"cat <<'END'\n{json.dumps(credential)}\nEND"


def read_info(folder: Path, **fields: Any) -> Any:
    """What a plugin is told."""
    script = 'echo "$KUBERNETES_EXEC_INFO" >info\n' + print_credential(token="t")
    make_plugin(folder, script, **fields).obtain_identity()
    return json.loads((folder / "info").read_text())


def test_a_token_is_worth_something_until_shortly_before_it_expires(tmp_path: Path) -> None:
    script = print_credential(token=" t\n", expirationTimestamp="2026-01-02T03:04:05Z")
    assert make_plugin(tmp_path, script).obtain_identity() == Identity("Bearer t", "", 1767323045 - SKEW)
    assert make_plugin(tmp_path, print_credential(token="t")).obtain_identity().expires == math.inf


def test_a_certificate_comes_with_its_key(tmp_path: Path) -> None:
    script = print_credential(clientCertificateData="CHAIN", clientKeyData="KEY")
    assert make_plugin(tmp_path, script).obtain_identity() == Identity("", "CHAIN\nKEY\n")


def test_it_runs_beside_its_kubeconfig_with_its_arguments_and_its_own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERE", "inherited")
    script = 'echo "$HERE $REGION $1 $2" >said; pwd >>said\n' + print_credential(token="t")
    make_plugin(tmp_path, script, args=["go", 5], env=[{"name": "REGION", "value": "eu"}]).obtain_identity()
    assert (tmp_path / "said").read_text() == f"inherited eu go 5\n{tmp_path}\n"


def test_it_is_told_that_no_one_types_and_about_the_cluster_only_when_it_asks(tmp_path: Path) -> None:
    assert read_info(tmp_path) == {"apiVersion": V1, "kind": "ExecCredential", "spec": {"interactive": False}}
    others = {"name": "other", "extension": {"a": 1}}
    mine = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    cluster = CLUSTER | {"extensions": [others, "odd", mine]}
    told = read_info(tmp_path, cluster=cluster, provideClusterInfo=True)
    assert told["spec"] == {"interactive": False, "cluster": CLUSTER | {"config": {"audience": "x"}}}


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("echo 'please  log in' >&2; exit 3", "ended with code 3: please log in"),
        ("exit 3", "ended with code 3: it said nothing"),
        ("echo nonsense", "did not print an ExecCredential with a status"),
        ("echo '{\"status\": null}'", "did not print an ExecCredential with a status"),
        (print_credential(token="t", expirationTimestamp="soon"), "did not print an ExecCredential with a status"),
        (print_credential("v9", token="t"), "speaks v9, not client.authentication.k8s.io/v1"),
        (print_credential(token=""), "printed neither a token nor a certificate with its key"),
        (print_credential(clientKeyData="KEY"), "printed neither a token nor a certificate with its key"),
    ],
)
def test_a_failing_plugin_is_an_error_in_its_own_words(tmp_path: Path, script: str, complaint: str) -> None:
    with pytest.raises(KubernetesError) as told:
        make_plugin(tmp_path, script).obtain_identity()
    assert str(told.value) == f"user home: the exec plugin {tmp_path}/login {complaint}"


PRINTS_ALL = 'env >&2; echo "$0 $*" >&2; exit 1'
"""What `set -x` and a plugin at its wit's end do."""


def failure(plugin: ExecPlugin) -> str:
    with pytest.raises(KubernetesError) as told:
        plugin.obtain_identity()
    return str(told.value)


@pytest.mark.parametrize(
    "pair",
    [
        {"name": "VAULT_PASSWORD", "value": "geheim"},
        {"name": "OIDC_CLIENT", "value": "geheim-and-long"},
        {"name": "AWS_SECRET_ACCESS_KEY", "value": "ge/heim+geheim="},
        {"name": "KEY_SECRET", "value": "first geheim line\nsecond geheim line\n"},
    ],
)
def test_a_plugin_that_prints_its_environment_gives_nothing_away(tmp_path: Path, pair: dict[str, str]) -> None:
    text = failure(make_plugin(tmp_path, f'echo "it ${pair["name"]}" >&2; {PRINTS_ALL}', env=[pair]))
    assert "ended with code 1" in text
    assert "geheim" not in text


@pytest.mark.parametrize("args", [["--client-secret", "geheim"], ["--token=geheim"], ["login", "--api-key", "geheim"]])
def test_a_plugin_that_prints_its_command_gives_nothing_away(tmp_path: Path, args: list[str]) -> None:
    text = failure(make_plugin(tmp_path, 'echo "tried $0 $*, with $2" >&2; exit 1', args=args))
    assert f"tried {tmp_path}/login {' '.join(args)}".partition("geheim")[0] in text
    assert "geheim" not in text


def test_half_a_secret_at_the_end_of_what_is_shown_is_none(tmp_path: Path) -> None:
    pair = {"name": "LOGIN", "value": "geheim" * 20}
    text = failure(make_plugin(tmp_path, 'echo "$LOGIN $(seq 120)" >&2; exit 1', env=[pair]))
    assert text.endswith("119 120")
    assert "geheim" not in text


def test_it_finds_its_own_login_in_our_environment_and_no_secret_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known_secrets: set[str]
) -> None:
    known_secrets.add("the token of the DNS server")
    for name, value in {
        "AWS_SECRET_ACCESS_KEY": "its own",
        "SECRET_KEY": "told by its name",
        "DNS_API_TOKEN_FILE": "/run/secrets/told",
        "COPY": "the token of the DNS server",
    }.items():
        monkeypatch.setenv(name, value)
    script = "env >given\n" + print_credential(token="t")
    make_plugin(tmp_path, script, withheld=("SECRET_KEY", "DNS_API_TOKEN_FILE")).obtain_identity()
    given = (tmp_path / "given").read_text()
    assert "AWS_SECRET_ACCESS_KEY=its own\n" in given
    assert not re.search("told|^SECRET_KEY|DNS_API|COPY|DNS server", given, re.MULTILINE)


def test_what_it_inherits_is_not_told_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ge/heim")
    assert "ge/heim" not in failure(make_plugin(tmp_path, 'echo "tried $AWS_SECRET_ACCESS_KEY" >&2; exit 1'))


def test_a_token_that_no_header_can_hold_is_refused_and_not_shown(tmp_path: Path) -> None:
    text = failure(make_plugin(tmp_path, print_credential(token="geheim\n\x01geheim")))
    assert text.startswith(f"user home: the exec plugin {tmp_path}/login: the token holds characters that no token has")
    assert "geheim" not in text


def test_a_missing_plugin_says_how_to_install_it(tmp_path: Path) -> None:
    plugin = make_plugin(tmp_path, command="no-such-login", installHint="apt install it")
    with pytest.raises(KubernetesError, match=r"no-such-login does not start: No such file.*\. apt install it$"):
        plugin.obtain_identity()


@pytest.mark.parametrize(
    "fields",
    [{"command": "x"}, {"apiVersion": V1}, {"command": "x", "apiVersion": V1, "args": 5}, ["x"],
     {"command": "x", "apiVersion": V1, "env": ["REGION=eu"]}],
)  # fmt: skip
def test_fields_that_make_no_plugin_are_refused_with_their_place(tmp_path: Path, fields: Any) -> None:
    with pytest.raises(KubernetesError, match=r"^user home: exec needs a command and an apiVersion, args and env are"):
        ExecPlugin.read_fields("user home", fields, tmp_path, CLUSTER)


def test_a_plugin_that_needs_a_terminal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KubernetesError, match="needs a terminal, and there is none"):
        make_plugin(tmp_path, interactiveMode="Always")
    assert make_plugin(tmp_path, interactiveMode="IfAvailable").command == (f"{tmp_path}/login",)
