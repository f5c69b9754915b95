"""What the annotations of a Namespace let its objects claim."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.allowed import ANY_TARGET, AllowedTargets
from syncer.core.scope import SERVER_NAME, Scope
from syncer.core.source import HIGH, NORMAL, Ref, Skip, SkipCause, SourceObject, Want, WantedRecord, withhold_values
from syncer.core.tenancy import (
    NO_REDIRECTS,
    NO_SERVERS,
    NOT_ALLOWED,
    UNKNOWN_TERMS,
    UNREAD_NAMESPACE,
    UNREAD_TERMS,
    NamespaceTerms,
    admit_source,
    mark_servers,
    read_terms,
)

ADDRESS, EDGE = ("192.168.1.54",), ("10.0.0.9",)
SCOPE = Scope(zones=("talos00",), addresses=ADDRESS, strict=True)
OURS = "catalyst-dns-sync.io/"


def terms(**words: Any) -> NamespaceTerms:
    return read_terms(
        {"metadata": {"annotations": {OURS + key.replace("_", "-"): text for key, text in words.items()}}}
    )


def source(*wants: Want, **more: Any) -> SourceObject:
    return SourceObject(Ref("Ingress", "web", "shop"), wants=wants, **more)


@pytest.mark.parametrize("manifest", [{}, {"metadata": {}}, {"metadata": {"annotations": {1: "x", "a": "b"}}}])
def test_a_namespace_that_says_nothing_admits_everything_but_priority(manifest: dict[str, Any]) -> None:
    assert read_terms(manifest) == NamespaceTerms()
    asked = source(Want("shop.talos00", EDGE, own=True))
    assert admit_source(asked, NamespaceTerms(), SCOPE) is asked


def test_names_are_admitted_by_globs() -> None:
    asked = source(Want("shop.web.talos00", ADDRESS), Want("shop.talos00", ADDRESS), Want("*.web.talos00", ADDRESS))
    admitted = admit_source(asked, terms(allowed_names="*.web.talos00, web.talos00"), SCOPE)
    assert [want.name for want in admitted.wants] == ["shop.web.talos00", "*.web.talos00"]
    reason = f"not among the names that its Namespace allows ({OURS}allowed-names)"
    assert admitted.skipped == (Skip("shop.talos00", reason, SkipCause.POLICY),)
    assert admitted.find_trouble("shop.talos00", None) == reason


def test_a_glob_that_does_not_parse_admits_nothing_and_is_told() -> None:
    read = terms(allowed_names="[a-z].talos00,shop.talos00")
    assert read.allowed_names == ("shop.talos00",)
    assert read.warnings == (
        f'annotation {OURS}allowed-names: "[a-z].talos00": no host name with stars in it: it admits nothing',
    )
    admitted = admit_source(source(Want("a.talos00", ADDRESS)), read, SCOPE)
    assert admitted.wants == ()
    assert admitted.warnings == (f"Namespace web: {read.warnings[0]}",)


@pytest.mark.parametrize("text", ["", " , ", "a b"])
def test_a_list_of_nothing_admits_nothing(text: str) -> None:
    assert terms(allowed_names=text).refuse_name("shop.talos00")
    assert terms(allowed_targets=text).allowed_targets == AllowedTargets(narrows=True)
    assert len(terms(allowed_targets=text).warnings) == 1


def test_targets_that_are_not_allowed_give_way_to_the_default() -> None:
    asked = source(
        Want("shop.talos00", EDGE, own=True, withheld=withhold_values((), ADDRESS)), Want("blog.talos00", ADDRESS)
    )
    admitted = admit_source(asked, terms(allowed_targets="10.9.0.0/16"), SCOPE)
    assert admitted.wants == (
        Want("shop.talos00", ADDRESS, withheld=withhold_values(EDGE, ADDRESS)),
        Want("blog.talos00", ADDRESS),
    )
    assert admitted.warnings == (
        "10.0.0.9: not among the targets that its Namespace allows; the default address is used instead",
    )


def test_what_is_allowed_of_several_targets_stays() -> None:
    asked = source(Want("shop.talos00", ("10.0.0.9", "10.9.0.1"), own=True, withheld=withhold_values((), ADDRESS)))
    admitted = admit_source(asked, terms(allowed_targets="10.9.0.0/16"), SCOPE)
    assert admitted.wants == (Want("shop.talos00", ("10.9.0.1",), True, withheld=withhold_values(EDGE, ADDRESS)),)


def test_the_address_of_a_load_balancer_is_narrowed_too() -> None:
    auto = Scope(zones=("talos00",), auto=True, strict=True)
    admitted = admit_source(source(Want("shop.talos00", EDGE)), terms(allowed_targets="10.9.0.0/16"), auto)
    assert admitted.wants == (Want("shop.talos00", (), withheld=withhold_values(EDGE)),)


def test_priority_counts_between_namespaces_where_the_namespace_allows_it() -> None:
    asked = source(Want("shop.talos00", ADDRESS), priority=HIGH)
    assert admit_source(asked, terms(allow_priority="True"), SCOPE) is asked
    admitted = admit_source(asked, terms(allow_priority="false"), SCOPE)
    assert (admitted.priority, admitted.between, admitted.urgency) == (HIGH, NORMAL, NORMAL)
    assert "allow-priority" in admitted.warnings[0]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"allow_priority": "yes"}, '"yes" is neither true nor false: it is false'),
        ({"max_names": "many"}, '"many" is no number up to 10,000,000: the setting holds'),
        ({"max_names": "-1"}, '"-1" is no number up to 10,000,000: the setting holds'),
        (
            {"allowed_targets": "10.0.0.1/8"},
            '"10.0.0.1/8": bits of the host are set: give 10.0.0.0/8: it admits nothing',
        ),
    ],
)
def test_what_cannot_be_read_is_told(words: dict[str, str], problem: str) -> None:
    assert terms(**words).warnings == (f"annotation {OURS}{next(iter(words)).replace('_', '-')}: {problem}",)


def test_a_limit_of_its_own() -> None:
    assert terms(max_names=" 50 ").max_names == 50
    assert terms(max_names="0").max_names == 0
    assert terms().max_names is None


def test_nothing_is_admitted_before_the_namespace_has_been_read() -> None:
    admitted = admit_source(source(Want("shop.talos00", ADDRESS)), UNREAD_TERMS, SCOPE)
    assert admitted.wants == ()
    assert admitted.skipped == (Skip("shop.talos00", UNREAD_NAMESPACE, SkipCause.POLICY),)


def test_a_namespace_in_no_document_is_taken_for_one_that_says_nothing_with_a_warning() -> None:
    asked = source(Want("shop.talos00", EDGE, own=True), priority=HIGH)
    admitted = admit_source(asked, UNKNOWN_TERMS, SCOPE)
    assert (admitted.wants, admitted.urgency) == (asked.wants, HIGH)
    assert admitted.warnings == ("Namespace web: its Namespace is in no document: what it allows was not checked",)
    assert UNKNOWN_TERMS.allowed_targets == ANY_TARGET


def test_the_names_of_name_servers_are_marked() -> None:
    asked = source(Want("ns1.talos00", ADDRESS), Want("shop.talos00", ADDRESS))
    assert mark_servers(asked, {"ns2.talos00"}, strict=True) is asked
    marked = mark_servers(asked, {"ns1.talos00"}, strict=False)
    assert (marked.wants, marked.warnings) == (asked.wants, ("ns1.talos00 is the name of a name server of its zone",))
    refused = mark_servers(asked, {"ns1.talos00"}, strict=True)
    assert [want.name for want in refused.wants] == ["shop.talos00"]
    assert refused.skipped == (Skip("ns1.talos00", SERVER_NAME, SkipCause.POLICY),)


def records(*records: WantedRecord) -> SourceObject:
    return source(Want("mail.talos00", own=True, records=records))


def test_what_leads_elsewhere_is_taken_out_of_records() -> None:
    allowed = terms(allowed_targets="mx.talos00, 10.0.0.0/8")
    mx = WantedRecord("MX", ("10 mx.talos00", "20 mx.example.com"))
    asked = records(mx, WantedRecord("A", ("10.0.0.1", "192.0.2.1")), WantedRecord("TXT", ("any text",)))
    admitted = admit_source(asked, allowed, SCOPE)
    assert admitted.wants[0].records == (
        WantedRecord("MX", ("10 mx.talos00",), refused=("20 mx.example.com",)),
        WantedRecord("A", ("10.0.0.1",), refused=("192.0.2.1",)),
        WantedRecord("TXT", ("any text",)),
    )
    assert admitted.warnings == (f"MX 20 mx.example.com, A 192.0.2.1: {NOT_ALLOWED}",)


def test_a_type_of_which_nothing_is_left_is_skipped_and_so_is_a_name_without_types() -> None:
    allowed = terms(allowed_targets="10.0.0.0/8")
    mx = WantedRecord("MX", ("10 mx.talos00",))
    admitted = admit_source(records(mx, WantedRecord("TXT", ("x",))), allowed, SCOPE)
    assert admitted.wants[0].skips == [("MX", NOT_ALLOWED)]
    admitted = admit_source(records(mx), allowed, SCOPE)
    assert admitted.skipped == (Skip("mail.talos00", NOT_ALLOWED, SkipCause.POLICY),)
    assert admitted.find_trouble("mail.talos00", None) == NOT_ALLOWED, "what it had is kept for its time"


def test_no_tenant_delegates_a_name() -> None:
    admitted = admit_source(records(WantedRecord("NS", ("ns.talos00",))), NamespaceTerms(), SCOPE)
    assert admitted.skipped == (Skip("mail.talos00", NO_SERVERS, SkipCause.POLICY),)
    admitted = admit_source(records(WantedRecord("DNAME", ("new.example",))), NamespaceTerms(), SCOPE)
    assert admitted.skipped == (Skip("mail.talos00", NO_REDIRECTS, SkipCause.POLICY),)
    asked = records(WantedRecord("NS", ("ns.talos00",)), WantedRecord("TXT", ("x",)))
    assert admit_source(asked, NamespaceTerms(), SCOPE).wants[0].skips == [("NS", NO_SERVERS)]
