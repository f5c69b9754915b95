"""What is admitted of what objects ask for, and which names that touches, without a store around it."""

from __future__ import annotations

from sys import getrefcount

import pytest

from syncer.core.namelimits import UNCOUNTED
from syncer.core.scope import SERVER_NAME, Scope
from syncer.core.source import Ref, SourceObject, Want
from syncer.core.tenancy import NamespaceTerms
from syncer.kube.admission import Admission
from syncer.kube.admitted import AdmittedSources
from syncer.kube.pending import PendingChanges

ADDRESS = ("192.168.1.54",)
OPEN = Scope(zones=("talos00",), addresses=ADDRESS)
STRICT = Scope(zones=("talos00",), addresses=ADDRESS, strict=True)
FEW = Scope(zones=("talos00",), addresses=ADDRESS, max_names_per_object=2, max_names_per_namespace=3)


def make_source(name: str, *names: str, namespace: str = "apps", ttl: int | None = None) -> SourceObject:
    wants = tuple(Want(f"{own}.talos00", ADDRESS) for own in names or (name,))
    return SourceObject(Ref("Ingress", namespace, name), wants=wants, ttl=ttl)


class Admitted(AdmittedSources):
    """With the changes that it tells."""

    def __init__(self, scope: Scope, *sources: SourceObject) -> None:
        self.changes = PendingChanges(lambda: 0.0)
        self.admission = Admission(scope, assume_unknown=not scope.strict)
        super().__init__(self.admission, self.changes)
        for source in sources:
            self.set_source(source)

    def touched(self) -> str:
        """The names that were touched since the last call, without their zone."""
        return " ".join(sorted(name.removesuffix(".talos00") for name in self.changes.take()[0]))

    def is_woken(self) -> bool:
        return self.changes.pop_changed()

    def names(self) -> str:
        return " ".join(sorted(name.removesuffix(".talos00") for name in self.claimants.list_names()))

    def reasons(self) -> dict[str, str]:
        return {skip.name: skip.reason for source in self.sources.list_all() for skip in source.skipped}


def test_only_what_differs_is_touched_unless_the_whole_claim_does() -> None:
    admitted = Admitted(OPEN, make_source("grafana", "a", "b"))
    assert admitted.touched() == "a b"
    admitted.set_source(make_source("grafana", "b", "c"))
    assert admitted.touched() == "a c"
    assert admitted.names() == "b c"
    admitted.set_source(make_source("grafana", "b", "c", ttl=60))
    assert admitted.touched() == "b c"
    assert [source.ttl for source in admitted.claimants.list_claimants("b.talos00")] == [60]


def test_what_is_said_again_touches_nothing_and_keeps_what_is_there() -> None:
    admitted = Admitted(OPEN, make_source("grafana"))
    kept = admitted.sources.list_all()[0]
    admitted.changes.take()
    admitted.changes.pop_changed()
    admitted.set_source(make_source("grafana"))
    assert admitted.sources.get(kept.ref) is kept
    assert admitted.changes.is_drained
    assert not admitted.is_woken()


def test_who_claims_a_name_is_what_is_kept_of_the_object() -> None:
    admitted = Admitted(OPEN, make_source("grafana"), make_source("grafana", ttl=60))
    (source,) = admitted.sources.list_all()
    (claimant,) = admitted.claimants.list_claimants("grafana.talos00")
    assert claimant is source


def test_an_object_that_is_removed_leaves_nothing_and_tells_what_it_asked_for() -> None:
    admitted = Admitted(STRICT)
    admitted.set_terms("apps", NamespaceTerms(allowed_names=("a.talos00",)))
    asked = make_source("grafana", "a", "b")
    admitted.set_source(asked)
    assert admitted.names() == "a"
    admitted.touched()
    assert admitted.remove_source(asked.ref) is asked
    assert admitted.touched() == "a"
    assert admitted.names() == ""
    assert admitted.sources.list_all() == []
    with pytest.raises(KeyError):
        admitted.remove_source(asked.ref)
    admitted.set_terms("apps", NamespaceTerms())
    assert admitted.names() == "", "what it asked for is forgotten"


def test_one_that_is_admitted_whole_is_removed_as_it_is() -> None:
    source = make_source("grafana")
    admitted = Admitted(OPEN, source)
    assert admitted.remove_source(source.ref) is source


def test_terms_that_change_are_applied_to_what_was_asked_for_at_first() -> None:
    admitted = Admitted(STRICT, make_source("grafana", "a", "b"), make_source("nas", "c", namespace="data"))
    assert admitted.names() == ""
    admitted.set_terms("apps", NamespaceTerms(allowed_names=("a.talos00",)))
    assert admitted.touched() == "a"
    admitted.set_terms("apps", NamespaceTerms())
    assert admitted.touched() == "b"
    admitted.is_woken()
    admitted.set_terms("apps", NamespaceTerms())
    assert not admitted.is_woken()
    admitted.admission.forget_terms("apps")
    assert admitted.names() == "a b"
    admitted.admit_again("apps")
    assert admitted.names() == ""


