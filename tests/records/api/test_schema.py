"""The OpenAPI document: that it is the one of the code, and that the code keeps what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from records.api.docs import DOCUMENT
from syncer.documents.yamltext import read_document

TABLE = Path(__file__).parents[3] / "docs" / "api.md"


def test_the_document_is_that_of_the_code(tmp_path: Path) -> None:
    """When it is not: ``manage.py spectacular --validate --fail-on-warn --file records/api/openapi.yaml``."""
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(made))
    assert made.read_text() == DOCUMENT.read_text()


def test_each_call_stands_in_the_docs() -> None:
    rows = [line for line in TABLE.read_text().splitlines() if line.startswith("| `")]
    paths: Any = read_document(DOCUMENT.read_text())["paths"]
    ends = {
        path.rstrip("/").removesuffix("/{id}").rpartition("/")[2]: path
        for path, calls in paths.items()
        if not any(call.get("deprecated") for call in calls.values())
    }
    ends.pop("v1")
    missing = [
        path for end, path in ends.items() if not any(re.search(rf"[ /]{re.escape(end)}[`?]", row) for row in rows)
    ]
    assert len(ends) > 20
    assert missing == []


@pytest.mark.django_db
def test_the_docs_page_needs_a_login_and_nothing_from_elsewhere(admin_client: Client) -> None:
    assert Client().get("/api/docs").headers["Location"].startswith("/admin/login/")
    assert Client().get("/api/openapi.yaml").content == DOCUMENT.read_bytes()
    page = admin_client.get("/api/docs").content.decode()
    script = admin_client.get("/api/docs?script=").content.decode()
    assert "/api/openapi.yaml" in script
    assert "://" not in page.replace("http://www.w3.org", "")


@pytest.mark.django_db
def test_an_unknown_address_is_answered_in_the_same_shape(viewer: Any) -> None:
    answer = viewer.get("/api/v1/nonsense")
    assert answer.status_code == 404
    assert answer.json()["type"] == "client_error"
    assert viewer.get("/api/v1/status/").status_code == 200
    assert viewer.get("/api/v1///").status_code == 404
