"""Whatever goes wrong under /api/v1, the answer has one shape."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.test import APIClient

from records.api import handlers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

V1 = "/api/v1"

NOWHERE = (
    "// //// /nowhere /nowhere/ //records /records//x/ /%0a /a%0Ab/ /%00 /%ff%fe/ /records/x /records/1/adopt/more"
)
BAD_QUERIES = """
    records?state=x records?changed_after=x records?changed_after=%00 records?search=%00 records?name=%00
    records?zone=%00
    audit?after_id=x audit?after_id=1e999 audit?before=0000-00-00 drift?status=%ff export?format=%00
    test-dns?hostname=a.talos00&type=%00 explain?hostname=%ff explain
"""


def error_of(answer: Any) -> tuple[int, str]:
    """Its status and code, of an answer in the one shape."""
    assert answer["Content-Type"] == "application/json", answer.content[:200]
    body = answer.json()
    assert body.keys() == {"type", "errors"}
    if body["type"] != "validation_error":
        assert body["type"] == ("server_error" if answer.status_code >= 500 else "client_error")
    for error in body["errors"]:
        assert error.keys() == {"code", "detail", "attr"}
        assert error["detail"]
    return answer.status_code, body["errors"][0]["code"]


@pytest.mark.parametrize("path", NOWHERE.split())
def test_an_address_that_does_not_exist(admin: APIClient, path: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        assert error_of(admin.generic(method, V1 + path)) == (404, "not_found")


@pytest.mark.parametrize("path", ["records/99999999999999999999999", "entries/a.b/NOPE", "entries/%0a/A", "drift/0"])
def test_a_thing_that_does_not_exist(admin: APIClient, path: str) -> None:
    assert error_of(admin.get(f"{V1}/{path}")) == (404, "not_found")


@pytest.mark.parametrize("path", ["records/", "records///", "status/", "entries/", "audit//"])
def test_a_slash_at_the_end_changes_nothing(admin: APIClient, path: str) -> None:
    assert admin.get(f"{V1}/{path}").status_code == 200


def test_a_visitor_without_a_token_does_not_learn_which_addresses_exist(client: Any) -> None:
    assert {error_of(client.get(V1 + path)) for path in ("/records", "////", "/nowhere", "/")} == {
        (401, "not_authenticated")
    }


@pytest.mark.parametrize("path", ["records", "records/", "status", "test-dns", "plan"])
def test_a_method_that_an_address_does_not_have(admin: APIClient, path: str) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
        assert error_of(admin.generic(method, f"{V1}/{path}")) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["records", "status", "nowhere", "explain?hostname=a.talos00", "plan"])
def test_an_answer_that_is_wanted_in_another_form(admin: APIClient, path: str) -> None:
    for accepted in ("text/html", "application/xml", "nonsense", ";;"):
        status, code = error_of(admin.get(f"{V1}/{path}", headers={"accept": accepted}))
        assert (status, code) in {(406, "not_acceptable"), (404, "not_found")}


@pytest.mark.parametrize(
    ("body", "media_type", "expected"),
    [
        (b"a=b", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b"a: b", "application/yaml", (415, "unsupported_media_type")),
        (b"{}", "nonsense", (415, "unsupported_media_type")),
        (b"{}", "", (415, "unsupported_media_type")),
        (b"{", "application/json", (400, "parse_error")),
        (b'{"name": "\xff"}', "application/json", (400, "parse_error")),
        (b'{"name": NaN}', "application/json", (400, "parse_error")),
        (b"[" * 100_000, "application/json", (400, "parse_error")),
        (b'{"ttl": %s}' % (b"9" * 5000), "application/json", (400, "parse_error")),
        (b'{"ttl": 60, "ttl": 61}', "application/json", (400, "parse_error")),
        (b'{"values": [%s{}]}' % (b"{}," * 100_000), "application/json", (400, "parse_error")),
        (b"{}", "application/json; charset=nonsense", (400, "required")),
        (b"[]", "application/json", (400, "invalid")),
        (b"null", "application/json", (400, "null")),
        (b'"text"', "application/json", (400, "invalid")),
        (b" " * (5 * 1024 * 1024 + 1), "application/json", (413, "too_large")),
    ],
    ids=lambda value: value[:20].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_a_body_that_cannot_be_taken(admin: APIClient, body: bytes, media_type: str, expected: tuple[int, str]) -> None:
    assert error_of(admin.generic("POST", f"{V1}/entries", body, content_type=media_type)) == expected


@pytest.mark.parametrize("query", BAD_QUERIES.split())
def test_a_parameter_that_cannot_be_taken(admin: APIClient, query: str) -> None:
    assert error_of(admin.get(f"{V1}/{query}"))[0] == 400


@pytest.mark.parametrize("page", ["0", "x", "-1", "9" * 30, "%00"])
def test_a_page_that_is_not_there(admin: APIClient, page: str) -> None:
    assert error_of(admin.get(f"{V1}/records?page={page}")) == (404, "not_found")


def test_a_host_that_is_not_ours(admin: APIClient) -> None:
    assert error_of(admin.get(f"{V1}/records", headers={"host": "evil.example"})) == (400, "bad_request")
    page = admin.get("/admin/", headers={"host": "evil.example"})
    assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_an_error_of_ours_before_a_view_is_found(rf: RequestFactory) -> None:
    for answer, expected in (
        (handlers.server_error(rf.get(f"{V1}/records")), (500, "error")),
        (handlers.permission_denied(rf.get("/api"), PermissionError()), (403, "permission_denied")),
    ):
        answer.json = partial(json.loads, answer.content)  # type: ignore[attr-defined]
        assert error_of(answer) == expected
    assert handlers.server_error(rf.get("/apis"))["Content-Type"].startswith("text/html")
