"""What Namespaces say of their objects, as it comes from the watches (``TENANCY=strict``)."""

from __future__ import annotations

from typing import Any

from syncer.core.kinds import GATEWAY, HTTP_ROUTE, INGRESS, NAMESPACE
from syncer.core.scope import Scope
from syncer.core.source import Ref
from syncer.core.tenancy import UNREAD_NAMESPACE
from syncer.kube.store import Store
from tests.syncer.kube.test_store import Sleeper, gateway, http_route, ingress, namespace

OURS = "catalyst-dns-sync.io/"
STRICT = Scope(zones=("talos00",), addresses=("192.168.1.54",), strict=True)
GRAFANA = Ref("Ingress", "apps", "grafana", INGRESS.group)


def tenant(name: str = "apps", leaving: str = "", **words: str) -> dict[str, Any]:
    """A Namespace with annotations of ours."""
    made = namespace(name, leaving)
    made["metadata"]["annotations"] = {OURS + key.replace("_", "-"): text for key, text in words.items()}
    return made


def reasons(cluster: Store) -> dict[str, str]:
    return {skip.name: skip.reason for source in cluster.sources() for skip in source.skipped}


def test_nothing_is_admitted_before_the_namespace_is_known() -> None:
    cluster = Store(STRICT)
    cluster.put(INGRESS, ingress("grafana"))
    assert cluster.names() == []
    assert reasons(cluster) == {"grafana.talos00": UNREAD_NAMESPACE}
    cluster.put(NAMESPACE, tenant())
    assert cluster.names() == ["grafana.talos00"]
    assert cluster.take().names == {"grafana.talos00"}


def test_annotations_that_change_touch_the_names_that_they_concern() -> None:
    cluster = Store(STRICT)
    cluster.put(NAMESPACE, tenant())
    cluster.put(INGRESS, ingress("grafana", "grafana.apps.talos00", "grafana.talos00"))
    cluster.put(INGRESS, ingress("other", "other.talos00", namespace="web"))
    cluster.take()
    cluster.put(NAMESPACE, tenant(allowed_names="*.apps.talos00"))
    assert cluster.take().names == {"grafana.talos00"}
    assert cluster.names() == ["grafana.apps.talos00"]
    cluster.put(NAMESPACE, tenant())
    assert cluster.take().names == {"grafana.talos00"}
    assert sorted(cluster.names()) == ["grafana.apps.talos00", "grafana.talos00"]
    cluster.put(NAMESPACE, tenant())
    assert cluster.take().names == set()


def test_an_object_that_changes_is_admitted_by_what_its_namespace_says_then() -> None:
    cluster = Store(STRICT)
    cluster.put(NAMESPACE, tenant(allowed_names="*.apps.talos00"))
    cluster.put(INGRESS, ingress("grafana", "grafana.talos00"))
    assert cluster.names() == []
    cluster.put(INGRESS, ingress("grafana", "grafana.apps.talos00"))
    assert cluster.names() == ["grafana.apps.talos00"]
    cluster.drop(INGRESS, "apps", "grafana")
    assert cluster.names() == []
    cluster.put(NAMESPACE, tenant())
    assert cluster.sources() == []


def test_routes_and_their_gateways_are_no_way_around_it() -> None:
    cluster = Store(STRICT)
    cluster.put(NAMESPACE, tenant(allowed_names="*.apps.talos00"))
    cluster.put(GATEWAY, gateway())
    cluster.put(HTTP_ROUTE, http_route())
    assert cluster.names() == []
    cluster.put(NAMESPACE, tenant(allowed_names="grafana.talos00"))
    assert cluster.names() == ["grafana.talos00"]


def test_what_a_leaving_namespace_hid_comes_back_as_it_was_asked_for() -> None:
    cluster = Store(STRICT)
    cluster.put(NAMESPACE, tenant(allowed_names="x.talos00"))
    cluster.put(INGRESS, ingress("grafana", creationTimestamp="2026-02-01T00:00:00Z"))
    cluster.put(NAMESPACE, tenant(leaving="2026-01-01T00:00:00Z"))
    assert cluster.is_leaving("apps")
    cluster.put(NAMESPACE, tenant())
    assert cluster.names() == ["grafana.talos00"]
    assert not cluster.is_leaving("apps")


def test_a_namespace_is_gone_only_where_namespaces_are_known() -> None:
    cluster = Store(STRICT)
    assert not cluster.is_leaving("apps")
    cluster.put(NAMESPACE, tenant("web"))
    assert not cluster.is_leaving("apps")
    cluster.replace(NAMESPACE, [tenant("web"), tenant("apps")])
    assert not cluster.is_leaving("apps")
    cluster.drop(NAMESPACE, "", "apps")
    assert cluster.is_leaving("apps")
    assert not cluster.is_leaving("")
    documents = Store(STRICT, assume_accepted=True)
    documents.replace(NAMESPACE, [tenant("web")])
    assert not documents.is_leaving("apps")


def test_what_a_namespace_said_does_not_outlive_it() -> None:
    cluster = Store(STRICT)
    cluster.put(NAMESPACE, tenant())
    cluster.drop(NAMESPACE, "", "apps")
    cluster.put(INGRESS, ingress("grafana"))
    assert reasons(cluster) == {"grafana.talos00": UNREAD_NAMESPACE}


def test_among_manifests_a_namespace_that_is_in_none_any_more_admits_what_it_did_not() -> None:
    documents = Store(STRICT, assume_accepted=True)
    documents.put(NAMESPACE, tenant(allowed_names="x.talos00"))
    documents.put(INGRESS, ingress("grafana"))
    assert documents.names() == []
    documents.drop(NAMESPACE, "", "apps")
    assert documents.names() == ["grafana.talos00"]


