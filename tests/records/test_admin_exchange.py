"""Export and import in the admin: who may, what is shown, what is written."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT
from django.urls import reverse
from django.utils import timezone

from records.exchange import FORMS, read_backup, write_export
from records.exchange.uploads import LIFETIME, forget_uploads
from records.models import AuditEntry, CustomEntry, ManagedRecord, SyncRequest, UploadedBackup
from records.roles import ADMIN, OPERATOR, VIEWER
from tests.records.cast import make_cast
from tests.records.test_admin import act, visitor

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

PAGE = "/admin/exchange/"
MB = 1024 * 1024
BROKEN = b"""\
apiVersion: catalyst-dns-sync.io/v1alpha1
kind: DNSRecordBackup
entries:
  - {hostname: good.talos00, type: A, values: [192.0.2.1]}
  - {hostname: bad.talos00, type: A, values: [<b>nonsense</b>]}
  - {hostname: far.example.com, type: A, values: [192.0.2.1]}
"""


def backup(form: str = "yaml") -> bytes:
    """Of the cast, which then has never been."""
    with transaction.atomic():
        make_cast()
        content = "".join(write_export(form)).encode()
        transaction.set_rollback(True)
    return content


def give(client: Client, content: bytes, name: str = "dns-backup.yaml", **more: str) -> Any:
    return client.post(PAGE, {"file": SimpleUploadedFile(name, content), **more}, follow=True)


def nothing_is_written() -> bool:
    return not any(model.objects.exists() for model in (ManagedRecord, CustomEntry, AuditEntry, SyncRequest))


def test_an_export_of_selected_records_says_what_is_left_out() -> None:
    cast, client = make_cast(), visitor(VIEWER)
    answer = act(client, "managedrecord", "export_selected", cast.blog, cast.nas)
    text = b"".join(answer).decode()
    assert text.startswith("# 1 of the 2 selected records are not ours and not in the file.\n")
    assert ("blog.talos00" in text, "nas.talos00" in text) == (True, False)
    assert len(read_backup(text).records) == 1
    assert "1 of the 2 selected records are not ours" in client.get(PAGE).content.decode()

    refused = act(client, "managedrecord", "export_selected", cast.nas)
    assert "there is nothing to export" in refused.content.decode()
    assert not b"".join(act(client, "managedrecord", "export_selected", cast.blog)).startswith(b"#")


@pytest.mark.parametrize(
    ("role", "sees", "gives"), [(None, 302, 302), (VIEWER, 200, 403), (OPERATOR, 200, 403), (ADMIN, 200, 200)]
)
def test_everybody_with_a_role_may_export_and_admins_alone_import(role: str | None, sees: int, gives: int) -> None:
    content, client = backup(), visitor(role)
    page = client.get(PAGE)
    assert page.status_code == sees
    assert (b'type="file"' in page.content) is (role == ADMIN)
    answer = client.post(PAGE, {"file": SimpleUploadedFile("b.yaml", content)}, follow=role == ADMIN)
    assert answer.status_code == gives
    assert ManagedRecord.objects.exists() is (role == ADMIN)
    if role:
        start = client.get(reverse("admin:index")).content.decode()
        assert (f'"{PAGE}">Export</a>' in start, f'"{PAGE}">Export and import</a>' in start) == (
            role != ADMIN,
            role == ADMIN,
        )


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_a_link_to_a_streamed_download(form: str) -> None:
    make_cast()
    client = visitor(VIEWER)
    link = f"/api/v1/export?format={form}"
    assert f'href="{link}"' in client.get(PAGE).content.decode()
    answer = client.get(link)
    assert answer.streaming
    assert re.fullmatch(r'attachment; filename="(dns-backup\.\w+|gatus\.yaml)"', answer["Content-Disposition"])
    assert b"grafana" in b"".join(answer)


def test_it_shows_first_what_it_would_do_and_writes_nothing() -> None:
    content, client = backup(), visitor(ADMIN)
    assert b'name="dry_run" id="id_dry_run" checked' in client.get(PAGE).content
    text = give(client, content, dry_run="on").content.decode()
    assert "2 records, 1 entry created, 0 entries updated, 0 unchanged. Nothing is written yet" in text
    assert "<code>= blog.talos00 60 A 192.0.2.7 (ours again if DNS holds it, Ingress/web/blog)</code>" in text
    assert "<code>+ printer.talos00 A 192.0.2.9 publish</code>" in text
    assert "The syncer compares each record with DNS before it is ours again." in text
    assert nothing_is_written()


def find_fields(answer: Any) -> dict[str, str]:
    """What the button sends that imports the file that was looked at."""
    return dict(re.findall(r'name="(upload|seen)" value="([0-9a-f]{64})"', answer.content.decode()))


def find_upload_field(answer: Any) -> str:
    return find_fields(answer).get("upload", "")


@pytest.mark.parametrize("form", ["yaml", "json", "csv"])
def test_the_file_of_a_dry_run_is_imported_without_being_chosen_again(form: str) -> None:
    content, client = backup(form), visitor(ADMIN)
    name = f"{'dns-backup' * 22}.{form}"
    seen = give(client, content, name, dry_run="on")
    assert f"<code>{name}</code>: 2 records" in seen.content.decode()
    assert UploadedBackup.objects.get().name.endswith(f".{form}"), "which says how it is read"
    assert nothing_is_written()
    answer = client.post(PAGE, find_fields(seen), follow=True)
    assert "Imported: 2 records, 1 entry created" in answer.content.decode()
    assert ManagedRecord.objects.filter(owned=True).count() == 2
    assert not UploadedBackup.objects.exists(), "what is imported is kept no longer"


def test_a_kept_file_is_of_no_use_to_anyone_else_and_to_nobody_without_the_right() -> None:
    content, client = backup(), visitor(ADMIN)
    fields = find_fields(give(client, content, dry_run="on"))
    other = Client()
    other.force_login(User.objects.create_superuser("other"))
    assert "is kept no more" in other.post(PAGE, fields).content.decode()
    assert visitor(OPERATOR).post(PAGE, fields).status_code == 403
    assert nothing_is_written()


def test_a_kept_file_goes_after_an_hour_and_with_the_next_one() -> None:
    content, client = backup(), visitor(ADMIN)
    first = find_upload_field(give(client, content, dry_run="on"))
    second = find_upload_field(give(client, backup("json"), "b.json", dry_run="on"))
    assert UploadedBackup.objects.get().digest == second != first
    for gone in (first, "", "nonsense", "\0"):
        refused = client.post(PAGE, {"upload": gone}).content.decode()
        assert "Nothing was imported" in refused
        assert "choose it again" in refused
    UploadedBackup.objects.update(made_at=timezone.now() - LIFETIME - timedelta(seconds=1))
    assert "choose it again" in client.post(PAGE, {"upload": second}).content.decode()
    assert nothing_is_written()
    assert forget_uploads() == 1


def test_a_file_that_is_too_large_to_be_kept_has_to_be_chosen_again() -> None:
    client = visitor(ADMIN)
    upload = find_upload_field(give(client, backup(), dry_run="on"))
    noise = "".join(f"# {secrets.token_hex(5000)}\n" for _ in range(3600)).encode()
    seen = give(client, backup() + noise, dry_run="on")
    assert not find_upload_field(seen)
    assert "too large to be kept, so choose it again and untick the box" in seen.content.decode()
    assert "choose it again" in client.post(PAGE, {"upload": upload}).content.decode(), "it is not the one of before"
    assert not UploadedBackup.objects.exists()


def test_what_others_did_between_the_two_steps_is_not_overwritten_unseen() -> None:
    client = visitor(ADMIN)
    fields = find_fields(give(client, BROKEN.split(b"  - {hostname: bad")[0], dry_run="on"))
    entry = CustomEntry.objects.create(name="good.talos00", type="A", values=["192.0.2.99"], description="by carla")
    shown = client.post(PAGE, fields)
    assert "Something else was written meanwhile: this is what it would do now." in shown.content.decode()
    assert "192.0.2.99" in shown.content.decode()
    entry.refresh_from_db()
    assert entry.values == ["192.0.2.99"]
    assert "Imported: " in client.post(PAGE, find_fields(shown), follow=True).content.decode()
    entry.refresh_from_db()
    assert entry.values == ["192.0.2.1"]


def test_what_cannot_be_beside_what_others_made_meanwhile_is_refused() -> None:
    client = visitor(ADMIN)
    text = BROKEN.split(b"  - {hostname: bad")[0]
    fields = find_fields(give(client, text, dry_run="on"))
    CustomEntry.objects.create(name="good.talos00", type="CNAME", values=["nas.talos00"])
    refused = client.post(PAGE, fields).content.decode()
    assert "Nothing was imported" in refused
    assert "the entry good.talos00 A" in refused
    assert find_upload_field(give(client, text, dry_run="on")) == ""


@pytest.mark.parametrize("form", ["yaml", "json", "csv"])
def test_an_import_brings_back_what_was_exported_and_the_audit_names_the_user(form: str) -> None:
    answer = give(visitor(ADMIN), backup(form), f"dns-backup.{form.upper()}")
    assert answer.redirect_chain == [(reverse("admin:records_auditentry_changelist"), 302)]
    assert "Imported: 2 records, 1 entry created" in answer.content.decode()
    owned = ManagedRecord.objects.filter(owned=True).order_by("name")
    assert [record.name for record in owned] == ["blog.talos00", "grafana.talos00"]
    assert CustomEntry.objects.get().values == ["192.0.2.9"]
    assert set(AuditEntry.objects.values_list("actor", flat=True)) == {"the-admin"}
    assert AuditEntry.objects.filter(action="imported").count() == 3
    assert SyncRequest.objects.get().requested_by == "the-admin"


@pytest.mark.parametrize("more", [{}, {"dry_run": "on"}], ids=["in earnest", "dry run"])
def test_every_problem_of_a_broken_file_is_shown_with_its_place_and_nothing_written(more: dict[str, str]) -> None:
    text = give(visitor(ADMIN), BROKEN, **more).content.decode()
    assert "Nothing was imported" in text
    assert "<b>line 5, bad.talos00</b>" in text
    assert "<b>line 6, far.example.com</b>" in text
    assert "<b>nonsense" not in text
    assert nothing_is_written()


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("b.yaml", b"\xff\xfe", "byte 1 is not UTF-8"),
        ("b.yaml", b"", "The submitted file is empty."),
        ("b.json", b"kind: DNSRecordBackup", "no JSON"),
        ("b.csv", b"kind: DNSRecordBackup", "line 1"),
        ("b", b"{}", "it has neither records nor entries"),
        ("b.exe", b"MZ\0\0", "the file"),
    ],
    ids=range(6),
)
def test_what_is_no_backup_is_refused_in_words(name: str, content: bytes, complaint: str) -> None:
    answer = give(visitor(ADMIN), content, name)
    assert answer.status_code == 200
    assert complaint in answer.content.decode()
    assert nothing_is_written()


def test_a_post_without_a_file_asks_for_one() -> None:
    assert "This field is required." in visitor(ADMIN).post(PAGE, {}).content.decode()


def test_of_many_changes_and_many_problems_the_first_are_shown() -> None:
    def entries(value: str) -> bytes:
        lines = (f"  - {{hostname: h{n}.talos00, type: A, values: [{value}]}}\n" for n in range(1200))
        return b"apiVersion: catalyst-dns-sync.io/v1alpha1\nkind: DNSRecordBackup\nentries:\n" + "".join(lines).encode()

    client = visitor(ADMIN)
    assert "<li>and 200 more</li>" in give(client, entries("192.0.2.1"), dry_run="on").content.decode()
    refused = give(client, entries("nonsense")).content.decode()
    assert "<li>The rest was not looked at: 100 problems are enough.</li>" in refused


class Flood:
    """A body without an end, which counts what was taken of it."""

    def __init__(self, beginning: bytes) -> None:
        self._left, self.taken = beginning, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._left[:size].ljust(size, b"#")
        self._left = self._left[size:]
        self.taken += len(piece)
        return piece

    readline = read


def part(field: str, value: str, more: str = "") -> str:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"{more}\r\n\r\n{value}'


@pytest.mark.parametrize("role", [None, OPERATOR, ADMIN])
def test_a_file_of_more_than_100_mb_is_refused_before_a_byte_of_it_is_read(role: str | None) -> None:
    flood = Flood(part("file", "", '; filename="b.yaml"').encode())
    body = {"wsgi.input": flood, "CONTENT_TYPE": MULTIPART_CONTENT, "CONTENT_LENGTH": str(101 * MB)}
    answer = visitor(role).request(PATH_INFO=PAGE, REQUEST_METHOD="POST", **body)
    assert (answer.status_code, flood.taken) == (413, 0)
    assert "larger than 100 MB" in answer.content.decode()


def test_a_form_from_elsewhere_is_refused() -> None:
    content, client = backup(), visitor(ADMIN)
    client.handler.enforce_csrf_checks = True
    assert give(client, content).status_code == 403
    assert nothing_is_written()
    client.get(PAGE)
    token = client.cookies["csrftoken"].value
    assert give(client, content, csrfmiddlewaretoken=token).status_code == 200
    assert ManagedRecord.objects.exists()


def test_the_page_has_neither_script_nor_style_of_its_own() -> None:
    template = visitor(ADMIN).get(PAGE).content.decode().partition('<div id="content"')[2]
    assert 'type="file"' in template
    for inline in ("<script", "<style", "style=", "onclick=", "onsubmit="):
        assert inline not in template.partition('id="footer"')[0]


def test_a_page_of_problems_keeps_no_traceback_which_would_keep_the_file() -> None:
    error = give(visitor(ADMIN), BROKEN).context["error"]
    assert (len(error.problems), error.__traceback__, error.__context__) == (2, None, None)
