"""The server itself: it listens, decides who answers a request, and runs in a thread of a test or in a process."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import socket
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from tests.fakes.kubernetes import certificates, control, discovery
from tests.fakes.kubernetes.access import Access, Refusal
from tests.fakes.kubernetes.api import Call
from tests.fakes.kubernetes.certificates import kubeconfig_for
from tests.fakes.kubernetes.errors import REASONS, ApiError
from tests.fakes.kubernetes.faults import Faults, Rule
from tests.fakes.kubernetes.http import Connection, Request
from tests.fakes.kubernetes.loading import load_yaml, put_manifest
from tests.fakes.kubernetes.pages import Pages
from tests.fakes.kubernetes.resources import Catalog
from tests.fakes.kubernetes.routes import Route, find_route
from tests.fakes.kubernetes.store import Store
from tests.fakes.kubernetes.watch import Watch

T = TypeVar("T")


class ApiServer:
    """A Kubernetes API server on 127.0.0.1.

    ``token``: the bearer token that is required. ``tls``: serve HTTPS, with certificates made for it; a client
    certificate is then as good as the token, and one of the two is required. ``without``: custom groups that are not
    installed. Times are in seconds. ``start`` and ``stop`` run it in a thread, ``serve`` in the one of the caller.

    ``back_door`` is a second address of plain HTTP, without token, rights, faults or counting, which stays open while
    the server is "away": there a test changes the cluster without being noticed.
    """

    def __init__(
        self,
        port: int = 0,
        token: str = "",
        tls: bool = False,
        without: Iterable[str] = (),
        bookmark_period: float = 60.0,
        namespace_delay: float = 5.0,
        history: int = 10_000,
        kubeconfig: Path | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kubernetes-")
        folder = Path(self._folder.name)
        self._certificates = certificates.make_certificates(folder) if tls else None
        self._ssl = self._certificates.make_context() if self._certificates else None
        self.access = Access(token, certificates=tls)
        self.catalog = Catalog(without)
        self.pages = Pages()
        self.store = Store(self.catalog, self.later, history, namespace_delay)
        self.bookmark_period = bookmark_period
        self.faults = Faults(self)
        self.watches: dict[Watch, Connection] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.connections: set[Connection] = set()
        self._back_connections: set[Connection] = set()
        self.loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._listening: asyncio.Server | None = None
        self._socket: socket.socket | None = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port: int = self._socket.getsockname()[1]
        self._back_socket = socket.create_server(("127.0.0.1", 0))
        self.back_door = f"http://127.0.0.1:{self._back_socket.getsockname()[1]}"
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.kubeconfig = kubeconfig or folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(kubeconfig_for(self.url, token, self._certificates), indent=2) + "\n")
        self.kubeconfig.chmod(0o600)

    def start(self) -> ApiServer:
        self._thread = threading.Thread(target=self._run_loop, name="kubernetes-double", daemon=True)
        self._thread.start()
        self._ready.wait(10)
        return self

    def stop(self) -> None:
        if self._thread:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(5)
            self._thread = None
        self._folder.cleanup()

    def serve(self) -> None:
        """Run in this thread until ``loop.stop`` is called."""
        self._run_loop()
        self._folder.cleanup()

    def call(self, work: Callable[[], T]) -> T:
        """Do ``work`` in the thread of the loop and wait for its result."""
        if self._thread is None or threading.get_ident() == self._thread.ident:
            return work()
        result: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            try:
                result.set_result(work())
            except Exception as e:
                result.set_exception(e)

        self.loop.call_soon_threadsafe(run)
        return result.result(10)

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        self.loop.call_later(seconds, work)

    def install(self, group: str, versions: Iterable[str] = ()) -> None:
        """The CRDs of ``group`` appear, in all their versions or in those named."""
        self.call(lambda: self.catalog.install(group, versions))

    def remove(self, group: str) -> None:
        """The CRDs of ``group`` go, with their objects; watches end and the group answers 404."""
        self.call(lambda: self.store.remove(group))

    def refuse(self, verb: str, resource: str, namespace: str | None = None) -> None:
        """Take a right away: 403 from now on. ``namespace``: None everywhere, "" only at the cluster scope."""
        self.call(lambda: self.access.refusals.append(Refusal(verb, resource, namespace)))

    def allow(self) -> None:
        """Give all rights back."""
        self.call(self.access.refusals.clear)

    def require_tokens(self, *tokens: str) -> None:
        """Take these bearer tokens and no other from now on; open watches stay."""
        self.call(lambda: setattr(self.access, "tokens", set(tokens)))

    def load(self, path: Path) -> int:
        """Put the manifests of a file, or of the .yaml, .yml and .json files below a folder; gives their number."""
        endings = (".yaml", ".yml", ".json")
        files = sorted(f for f in path.rglob("*") if f.suffix in endings) if path.is_dir() else [path]
        documents = [document for file in files for document in load_yaml(file.read_bytes())]
        manifests = [m for d in documents for m in (d["items"] if d.get("kind") == "List" else [d])]
        for manifest in manifests:
            self.call(lambda m=manifest: put_manifest(self, m))  # type: ignore[misc]
        return len(manifests)

    def requests(self) -> Counter[tuple[str, str]]:
        """How many requests came, by verb and resource ("ingresses.networking.k8s.io", or a path for discovery)."""
        return self.call(self.counts.copy)

    def hang_up(self) -> None:
        """Stop listening and cut what is open."""
        if self._listening:
            self._listening.close()
            self._listening = None
        if self._socket:
            self._socket.close()
            self._socket = None
        for connection in tuple(self.connections):
            connection.reset()

    def pick_up(self) -> None:
        """Listen again on the same port."""
        if self._listening is None and self._socket is None:
            self._socket = socket.create_server(("127.0.0.1", self.port), backlog=512)
            self.loop.create_task(self._start_listening())

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._start_listening())
        back_door = self.loop.run_until_complete(
            self.loop.create_server(
                lambda: Connection(self._handle_unseen, self._back_connections), sock=self._back_socket
            )
        )
        self._ready.set()
        try:
            self.loop.run_forever()
        finally:
            self.hang_up()
            back_door.close()
            for connection in tuple(self._back_connections):
                connection.reset()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()

    async def _start_listening(self) -> None:
        listening, self._socket = self._socket, None
        if listening is None:
            return
        self._listening = await self.loop.create_server(
            lambda: Connection(self._handle_request, self.connections), sock=listening, ssl=self._ssl, backlog=512
        )

    def _handle_request(self, request: Request, connection: Connection) -> None:
        try:
            if request.path.startswith("/fake/"):
                control.answer_control(self, request, connection)
                return
            found = find_route(self.catalog, request)
            verb, resource = (found.verb, str(found.resource)) if found else (request.method.lower(), request.path)
            if found and found.subresource:
                resource = resource.replace(found.resource.plural, f"{found.resource.plural}/{found.subresource}", 1)
            self.counts[verb, resource] += 1
            rule = self.faults.take_rule(verb, resource, "continue" in request.query)
            if rule is None:
                self._answer(request, connection, found)
            else:
                self._apply_rule(rule, request, connection, found)
        except ApiError as e:
            self._refuse_request(connection, e)

    def _handle_unseen(self, request: Request, connection: Connection) -> None:
        try:
            if request.path.startswith("/fake/"):
                control.answer_control(self, request, connection)
            else:
                self._do_request(request, connection, find_route(self.catalog, request))
        except ApiError as e:
            self._refuse_request(connection, e)

    def _answer(self, request: Request, connection: Connection, found: Route | None) -> None:
        try:
            if request.path in ("/healthz", "/livez", "/readyz"):
                connection.answer(200, b"ok", "text/plain; charset=utf-8")
                return
            self.access.check_identity(request.headers.get("authorization", ""), connection.has_certificate())
            if found:
                self.access.check_right(found.verb, found.resource, found.subresource, found.namespace, found.name)
            self._do_request(request, connection, found)
        except ApiError as e:
            self._refuse_request(connection, e)

    def _do_request(self, request: Request, connection: Connection, found: Route | None) -> None:
        if found:
            Call(self, request, connection, found).run()
        elif (answer := discovery.answer_discovery(self.catalog, request.path)) is not None:
            connection.json(200, answer)
        else:
            connection.answer(404, b"404 page not found\n", "text/plain; charset=utf-8")

    def _refuse_request(self, connection: Connection, error: ApiError, retry_after: int | None = None) -> None:
        connection.json(error.code, error.status(), {} if retry_after is None else {"Retry-After": str(retry_after)})

    def _apply_rule(self, rule: Rule, request: Request, connection: Connection, found: Route | None) -> None:
        match rule.effect:
            case "status":
                error = ApiError(rule.code, f"asked for: {REASONS.get(rule.code, 'an error')}")
                self._refuse_request(connection, error, rule.retry_after)
            case "body":
                connection.answer(rule.code, rule.text.encode(), "text/html")
            case "slow":
                self.later(rule.seconds, lambda: self._answer(request, connection, found))
            case "freeze":
                self.faults.hold_connection(connection)
            case "end":
                connection.begin()
                connection.finish()
            case "reset":
                connection.reset()
