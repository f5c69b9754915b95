"""Finds the API server: the service account of a pod, or a kubeconfig file.

The official loader is not used. It drags in requests and oauthlib, sends anonymous requests when an exec plugin
fails, reads a token file only once and writes into the user's kubeconfig.
"""

from __future__ import annotations

import base64
import binascii
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from syncer.config import KubeConfig
from syncer.errors import KubernetesError
from syncer.kube.access import Access, Credentials, Identity

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

REREAD = 60.0
"""Seconds. The kubelet replaces a service account's token at 80 % of its life, an hour by default."""


def connect(
    config: KubeConfig,
    environ: Mapping[str, str] = os.environ,  # noqa: TID251 - what the kubelet says about the pod is no setting
    service_account: Path = SERVICE_ACCOUNT,
) -> Access:
    """A kubeconfig that the settings name, else the pod's service account, else the kubeconfig of the user.

    Raises ``KubernetesError``.
    """
    if config.kubeconfig:
        try:
            return from_kubeconfig(config.kubeconfig, config.context)
        except KubernetesError as error:
            raise KubernetesError(f"KUBECONFIG: {error}") from error
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return in_cluster(environ, service_account)
    default = Path.home() / ".kube" / "config"
    if default.exists():
        return from_kubeconfig(str(default), config.context)
    raise KubernetesError(
        f"no cluster to connect to: not in a pod (KUBERNETES_SERVICE_HOST is not set) and {default} does not exist; "
        "set KUBECONFIG, or use --manifests"
    )


def in_cluster(environ: Mapping[str, str], folder: Path = SERVICE_ACCOUNT) -> Access:
    """Never through a proxy: HTTPS_PROXY in a pod is meant for the world outside."""
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT") or "443"
    return Access(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        credentials=Credentials(lambda: _bearer(_read(folder / "token"), REREAD)),
        ca=_read(folder / "ca.crt"),
        proxy="",
    )


class _Entry(NamedTuple):
    """A cluster, user or context, and the folder that its relative paths start from."""

    place: str
    fields: Mapping[str, Any]
    folder: Path

    def text(self, key: str) -> str:
        value = self.fields.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise KubernetesError(f"{self.place}: {key} must be a text")
        return value

    def content(self, key: str) -> str:
        """What ``key-data`` holds in base64, else what the file at ``key`` holds, else ""."""
        if data := self.text(f"{key}-data"):
            try:
                return base64.b64decode(data, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise KubernetesError(f"{self.place}: {key}-data is not base64 of a PEM text") from error
        path = self.text(key)
        return _read(self.folder / path) if path else ""


def from_kubeconfig(paths: str, context: str = "") -> Access:
    """``paths`` may be several files, as in KUBECONFIG; of two entries with one name, the first one counts."""
    entries, current = _load(paths)
    name = context or current
    if not name:
        raise KubernetesError(f"{paths} has no current-context; name one of: {_known(entries, 'contexts')}")
    chosen = _pick(entries, "contexts", name, paths)
    cluster = _pick(entries, "clusters", chosen.text("cluster"), paths)
    user_name = chosen.text("user")
    server = cluster.text("server").rstrip("/")
    if not server.startswith(("https://", "http://")):
        raise KubernetesError(f"{cluster.place}: server must be a http(s) URL")
    skip = cluster.fields.get("insecure-skip-tls-verify", False) is True
    return Access(
        server=server,
        credentials=_credentials(_pick(entries, "users", user_name, paths), cluster) if user_name else Credentials(),
        ca="" if skip else cluster.content("certificate-authority"),
        verify=not skip,
        server_name=cluster.text("tls-server-name"),
        proxy=cluster.text("proxy-url") or None,
    )


def _load(paths: str) -> tuple[dict[str, dict[str, _Entry]], str]:
    import yaml

    entries: dict[str, dict[str, _Entry]] = {"clusters": {}, "contexts": {}, "users": {}}
    current = ""
    files = [Path(path).expanduser() for path in paths.split(os.pathsep) if path]
    for file in [file for file in files if file.exists()] or files[:1]:
        try:
            document = yaml.safe_load(_read(file))
        except yaml.YAMLError as error:
            raise KubernetesError(f"{file} is not a kubeconfig: {' '.join(str(error).split())}") from error
        if not isinstance(document, dict):
            raise KubernetesError(f"{file} is not a kubeconfig")
        for section, found in entries.items():
            for item in document.get(section) or ():
                fields = item.get(section.removesuffix("s")) if isinstance(item, dict) else None
                if not isinstance(fields, dict) or not isinstance(item.get("name"), str):
                    raise KubernetesError(f"{file}: an entry of {section} lacks its name or its content")
                found.setdefault(item["name"], _Entry(f"{file}, {section} {item['name']}", fields, file.parent))
        current = current or str(document.get("current-context") or "")
    return entries, current


def _pick(entries: Mapping[str, Mapping[str, _Entry]], section: str, name: str, paths: str) -> _Entry:
    entry = entries[section].get(name)
    if entry is None:
        raise KubernetesError(f'{paths} has no "{name}" in {section}; it has: {_known(entries, section)}')
    return entry


def _known(entries: Mapping[str, Mapping[str, _Entry]], section: str) -> str:
    return ", ".join(sorted(entries[section])) or "none"


def _credentials(user: _Entry, cluster: _Entry) -> Credentials:
    for key, advice in (("auth-provider", "use an exec plugin"), ("as", "use credentials of the account itself")):
        if key in user.fields:
            raise KubernetesError(f"{user.place}: {key} is not supported; {advice}")

    def obtain() -> Identity:
        return _login(user)._replace(certificate=_certificate(user), expires=time.time() + REREAD)

    if (exec_fields := user.fields.get("exec")) and not (user.text("tokenFile") or user.text("token")):
        from syncer.kube.plugin import ExecPlugin

        return Credentials(ExecPlugin.read(user.place, exec_fields, user.folder, cluster.fields).run)
    return Credentials(obtain)


def _login(user: _Entry) -> Identity:
    if path := user.text("tokenFile"):
        return _bearer(_read(user.folder / path))
    if token := user.text("token"):
        return _bearer(token)
    if name := user.text("username"):
        pair = base64.b64encode(f"{name}:{user.text('password')}".encode()).decode()
        return Identity(f"Basic {pair}")
    return Identity()


def _certificate(user: _Entry) -> str:
    chain, key = user.content("client-certificate"), user.content("client-key")
    if bool(chain) != bool(key):
        raise KubernetesError(f"{user.place}: client-certificate and client-key belong together")
    return f"{chain.rstrip()}\n{key}" if chain else ""


def _bearer(token: str, lifetime: float = REREAD) -> Identity:
    return Identity(f"Bearer {token.strip()}", expires=time.time() + lifetime)


def _read(path: Path) -> str:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise KubernetesError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if not text.strip():
        raise KubernetesError(f"{path} is empty")
    return text
