import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syncer.core.kinds import KINDS
from syncer.core.scope import Scope
from syncer.kube.feed import WatchState
from syncer.kube.manifests import ManifestFeed
from syncer.kube.store import Store
from tests.syncer.core.cast_services import headless, pod, slice_of

SCOPE = Scope(zones=("talos00", "home.lab"), addresses=("192.168.1.54",))
EXAMPLES = Path(__file__).parents[3] / "examples" / "manifests"


def ingress(name: str, host: str = "", *, api_version: str = "networking.k8s.io/v1") -> str:
    return f"""\
apiVersion: {api_version}
kind: Ingress
metadata:
  name: {name}
  creationTimestamp: 2026-01-02T03:04:05Z
spec:
  rules:
    - host: {host or f"{name}.talos00"}
"""


@pytest.fixture
def store() -> Store:
    return Store(SCOPE, assume_accepted=True)


@pytest.fixture
def feed(tmp_path: Path, store: Store) -> ManifestFeed:
    return ManifestFeed(tmp_path, store)


def settle(feed: ManifestFeed) -> None:
    """A scan that sees what has changed, and one that sees that it has stayed the same."""
    feed.scan_folder()
    feed.scan_folder()


def names(store: Store) -> list[str]:
    return sorted(store.names())


def reason(feed: ManifestFeed) -> str:
    (only,) = {state.reason for state in feed.states()}
    return only


def test_a_folder_is_read_by_the_first_scan(tmp_path: Path, store: Store, feed: ManifestFeed) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "grafana.yaml").write_text(ingress("grafana") + "---\napiVersion: v1\nkind: ConfigMap\n")
    (tmp_path / "deep" / "er" / "blog.yml").write_text(ingress("blog"))
    (tmp_path / "nas.json").write_text(
        '{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "nas"},'
        ' "spec": {"rules": [{"host": "nas.home.lab"}]}}'
    )
    (tmp_path / "notes.txt").write_text(ingress("notes"))
    (tmp_path / ".grafana.yaml").write_text(ingress("hidden"))
    assert not any(state.known for state in feed.states())
    feed.scan_folder()
    assert names(store) == ["blog.talos00", "grafana.talos00", "nas.home.lab"]
    assert [state.kind for state in feed.states()] == list(KINDS)
    assert {state.state for state in feed.states()} == {WatchState.WATCHING}
    assert all(state.known and state.heard_at for state in feed.states())
    assert {state.kind.kind: state.objects for state in feed.states() if state.objects} == {"Ingress": 3}


def test_an_edit_counts_once_the_file_stays_the_same(tmp_path: Path, store: Store, feed: ManifestFeed) -> None:
    file = tmp_path / "grafana.yaml"
    file.write_text(ingress("grafana"))
    feed.scan_folder()
    file.write_text("")
    feed.scan_folder()
    assert names(store) == ["grafana.talos00"]
    file.write_text(ingress("grafana", "metrics.talos00"))
    feed.scan_folder()
    assert names(store) == ["grafana.talos00"]
    feed.scan_folder()
    assert names(store) == ["metrics.talos00"]


def test_a_file_that_stays_empty_or_goes_takes_its_objects_along(
    tmp_path: Path, store: Store, feed: ManifestFeed
) -> None:
    for name in ("grafana", "blog", "nas"):
        (tmp_path / f"{name}.yaml").write_text(ingress(name))
    feed.scan_folder()
    (tmp_path / "grafana.yaml").write_text("")
    (tmp_path / "blog.yaml").unlink()
    feed.scan_folder()
    assert names(store) == ["blog.talos00", "grafana.talos00", "nas.talos00"]
    feed.scan_folder()
    assert names(store) == ["nas.talos00"]


def test_a_file_that_is_away_for_a_moment_loses_nothing(tmp_path: Path, store: Store, feed: ManifestFeed) -> None:
    file = tmp_path / "grafana.yaml"
    file.write_text(ingress("grafana"))
    feed.scan_folder()
    file.rename(tmp_path / "grafana.yaml~")
    feed.scan_folder()
    (tmp_path / "grafana.yaml~").rename(file)
    store.take()
    settle(feed)
    assert store.take() == (set(), {})


def test_saving_a_file_as_it_was_touches_nothing(tmp_path: Path, store: Store, feed: ManifestFeed) -> None:
    file = tmp_path / "grafana.yaml"
    file.write_text(ingress("grafana"))
    feed.scan_folder()
    store.take()
    file.write_text(ingress("grafana"))
    settle(feed)
    assert store.take() == (set(), {})


