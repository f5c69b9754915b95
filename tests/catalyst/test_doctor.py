"""What the doctor finds in a set-up, well and ill."""

from __future__ import annotations

import email.utils
import hashlib
import os
import pty
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from catalyst.doctor import clock, dns_server, here, kubernetes, summarize_counts
from catalyst.doctor.finding import Finding, Level
from syncer.config import KubeConfig, TechnitiumConfig
from syncer.core.scope import Scope
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.technitium import Technitium
from tests.processes import ROOT, Ended, free_port, run
from tests.syncer.targets.technitium.test_client import make_certificate

ADMIN = "a-token-of-an-administrator-0123456789"


def doctor(folder: Path, *options: str, **variables: str) -> Ended:
    env = {"DATA_DIR": str(folder / "data"), "HOME": str(folder), **variables}
    return run(["-m", "catalyst.cli", "doctor", *options], env)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    env = {"DATA_DIR": str(folder / "data"), "HOME": str(folder)}
    assert run(["-m", "catalyst.cli", "prepare"], env).code == 0
    return folder


def production(
    technitium: ServerUnderTest, kubernetes: Cluster, token: str = "", zone: str = "talos00"
) -> dict[str, str]:
    return {
        "DNS_SERVER_URL": technitium.url,
        "DNS_API_TOKEN": token or technitium.token,
        "DNS_ZONE": zone,
        "DNS_IP_ADDRESS": "192.0.2.54",
        "KUBECONFIG": str(kubernetes.kubeconfig),
    }


def test_a_healthy_set_up_is_well_and_left_as_it_was(
    prepared: Path, technitium: ServerUnderTest, kubernetes: Cluster
) -> None:
    zone = technitium.make_zone("doctor.example")
    technitium.add(f"nas.{zone}", "A", "192.0.2.9")
    token = technitium.limited_token(zone)
    rows, serial = technitium.rows(zone), technitium.serial(zone)
    ended = doctor(prepared, **production(technitium, kubernetes, token, zone))
    assert (ended.code, ended.err) == (0, ""), ended.out
    *lines, last = ended.out.splitlines()
    assert last == "1 warning"
    assert [line for line in lines if not line.startswith("ok ")] == [
        "warning  DNS server  DNS_SERVER_URL is http: the token crosses the network unencrypted; use https"
    ]
    assert any(f"zone {zone} is there" in line for line in lines)
    assert any("ingresses.networking.k8s.io v1 may be read everywhere" in line for line in lines)
    assert any("answers and is up to date" in line for line in lines)
    assert token not in ended.out
    assert "\x1b" not in ended.out
    assert (technitium.rows(zone), technitium.serial(zone)) == (rows, serial)


def test_everything_ill_at_once_is_one_line_each(tmp_path: Path) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    gelf = f"tcp://127.0.0.1:{free_port()}"
    ended = doctor(
        tmp_path, DNS_SERVER_URL=away, DNS_API_TOKEN=ADMIN, DNS_ZONE="talos00", DNS_IP_ADDRESS="10.0.0.1",
        KUBECONFIG="/no/such/file", GELF_URL=gelf, DNS_ZONESS="x", PATH_="x",
    )  # fmt: skip
    assert ended.code == 1
    ill = [line for line in ended.out.splitlines() if not line.startswith("ok ")]
    assert [line.split("  ")[:1] + re.split(r"\s{2,}", line)[1:2] for line in ill[:-1]] == [
        ["warning", "settings"], ["problem", "database"], ["problem", "log"], ["problem", "DNS server"],
        ["problem", "Kubernetes"],
    ]  # fmt: skip
    assert "DNS_ZONESS is no setting and has no effect: was DNS_ZONES meant?" in ill[0]
    assert "run catalyst-dns-sync prepare" in ill[1]
    assert "Connection refused (check that it runs, that DNS_SERVER_URL is its address" in ill[3]
    assert "KUBECONFIG: cannot read /no/such/file" in ill[4]
    assert ill[-1] == "4 problems, 1 warning"
    assert ended.err == ""


def test_what_is_not_there_is_not_made(tmp_path: Path) -> None:
    options = ("--dev-mode", "--hosts-file", "none", "--manifests", str(tmp_path))
    ended = doctor(tmp_path, *options, BACKUP_DIR=str(tmp_path / "backups" / "daily"))
    lines = ended.out.splitlines()
    assert f"ok       folder      {tmp_path}/data is not there yet, and can be made" in lines
    assert f"ok       folder      {tmp_path}/backups/daily is not there yet, and can be made" in lines
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["BACKUP_DIR", "DATA_DIR"])
def test_a_folder_that_nobody_can_make_is_a_problem(name: str, tmp_path: Path, prepared: Path) -> None:
    options = ("--dev-mode", "--hosts-file", "none", "--manifests", str(tmp_path))
    ended = doctor(prepared, *options, **{name: "/proc/nope"})
    assert ended.code == 1
    text = f"/proc/nope cannot be made (No such file or directory): see {name}, and who owns the folder"
    assert f"problem  folder      {text}" in ended.out.splitlines()


