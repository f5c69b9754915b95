"""What goes wrong on purpose: rules for the requests to come, and harm to the watches that are open."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar

from tests.fakes.kubernetes.errors import REASONS, ApiError
from tests.fakes.kubernetes.http import Connection
from tests.fakes.kubernetes.watch import Watch

if TYPE_CHECKING:
    from tests.fakes.kubernetes.server import ApiServer

P = ParamSpec("P")
T = TypeVar("T")
Effect = Literal["status", "body", "freeze", "slow", "end", "reset"]


@dataclass(slots=True)
class Rule:
    """``resource`` as "ingresses.networking.k8s.io", or a path for discovery; "" is every one. ``times``: how many
    requests it hits, None until it is lifted. ``later_pages``: only lists with a continue token."""

    effect: Effect
    verb: str = ""
    resource: str = ""
    times: int | None = None
    later_pages: bool = False
    code: int = 500
    retry_after: int | None = None
    seconds: float = 0.0
    text: str = ""

    def matches(self, verb: str, resource: str, later_page: bool) -> bool:
        return (
            self.times != 0
            and self.verb in ("", verb)
            and self.resource in ("", resource)
            and (later_page or not self.later_pages)
        )


def _on_loop(method: Callable[Concatenate[Faults, P], T]) -> Callable[Concatenate[Faults, P], T]:
    """Tests call from their own thread; everything that the server knows is touched in the thread of its loop."""

    def run(self: Faults, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._server.call(lambda: method(self, *args, **kwargs))

    return functools.update_wrapper(run, method)


class Faults:
    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._rules: list[Rule] = []
        self._frozen: list[Connection] = []

    @_on_loop
    def status(
        self,
        code: int,
        times: int | None = 1,
        verb: str = "",
        resource: str = "",
        retry_after: int | None = None,
        later_pages: bool = False,
        seconds: float | None = None,
    ) -> None:
        """Answer with ``code`` and a Status body; after ``seconds``, counted from now, no more."""
        rule = Rule("status", verb, resource, times, later_pages, code, retry_after)
        self._rules.append(rule)
        if seconds is not None:
            self._server.later(seconds, lambda: setattr(rule, "times", 0))

    @_on_loop
    def body(self, text: str, code: int = 502, times: int | None = 1, verb: str = "", resource: str = "") -> None:
        """Answer with a page of HTML, as a proxy in between does."""
        self._rules.append(Rule("body", verb, resource, times, code=code, text=text))

    @_on_loop
    def slow(self, seconds: float, times: int | None = None, verb: str = "", resource: str = "") -> None:
        self._rules.append(Rule("slow", verb, resource, times, seconds=seconds))

    @_on_loop
    def end_at_once(self, times: int | None = None, resource: str = "") -> None:
        """Watches answer 200 and end without an event."""
        self._rules.append(Rule("end", "watch", resource, times))

    @_on_loop
    def reset_requests(self, times: int | None = 1, verb: str = "", resource: str = "") -> None:
        """Cut the connection with a RST in place of an answer."""
        self._rules.append(Rule("reset", verb, resource, times))

    @_on_loop
    def freeze(self, verb: str = "", resource: str = "") -> None:
        """Accept requests and never answer. Watches that are open go silent, unless ``verb`` is another one."""
        self._rules.append(Rule("freeze", verb, resource))
        if verb in ("", "watch"):
            self._silence_watches(resource)

    @_on_loop
    def silence(self, resource: str = "") -> None:
        """No events and no bookmarks on the watches that are open; what happens meanwhile is lost to them."""
        self._silence_watches(resource)

    @_on_loop
    def reset_watches(self, resource: str = "") -> None:
        for watch in self._find_watches(resource):
            self._find_connection(watch).reset()

    @_on_loop
    def truncate_watches(self, resource: str = "") -> None:
        """Half of a chunk, then the end of the connection."""
        for watch in self._find_watches(resource):
            self._find_connection(watch).cut(b'{"type":"MODIFIED","object":{"metadata":{"na')

    @_on_loop
    def cut_watches(self, resource: str = "") -> None:
        """Close the connection without the last chunk."""
        for watch in self._find_watches(resource):
            self._find_connection(watch).cut()

    @_on_loop
    def end_watches(self, resource: str = "") -> None:
        """End as a real server does when its time is up."""
        for watch in self._find_watches(resource):
            watch.end()

    @_on_loop
    def fail_watches(self, code: int = 410, resource: str = "") -> None:
        """An ERROR event, then the end."""
        for watch in self._find_watches(resource):
            watch.fail(ApiError(code, f"asked for: {REASONS.get(code, 'an error')}"))

    @_on_loop
    def write_to_watches(self, line: str, resource: str = "") -> None:
        """Any text, such as a blank line or garbage, in the middle of the stream."""
        for watch in self._find_watches(resource):
            watch.wire.chunk(line.encode() + b"\n")

    @_on_loop
    def bookmark_watches(self, resource: str = "") -> None:
        for watch in self._find_watches(resource):
            watch.bookmark()

    @_on_loop
    def compact(self) -> None:
        """Forget old versions: continue tokens and watches that start before now get a 410."""
        self._server.store.compact()
        self._server.pages.expire()

    @_on_loop
    def expire_pages(self) -> None:
        """Only the continue tokens that were given out."""
        self._server.pages.expire()

    @_on_loop
    def away(self, seconds: float | None = None) -> None:
        """Stop listening and cut every connection, until ``back`` or for ``seconds``."""
        self._server.hang_up()
        if seconds is not None:
            self._server.later(seconds, self._server.pick_up)

    @_on_loop
    def back(self) -> None:
        self._server.pick_up()

    @_on_loop
    def clear(self) -> None:
        """Lift all rules. Connections that were frozen or silenced get a RST."""
        self._rules.clear()
        for connection in self._frozen:
            connection.reset()
        self._frozen.clear()
        self._server.pick_up()

    def take_rule(self, verb: str, resource: str, later_page: bool) -> Rule | None:
        """The first rule for this request, counted as used."""
        for rule in self._rules:
            if rule.matches(verb, resource, later_page):
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    def hold_connection(self, connection: Connection) -> None:
        self._frozen.append(connection)

    def strike_by_name(self, name: str, arguments: dict[str, Any]) -> None:
        """For POST /fake/faults."""
        method = getattr(self, name, None)
        if name.startswith("_") or name in ("take_rule", "hold_connection", "strike_by_name") or method is None:
            raise ApiError(400, f"there is no fault {name!r}")
        try:
            method(**arguments)
        except TypeError as e:
            raise ApiError(400, str(e)) from e

    def _find_watches(self, resource: str) -> list[Watch]:
        return [watch for watch in self._server.watches if resource in ("", str(watch.resource))]

    def _silence_watches(self, resource: str) -> None:
        for watch in self._find_watches(resource):
            watch.silent = True
            self._frozen.append(self._find_connection(watch))

    def _find_connection(self, watch: Watch) -> Connection:
        return self._server.watches[watch]