def test_a_broken_file_keeps_its_objects_and_stops_no_other(
    tmp_path: Path, store: Store, feed: ManifestFeed, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "grafana.yaml"
    file.write_text(ingress("grafana"))
    feed.scan_folder()
    file.write_text("spec:\n  rules: [\n")
    (tmp_path / "blog.yaml").write_text(ingress("blog"))
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            feed.scan_folder()
    assert names(store) == ["blog.talos00", "grafana.talos00"]
    assert reason(feed).startswith(f"{file}: line 3: ")
    assert {(state.state, state.known) for state in feed.states()} == {(WatchState.WATCHING, True)}
    assert len(caplog.messages) == 1
    file.write_text(ingress("grafana"))
    with caplog.at_level(logging.INFO):
        settle(feed)
    assert reason(feed) == ""
    assert caplog.messages[1:] == [f"{file} can be read again"]


def test_what_was_never_readable_leaves_the_folder_unknown(tmp_path: Path, store: Store, feed: ManifestFeed) -> None:
    (tmp_path / "blog.yaml").write_text(ingress("blog"))
    (tmp_path / "grafana.yaml").write_text("{")
    feed.scan_folder()
    assert names(store) == ["blog.talos00"]
    assert not any(state.known for state in feed.states())
    (tmp_path / "grafana.yaml").write_text(ingress("grafana"))
    settle(feed)
    assert all(state.known for state in feed.states())


@pytest.mark.parametrize(("content", "place"), [(b"\xff\xfea: b", 1), (b"a: \xe4", 4)])
def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path, feed: ManifestFeed, content: bytes, place: int) -> None:
    (tmp_path / "grafana.yaml").write_bytes(content)
    feed.scan_folder()
    assert reason(feed) == f"{tmp_path / 'grafana.yaml'}: byte {place} is not UTF-8"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, store: Store, feed: ManifestFeed) -> None:
    (tmp_path / "grafana.yaml").write_bytes(b"\xef\xbb\xbf" + ingress("grafana").encode())
    feed.scan_folder()
    assert names(store) == ["grafana.talos00"]


def test_a_huge_file_is_not_read(tmp_path: Path, feed: ManifestFeed) -> None:
    with (tmp_path / "grafana.yaml").open("wb") as file:
        file.truncate(11_000_000)
    feed.scan_folder()
    assert reason(feed).endswith(": more than 10 MB of text")


