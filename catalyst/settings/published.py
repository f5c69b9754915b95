"""The settings that decide what is published, as text: the syncer remembers them, and tells which have changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from syncer.config import HostsConfig, KubeConfig, Managed, TargetConfig
from syncer.core.scope import Scope


def describe_published(targets: Sequence[TargetConfig], kube: KubeConfig) -> Mapping[str, str]:
    """By variable or option, or by place in ``TARGETS_FILE`` (``targets.lan.zones``); "" is what is not set. No secret
    is among them. What is read in any order is sorted."""
    first = targets[0]
    told = {
        "KUBECONFIG": kube.kubeconfig,
        "--manifests": kube.manifests,
        "MANIFESTS_EXCLUDE": _spell_list(kube.manifests_excluded),
        "TARGETS_FILE": _spell_list(first.scope.target_names),
        **_describe_rules(first.managed),
    }
    if not first.scope.target_name:
        return {**told, **_describe_single(first)}
    for target in targets:
        told |= {f"targets.{target.name}.{field}": text for field, text in _describe_target(target).items()}
    return told


def _describe_single(target: TargetConfig) -> Mapping[str, str]:
    managed, scope = target.managed, target.scope
    is_file = isinstance(target.settings, HostsConfig)
    return {
        "DNS_SERVER_URL": "" if is_file else target.place,
        "HOSTS_FILE": target.place if is_file else "",
        "DNS_ZONES": _spell_list(scope.zones),
        "DNS_IP_ADDRESS": _spell_addresses(scope),
        "DNS_IP_ADDRESSES": _spell_pairs(scope.zone_addresses),
        "DNS_TTL_DEFAULT": str(scope.ttl),
        "SYNC_POLICY": _spell_policies(managed),
        "MAX_DELETE_RATIO": f"{managed.max_delete_ratio:g}",
        "MAX_DELETES_UNGUARDED": str(managed.max_deletes_unguarded),
        "AUTO_REMEDIATE": _spell_flag(managed.auto_remediate),
    }


def _describe_target(target: TargetConfig) -> Mapping[str, str]:
    managed, scope, publish = target.managed, target.scope, target.scope.publish
    is_file = isinstance(target.settings, HostsConfig)
    return {
        "path" if is_file else "servers": target.place,
        "was": target.was,
        "zones": _spell_list(scope.zones),
        "addresses": _spell_addresses(scope),
        "ttl": str(scope.ttl),
        "policy": _spell_policies(managed),
        "max_delete_ratio": f"{managed.max_delete_ratio:g}",
        "max_deletes_unguarded": str(managed.max_deletes_unguarded),
        "auto_remediate": _spell_flag(managed.auto_remediate),
        "public": _spell_flag(scope.targets.public),
        "by_annotation": _spell_flag(scope.by_annotation),
        "publish.ingress_classes": _spell_list(publish.ingress_classes),
        "publish.gateways": _spell_list(publish.gateways),
        "publish.kinds": _spell_list(publish.kinds),
        "publish.annotation_filter": publish.annotation_filter,
        "publish.label_selector": publish.label_selector,
        "publish.namespaces": _spell_list(publish.namespaces),
    }


def _describe_rules(managed: Managed) -> Mapping[str, str]:
    """What holds for all targets."""
    scope = managed.scope
    allowed = scope.targets.allowed
    return {
        "SOURCES": _spell_list(scope.kinds),
        "WATCH_NAMESPACE": _spell_list(scope.namespaces),
        "NAMESPACE_SELECTOR": scope.namespace_selector,
        "INGRESS_CLASS": _spell_list(scope.ingress_classes),
        "GATEWAY": _spell_list(scope.gateways),
        "GATEWAY_SELECTOR": scope.gateway_selector,
        "LABEL_SELECTOR": scope.label_selector,
        "ANNOTATION_FILTER": scope.annotation_filter,
        "EXCLUDE_NAMES": scope.exclude_names.pattern if scope.exclude_names else "",
        "ALLOW_WILDCARDS": _spell_flag(scope.allow_wildcards),
        "LISTENER_WILDCARDS": _spell_flag(scope.listener_wildcards),
        "INGRESS_TLS_HOSTS": _spell_flag(scope.ingress_tls_hosts),
        "EXTERNAL_DNS_ANNOTATIONS": _spell_flag(scope.external_dns_annotations),
        "TRAEFIK_RULE_SYNTAX": scope.rule_syntax,
        "TRAEFIK_HOST_WILDCARDS": _spell_flag(scope.host_wildcards),
        "TRAEFIK_SERVICE": scope.traefik_service,
        "SERVICE_PODS": _spell_flag(scope.service_pods),
        "HTTPS_RECORDS": "tls" if scope.https_records else "off",
        "TENANCY": "strict" if scope.strict else "trusted",
        "RESERVED_NAMES": _spell_list(scope.reserved_names),
        "ALLOWED_TARGETS": _spell_list((*map(str, allowed.networks), *allowed.suffixes)),
        "MIN_TTL": str(scope.min_ttl),
        "MAX_NAMES_PER_OBJECT": str(scope.max_names_per_object),
        "MAX_NAMES_PER_NAMESPACE": str(scope.max_names_per_namespace),
        "FLAP_LIMIT": str(managed.flap_limit),
        "OWNER_ID": managed.owner_id,
        "OWNER_ID_WAS": managed.owner_id_was,
        "ADOPT_EXISTING": "identical" if managed.adopt_identical else "never",
        "DETACHED_GRACE": f"{managed.detached_grace:g}",
    }


def _spell_addresses(scope: Scope) -> str:
    return "auto" if scope.auto else _spell_list(scope.addresses)


def _spell_policies(managed: Managed) -> str:
    return _spell_pairs({zone: (policy,) for zone, policy in managed.policies.items()})


def _spell_list(values: Iterable[str]) -> str:
    return ",".join(sorted(values))


def _spell_pairs(values: Mapping[str, Iterable[str]]) -> str:
    return _spell_list(f"{key}={value}" for key, several in values.items() for value in several)


def _spell_flag(value: bool) -> str:
    return str(value).lower()
