"""With two targets each public call, page, metric and command names the target or takes one; or it is in a list here,
with the reason why it is of none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import load_command_class
from django.test import Client
from django.utils import timezone

from catalyst import preview
from records.models import (
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldDelete,
    HeldPlan,
    ManagedRecord,
    ManagedZone,
    Source,
    SyncRequest,
    SyncStatus,
    TargetStatus,
    WriteFreeze,
)
from tests.records.objects import note_mentions
from tests.records.two_targets import set_up_two

ROOT = Path(__file__).parents[2]
OUTLETS = (ROOT / "tests/catalyst/outlets.txt").read_text().splitlines()
DOCUMENT = yaml.safe_load((ROOT / "records/api/openapi.yaml").read_text())
SHOP: dict[str, Any] = {"zone": "example.com", "name": "shop.example.com", "type": "A"}


def outlets(kind: str) -> list[str]:
    return [line.partition(" ")[2] for line in OUTLETS if line.startswith(f"{kind} ")]


CALLS_OF_NONE = {"/api/v1/": "a list of addresses"}


def fields_of(schema: Mapping[str, Any], seen: tuple[str, ...] = ()) -> Iterator[str]:
    """All that a body of this shape can name, at any depth."""
    if reference := schema.get("$ref"):
        if reference not in seen:
            yield from fields_of(DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]], (*seen, reference))
        return
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from fields_of(inner, seen)
    parts = (*schema.get("allOf", ()), *schema.get("oneOf", ()), *(schema[key] for key in ("items",) if key in schema))
    for inner in parts:
        yield from fields_of(inner, seen)


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_each_call_takes_or_names_a_target(path: str) -> None:
    for call in DOCUMENT["paths"][path].values():
        bodies = [call.get("requestBody", {}), *call["responses"].values()]
        schemas = [content["schema"] for body in bodies for content in body.get("content", {}).values()]
        told = {*(it["name"] for it in call.get("parameters", ())), *(it for each in schemas for it in fields_of(each))}
        assert ("target" in told) != (path in CALLS_OF_NONE)


METRICS_OF_NONE = {
    **dict.fromkeys(("alive", "ready", "loop_age_seconds"), "of the process; the age is that of the oldest loop"),
    **dict.fromkeys(("watch_up", "watch_age_seconds", "ingress_resources"), "of Kubernetes, which all have in common"),
    **dict.fromkeys(("tasks_waiting", "tasks_failed", "tasks_overdue_seconds"), "of the background tasks"),
    "build_info": "of the program",
}


def test_each_metric_has_the_target_as_a_label() -> None:
    table = re.findall(
        r"^\| `catalyst_dns_sync_(\w+)` \| \w+ \| (.*?) \|", (ROOT / "docs/metrics.md").read_text(), re.M
    )
    of_none = {name for name, labels in table if "`target`" not in labels and not name.startswith("certificate_")}
    assert of_none == METRICS_OF_NONE.keys()
    assert {name.removeprefix("catalyst_dns_sync_") for name in outlets("metric") if "catalyst" in name} <= {
        name for name, _ in table
    }


TAKING = {"explain", "export", "hold-writes", "import"}
COMMANDS_OF_NONE = {
    **dict.fromkeys(("changepassword", "create-token", "prepare", "manage"), "of users or the database"),
    **dict.fromkeys(("demo", "up", "web", "qcluster", "runsyncer", "health"), "runs, or asks, what serves all of them"),
    "doctor": "checks each of the settings, and says which",
}


def test_each_command_takes_a_target() -> None:
    for name in TAKING:
        parser = load_command_class("records", name).create_parser("catalyst-dns-sync", name)
        assert "--target" in parser.format_help(), name
    assert preview.parse_options(["--target", "lan", "-"]).target == "lan"
    assert {*outlets("command")} == {*TAKING, "preview", *COMMANDS_OF_NONE}


@pytest.fixture
def two_targets(db: None, settings: LazySettings) -> None:
    set_up_two(settings)
    now = timezone.now()
    SyncStatus.objects.create(holder="web-1 1", target="technitium", started_at=now, heartbeat_at=now)
    for position, target in enumerate(("lan", "public")):
        TargetStatus.objects.create(name=target, kind="technitium", position=position, zones={"example.com": ""})
        ManagedZone.objects.create(target=target, zone="example.com")
        source = Source.objects.create(target=target, kind="Ingress", namespace="web", name="shop")
        record = {"target": target, "ttl": 300, "state": "drifted", "owned": True, "origin": str(source), **SHOP}
        ManagedRecord.objects.create(**record)
        CustomEntry.objects.create(target=target, name="nas.example.com", type="A", values=["192.0.2.7"])
        AuditEntry.objects.create(target=target, actor="syncer", action="created", **SHOP)
        plan = HeldPlan.objects.create(target=target, zone="example.com")
        HeldDelete.objects.create(plan=plan, name="old.example.com", type="A", values=["192.0.2.1"], ttl=300)
        DriftFinding.objects.create(target=target, drift_type="missing_record", **SHOP)
        SyncRequest.objects.create(target=target, action="sync", requested_by="ada")
        WriteFreeze.objects.create(target=target, set_by="ada")


PAGES = (
    *(f"/admin/records/{model}/" for model in ("auditentry", "customentry", "driftfinding", "heldplan")),
    *(f"/admin/records/{model}/" for model in ("managedrecord", "source", "syncrequest")),
    *("/admin/names/shop.example.com/", "/admin/records/customentry/add/", "/admin/preview/"),
    *("/ui/", "/ui/names/shop.example.com/", "/ui/needs/", "/ui/system/", "/ui/writes/", "/ui/freezes/"),
)


@pytest.mark.usefixtures("two_targets")
@pytest.mark.parametrize("page", PAGES)
def test_each_page_of_many_names_both(client: Client, page: str) -> None:
    client.force_login(User.objects.create_superuser("root"))
    answer = client.get(page)
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert re.search(r">[^<]*\bpublic\b", shown)
    assert re.search(r">[^<]*\blan\b", shown)


@pytest.mark.usefixtures("two_targets")
@pytest.mark.parametrize(
    "model", ["auditentry", "customentry", "driftfinding", "heldplan", "managedrecord", "source", "syncrequest"]
)
def test_each_page_of_one_names_its_target(client: Client, model: str) -> None:
    client.force_login(User.objects.create_superuser("root"))
    models = {each.__name__.lower(): each for each in (AuditEntry, CustomEntry, DriftFinding, HeldPlan, ManagedRecord)}
    row = (models | {"source": Source, "syncrequest": SyncRequest})[model].objects.get(target="public")
    shown = client.get(f"/admin/records/{model}/{row.pk}/change/", follow=True).content.decode()
    assert re.search(r">[^<]*\bpublic\b", shown)


@pytest.mark.usefixtures("two_targets")
def test_a_row_of_the_dashboard_says_on_which_target_it_is(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    shown = client.get("/ui/").content.decode()
    assert re.findall(r'<span class="quiet">on (\w+)</span></td>', shown) == ["lan", "public"]


@pytest.mark.usefixtures("two_targets")
def test_a_line_of_the_stream_says_on_which_target_it_was(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    assert "syncer · on public" in client.get("/ui/").content.decode()


@pytest.mark.usefixtures("two_targets")
def test_what_needs_someone_says_on_which_target_it_is_and_what_was_asked_for_on_one_is_not_on_the_other(
    client: Client,
) -> None:
    client.force_login(User.objects.create_superuser("root"))
    SyncRequest.objects.create(target="public", action="remediate", requested_by="olga", **SHOP)
    rows = re.findall(r'<li class="need .*?</li>', client.get("/ui/needs/").content.decode(), re.DOTALL)
    told = {
        (title, target, "olga asked" in row)
        for row in rows
        for title, target in re.findall(r'<a class="row"[^>]*>([^<]+)</a><span class="quiet"> · on (\w+)</span>', row)
    }
    assert told == {
        *(("1 delete in example.com", target, False) for target in ("lan", "public")),
        *(("shop.example.com A", target, target == "public") for target in ("lan", "public")),
    }


@pytest.mark.usefixtures("two_targets")
def test_a_claim_that_lost_says_on_which_target(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    losers = [["Ingress/web/shop", "Ingress/apps/shop has the name: it is older"]]
    ManagedRecord.objects.filter(target="public").update(is_contested=True, losers=losers)
    for source in Source.objects.all():
        note_mentions(source, [("shop.example.com", ["192.0.2.1"])])
    shown = client.get("/ui/needs/?kind=lost").content.decode()
    assert re.findall(r'<a class="row" href="([^"]*)">shop.example.com</a><span class="quiet"> · on (\w+)', shown) == [
        ("/ui/names/shop.example.com/?target=public", "public")
    ]
    sources = {row["target"]: row["lost"] for row in client.get("/api/v1/sources").json()["results"]}
    assert [bool(sources[target]) for target in ("lan", "public")] == [False, True]
    CustomEntry.objects.create(target="lan", name="shop.example.com", mode="block")
    shown = client.get("/ui/needs/?kind=lost").content.decode()
    assert sorted(re.findall(r'<span class="quiet"> · on (\w+)', shown)) == ["lan", "public"]


ON_PUBLIC = (
    ("replace", "Replace the foreign record at shop.example.com A on public?"),
    ("delete", "Delete shop.example.com A on public from DNS?"),
    ("release", "Give up shop.example.com A on public?"),
    ("block", "Block shop.example.com on public?"),
    ("drift", "Remediate shop.example.com A on public?"),
    ("restore", "Restore shop.example.com A on public?"),
    ("approve", "Approve 1 delete in example.com on public?"),
)


@pytest.mark.usefixtures("two_targets")
@pytest.mark.parametrize(("action", "question"), ON_PUBLIC)
def test_each_question_says_on_which_target_and_so_does_what_is_told_of_it(
    client: Client, action: str, question: str
) -> None:
    client.force_login(User.objects.create_superuser("root"))
    here = {"target": "public", "name": "shop.example.com"}
    keys: dict[str, Any] = {
        "drift": f"drift-{DriftFinding.objects.get(target='public').pk}",
        "restore": AuditEntry.objects.create(
            actor="syncer", action="created", target="public", after={"ttl": 300, "values": ["192.0.2.1"]}, **SHOP
        ).pk,
        "approve": HeldPlan.objects.get(target="public").pk,
        "block": "",
    }
    form = {"action": "remediate" if action == "drift" else action, **here}
    form["key"] = str(keys.get(action, ManagedRecord.objects.get(target="public").pk))
    assert question in client.post("/ui/do/", form).content.decode()
    if action in ("delete", "release", "block", "drift", "restore", "approve"):
        client.post("/ui/do/", {**form, "confirmed": "yes"})
        (told,) = re.findall(r'<div class="note \w+">([^<]*)', client.get("/ui/needs/").content.decode())
        assert " on public" in told


@pytest.mark.usefixtures("two_targets")
def test_a_question_about_many_says_of_each_on_which_target_it_is(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    keys = [str(finding.pk) for finding in DriftFinding.objects.all()]
    form = {"action": "remediate", "_selected_action": keys}
    shown = client.post("/admin/records/driftfinding/", form).content.decode()
    assert re.findall(r"<li>shop.example.com A: [^<]* on (\w+)</li>", shown) == ["public", "lan"]


@pytest.mark.usefixtures("two_targets")
def test_a_held_plan_of_the_dashboard_names_its_target(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    shown = client.get(f"/ui/plans/{HeldPlan.objects.get(target='public').pk}/").content.decode()
    assert re.search(r"<h1[^>]*>1 delete in example.com · on public</h1>", shown)


OF_NONE = re.compile(
    r"/(favicon\.ico|api(/docs/?|/openapi\.yaml|/v1/?|/)?|ui/do/|ui/stream/|admin/(login|logout|jsi18n|autocomplete)/)?$"
    r"|/admin/(password_change|auth|knox|r|\(|\^)|/admin/($|sync-now/|find/|exchange/|records/syncstatus/)|/ui(/find/)?$"
)
"""Of users and tokens, of files, of buttons that say in their form where, and of all targets at once."""


def test_no_page_is_forgotten() -> None:
    shown = re.compile(
        r"/api/v1/|/ui/(names|plans|needs|system|writes|freezes)?|/admin/(names|preview|records/(auditentry|customentry|driftfinding"
        r"|heldplan|managedrecord|source|syncrequest))/"
    )
    assert [page for page in outlets("page") if not shown.match(page) and not OF_NONE.match(page)] == []
