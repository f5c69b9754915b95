"""The API against its own document: every answer is one that the document knows, and never a 500.

FUZZ_EXAMPLES is the number of random cases of each operation; where it is set, as ``make hostile`` does, and in ``make
exhaustive`` all those at the borders of what its parameters may be are asked too, otherwise every eighth."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, settings
from pytest_django import Settings

from records.api.docs import DOCUMENT
from tests.records.api.conftest import client_for
from tests.samples import EXHAUSTIVE

WHOLE = "FUZZ_EXAMPLES"
STRIDE = 1 if EXHAUSTIVE or WHOLE in os.environ else 8
"""Of some fifty cases at the borders of each operation, which stand by parameter: each of them has its share."""

SETTINGS = settings(
    max_examples=int(os.environ.get(WHOLE, "2")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """As Django's own test client does: the connection of the test outlives the requests."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(one_connection: None, world: SimpleNamespace, settings: Settings) -> str:
    settings.API_RATE_LIMIT = settings.DNS_TEST_RATE_LIMIT = 0
    settings.DNS_TEST_SERVERS = []
    return str(client_for("admin")._credentials["HTTP_AUTHORIZATION"])


@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.timeout(300)
def test_every_answer_is_one_of_the_document(token: str, subtests: pytest.Subtests) -> None:
    """All is loaded and the cases made here: by ``@schema.parametrize()`` each process that only collects made them."""
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.pytest.lazy import get_all_tests
    from schemathesis.specs.openapi import checks

    conformance = (checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance)
    schema = schemathesis.openapi.from_path(DOCUMENT)
    schema.app = get_wsgi_application()

    def ask(case: schemathesis.Case) -> None:
        with transaction.atomic():
            case.call_and_validate(headers={"Authorization": token}, checks=[not_a_server_error, *conformance])
            transaction.set_rollback(True)  # the next case finds the world as it was

    asked = set()
    for found in get_all_tests(schema=schema, test_func=ask, settings=SETTINGS, given_kwargs=None):
        operation, ask_all = found.ok()
        with subtests.test(operation.label):
            borders = ask_all.hypothesis_explicit_examples
            borders[:] = borders[::STRIDE]
            ask_all()
        asked.add(operation.label)
    assert len(asked) == schema.statistic.operations.total > 30
