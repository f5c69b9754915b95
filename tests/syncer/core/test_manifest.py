"""What JSON or YAML gave is read whatever its types are."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.kinds import INGRESS, NAMESPACE
from syncer.core.manifest import as_list, as_mapping, as_text, clip_text, is_leaving, read_ref
from syncer.core.source import Ref


@pytest.mark.parametrize("value", [None, True, 5, 1.5, "text", ["list"], {"a": 1}])
def test_a_value_of_the_wrong_type_counts_as_absent(value: Any) -> None:
    assert as_mapping(value) == (value if type(value) is dict else {})
    assert as_list(value) == (value if type(value) is list else ())
    assert as_text(value) == (value if type(value) is str else "")


@pytest.mark.parametrize(
    ("metadata", "ref"),
    [
        ({"name": "grafana", "namespace": "web"}, Ref("Ingress", "web", "grafana", "networking.k8s.io")),
        ({"name": "grafana"}, Ref("Ingress", "default", "grafana", "networking.k8s.io")),
        ({"name": "grafana", "namespace": ""}, Ref("Ingress", "default", "grafana", "networking.k8s.io")),
        ({"name": 5, "namespace": []}, Ref("Ingress", "default", "", "networking.k8s.io")),
        ("odd", Ref("Ingress", "default", "", "networking.k8s.io")),
    ],
)
def test_an_object_without_a_namespace_is_in_the_default_one(metadata: Any, ref: Ref) -> None:
    assert read_ref(INGRESS, {"metadata": metadata}) == ref


def test_an_object_of_the_whole_cluster_is_in_no_namespace() -> None:
    assert read_ref(NAMESPACE, {"metadata": {"name": "web", "namespace": "x"}}) == Ref("Namespace", "", "web")


def test_an_object_that_only_finalizers_hold_is_leaving() -> None:
    assert is_leaving({"metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"}})
    assert not is_leaving({"metadata": {"deletionTimestamp": None}})
    assert not is_leaving({"metadata": 5})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("grafana", "grafana"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("two\nlines\x1b[0m", "two?lines?[0m"),
        ("grün", "grün"),
        (5, "5"),
        (None, "NoneType"),
        ([*range(1000)], "list"),
    ],
)
def test_foreign_text_is_shown_on_one_line_of_bounded_length(value: object, shown: str) -> None:
    assert clip_text(value) == shown


def test_how_long_it_may_be_is_the_callers_to_say() -> None:
    assert clip_text("grafana", 4) == "gra…"
