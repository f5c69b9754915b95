"""Which resources the API server serves, and the few traits in which they differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

Manifest = dict[str, Any]

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class Resource(NamedTuple):
    """One resource. Objects are kept in the first of ``versions`` and served in each of them.

    ``status``: there is a status subresource. ``fields``: the top-level fields that are not pruned, beside metadata.
    ``generation``: the server counts changes of the specification. ``unconditional``: an update may come without a
    resourceVersion. ``builtin``: as Go types, not as a CRD, so the items of a list carry neither kind nor apiVersion.
    ``merge_keys``: the lists that a strategic merge patch merges by key; an empty key is a list of plain values.
    """

    group: str
    versions: tuple[str, ...]
    plural: str
    kind: str
    namespaced: bool = True
    status: bool = True
    fields: tuple[str, ...] = ("spec", "status")
    generation: bool = True
    unconditional: bool = False
    builtin: bool = False
    merge_keys: tuple[tuple[str, str], ...] = ()
    short_names: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def api_version(self, version: str = "") -> str:
        version = version or self.versions[0]
        return f"{self.group}/{version}" if self.group else version


def _make_builtin(group: str, plural: str, kind: str, **traits: Any) -> Resource:
    return Resource(group, ("v1",), plural, kind, **{"builtin": True, "unconditional": True, **traits})


NAMESPACES = _make_builtin("", "namespaces", "Namespace", namespaced=False, generation=False, short_names=("ns",))
_EVENT = {"status": False, "generation": False, "short_names": ("ev",)}
EVENTS = _make_builtin(
    "events.k8s.io",
    "events",
    "Event",
    fields=(
        *("eventTime", "series", "reportingController", "reportingInstance", "action", "reason", "regarding"),
        *("related", "note", "type", "deprecatedSource", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"),
        "deprecatedCount",
    ),
    **_EVENT,
)
# The fields that are called otherwise in a core Event, which is the same object: new name, core name.
EVENT_FIELDS = (
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("reportingController", "reportingComponent"),
)
CORE_EVENTS = _make_builtin(
    "", "events", "Event", fields=tuple(dict(EVENT_FIELDS).get(field, field) for field in EVENTS.fields), **_EVENT
)
ACCESS_REVIEWS = _make_builtin(
    "authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False, verbs=("create",)
)

BUILTIN = (
    NAMESPACES,
    _make_builtin("", "services", "Service", generation=False, merge_keys=(("ports", "port"),), short_names=("svc",)),
    CORE_EVENTS,
    EVENTS,
    ACCESS_REVIEWS,
    _make_builtin("networking.k8s.io", "ingresses", "Ingress", short_names=("ing",)),
    _make_builtin("networking.k8s.io", "ingressclasses", "IngressClass", namespaced=False, status=False),
    _make_builtin(
        "discovery.k8s.io",
        "endpointslices",
        "EndpointSlice",
        status=False,
        fields=("addressType", "endpoints", "ports"),
    ),
    _make_builtin(
        "coordination.k8s.io", "leases", "Lease", status=False, generation=False, unconditional=False, fields=("spec",)
    ),
)


def _list_traefik(group: str) -> tuple[Resource, ...]:
    kinds = ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP")
    return tuple(Resource(group, ("v1alpha1",), f"{k.lower()}s", k, status=False, fields=("spec",)) for k in kinds)


_GATEWAY = "gateway.networking.k8s.io"
CUSTOM = (
    *_list_traefik("traefik.io"),
    *_list_traefik("traefik.containo.us"),
    Resource(_GATEWAY, ("v1", "v1beta1"), "gatewayclasses", "GatewayClass", namespaced=False, short_names=("gc",)),
    Resource(_GATEWAY, ("v1", "v1beta1"), "gateways", "Gateway", short_names=("gtw",)),
    Resource(_GATEWAY, ("v1", "v1beta1"), "httproutes", "HTTPRoute"),
    Resource(_GATEWAY, ("v1",), "grpcroutes", "GRPCRoute"),
    Resource(_GATEWAY, ("v1", "v1alpha3", "v1alpha2"), "tlsroutes", "TLSRoute"),
    Resource(_GATEWAY, ("v1", "v1alpha2"), "tcproutes", "TCPRoute"),
    Resource(_GATEWAY, ("v1", "v1alpha2"), "udproutes", "UDPRoute"),
    Resource(_GATEWAY, ("v1",), "listenersets", "ListenerSet", short_names=("lset",)),
    Resource("externaldns.k8s.io", ("v1alpha1",), "dnsendpoints", "DNSEndpoint"),
    Resource("cert-manager.io", ("v1",), "certificates", "Certificate", short_names=("cert", "certs")),
)
CUSTOM_GROUPS = tuple(dict.fromkeys(resource.group for resource in CUSTOM))


class Catalog:
    """What is installed at this moment: the built-in resources and the custom groups that were not removed."""

    def __init__(self, without: Iterable[str] = ()) -> None:
        self._groups: dict[str, dict[str, Resource]] = {}
        for resource in BUILTIN:
            self._groups.setdefault(resource.group, {})[resource.plural] = resource
        for group in CUSTOM_GROUPS:
            if group not in without:
                self.install(group)

    def install(self, group: str, versions: Iterable[str] = ()) -> None:
        """Serve ``group`` in those of its versions that are named (none named: all), in the order of preference."""
        wanted = tuple(versions)
        resources = {}
        for resource in CUSTOM:
            served = tuple(v for v in resource.versions if not wanted or v in wanted)
            if resource.group == group and served:
                resources[resource.plural] = resource._replace(versions=served)
        if not resources:
            raise ValueError(f"nothing known of the group {group!r} in the versions {wanted or 'any'}")
        self._groups[group] = resources

    def remove(self, group: str) -> tuple[Resource, ...]:
        if group not in CUSTOM_GROUPS:
            raise ValueError(f"{group!r} is not a custom group")
        return tuple(self._groups.pop(group, {}).values())

    def groups(self) -> list[str]:
        return list(self._groups)

    def resources(self, group: str | None = None) -> list[Resource]:
        if group is not None:
            return list(self._groups.get(group, {}).values())
        return [resource for resources in self._groups.values() for resource in resources.values()]

    def versions(self, group: str) -> list[str]:
        """In the order of preference."""
        return list(dict.fromkeys(v for resource in self.resources(group) for v in resource.versions))

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        resource = self._groups.get(group, {}).get(plural)
        return resource if resource and version in resource.versions else None

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        group, _, version = api_version.rpartition("/")
        return next((r for r in self.resources(group) if r.kind == kind and version in r.versions), None)