def test_what_is_wrong_with_a_namespace_is_told_once() -> None:
    cluster = Store(STRICT)
    cluster.put(NAMESPACE, tenant(max_names="many"))
    cluster.put(INGRESS, ingress("grafana"))
    problem = f'annotation {OURS}max-names: "many" is no number up to 10,000,000: the setting holds'
    assert cluster.take_complaints() == {"apps": (problem,)}
    assert cluster.take_complaints() == {}
    source = cluster.source(GRAFANA)
    assert source is not None
    assert source.warnings == (f"Namespace apps: {problem}",)
    cluster.put(NAMESPACE, tenant())
    assert cluster.take_complaints() == {}
    cluster.put(NAMESPACE, tenant(max_names="many"))
    assert list(cluster.take_complaints()) == ["apps"]


def test_between_those_who_trust_one_another_namespaces_say_nothing() -> None:
    cluster = Store(Scope(zones=("talos00",), addresses=("192.168.1.54",)))
    cluster.put(NAMESPACE, tenant(allowed_names="x.talos00", max_names="many"))
    cluster.put(INGRESS, ingress("grafana"))
    assert cluster.names() == ["grafana.talos00"]
    assert cluster.take_complaints() == {}


# Limits


FEW = Scope(zones=("talos00",), addresses=("192.168.1.54",), max_names_per_object=2, max_names_per_namespace=3)


def test_the_watches_add_nothing_over_a_limit_and_leave_to_settle_what_it_is() -> None:
    sleeper = Sleeper()
    cluster = Store(FEW, wakeup=sleeper.wakeup)
    cluster.put(INGRESS, ingress("one", "a.talos00", "b.talos00"))
    cluster.put(INGRESS, ingress("two", "c.talos00"))
    assert cluster.list_uncounted() == {}
    before = sleeper.wakeups
    cluster.put(INGRESS, ingress("three", "d.talos00"))
    assert sleeper.wakeups == before + 1
    assert cluster.list_uncounted() == {"apps": 3}
    assert sorted(cluster.names()) == ["a.talos00", "b.talos00", "c.talos00"]
    cluster.settle_limits("apps", ["d.talos00", "c.talos00"])
    assert cluster.list_uncounted() == {}
    assert sorted(cluster.names()) == ["a.talos00", "c.talos00", "d.talos00"]
    assert reasons(cluster) == {"b.talos00": "over MAX_NAMES_PER_NAMESPACE (3)"}


def test_a_place_that_becomes_free_is_given_to_the_next() -> None:
    cluster = Store(FEW)
    cluster.put(INGRESS, ingress("one", "a.talos00", "b.talos00"))
    cluster.put(INGRESS, ingress("two", "c.talos00", "d.talos00"))
    cluster.settle_limits("apps")
    assert sorted(cluster.names()) == ["a.talos00", "b.talos00", "c.talos00"]
    cluster.put(INGRESS, ingress("one", "a.talos00"))
    assert cluster.list_uncounted() == {"apps": 3}
    cluster.settle_limits("apps")
    assert sorted(cluster.names()) == ["a.talos00", "c.talos00", "d.talos00"]
    cluster.put(INGRESS, ingress("other", "e.talos00", namespace="web"))
    cluster.drop(INGRESS, "apps", "two")
    assert cluster.list_uncounted() == {}
    assert sorted(cluster.names()) == ["a.talos00", "e.talos00"]


def test_an_object_has_a_limit_of_its_own() -> None:
    cluster = Store(FEW)
    cluster.put(INGRESS, ingress("one", "a.talos00", "b.talos00", "c.talos00"))
    assert cluster.names() == []
    cluster.settle_limits("apps")
    assert sorted(cluster.names()) == ["a.talos00", "b.talos00"]
    cluster.put(INGRESS, ingress("one", "x.talos00", "b.talos00", "c.talos00"))
    assert cluster.names() == ["b.talos00"]
    cluster.settle_limits("apps", ["b.talos00"])
    assert sorted(cluster.names()) == ["b.talos00", "x.talos00"]
    cluster.put(INGRESS, ingress("one", "c.talos00"))
    cluster.settle_limits("apps")
    cluster.put(INGRESS, ingress("one", "d.talos00"))
    assert cluster.names() == ["d.talos00"]


def test_a_namespace_that_goes_leaves_nothing_to_settle() -> None:
    cluster = Store(FEW)
    cluster.put(NAMESPACE, tenant())
    cluster.put(
        INGRESS, ingress("one", "a.talos00", "b.talos00", "c.talos00", creationTimestamp="2026-02-01T00:00:00Z")
    )
    cluster.put(NAMESPACE, tenant(leaving="2026-01-01T00:00:00Z"))
    cluster.settle_limits("apps")
    assert cluster.names() == []
    cluster.put(NAMESPACE, tenant())
    cluster.settle_limits("apps")
    assert sorted(cluster.names()) == ["a.talos00", "b.talos00"]


def test_a_namespace_may_have_a_limit_of_its_own_where_tenants_do_not_trust_one_another() -> None:
    cluster = Store(STRICT)
    cluster.put(NAMESPACE, tenant(max_names="1"))
    cluster.put(INGRESS, ingress("one", "a.talos00", "b.talos00"))
    cluster.settle_limits("apps")
    assert cluster.names() == ["a.talos00"]
    cluster.put(NAMESPACE, tenant(max_names="2"))
    cluster.settle_limits("apps")
    assert sorted(cluster.names()) == ["a.talos00", "b.talos00"]
    cluster.put(NAMESPACE, tenant(max_names="0"))
    assert sorted(cluster.names()) == ["a.talos00", "b.talos00"]
    cluster.settle_limits("apps")
    assert cluster.names() == []
    assert "max-names of its Namespace (0)" in reasons(cluster)["a.talos00"]
