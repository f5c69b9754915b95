"""Certificates with just the extensions that a test asks for, made by openssl."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

SIGNS = "basicConstraints=critical,CA:true"
USAGE = "keyUsage=critical,keyCertSign,cRLSign"
SUBJECT_KEY = "subjectKeyIdentifier=hash"
AUTHORITY_KEY = "authorityKeyIdentifier=keyid"
HOSTS = "subjectAltName=IP:127.0.0.1,DNS:localhost"

AUTHORITY = (SIGNS, USAGE, SUBJECT_KEY)
SERVER = (HOSTS, AUTHORITY_KEY)
"""What the letter of RFC 5280 asks of each."""

EXPIRED = -1
"""As the days that a certificate is valid for."""


class Pair(NamedTuple):
    """A certificate and its key, which a server shows with those of ``between`` it and its authority."""

    certificate: Path
    key: Path
    between: tuple[Path, ...] = ()

    def make_context(self) -> ssl.SSLContext:
        """For a server."""
        chain = self.key.with_suffix(".chain")
        chain.write_text("".join(path.read_text() for path in (self.certificate, *self.between)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, self.key)
        return context


class Mint:
    def __init__(self, folder: Path) -> None:
        if not shutil.which("openssl"):
            pytest.skip("needs the openssl command to make certificates")
        self._folder = folder
        self._numbers = count()

    def make_root(self, *extensions: str, days: int = 30) -> Pair:
        return self._make_pair(None, extensions or AUTHORITY, "", days)

    def sign(self, by: Pair, *extensions: str, name: str = "", days: int = 30) -> Pair:
        return self._make_pair(by, extensions or SERVER, name, days)

    def _make_pair(self, by: Pair | None, extensions: tuple[str, ...], name: str, days: int) -> Pair:
        number = next(self._numbers)
        certificate, key, request, settings = (
            self._folder / f"{number}.{ending}" for ending in ("crt", "key", "csr", "ext")
        )
        # Newer ones of openssl add the identifiers unless they are told not to.
        wanted = {"subjectKeyIdentifier": "none", "authorityKeyIdentifier": "none"}
        wanted |= dict(extension.split("=", 1) for extension in extensions)
        settings.write_text("".join(f"{extension}={value}\n" for extension, value in wanted.items()))
        subject = f"/CN={name or f'certificate {number}'}"
        _run_openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                     "-keyout", key, "-out", request)  # fmt: skip
        signer = ("-CA", by.certificate, "-CAkey", by.key) if by else ("-signkey", key)
        serial = ("-set_serial", str(number + 1))
        _run_openssl("x509", "-req", "-in", request, *signer, *serial, "-days", str(days), "-extfile", settings,
                     "-out", certificate)  # fmt: skip
        return Pair(certificate, key)


def _run_openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)
