"""A reason is clean from the moment it is made, whoever makes it."""

from __future__ import annotations

import pytest
from django.db.utils import OperationalError

import records.notify
from records.database_errors import describe_error, explain_error
from syncer.errors import SyncError, ToldError, explain_fault
from syncer.kube.client import ApiError
from syncer.ledger import LedgerError
from syncer.zone.result import PartialPass

SECRET = "the token of 1 < 2 servers"
SPELLINGS = (SECRET, repr(SECRET), SECRET.replace(" ", "%20").replace("<", "%3C"), SECRET.replace("<", "&lt;"))


@pytest.fixture(autouse=True)
def known(known_secrets: set[str]) -> None:
    known_secrets.add(SECRET)


def all_kinds(base: type[ToldError]) -> list[type[ToldError]]:
    return [base, *(deeper for kind in base.__subclasses__() for deeper in all_kinds(kind))]


def make_error(kind: type[ToldError], told: str) -> ToldError:
    if issubclass(kind, ApiError):
        return kind(500, told)
    return kind(told, {}) if issubclass(kind, PartialPass) else kind(told)


def test_no_error_of_ours_can_hold_a_secret() -> None:
    kinds = all_kinds(ToldError)
    assert {SyncError, LedgerError, records.notify.NotTold} <= {*kinds}
    assert len(kinds) > 12
    for kind in kinds:
        for spelling in SPELLINGS:
            told = f"it said {spelling}"
            error = make_error(kind, told)
            assert "token of" not in f"{error} {error!r} {error.args}", kind


def test_an_error_that_nothing_foresaw_gives_a_clean_reason() -> None:
    error = KeyError(SECRET)
    assert explain_fault(error) == "internal error: KeyError: '[hidden]'"
    assert explain_fault(error, " in zone talos00") == "internal error in zone talos00: KeyError: '[hidden]'"


def test_what_a_database_says_gives_a_clean_reason() -> None:
    error = OperationalError(f'invalid dsn: "password={SECRET}"')
    for text in (describe_error(error), explain_error(error), str(LedgerError(f"{error}"))):
        assert "token of" not in text
        assert "invalid dsn" in text
