"""Answers that are none of Technitium's, over real sockets: one sentence each, whatever is wrong with them."""

from __future__ import annotations

import json

import pytest

from syncer.errors import TargetRefused, TargetUnreachable
from syncer.redaction import HIDDEN
from syncer.targets.technitium.answers import (
    BadShape,
    clean_text,
    decode_object,
    read_flag,
    read_message,
    read_number,
    read_object,
    read_objects,
    read_text,
)
from syncer.targets.technitium.client import ServerSaid
from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.hostile.dns_servers import GET, LIST, SHAPES
from tests.syncer.targets.hands import ZONE, make_target

HARMLESS = '{"status":"ok","info":{"version":"15.\\u00b2"}}'
"""A version that is no number says nothing."""

ANSWERS = [(path, text) for path, texts in SHAPES.items() for text in texts if text != HARMLESS]


def read_all(target: TechnitiumTarget) -> None:
    target.serials()
    list(target.zone(ZONE).read().found)


@pytest.mark.double_only
def test_a_version_that_cannot_be_read_is_no_reason_to_stop(technitium: ServerUnderTest) -> None:
    technitium.make_zone(ZONE)
    technitium.faults.update(only="/api/user/session/get", says=HARMLESS)
    read_all(make_target(technitium))


@pytest.mark.double_only
@pytest.mark.parametrize(("path", "text"), ANSWERS, ids=[f"{path[5:]}-{text[:60]}" for path, text in ANSWERS])
def test_another_shape_is_told_in_a_sentence(technitium: ServerUnderTest, path: str, text: str) -> None:
    technitium.make_zone(ZONE)
    technitium.faults.update(only=path, says=text)
    target = make_target(technitium)
    with pytest.raises((TargetUnreachable, TargetRefused)) as caught:
        read_all(target)
    assert len(str(caught.value)) < 1200
    assert str(caught.value).isprintable()


@pytest.mark.double_only
def test_what_unpacks_to_more_than_any_answer_has_is_given_up(technitium: ServerUnderTest) -> None:
    technitium.make_zone(ZONE)
    technitium.faults.update(only=LIST, unpacks_to=20)
    with pytest.raises(TargetUnreachable, match=r"answered with more than 6 MB: is this Technitium\?"):
        make_target(technitium).serials()


@pytest.mark.double_only
@pytest.mark.parametrize("path", [LIST, GET])
def test_an_answer_that_comes_byte_by_byte_has_an_end(technitium: ServerUnderTest, path: str) -> None:
    technitium.make_zone(ZONE)
    target = make_target(technitium, timeout=0.5)
    target.check()
    technitium.faults.update(only=path, trickle=0.05 if path == LIST else 0.7)
    said = "did not come to the end of its answer within 0.5 s|(did not answer|fell silent for 0.5 s)"
    with pytest.raises(TargetUnreachable, match=said):
        read_all(target)


@pytest.mark.double_only
def test_a_server_that_is_asked_for_one_name_and_lists_others_is_heard_of_that_name_alone(
    technitium: ServerUnderTest,
) -> None:
    technitium.make_zone(ZONE)
    zone = {"name": ZONE, "type": "Primary", "disabled": False, "soaSerial": 7}
    record = {"type": "A", "ttl": 60, "disabled": False, "rData": {"ipAddress": "10.0.0.1"}}
    records = [record | {"name": f"{name}.{ZONE}"} for name in ("blog", "nas", "web")]
    says = json.dumps({"response": {"zone": zone, "records": records}, "server": "ns1", "status": "ok"})
    technitium.faults.update(only=GET, says=says)
    found = list(make_target(technitium).zone(ZONE).read([f"nas.{ZONE}"]).found)
    assert [item.rrset.name for item in found] == [f"nas.{ZONE}"]


@pytest.mark.double_only
def test_a_long_message_is_heard_in_part_and_the_token_in_none_of_it(technitium: ServerUnderTest) -> None:
    text = "x" * 990 + technitium.token
    technitium.faults.update(only=LIST, says=json.dumps({"status": "error", "errorMessage": text}))
    with pytest.raises(ServerSaid) as caught:
        make_target(technitium).serials()
    assert len(str(caught.value)) == 990 + len(HIDDEN)
    assert technitium.token[:8] not in str(caught.value)


def test_small_values_are_bounded_in_number() -> None:
    zones = ",".join(["{}"] * 200_000)
    with pytest.raises(BadShape, match="more than 300,000 values"):
        decode_object(f'{{"zones":[{zones}]}}'.encode())
    assert len(decode_object(b'{"zones":[' + b",".join([b"7"] * 1000) + b"]}")["zones"]) == 1000


@pytest.mark.parametrize("text", ["[]", "7", "null", '{"a":', "", '{"a":%s}' % ("9" * 5000)])
def test_what_is_no_object_of_json_is_told_from_what_is_one(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (json's own, and Python's of a number that is too long)
        decode_object(text.encode())


def test_json_that_is_nested_too_deeply_is_no_traceback() -> None:
    with pytest.raises(BadShape, match="nested too deeply"):
        decode_object(b'{"a":' + b"[" * 100_000)


def test_what_is_not_there_is_nothing() -> None:
    assert read_object({}, "zone") == read_object({"zone": None}, "zone") == {}
    assert read_objects({}, "zones") == read_objects({"zones": None}, "zones") == []
    assert read_text({"name": None}, "name") == ""
    assert read_flag({}, "disabled") is False
    assert read_number({"soaSerial": None}, "soaSerial") is None


@pytest.mark.parametrize(
    ("read", "value", "says"),
    [
        (read_object, [], "key is a list, and not an object"),
        (read_objects, {}, "key is an object, and not a list"),
        (read_objects, ["a"], r"one of key is a text \(a\), and not an object"),
        (read_text, 7, r"key is a number \(7\), and not a text"),
        (read_text, "x" * 2000, "key of 2,000 characters; it can have 1,100"),
        (read_flag, 1, r"key is a number \(1\), and not true or false"),
        (read_number, True, r"key is a flag \(True\), and not a number"),
        (read_number, 1.5, "key is something else, and not a number"),
        (read_number, -1, "that no number of 32 bits can be"),
        (read_number, 2**32, "that no number of 32 bits can be"),
    ],
)
def test_a_complaint_names_the_part_and_what_it_should_be(read: object, value: object, says: str) -> None:
    with pytest.raises(BadShape, match=says):
        read({"key": value}, "key")  # type: ignore[operator]


def test_a_text_that_no_database_takes_is_made_one_that_it_takes() -> None:
    assert clean_text("a\0b\ud800c\nd") == "a\ufffdb\ufffdc\nd"
    assert read_text({"comments": "\0"}, "comments") == "\ufffd"


def test_a_message_that_is_no_text_is_none() -> None:
    assert read_message({"errorMessage": {"a": 1}}) == ""
    assert read_message({"errorMessage": "No.", "innerErrorMessage": "Why not?"}) == "No. (Why not?)"
