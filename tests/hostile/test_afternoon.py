"""What a tenant reaches in an afternoon, in both modes of TENANCY."""

from __future__ import annotations

import pytest

from tests.fakes.kubernetes.cluster import Cluster
from tests.hostile.afternoon import Afternoon, format_attempts
from tests.sessions.conftest import make_session, migrated, session
from tests.sessions.session import ADDRESS, PREFIX, Session

__all__ = ["make_session", "migrated", "session"]

pytestmark = [pytest.mark.timeout(240)]

STAYS = f"[shop: {ADDRESS}]"
THEIRS = "[shop: 192.0.2.66]"
NOT_OURS = "the name is held by its namespace"

WHAT = [
    "takes a name of another namespace",
    "takes it by priority",
    "drops the priority again",
    "claims names that machines believe",
    "claims the apex and all names",
    "claims all names below one of another namespace",
    "points at the visitor's own machine",
    "asks for a TTL of 1 s",
    "claims names that nobody has yet",
    "changes a name 13 times",
    "floods the zone with 3,000 names",
    "deletes them all at once",
]


def test_between_those_who_trust_one_another(session: Session, kubernetes: Cluster) -> None:
    attempts = Afternoon(session, kubernetes).spend()
    print(format_attempts("TENANCY=trusted", attempts))
    assert [attempt.what for attempt in attempts] == WHAT
    assert [attempt.published for attempt in attempts] == [
        STAYS,
        THEIRS,
        THEIRS,
        "[_acme-challenge.shop: no answer][wpad: no answer]",
        f"[apex: {ADDRESS}][whatever: {ADDRESS}]",
        "[_acme-challenge.shop: 192.0.2.66]",
        f"[inward: {ADDRESS}]",
        "a TTL of 1 s",
        f"[payroll: {ADDRESS}][payroll.evil: {ADDRESS}]",
        "[flip: 192.0.2.110]",
        "2,500 of them",
        "10 at most are gone; another namespace's delete was made",
    ]
    told = [attempt.told for attempt in attempts]
    assert told[0] == f"Ingress/evil/thief does not get the name: Ingress/shop/web has the name: {NOT_OURS}"
    assert told[1] == "Taken over: Ingress/evil/loud has the name now, which Ingress/shop/web had"
    assert told[2] == f"Ingress/shop/web: Ingress/evil/thief has the name: {NOT_OURS}"
    assert "reserved: certificates are issued to whoever has a name with the label _acme-challenge" in told[3]
    assert told[4] == "nothing"
    assert told[5] == "nothing"
    assert told[6] == '"127.0.0.1": loopback is refused'
    assert told[7:9] == ["nothing", ""]
    assert told[9] == "Flapping: it changed more than 10 times within 60 s; what is in DNS stays for 30 s"
    assert told[10] == "is not published: over MAX_NAMES_PER_OBJECT (2,500) (and 499 more)"
    assert "records would go, more than MAX_DELETES_UNGUARDED (10)" in told[11]


def test_between_those_who_do_not(session: Session, kubernetes: Cluster) -> None:
    afternoon = Afternoon(session, kubernetes, TENANCY="strict")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": afternoon.evil}}
    names = ("*.evil", "shop", "_acme-challenge.shop", "wpad", "inward", "nervous", "flip")
    allowed = ",".join((afternoon.zone, *(f"{name}.{afternoon.zone}" for name in names)))
    words = {f"{PREFIX}allowed-names": allowed}
    kubernetes.patch(namespace, {"metadata": {"annotations": words}})
    attempts = afternoon.spend()
    print(format_attempts("TENANCY=strict", attempts))
    assert [attempt.what for attempt in attempts] == WHAT
    assert [attempt.published for attempt in attempts] == [
        STAYS,
        STAYS,
        STAYS,
        "[_acme-challenge.shop: no answer][wpad: no answer]",
        "[apex: no answer][whatever: no answer]",
        "[_acme-challenge.shop: no answer]",
        f"[inward: {ADDRESS}]",
        "a TTL of 30 s",
        f"[payroll: no answer][payroll.evil: {ADDRESS}]",
        "[flip: 192.0.2.110]",
        "996 of them",
        "10 at most are gone; another namespace's delete was made",
    ]
    told = [attempt.told for attempt in attempts]
    assert told[0] == f"Ingress/evil/thief does not get the name: Ingress/shop/web has the name: {NOT_OURS}"
    assert told[1].startswith("priority counts within its namespace alone")
    assert told[2] == f"Ingress/evil/thief: Ingress/shop/web has the name: {NOT_OURS}"
    assert "reserved: certificates are issued" in told[3]
    assert told[4] == "reserved: the apex of a zone (TENANCY=strict)"
    assert told[5] == f"not among the names that its Namespace allows ({PREFIX}allowed-names)"
    assert told[6] == '"127.0.0.1": loopback is refused'
    assert told[7] == "1 s is less than MIN_TTL: 30 s is used"
    assert told[8] == f"not among the names that its Namespace allows ({PREFIX}allowed-names)"
    assert told[9].startswith("Flapping: it changed more than 10 times within 60 s")
    assert told[10] == "is not published: over MAX_NAMES_PER_OBJECT (2,500) (and 2003 more)"
    assert "of namespace evil would go" in told[11] or "records would go" in told[11]
