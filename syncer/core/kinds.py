"""The kinds of Kubernetes objects that the program reads: one table for the watches, the RBAC rules and the docs."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One resource of the API server. ``versions`` in order of preference; the first one served is watched."""

    group: str
    plural: str
    kind: str
    versions: tuple[str, ...]
    gives_names: bool = True
    namespaced: bool = True
    touches_dns: bool = True
    """False: read for its own sake. Nothing that concerns DNS waits for it, and no probe fails because of it."""

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


INGRESS = Kind("networking.k8s.io", "ingresses", "Ingress", ("v1",))
INGRESS_ROUTE = Kind("traefik.io", "ingressroutes", "IngressRoute", ("v1alpha1",))
INGRESS_ROUTE_TCP = Kind("traefik.io", "ingressroutetcps", "IngressRouteTCP", ("v1alpha1",))
INGRESS_ROUTE_UDP = Kind("traefik.io", "ingressrouteudps", "IngressRouteUDP", ("v1alpha1",))
OLD_INGRESS_ROUTE = Kind("traefik.containo.us", "ingressroutes", "IngressRoute", ("v1alpha1",))
OLD_INGRESS_ROUTE_TCP = Kind("traefik.containo.us", "ingressroutetcps", "IngressRouteTCP", ("v1alpha1",))
OLD_INGRESS_ROUTE_UDP = Kind("traefik.containo.us", "ingressrouteudps", "IngressRouteUDP", ("v1alpha1",))
HTTP_ROUTE = Kind("gateway.networking.k8s.io", "httproutes", "HTTPRoute", ("v1", "v1beta1"))
GRPC_ROUTE = Kind("gateway.networking.k8s.io", "grpcroutes", "GRPCRoute", ("v1", "v1alpha2"))
TLS_ROUTE = Kind("gateway.networking.k8s.io", "tlsroutes", "TLSRoute", ("v1", "v1alpha3", "v1alpha2"))
TCP_ROUTE = Kind("gateway.networking.k8s.io", "tcproutes", "TCPRoute", ("v1", "v1alpha2"))
UDP_ROUTE = Kind("gateway.networking.k8s.io", "udproutes", "UDPRoute", ("v1", "v1alpha2"))
GATEWAY = Kind("gateway.networking.k8s.io", "gateways", "Gateway", ("v1", "v1beta1"), gives_names=False)
LISTENER_SET = Kind("gateway.networking.k8s.io", "listenersets", "ListenerSet", ("v1",), gives_names=False)
DNS_ENDPOINT = Kind("externaldns.k8s.io", "dnsendpoints", "DNSEndpoint", ("v1alpha1",))
NAMESPACE = Kind("", "namespaces", "Namespace", ("v1",), gives_names=False, namespaced=False)
SERVICE = Kind("", "services", "Service", ("v1",))
"""Those that say a host name, and with DNS_IP_ADDRESS=auto Traefik's; of the others nothing is kept."""
ENDPOINT_SLICE = Kind("discovery.k8s.io", "endpointslices", "EndpointSlice", ("v1",), gives_names=False)
"""Only with SERVICE_PODS."""
CERTIFICATE = Kind("cert-manager.io", "certificates", "Certificate", ("v1",), gives_names=False, touches_dns=False)
"""Only for the metrics, with CERTIFICATE_METRICS; not one of ``KINDS``, which all concern DNS."""

GATEWAY_ROUTES = (HTTP_ROUTE, GRPC_ROUTE, TLS_ROUTE, TCP_ROUTE, UDP_ROUTE)
"""What attaches to the listeners of Gateways and ListenerSets."""
WITH_CLASS = frozenset(kind.kind for kind in (INGRESS, INGRESS_ROUTE, INGRESS_ROUTE_TCP, INGRESS_ROUTE_UDP))
"""Kinds of objects that have an ingress class."""
GATEWAY_ROUTE_KINDS = frozenset(route.kind for route in GATEWAY_ROUTES)

KINDS = (
    INGRESS,
    INGRESS_ROUTE,
    INGRESS_ROUTE_TCP,
    INGRESS_ROUTE_UDP,
    OLD_INGRESS_ROUTE,
    OLD_INGRESS_ROUTE_TCP,
    OLD_INGRESS_ROUTE_UDP,
    *GATEWAY_ROUTES,
    DNS_ENDPOINT,
    GATEWAY,
    LISTENER_SET,
    NAMESPACE,
    SERVICE,
    ENDPOINT_SLICE,
)

GIVING_NAMES = tuple(dict.fromkeys(kind.kind for kind in KINDS if kind.gives_names))
"""What ``SOURCES`` may name; Traefik has two groups of the same."""
