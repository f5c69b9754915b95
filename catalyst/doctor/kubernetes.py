"""The cluster: whether it answers, which kinds it has, and what our account may read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalyst.doctor.finding import Finding, report_ok, report_problem, report_warning
from syncer.config import KubeConfig
from syncer.core.kinds import DNS_ENDPOINT, ENDPOINT_SLICE, GATEWAY, Kind
from syncer.core.scope import Scope

ABOUT = "Kubernetes"
TIMEOUT = 5.0
UNREACHABLE = (
    "check that it runs, that KUBECONFIG names this cluster, and that no firewall or NetworkPolicy is between us"
)
VERBS = ("list", "watch")
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def check_cluster(config: KubeConfig, scope: Scope, answering: dict[str, str]) -> Iterator[Finding]:
    """Adds the API server to ``answering``. Raises ``KubernetesError``."""
    from syncer.kube.client import ApiServer, Unreachable  # the web never loads it
    from syncer.kube.connect import choose_access
    from syncer.kube.watcher import list_watches

    server = ApiServer(choose_access(config), connections=1, timeout=TIMEOUT)
    try:
        version = server.get("/version").get("gitVersion", "of an unknown version")
    except Unreachable as error:
        yield report_problem(ABOUT, f"{error} ({UNREACHABLE})")
        return
    answering["the API server"] = server.url
    yield report_ok(ABOUT, f"{server.url} answers, version {version}")
    for kind, namespace, _ in list_watches(scope, certificates=config.certificate_metrics):
        served = find_version(server, kind)
        if not served:
            yield report_ok(ABOUT, f"{kind} is not installed; it is picked up within a minute of being installed")
            continue
        where = f"in {namespace}" if namespace else "everywhere" if kind.namespaced else "in the cluster"
        denied = [verb for verb in VERBS if not is_allowed(server, kind, verb, namespace)]
        if denied:
            role = "Role" if namespace else "ClusterRole"
            verbs = " and ".join(denied)
            text = f"{kind} {served}: our account may not {verbs} it {where}: a {role} must allow that"
            report = report_problem if kind.touches_dns else report_warning
            yield report(ABOUT, text + find_way_round(kind))
        else:
            yield report_ok(ABOUT, f"{kind} {served} may be read {where}")
            if kind == GATEWAY:
                yield from _check_gateways(server, served, scope)
        if kind == DNS_ENDPOINT and config.dnsendpoint_status:
            yield _check_status(server, kind, namespace, where)


def _check_gateways(server: Any, version: str, scope: Scope) -> Iterator[Finding]:
    """A name that is spelled wrong leaves out every route."""
    from syncer.kube.client import ApiError

    for place in scope.gateways:
        namespace, _, name = place.partition("/")
        try:
            server.get(f"/apis/{GATEWAY.group}/{version}/namespaces/{namespace}/{GATEWAY.plural}/{name}")
        except ApiError as error:
            if error.status == 403:  # to list and to watch is all that the syncer needs
                return
            if error.status != 404:
                raise
            yield report_warning(ABOUT, f"GATEWAY names {place}, which is not there: no route gets a name by it")


def _check_status(server: Any, kind: Kind, namespace: str, where: str) -> Finding:
    if is_allowed(server, kind, "update", namespace, "status"):
        return report_ok(ABOUT, f"the status of {kind} may be written {where}")
    advice = "add the component deploy/dnsendpoint-status, or DNSENDPOINT_STATUS=false"
    return report_warning(ABOUT, f"the status of {kind}: our account may not update it {where}: {advice}")


def find_way_round(kind: Kind) -> str:
    """What to set where the right will not be given, "" where nothing works without."""
    if kind == ENDPOINT_SLICE:
        return " (deploy/service-pods does), or SERVICE_PODS=false"
    if not kind.touches_dns:
        return ", or CERTIFICATE_METRICS=false"
    return f", or SOURCES name the kinds without {kind.kind}" if kind.gives_names else ""


def find_version(server: Any, kind: Kind) -> str:
    """The first of the versions that we read that is served; "" when the kind is not installed."""
    from syncer.kube.client import ApiError

    for version in kind.versions:
        path = f"/apis/{kind.group}/{version}" if kind.group else f"/api/{version}"
        try:
            resources = server.get(path).get("resources") or ()
        except ApiError as error:
            if error.status != 404:
                raise
            continue
        if any(resource.get("name") == kind.plural for resource in resources):
            return version
    return ""


def is_allowed(server: Any, kind: Kind, verb: str, namespace: str, subresource: str = "") -> bool:
    attributes = {"group": kind.group, "resource": kind.plural, "verb": verb, "namespace": namespace}
    if subresource:
        attributes["subresource"] = subresource
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    status = server.send("POST", REVIEWS, review).get("status") or {}
    return bool(status.get("allowed"))
