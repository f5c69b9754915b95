"""What a browser is told with every answer."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from django.test import Client

from tests.catalyst.web.test_health import Web

MB = 1024 * 1024
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "object-src 'none'",
}


@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.parametrize(
    ("path", "status"),
    [("/admin/login/", 200), ("/admin/", 302), ("/nowhere", 404), ("/api/v1/status", 401), ("/api/docs", 302)],
)
def test_every_answer_tells_the_browser_what_a_page_may_do(client: Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert {part.strip() for part in answer["Content-Security-Policy"].split(";")} == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


@pytest.mark.django_db
@pytest.mark.one_database
def test_only_who_came_by_https_is_told_to_stay_with_it(client: Client, settings: Any) -> None:
    assert "Strict-Transport-Security" not in client.get("/admin/login/", secure=True), "not unless it is asked for"
    settings.SECURE_HSTS_SECONDS = 2592000
    client = Client()  # which reads the settings anew
    assert client.get("/admin/login/", secure=True)["Strict-Transport-Security"] == "max-age=2592000"
    assert "Strict-Transport-Security" not in client.get("/admin/login/")


def test_a_page_that_breaks_and_one_that_is_refused_have_the_policy_as_well(site: Web) -> None:
    for answer in (
        requests.get(site.url, headers={"Host": "evil.example"}, timeout=10),
        requests.post(f"{site.url}/admin/login/", b"x" * 3 * MB, timeout=10),
        requests.post(f"{site.url}/admin/login/", {}, timeout=10),
    ):
        assert answer.status_code in (400, 413, 403)
        assert "text/html" in answer.headers["Content-Type"]
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
