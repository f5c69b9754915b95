"""``catalyst-dns-sync preview`` as a process, in a folder of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from catalyst.preview import format_answer
from syncer.preview import preview_documents
from tests import processes
from tests.processes import Ended
from tests.syncer.manifests import SCOPES, ingress
from tests.syncer.test_preview import TEMPLATE

pytestmark = pytest.mark.timeout(60)


def run(folder: Path, *arguments: str, stdin: str = "", **variables: str) -> Ended:
    return processes.run(["-m", "catalyst.cli", "preview", *arguments], variables, folder=folder, stdin=stdin)


TARGETS = """\
targets:
  - {name: lan, kind: hosts, path: a, zones: [example.com], addresses: [192.168.1.54]}
  - {name: public, kind: hosts, path: b, zones: [example.com], addresses: [203.0.113.7]}
  - {name: dmz, kind: hosts, path: c, zones: [example.com], addresses: [10.0.0.9], publish: {ingress_classes: [dmz]}}
"""
ON_BOTH = """\
shop.example.com  300  A  192.168.1.54  Ingress/default/s  on lan
shop.example.com  300  A  203.0.113.7   Ingress/default/s  on public

Skipped:
  on dmz: shop.example.com: ingress class "internal" is not in publish.ingress_classes of target dmz (Ingress/default/s)