def test_a_cluster_that_does_not_answer_comes_with_what_to_check(tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(KUBECONFIG % free_port())
    settings = Scope(zones=("talos00",), addresses=("192.0.2.54",))
    (text,) = problems(list(kubernetes.check_cluster(KubeConfig(kubeconfig=str(config)), settings, {})))
    assert text.endswith(
        "Connection refused (check that it runs, that KUBECONFIG names this cluster, and that no firewall or "
        "NetworkPolicy is between us)"
    )


KUBECONFIG = """
current-context: home
contexts: [{name: home, context: {cluster: home, user: ops}}]
clusters: [{name: home, cluster: {server: "http://127.0.0.1:%d"}}]
users: [{name: ops, user: {token: of-no-worth}}]
"""


def test_a_wrong_setting_is_the_first_thing_to_mend(tmp_path: Path) -> None:
    ended = doctor(tmp_path, RESYNC_INTERVAL="banana")
    assert ended.code == 1
    assert ended.out.startswith('problem  settings    RESYNC_INTERVAL is "banana": ')
    assert ended.out.count("\n") == 1


def test_a_hosts_file_and_a_folder_are_looked_at_instead(tmp_path: Path, prepared: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    options = ("--dev-mode", "--hosts-file", str(hosts), "--manifests")
    well = doctor(prepared, *options, str(tmp_path))
    assert (well.code, well.out.splitlines()[-1]) == (0, "all is well")
    assert hosts.read_text() == "127.0.0.1 localhost\n"
    hosts.unlink()
    ill = doctor(prepared, *options, str(tmp_path / "none"))
    assert ill.code == 1
    assert re.search(r"^problem  hosts file  .*does not exist", ill.out, re.MULTILINE)
    assert re.search(r"^problem  manifests   .*is not a folder that can be read", ill.out, re.MULTILINE)


def test_colours_are_for_a_terminal_only(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "catalyst.cli", "doctor"]
    for more, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        reader, writer = pty.openpty()
        env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "RESYNC_INTERVAL": "banana", **more}
        subprocess.run(command, env=env, cwd=ROOT, stdout=writer, stderr=writer, timeout=20, check=False)
        shown = os.read(reader, 10_000).decode()
        os.close(reader)
        os.close(writer)
        assert "problem" in shown
        assert ("\x1b[31m" in shown) is coloured


# The DNS server


def look(url: str, token: str, *zones: str, fingerprint: str = "") -> list[Finding]:
    config = TechnitiumConfig(url, token, fingerprint=fingerprint)
    return list(dns_server.check_server(config, zones or ("talos00",), {}))


def problems(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.level == "problem"]


@pytest.mark.parametrize(
    ("rights", "lacking"),
    [("true|false|false", "Modify and Delete"), ("true|true|false", "Delete"), ("true|false|true", "Modify")],
)
def test_a_token_that_may_not_write_is_found_out_without_a_write(
    technitium: ServerUnderTest, rights: str, lacking: str
) -> None:
    zone = technitium.make_zone("doctor.example")
    token = technitium.limited_token(zone, rights=rights)
    serial = technitium.serial(zone)
    assert problems(look(technitium.url, token, zone)) == [
        f"zone {zone}: the token's user lacks {lacking} on it: give it in the zone's permissions"
    ]
    assert technitium.serial(zone) == serial


@pytest.mark.double_only
@pytest.mark.parametrize("version", ["13.4", "14.3", "15.2"])
def test_every_version_can_be_looked_at(version: str) -> None:
    with Technitium(token=ADMIN, version=version) as server:
        server.tree.create("talos00")
        findings = look(server.url, ADMIN)
    assert problems(findings) == []
    texts = [finding.text for finding in findings]
    assert f"{server.url} answers, Technitium {version}" in texts
    assert any("may administer the whole server" in text for text in texts)
    assert any("talos00 is there" in text and "read, write and delete" in text for text in texts)


def test_zones_that_are_missing_or_disabled_are_named(technitium: ServerUnderTest) -> None:
    zone = technitium.make_zone("doctor.example")
    technitium.disable_zone(zone)
    missing, disabled = problems(look(technitium.url, technitium.token, "none.example", zone))
    assert "zone none.example is not on the server" in missing
    assert zone in missing
    assert "disabled" in disabled


def test_a_certificate_that_is_not_trusted_is_shown_by_its_fingerprint(tmp_path: Path) -> None:
    pem = make_certificate(tmp_path)
    certificate = ssl.PEM_cert_to_DER_cert((tmp_path / "cert.pem").read_text())
    digest = hashlib.sha256(certificate).hexdigest()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with Technitium(token=ADMIN, tls=context) as server:
        server.tree.create("talos00")
        (text,) = problems(look(server.url, ADMIN))
        shown = re.search(r"SHA-256 fingerprint ([0-9A-F:]{95}):", text)
        assert shown
        assert shown[1].replace(":", "").lower() == digest
        assert "set DNS_API_TLS_FINGERPRINT to it" in text
        assert problems(look(server.url, ADMIN, fingerprint=digest)) == []
        (text,) = problems(look(server.url, ADMIN, fingerprint="ab" * 32))
        assert shown[1] in text
        assert {request.path for request in server.requests.seen if request.path != "/"} > {"/api/zones/list"}


# The cluster


def read_cluster(cluster: Cluster, **scope: object) -> list[Finding]:
    settings = Scope(zones=("talos00",), addresses=("192.0.2.54",), **scope)  # type: ignore[arg-type]
    return list(kubernetes.check_cluster(KubeConfig(kubeconfig=str(cluster.kubeconfig)), settings, {}))


@pytest.mark.double_only
def test_a_kind_that_may_not_be_read_is_a_problem_and_one_that_is_missing_is_none(
    kubernetes_double: Callable[..., Cluster],
) -> None:
    cluster = kubernetes_double(without=["traefik.containo.us"])
    cluster.refuse("watch", "httproutes.gateway.networking.k8s.io")
    cluster.refuse("*", "namespaces")
    findings = read_cluster(cluster)
    routes, namespaces = problems(findings)
    assert routes.startswith(
        "httproutes.gateway.networking.k8s.io v1: our account may not watch it everywhere: a Cluster"
    )
    assert namespaces.startswith("namespaces v1: our account may not list and watch it in the cluster: a ClusterRole")
    assert "ingressroutes.traefik.containo.us is not installed; it is picked up within a minute of being installed" in [
        finding.text for finding in findings
    ]


@pytest.mark.double_only
def test_certificates_that_may_not_be_read_are_no_problem(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double()
    cluster.refuse("*", "certificates.cert-manager.io")
    (warning,) = [finding for finding in read_cluster(cluster) if finding.level is not Level.OK]
    assert warning.level is Level.WARNING
    assert warning.text == (
        "certificates.cert-manager.io v1: our account may not list and watch it everywhere: a ClusterRole must allow "
        "that, or CERTIFICATE_METRICS=false"
    )


@pytest.mark.double_only
def test_rights_are_asked_for_in_the_namespaces_that_are_watched(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double()
    cluster.refuse("list", "ingresses.networking.k8s.io", "media")
    assert problems(read_cluster(cluster, namespaces=("media", "monitoring"))) == [
        "ingresses.networking.k8s.io v1: our account may not list it in media: a Role must allow that"
    ]


# Clocks and files


@contextmanager
def clock_of(ahead: float) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(403)
            self.send_header("Date", email.utils.formatdate(time.time() + ahead, usegmt=True))
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("ahead", "level", "text"),
    [
        (0, "ok", "the DNS server and this machine agree within 1 s"),
        (300, "warning", "the clock of the DNS server is 300 s ahead of ours: keep both in time (NTP)"),
        (-90, "warning", "the clock of the DNS server is 90 s behind ours: keep both in time (NTP)"),
    ],
)
def test_clocks_that_differ_are_noticed(ahead: float, level: str, text: str) -> None:
    with clock_of(ahead) as url:
        (finding,) = clock.compare_clocks({"the DNS server": url, "nobody": f"http://127.0.0.1:{free_port()}"})
    assert finding.level == level
    assert re.sub(r"\d+ s (ahead|behind)", rf"{abs(ahead)} s \1", finding.text) == text
    assert level == "ok" or abs(int(re.findall(r"(\d+) s", finding.text)[0]) - abs(ahead)) <= 1


def test_a_volume_over_the_network_is_known_by_its_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"overlay / overlay rw 0 0\nnas:/x {tmp_path}/a\\040b nfs4 rw 0 0\n/dev/x {tmp_path}/a\\040b/c ext4 rw 0 0\n"
    )
    assert here.find_network_mount(tmp_path / "a b" / "db", str(mounts)) == "nfs4"
    assert here.find_network_mount(tmp_path / "a b" / "c" / "db", str(mounts)) == ""
    assert here.find_network_mount(tmp_path, str(mounts)) == ""


@pytest.mark.parametrize(
    ("problems", "warnings", "text"),
    [(0, 0, "all is well"), (1, 0, "1 problem"), (2, 1, "2 problems, 1 warning"), (0, 2, "2 warnings")],
)
def test_the_last_line_counts(problems: int, warnings: int, text: str) -> None:
    assert summarize_counts(problems, warnings) == text
