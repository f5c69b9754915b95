"""The one client of the API server: every error of the libraries becomes ours here."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from http.client import IncompleteRead
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError, InsecureRequestWarning, ReadTimeoutError, SSLError

from syncer.errors import KubernetesError
from syncer.kube.access import Access, Identity, load_certificate
from syncer.kube.proxy import choose_proxy, make_pools
from syncer.meters import Meter
from syncer.redaction import REDACTION
from syncer.tls import explain_distrust

JSON = "application/json"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
METADATA_ONLY_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

CONNECT_TIMEOUT = 5.0
CHUNK = 65536
LINE_LIMIT = 16 * 1024 * 1024
"""Bytes. etcd takes no object over 1.5 MB; a longer line is no event."""
ANSWER_LIMIT = LINE_LIMIT
"""Bytes. A list is asked for in pages (see ``syncer.kube.reflector``)."""
ERROR_LIMIT = 65536


class Unreachable(KubernetesError):
    """No answer, or none that an API server gives."""


class Silence(KubernetesError):
    """A watch brought nothing, not even a bookmark, for as long as it may: open it again."""


class OversizedAnswer(KubernetesError):
    """An answer has more bytes than its caller takes at once: ask for less."""


class ApiError(KubernetesError):
    """The API server refused. ``retry_after``: the seconds that it asks us to wait."""

    def __init__(self, status: int, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class ApiServer:
    """Safe to use from several threads. Every method raises ``ApiError`` or ``Unreachable``, or what ``Credentials``
    raises."""

    def __init__(self, access: Access, *, connections: int = 16, timeout: float = 30.0) -> None:
        self.url = access.server
        self.calls = Meter()
        """What it refuses by our rights, or does not have, is an answer of a server in order."""
        self._timeout = timeout
        self._credentials = access.credentials
        self._context = access.make_tls_context()
        self._certificate = ""
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._open: set[urllib3.BaseHTTPResponse] = set()
        self._pools = _open_pools(access, self._context, connections)

    def get(
        self, path: str, query: Mapping[str, str] | None = None, accept: str = JSON, most: int = ANSWER_LIMIT
    ) -> dict[str, Any]:
        """Raises ``OversizedAnswer`` when the answer has more than ``most`` bytes."""
        return self.send("GET", path, query=query, accept=accept, most=most)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = JSON,
        query: Mapping[str, str] | None = None,
        accept: str = JSON,
        most: int = ANSWER_LIMIT,
    ) -> dict[str, Any]:
        """The answer's JSON object."""
        response = self._send_request(method, path, query, accept, body, content_type)
        try:
            text = response.read(most + 1)
            if len(text) > most:
                raise OversizedAnswer(f"{self.url} answered {path} with more than {most >> 20} MB")
            answer = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Unreachable(f"{self.url} does not answer like an API server: no JSON at {path}") from error
        except (HTTPError, OSError) as error:
            raise self._explain_failure(error) from error
        finally:
            self._release_response(response)
        if not isinstance(answer, dict):
            raise Unreachable(f"{self.url} does not answer like an API server: no object at {path}")
        return answer

    def watch(self, path: str, query: Mapping[str, str], *, silence: float, accept: str = JSON) -> Generator[Any]:
        """Opens the stream at once, and gives each of its lines, decoded, until the server ends it in order.

        Raises ``Silence`` after that many seconds without a byte. To be closed by the caller.
        """
        response = self._send_request("GET", path, {**query, "watch": "true"}, accept)
        # The time-out so far was that of an ordinary answer; from here on silence is normal.
        if sock := getattr(response.connection, "sock", None):
            sock.settimeout(silence)
        return self._read_lines(response, silence)

    def _read_lines(self, response: urllib3.BaseHTTPResponse, silence: float) -> Generator[Any]:
        buffer = bytearray()
        try:
            # read1() gives what has arrived; stream() and read() would wait until the chunk is full.
            while chunk := response.read1(CHUNK):
                start = len(buffer)
                buffer += chunk
                end = buffer.rfind(b"\n", start)
                if end >= 0:
                    for line in bytes(buffer[:end]).split(b"\n"):
                        if line and not line.isspace():
                            yield json.loads(line)
                    del buffer[: end + 1]
                elif len(buffer) > LINE_LIMIT:
                    raise Unreachable(f"{self.url} sent a line of more than {LINE_LIMIT >> 20} MB")
        except (ValueError, RecursionError) as error:
            raise Unreachable(f"{self.url} sent something that is no event") from error
        except ReadTimeoutError as error:
            raise Silence(f"{self.url} was silent for {silence:g} s") from error
        except (HTTPError, OSError) as error:
            raise self._explain_failure(error) from error
        finally:
            self._release_response(response)

    def close(self) -> None:
        """Cuts open answers off, so that the threads that wait for them go on."""
        with self._lock:
            self._closed.set()
            waiting = list(self._open)
        for response in waiting:
            with suppress(OSError, RuntimeError, ValueError):
                response.shutdown()

    def _send_request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        accept: str,
        body: Any = None,
        content_type: str = JSON,
    ) -> urllib3.BaseHTTPResponse:
        url = f"{self.url}{path}?{urlencode(query)}" if query else f"{self.url}{path}"
        headers = {"Accept": accept, "User-Agent": "catalyst-dns-sync"}
        content = None
        if body is not None:
            content = json.dumps(body)
            headers["Content-Type"] = content_type
        identity = self._credentials.current_identity()
        response = self._ask_once(method, url, headers, content, identity)
        if response.status == 401:
            self._release_response(response)
            self._credentials.forget_identity(identity)
            response = self._ask_once(method, url, headers, content, self._credentials.current_identity())
        if not 200 <= response.status < 300:
            try:
                raise self._read_refusal(response, method, path)
            finally:
                self._release_response(response)
        return response

    def _ask_once(
        self, method: str, url: str, headers: Mapping[str, str], content: str | None, identity: Identity
    ) -> urllib3.BaseHTTPResponse:
        if self._closed.is_set():
            raise Unreachable("the connection to the API server was closed")
        self._show_certificate(identity)
        if identity.authorization:
            headers = {**headers, "Authorization": identity.authorization}
        began, status = time.perf_counter(), 0
        try:
            response = self._pools.request(
                method,
                url,
                body=content,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=self._timeout),
                preload_content=False,
                # The caller decides whether to try again, and our token is meant for no other server.
                retries=False,
                redirect=False,
            )
            status = response.status
        # ValueError: a token that no header can hold.
        except (HTTPError, OSError, ValueError) as error:
            raise self._explain_failure(error) from error
        finally:
            self.calls.count(time.perf_counter() - began, is_ok=0 < status < 500 and status != 429)
        with self._lock:
            self._open.add(response)
        if self._closed.is_set():
            self._release_response(response)
            raise Unreachable("the connection to the API server was closed")
        return response

    def _show_certificate(self, identity: Identity) -> None:
        """Connections made so far showed the old certificate: they are given up when it changes."""
        if self._context is None or identity.certificate in ("", self._certificate):
            return
        with self._lock:
            load_certificate(self._context, identity.certificate)
            self._certificate = identity.certificate
            self._pools.clear()

    def _release_response(self, response: urllib3.BaseHTTPResponse) -> None:
        """An answer that was read to its end has already given its connection back; any other takes it down."""
        with self._lock:
            self._open.discard(response)
        response.close()

    def _read_refusal(self, response: urllib3.BaseHTTPResponse, method: str, path: str) -> ApiError:
        try:
            status = json.loads(response.read(ERROR_LIMIT))
        except (HTTPError, OSError, ValueError, RecursionError):
            status = None
        said = str(status.get("message") or "") if isinstance(status, dict) else ""
        match response.status:
            case 401:
                message = f"{self.url} does not accept our credentials: {said or 'Unauthorized'}"
            case 403 if said:
                message = said
            case code:
                message = f"{self.url} answered {method} {path} with {code}{': ' if said else ''}{said}"
        retry_after = response.headers.get("Retry-After", "")
        return ApiError(response.status, message, float(retry_after) if retry_after.isdecimal() else 0.0)

    def _explain_failure(self, error: Exception) -> Unreachable:
        return Unreachable(f"cannot reach the API server at {self.url}: {_find_cause(error)}")


