"""The list of records, however the network cuts it."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from syncer.core.rrsets import Found, RRset
from syncer.errors import TargetUnreachable
from syncer.targets.technitium.answers import NAME_LIMIT
from syncer.targets.technitium.listing import VALUES_LIMIT, Listing, group_rrsets
from syncer.targets.technitium.zone_access import GET
from tests.fakes.tape import load_tape


def record(name: str, type_: str = "A", ttl: int = 300, comments: str = "", **rdata: object) -> dict[str, object]:
    return {
        "name": name,
        "type": type_,
        "ttl": ttl,
        "disabled": False,
        **({"comments": comments} if comments else {}),
        "rData": rdata or {"ipAddress": "10.0.0.1"},
        "expiryTtl": 0,
    }


def answer(*records: dict[str, object]) -> bytes:
    zone = {"name": "talos00", "type": "Primary", "disabled": False, "soaSerial": 7}
    envelope = {"response": {"zone": zone, "records": records}, "server": "ns1.test", "status": "ok"}
    return json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()


def read(body: bytes, size: int = 65536) -> list[Found]:
    return list(group_rrsets(Listing(body[i : i + size] for i in range(0, len(body), size)).iterate_records()))


@pytest.mark.parametrize("size", [1, 2, 7, 100, 65536])
def test_it_does_not_matter_where_the_answer_is_cut(size: int) -> None:
    body = answer(
        record("grafana.talos00", comments='é ]},"records":[{ \\"'),
        record("grafana.talos00", ipAddress="10.0.0.2"),
        record("nas.talos00", "TXT", text="a]}"),
    )
    assert read(body, size) == [
        Found(RRset("grafana.talos00", "A", 300, ("10.0.0.1", "10.0.0.2")), ('é ]},"records":[{ \\"', "")),
        Found(RRset("nas.talos00", "TXT", 300, ("a]}",)), ("",)),
    ]


def test_it_is_not_fooled_by_an_answer_that_ends_too_early() -> None:
    body = answer(*(record(f"app{i}.talos00") for i in range(20)))
    whole = len(read(body))
    assert whole == 20
    start = body.index(b'"records":[') + len(b'"records":[')
    for end in range(start, len(body) - 1, 13):
        with pytest.raises(TargetUnreachable, match="broke off"):
            read(body[:end])


@pytest.mark.parametrize(
    "body",
    [
        b'{"response":{"records":[],"zone":{"name":"talos00"}},"server":"ns1.test","status":"ok"}',
        b'{"status":"ok","response":{"zone":{"name":"talos00"},"records":[]}}',
        b'{"response":{"zone":{"name":"talos00"},"records":[]},"status":"ok","server":"ns1.test"}',
        b'{"response":{"records":[]},"server":"ns1.test","status":"ok"}',
    ],
)
def test_an_answer_in_another_order_is_said_to_be_one(body: bytes) -> None:
    with pytest.raises(TargetUnreachable, match="in an order that cannot be read"):
        read(body)


@pytest.mark.parametrize("name", ["13.4-random", "14.3-random", "15.2-random", "15.2-ordered"])
def test_every_version_answers_in_the_order_that_we_read(name: str) -> None:
    answers = [
        step.get("got", step)["answer"]
        for step in load_tape(name)
        if (step.get("path") or step.get("request", {}).get("path")) == GET
    ]
    lists = [answer for answer in answers if isinstance(answer, dict) and answer["status"] == "ok"]
    assert lists
    for answer in lists:
        keys = [*answer]
        assert (keys[0], keys[-1]) == ("response", "status")
        assert [*answer["response"]] == ["zone", "records"]
        listing = Listing(iter([json.dumps(answer).encode()]))
        assert listing.zone == answer["response"]["zone"]
        assert list(listing.iterate_records()) == answer["response"]["records"]


def test_an_answer_without_records_is_kept_for_its_text() -> None:
    listing = Listing(iter([b'{"server":"ns1","status":"error",', b'"errorMessage":"Access was denied."}']))
    assert not listing.has_records
    assert json.loads(listing.text)["errorMessage"] == "Access was denied."


def test_two_spellings_of_a_name_are_one_name() -> None:
    found = read(
        answer(
            record("Blog.talos00"),
            record("blog.talos00", ipAddress="10.0.0.2"),
            record("BLOG.talos00", "TXT", text="x"),
        )
    )
    assert [(item.rrset.name, item.rrset.type, item.rrset.values) for item in found] == [
        ("blog.talos00", "A", ("10.0.0.1", "10.0.0.2")),
        ("blog.talos00", "TXT", ("x",)),
    ]


def read_two(**second: object) -> Found:
    """An RRset of two addresses, the second of which is such."""
    members = record("grafana.talos00"), record("grafana.talos00", ipAddress="10.0.0.2") | second
    (found,) = read(answer(*members))
    return found


def test_an_rrset_says_which_of_its_members_are_disabled_and_what_else_is_wrong_with_it() -> None:
    assert read_two().intact
    disabled = read_two(disabled=True)
    assert (disabled.intact, disabled.disabled, disabled.served) == (False, {"10.0.0.2"}, ("10.0.0.1",))
    expiring = read_two(expiryTtl=3600)
    assert (expiring.intact, expiring.expires, expiring.served) == (False, True, ("10.0.0.1", "10.0.0.2"))
    mixed = read_two(ttl=60)
    assert (mixed.intact, mixed.mixes_ttls, mixed.rrset.ttl) == (False, True, 60)


def test_signatures_are_not_taken_for_records_that_someone_made() -> None:
    signed = answer(
        record("web.talos00", "CNAME", cname="grafana.talos00"),
        record("web.talos00", "RRSIG", keyTag=1),
        record("web.talos00", "NSEC", nextDomainName="x.talos00"),
    )
    assert [item.rrset.type for item in read(signed)] == ["CNAME"]


def test_a_long_list_never_stands_in_memory() -> None:
    body = answer(
        *(record(f"app{i:05}.talos00", comments="catalyst-dns-sync/a Ingress/default/app") for i in range(20_000))
    )
    chunks = (body[i : i + 65536] for i in range(0, len(body), 65536))
    tracemalloc.start()
    try:
        count = sum(1 for _ in group_rrsets(Listing(chunks).iterate_records()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 1_000_000


def test_a_huge_rrset_is_looked_at_in_part_and_says_so() -> None:
    mark = "catalyst-dns-sync/default Ingress/default/app"
    theirs = [record("pool.talos00", ipAddress=f"10.0.{number >> 8}.{number & 255}") for number in range(3000)]
    body = answer(*theirs, record("pool.talos00", comments=mark, ipAddress="192.0.2.1"), record("web.talos00"))
    pool, web = read(body)
    assert (len(pool.rrset.values), pool.is_cut, pool.intact) == (VALUES_LIMIT + 1, True, False)
    assert pool.marks[pool.rrset.values.index("192.0.2.1")] == mark
    assert (web.is_cut, web.intact) == (False, True)


def test_long_values_are_bounded_too_and_no_type_is_left_out() -> None:
    texts = [record("big.talos00", "TXT", text=f"{number}" * 60_000) for number in range(10)]
    (found,) = read(answer(*texts))
    assert (len(found.rrset.values), found.is_cut) == (6, True)
    longer = record("big.talos00", "TXT", text="x" * 450_000), record("big.talos00", ipAddress="10.0.0.1")
    text, address = read(answer(*longer))
    assert (text.rrset.values, text.is_cut) == (("x" * NAME_LIMIT,), True)
    assert (address.rrset.values, address.is_cut) == (("10.0.0.1",), True)


def test_a_huge_rrset_never_stands_in_memory() -> None:
    body = answer(*(record("pool.talos00", ipAddress=f"10.0.{n >> 8}.{n & 255}") for n in range(30_000)))
    chunks = (body[i : i + 65536] for i in range(0, len(body), 65536))
    tracemalloc.start()
    try:
        (found,) = group_rrsets(Listing(chunks).iterate_records())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.is_cut
    assert peak < 1_500_000


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (answer(record("a.talos00", comments="x" * 3_000_000)), "one record has more than 1,000,000 characters"),
        (b" " * 3_000_000 + answer(), "what comes before the records has more than"),
        (answer()[:-1] + b" " * 3_000_000 + b"}", "what follows the records has more than"),
        (answer(*(record("a.talos00", f"T{number}") for number in range(101))), "more than 100 types at a.talos00"),
        (answer(record("a.talos00", "AAAA", ipAddress="x")), r"ipAddress .* is a text \(x\), and not an address"),
        (answer(record("a.talos00", ttl=2**32)), "the TTL of a.talos00 is a number"),
    ],
    ids=["record", "before", "after", "types", "address", "ttl"],
)
def test_what_no_list_of_technitium_has_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(TargetUnreachable, match=says):
        read(body)
    with pytest.raises(TargetUnreachable, match=says):
        read(body, 1000)


def test_what_no_database_could_store_is_replaced() -> None:
    (found,) = read(answer(record("a.talos00", "TXT", text="a\0b", comments="c\0")))
    assert (found.rrset.values, found.marks) == (("a\ufffdb",), ("c\ufffd",))
