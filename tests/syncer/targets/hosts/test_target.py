from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.core.rrsets import Found, RRset
from syncer.targets.base import Outcome, Result
from tests.syncer.targets.hosts.changes import (
    IP,
    MARKER,
    OURS,
    create,
    delete,
    done,
    ours,
    read,
    target_of,
    update,
)


def test_what_was_written_is_read_back(hosts: Path) -> None:
    target = target_of(hosts)
    done(target, create("grafana.talos00", IP), create("grafana.talos00", "2001:db8::54", kind="AAAA"))
    assert read(target) == {
        ("grafana.talos00", "A"): ours("grafana.talos00", IP),
        ("grafana.talos00", "AAAA"): ours("grafana.talos00", "2001:db8::54", kind="AAAA"),
    }


def test_an_update_replaces_all_values_and_a_delete_takes_one_type(hosts: Path) -> None:
    target = target_of(hosts)
    done(
        target, create("grafana.talos00", "10.0.0.1", "10.0.0.2"), create("grafana.talos00", "2001:db8::1", kind="AAAA")
    )
    found = read(target)
    done(
        target, update(found["grafana.talos00", "A"], "10.0.0.2", "10.0.0.3"), delete(found["grafana.talos00", "AAAA"])
    )
    assert read(target) == {("grafana.talos00", "A"): ours("grafana.talos00", "10.0.0.2", "10.0.0.3")}


def test_one_block_holds_all_zones_and_each_reading_shows_its_own(hosts: Path) -> None:
    target = target_of(hosts)
    done(target, create("grafana.talos00", IP))
    done(target, create("blog.home.lab", IP), create("blog.k8s.home.lab", IP), create("k8s.home.lab", IP))
    assert hosts.read_bytes().count(b"# BEGIN") == 1
    assert {name for name, _ in read(target, "talos00")} == {"grafana.talos00"}
    assert {name for name, _ in read(target, "home.lab")} == {"blog.home.lab"}
    assert {name for name, _ in read(target, "k8s.home.lab")} == {"blog.k8s.home.lab", "k8s.home.lab"}


def test_entries_of_a_zone_that_is_no_longer_ours_stay_in_the_block(hosts: Path) -> None:
    done(target_of(hosts), create("grafana.talos00", IP), create("old.example.com", IP))
    done(target_of(hosts), create("blog.talos00", IP))
    assert b"192.168.1.54  old.example.com\n" in hosts.read_bytes()


def test_a_reading_can_be_for_some_names_only(hosts: Path) -> None:
    target = target_of(hosts)
    done(target, create("grafana.talos00", IP), create("blog.talos00", IP))
    assert set(read(target, names=["blog.talos00", "nas.talos00"])) == {("blog.talos00", "A")}


def test_a_hand_made_line_is_foreign(hosts: Path) -> None:
    hosts.write_bytes(b"127.0.0.1 localhost\n10.0.0.9 nas.home.lab nas # the box\n10.0.0.8 nas.home.lab\n")
    target = target_of(hosts)
    found = read(target, "home.lab")
    assert found == {("nas.home.lab", "A"): Found(RRset("nas.home.lab", "A", 0, ("10.0.0.8", "10.0.0.9")), ("", ""))}
    assert not MARKER.owns(found["nas.home.lab", "A"])


def test_a_hand_made_line_beside_ours_is_seen_and_survives(hosts: Path) -> None:
    target = target_of(hosts)
    done(target, create("grafana.talos00", IP))
    hosts.write_bytes(b"10.0.0.9 grafana.talos00\n" + hosts.read_bytes())
    found = read(target)["grafana.talos00", "A"]
    assert found == Found(RRset("grafana.talos00", "A", 0, ("10.0.0.9", IP)), ("", OURS))
    done(target, delete(found))
    assert read(target)["grafana.talos00", "A"].marks == ("",)


