"""A folder of manifests instead of a cluster, from its files to DNS (product: section 7)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from records.models import Source, SyncStatus
from syncer.health import Health
from syncer.kube.manifests import ManifestFeed
from syncer.kube.store import Store
from syncer.loop import Loop
from syncer.target_loop import Setup
from syncer.wakeup import Wakeup
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ADDRESS, Engine, published

pytestmark = pytest.mark.double_only


def ingress(name: str, *hosts: str) -> str:
    rules = ", ".join(f"{{host: {host}.talos00}}" for host in hosts or (name,))
    kind = "apiVersion: networking.k8s.io/v1, kind: Ingress"
    return f"---\n{{{kind}, metadata: {{name: {name}}}, spec: {{rules: [{rules}]}}}}\n"


BROKEN = "spec: [\n"


class FolderEngine(Engine):
    """Reads a folder, and nothing else."""

    def __init__(self, server: ServerUnderTest, folder: Path) -> None:
        self.folder = folder
        super().__init__(server)

    def start(self, **changes: Any) -> None:
        super().start(**changes)
        self.cluster = Store(self.target_config.scope, assume_accepted=True)
        self.files = ManifestFeed(self.folder, self.cluster, clock=self.clock)
        self.health = Health(self.files.states, clock=self.clock)
        assert self.target
        wakeup = Wakeup()
        setup = Setup(self.target_config, self.cluster, self.target, wakeup)
        self.loop = Loop(self.config, self.files, [setup], self.ledger, self.health, wakeup, self.clock)
        (self.target_loop,) = self.loop.targets

    def write(self, **files: str) -> None:
        """An empty text removes the file."""
        for name, text in files.items():
            path = self.folder / f"{name}.yaml"
            path.write_text(text) if text else path.unlink()
        self.scan()

    def scan(self) -> None:
        self.files.scan_folder()
        self.files.scan_folder()
        self.full()

    def restart(self, **files: str) -> None:
        """The files change while nothing runs."""
        for name, text in files.items():
            path = self.folder / f"{name}.yaml"
            path.write_text(text) if text else path.unlink()
        self.start()
        self.scan()

    def readyz(self) -> tuple[int, list[str]]:
        answer = self.health.readyz()
        return answer.status, json.loads(answer.body)["warnings"]


@pytest.fixture
def folder(db: None, technitium: ServerUnderTest, tmp_path: Path) -> Iterator[FolderEngine]:
    engine = FolderEngine(technitium, tmp_path)
    engine.write(a=ingress("grafana") + ingress("blog"), b=ingress("nas"), c=ingress("wiki"))
    yield engine
    engine.close()


def names(technitium: ServerUnderTest) -> list[str]:
    return sorted(name for name, kind in published(technitium) if kind == "A")


def test_a_file_that_breaks_keeps_what_it_held_and_stops_nothing_else(
    folder: FolderEngine, technitium: ServerUnderTest
) -> None:
    assert names(technitium) == ["blog", "grafana", "nas", "wiki"]
    folder.write(a=BROKEN, b="", c=ingress("wiki", "wiki", "docs"))
    assert names(technitium) == ["blog", "docs", "grafana", "wiki"]
    status, (warning,) = folder.readyz()
    assert status == 200
    assert warning.startswith(f"cannot be read: {folder.folder / 'a.yaml'}: line 2: ")


def test_after_a_restart_what_no_file_explains_is_kept_with_the_file_as_the_reason(
    folder: FolderEngine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    broken = folder.folder / "a.yaml"
    with caplog.at_level(logging.WARNING):
        folder.restart(a=BROKEN)
    assert names(technitium) == ["blog", "grafana", "nas", "wiki"]
    assert [(folder.state(name), folder.state("nas")) for name in ("blog", "grafana")] == [("kept", "synced")] * 2
    assert folder.reason("blog").startswith(f"objects of its kind cannot be read now: it may be in {broken}: line 2: ")
    assert folder.readyz()[0] == 200
    assert SyncStatus.objects.get().warnings == folder.readyz()[1], "the start page and the API show them"
    assert any(
        message.startswith(f"{broken}: ") and message.endswith("records that no other file explains are kept")
        for message in caplog.messages
    )
    assert Source.objects.filter(name="blog").exists()

    folder.write(b="", c=ingress("wiki", "docs"))
    assert names(technitium) == ["blog", "docs", "grafana"], "what was in other files goes on"

    folder.write(a=ingress("grafana"))
    assert names(technitium) == ["docs", "grafana"]
    assert folder.readyz() == (200, [])
    assert not Source.objects.filter(name="blog").exists()


def test_a_broken_file_that_goes_takes_what_is_kept_for_it_along(
    folder: FolderEngine, technitium: ServerUnderTest
) -> None:
    folder.restart(a=BROKEN)
    folder.write(a="")
    assert names(technitium) == ["nas", "wiki"]


def test_nobody_takes_a_name_that_may_be_in_a_broken_file(folder: FolderEngine, technitium: ServerUnderTest) -> None:
    other = ingress("other", "blog").replace(
        "name: other", "name: other, annotations: {catalyst-dns-sync.io/target: 10.0.0.9}"
    )
    folder.restart(a=BROKEN, d=other)
    assert published(technitium)["blog", "A"] == [ADDRESS]


def test_a_template_says_so_and_can_be_left_out(folder: FolderEngine) -> None:
    folder.restart(t="{{- if .Values.ingress }}\n" + ingress("shop") + "{{- end }}\n")
    (warning,) = folder.readyz()[1]
    assert "t.yaml: it looks like a template to be rendered first (line 1: " in warning
    folder.start()
    folder.files = ManifestFeed(folder.folder, folder.cluster, excluded=["t.*"], clock=folder.clock)
    folder.files.scan_folder()
    assert {state.reason for state in folder.files.states()} == {""}
