"""What a row can say of itself."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField

from records import places
from records.entry_values import explain_cname
from records.models import CustomEntry, DriftFinding, HeldPlan, ManagedRecord, Source, SyncRequest
from records.roles import VIEWER
from tests.records.objects import make_plan, make_source, note_mentions
from tests.records.test_admin import page, visitor


@pytest.mark.parametrize(
    ("kind", "others", "word"),
    [
        ("CNAME", ["A"], "an entry of type A"),
        ("A", ["CNAME"], "has a CNAME entry"),
        ("A", ["AAAA", ""], ""),
        ("CNAME", ["CNAME", ""], ""),
        ("", ["CNAME"], ""),
    ],
)
def test_a_cname_has_its_name_to_itself(kind: str, others: list[str], word: str) -> None:
    problem = explain_cname(kind, others)
    assert word in problem
    assert bool(problem) == bool(word)


def test_a_finding_is_current_while_it_is_open_or_accepted() -> None:
    current = {status: DriftFinding(status=status).is_current for status in DriftFinding.Status.values}
    assert current == {"open": True, "accepted": True, "remediated": False, "over": False}


def test_every_action_fits_its_column() -> None:
    for model, field in ((SyncRequest, "action"), (DriftFinding, "status"), (HeldPlan, "status")):
        column = model._meta.get_field(field)
        assert isinstance(column, CharField)
        assert all(len(str(value)) <= (column.max_length or 0) for value, _ in column.flatchoices)


def test_origins_are_spelled_in_one_way() -> None:
    source = Source(kind="Ingress", namespace="web", name="blog")
    assert (str(source), str(source.origin)) == ("Ingress/web/blog", "Ingress/web/blog")
    assert CustomEntry(pk=7).origin == "CustomEntry//7"


@pytest.mark.django_db
def test_an_rrset_has_one_row_on_each_target() -> None:
    row = {"zone": "talos00", "name": "blog.talos00", "type": "A", "ttl": 300, "state": "synced"}
    ManagedRecord.objects.create(**row)
    ManagedRecord.objects.create(**row, target="backup")
    with pytest.raises(IntegrityError), transaction.atomic():
        ManagedRecord.objects.create(**row)


@pytest.mark.django_db
def test_a_request_may_be_written_in_sql_without_a_target() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_syncrequest (action, zone, name, type, requested_by, outcome)"
            " VALUES ('sync', '', '', '', 'a script', '')"
        )
    assert SyncRequest.objects.get().target == ""


@pytest.mark.django_db
def test_a_plan_says_what_it_would_delete_and_who_decided() -> None:
    plan = make_plan("talos00", [("blog.talos00", "A")])
    assert plan.is_open
    assert plan.keys == {("blog.talos00", "A")}
    plan.decide(HeldPlan.Status.APPROVED, "ada")
    plan.refresh_from_db()
    assert (plan.is_open, plan.decided_by, plan.decided_at is not None) == (False, "ada", True)


@pytest.mark.django_db
def test_sources_are_found_by_what_they_do_with_names() -> None:
    make_source("Ingress", "web", "both", names=[("a.talos00", [])], skipped=[("b.org", "outside")])
    make_source("Ingress", "web", "gives", names=[("a.talos00", [])])
    make_source("Ingress", "web", "skips", skipped=[("b.org", "outside")])
    make_source("Ingress", "web", "mute")

    def named(rows: object) -> list[str]:
        return sorted(row.name for row in rows)  # type: ignore[attr-defined]

    assert named(Source.objects.filter(places.gives_names())) == ["both", "gives"]
    assert named(Source.objects.filter(~places.gives_names())) == ["mute", "skips"]
    assert named(Source.objects.filter(places.skips_names())) == ["both", "skips"]


@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.parametrize(
    ("kind", "skipped", "said"),
    [
        ("Ingress", [], "none: none of its rules has a host, and it has no annotation catalyst-dns-sync.io/hostname"),
        ("IngressRoute", [], "none: none of its rules has a Host, and it has no annotation"),
        ("IngressRouteTCP", [], "none: none of its rules has a HostSNI that is a name, and it has no annotation"),
        (
            "HTTPRoute",
            [],
            "none: it has no hostnames, and no listener that takes it gives one, and it has no annotation",
        ),
        ("Service", [], "none: it names no host, and it has no annotation"),
        ("Ingress", [("a.example.org", "outside every zone")], "none: a.example.org is left out: outside every zone"),
        ("Ingress", [("a.b", "no"), ("c.d", "nor")], "none: a.b is left out: no (and 1 more, each for its reason)"),
    ],
)
def test_a_source_without_names_says_why(kind: str, skipped: list[tuple[str, str]], said: str) -> None:
    source = make_source(kind, "web", "silent", skipped=skipped)
    assert source.explain_silence().startswith(said)
    client = visitor(VIEWER)
    for path in (page("source_changelist", show="mute"), page("source_change", source.pk)):
        assert said in client.get(path).content.decode()
    note_mentions(source, names=[("shop.talos00", [])])
    assert Source.objects.get().explain_silence() == ""