def test_a_line_equal_to_ours_outside_the_block_does_not_hide_that_ours_is_there(hosts: Path) -> None:
    hosts.write_bytes(b"192.168.1.54 grafana.talos00\n")
    target = target_of(hosts)
    foreign = read(target)["grafana.talos00", "A"]
    assert foreign.marks == ("",)
    done(target, update(foreign, IP, adopts=True))
    assert read(target) == {("grafana.talos00", "A"): ours("grafana.talos00", IP)}


def test_a_hand_made_line_with_another_value_cannot_be_adopted(hosts: Path) -> None:
    hosts.write_bytes(b"10.0.0.9 grafana.talos00\n")
    target = target_of(hosts)
    (result,) = target.zone("talos00").apply([update(read(target)["grafana.talos00", "A"], IP, adopts=True)])
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, True)
    assert "take out `10.0.0.9 grafana.talos00` by hand" in result.reason
    assert hosts.read_bytes() == b"10.0.0.9 grafana.talos00\n"


def test_wildcards_and_other_types_are_refused_and_stop_nothing_else(hosts: Path) -> None:
    target = target_of(hosts)
    wildcard = create("*.talos00", IP)
    alias = create("www.talos00", "grafana.talos00", kind="CNAME")
    good = create("grafana.talos00", IP)
    assert list(target.zone("talos00").apply([wildcard, alias, good])) == [
        Result(wildcard, Outcome.REFUSED, "a hosts file cannot hold a wildcard", permanent=True),
        Result(alias, Outcome.REFUSED, "a hosts file holds addresses only, no CNAME", permanent=True),
        Result(good, Outcome.DONE),
    ]
    assert set(read(target)) == {("grafana.talos00", "A")}


def test_entries_of_a_damaged_block_are_damaged_until_they_are_written_again(hosts: Path) -> None:
    target = target_of(hosts)
    done(target, create("grafana.talos00", IP))
    whole = hosts.read_bytes()
    hosts.write_bytes(whole + b"10.0.0.9 nas.talos00\n" + whole.partition(b"localhost\n")[2])
    found = read(target)
    assert found["grafana.talos00", "A"].is_damaged
    assert found["nas.talos00", "A"].intact
    done(target, update(found["grafana.talos00", "A"], IP))
    assert read(target)["grafana.talos00", "A"].intact
    assert hosts.read_bytes() == whole + b"10.0.0.9 nas.talos00\n"


def test_a_resolver_would_find_it(hosts: Path) -> None:
    """The format is glibc's: checked by a resolver, where one can be pointed at a file."""
    done(target_of(hosts), create("grafana.talos00", IP))
    if shutil.which("unshare") is None or os.geteuid() != 0:
        pytest.skip("no right to mount")
    answer = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"mount --bind {hosts} /etc/hosts && getent hosts grafana.talos00"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in answer.stderr or "unshare" in answer.stderr:
        pytest.skip("no right to mount")
    assert answer.stdout.split() == [IP, "grafana.talos00"]


names = st.sampled_from(["grafana.talos00", "blog.talos00", "nas.talos00", "talos00"])
addresses = st.sets(st.ip_addresses(v=4).map(str), min_size=1, max_size=3).map(lambda values: tuple(sorted(values)))
outside = st.binary(max_size=60).filter(lambda text: b"CATALYST" not in text)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=outside, after=outside, records=st.dictionaries(names, addresses, max_size=4))
def test_reading_what_was_applied_gives_it_back_between_any_bytes(
    before: bytes, after: bytes, records: dict[str, tuple[str, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "hosts")
        target = target_of(path)
        path.write_bytes(before)
        done(target, create("first.talos00", IP))
        with_block = path.read_bytes()
        assert with_block.startswith(before)
        path.write_bytes(with_block + after)
        done(target, *(create(name, *values) for name, values in records.items()))
        assert path.read_bytes().startswith(before)
        assert path.read_bytes().endswith(after)
        expected = {(name, "A"): values for name, values in records.items()} | {("first.talos00", "A"): (IP,)}
        assert {key: found.rrset.values for key, found in read(target).items() if OURS in found.marks} == expected
        state = path.stat()
        done(target, *(create(name, *values) for name, values in records.items()))
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (state.st_ino, state.st_mtime_ns)
