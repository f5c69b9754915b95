"""The rest of the API: login, sessions, users, a look-up, metrics."""

from __future__ import annotations

from typing import Any

from tests.fakes.technitium import lookup
from tests.fakes.technitium.call import Call
from tests.fakes.technitium.cluster_api import describe_cluster
from tests.fakes.technitium.lookup import Answer
from tests.fakes.technitium.rdata import format_rdata, parse_type
from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.spelling import time_text, ttl_text
from tests.fakes.technitium.users import DELETE, MODIFY, SECTIONS, VIEW, Session, User

METRICS = (
    "queries_total", "no_error_total", "server_failure_total", "nx_domain_total", "refused_total",
    "authoritative_total", "recursive_total", "cached_total", "blocked_total", "dropped_total", "clients_total",
)  # fmt: skip
RCODES = {
    lookup.NOERROR: "NoError",
    lookup.FORMERR: "FormatError",
    lookup.SERVFAIL: "ServerFailure",
    lookup.NXDOMAIN: "NxDomain",
    lookup.REFUSED: "Refused",
}


def session_info(call: Call) -> dict[str, Any]:
    session = call.session
    name = {"tokenName": session.token_name} if session.token_name else {}
    return {"username": session.user.name, **name, "token": session.token, "info": describe_server(call, session.user)}


def describe_server(call: Call, user: User) -> dict[str, Any]:
    def list_rights(section: str) -> dict[str, bool]:
        may = [user.may(section, right) for right in (VIEW, MODIFY, DELETE)]
        return dict(zip(("canView", "canModify", "canDelete"), may, strict=True))

    return {
        "version": call.tree.dialect.version,
        "uptimestamp": time_text(call.tree.started),
        "dnsServerDomain": call.tree.server_domain,
        "defaultRecordTtl": 3600,
        "defaultNsRecordTtl": 14400,
        "defaultSoaRecordTtl": 900,
        "useSoaSerialDateScheme": False,
        "dnssecValidation": True,
        **describe_cluster(call),
        "permissions": {section: list_rights(section) for section in SECTIONS},
    }


def login_answer(call: Call, session: Session, *, include_info: bool) -> dict[str, Any]:
    user = session.user
    out: dict[str, Any] = {
        "displayName": user.display_name,
        "username": user.name,
        "isSsoUser": False,
        "totpEnabled": False,
        "token": session.token,
    }
    return out | ({"info": describe_server(call, user)} if include_info else {})


def create_token(call: Call) -> dict[str, Any]:
    """Of the session's own user; a session that is a token itself may not."""
    if call.session.token_name:
        raise Refusal("Access was denied.")
    session = call.users.open_session(call.session.user, call.params.need("tokenName"))
    return {"username": session.user.name, "tokenName": session.token_name, "token": session.token}


def create_user_token(call: Call) -> dict[str, Any]:
    user = call.users.find_user(call.params.need("user"))
    session = call.users.open_session(user, call.params.need("tokenName"))
    return {"username": user.name, "tokenName": session.token_name, "token": session.token}


def create_user(call: Call) -> dict[str, Any]:
    name = call.params.need("user")
    user = call.users.add_user(name, call.params.get("displayName"), call.params.need("pass"))
    return {
        "displayName": user.display_name,
        "username": user.name,
        "isSsoUser": False,
        "totpEnabled": False,
        "disabled": False,
        "previousSessionLoggedOn": time_text(None),
        "previousSessionRemoteAddress": "0.0.0.0",
        "recentSessionLoggedOn": time_text(None),
        "recentSessionRemoteAddress": "0.0.0.0",
    }


def delete_user(call: Call) -> dict[str, Any]:
    call.users.remove_user(call.params.need("user"))
    return {}


def log_out(call: Call) -> dict[str, Any]:
    call.users.close_session(call.session.token)
    return {}


def resolve_name(call: Call) -> dict[str, Any]:
    """Of this server itself only."""
    if call.params.need("server") != "this-server":
        raise Refusal("Only this-server can be asked.")
    name, type = call.params.need("domain").strip("."), parse_type(call.params.need("type"))
    reply = lookup.answer_question(call.tree, name, type)
    opt = {
        "Name": "",
        "Type": "OPT",
        "Class": "1232",
        "TTL": "0 (0s)",
        "RDLENGTH": "0 bytes",
        "RDATA": {"Options": []},
        "DnssecStatus": "Disabled",
    }
    result = {
        "Metadata": {
            "NameServer": f"{call.tree.server_domain} (127.0.0.1)",
            "Protocol": call.params.get("protocol") or "Udp",
            "DatagramSize": "0 bytes",
            "RoundTripTime": "0.1 ms",
        },
        "EDNS": {"UdpPayloadSize": 1232, "ExtendedRCODE": "NoError", "Version": 0, "Flags": "None", "Options": []},
        "Identifier": 0,
        "IsResponse": True,
        "OPCODE": "StandardQuery",
        "AuthoritativeAnswer": reply.authoritative,
        "Truncation": False,
        "RecursionDesired": True,
        "RecursionAvailable": False,
        "Z": 0,
        "AuthenticData": False,
        "CheckingDisabled": False,
        "RCODE": RCODES[reply.rcode],
        "QDCOUNT": 1,
        "ANCOUNT": len(reply.answers),
        "NSCOUNT": len(reply.authority),
        "ARCOUNT": len(reply.additional) + 1,
        "Question": [{"Name": name, "Type": type, "Class": "IN"}],
        "Answer": [_describe_answer(call, a) for a in reply.answers],
        "Authority": [_describe_answer(call, a) for a in reply.authority],
        "Additional": [*(_describe_answer(call, a) for a in reply.additional), opt],
    }
    return {"result": result, "rawResponses": []}


def _describe_answer(call: Call, answer: Answer) -> dict[str, Any]:
    record = answer.record
    data = format_rdata(record.data, call.tree.dialect)
    renamed = {"ipAddress": "IPAddress", "cname": "Domain", "nameServer": "NameServer", "ptrName": "Domain"}
    length = {"A": 4, "AAAA": 16}.get(record.type, 0)
    return {
        "Name": answer.name,
        "Type": record.type,
        "Class": "IN",
        "TTL": f"{record.ttl} ({ttl_text(record.ttl)})",
        "RDLENGTH": f"{length} bytes",
        "RDATA": {renamed.get(name, name[0].upper() + name[1:]): value for name, value in data.items()},
        "DnssecStatus": "Disabled",
    }


def print_metrics(call: Call) -> str:
    now = call.tree.clock()
    lines = [
        "# HELP uptime_seconds Uptime of the DNS Server in seconds",
        "# TYPE uptime_seconds gauge",
        f"uptime_seconds {int(now - call.tree.started)}",
        "# HELP start_time Start time of the DNS Server since epoch (milliseconds)",
        "# TYPE start_time gauge",
        f"start_time {int(call.tree.started * 1000)}",
    ]
    for name in METRICS:
        lines += [f"# TYPE {name} counter", f"{name} 0"]
    return "\n".join([*lines, ""])
