"""Each state of a name, in the words that an operator reads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from records.answer_models import RecordAnswer
from records.explain import explain_name
from records.models import AuditEntry, CustomEntry, ManagedRecord, Source, SourceName, SyncRequest, SyncStatus
from syncer.core.known import RecordState
from syncer.core.names import BadName
from syncer.zone.guarding import HELD
from tests.records.objects import make_plan, make_source

pytestmark = pytest.mark.django_db

NAME = "grafana.talos00"
GRAFANA = "Ingress/monitoring/grafana"


@pytest.fixture(autouse=True)
def status() -> SyncStatus:
    now = timezone.now()
    return SyncStatus.objects.create(holder="pod-1", started_at=now, heartbeat_at=now, target="technitium")


def source(name: str = "grafana", *values: str, skipped: str = "", **more: Any) -> Source:
    names = [] if skipped else [[NAME, list(values)]]
    skips = [[NAME, skipped]] if skipped else []
    return make_source("Ingress", "monitoring", name, names=names, skipped=skips, **more)


def record(state: RecordState, *, owned: bool = True, **more: Any) -> ManagedRecord:
    fields = {"zone": "talos00", "name": NAME, "type": "A", "values": ["10.0.0.1"], "ttl": 60, "origin": GRAFANA}
    return ManagedRecord.objects.create(**{**fields, "state": state, "owned": owned, "claimants": [GRAFANA], **more})


MX = ["MX", ["10 mx.talos00"], None, [], "", False]


def ask_records(*records: list[Any]) -> None:
    """The object asks for these types at the name, as a row says it."""
    SourceName.objects.filter(source=source("grafana")).update(records=list(records))


def said(name: str = NAME) -> str:
    answer = explain_name(name)
    json.dumps(answer)
    return "\n".join(answer["sentences"])


def test_a_name_in_dns_is_told_with_its_claim_and_its_history() -> None:
    source("grafana", "10.0.0.1", notes={"owner": "anna"})
    record(RecordState.SYNCED)
    AuditEntry.objects.create(actor="syncer", action="failed", name=NAME, type="A", source=GRAFANA, reason="busy")
    AuditEntry.objects.create(
        actor="syncer",
        action="updated",
        name=NAME,
        type="A",
        source=GRAFANA,
        before={"ttl": 60, "values": ["10.0.0.9"]},
        after={"ttl": 60, "values": ["10.0.0.1"]},
        correlation="abc",
    )
    answer = explain_name(" GRAFANA.talos00. ")
    at = [
        AuditEntry.objects.get(action=action).at.strftime("%Y-%m-%d %H:%M:%S UTC") for action in ("updated", "failed")
    ]
    assert answer["sentences"] == [
        "grafana.talos00 lies in zone talos00.",
        f"A 10.0.0.1 with a TTL of 60 s is in DNS, written by us for {GRAFANA}.",
        f"{GRAFANA} wants the name for 10.0.0.1, and has it.",
        "A client that sees something else asks another server, or has an old answer for up to 60 s:"
        f" compare with dig {NAME} A @dns.talos00.",
        f"Last change: updated at {at[0]} by syncer, A from 10.0.0.9 to 10.0.0.1.",
        f"Last error: at {at[1]}, A: busy (it has succeeded since).",
    ]
    assert (answer["hostname"], answer["zone"], answer["published"]) == (NAME, "talos00", True)
    assert answer["decision"] == {
        "outcome": "synced",
        "why": "",
        "winner": GRAFANA,
        "claimants": [GRAFANA],
        "losers": [],
    }
    assert answer["claims"][0]["owner"] == "anna"
    assert answer["last_change"]["after"]["values"] == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("state", "reason", "sentence"),
    [
        (RecordState.PENDING, "create under way", "is on its way: create under way."),
        (
            RecordState.FOREIGN,
            "made by hand",
            "but is not ours: made by hand. Nothing is written; replace it",
        ),
        (
            RecordState.CONFLICT,
            "the zone has 10.0.0.7",
            "cannot be written: the zone has 10.0.0.7. Replace the foreign record",
        ),
        (RecordState.FAILED, "TTL refused", "was refused by the DNS server: TTL refused. It is tried again"),
        (RecordState.SKIPPED, "no wildcard", "is not published: no wildcard."),
        (RecordState.KEPT, "the zone's policy is upsert-only", "is kept in DNS: the zone's policy is upsert-only."),
    ],
)
def test_each_state_has_its_sentence(state: RecordState, reason: str, sentence: str) -> None:
    foreign = {"values": ["10.0.0.7"], "ttl": 60} if state in (RecordState.FOREIGN, RecordState.CONFLICT) else None
    record(state, reason=reason, foreign=foreign)
    assert sentence in said()
    assert explain_name(NAME)["decision"]["outcome"] == state


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RecordState.KEPT, "and has what is kept there"),
        (RecordState.SKIPPED, "and would have it, were it not for that"),
    ],
)
def test_who_asks_for_the_name_is_told_what_it_has_of_it(state: RecordState, words: str) -> None:
    source("grafana", "10.0.0.2")
    record(state, reason="flapping")
    assert f"{GRAFANA} wants the name for 10.0.0.2, {words}." in said()


def test_a_conflict_with_another_type_offers_no_button_that_is_not_there() -> None:
    record(RecordState.CONFLICT, owned=False, reason="a foreign CNAME record is at this name")
    assert "cannot be written: a foreign CNAME record is at this name. Delete that one on the server first." in said()


def test_names_are_spelled_as_people_write_them() -> None:
    make_source("Ingress", "web", "books", names=[["xn--bcher-kva.talos00", ["10.0.0.1"]]])
    SourceName.objects.update(shadow="the zone delegates it")
    told = said("xn--bcher-kva.talos00")
    assert told.startswith("bücher.talos00 lies in zone talos00.")
    assert "Ingress/web/books asks for bücher.talos00: the zone delegates it." in told
    assert said("xn--bcher-kva.example").startswith("bücher.example is outside every managed zone")


def test_a_held_delete_names_the_plan() -> None:
    record(RecordState.HELD, reason="12 of 12 records would go")
    plan = make_plan("talos00", [(NAME, "A")], "12 of 12 records would go")
    plan.deletes.update(cause="Ingress/apps/shop was deleted")
    assert (
        f"Held plan {plan.pk} waits for someone to approve or reject it (A: Ingress/apps/shop was deleted): 12 of 12"
        " records would go." in said()
    )


def test_a_held_delete_is_said_to_be_held_once() -> None:
    record(RecordState.HELD, reason=HELD)
    assert "although nothing wants it any more: its deletion is held: a person must look at it.\n" in said() + "\n"


def test_what_a_person_deleted_comes_back_and_who_it_was_is_told(status: SyncStatus) -> None:
    source("grafana", "10.0.0.1", seen_at=timezone.now() - timedelta(minutes=1))
    values = {"ttl": 60, "values": ["10.0.0.1"]}
    deletion = AuditEntry.objects.create(
        actor="anna", action="deleted", name=NAME, type="A", source=GRAFANA, before=values, correlation="abc"
    )
    at = f"{deletion.at:%Y-%m-%d %H:%M:%S} UTC"
    assert (
        f"{GRAFANA} wants the name for 10.0.0.1; anna deleted it from DNS at {at}, and the next full pass creates it"
        " again: block the name to prevent that." in said()
    )
    SyncStatus.objects.update(next_pass_at=timezone.now() + timedelta(minutes=5))
    assert "and the next full pass, about " in said()
    Source.objects.update(seen_at=timezone.now())
    assert "the syncer has not processed it yet." in said()


@pytest.mark.parametrize(
    ("actor", "correlation"), [("syncer", "abc"), ("anna", "")], ids=["by the syncer", "of a custom entry"]
)
def test_another_deletion_says_nothing_of_what_is_wanted_now(actor: str, correlation: str) -> None:
    source("grafana", "10.0.0.1", seen_at=timezone.now() - timedelta(minutes=1))
    AuditEntry.objects.create(
        actor=actor, action="deleted", name=NAME, type="A", source="CustomEntry//1", correlation=correlation
    )
    assert "the syncer has not processed it yet." in said()


def test_what_is_gone_is_a_change() -> None:
    values = {"ttl": 60, "values": ["10.0.0.1"]}
    AuditEntry.objects.create(actor="anna", action="gone", name=NAME, type="A", source=GRAFANA, before=values)
    assert "Last change: found gone at " in said()
    assert "by anna, A 10.0.0.1." in said()
    assert explain_name(NAME)["last_change"]["action"] == "gone"


@pytest.mark.parametrize("action", ["imported", "released", "created", "updated"])
def test_what_leaves_dns_as_it_is_is_no_change(action: str) -> None:
    values = {"ttl": 60, "values": ["10.0.0.1"]}
    AuditEntry.objects.create(actor="anna", action=action, name=NAME, type="A", source="CustomEntry//1", after=values)
    assert explain_name(NAME)["last_change"] is None


def test_a_name_outside_the_zones_says_which_there_are() -> None:
    text = said("grafana.example.org")
    assert text.startswith("grafana.example.org is outside every managed zone (talos00), so nothing is ever written")
    assert explain_name("grafana.example.org")["zone"] is None


def test_a_blocked_name_says_who_wanted_it() -> None:
    source("grafana", "10.0.0.1")
    entry = CustomEntry.objects.create(name=NAME, mode="block", description="not for guests")
    assert f"Custom entry {entry} blocks the name (not for guests): it is never published." in said()
    assert f"{GRAFANA} wants the name for 10.0.0.1, and does not get it: the name is blocked." in said()
    assert explain_name(NAME)["decision"]["outcome"] == "blocked"
    CustomEntry.objects.update(enabled=False)
    assert f"Custom entry {entry} would block the name, but is disabled." in said()


def test_winner_and_loser_are_named() -> None:
    source("grafana", "10.0.0.1")
    source("other", "10.0.0.2")
    record(RecordState.SYNCED, losers=[["Ingress/monitoring/other", f"{GRAFANA} has the name"]])
    assert (
        f"Ingress/monitoring/other wants the name for 10.0.0.2, and does not get it: {GRAFANA} has the name." in said()
    )
    assert explain_name(NAME)["decision"]["losers"] == [
        {"source": "Ingress/monitoring/other", "reason": f"{GRAFANA} has the name"}
    ]


def test_claims_come_in_the_order_in_which_they_get_the_name() -> None:
    for name in ("a-new", "c-loses", "d-agrees", "e-has-it", "b-loses"):
        source(name, "10.0.0.1")
    winner, second, *losers = (f"Ingress/monitoring/{name}" for name in ("e-has-it", "d-agrees", "c-loses", "b-loses"))
    reasons = [[loser, f"{winner} has the name: it is older"] for loser in losers]
    record(RecordState.SYNCED, origin=winner, claimants=[winner, second], losers=reasons)
    CustomEntry.objects.create(name=NAME, type="A", values=["10.0.0.4"], mode="override")
    claims = explain_name(NAME)["claims"]
    assert claims[0]["kind"] == "CustomEntry"
    assert [claim["name"] for claim in claims[1:]] == ["e-has-it", "d-agrees", "c-loses", "b-loses", "a-new"]


def test_a_skipped_name_says_why() -> None:
    source(skipped="excluded by EXCLUDE_NAMES")
    assert f"{GRAFANA} mentions the name, and it is not published: excluded by EXCLUDE_NAMES." in said()
    assert explain_name(NAME)["decision"]["outcome"] == "skipped"


def test_a_claim_without_an_address_or_not_processed_yet_is_told() -> None:
    source("grafana")
    assert f"{GRAFANA} wants the name, but has no address yet." in said()
    SourceName.objects.update(values=["10.0.0.1"])
    assert "the syncer has not processed it yet." in said()
    CustomEntry.objects.create(name=NAME, type="TXT", values=["x"], enabled=False)
    assert "wants the name for x, but is disabled." in said()


def test_a_name_that_nobody_asks_for_may_be_answered_by_a_wildcard() -> None:
    assert "No object and no custom entry wants it." in said("a.b.talos00")
    record(RecordState.SYNCED, name="*.talos00")
    assert "The wildcard *.talos00 answers for it" in said("a.b.talos00")
    record(RecordState.SYNCED, name="*.b.talos00")
    assert "The wildcard *.b.talos00 answers for it" in said("a.b.talos00")


def test_a_name_that_is_only_part_of_another_is_another() -> None:
    make_source("Ingress", "x", "y", names=[[f"my-{NAME}", ["10.0.0.1"]]])
    assert explain_name(NAME)["claims"] == []


def test_what_was_asked_and_not_answered_is_told() -> None:
    request = SyncRequest.objects.create(action="adopt", name=NAME, requested_by="anna")
    assert f"anna asked to {request.get_action_display()}; the syncer has not answered yet." in said()


def test_a_silent_or_troubled_syncer_is_told(status: SyncStatus) -> None:
    status.target_problem, status.zones = "the token is not valid", {"talos00": "the zone is disabled"}
    status.save()
    assert "The syncer has a problem with technitium: the token is not valid." in said()
    assert "The syncer has a problem with zone talos00: the zone is disabled." in said()
    status.heartbeat_at -= timedelta(minutes=1)
    status.save()
    assert "The syncer has not reported since" in said()
    status.delete()
    assert "No syncer has run on this database yet." in said()


@pytest.mark.parametrize("name", ["", "a b", "x" * 300, "192.168.1.1", "a..b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadName):
        explain_name(name)


@pytest.mark.parametrize(
    ("result", "reason", "sentence"),
    [
        ("right", "", "DNS answers A as it was written"),
        ("wrong", "ns answers x", "DNS has answered A wrong since 2026-01-01 00:00:00 UTC: ns answers x"),
        ("unanswered", "ns: silent", "DNS has not answered A since 2026-01-01 00:00:00 UTC: ns: silent"),
        ("delegated", "ns leaves it", "Whether DNS holds A cannot be asked: ns leaves it"),
    ],
)
def test_it_tells_what_dns_answers(result: str, reason: str, sentence: str) -> None:
    row = record(RecordState.SYNCED)
    since, asked = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    key = {"record": row, "target": row.target, "zone": row.zone}
    RecordAnswer.objects.create(
        **key, result=result, reason=reason, since=since, asked_at=asked, of_change=row.changed_at
    )
    assert f"{sentence} (asked at 2026-02-01 00:00:00 UTC)." in said()
    told = explain_name(NAME)["records"][0]["answer"]
    assert told == {
        "result": result,
        "reason": reason,
        "since": "2026-01-01T00:00:00Z",
        "asked_at": "2026-02-01T00:00:00Z",
    }


def test_what_dns_answers_is_not_told_before_it_is_known() -> None:
    row = record(RecordState.SYNCED)
    key = {"record": row, "target": row.target, "zone": row.zone}
    RecordAnswer.objects.create(**key, of_change=row.changed_at, misses=1)
    assert "DNS has" not in said()
    assert explain_name(NAME)["records"][0]["answer"] is None


def test_it_asks_few_questions_of_the_database(django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        source(f"app-{number}", "10.0.0.1")
    record(RecordState.HELD)
    with django_assert_max_num_queries(15):
        explain_name(NAME)


def test_who_mentions_a_name_is_found_by_an_index() -> None:
    """However many objects there are that mention other names."""
    source("grafana", "10.0.0.1")
    source("wiki", skipped="excluded by EXCLUDE_NAMES")
    with CaptureQueriesContext(connection) as queries:
        assert explain_name(NAME)["claims"]
    about_sources = [query["sql"] for query in queries if "records_source" in query["sql"]]
    assert len(about_sources) == 4
    for sql in about_sources:
        assert "LIKE" not in sql
        assert uses_index(sql, "mention_pattern" if "pattern" in sql else "mention_by_name")


def uses_index(sql: str, index: str) -> bool:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # it reads a table of two rows whole
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}")
        return any(index in str(row) for row in cursor.fetchall())


def test_the_command_takes_a_name_as_it_is_typed_and_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    source("grafana", "10.0.0.1")
    call_command("explain", f"https://{NAME.upper()}/login")
    assert capsys.readouterr().out.splitlines() == explain_name(NAME)["sentences"]
    call_command("explain", NAME, "--json")
    assert json.loads(capsys.readouterr().out)["hostname"] == NAME
    with pytest.raises(CommandError, match="'two words' is no host name"):
        call_command("explain", "two words")


def test_types_are_told_with_their_values_and_with_what_is_left_out() -> None:
    ask_records(MX, ["CNAME", [], None, [], "beside MX", False])
    record(RecordState.SYNCED, type="MX", values=["10 mx.talos00"])
    answer = explain_name(NAME)
    assert f"{GRAFANA} wants the name for MX 10 mx.talos00, and has it." in answer["sentences"]
    assert f"{GRAFANA} asks for a type that is not published: CNAME: beside MX." in answer["sentences"]
    assert answer["skipped"] == [{"source": GRAFANA, "reason": "CNAME: beside MX"}]


def test_who_has_one_type_and_lost_another_is_told_of_both() -> None:
    ask_records(MX, ["TXT", ["x"], None, [], "", False])
    record(RecordState.SYNCED, type="MX", values=["10 mx.talos00"])
    other = "Ingress/web/notes"
    lost = [[GRAFANA, f"{other} has the name: it is older"]]
    record(RecordState.SYNCED, type="TXT", values=["y"], origin=other, claimants=[other], losers=lost)
    wants = f"{GRAFANA} wants the name for MX 10 mx.talos00, TXT x, and has it"
    assert f"{wants}; it does not get all of it: {other} has the name: it is older." in said()


def test_a_name_that_nobody_asks_for_is_told_with_what_is_not_read(settings: Settings) -> None:
    scope = replace(settings.MANAGED.scope, kinds=("Ingress", "HTTPRoute"), namespaces=("web",))
    settings.MANAGED = replace(settings.MANAGED, scope=scope)
    sentences = said().splitlines()
    assert "No object and no custom entry wants it." in sentences
    assert "WATCH_NAMESPACE names web: what objects elsewhere name is not known." in sentences
    (kinds,) = [sentence for sentence in sentences if sentence.startswith("SOURCES leaves out ")]
    assert "IngressRoute" in kinds
    source(skipped="the object's annotations do not match ANNOTATION_FILTER")
    assert said().splitlines()[1:] == [
        f"{GRAFANA} mentions the name, and it is not published: the object's annotations do not match"
        " ANNOTATION_FILTER."
    ]
