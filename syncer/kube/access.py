"""Who we are to the API server, and how its certificate is checked."""

from __future__ import annotations

import math
import re
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from syncer.errors import KubernetesError
from syncer.redaction import REDACTION
from syncer.tls import make_blind_context, make_context


class Identity(NamedTuple):
    """What a request shows. ``certificate`` is PEM: the client's chain and its key. ``expires`` is Unix time."""

    authorization: str = ""
    certificate: str = ""
    expires: float = math.inf

    def __repr__(self) -> str:
        return "Identity(...)"


def make_bearer(token: str, place: str) -> str:
    """The Authorization header for the token of ``place``. Raises ``KubernetesError`` for one that no
    header can hold: the library would refuse it too, and show it."""
    token = token.strip()
    if not re.fullmatch(r"[!-~]+", token):
        raise KubernetesError(
            f"{place}: the token holds characters that no token has, such as line ends (it is not shown)"
        )
    return f"Bearer {token}"


class Credentials:
    """Keeps an identity until it expires or the server refuses it. ``obtain`` raises ``KubernetesError``."""

    def __init__(self, obtain: Callable[[], Identity] = Identity, clock: Callable[[], float] = time.time) -> None:
        self._obtain = obtain
        self._clock = clock
        self._lock = threading.Lock()
        self._held: Identity | None = None

    def current_identity(self) -> Identity:
        with self._lock:
            if self._held is None or self._clock() >= self._held.expires:
                self._held = None
                self._held = self._obtain()
                REDACTION.note_passing(self._held.authorization.partition(" ")[2])
            return self._held

    def forget_identity(self, refused: Identity) -> None:
        """After a 401. What another thread has obtained in the meantime is kept."""
        with self._lock:
            if self._held is refused:
                self._held = None


@dataclass(frozen=True, slots=True)
class Access:
    """``server`` is a URL without a slash at its end. ``ca`` is PEM, "" for the system's authorities. ``server_name``
    is the name in the server's certificate, where it is not the host of the URL. ``proxy``: None leaves it to
    the environment, "" is none."""

    server: str
    credentials: Credentials
    ca: str = ""
    verify: bool = True
    server_name: str = ""
    proxy: str | None = None

    def make_tls_context(self) -> ssl.SSLContext | None:
        """One for all connections, because each context holds its own copy of the authorities; None for plain HTTP."""
        if not self.server.startswith("https:"):
            return None
        if not self.verify:
            return make_blind_context()
        try:
            return make_context(ca=self.ca)
        except ValueError as error:
            raise KubernetesError(f"the certificate authority of {self.server} is not usable: {error}") from error


def load_certificate(context: ssl.SSLContext, certificate: str) -> None:
    """Use this client certificate on new connections. The ssl module reads it from a file only."""
    try:
        with tempfile.NamedTemporaryFile("w", prefix="client-", suffix=".pem") as file:
            file.write(certificate)
            file.flush()
            context.load_cert_chain(file.name, password=_refuse_password)
    except (OSError, ValueError) as error:
        raise KubernetesError(f"the client certificate is not usable: {error}") from error


def _refuse_password() -> str:
    raise ValueError("its key is encrypted")