2 records, 1 skipped, 0 in conflict, 0 warnings, 0 that cannot be read
"""


def test_it_shows_what_each_of_several_targets_gets_or_the_one_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "targets.yaml").write_text(TARGETS)
    (tmp_path / "shop.yaml").write_text(ingress("shop.example.com", name="s", spec="ingressClassName: internal"))
    lost = run(tmp_path, "--target", "dmz", "shop.yaml", TARGETS_FILE="targets.yaml")
    assert (lost.code, json.loads(lost.out)["records"]) == (3, [])
    told = run(tmp_path, "--text", "shop.yaml", TARGETS_FILE="targets.yaml")
    assert (told.code, told.out) == (0, ON_BOTH)
    wrong = run(tmp_path, "--target", "wan", "shop.yaml", TARGETS_FILE="targets.yaml")
    assert (wrong.code, wrong.err) == (1, "error: there is no target wan: give lan, public, dmz\n")


def test_the_command_says_by_its_exit_code_how_it_went(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(ingress("grafana.talos00"))
    good = run(tmp_path, "good.yaml")
    assert (good.code, good.err) == (0, "")
    assert json.loads(good.out)["records"][0]["values"] == ["192.168.1.54"]

    lost = run(tmp_path, "good.yaml", "-", stdin=ingress("x.example.org", name="b"))
    assert lost.code == 3
    assert json.loads(lost.out)["skipped"][0]["name"] == "x.example.org"
    zoned = run(tmp_path, "-", stdin=ingress("a.home.lab"), DNS_ZONE="home.lab", DNS_API_TOKEN_FILE="/none")
    assert zoned.code == 0
    addressless = run(tmp_path, "good.yaml", DNS_IP_ADDRESS="auto")
    assert (addressless.code, json.loads(addressless.out)["records"][0]["values"]) == (0, [])

    for arguments, row in (
        (("missing.yaml",), {"file": "missing.yaml", "document": 1, "reason": "No such file or directory"}),
        (("-",), {"file": "-", "document": 2, "reason": "line 4: did not find expected node content"}),
    ):
        ended = run(tmp_path, "good.yaml", *arguments, stdin="a: 1\n---\n[")
        answer = json.loads(ended.out)
        assert (ended.code, answer["unreadable"], ended.err) == (1, [row], "")
        assert len(answer["records"]) == 1
    wrong = run(tmp_path, "good.yaml", DNS_IP_ADDRESS="256.1.1.1")
    assert wrong.code == 1
    assert wrong.err.startswith('error: DNS_IP_ADDRESS is "256.1.1.1"')
    assert {path.name for path in tmp_path.iterdir()} == {"good.yaml"}


def test_files_and_folders_are_read_to_their_leaves(tmp_path: Path) -> None:
    charts = tmp_path / "apps" / "charts" / "templates"
    charts.mkdir(parents=True)
    (charts / "ingress.yaml").write_text(TEMPLATE)
    (tmp_path / "apps" / "b.yml").write_text(ingress("b.talos00", name="b"))
    (tmp_path / "apps" / ".hidden.yaml").write_text(ingress("h.talos00", name="h"))
    (tmp_path / "a.yaml").write_text(ingress("bücher.talos00", name="a"))
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe4")
    both = run(tmp_path, "apps", "a.yaml", "latin.yaml")
    answer = json.loads(both.out)
    assert both.code == 1
    assert [row["name"] for row in answer["records"]] == ["b.talos00", "xn--bcher-kva.talos00"]
    assert [row["file"] for row in answer["unreadable"]] == ["apps/charts/templates/ingress.yaml", "latin.yaml"]
    assert "template to be rendered first" in answer["unreadable"][0]["reason"]

    told = run(tmp_path, "--text", "apps", "a.yaml", MANIFESTS_EXCLUDE="templates, *.txt", LC_ALL="C")
    assert told.code == 0
    assert told.out == (
        "b.talos00       300  A  192.168.1.54  Ingress/default/b\n"
        "bücher.talos00  300  A  192.168.1.54  Ingress/default/a\n"
        "\n2 records, 0 skipped, 0 in conflict, 0 warnings, 0 that cannot be read\n"
    )
    empty = run(tmp_path, "apps/charts", MANIFESTS_EXCLUDE="templates")
    assert empty.code == 0
    assert empty.err == "warning: apps/charts: no file in it is called *.yaml, *.yml or *.json\n"


def test_a_file_whose_name_is_no_text_can_be_found_again(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.yaml")
    (tmp_path / name).write_text("a: [")
    (row,) = json.loads(run(tmp_path, ".").out)["unreadable"]
    assert row["file"] == f"./{name}"


def test_a_person_is_told_everything(tmp_path: Path) -> None:
    texts = [
        ("a.yaml", ingress("a.talos00", "x.example.org") + "\nkind: Deployment\napiVersion: apps/v1\n"),
        ("b.yaml", ingress("a.talos00", name="b", target="10.0.0.9", color="red")),
        ("t.yaml", TEMPLATE),
        ("s.yaml", "{apiVersion: v2, kind: Namespace, metadata: {name: web}}"),
    ]
    lines = "".join(format_answer(preview_documents(texts, SCOPES))).splitlines()
    assert lines[0] == "a.talos00  300  A  10.0.0.9  Ingress/default/b"
    assert [line for line in lines if line.endswith(":")] == [
        "Skipped:",
        "In conflict:",
        "Warnings:",
        "Cannot be read:",
        "Passed over:",
    ]
    for words in (
        "  the object: Namespace of v2 is not read: write apiVersion: v1, kind: Namespace (Namespace//web)",
        "  x.example.org: outside every managed zone (Ingress/default/grafana)",
        "  a.talos00: not for Ingress/default/grafana: Ingress/default/b has the name: it has a target of its own",
        "  Ingress/default/b: annotation catalyst-dns-sync.io/color is not known",
        "  1 Deployment",
    ):
        assert words in lines
    assert lines[-1] == "1 record, 2 skipped, 1 in conflict, 1 warning, 1 that cannot be read"


def test_nothing_in_a_manifest_reaches_the_terminal_as_it_is() -> None:
    text = '{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "\\u001b[31m"},'
    shown = "".join(
        format_answer(preview_documents([("\x1b.yaml", text + '"spec": {"rules": [{"host": "a.org"}]}}')], SCOPES))
    )
    assert "\x1b" not in shown
    assert "Ingress/default/?[31m" in shown
