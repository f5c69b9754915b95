"""What a client needs to come in: a kubeconfig, and certificates for the loopback address, made by openssl."""

from __future__ import annotations

import base64
import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.fakes.kubernetes.resources import Manifest


class Certificates(NamedTuple):
    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    def make_context(self) -> ssl.SSLContext:
        """For the server: a client may show a certificate, and need not."""
        # Not create_default_context(): from Python 3.13 it refuses an authority without a key usage, as this one is and
        # those of older installers are. A real API server takes it.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_verify_locations(cafile=self.authority)
        context.load_cert_chain(self.server, self.server_key)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context


def make_certificates(folder: Path) -> Certificates:
    authority, authority_key = folder / "ca.crt", folder / "ca.key"
    _new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    _run_openssl(
        "req", "-x509", *_new_key, "-days", "30", "-subj", "/CN=double", "-keyout", authority_key, "-out", authority
    )
    pairs = []
    for name, subject, extension in (
        ("server", "/CN=kube-apiserver", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
        ("client", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth"),
    ):
        certificate, key, request = (folder / f"{name}.{ending}" for ending in ("crt", "key", "csr"))
        extensions = folder / f"{name}.ext"
        extensions.write_text(extension)
        _run_openssl("req", *_new_key, "-subj", subject, "-keyout", key, "-out", request)
        signer = ("-CA", authority, "-CAkey", authority_key, "-CAcreateserial")
        _run_openssl(
            "x509", "-req", "-in", request, *signer, "-days", "30", "-extfile", extensions, "-out", certificate
        )
        pairs += [certificate, key]
    return Certificates(authority, *pairs)


def _run_openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)


def kubeconfig_for(url: str, token: str, files: Certificates | None) -> Manifest:
    """With the token when there is one, else with the client certificate."""
    cluster: Manifest = {"server": url}
    user: Manifest = {"token": token} if token else {}
    if files:
        cluster["certificate-authority-data"] = _in_base64(files.authority)
        if not token:
            user["client-certificate-data"] = _in_base64(files.client)
            user["client-key-data"] = _in_base64(files.client_key)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "double", "cluster": cluster}],
        "users": [{"name": "double", "user": user}],
        "contexts": [{"name": "double", "context": {"cluster": "double", "user": "double"}}],
        "current-context": "double",
    }


def _in_base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
