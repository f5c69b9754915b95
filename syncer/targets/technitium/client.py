"""Technitium's HTTP API, called from here alone: what the server answers, or an error of ours."""

from __future__ import annotations

import logging
import re
import ssl
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from syncer.config import VARIABLES, TechnitiumConfig
from syncer.core.manifest import clip_text
from syncer.errors import ServerRefused, TargetRefused, TargetUnreachable
from syncer.pacing import RateLimit
from syncer.redaction import HIDDEN
from syncer.targets.technitium.answers import (
    CALL_LIMIT,
    LIST_LIMIT,
    MESSAGE_LIMIT,
    NAME_LIMIT,
    decode_object,
    make_complaint,
    read_message,
    read_object,
)
from syncer.targets.technitium.messages import Message
from syncer.targets.technitium.patience import OutOfPatience, Patience, PatientResponse
from syncer.tls import explain_distrust, make_blind_context, make_context

# To guess the encoding of texts, which we never ask for, would cost 2.5 MB (Python 3.11) or 2.8 MB (3.13). Both
# guessers are optional to requests, which looks for them when it is imported: in the main thread, before others start.
_GUESSERS = {name: sys.modules.get(name) for name in ("chardet", "charset_normalizer")}
sys.modules.update(dict.fromkeys(_GUESSERS))  # type: ignore[arg-type]
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would warn that there is none
        from requests.adapters import HTTPAdapter
        from requests.exceptions import RequestException, SSLError, Timeout
        from requests.models import PreparedRequest, Request, Response
        from requests.utils import default_headers
finally:
    for _name, _module in _GUESSERS.items():
        del sys.modules[_name]
        if _module:
            sys.modules[_name] = _module

Observe = Callable[[str, str, str, float], None]
"""endpoint, method, status ("error" when nothing came), seconds"""

log = logging.getLogger(__name__)

CHUNK = 65536

LIST_SECONDS = 60.0
"""For a list of records as a whole; every other answer has no more time than a silence may take."""


class ServerSaid(TargetRefused):
    """The server understood and refused; the text is its own (see ``messages``)."""


class Untrusted(TargetUnreachable):
    """Its certificate is not one that we trust."""


