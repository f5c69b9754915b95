"""The reader of environment variables, and what it says about a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalyst.logs.formats import parse_gelf_url
from catalyst.settings.environment import SECRET_VARIABLES, SECRETS, Environment, WrongSettings, list_sentences
from tests.catalyst.logs.test_redaction import secret_settings


def complaint(value: str, read: Callable[[Environment], object]) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        read(Environment({"ANY": value}))
    return str(caught.value)


def test_a_blank_variable_counts_as_not_set() -> None:
    environment = Environment({"OWNER_ID": "  "})
    assert not environment.is_given("OWNER_ID")
    assert environment.read_text("OWNER_ID", "default") == "default"


def test_every_variable_that_is_asked_for_is_remembered_with_its_default() -> None:
    environment = Environment({})
    environment.read_flag("DRY_RUN")
    environment.read_integer("BACKUP_KEEP", "7")
    environment.read_optional_address("TASKS_PROBE_ADDRESS")
    assert environment.asked == {"DRY_RUN": "false", "BACKUP_KEEP": "7", "TASKS_PROBE_ADDRESS": ""}


@pytest.mark.parametrize(("text", "value"), [("true", True), ("Yes", True), ("1", True), ("OFF", False), ("0", False)])
def test_a_flag_is_true_or_false_in_several_spellings(text: str, value: bool) -> None:
    assert Environment({"DRY_RUN": text}).read_flag("DRY_RUN") is value


@pytest.mark.parametrize(
    ("value", "read", "right"),
    [
        ("yess", lambda env: env.read_flag("ANY"), "give true or false"),
        ("nan", lambda env: env.read_number("ANY", "10"), "give a number, at least 0"),
        ("7.5", lambda env: env.read_integer("ANY", "7"), "give a whole number from 0 to 2147483647"),
        ("xml", lambda env: env.read_choice("ANY", "json", ("json", "text")), "give one of json, text"),
        (
            "8080",
            lambda env: env.read_address("ANY", ":8080"),
            "give host:port, or :port for every interface, such as 127.0.0.1:8080 or :8080",
        ),
    ],
)
def test_a_complaint_names_the_variable_its_value_and_what_is_right(
    value: str, read: Callable[[Environment], object], right: str
) -> None:
    assert complaint(value, read) == f'ANY is "{value}": {right}.'


def test_a_complaint_about_a_long_value_shows_its_beginning() -> None:
    text = complaint("x" * 1000, lambda env: env.read_flag("ANY"))
    assert text == f'ANY is "{"x" * 77}...": give true or false.'


@pytest.mark.parametrize(
    "url", ["udp://hunter2@graylog:12201", "tcp://me:hunter2@graylog", "udp://me:hunt/hunter2@graylog", "x://:hunter2@"]
)
def test_a_password_in_a_url_is_not_shown(url: str) -> None:
    text = complaint(url, lambda env: env.read_value("ANY", "", parse_gelf_url, "such as udp://graylog:12201"))
    assert text == "ANY holds a user or a password (its value is not shown): such as udp://graylog:12201."


def test_a_secret_in_the_wrong_place_is_not_shown_not_even_half_of_it() -> None:
    secret = "x" * 60 + "secret" * 10
    environment = Environment({"TOKEN": secret, "ANY": f"token of the server {secret}"})
    environment.read_secret("TOKEN")
    with pytest.raises(ImproperlyConfigured, match=r'^ANY is "token of the server \[hidden\]": give true or false\.$'):
        environment.read_flag("ANY")


def test_every_secret_setting_is_one_that_other_programs_are_not_given() -> None:
    assert {*SECRETS} == {*secret_settings()}
    assert {*SECRET_VARIABLES} == {*SECRETS, *(f"{name}_FILE" for name in SECRETS)}


def test_a_secret_may_come_from_a_file_and_is_known_to_the_redaction(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("from-a-file\n")
    environment = Environment({"DNS_API_TOKEN": "", "DNS_API_TOKEN_FILE": str(path)})
    assert environment.read_secret("DNS_API_TOKEN") == "from-a-file"
    assert environment.secrets == {"from-a-file"}


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    environment = Environment({"DNS_API_TOKEN": "of-no-worth", "DNS_API_TOKEN_FILE": str(tmp_path)})
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.read_secret("DNS_API_TOKEN")
    assert str(caught.value) == "DNS_API_TOKEN and DNS_API_TOKEN_FILE are both set: keep one of them."


def test_an_empty_secret_file_is_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch()
    with pytest.raises(ImproperlyConfigured, match="is empty"):
        Environment({"DNS_API_TOKEN_FILE": str(path)}).read_secret("DNS_API_TOKEN")


def test_a_token_that_begins_with_a_dollar_sign_stays_itself() -> None:
    assert Environment({"DNS_API_TOKEN": "$HOME"}).read_secret("DNS_API_TOKEN") == "$HOME"


@pytest.mark.parametrize(
    ("read", "instead"),
    [
        (lambda env: env.read_flag("ANY", True), True),
        (lambda env: env.read_number("ANY", "0.5"), 0.5),
        (lambda env: env.read_integer("ANY", "7"), 7),
        (lambda env: env.read_choice("ANY", "json", ("json", "text")), "json"),
        (lambda env: env.read_address("ANY", ":8080"), ":8080"),
        (lambda env: env.read_value("ANY", "1", int, "give a number"), 1),
        (lambda env: env.read_list("ANY", int, "give numbers"), ()),
        (lambda env: env.read_pairs("ANY", "give zone=address"), []),
        (lambda env: env.read_secret("ANY"), "banana\x07"),
        (lambda env: env.refuse_missing("ANY", "give it"), None),
    ],
)
def test_where_all_is_gathered_the_default_counts_until_the_end(
    read: Callable[[Environment], object], instead: object
) -> None:
    environment = Environment({"ANY": "banana\x07"})
    with pytest.raises(WrongSettings) as caught, Environment.gathering() as problems:  # noqa: PT012 - raised at its end
        assert read(environment) == instead
        assert read(environment) == instead
        with Environment.gathering():
            environment.read_flag("ANY")
        assert problems
    said = caught.value.sentences
    assert len(said) == len(set(said)), "each of them once"
    assert said[-1].startswith("ANY is ")
    assert said[-1].endswith(": give true or false.")
    with pytest.raises(ImproperlyConfigured, match=r"^ANY "):
        read(environment)


def test_what_cannot_go_on_is_told_beside_what_was_wrong_before() -> None:
    with pytest.raises(WrongSettings) as caught, Environment.gathering():  # noqa: PT012 - raised at its end
        Environment.refuse("the first.")
        raise ImproperlyConfigured("the second.")
    assert list_sentences(caught.value) == ("the first.", "the second.")
    with Environment.gathering() as problems:
        assert not problems


def test_a_name_that_is_nearly_right_is_shown_beside_what_is_missing() -> None:
    for wrong in ("DNS_ZONEE", "DNS_ZOME", "DNS_ZNOE", "DNSZONE"):
        environment = Environment({wrong: "talos00", "DNS_ZONE_": "", "DNS_ZONES": "", "TIME_ZONE": "UTC"})
        with pytest.raises(ImproperlyConfigured) as caught:
            environment.refuse_missing("DNS_ZONE", "name the zone to manage")
        assert str(caught.value) == f"DNS_ZONE is not set, and {wrong} is no setting: name the zone to manage."
