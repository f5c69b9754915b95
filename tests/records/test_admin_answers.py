"""What DNS servers answer, as the admin shows it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from records.admin.columns import admin_url, name_url
from records.answer_models import RecordAnswer
from records.models import ManagedRecord
from tests.records.cast import Cast, make_cast

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def answer_blog(cast: Cast, result: str, reason: str = "") -> None:
    columns = {"record": cast.blog, "target": "default", "zone": "talos00", "since": LONG_AGO}
    RecordAnswer.objects.create(
        **columns, result=result, reason=reason, asked_at=timezone.now(), of_change=cast.blog.changed_at
    )


def test_what_dns_answers_is_beside_the_record(cast: Cast, admin_client: Client) -> None:
    answer_blog(cast, "wrong", "192.0.2.53:53 answers <b>nothing</b> (NXDOMAIN)")
    text = admin_client.get(name_url("blog.talos00")).content.decode()
    assert '<span class="word bad">wrong</span> 192.0.2.53:53 answers &lt;b&gt;nothing&lt;/b&gt; (NXDOMAIN)' in text
    assert 'title="2026-01-01 00:00:00 UTC"' in text
    assert "DNS has answered A wrong since 2026-01-01 00:00:00 UTC" in text
    listed = admin_client.get(admin_url("managedrecord_changelist")).content.decode()
    assert listed.count("DNS: wrong") == 1
    start = admin_client.get(reverse("admin:index"))
    assert start.context["misanswered_count"] == 1
    assert "?answer=trouble" in start.content.decode()


@pytest.mark.parametrize(
    ("result", "filters"), [("wrong", "wrong trouble"), ("unanswered", "unanswered trouble"), ("right", "right")]
)
def test_records_are_found_by_what_dns_answers(cast: Cast, admin_client: Client, result: str, filters: str) -> None:
    answer_blog(cast, result)
    found = [
        each
        for each in ("trouble", *RecordAnswer.Result.values)
        if admin_client.get(admin_url("managedrecord_changelist", answer=each)).context["cl"].result_count
    ]
    assert sorted(found) == sorted(filters.split())


def test_a_record_that_is_not_asked_for_says_why(cast: Cast, admin_client: Client, settings: Any) -> None:
    def shown(record: ManagedRecord) -> str:
        text = admin_client.get(name_url(record.name)).content.decode()
        return re.search(r'<span class="quiet">(n[^<]*(?:known|asked)[^<]*)<', text)[1]  # type: ignore[index]

    assert shown(cast.grafana) == "not known yet"
    assert shown(cast.nas) == "not asked"
    settings.PROPAGATION_RATE = 0.0
    assert shown(cast.grafana) == "names are not asked: PROPAGATION_RATE is 0"
    start = admin_client.get(reverse("admin:index")).content.decode()
    assert "nothing: PROPAGATION_RATE is 0" in start
    assert "?answer=trouble" not in start
