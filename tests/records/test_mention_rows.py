"""What an object mentions is remembered as it asks for it, and since when."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from records.ledger import DatabaseLedger
from records.limits import ROWS
from records.models import Source, SourceName
from records.remembered import RememberedClaims
from syncer.core.drafts import make_https
from syncer.core.source import Ref, SourceObject, Want, WantedRecord, withhold_values
from tests.records.objects import blog_source, save_source

pytestmark = pytest.mark.django_db


def times() -> dict[str, datetime]:
    return dict(SourceName.objects.values_list("name", "since"))


def test_a_name_keeps_its_time_for_as_long_as_the_object_names_it() -> None:
    save_source(blog_source("blog.talos00", "www.talos00"))
    first = times()
    SourceName.objects.filter(name="blog.talos00").update(detached_since=timezone.now(), detached_seconds=5)
    row = save_source(blog_source("new.talos00", "blog.talos00", skipped="www.talos00", owner="web team"))
    assert row.wanted_names() == [("new.talos00", ["192.0.2.7"]), ("blog.talos00", ["192.0.2.7"])]
    assert row.skipped_names() == [("www.talos00", "outside every managed zone")]
    now = times()
    assert (now["blog.talos00"], now["www.talos00"]) == (first["blog.talos00"], first["www.talos00"])
    assert now["new.talos00"] > first["blog.talos00"]
    assert SourceName.objects.get(name="blog.talos00").detached_seconds == 0, "it is not kept: it is wanted"
    save_source(blog_source("new.talos00"))
    save_source(blog_source("new.talos00", "blog.talos00"))
    assert times()["blog.talos00"] > now["blog.talos00"], "it named it anew"


def test_records_of_an_object_are_remembered_as_it_asks_for_them() -> None:
    mx = WantedRecord("MX", ("10 mx.talos00",), 60, ("20 localhost",))
    wants = (
        Want("mail.talos00", own=True, records=(mx, WantedRecord("CNAME", skipped="the others win"))),
        Want("_http._tcp.mail.talos00", own=True, records=(WantedRecord("SRV", ("0 0 80 mail.talos00",), waits=True),)),
    )
    source = SourceObject(Ref("Ingress", "web", "mail"), wants=wants)
    DatabaseLedger().save_sources("default", {source.ref: source})
    claims = RememberedClaims("default")
    assert claims.source(source.ref) == source
    assert claims.claimants("mail.talos00") == [source]
    (row,) = Source.objects.all()
    assert row.wanted_names() == [
        ("mail.talos00", ["MX 10 mx.talos00"]),
        ("_http._tcp.mail.talos00", ["SRV 0 0 80 mail.talos00"]),
    ]
    assert row.skipped_names() == [("mail.talos00", "CNAME: the others win")]


def test_what_is_refused_is_remembered_beside_an_https_record() -> None:
    want = Want(
        "mail.talos00", ("192.0.2.7",), True, withheld=withhold_values(("127.0.0.1",)), records=make_https("h2")
    )
    source = SourceObject(Ref("Ingress", "web", "mail"), wants=(want,))
    DatabaseLedger().save_sources("default", {source.ref: source})
    assert RememberedClaims("default").source(source.ref) == source


def test_an_object_of_many_names_keeps_them_in_order() -> None:
    names = [f"{number}.talos00" for number in range(2 * ROWS + 1)]
    save_source(blog_source(*reversed(names), skipped="x.example.org"))
    first = times()
    row = save_source(blog_source(*names, "new.talos00", skipped="x.example.org"))
    assert [name for name, _ in row.wanted_names()] == [*names, "new.talos00"]
    assert row.skipped_names() == [("x.example.org", "outside every managed zone")]
    assert times().items() > first.items()
