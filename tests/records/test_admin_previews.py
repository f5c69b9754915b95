"""The page that shows what a manifest would publish."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from records.models import AuditEntry, ManagedRecord, Source, SyncRequest
from records.roles import ADMIN, OPERATOR, VIEWER
from tests.records.test_admin import visitor
from tests.records.two_targets import set_up_two

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

WIKI = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: wiki, namespace: web}
spec: {rules: [{host: wiki.talos00}, {host: wiki.example.org}]}
"""
RIVAL = WIKI.replace("name: wiki", "name: rival")
OTHERS = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: wiki}
---
a: [
"""


def show(client: Client, **form: Any) -> str:
    answer = client.post(reverse("admin:preview"), form)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("role", [VIEWER, OPERATOR, ADMIN])
def test_everybody_with_a_role_is_shown_what_it_would_publish_and_nothing_is_stored(role: str) -> None:
    text = show(visitor(role), text=WIKI)
    assert "It would publish 1 record<" in text
    assert "Ingress/web/wiki" in text
    assert "outside every managed zone" in text
    assert not any(model.objects.exists() for model in (ManagedRecord, Source, AuditEntry, SyncRequest))


def test_it_is_for_nobody_else() -> None:
    answer = Client().post(reverse("admin:preview"), {"text": WIKI})
    assert answer["Location"].startswith(reverse("admin:login"))
    staff = Client()
    staff.force_login(User.objects.create_user("without-a-role", is_staff=True))
    assert staff.post(reverse("admin:preview"), {"text": WIKI}).status_code == 403


def test_a_text_and_a_file_count_together_and_what_cannot_be_read_stops_nothing() -> None:
    file = SimpleUploadedFile("rival.yaml", (RIVAL + OTHERS).encode())
    text = show(visitor(VIEWER), text=WIKI, file=file)
    assert "It would publish 1 record<" in text, "both want it with the same values"
    assert "rival.yaml, document 3" in text
    assert "1 passed over: it gives no names" in text


def test_a_name_that_two_of_them_want_otherwise_is_told() -> None:
    target = 'metadata: {annotations: {catalyst-dns-sync.io/target: "192.0.2.99"}, name: other'
    text = show(visitor(VIEWER), text=WIKI + "---\n" + WIKI.replace("metadata: {name: wiki", target))
    assert "In conflict with another one of them" in text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({}, "Paste a manifest, or choose a file."),
        ({"text": " \n"}, "Paste a manifest, or choose a file."),
        ({"text": "<script>alert(1)</script>"}, "Nothing of it would be in DNS."),
        ({"text": "{{ .Values.x }}"}, "it looks like a template to be rendered first"),
        ({"file": SimpleUploadedFile("a.yaml", b"\xff\xfe")}, "byte 1 is not UTF-8"),
        ({"text": "---\nkind: a\n" * 20_001}, "more than 20,000 "),
    ],
    ids=range(6),
)
def test_what_is_no_manifest_is_told(form: dict[str, Any], told: str) -> None:
    text = show(visitor(VIEWER), **form)
    assert told in text
    assert "<script>alert" not in text


def test_of_several_targets_each_row_says_where_and_one_can_be_chosen(settings: LazySettings) -> None:
    set_up_two(settings)
    client = visitor(VIEWER)
    both = show(client, text=WIKI.replace("example.org", "example.com"))
    assert "It would publish 3 records<" in both
    values = re.findall(r"<td>A</td><td>.*?(\d[\d.]+\d).*?<td>(\w+)</td></tr>", both)
    assert values == [("192.168.1.54", "lan"), ("203.0.113.7", "public"), ("192.168.1.54", "lan")]
    assert "outside every" not in both, "each name has a zone somewhere"
    only = show(client, text=WIKI.replace("example.org", "example.com"), target="public")
    assert "It would publish 1 record<" in only
    assert '<option value="public" selected>' in only
    assert "dmz is not one of the available choices." in show(client, text=WIKI, target="dmz")


def test_where_there_is_one_target_none_is_asked_for() -> None:
    text = show(visitor(VIEWER), text=WIKI)
    assert 'name="target"' not in text
    assert ">target</th>" not in text


def test_the_start_page_leads_to_it() -> None:
    assert f'href="{reverse("admin:preview")}"' in visitor(VIEWER).get(reverse("admin:index")).content.decode()
