"""/api/admin/cluster/*, and what a session is told of the cluster."""

from __future__ import annotations

from typing import Any

from tests.fakes.technitium.call import Call
from tests.fakes.technitium.cluster import API_PORT, Member
from tests.fakes.technitium.spelling import time_text

INTERVALS = {
    "heartbeatRefreshIntervalSeconds": 30,
    "heartbeatRetryIntervalSeconds": 10,
    "configRefreshIntervalSeconds": 900,
    "configRetryIntervalSeconds": 60,
}
"""As the server has them; the double's are in its ``Network``."""


def read_state(call: Call) -> dict[str, Any]:
    intervals = INTERVALS if call.node.domain else {}
    server = {"version": call.tree.dialect.version, "dnsServerDomain": call.tree.server_domain}
    return server | describe_cluster(call) | intervals


def init_cluster(call: Call) -> dict[str, Any]:
    call.node.found(call.params.need("clusterDomain"), _read_addresses(call, "primaryNodeIpAddresses"))
    return read_state(call)


def join_cluster(call: Call) -> dict[str, Any]:
    call.node.join(
        _read_addresses(call, "secondaryNodeIpAddresses"),
        call.params.need("primaryNodeUrl"),
        call.params.need("primaryNodeUsername"),
        call.params.need("primaryNodePassword"),
    )
    return read_state(call)


def promote_node(call: Call) -> dict[str, Any]:
    call.node.promote(force=call.params.flag("forceDeletePrimary"))
    return read_state(call)


def describe_cluster(call: Call) -> dict[str, Any]:
    if primary := call.faults.cluster_primary:
        return _describe_pretence(primary)
    if not call.node.domain:
        return {"clusterInitialized": False}
    return {
        "clusterInitialized": True,
        "clusterDomain": call.node.domain,
        "clusterNodes": [_describe_member(call, member) for member in call.node.members],
    }


def _describe_member(call: Call, member: Member) -> dict[str, Any]:
    out = _describe_node(member.id, member.name, member.addresses, member.kind, member.state)
    if member.node is call.node:
        times = {"upSince": call.tree.started, "configLastSynced": call.node.synced}
    else:
        times = {"upSince": member.up_since, "lastSeen": member.seen}
    return out | {name: time_text(when) for name, when in times.items() if when is not None}


def _describe_pretence(primary: str) -> dict[str, Any]:
    domain = primary.partition(".")[2]
    return {
        "clusterInitialized": True,
        "clusterDomain": domain,
        "clusterNodes": [
            _describe_node(1, primary, ["192.0.2.1"], "Primary", "Connected"),
            _describe_node(2, f"here.{domain}", ["192.0.2.2"], "Secondary", "Self"),
        ],
    }


def _describe_node(id: int, name: str, addresses: list[str], kind: str, state: str) -> dict[str, Any]:
    return {
        "id": id,
        "name": name,
        "url": f"https://{name}:{API_PORT}/",
        "ipAddresses": addresses,
        "type": kind,
        "state": state,
    }


def _read_addresses(call: Call, name: str) -> list[str]:
    return call.params.need(name).split(",")