def test_a_folder_that_is_missing_deletes_nothing(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "manifests"
    feed = ManifestFeed(folder, store)
    feed.scan_folder()
    assert reason(feed) == f"{folder}: No such file or directory"
    assert {(state.state, state.known) for state in feed.states()} == {(WatchState.UNREACHABLE, False)}
    folder.mkdir()
    (folder / "grafana.yaml").write_text(ingress("grafana"))
    feed.scan_folder()
    assert not any(state.known for state in feed.states())
    feed.scan_folder()
    assert all(state.known for state in feed.states())
    folder.rename(tmp_path / "away")
    settle(feed)
    assert names(store) == ["grafana.talos00"]
    assert {(state.state, state.known) for state in feed.states()} == {(WatchState.UNREACHABLE, True)}
    (tmp_path / "away").rename(folder)
    settle(feed)
    assert {(state.state, state.reason) for state in feed.states()} == {(WatchState.WATCHING, "")}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_below_that_may_not_be_read_keeps_its_objects(
    tmp_path: Path, store: Store, feed: ManifestFeed
) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (below / "grafana.yaml").write_text(ingress("grafana"))
    feed.scan_folder()
    below.chmod(0)
    try:
        (tmp_path / "blog.yaml").write_text(ingress("blog"))
        settle(feed)
        assert names(store) == ["blog.talos00", "grafana.talos00"]
        assert reason(feed) == f"{below}: Permission denied"
    finally:
        below.chmod(0o700)


def test_the_first_file_of_two_with_one_object_wins(
    tmp_path: Path, store: Store, feed: ManifestFeed, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.yaml").write_text(ingress("blog", "a.talos00"))
    (tmp_path / "b.yaml").write_text(ingress("blog", "b.talos00") + "---\n" + ingress("blog", "c.talos00"))
    for _ in range(3):
        feed.scan_folder()
    assert names(store) == ["a.talos00"]
    assert caplog.messages == [
        f"{tmp_path / 'b.yaml'}: Ingress/default/blog is there already, in this file or one before it"
    ]
    (tmp_path / "a.yaml").unlink()
    settle(feed)
    assert names(store) == ["b.talos00"]


def test_an_object_without_a_name_is_passed_over(
    tmp_path: Path, store: Store, feed: ManifestFeed, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.yaml").write_text(ingress("null", "a.talos00") + "---\n" + ingress("b"))
    settle(feed)
    assert names(store) == ["b.talos00"]
    assert caplog.messages == [f"{tmp_path / 'a.yaml'}: one Ingress has no metadata.name and is passed over"]


def test_a_near_miss_is_told_with_the_right_spelling(
    tmp_path: Path, store: Store, feed: ManifestFeed, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.yaml").write_text(ingress("a", api_version="extensions/v1beta1") + "---\n" + ingress("b"))
    settle(feed)
    assert names(store) == ["b.talos00"]
    right = "write apiVersion: networking.k8s.io/v1, kind: Ingress"
    assert caplog.messages == [f"{tmp_path / 'a.yaml'}: Ingress of extensions/v1beta1 is not read: {right}"]


def test_a_mounted_config_map_is_read_once_and_its_update_seen(
    tmp_path: Path, store: Store, feed: ManifestFeed
) -> None:
    for version, host in (("..2026_01", "grafana.talos00"), ("..2026_02", "metrics.talos00")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "grafana.yaml").write_text(ingress("grafana", host))
    (tmp_path / "..data").symlink_to("..2026_01")
    (tmp_path / "grafana.yaml").symlink_to("..data/grafana.yaml")
    feed.scan_folder()
    assert names(store) == ["grafana.talos00"]
    assert reason(feed) == ""
    (tmp_path / "..data_tmp").symlink_to("..2026_02")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    settle(feed)
    assert names(store) == ["metrics.talos00"]


def test_links_that_go_round_or_nowhere_and_pipes_do_no_harm(tmp_path: Path, store: Store, feed: ManifestFeed) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "up").symlink_to(tmp_path)
    (tmp_path / "grafana.yaml").write_text(ingress("grafana"))
    (tmp_path / "lost.yaml").symlink_to("nowhere.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    settle(feed)
    assert names(store) == ["grafana.talos00"]
    assert reason(feed) == ""


def test_a_namespace_that_is_being_deleted_hides_its_objects_until_it_is_not(
    tmp_path: Path, store: Store, feed: ManifestFeed
) -> None:
    leaving = "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, deletionTimestamp: 2026-01-03T00:00:00Z}\n"
    (tmp_path / "grafana.yaml").write_text(ingress("grafana"))
    (tmp_path / "namespace.yaml").write_text(leaving)
    feed.scan_folder()
    assert names(store) == []
    (tmp_path / "namespace.yaml").unlink()
    settle(feed)
    assert names(store) == ["grafana.talos00"]


@pytest.fixture
def running(feed: ManifestFeed) -> Iterator[ManifestFeed]:
    feed.start()
    yield feed
    feed.stop()


def wait_until(holds: Callable[[], Any]) -> None:
    """The time limit of the test ends the wait."""
    while not holds():
        time.sleep(0.01)


def test_edits_arrive_while_the_feed_runs_and_its_thread_ends_with_it(
    tmp_path: Path, store: Store, running: ManifestFeed
) -> None:
    (tmp_path / "grafana.yaml").write_text(ingress("grafana"))
    wait_until(lambda: names(store) == ["grafana.talos00"])
    (tmp_path / "grafana.yaml").write_text(ingress("grafana", "metrics.talos00"))
    wait_until(lambda: names(store) == ["metrics.talos00"])
    running.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "manifests"]


def test_the_examples_show_every_kind(store: Store) -> None:
    feed = ManifestFeed(EXAMPLES, store)
    feed.scan_folder()
    assert reason(feed) == ""
    counts = {state.kind.kind: state.objects for state in feed.states() if state.objects}
    assert counts.keys() >= {"Ingress", "IngressRoute", "IngressRouteTCP", "HTTPRoute", "Gateway", "Namespace"}
    assert {want.name for source in store.sources() for want in source.wants} >= {
        "grafana.talos00",
        "argocd.talos00",
        "*.preview.talos00",
    }
    assert [skip.reason for source in store.sources() for skip in source.skipped]


def test_a_gateway_in_no_file_is_told_once(
    tmp_path: Path, store: Store, feed: ManifestFeed, caplog: pytest.LogCaptureFixture
) -> None:
    route = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %s}
spec: {parentRefs: [{name: edge, namespace: infra}], hostnames: [%s.talos00]}
"""
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(route % (name, name))
        settle(feed)
    assert names(store) == ["a.talos00", "b.talos00"]
    assert caplog.messages == ["Gateway/infra/edge: it is in no document: its listeners were not checked"]


def test_what_is_excluded_is_not_read(tmp_path: Path, store: Store) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.yaml").write_text("{{ broken }}: {{")
    (tmp_path / "grafana.yaml").write_text(ingress("grafana"))
    feed = ManifestFeed(tmp_path, store, excluded=["templates"])
    feed.scan_folder()
    assert (names(store), reason(feed)) == (["grafana.talos00"], "")
    assert all(state.known for state in feed.states())


def test_a_template_says_that_it_is_to_be_rendered_first(
    tmp_path: Path, feed: ManifestFeed, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.yaml").write_text("{{- if .Values.on }}\nkind: Ingress\n{{- end }}\n")
    feed.scan_folder()
    assert "a.yaml: it looks like a template to be rendered first (line 1: " in reason(feed)
    assert caplog.messages[0].endswith("; what it held is not known: records that no other file explains are kept")


def test_a_restart_has_the_pods_of_a_service_at_once_wherever_they_are_in_the_folder(tmp_path: Path) -> None:
    """Else their names would go at the start and come back a moment later."""
    store = Store(Scope(zones=("talos00",), service_pods=True), assume_accepted=True)
    documents = (headless("db.talos00"), slice_of(pod("10.42.0.1", "db-0")))
    (tmp_path / "db.yaml").write_text("\n---\n".join(map(json.dumps, documents)))
    settle(ManifestFeed(tmp_path, store))
    assert names(store) == ["db-0.db.talos00", "db.talos00"]