class _OneConnection(HTTPAdapter):
    """Keeps one connection, and counts how often it had to be made. All that goes over it is bounded by ``patience``.
    With a fingerprint it trusts the one certificate that has it, whatever names that carries."""

    def __init__(
        self, patience: Patience, fingerprint: str = "", ca_file: str = "", setting: str = VARIABLES.ca_file
    ) -> None:
        """``setting`` names the CA file."""
        self.connects = 0
        self.certificate_ends = 0.0
        self.patience = patience
        self.verifies = bool(ca_file or not fingerprint)
        self._fingerprint = fingerprint
        self._ca_file = ca_file
        self._setting = setting
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._fingerprint:
            kwargs["assert_fingerprint"] = self._fingerprint
        super().init_poolmanager(*args, **kwargs)
        pools = self.poolmanager.pool_classes_by_scheme
        self.poolmanager.pool_classes_by_scheme = {scheme: self._count_connects(pool) for scheme, pool in pools.items()}

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Adds nothing: requests would have the authorities that it brings along trusted beside those of ours."""

    def _make_context(self) -> ssl.SSLContext:
        """Anew for each connection, so that a CA file that was renewed counts without a restart."""
        if not self.verifies:
            return make_blind_context()
        try:
            return make_context(ca_file=self._ca_file)
        except (OSError, ValueError) as e:
            cause = getattr(e, "strerror", None) or e
            raise TargetUnreachable(f"{self._ca_file} in {self._setting} cannot be used: {cause}") from e

    def _count_connects(self, pool: Any) -> Any:
        adapter = self

        class Connection(pool.ConnectionCls):  # type: ignore[misc]
            def connect(self) -> None:
                adapter.connects += 1
                if pool.scheme == "https":
                    self.ssl_context = adapter._make_context()
                self.timeout = adapter.patience.limit_step()
                super().connect()
                adapter.certificate_ends = _find_end(self.sock)

            def send(self, data: Any) -> None:
                if self.sock is not None:
                    self.sock.settimeout(adapter.patience.limit_step())
                super().send(data)

            def response_class(self, connection: Any, **more: Any) -> PatientResponse:
                return PatientResponse(connection, adapter.patience, **more)

        return type(pool.__name__, (pool,), {"ConnectionCls": Connection})


class TechnitiumClient:
    """Keeps one connection. Every request is a POST, with the token in the Authorization header; a server before 15.0
    does not read that one and says so, and gets it as a form field from then on. It is never part of a URL.

    Raises ``TargetUnreachable`` when no sensible answer came, or one of more bytes or after more time than any answer
    of this server takes, ``ServerSaid`` for a refusal, and ``TargetRefused`` when no request at all can succeed (token,
    redirect). ``waiting`` is called time and again while the server is waited for.
    """

    def __init__(
        self,
        config: TechnitiumConfig,
        limit: RateLimit,
        observe: Observe,
        waiting: Callable[[], None] = lambda: None,
    ) -> None:
        if not re.fullmatch(r"[!-~]+", config.token):
            raise ServerRefused(f"{config.spelled.token} is empty or holds characters that no token has")
        self.is_old = False
        """Before 15.0."""
        self._base = config.url.rstrip("/")
        url = urlsplit(self._base)
        self.url = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
        """For people: without a password that may be in it."""
        self.spelled = config.spelled
        self._token = config.token
        self._timeout = config.timeout
        self._limit = limit
        self._observe = observe
        patience = Patience(config.timeout, waiting)
        self._adapter = _OneConnection(patience, config.fingerprint, config.ca_file, config.spelled.ca_file)

    def call(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """The answer's ``response``, or all of it where the server does not nest it."""
        with self._post(path, params) as response:
            body = self._read_body(response)
        try:
            answer = self._open_envelope(response, body)
        except ServerSaid as error:
            if self._must_use_form(error):
                return self.call(path, params)
            raise
        return read_object(answer, "response") if "response" in answer else answer

    @contextmanager
    def stream(self, path: str, params: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """The body while it arrives. What is not JSON is refused here; an error text is for the reader to find."""
        with self._post(path, params, seconds=LIST_SECONDS) as response:
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            if response.status_code != 200 or not is_json:
                self._open_envelope(response, self._read_body(response))
            yield self._iterate_chunks(response, LIST_LIMIT)

    def raise_refusal(self, text: str) -> None:
        """Raise what ``text``, an answer that should have been a stream of records, says instead. Returns when the
        same request will be understood the next time."""
        try:
            self._decode_answer(text.encode())
        except ValueError as e:
            raise TargetUnreachable(f"{self.url} broke off its answer") from e
        except ServerSaid as error:
            if self._must_use_form(error):
                return
            raise
        raise TargetUnreachable(f"{self.url} answered without the records that were asked for")

    def import_lines(self, lines: str, params: Mapping[str, str]) -> None:
        """Replace the RRsets that ``lines`` (a zone file) holds; every other one of the zone stays."""
        query = {**params, "overwrite": "true"}
        if not self.is_old:
            # Any other spelling of the type ("; charset=utf-8") is not recognised.
            with self._post("/api/zones/import", query, lines.encode("ascii")) as response:
                body = self._read_body(response)
            try:
                self._open_envelope(response, body)
            except ServerSaid as error:
                if not self._must_use_form(error):
                    raise
            else:
                return
        self.call("/api/zones/import", {**query, "records": lines})

    @property
    def certificate_ends(self) -> float:
        """Unix time; 0 where it is not known: without TLS, or with a fingerprint, which trusts it whatever it says."""
        return self._adapter.certificate_ends

    @property
    def connections(self) -> int:
        """How often it has connected. A kept connection that is gone may mean that the server was restarted."""
        return self._adapter.connects

    def close(self) -> None:
        self._adapter.close()

    @cached_property
    def _plain_request(self) -> PreparedRequest:
        """To the root of the server, from which each request differs in its path, its body and our own headers."""
        return Request("POST", self._base, headers=default_headers()).prepare()

    def _make_request(self, path: str, params: Mapping[str, str], raw: bytes | None) -> PreparedRequest:
        """To prepare each one anew would take a third of the time of a call."""
        request = self._plain_request.copy()
        assert request.url
        request.url = request.url.rstrip("/") + path
        if raw is None:
            body = urlencode({**params, "token": self._token} if self.is_old else params).encode()
            kind = "application/x-www-form-urlencoded"
        else:
            request.url += f"?{urlencode(params)}"
            body, kind = raw, "text/plain"
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        if body:
            request.headers["Content-Type"] = kind
        if not self.is_old:
            # The password of a proxy, which may be in the URL of the server, goes in the same header.
            request.headers.setdefault("Authorization", f"Bearer {self._token}")
        return request

    @contextmanager
    def _post(
        self, path: str, params: Mapping[str, str], raw: bytes | None = None, seconds: float = 0.0
    ) -> Iterator[Response]:
        status = "error"
        try:
            with self._limit:
                self._adapter.patience.begin(seconds)
                started = time.perf_counter()
                try:
                    # Without a session, which would have a .netrc replace our Authorization header, keep any number of
                    # cookies, and read the body of a redirect, of whatever size, to see where it leads.
                    request = self._make_request(path, params, raw)
                    response = self._adapter.send(
                        request, stream=True, timeout=self._timeout, verify=self._adapter.verifies
                    )
                    status = str(response.status_code)
                finally:
                    seconds = time.perf_counter() - started
                    self._observe(path, "POST", status, seconds)
                    log.debug("POST %s: %s in %.3f s", path, status, seconds)
        except RequestException as e:
            raise (Untrusted if _is_distrust(e) else TargetUnreachable)(self._explain_error(e)) from e
        try:
            yield response
        except RequestException as e:
            told = self._explain_error(e)
            is_late = _find_error(e, OutOfPatience) is not None
            raise TargetUnreachable(told if is_late else f"{self.url} broke off its answer: {told}") from e
        finally:
            response.close()

    def _read_body(self, response: Response) -> bytes:
        return b"".join(self._iterate_chunks(response, CALL_LIMIT))

    def _iterate_chunks(self, response: Response, limit: int) -> Iterator[bytes]:
        """Raises ``TargetUnreachable`` when there are more than ``limit`` bytes, unpacked."""
        chunks, left = response.iter_content(CHUNK), limit
        while True:
            self._adapter.patience.go_on()
            chunk = next(chunks, None)
            self._adapter.patience.pause()
            if chunk is None:
                return
            left -= len(chunk)
            if left < 0:
                size = f"more than {limit // 1_000_000} MB"
                raise TargetUnreachable(f"{self.url} answered with {size}: is this Technitium?")
            yield chunk

    def _explain_error(self, error: RequestException) -> str:
        if late := _find_error(error, OutOfPatience):
            return f"{self.url} {late}"
        if "ingerprint" in str(error):
            return f"the certificate of {self.url} does not have the fingerprint in {self.spelled.fingerprint}"
        if _is_distrust(error):
            return (
                f"the certificate of {self.url} is not trusted: {_find_cause(error)};"
                f" {self.spelled.ca_file} gives an authority, {self.spelled.fingerprint} trusts it as it is"
            )
        if isinstance(error, SSLError):
            return (
                f"{self.url} does not speak TLS: is that the HTTP port (5380, where it was not changed)?"
                f" HTTPS is 53443 ({_find_cause(error)})"
            )
        if isinstance(error, Timeout):
            return f"{self.url} did not answer within {self._timeout:g} s"
        return f"{self.url} cannot be reached: {_find_cause(error)}"

    def _open_envelope(self, response: Response, body: bytes) -> dict[str, Any]:
        status = response.status_code
        if 300 <= status < 400:
            to = _find_origin(response.headers.get("Location", ""))
            raise ServerRefused(f"the server redirects to {to}: set {self.spelled.servers} to that")
        if not body:
            raise TargetUnreachable(f"{self.url} answered {status} with nothing: is this Technitium's web service?")
        try:
            return self._decode_answer(body)
        except ValueError as e:
            html = b"<html" in body[:1024].lower() or "html" in response.headers.get("Content-Type", "")
            what = f"a proxy answered {status} with HTML" if html else f"{self.url} answered {status} without JSON"
            raise TargetUnreachable(f"{what} instead of Technitium's API") from e

    def _decode_answer(self, body: bytes) -> dict[str, Any]:
        answer = decode_object(body)
        status = answer.get("status")
        if status == "ok":
            return answer
        if status == "invalid-token":
            raise ServerRefused(
                f"{self.url} does not accept the API token: it expired, was deleted, or its user was disabled;"
                f" make a new one and put it in {self.spelled.token}"
            )
        if not isinstance(status, str):
            raise make_complaint("status", "a text", status)
        text = read_message(answer) or f"status {status!r}"
        raise ServerSaid(clip_text(text.replace(self._token, HIDDEN), MESSAGE_LIMIT))

    def _must_use_form(self, error: ServerSaid) -> bool:
        """Whether a server before 15.0 did not see our token; from now on it will."""
        if self.is_old or not Message.TOKEN_MISSING.is_in(str(error)):
            return False
        self.is_old = True
        return True


def _find_end(sock: Any) -> float:
    """Of the certificate that the server showed, where we verify it; 0 where that is not told."""
    shown = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    return float(ssl.cert_time_to_seconds(str(shown["notAfter"]))) if shown else 0.0


E = TypeVar("E", bound=BaseException)


def _find_error(error: BaseException, kind: type[E]) -> E | None:
    """The one of that kind that it came from, or is."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, kind):
        cause = cause.__cause__ or cause.__context__
    return cause


def _is_distrust(error: RequestException) -> bool:
    """Whether a certificate was shown that we do not trust."""
    return "ingerprint" in str(error) or _find_error(error, ssl.SSLCertVerificationError) is not None


def _find_origin(location: str) -> str:
    """Scheme, host and port of where a redirect leads."""
    try:
        to = urlsplit(clip_text(location, NAME_LIMIT))
    except ValueError:
        return "an address that is none"
    return f"{to.scheme}://{to.netloc.rpartition('@')[2]}"


def _find_cause(error: BaseException) -> str:
    """What it came from, in the words of the system where we have none."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    if isinstance(error, ssl.SSLCertVerificationError):
        return explain_distrust(error)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
