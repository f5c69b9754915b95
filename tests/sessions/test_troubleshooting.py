"""Why a name is not there: for each row of the table in docs/operations.md its page says so in words, with the next
step."""

from __future__ import annotations

import html
import http.cookiejar
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from tests.browser.stack import ZONE, Stack, stack
from tests.fakes.kubernetes.manifests import gateway, ingress, ingress_route, listener_set, route, service
from tests.fakes.kubernetes.resources import Manifest
from tests.processes import ADMIN_PASSWORD, wait_until
from tests.sessions.session import PREFIX, accepted

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(180)]

DOCS = Path(__file__).parents[2] / "docs/operations.md"


class Case(NamedTuple):
    """``row`` is what the first cell of the docs has in it; ``label`` of the name; ``says`` is on its page: the reason,
    and what to do."""

    row: str
    label: str
    manifests: tuple[Manifest, ...]
    says: tuple[str, ...]


def attach(kind: str, label: str, /, *, is_accepted: bool = True, **parent: str) -> Manifest:
    manifest = route(kind, label, f"{label}.{ZONE}", parent=parent, namespace="net")
    return accepted(manifest) if is_accepted else manifest


SET = {"group": "gateway.networking.k8s.io", "kind": "ListenerSet"}
FORMER_SET = {"group": "gateway.networking.x-k8s.io", "kind": "XListenerSet"}
CASES = (
    Case(
        "is not published",
        "secret",
        (ingress("secret", f"secret.{ZONE}", namespace="web"),),
        ("Ingress/web/secret mentions the name, and it is not published", "EXCLUDE_NAMES"),
    ),
    Case(
        "State *conflict*",
        "nas",
        (),
        ("cannot be written: the zone has 192.0.2.66", "Replace with ours", "Keep theirs"),
    ),
    Case(
        "State *foreign*", "plex", (), ("is in DNS, but is not ours", "replace it to make it ours", "Replace with ours")
    ),
    Case(
        "Traefik makes no router of this rule",
        "flawed",
        (ingress_route("flawed", f"Host(`flawed.{ZONE}`) && ClientIP(`nonsense`)", namespace="web"),),
        ("Traefik makes no router of this rule", "Correct what that names: until then Traefik answers 404"),
    ),
    Case(
        "read in the syntax of Traefik 2",
        "second",
        (ingress_route("second", f"Host(`second.{ZONE}`, `other.{ZONE}`)", namespace="web"),),
        ("read in the syntax of Traefik 2", "set TRAEFIK_RULE_SYNTAX=v2, on Traefik 3 correct the rule"),
    ),
    Case(
        "no address yet",
        "waits",
        (service("waits", namespace="web", annotations={f"{PREFIX}hostname": f"waits.{ZONE}"}),),
        ("no address yet", "look at the status of that Service"),
    ),
    Case(
        "takes no TLSRoutes on that listener",
        "secure",
        (gateway("edge", "192.0.2.77", namespace="net"), attach("TLSRoute", "secure", name="edge", sectionName="web")),
        ("Gateway net/edge takes no TLSRoutes on that listener", "Name another listener as sectionName"),
    ),
    Case(
        "which does not allow ListenerSets from namespace",
        "closed",
        (listener_set("closed", gateway="edge", namespace="net"), attach("HTTPRoute", "closed", name="closed", **SET)),
        ("Gateway net/edge, which does not allow ListenerSets from namespace net", "spec.allowedListeners"),
    ),
    Case(
        "has not been accepted yet",
        "unheard",
        (
            gateway("open", "192.0.2.78", namespace="net", allowedListeners={"namespaces": {"from": "All"}}),
            {**listener_set("unheard", gateway="open", namespace="net"), "status": {}},
            attach("HTTPRoute", "unheard", name="unheard", **SET),
        ),
        ("ListenerSet net/unheard has not been accepted yet", "Look at its status with kubectl describe"),
    ),
    Case(
        "has not accepted the route yet",
        "unjudged",
        (attach("HTTPRoute", "unjudged", is_accepted=False, name="edge"),),
        ("Gateway net/edge has not accepted the route yet", "Look at the status of the route"),
    ),
    Case(
        "parents of kind XListenerSet are not read",
        "early",
        (attach("HTTPRoute", "early", name="early", **FORMER_SET),),
        ("parents of kind XListenerSet are not read", "write group: gateway.networking.k8s.io, kind: ListenerSet"),
    ),
    Case(
        "No line about the object at all",
        "unread",
        (),
        ("SOURCES leaves out", "UDPRoute", "Compare the kind, namespace"),
    ),
    Case(
        "State *synced*, and the server answers right",
        "grafana",
        (),
        ("is in DNS, written by us", "or has an old answer for up to 300 s", f"dig grafana.{ZONE} A @127.0.0.1 -p"),
    ),
)


class Reader:
    """Someone who is logged in, and has no scripts."""

    def __init__(self, site: Stack) -> None:
        self._base = site.base
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', self.open("/admin/login/"))
        assert token
        self.open("/admin/login/", csrfmiddlewaretoken=token[1], username="admin", password=ADMIN_PASSWORD)

    def open(self, path: str, **form: str) -> str:
        with self._opener.open(self._base + path, urlencode(form).encode() if form else None) as page:
            return str(page.read().decode())

    def read(self, label: str) -> str:
        """The text of the page of the name."""
        page = self.open(f"/ui/names/{label}.{ZONE}/?ask=1")
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2])).split())


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    settings = {"EXCLUDE_NAMES": "^secret", "SOURCES": "Ingress,IngressRoute,Service,HTTPRoute,TLSRoute"}
    with stack(tmp_path_factory.mktemp("why"), **settings) as site:
        for case in CASES:
            for manifest in case.manifests:
                site.cluster.create(manifest)
        yield Reader(site)


def list_rows() -> list[str]:
    """The first cell of each row."""
    section = DOCS.read_text().partition("### A name does not resolve\n")[2].partition("\n### ")[0]
    return [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")][2:]


def test_each_row_of_the_docs_is_tried_here() -> None:
    assert [case.row in row for case, row in zip(CASES, list_rows(), strict=True)] == [True] * len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_the_page_of_the_name_says_why_and_what_to_do(reader: Reader, case: Case) -> None:
    text = ""

    def is_told() -> bool:
        nonlocal text
        text = reader.read(case.label)
        return all(words in text for words in case.says)

    try:
        wait_until(is_told, what=f"{case.says} on the page")
    finally:
        print(text)  # shown when the test failed
