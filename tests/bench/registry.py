"""``make bench-registry``: how long the dashboard and the lists of the admin and of the API take, over a registry of
full size."""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

from tests.postgres import postgres

if TYPE_CHECKING:  # what needs Django's settings is imported once they are made
    from django.db.models import Model
    from django.test import Client

ZONES = ("talos00", "home.lab")
NAMESPACES, TEAMS = 300, 12
TYPES = ("A",) * 8 + ("AAAA", "CNAME")
VALUES = {"A": "10.{0}.{1}.{2}", "AAAA": "fd00:{0:x}::{1:x}:{2:x}", "CNAME": "edge-{0}.home.lab"}
TROUBLE = ("pending", "drifted", "foreign", "conflict", "failed", "skipped", "held", "kept")
ACTIONS = ("created",) * 12 + ("updated",) * 6 + ("deleted",) * 5 + ("adopted", "released", "failed", "conflict")
RUNS = 5
LIMIT_MS, FIRST_MS, FILTER_MS = 300, 150, 250
"""Of every page; of the start page; of its list, narrowed."""
DICE = random.Random(1)
SEARCHES = {
    "many": "app",
    "one": "app-777.",
    "words": "app+ns177+lab",
    "none": "nowhere",
    "source": "Ingress/ns177/app-777",
}

DASHBOARD = (
    *("/ui/needs/", "/ui/system/", "/ui/writes/", "/ui/names/app-777.ns177.home.lab/", "/ui/names/nobody.home.lab/"),
    *(f"/ui/find/?q={text}" for text in ("app", "app-777.", "app+ns177+lab", "nowhere", "10.7.7.7")),
    *(f"/ui/?q={text}" for text in (*SEARCHES.values(), "10.7.7.7", "10.250.250.250", "2001:db8::1", "nowhere+app")),
    *(f"/ui/?{query}" for query in ("zone=home.lab", "kind=HTTPRoute", "namespace=ns177", "namespace=nowhere")),
    *("/ui/?kind=HTTPRoute&namespace=ns178", "/ui/?zone=home.lab&state=failed&q=app-7", "/ui/?target=nowhere"),
    *("/ui/?after=app-50000.ns200.talos00+A+default", "/ui/?before=app-50000.ns200.talos00+A+default"),
)
"""Beside each state and each kind of what waits."""

API = {
    "records": (
        *("name=app-777.ns177.home.lab", "zone=home.lab", "type=AAAA", "owned=false", "state=failed", "problem=true"),
        *("answer=wrong&answer=unanswered", "answer=right", "answer=delegated"),
        *("problem=false", "source=Ingress/ns177/app-777", "search=10.7.7.", "page_size=1000"),
        *(f"ordering={field}" for field in ("name", "-zone", "-type", "state", "-changed_at", "created_at")),
    ),
    "sources": (
        *("kind=HTTPRoute", "namespace=ns177", "name=app-777", "silent=true", "silent=false", "page_size=1000"),
        *(f"ordering={field}" for field in ("-namespace", "name", "kind", "-seen_at")),
    ),
    "entries": ("name=extra-77.talos00", "type=A", "mode=block", "enabled=false", "owner=team-7", "search=team-7"),
    "audit": (
        *("name=app-777.ns177.home.lab", "zone=home.lab", "type=AAAA", "action=failed", "action=created"),
        *("actor=admin", "actor=syncer", "source=Ingress/ns177/app-777", "correlation=0000000000ff"),
        *("ordering=id&after_id=1000", "ordering=-at", "after=2020-01-01T00:00:00Z", "page_size=1000"),
    ),
    "drift": (
        *("status=open", "zone=home.lab", "drift_type=missing_record", "name=app-777.ns177.home.lab"),
        *("search=app-777", "source=Ingress/ns177/app-777", "ordering=name", "ordering=-found_at", "page_size=1000"),
    ),
    "holds": ("status=open", "zone=home.lab"),
    "requests": ("waiting=true", "action=sync", "requested_by=admin", "ordering=-done_at"),
    "status": (),
}


