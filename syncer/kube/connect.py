"""Finds the API server: the service account of a pod, or a kubeconfig file.

The official loader is not used. It drags in requests and oauthlib, sends anonymous requests when an exec plugin
fails, reads a token file only once and writes into the user's kubeconfig.
"""

from __future__ import annotations

import base64
import binascii
import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from syncer.config import KubeConfig
from syncer.documents.limits import DocumentError
from syncer.errors import KubernetesError
from syncer.kube.access import Access, Credentials, Identity, make_bearer
from syncer.redaction import REDACTION

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

MISSING = "; name a file that is there, or unset KUBECONFIG for the account of the pod, or for ~/.kube/config"

REREAD = 60.0
"""Seconds. The kubelet replaces a service account's token at 80 % of its life, an hour by default."""


def choose_access(
    config: KubeConfig,
    environ: Mapping[str, str] = os.environ,  # noqa: TID251 - what the kubelet says about the pod is no setting
    service_account: Path = SERVICE_ACCOUNT,
) -> Access:
    """A kubeconfig that the settings name, else the pod's service account, else the kubeconfig of the user.

    Raises ``KubernetesError``.
    """
    if config.kubeconfig:
        try:
            return read_kubeconfig(config.kubeconfig, config.context, config.withheld)
        except KubernetesError as error:
            advice = "" if any(map(Path.exists, list_files(config.kubeconfig))) else MISSING
            raise KubernetesError(f"KUBECONFIG: {error}{advice}") from error
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return read_service_account(environ, service_account)
    default = Path.home() / ".kube" / "config"
    if default.exists():
        return read_kubeconfig(str(default), config.context, config.withheld)
    raise KubernetesError(
        f"no cluster to connect to: not in a pod (KUBERNETES_SERVICE_HOST is not set) and {default} does not exist; "
        "set KUBECONFIG, or use --manifests"
    )


def read_service_account(environ: Mapping[str, str], folder: Path = SERVICE_ACCOUNT) -> Access:
    """The service account of a pod, never through a proxy: HTTPS_PROXY in a pod is meant for the world outside."""
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT") or "443"
    return Access(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        credentials=Credentials(lambda: _read_bearer(folder / "token")),
        ca=_read_file(folder / "ca.crt"),
        proxy="",
    )


