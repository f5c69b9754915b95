"""Who concerns a name without asking for it by name, and what answers for one that is not there."""

from __future__ import annotations

import pytest

from records.answered_by import AnsweredBy, Answerer, find_answerer
from records.explain import explain_name
from records.mentions import IndirectMention, find_indirect_mentions, list_wildcards
from records.models import CustomEntry, ManagedRecord, ManagedZone, SourceName
from records.rows import ZoneKey
from syncer.core.kinds import INGRESS_ROUTE
from syncer.core.rules import REGEXP
from syncer.core.scope import Scope
from syncer.core.source import Ref
from syncer.core.sources import UNREADABLE, read_ingress_route
from tests.records.objects import make_source

pytestmark = pytest.mark.django_db

ZONE = "talos00"
NAME = f"grafana.{ZONE}"


def mention(text: str, reason: str) -> None:
    make_source("IngressRoute", "web", f"route-{SourceName.objects.count()}", skipped=[(text, reason)])
    SourceName.objects.filter(name=text).update(cause="pattern")


def find(name: str = NAME) -> list[IndirectMention]:
    return find_indirect_mentions("default", name, list_wildcards(name, ZONE))


@pytest.mark.parametrize(
    ("rule", "is_told"),
    [
        (f"Host(`{NAME}`", True),
        (f"Host(`{NAME.upper()}`", True),
        (f"Host(`{NAME}.`) && (", True),
        (f"Host(`my-{NAME}`", False),
        (f"Host(`sub.{NAME}`", False),
        (f"Host(`{NAME}-old`", False),
        ("Host(`other.talos00`", False),
    ],
)
def test_a_rule_that_cannot_be_read_is_told_where_it_mentions_the_name(rule: str, is_told: bool) -> None:
    mention(rule, UNREADABLE)
    assert [found.how for found in find()] == ["rule"] * is_told
    if is_told:
        assert find()[0].sentence == f"IngressRoute/web/route-0 mentions it in a rule that cannot be read: {rule}."


@pytest.mark.parametrize(
    ("pattern", "is_told"),
    [
        (r"^[a-z]+\.talos00$", True),
        (r"^[a-z]{7}\.talos00$", True),
        (r"^[a-z]{2}\.talos00$", False),
        ("grafana", True),
        ("{sub:[a-z]+}.talos00", True),
        ("{sub:[0-9]+}.talos00", False),
        ("{sub}.talos00", True),
        (r"(?i)^GRAFANA\.", True),
        ("([", False),
        ("(a+)+$" * 20, False),
    ],
)
def test_a_regular_expression_is_told_where_it_matches(pattern: str, is_told: bool) -> None:
    mention(pattern, REGEXP)
    assert [found.text for found in find()] == [pattern] * is_told


def test_no_pattern_keeps_a_page_waiting() -> None:
    mention("(a*)*(a*)*(a*)*b", REGEXP)
    assert find(f"{'a' * 60}.{ZONE}") == []


def test_a_wildcard_that_covers_it_is_told_published_or_not() -> None:
    make_source("Ingress", "web", "all", names=[(f"*.{ZONE}", [])])
    make_source("Ingress", "web", "off", skipped=[(f"*.apps.{ZONE}", "ALLOW_WILDCARDS is off")])
    entry = CustomEntry.objects.create(name=f"*.apps.{ZONE}", type="A", values=["192.0.2.9"])
    CustomEntry.objects.create(name=f"*.other.{ZONE}", type="A", values=["192.0.2.9"])
    assert sorted(found.sentence for found in find(f"shop.apps.{ZONE}")) == [
        f"Custom entry {entry} asks for *.apps.talos00, which covers it.",
        "Ingress/web/all asks for *.talos00, which covers it.",
        "Ingress/web/off asks for *.apps.talos00, which is not published: ALLOW_WILDCARDS is off.",
    ]


