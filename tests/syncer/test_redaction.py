"""What is known of secrets, and when. What looks like one is tried in tests/catalyst/logs/test_redaction.py."""

from __future__ import annotations

import html
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.redaction import HIDDEN, PASSING, SECRET_KEYS, SECRET_TEXT, Redaction


def test_a_secret_that_comes_later_is_hidden_from_then_on() -> None:
    redaction = Redaction(["the-first-one"])
    redaction.secrets.add("the-second-one")
    assert redaction.redact_text("the-first-one, the-second-one") == f"{HIDDEN}, {HIDDEN}"
    redaction.secrets.discard("the-first-one")
    assert redaction.redact_text("the-first-one") == "the-first-one"


@pytest.mark.parametrize("sign", "&<>\"'")
def test_a_secret_is_hidden_as_a_page_spells_it(sign: str) -> None:
    secret = f"first{sign}second-half"
    redaction = Redaction([secret])
    assert redaction.redact_text(f"it was {html.escape(secret)}") == f"it was {HIDDEN}"
    assert redaction.redact_text(f"it was {secret}") == f"it was {HIDDEN}"


def test_of_tokens_that_are_renewed_the_newest_are_known() -> None:
    redaction = Redaction()
    for number in range(PASSING + 1):
        redaction.note_passing(f"token-of-hour-{number}")
        redaction.note_passing(f"token-of-hour-{number}")
    redaction.note_passing("")
    assert redaction.redact_text("token-of-hour-0") == "token-of-hour-0"
    for number in range(1, PASSING + 1):
        assert redaction.redact_text(f"it was token-of-hour-{number}") == f"it was {HIDDEN}"
    redaction.forget_passing()
    assert redaction.redact_text("token-of-hour-4") == "token-of-hour-4"


def test_tokens_may_come_while_others_redact() -> None:
    redaction = Redaction(["the-password"])
    shown: list[str] = []

    def redact() -> None:
        shown.extend(redaction.redact_text("the-password") for _ in range(200))

    threads = [threading.Thread(target=redact) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(200):
        redaction.note_passing(f"token-{number}")
        redaction.secrets.add(f"secret-{number}")
    for thread in threads:
        thread.join()
    assert {*shown} == {HIDDEN}
    assert len(shown) == 800


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "private-key", "apiKey", "VAULT_TOKEN", "DB_PASSWD"])
def test_a_name_tells_that_its_value_is_a_secret(name: str) -> None:
    assert SECRET_KEYS.search(name)
    assert "geheim" not in Redaction().redact_text(f"{name}=geheim was refused")


PIECES = [
    *("token", "secret", "bearer", "authorization", "api-key", "\u017fecret", "api-\u212aey"),
    *("=", ":", " ", "\t", "\n", "\x1c", "\u00a0", "0123456789ab"),
    *("ey", "eyJ", "abcdefgh", ".", "://", "@", "hooks.", "slack.com/services/", "T0"),
    *("-----BEGIN", " PRIVATE KEY-----"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.booleans())
def test_no_text_is_passed_over_in_which_there_is_a_secret(text: str, is_loud: bool) -> None:
    text = text.upper() if is_loud else text
    assert (Redaction().redact_text(text) == text) == (SECRET_TEXT.search(text) is None)