@dataclass(slots=True)
class Page:
    path: str
    queries: int
    median: float
    slowest: float

    @property
    def limit(self) -> int:
        if self.path.startswith("/ui/?"):
            return FILTER_MS
        return FIRST_MS if self.path == "/ui/" else LIMIT_MS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.registry", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000, help="and as many sources")
    parser.add_argument("--entries", type=int, default=300_000, help="audit entries")
    parser.add_argument("--postgres", action="store_true", help="instead of SQLite")
    options = parser.parse_args()
    with open_registry(options.postgres):
        began = time.monotonic()
        fill_registry(options.records, options.entries)
        print(
            f"{options.records} records and {options.entries} audit entries in {time.monotonic() - began:.0f} s",
            flush=True,
        )
        pages = sorted(visit_pages(), key=lambda page: -page.median)
    print("\nmedian    max  queries  page")
    for page in pages:
        print(f"{page.median:3.0f} ms {page.slowest:3.0f} ms  {page.queries:7}  {page.path}")
    late = [page for page in pages if page.median > page.limit]
    worst = max(pages, key=lambda page: page.median / page.limit)
    print(f"\n{len(pages)} pages; next to its limit, {worst.limit} ms, is with {worst.median:.0f} ms {worst.path}")
    for page in late:
        print(f"too slow: {page.path} takes {page.median:.0f} ms of {page.limit}")
    return int(bool(late))


@contextmanager
def open_registry(on_postgres: bool) -> Iterator[None]:
    """Django, set up on an empty database that goes away."""
    with tempfile.TemporaryDirectory(prefix="catalyst-bench-") as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "catalyst.settings.web",
            "DATA_DIR": folder,
            "SECRET_KEY": "the bench's own, of no worth anywhere else",
            "DNS_ZONES": ",".join(ZONES),
            "ALLOWED_HOSTS": "testserver",
            "API_RATE_LIMIT": "0",
            "LOG_LEVEL": "error",
        }
        if on_postgres:
            with postgres() as url:
                yield from set_up_django(url)
        else:
            yield from set_up_django(f"sqlite:///{folder}/registry.sqlite3")


def set_up_django(url: str) -> Iterator[None]:
    os.environ["DATABASE_URL"] = url
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    try:
        yield
    finally:
        connection.close()


