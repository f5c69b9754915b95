"""What Namespaces and zones admit of what an object asks for, without a store around it."""

from __future__ import annotations

from syncer.core.scope import SERVER_NAME, Scope
from syncer.core.source import Ref, SourceObject, Want
from syncer.core.tenancy import UNKNOWN_NAMESPACE, UNREAD_NAMESPACE, NamespaceTerms
from syncer.kube.admission import Admission

STRICT = Scope(zones=("talos00",), addresses=("192.168.1.54",), strict=True, max_names_per_namespace=200)
OPEN = Scope(zones=("talos00",), addresses=("192.168.1.54",), max_names_per_namespace=200)


def grafana(*names: str) -> SourceObject:
    wants = tuple(Want(name, ("192.168.1.54",)) for name in names)
    return SourceObject(Ref("Ingress", "apps", "grafana"), wants=wants)


def admit(admission: Admission, *names: str) -> tuple[list[str], dict[str, str]]:
    """The names that are admitted, and the reasons of the others."""
    admitted = admission.admit_source(grafana(*names))
    return [want.name for want in admitted.wants], {skip.name: skip.reason for skip in admitted.skipped}


def test_a_namespace_of_which_nothing_is_known_admits_nothing_or_warns() -> None:
    unread = Admission(STRICT, assume_unknown=False)
    assert admit(unread, "grafana.talos00") == ([], {"grafana.talos00": UNREAD_NAMESPACE})
    unknown = Admission(STRICT, assume_unknown=True)
    assert admit(unknown, "grafana.talos00") == (["grafana.talos00"], {})
    assert unknown.admit_source(grafana("grafana.talos00")).warnings == (f"Namespace apps: {UNKNOWN_NAMESPACE}",)


def test_among_those_who_trust_one_another_the_object_stays_the_very_same() -> None:
    admission = Admission(OPEN, assume_unknown=False)
    admission.set_terms("apps", NamespaceTerms(allowed_names=()))
    source = grafana("grafana.talos00")
    assert admission.admit_source(source) is source


def test_it_says_what_the_terms_were_before_and_whether_there_were_any() -> None:
    admission = Admission(STRICT, assume_unknown=False)
    first, second = NamespaceTerms(allowed_names=("*.apps.talos00",)), NamespaceTerms()
    assert admission.set_terms("apps", first) is None
    assert admit(admission, "grafana.talos00")[0] == []
    assert admission.set_terms("apps", second) == first
    assert admit(admission, "grafana.talos00")[0] == ["grafana.talos00"]
    assert admission.forget_terms("apps")
    assert not admission.forget_terms("apps")
    assert admit(admission, "grafana.talos00")[0] == []


def test_the_name_servers_of_any_zone_are_reserved_from_tenants() -> None:
    admission = Admission(STRICT, assume_unknown=True)
    assert admission.set_servers("talos00", ["ns1.talos00"]) == (frozenset(), frozenset({"ns1.talos00"}))
    assert admission.set_servers("home", []) == (frozenset(), frozenset())
    assert admit(admission, "grafana.talos00", "ns1.talos00") == (["grafana.talos00"], {"ns1.talos00": SERVER_NAME})
    assert admission.set_servers("talos00", ["ns2.talos00"]) == (frozenset({"ns1.talos00"}), frozenset({"ns2.talos00"}))
    assert admit(admission, "ns1.talos00") == (["ns1.talos00"], {})


def test_a_namespace_may_have_a_limit_of_its_own_where_tenants_are_told_apart() -> None:
    for scope, expected in ((STRICT, (7, True)), (OPEN, (200, False))):
        admission = Admission(scope, assume_unknown=False)
        admission.set_terms("apps", NamespaceTerms(max_names=7))
        limits = admission.find_limits("apps")
        assert (limits.a_namespace, limits.is_own) == expected
        assert admission.find_limits("web").a_namespace == 200


def test_what_is_wrong_with_terms_is_told_once_for_each_change() -> None:
    admission = Admission(STRICT, assume_unknown=False)
    admission.set_terms("apps", NamespaceTerms(warnings=("max-names is no number",)))
    assert admission.take_complaints() == {"apps": ("max-names is no number",)}
    assert admission.take_complaints() == {}
    admission.set_terms("apps", NamespaceTerms())
    assert admission.take_complaints() == {}
    admission.set_terms("apps", NamespaceTerms(warnings=("max-names is no number",)))
    assert admission.take_complaints() == {"apps": ("max-names is no number",)}
