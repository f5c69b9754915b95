"""The recipes of docs/operations.md, run as they are printed there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import catalyst
from catalyst.settings.database import parse_url
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.ports import free_port
from tests.processes import ROOT, Ended, Process, Syncer, environment, migrate, prepare, run, running, wait_until

pytestmark = [
    pytest.mark.timeout(120),  # a recipe starts many small processes
    pytest.mark.skipif(not shutil.which("curl"), reason="curl is missing"),
]

TOOLS = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
"""CI installs kubectl beside Python."""
ZONE = "talos00"
MANIFEST = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: grafana, namespace: monitoring}
spec: {rules: [{host: grafana.talos00}]}
"""


def recipe(name: str, language: str = "sh", page: str = "operations") -> str:
    text = (ROOT / "docs" / f"{page}.md").read_text()
    block = re.search(rf"^( *)```{language}\n *# recipe: {name}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    assert block, name
    return textwrap.dedent(block[2])


def follow(*names: str, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        ["sh", "-eu", "-c", "".join(map(recipe, names))],
        cwd=folder,
        env=environment({"HOME": str(folder), **variables}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sync(folder: Path, server: ServerUnderTest, token: str, *options: str, **variables: str) -> Ended:
    """One pass over the one Ingress."""
    manifests = folder / "manifests"
    manifests.mkdir(exist_ok=True)
    (manifests / "grafana.yaml").write_text(MANIFEST)
    migrate(folder)
    env = {
        "HOME": str(folder),
        "DATA_DIR": str(folder),
        "DNS_SERVER_URL": server.url,
        "DNS_API_TOKEN": token,
        "DNS_ZONE": ZONE,
        "DNS_IP_ADDRESS": "192.0.2.54",
        **variables,
    }
    return run(["manage.py", "runsyncer", "--once", "--manifests", str(manifests), *options], env)


def test_the_token_of_the_recipe_can_do_what_is_needed_and_no_more(technitium: ServerUnderTest, tmp_path: Path) -> None:
    technitium.make_zone(ZONE)
    technitium.make_zone("other.test")
    output = follow("token", folder=tmp_path, DNS=technitium.url, ADMIN=technitium.token, ZONE=ZONE)
    answers = [json.loads(line) for line in output.splitlines()]
    assert [answer["status"] for answer in answers] == ["ok"] * 4
    token = (answers[3].get("response") or answers[3])["token"]

    ended = sync(tmp_path, technitium, token)
    assert ended.code == 0, ended.err
    assert technitium.ask(f"grafana.{ZONE}") == ["192.0.2.54"]

    limited = ServerUnderTest(technitium.url, token, technitium.dns)
    for path, params in (
        ("zones/records/add", {"domain": "a.other.test", "type": "A", "ipAddress": "192.0.2.1"}),
        ("zones/create", {"zone": "new.test", "type": "Primary"}),
        ("zones/delete", {"zone": ZONE}),
    ):
        assert limited.call(path, params)["status"] == "error", path
    technitium.call("admin/users/delete", {"user": "catalyst-dns-sync"})


class Registry:
    """A syncer with what it needs, the API beside it, and a person who follows the recipes. It reads the
    folder ``manifests`` unless ``more``, which are further settings, names a cluster."""

    def __init__(self, folder: Path, server: ServerUnderTest, **more: str) -> None:
        self.folder = folder
        database = {"HOME": str(folder), "DATA_DIR": str(folder)}
        prepare(folder)
        token = run(["-m", "catalyst.cli", "create-token", "admin"], database)
        assert token.code == 0, token.err
        page = f"127.0.0.1:{free_port()}"
        self.variables = {"DNS": server.url, "TOKEN": server.token, "ZONE": ZONE, "API": f"http://{page}"}
        self.variables |= {"API_TOKEN": token.out.strip(), "WILDCARD": "any"}
        self.web = Process(["-m", "catalyst.cli", "web", "--bind", page], folder / "web.log", database)
        target = {"DNS_SERVER_URL": server.url, "DNS_API_TOKEN": server.token, "DNS_ZONE": ZONE}
        self.settings = {**target, "DNS_IP_ADDRESS": "192.0.2.54", "EXTERNAL_DNS_ANNOTATIONS": "true", **more}
        source = () if more.get("KUBECONFIG") else ("--manifests", str(folder / "manifests"))
        self.syncer = Syncer(folder, self.settings, *source)

    def follow(self, step: str) -> list[str]:
        return sorted(follow("external-dns", f"external-dns-{step}", folder=self.folder, **self.variables).splitlines())


@pytest.fixture
def registry(technitium: ServerUnderTest, tmp_path: Path) -> Iterator[Registry]:
    """external-dns made grafana and nas, and blog with an address of its own; loki is another external-dns'. The record
    of wiki is what we would write, but was made by hand. Nothing here names printer."""
    technitium.make_zone(ZONE)
    for name, owner, address in (
        ("grafana", "default", "192.0.2.54"),
        ("nas", "default", "192.0.2.54"),
        ("blog", "default", "192.0.2.9"),
        ("loki", "default-2", "192.0.2.54"),
        ("wiki", "", "192.0.2.54"),
        ("printer", "default", "192.0.2.7"),
    ):
        technitium.add(f"{name}.{ZONE}", "A", address, ttl=60)
        if owner:
            technitium.add(f"a-{name}.{ZONE}", "TXT", heritage(name, owner))
    technitium.add(f"grafana.{ZONE}", "TXT", heritage("grafana", "default"))
    technitium.add(f"a-gone.{ZONE}", "TXT", heritage("gone", "default"))
    technitium.add(f"mail.{ZONE}", "TXT", "v=spf1 -all")
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    for name in ("grafana", "nas", "blog", "loki", "wiki", "new"):
        (manifests / f"{name}.yaml").write_text(MANIFEST.replace("grafana", name))
    it = Registry(tmp_path, technitium)
    with running(it.syncer, it.web):
        it.web.says("Uvicorn running")
        it.syncer.ready()
        yield it


def heritage(name: str, owner: str) -> str:
    return f"heritage=external-dns,external-dns/owner={owner},external-dns/resource=ingress/monitoring/{name}"


def marked(server: ServerUnderTest) -> set[str]:
    return {row[0].partition(".")[0] for row in server.rows(ZONE) if row[4].startswith("catalyst-dns-sync/")}


def texts(server: ServerUnderTest) -> list[tuple[str, str]]:
    return [(name.partition(".")[0], value) for name, type, _, value, _ in server.rows(ZONE) if type == "TXT"]


def test_what_external_dns_owned_is_taken_over_and_nothing_else(
    technitium: ServerUnderTest, registry: Registry
) -> None:
    before = texts(technitium)
    listed = [line.split("\t")[:2] for line in registry.follow("list")]
    assert listed == [
        ["-", f"a-gone.{ZONE}"],
        [f"blog.{ZONE}", f"a-blog.{ZONE}"],
        [f"grafana.{ZONE}", f"a-grafana.{ZONE}"],
        [f"grafana.{ZONE}", f"grafana.{ZONE}"],
        [f"nas.{ZONE}", f"a-nas.{ZONE}"],
        [f"printer.{ZONE}", f"a-printer.{ZONE}"],
    ]
    assert marked(technitium) == {"new"}
    assert not [line for line in registry.follow("remove") if line.endswith("removed")]
    assert texts(technitium) == before

    assert registry.follow("adopt") == [
        "-: unwanted",
        f"blog.{ZONE}: conflict",
        f"grafana.{ZONE}: adopt",
        f"nas.{ZONE}: adopt",
        f"printer.{ZONE}: unwanted",
    ]
    wait_until(lambda: marked(technitium) == {"new", "grafana", "nas"}, 20, "the adoption")
    wait_until(lambda: f"nas.{ZONE}: synced" in registry.follow("adopt"), 20, "its being told")
    registry.follow("remove")
    assert [name for name, _ in texts(technitium)] == ["a-blog", "a-gone", "a-loki", "a-printer", "mail"]
    assert marked(technitium) == {"new", "grafana", "nas"}

    registry.syncer.stop()
    technitium.delete(f"a-blog.{ZONE}", "TXT", heritage("blog", "default"))
    for name in ("a-gone", "a-printer"):
        technitium.delete(f"{name}.{ZONE}", "TXT", heritage(name.removeprefix("a-"), "default"))
    registry.follow("return")
    assert texts(technitium) == before


def test_each_way_in_which_external_dns_names_its_records_is_understood(
    technitium: ServerUnderTest, tmp_path: Path
) -> None:
    technitium.make_zone(ZONE)
    for name in ("a-team", "a.b", "both", "aaaa-only", "*.apps", "old"):
        technitium.add(f"{name}.{ZONE}", "A", "192.0.2.54")
    mail = {"domain": f"old.{ZONE}", "type": "MX", "exchange": "mx.example", "preference": 10}
    technitium.ok("zones/records/add", mail)
    technitium.add(f"shop.{ZONE}", "CNAME", f"grafana.{ZONE}")
    for name in ("a-team", "a-a.b", "a-both", "cname-shop", "aaaa-only", "a-any.apps", "mx-old"):
        technitium.add(f"xdns-{name}.{ZONE}", "TXT", f'"{heritage(name, "default")}"')
    technitium.add(f"hand.{ZONE}", "TXT", "external-dns/owner=default is what it looks for")

    server = {"DNS": technitium.url, "TOKEN": technitium.token, "ZONE": ZONE, "API_TOKEN": ""}
    said = follow("external-dns", "external-dns-list", folder=tmp_path, PREFIX="xdns-", WILDCARD="any", **server)
    assert {line.split("\t")[0].partition(".talos00")[0] for line in said.splitlines()} == {
        "a-team",
        "a.b",
        "both",
        "shop",
        "aaaa-only",
        "*.apps",
        "old",
    }


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no git checkout")
def test_the_files_of_compose_are_read_by_containers_and_by_nobody_else(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "kubectl").write_text("#!/bin/sh\necho kubeconfig of $*\n")
    (tools / "kubectl").chmod(0o755)
    (tmp_path / "deploy").mkdir()
    follow("compose", folder=tmp_path, PATH=f"{tools}:{os.environ['PATH']}")

    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    files = [Path("deploy", secret["file"]) for secret in compose["secrets"].values()]
    assert len(files) == 6
    secrets = tmp_path / "deploy" / "secrets"
    password = (secrets / "postgres-password").read_text()
    assert len(password) >= 40
    url = (secrets / "database-url").read_text()
    assert url == f"postgresql://catalyst:{password}@postgres:5432/catalyst"
    assert parse_url(url)["PASSWORD"] == password
    for file in files:
        made = tmp_path / file
        assert made.stat().st_mode & 0o777 == 0o644
        assert made.parent.stat().st_mode & 0o777 == 0o700
    ignored = subprocess.run(["git", "check-ignore", *files, "deploy/kubeconfig"], cwd=ROOT, stdout=subprocess.PIPE)
    assert len(ignored.stdout.splitlines()) == len(files) + 1


def dry_make(target: str, **variables: str) -> str:
    env = environment({"HOME": "/nowhere", **variables})
    return subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl", path=TOOLS), reason="kubectl is missing")


def shell(command: str) -> str:
    env = environment({"PATH": TOOLS})
    return subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


@needs_kubectl
def test_the_overlay_of_several_targets_has_its_own_file_and_its_own_tokens(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    overlay = tmp_path / "deploy" / "overlays" / "home"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(recipe("targets-overlay", "yaml", "targets"))
    (overlay / "targets.yaml").write_text(recipe("targets", "yaml", "targets"))
    shown = [*yaml.safe_load_all(shell(f"kubectl kustomize {overlay}"))]
    (file,) = [it["data"]["targets.yaml"] for it in shown if "targets.yaml" in it.get("data", {})]
    (pod,) = [it["spec"]["template"]["spec"] for it in shown if _is_syncer(it)]
    (sources,) = [it["projected"]["sources"] for it in pod["volumes"] if it["name"] == "token"]
    tokens = [f"/run/secrets/technitium/{item['path']}" for source in sources for item in source["secret"]["items"]]
    assert [target["token_file"] for target in yaml.safe_load(file)["targets"]] == tokens


def _is_syncer(manifest: dict[str, Any]) -> bool:
    return (manifest["kind"], manifest["metadata"]["name"]) == ("Deployment", "catalyst-dns-sync")


def test_the_overlay_of_the_recipe_is_deployed_with_the_image_that_was_pushed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    overlay = tmp_path / "deploy" / "overlays" / "home"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(recipe("overlay", "yaml"))
    export = re.match("export (.+)\n", recipe("install"))
    assert export
    variables = dict(word.split("=") for word in export[1].split())
    assert tmp_path / variables["OVERLAY"] == overlay

    pushed = re.findall(r"^docker push (\S+)$", dry_make("push", **variables), re.MULTILINE)
    line = dry_make("deploy", **variables | {"OVERLAY": str(overlay)}).splitlines()[-1]
    rendering, _, applying = line.rpartition(" | ")
    assert applying == "kubectl apply --filename -"
    shown = shell(rendering)
    assert {*re.findall(r"^ *image: (\S+)$", shown, re.MULTILINE)} == {*pushed}
    assert "DNS_SERVER_URL: https://192.168.1.53:53443" in shown
    assert 'DRY_RUN: "true"' in shown


def test_what_was_pushed_is_deployed_by_its_digest(tmp_path: Path) -> None:
    digest = f"@sha256:{'0123456789abcdef' * 4}"
    names = (f"elsewhere:5000/catalyst-dns-sync{digest[:-1]}0", f"registry.example:5000/catalyst-dns-sync{digest}")
    engine = tmp_path / "docker"
    engine.write_text("#!/bin/sh\n" + "".join(f"echo {name}\n" for name in names))
    engine.chmod(0o755)
    variables = {"REGISTRY": "registry.example:5000", "PATH": f"{tmp_path}:{TOOLS}"}
    (pushed,) = re.findall(r"^docker push (\S+)$", dry_make("push", **variables), re.MULTILINE)
    assert f"#{pushed}{digest}#" in dry_make("deploy", **variables)
    engine.write_text("#!/bin/sh\nexit 1\n")
    assert f"#{pushed}#" in dry_make("deploy", **variables)


DIGESTS = [f"sha256:{number:064x}" for number in (10, 11, 12)]


def pin(text: str) -> str:
    """With a digest in the place of each that an example leaves out."""
    digests = iter(DIGESTS)
    return re.sub(r"sha256:\.\.\.", lambda _: next(digests), text)


@needs_kubectl
def test_the_overlay_of_the_docs_names_every_image_by_its_digest(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    overlay = tmp_path / "deploy" / "overlays" / "home"
    overlay.mkdir()
    whole = recipe("overlay", "yaml").replace("../migration", "../production") + pin(recipe("digests", "yaml"))
    (overlay / "kustomization.yaml").write_text(f"{whole}components: [../../fluent-bit]\n")
    shown = shell(f"kubectl kustomize {overlay}")
    assert {*re.findall(r"^ *-? *image: (\S+)$", shown, re.MULTILINE)} == {
        f"registry.example:5000/catalyst-dns-sync@{DIGESTS[0]}",
        f"docker.io/fluent/fluent-bit@{DIGESTS[1]}",
    }


def test_the_example_of_compose_names_every_image_by_its_digest() -> None:
    lines = pin((ROOT / "deploy" / "env.example").read_text()).splitlines()
    given = dict(line.split("=") for line in lines if not line.startswith("#"))
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    images = {
        name: re.sub(r"\$\{(\w+):-[^}]*\}", lambda found: given.pop(found[1]), service["image"])
        for name, service in services.items()
    }
    assert images == {
        "catalyst-dns-sync": f"localhost:5000/catalyst-dns-sync:{catalyst.__version__}@{DIGESTS[0]}",
        "technitium": f"docker.io/technitium/dns-server:15.2.0@{DIGESTS[1]}",
        "postgres": f"docker.io/library/postgres:17@{DIGESTS[2]}",
    }
    assert given == {}


@needs_kubectl
def test_the_patch_of_the_docs_lets_out_to_another_port(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    overlay = tmp_path / "deploy" / "overlays" / "home"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(recipe("overlay", "yaml") + recipe("api-port", "yaml"))
    objects = yaml.safe_load_all(shell(f"kubectl kustomize {overlay}"))
    (policy,) = [found for found in objects if found["kind"] == "NetworkPolicy"]
    to_servers = [rule for rule in policy["spec"]["egress"] if {"protocol": "TCP", "port": 7443} in rule["ports"]]
    assert to_servers == [
        {"to": [{"ipBlock": {"cidr": "192.168.1.10/32"}}], "ports": [{"protocol": "TCP", "port": 7443}]}
    ]


@needs_kubectl
def test_the_patch_of_the_docs_puts_the_release_on_what_its_operator_looks_for(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    overlay = tmp_path / "deploy" / "overlays" / "home"
    overlay.mkdir()
    whole = recipe("overlay", "yaml").replace("../migration", "../production") + recipe("release", "yaml")
    (overlay / "kustomization.yaml").write_text(whole)
    objects = yaml.safe_load_all(shell(f"kubectl kustomize {overlay}"))
    labels = [(found["kind"], found["metadata"].get("labels", {})) for found in objects]
    released = {kind for kind, its in labels if its.get("release") == "kube-prometheus-stack"}
    assert released == {"ServiceMonitor", "PrometheusRule"}


def test_each_uncommitted_edit_has_a_tag_of_its_own(tmp_path: Path) -> None:
    def git(*args: str) -> None:
        who = ["-c", "user.name=tests", "-c", "user.email=tests@example.test"]
        subprocess.run(["git", *who, *args], cwd=tmp_path, check=True, capture_output=True)

    def tag() -> str:
        command = ["make", "--dry-run", "push"]
        said = subprocess.run(command, cwd=tmp_path, env=environment(), check=True, capture_output=True, text=True)
        return said.stdout.rpartition(":")[2].strip()

    shutil.copy(ROOT / "Makefile", tmp_path)
    code, overlay = tmp_path / "catalyst" / "__init__.py", tmp_path / "overlay.yaml"
    code.parent.mkdir()
    code.write_text('__version__ = "1.2.3"\n')
    overlay.write_text("first")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "Begin")
    clean = tag()
    assert re.fullmatch("1.2.3-[0-9a-f]{7,}", clean)

    overlay.write_text("second")
    assert tag() == clean
    git("commit", "--quiet", "--all", "--message", "Change what is not in the image")
    assert tag() == clean

    tags = [clean]
    for text in ("first edit", "second edit"):
        code.write_text(f'__version__ = "1.2.3"\n# {text}\n')
        tags.append(tag())
    for text in ("first", "second"):
        (code.parent / "new.py").write_text(text)
        tags.append(tag())
    assert len({*tags}) == 5
    assert all(re.fullmatch(f"{clean}-dirty-[0-9a-f]{{8}}", each) for each in tags[1:])