def fill_registry(records: int, entries: int) -> None:
    from django.db import connection, transaction

    from records.answer_models import RecordAnswer
    from records.models import (
        AuditEntry,
        CustomEntry,
        DriftFinding,
        HeldDelete,
        HeldPlan,
        ManagedRecord,
        Source,
        SourceName,
        SyncRequest,
    )

    with transaction.atomic():
        store_rows(ManagedRecord, map(make_record, range(records)))
        store_rows(RecordAnswer, map(make_answer, ManagedRecord.objects.filter(owned=True).iterator()))
        store_rows(Source, map(make_source, range(records)))
        store_rows(
            SourceName,
            (row for key in Source.objects.order_by("pk").values_list("pk", "name") for row in list_mentions(*key)),
        )
        store_rows(AuditEntry, (make_audit_entry(number, entries, records) for number in range(entries)))
        store_rows(CustomEntry, map(make_custom_entry, range(records // 10)))
        store_rows(DriftFinding, map(make_finding, range(records // 10)))
        store_rows(HeldPlan, map(make_plan, range(200)))
        store_rows(HeldDelete, (row for plan in HeldPlan.objects.all() for row in list_deletes(plan)))
        store_rows(SyncRequest, map(make_request, range(records // 10)))
    if connection.vendor == "postgresql":  # where autovacuum does it; SQLite has no such thing
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def store_rows(model: type[Model], rows: Iterable[dict[str, Any]]) -> None:
    model._default_manager.bulk_create((model(**row) for row in rows), batch_size=2000)


# The fields of a table's row by its number. What is rare is spread, so that no filter finds its rows all in one place.


def name_row(number: int) -> tuple[str, str, str]:
    """Zone, name and the source's origin."""
    zone, namespace = ZONES[number % len(ZONES)], f"ns{number % NAMESPACES}"
    return zone, f"app-{number}.{namespace}.{zone}", f"{pick_kind(number)[1]}/{namespace}/app-{number}"


def pick_kind(number: int) -> tuple[str, str]:
    if number % 10 == 8:
        return "gateway.networking.k8s.io", "HTTPRoute"
    return ("traefik.io", "IngressRoute") if number % 10 == 9 else ("networking.k8s.io", "Ingress")


def make_value(number: int, kind: str) -> str:
    return VALUES[kind].format(number // 62_500, number // 250 % 250, number % 250)


def make_record(number: int) -> dict[str, Any]:
    zone, name, origin = name_row(number)
    kind = TYPES[number % len(TYPES)]
    state = DICE.choice(TROUBLE) if DICE.random() < 0.06 else "synced"
    lost = [["Ingress/legacy/app-old", f"{origin} is older"]] if DICE.random() < 0.01 else []
    return {
        "zone": zone,
        "name": name,
        "type": kind,
        "values": [make_value(number, kind)],
        "ttl": 300,
        "owned": state not in ("foreign", "conflict", "skipped"),
        "state": state,
        "reason": "" if state == "synced" else f"the zone has {make_value(number + 1, kind)}: someone else made it",
        "origin": origin,
        "claimants": [origin],
        "losers": lost,
        "changed_at": time_ago(minutes=DICE.randrange(200_000)),
    }


def make_answer(record: Any) -> dict[str, Any]:
    luck = DICE.random()
    result = "wrong" if luck < 0.005 else "unanswered" if luck < 0.01 else "delegated" if luck < 0.02 else "right"
    return {
        "record": record,
        "target": record.target,
        "zone": record.zone,
        "result": result,
        "reason": "" if result == "right" else "192.168.1.53:53 answers nothing (NXDOMAIN)",
        "since": record.changed_at,
        "asked_at": time_ago(minutes=DICE.randrange(60)),
        "again_at": time_ago(minutes=-1) if result in ("wrong", "unanswered") else None,
        "of_change": record.changed_at,
    }


def make_source(number: int) -> dict[str, Any]:
    _, _, origin = name_row(number)
    kind, namespace, own_name = origin.split("/")
    return {
        "group": pick_kind(number)[0],
        "kind": kind,
        "namespace": namespace,
        "name": own_name,
        "uid": f"{DICE.getrandbits(128):032x}",
        "created": f"{time_ago(minutes=DICE.randrange(500_000)):%Y-%m-%dT%H:%M:%SZ}",
        "warnings": ["ttl 1d is no number of seconds"] if DICE.random() < 0.01 else [],
        "notes": {"owner": f"team-{number % TEAMS}"},
        "digest": f"{DICE.getrandbits(128):032x}",
        "seen_at": time_ago(minutes=DICE.randrange(200_000)),
    }


def list_mentions(key: int, own_name: str) -> Iterator[dict[str, Any]]:
    luck, since = DICE.random(), time_ago(minutes=DICE.randrange(200_000))
    _, name, _ = name_row(int(own_name.removeprefix("app-")))
    if luck >= 0.02:
        yield {"source_id": key, "name": name, "values": [], "position": 0, "since": since}
    if luck < 0.05:
        reason = "outside every zone"
        yield {"source_id": key, "name": "www.example.org", "reason": reason, "position": 1, "since": since}


def make_audit_entry(number: int, entries: int, records: int) -> dict[str, Any]:
    about = DICE.randrange(max(1, records))
    zone, name, origin = name_row(about)
    kind, action = TYPES[about % len(TYPES)], DICE.choice(ACTIONS)
    before, after = ({"ttl": 300, "values": [make_value(about + more, kind)]} for more in (1, 0))
    return {
        "at": time_ago(minutes=(entries - number) / 2),
        "actor": "admin" if DICE.random() < 0.02 else "syncer",
        "action": action,
        "zone": zone,
        "name": name,
        "type": kind,
        "before": None if action == "created" else before,
        "after": None if action == "deleted" else after,
        "source": origin,
        "reason": "the server answered: REFUSED" if action == "failed" else "",
        "correlation": f"{number // 20:012x}",
    }


def make_custom_entry(number: int) -> dict[str, Any]:
    block = number % 50 == 0
    return {
        "name": f"extra-{number}.{ZONES[number % len(ZONES)]}",
        "type": "" if block else "A",
        "values": [] if block else [make_value(number, "A")],
        "mode": "block" if block else ("publish", "override")[number % 2],
        "enabled": number % 20 > 0,
        "owner": f"team-{number % TEAMS}",
        "description": f"asked for by team {number % TEAMS}",
    }


def make_finding(number: int) -> dict[str, Any]:
    zone, name, origin = name_row(number)
    kind = TYPES[number % len(TYPES)]
    wrote, found = ({"ttl": 300, "values": [make_value(number + more, kind)]} for more in (0, 1))
    missing, ended = number % 3 == 0, number % 50 > 0
    return {
        "zone": zone,
        "name": name,
        "type": kind,
        "drift_type": "missing_record" if missing else "unexpected_ip",
        "status": ("remediated", "over")[number % 2] if ended else ("open", "accepted")[number % 100 > 0],
        "expected": wrote,
        "found": None if missing else found,
        "reason": "someone deleted it" if missing else "someone changed it",
        "origin": origin,
        "found_at": time_ago(minutes=DICE.randrange(200_000)),
        "decided_at": time_ago(minutes=number) if ended else None,
        "decided_by": "syncer" if ended else "",
    }


def make_plan(number: int) -> dict[str, Any]:
    zone = ZONES[number % len(ZONES)]
    return {
        "zone": zone,
        "status": "open" if number < len(ZONES) else ("approved", "rejected", "done", "obsolete")[number % 4],
        "reason": f"200 of 50000 records of {zone} would go",
        "decided_at": None if number < len(ZONES) else time_ago(minutes=number),
        "decided_by": "" if number < len(ZONES) else "admin",
    }


def list_deletes(plan: Any) -> Iterator[dict[str, Any]]:
    for number in range(200):
        yield {
            "plan": plan,
            "name": f"app-{number}.ns1.{plan.zone}",
            "type": "A",
            "origin": f"Ingress/ns1/app-{number}",
        }


def make_request(number: int) -> dict[str, Any]:
    zone, name, _ = name_row(number)
    return {
        "action": ("sync", "delete", "adopt")[number % 3],
        "zone": zone,
        "name": name,
        "requested_by": "admin",
        "done_at": None if number % 100 == 0 else time_ago(minutes=number),
        "outcome": "" if number % 100 == 0 else "done",
    }


def time_ago(*, minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def visit_pages() -> Iterator[Page]:
    """Each page once to warm up and to count its queries, then against the clock."""
    from django.contrib.auth.models import User
    from django.test import Client

    from records.api.access import make_token

    user = User.objects.create_superuser("admin")
    person = Client()
    person.force_login(user)
    for path in (*list_dashboard_paths(), *list_admin_paths(person)):
        yield visit_page(person, path)
    program = Client(headers={"authorization": f"Bearer {make_token(user, days=1)[1]}"})
    for path in list_api_paths(program):
        yield visit_page(program, path)


def visit_page(client: Client, path: str) -> Page:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        get_page(client, path)
    count = len(queries)  # which the next request resets
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        get_page(client, path)
        times.append((time.perf_counter() - began) * 1000)
    return Page(path, count, statistics.median(times), max(times))


def get_page(client: Client, path: str) -> Any:
    answer = client.get(path, follow=True)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answers {answer.status_code}")
    return answer


def list_dashboard_paths() -> Iterator[str]:
    from records.dashboard.needs import KINDS
    from records.dashboard.table import STATES
    from records.models import HeldPlan

    yield "/ui/"
    yield from DASHBOARD
    yield from (f"/ui/?state={state}" for state in filter(None, STATES))
    yield from (f"/ui/needs/?kind={kind}" for kind in KINDS)
    yield from (f"/ui/plans/{plan.pk}/" for plan in HeldPlan.objects.filter(status="open"))


def list_admin_paths(client: Client) -> Iterator[str]:
    """Every list with all that it offers: each answer of each filter, each order, its last page; and searches."""
    from django.contrib import admin
    from django.urls import reverse

    yield reverse("admin:index")
    for model, pages in admin.site._registry.items():
        prefix = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        path = reverse(f"{prefix}_changelist")
        yield path
        links = re.findall(r'href="(\?[^"]+)"', get_page(client, path).text)
        offered = [link for link in dict.fromkeys(map(unescape, links)) if link != "?"]
        yield from (path + link for link in offered)
        if pages.search_fields:
            yield from (f"{path}?q={text}" for text in SEARCHES.values())
            questions = [link for link in offered if link.startswith("?show=")]
            yield from (f"{path}{link}&q={SEARCHES['one']}" for link in questions)
        rows = model._default_manager.order_by("pk")
        if count := rows.count():
            yield reverse(f"{prefix}_change", args=[rows[count // 2].pk])


def list_api_paths(client: Client) -> Iterator[str]:
    from django.urls import reverse

    for name, queries in API.items():
        path = f"{reverse('status').removesuffix('status')}{name}"
        yield path
        yield from (f"{path}?{query}" for query in queries)
        if "count" in (answer := get_page(client, path).json()):
            yield f"{path}?page={max(1, answer['count'] // 100)}"
            yield from (f"{path}?search={text}" for text in SEARCHES.values())


if __name__ == "__main__":
    sys.exit(main())
