"""The answer to a request that no view has seen."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest
from django.test import RequestFactory

from catalyst.web.refusing import refuse_request


@pytest.mark.parametrize(
    ("status", "kind"), [(HTTPStatus.BAD_REQUEST, "client_error"), (HTTPStatus.SERVICE_UNAVAILABLE, "server_error")]
)
def test_a_program_gets_the_one_shape_of_an_error(rf: RequestFactory, status: HTTPStatus, kind: str) -> None:
    answer = refuse_request(rf.get("/api/v1/records"), status, "invalid", "No.")
    assert json.loads(answer.content) == {
        "type": kind,
        "errors": [{"code": "invalid", "detail": "No.", "attr": None}],
    }
    assert (answer.status_code, int(answer["Content-Length"])) == (status, len(answer.content))


def test_a_person_gets_a_page(rf: RequestFactory) -> None:
    answer = refuse_request(rf.get("/admin/"), HTTPStatus.BAD_REQUEST, "invalid", "<b> is too much.")
    assert "<h1>Bad Request</h1>" in answer.content.decode()
    assert "&lt;b&gt; is too much. Nothing was changed." in answer.content.decode()