def _open_pools(access: Access, context: ssl.SSLContext | None, connections: int) -> urllib3.PoolManager:
    options: dict[str, Any] = {"maxsize": connections, "socket_options": _list_socket_options()}
    if context is not None:
        options["ssl_context"] = context
        # Each connection sets this on the context anew, and without it would check every certificate.
        options["cert_reqs"] = ssl.CERT_REQUIRED if access.verify else ssl.CERT_NONE
    if access.server_name:
        options["server_hostname"] = access.server_name
    if not access.verify:
        urllib3.disable_warnings(InsecureRequestWarning)
    return make_pools(choose_proxy(access.server, access.proxy), **options)


def _list_socket_options() -> list[tuple[int, int, int]]:
    """A peer that is gone without a word is noticed after 30 s; a frozen one only by the time-out of the watch."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options


def _find_cause(error: BaseException) -> str:
    """The innermost reason, without the layers of library around it."""
    causes = [error]
    while deeper := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(deeper)
    for cause in reversed(causes):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted: {explain_distrust(cause)}"
            case SSLError(args=[ssl.SSLCertVerificationError() as refusal]):  # of a proxy: nothing is below it then
                return f"the certificate of the proxy is not trusted: {explain_distrust(refusal)}"
            case TimeoutError() | ReadTimeoutError():
                return "no answer in time"
            case IncompleteRead():
                return "the answer was cut off"
            case OSError() if cause.strerror:
                return cause.strerror
    # Cut afterwards: half a secret would not be known.
    return " ".join(REDACTION.redact_text(str(error)).split())[:300]
