"""The whole product with all its processes, between the doubles and a browser."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import gateway, http_route, ingress, ingress_route
from tests.fakes.kubernetes.resources import Manifest
from tests.fakes.kubernetes.server import ApiServer
from tests.fakes.technitium import Technitium
from tests.ports import free_port
from tests.processes import ADMIN_PASSWORD, Process, Syncer, prepare, running, wait_until
from tests.sessions.session import ADDRESS, PREFIX, accepted

ZONE, LAB, EDGE = "talos00", "home.lab", "edge.example.com"
PASSWORD = ADMIN_PASSWORD
APPS = (
    *("argocd", "authentik", "bookstack", "gitea", "grafana", "harbor", "homarr", "immich", "jellyfin", "keycloak"),
    *("loki", "longhorn", "mealie", "minio", "n8n", "netbox", "nextcloud", "paperless", "plex", "prometheus"),
)
CHROMIUM = shutil.which("chromium")
HEADLESS = shutil.which("chromium-headless-shell") or CHROMIUM
"""The same engine without what is around it loads a page in half the time."""
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-zygote", "--renderer-process-limit=1"),
    "--enable-features=RenderDocument:level/crashed-frame",
    "--js-flags=--no-opt --no-maglev --min-semi-space-size=16",
)
"""No page of a test lives for so long that a process of its own, or better code for its scripts, comes back. One that
takes the frame of the one before, instead of a new one, is there in three quarters of the time. Without the zygote the
browser waits for all its processes, so that ``tests.cpu`` counts them."""


class Stack:
    """Where everything is, and what can change it."""

    def __init__(self, web: Callable[[], Process], base: str, technitium: ServerUnderTest, cluster: Cluster) -> None:
        self._start_web = web
        self.web = web()
        self.base = base
        self.technitium = technitium
        self.cluster = cluster

    def start_web(self) -> None:
        """Once it was killed, on the same port."""
        self.web = self._start_web()

    def delete_together(self, manifests: Iterable[Manifest]) -> None:
        """So that they are gone at one look: of what goes one by one the guard lets the first ones through."""
        self.cluster.faults.away()
        for manifest in manifests:
            self.cluster.delete(manifest)
        self.cluster.faults.back()

    def answers(self, name: str, *values: str, type: str = "A", within: float = 10.0) -> float:
        """Wait for this answer of the DNS server, none at all without ``values``; returns the seconds."""
        start = time.monotonic()
        expected = sorted(values)

        def check() -> bool:
            found = self.technitium.ask(name, type)
            return found == expected if expected else found in ([], "NXDOMAIN")

        wait_until(check, within, f"{name} {type} {expected or 'no answer'}")
        return time.monotonic() - start

    def list_deletes(self, name: str) -> list[float]:
        """When the server was asked to delete something at the name, in seconds since the epoch. What is wanted comes
        back with the next full pass, which may be due before anyone has seen that it was gone."""
        log = self.technitium.requests
        return [asked.at for asked in log.copy() if "delete" in asked.path and asked.params.get("domain") == name]


def cast() -> Iterator[Manifest]:
    """What the cluster holds: thirty objects of every kind, among them the usual trouble."""
    for app in APPS:
        yield ingress(app, f"{app}.{ZONE}", namespace="apps")
    for app in ("cam", "garage", "heating", "lights"):
        yield ingress(app, f"{app}.{LAB}", namespace="house")
        yield ingress(f"edge-{app}", f"{app}.{EDGE}", namespace="edge")
    first = {"annotations": {f"{PREFIX}priority": "high"}}
    yield ingress("blog", f"blog.{ZONE}", namespace="web", **first)
    other = {"annotations": {f"{PREFIX}target": "192.0.2.80"}}
    yield ingress("blog-preview-of-the-redesign", f"blog.{ZONE}", f"preview.{ZONE}", namespace="web", **other)
    yield ingress("nas", f"nas.{ZONE}", namespace="storage")
    wrong = {"annotations": {f"{PREFIX}ttl": "a day", f"{PREFIX}owner": "the web team"}}
    yield ingress("shop", f"shop.{ZONE}", "shop.example.org", namespace="web", **wrong)
    yield ingress("elsewhere", "www.example.org", namespace="web")
    long = f"a-really-long-name-of-a-preview-environment-for-pull-request-12345.review-apps.{ZONE}"
    yield ingress("review-app-of-pull-request-12345", long, f"*.apps.{ZONE}", namespace="continuous-integration")
    yield ingress_route("traefik", f"Host(`traefik.{ZONE}`) || HostRegexp(`.+`)", namespace="traefik")
    yield gateway("main", "192.0.2.77", namespace="apps")
    yield accepted(http_route("api", f"api.{ZONE}", namespace="apps"))


@contextmanager
def stack(folder: Path, **settings: str) -> Iterator[Stack]:
    """``settings`` are of all its processes."""
    with ExitStack() as stay:
        double = stay.enter_context(Technitium(token=secrets.token_hex(32)))
        technitium = ServerUnderTest(double.url, double.token, double.dns, double)
        for zone in (ZONE, LAB, EDGE):
            technitium.make_zone(zone)
        technitium.add(f"nas.{ZONE}", "A", "192.0.2.66")
        technitium.add(f"plex.{ZONE}", "A", ADDRESS)
        server = ApiServer(namespace_delay=0.2).start()
        stay.callback(server.stop)
        cluster = Cluster(server.url, server.kubeconfig, server.back_door, server)
        for manifest in cast():
            cluster.create(manifest)
        web = f"127.0.0.1:{free_port()}"
        host, port = double.dns
        env = {
            "HOME": str(folder),
            "DATA_DIR": str(folder),
            "LOG_FORMAT": "text",
            "DNS_SERVER_URL": double.url,
            "DNS_API_TOKEN": double.token,
            "DNS_ZONES": f"{ZONE},{LAB},{EDGE}",
            "DNS_IP_ADDRESS": ADDRESS,
            "DNS_API_RATE_LIMIT": "200",
            "DNS_TEST_SERVERS": f"{host}:{port}",
            "MAX_DELETES_UNGUARDED": "2",
            "KUBECONFIG": str(cluster.kubeconfig),
            "WEB_BIND_ADDRESS": web,
            **settings,
        }
        prepare(folder, settings)
        logs = (folder / f"web-{number}.log" for number in count(1))

        def start_web() -> Process:
            return Process(["-m", "catalyst.cli", "web"], next(logs), env)

        site = Stack(start_web, f"http://{web}", technitium, cluster)
        stay.callback(lambda: site.web.kill())
        syncer = Syncer(folder, env)
        stay.enter_context(running(syncer))
        syncer.ready()
        site.web.says("running on http")
        yield site


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's own. Playwright's loop ends with it: Django refuses its database calls for as long as one runs."""
    assert HEADLESS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=HEADLESS, args=FLAGS)
        yield browser
        browser.close()
