"""What is nearly of a kind that is read, and what only has its name."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.kinds import (
    GATEWAY,
    HTTP_ROUTE,
    INGRESS,
    INGRESS_ROUTE,
    KINDS,
    LISTENER_SET,
    NAMESPACE,
    OLD_INGRESS_ROUTE,
    SERVICE,
    TCP_ROUTE,
    TLS_ROUTE,
    Kind,
)
from syncer.core.near_misses import explain_near_miss, find_near_miss, spell_version


@pytest.mark.parametrize(
    ("version", "name", "kind"),
    [
        ("networking.k8s.io/v1beta1", "Ingress", INGRESS),
        ("extensions/v1beta1", "Ingress", INGRESS),
        ("networking.k8s.io/v1", "ingress", INGRESS),
        ("networking.k8s.io/v1", "Ingresses", INGRESS),
        ("Networking.k8s.io/V1", "Ingress", INGRESS),
        ("networking.k8s.io", "Ingress", INGRESS),
        ("networkingk8s.io/v1", "Ingress", INGRESS),
        ("v1", "Ingress", INGRESS),
        ("", "Ingress", INGRESS),
        (None, "Ingress", INGRESS),
        ("traefik.io/v1", "IngressRoute", INGRESS_ROUTE),
        ("networking.k8s.io/v1", "IngressRoute", INGRESS_ROUTE),
        ("traefik.containo.us/v1", "ingressroute", OLD_INGRESS_ROUTE),
        ("gateway.networking.k8s.io/v1alpha2", "HTTPRoute", HTTP_ROUTE),
        ("networking.x-k8s.io/v1alpha1", "HTTPRoute", HTTP_ROUTE),
        ("gateway.networking.k8s.io/v1", "HttpRoute", HTTP_ROUTE),
        ("gateway.networking.k8s.io/v2", "Gateway", GATEWAY),
        ("gateway.networking.k8s.io/v1beta1", "TLSRoute", TLS_ROUTE),
        ("gateway.networking.k8s.io/v1", "TcpRoute", TCP_ROUTE),
        ("gateway.networking.k8s.io/v1alpha1", "ListenerSet", LISTENER_SET),
        ("gateway.networking.x-k8s.io/v1alpha1", "XListenerSet", LISTENER_SET),
        ("v2", "Namespace", NAMESPACE),
        ("apps/v1", "Service", SERVICE),
    ],
)
def test_a_wrong_version_group_or_case_is_a_near_miss(version: Any, name: str, kind: Kind) -> None:
    assert find_near_miss({"apiVersion": version, "kind": name}) == kind


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("serving.knative.dev/v1", "Service"),
        ("networking.internal.knative.dev/v1alpha1", "Ingress"),
        ("networking.istio.io/v1", "Gateway"),
        ("networking.gke.io/v1", "Gateway"),
        ("gateway.solo.io/v1", "Gateway"),
        (f"{'networking.k8s.io' * 1000}/v1", "Ingress"),
        ("apps/v1", "Deployment"),
        ("gateway.networking.k8s.io/v1", "BackendTLSPolicy"),
        ("gateway.networking.x-k8s.io/v1alpha1", "XMesh"),
        ("specs.smi-spec.io/v1alpha4", "TCPRoute"),
        ("", ""),
        (None, None),
        (3, ["Ingress"]),
    ],
)
def test_what_others_call_alike_and_every_other_kind_is_none(version: Any, name: Any) -> None:
    assert find_near_miss({"apiVersion": version, "kind": name}) is None


def test_the_right_spelling_is_told() -> None:
    old = {"apiVersion": "extensions/v1beta1", "kind": "Ingress"}
    right = "write apiVersion: networking.k8s.io/v1, kind: Ingress"
    assert explain_near_miss(INGRESS, old) == f"Ingress of extensions/v1beta1 is not read: {right}"
    assert explain_near_miss(INGRESS, {"kind": "ingress"}) == f"the object has no apiVersion: {right}"
    assert [spell_version(kind) for kind in KINDS if not kind.group] == ["v1", "v1"]