def test_terms_with_something_wrong_wake_the_loop_to_say_it() -> None:
    admitted = Admitted(STRICT)
    admitted.set_terms("apps", NamespaceTerms())
    assert not admitted.is_woken()
    admitted.set_terms("apps", NamespaceTerms(warnings=("max-names is no number",)))
    assert admitted.is_woken()


def test_name_servers_concern_who_claims_their_names_and_who_did() -> None:
    admitted = Admitted(STRICT)
    admitted.set_terms("apps", NamespaceTerms())
    admitted.set_source(make_source("grafana", "ns1", "a"))
    admitted.set_source(make_source("nas", "ns2"))
    admitted.touched()
    admitted.note_servers("talos00", ["ns1.talos00"])
    assert admitted.touched() == "ns1"
    assert admitted.reasons() == {"ns1.talos00": SERVER_NAME}
    admitted.note_servers("talos00", ["ns2.talos00"])
    assert admitted.touched() == "ns1 ns2"
    assert admitted.names() == "a ns1"


# Limits


def test_what_is_over_a_limit_waits_for_the_limits_to_be_settled() -> None:
    admitted = Admitted(FEW, make_source("one", "a", "b"), make_source("two", "c"))
    assert admitted.list_uncounted() == {}
    admitted.is_woken()
    admitted.set_source(make_source("three", "d"))
    assert admitted.is_woken()
    assert admitted.list_uncounted() == {"apps": 3}
    assert admitted.reasons() == {"d.talos00": UNCOUNTED}
    assert admitted.names() == "a b c"
    admitted.touched()
    admitted.settle_limits("apps", ["d.talos00", "c.talos00"])
    assert admitted.list_uncounted() == {}
    assert admitted.names() == "a c d"
    assert admitted.touched() == "b d"


def test_a_crowded_namespace_is_to_be_settled_after_every_change_until_it_fits() -> None:
    one, two = make_source("one", "a", "b"), make_source("two", "c", "d")
    admitted = Admitted(FEW, one, two)
    admitted.settle_limits("apps")
    assert admitted.names() == "a b c"
    admitted.is_woken()
    admitted.remove_source(one.ref)
    assert admitted.is_woken()
    assert admitted.list_uncounted() == {"apps": 3}
    admitted.settle_limits("apps")
    assert admitted.names() == "c d"
    admitted.set_source(make_source("one", "a"))
    assert admitted.list_uncounted() == {}
    assert admitted.names() == "a c d"


def test_names_over_a_limit_count_until_their_object_gives_them_up() -> None:
    one, two = make_source("one", "a", "b"), make_source("two", "c", "d")
    admitted = Admitted(FEW, one, two)
    admitted.settle_limits("apps")
    admitted.set_source(make_source("two", "c"))
    admitted.settle_limits("apps")
    assert admitted.names() == "a b c"
    admitted.remove_source(one.ref)
    admitted.set_source(make_source("three", "d", "e"))
    assert admitted.list_uncounted() == {}
    assert admitted.names() == "c d e"


def test_each_namespace_has_a_limit_of_its_own() -> None:
    admitted = Admitted(FEW, make_source("one", "a", "b"), make_source("nas", "c", "d", namespace="data"))
    assert admitted.list_uncounted() == {}
    admitted.set_source(make_source("large", "e", "f", "g", namespace="web"))
    assert admitted.list_uncounted() == {"web": 3}
    admitted.settle_limits("web")
    assert admitted.names() == "a b c d e f"


def test_another_limit_of_a_namespace_is_settled_before_it_holds() -> None:
    admitted = Admitted(STRICT)
    admitted.set_terms("apps", NamespaceTerms(max_names=2))
    admitted.set_source(make_source("one", "a", "b"))
    assert admitted.list_uncounted() == {}
    admitted.set_terms("apps", NamespaceTerms(max_names=1))
    assert admitted.list_uncounted() == {"apps": 1}
    assert admitted.names() == "a b"
    admitted.settle_limits("apps")
    assert admitted.names() == "a"


def test_of_an_object_that_is_removed_nothing_is_kept() -> None:
    asked = make_source("grafana", "a", "b", "c")
    admitted = Admitted(FEW)

    def count_holders() -> tuple[int, int]:
        admitted.changes.take()
        return getrefcount(asked), getrefcount(asked.ref)

    before = count_holders()
    admitted.set_source(asked)
    admitted.settle_limits("apps")
    assert count_holders() > before
    admitted.remove_source(asked.ref)
    assert count_holders() == before