class KubeconfigEntry(NamedTuple):
    """A cluster, user or context, and the folder that its relative paths start from."""

    place: str
    fields: Mapping[str, Any]
    folder: Path

    def read_text(self, key: str) -> str:
        value = self.fields.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise KubernetesError(f"{self.place}: {key} must be a text")
        return value

    def read_content(self, key: str) -> str:
        """What ``key-data`` holds in base64, else what the file at ``key`` holds, else ""."""
        if data := self.read_text(f"{key}-data"):
            try:
                return base64.b64decode(data, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise KubernetesError(f"{self.place}: {key}-data is not base64 of a PEM text") from error
        path = self.read_text(key)
        return _read_file(self.folder / path) if path else ""


def read_kubeconfig(paths: str, context: str = "", withheld: Collection[str] = ()) -> Access:
    """``paths`` may be several files, as in KUBECONFIG; of two entries with one name, the first one counts.
    ``withheld``: variables of our own that no exec plugin is given."""
    entries, current = _read_entries(paths)
    name = context or current
    if not name:
        raise KubernetesError(f"{paths} has no current-context; name one of: {_list_names(entries, 'contexts')}")
    chosen = _pick_entry(entries, "contexts", name, paths)
    cluster = _pick_entry(entries, "clusters", chosen.read_text("cluster"), paths)
    user_name = chosen.read_text("user")
    user = _pick_entry(entries, "users", user_name, paths) if user_name else None
    server = cluster.read_text("server").rstrip("/")
    if not server.startswith(("https://", "http://")):
        raise KubernetesError(f"{cluster.place}: server must be a http(s) URL")
    skip = cluster.fields.get("insecure-skip-tls-verify", False) is True
    return Access(
        server=server,
        credentials=_make_credentials(user, cluster, withheld) if user else Credentials(),
        ca="" if skip else cluster.read_content("certificate-authority"),
        verify=not skip,
        server_name=cluster.read_text("tls-server-name"),
        proxy=cluster.read_text("proxy-url") or None,
    )


def list_files(paths: str) -> list[Path]:
    return [Path(path).expanduser() for path in paths.split(os.pathsep) if path]


def _read_entries(paths: str) -> tuple[dict[str, dict[str, KubeconfigEntry]], str]:
    from syncer.documents.yamltext import read_document  # a pod has no kubeconfig, and need not load PyYAML

    entries: dict[str, dict[str, KubeconfigEntry]] = {"clusters": {}, "contexts": {}, "users": {}}
    current = ""
    files = list_files(paths)
    for file in [file for file in files if file.exists()] or files[:1]:
        try:
            document = read_document(_read_file(file))
        except DocumentError as error:
            # By its place alone: what cannot be read there may be a token.
            place = f"at line {error.line}, column {error.column}" if error.line else "as a whole"
            raise KubernetesError(f"{file} is not a kubeconfig: its YAML cannot be read {place}") from None
        if not isinstance(document, dict):
            raise KubernetesError(f"{file} is not a kubeconfig")
        for section, found in entries.items():
            for item in document.get(section) or ():
                fields = item.get(section.removesuffix("s")) if isinstance(item, dict) else None
                if not isinstance(fields, dict) or not isinstance(item.get("name"), str):
                    raise KubernetesError(f"{file}: an entry of {section} lacks its name or its content")
                found.setdefault(
                    item["name"], KubeconfigEntry(f"{file}, {section} {item['name']}", fields, file.parent)
                )
        current = current or str(document.get("current-context") or "")
    return entries, current


def _pick_entry(
    entries: Mapping[str, Mapping[str, KubeconfigEntry]], section: str, name: str, paths: str
) -> KubeconfigEntry:
    entry = entries[section].get(name)
    if entry is None:
        raise KubernetesError(f'{paths} has no "{name}" in {section}; it has: {_list_names(entries, section)}')
    return entry


def _list_names(entries: Mapping[str, Mapping[str, KubeconfigEntry]], section: str) -> str:
    return ", ".join(sorted(entries[section])) or "none"


def _make_credentials(user: KubeconfigEntry, cluster: KubeconfigEntry, withheld: Collection[str]) -> Credentials:
    for key, advice in (("auth-provider", "use an exec plugin"), ("as", "use credentials of the account itself")):
        if key in user.fields:
            raise KubernetesError(f"{user.place}: {key} is not supported; {advice}")

    def obtain() -> Identity:
        return _read_login(user)._replace(certificate=_join_certificate(user), expires=time.time() + REREAD)

    if (exec_fields := user.fields.get("exec")) and not (user.read_text("tokenFile") or user.read_text("token")):
        from syncer.kube.plugin import ExecPlugin

        plugin = ExecPlugin.read_fields(user.place, exec_fields, user.folder, cluster.fields, withheld)
        return Credentials(plugin.obtain_identity)
    return Credentials(obtain)


def _read_login(user: KubeconfigEntry) -> Identity:
    if path := user.read_text("tokenFile"):
        return _read_bearer(user.folder / path)
    if token := user.read_text("token"):
        return Identity(make_bearer(token, f"{user.place}: token"))
    if name := user.read_text("username"):
        password = user.read_text("password")
        REDACTION.note_passing(password)
        pair = base64.b64encode(f"{name}:{password}".encode()).decode()
        return Identity(f"Basic {pair}")
    return Identity()


def _join_certificate(user: KubeconfigEntry) -> str:
    chain, key = user.read_content("client-certificate"), user.read_content("client-key")
    if bool(chain) != bool(key):
        raise KubernetesError(f"{user.place}: client-certificate and client-key belong together")
    return f"{chain.rstrip()}\n{key}" if chain else ""


def _read_bearer(path: Path) -> Identity:
    return Identity(make_bearer(_read_file(path), str(path)), expires=time.time() + REREAD)


def _read_file(path: Path) -> str:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise KubernetesError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if not text.strip():
        raise KubernetesError(f"{path} is empty")
    return text