def test_what_the_reader_of_rules_leaves_out_is_found_again() -> None:
    """From the object to the page: the syncer stores it so that it is found by what it is."""
    spec = {"routes": [{"match": r"HostRegexp(`^[a-z]+\.talos00$`)"}, {"match": f"Host(`{NAME}`"}]}
    manifest = {"metadata": {"namespace": "web", "name": "x"}, "spec": spec}
    source = read_ingress_route(manifest, Scope(zones=(ZONE,)), INGRESS_ROUTE)
    assert [skip.cause for skip in source.skipped] == ["pattern", "pattern"]
    assert source.ref == Ref("IngressRoute", "web", "x", "traefik.io")


def own(name: str, kind: str = "A") -> None:
    columns = {"type": kind, "ttl": 60, "values": ["192.0.2.7"], "state": "synced", "owned": True}
    ManagedRecord.objects.create(zone=ZONE, name=name, **columns)


def answerer(name: str, *, is_there: bool = False) -> AnsweredBy:
    return find_answerer(ZoneKey("default", ZONE), name, list_wildcards(name, ZONE), is_there=is_there)


def test_the_nearest_wildcard_answers_unless_a_longer_name_is_in_its_way() -> None:
    ManagedZone.objects.create(zone=ZONE, wildcards=[f"*.{ZONE}"], delegations=[])
    assert answerer(NAME) == (Answerer.FOREIGN_WILDCARD, f"*.{ZONE}")
    own(f"*.apps.{ZONE}")
    assert answerer(f"shop.apps.{ZONE}") == (Answerer.WILDCARD, f"*.apps.{ZONE}")
    assert answerer(f"a.b.apps.{ZONE}") == (Answerer.WILDCARD, f"*.apps.{ZONE}")
    own(f"x.shop.apps.{ZONE}")
    assert answerer(f"shop.apps.{ZONE}") == (Answerer.NOTHING, ""), "it is there, and empty"
    assert answerer(f"y.shop.apps.{ZONE}") == (Answerer.NOTHING, "")
    assert answerer(f"*.{ZONE}", is_there=True) == (Answerer.RECORD, f"*.{ZONE}")
    assert answerer(NAME, is_there=True) == (Answerer.RECORD, NAME)


def test_a_delegation_answers_whatever_is_below_it() -> None:
    ManagedZone.objects.create(zone=ZONE, wildcards=[], delegations=[f"lab.{ZONE}"])
    assert answerer(f"a.lab.{ZONE}", is_there=True) == (Answerer.DELEGATION, f"lab.{ZONE}")
    assert answerer(ZONE) == (Answerer.NOTHING, "")


def test_a_dname_answers_for_what_is_not_there_below_it() -> None:
    own(f"*.old.{ZONE}")
    own(f"old.{ZONE}", "DNAME")
    assert answerer(f"a.b.old.{ZONE}") == (Answerer.DNAME, f"old.{ZONE}")
    assert answerer(f"a.old.{ZONE}", is_there=True) == (Answerer.RECORD, f"a.old.{ZONE}")
    assert answerer(f"old.{ZONE}") == (Answerer.NOTHING, "")
    sentence = f"The DNAME of old.{ZONE} answers for it: resolvers look below its target instead."
    assert sentence in explain_name(f"a.old.{ZONE}")["sentences"]


def test_explain_has_it_in_sentences_and_fields() -> None:
    ManagedZone.objects.create(zone=ZONE, wildcards=[f"*.{ZONE}"], delegations=[])
    mention(f"Host(`{NAME}`", UNREADABLE)
    answer = explain_name(NAME)
    assert answer["answered_by"] == {"what": "foreign wildcard", "name": f"*.{ZONE}"}
    assert [found["how"] for found in answer["mentions"]] == ["rule"]
    text = "\n".join(answer["sentences"])
    assert f"The wildcard *.{ZONE}, which is not ours, answers for it" in text
    assert "mentions it in a rule that cannot be read" in text
    assert explain_name("example.org")["answered_by"] is None
