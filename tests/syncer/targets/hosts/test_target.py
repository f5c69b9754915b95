from __future__ import annotations

import fcntl
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.config import HostsConfig
from syncer.core.plan import Change, Op
from syncer.core.rrsets import Found, Marker, RRset
from syncer.errors import TargetUnreachable, ZoneUnusable
from syncer.targets.base import Outcome, Result, Target
from syncer.targets.hosts.target import HostsTarget

MARKER = Marker("default")
OURS = MARKER.mark("hosts-file")
ZONES = ("talos00", "home.lab", "k8s.home.lab")
NOBODY = 65534
IP = "192.168.1.54"


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that other users can enter, other than pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="hosts-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def hosts(folder: Path) -> Path:
    path = folder / "hosts"
    path.write_bytes(b"127.0.0.1 localhost\n")
    return path


def target_of(path: Path) -> HostsTarget:
    return HostsTarget(HostsConfig(str(path)), MARKER, ZONES)


def read(target: Target, zone: str = "talos00", names: list[str] | None = None) -> dict[tuple[str, str], Found]:
    return {(item.rrset.name, item.rrset.type): item for item in target.zone(zone).read(names).found}


def create(name: str, *values: str, kind: str = "A") -> Change:
    return Change(Op.CREATE, None, RRset(name, kind, 300, values), MARKER.mark("Ingress/monitoring/grafana"))


def update(before: Found, *values: str, adopts: bool = False) -> Change:
    rrset = RRset(before.rrset.name, before.rrset.type, 300, values)
    return Change(Op.UPDATE, before, rrset, MARKER.mark("Ingress/monitoring/grafana"), adopts)


def delete(before: Found) -> Change:
    return Change(Op.DELETE, before, None, "")


def done(target: Target, *changes: Change) -> None:
    assert list(target.zone("talos00").apply(changes)) == [Result(change, Outcome.DONE) for change in changes]


def ours(name: str, *values: str, kind: str = "A") -> Found:
    return Found(RRset(name, kind, 0, values), (OURS,) * len(values))


@contextmanager
def as_nobody(*owned: Path) -> Iterator[None]:
    """As a user with few rights; nothing changes for someone who has few rights already."""
    if os.geteuid() != 0:
        yield
        return
    for path in owned:
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


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


def test_an_unchanged_state_leaves_the_file_untouched(hosts: Path) -> None:
    target = target_of(hosts)
    done(target, create("grafana.talos00", IP))
    before = hosts.stat()
    done(target, create("grafana.talos00", IP))
    read(target)
    target.check()
    assert (hosts.stat().st_ino, hosts.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_file_is_replaced_as_a_whole_and_keeps_its_mode_owner_and_attributes(hosts: Path) -> None:
    hosts.chmod(0o664)
    if os.geteuid() == 0:
        os.chown(hosts, 1234, 2345)
    try:
        os.setxattr(hosts, "user.note", b"kept")
    except OSError:
        pytest.skip("no extended attributes here")
    before = hosts.stat()
    done(target_of(hosts), create("grafana.talos00", IP))
    after = hosts.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(hosts, "user.note") == b"kept"
    assert os.listdir(hosts.parent) == ["hosts"]


def test_what_a_killed_predecessor_left_behind_is_cleared_away(hosts: Path) -> None:
    (hosts.parent / ".hosts.catalyst-dns-sync").write_bytes(b"half a fi")
    done(target_of(hosts), create("grafana.talos00", IP))
    assert os.listdir(hosts.parent) == ["hosts"]


def test_a_link_is_followed(hosts: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(hosts)
    done(target_of(link), create("grafana.talos00", IP))
    assert link.is_symlink()
    assert b"grafana.talos00" in hosts.read_bytes()


def test_a_second_name_of_the_file_sees_the_same(hosts: Path) -> None:
    other = hosts.with_name("other")
    os.link(hosts, other)
    done(target_of(hosts), create("grafana.talos00", IP))
    assert b"grafana.talos00" in other.read_bytes()


def test_in_a_folder_that_is_not_ours_the_file_is_written_in_place_with_one_warning(
    hosts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As with /etc/hosts after the setfacl that the error for missing rights asks for."""
    inode = hosts.stat().st_ino
    target = target_of(hosts)
    with caplog.at_level(logging.WARNING), as_nobody(hosts):
        if os.geteuid() == os.stat(hosts.parent).st_uid:
            hosts.parent.chmod(0o555)
        done(target, create("grafana.talos00", IP), create("blog.talos00", IP))
        done(target, delete(read(target)["blog.talos00", "A"]))
    hosts.parent.chmod(0o755)
    assert set(read(target)) == {("grafana.talos00", "A")}
    assert hosts.stat().st_ino == inode
    assert hosts.read_bytes().endswith(b"# Total entries: 1\n# END CATALYST-DNS-SYNC MANAGED BLOCK\n")
    (warning,) = caplog.messages
    assert "written in place" in warning


def test_a_bind_mounted_file_is_written_in_place(hosts: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.touch()
    if (
        shutil.which("mount") is None
        or subprocess.run(["mount", "--bind", str(hosts), str(mounted)], capture_output=True, check=False).returncode
    ):
        pytest.skip("no right to mount")
    try:
        target = target_of(mounted)
        done(target, create("grafana.talos00", IP))
        assert set(read(target)) == {("grafana.talos00", "A")}
        assert os.listdir(tmp_path) == ["mounted"]
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
    assert b"grafana.talos00" in hosts.read_bytes()


@pytest.mark.parametrize("in_place", [False, True])
def test_a_full_disk_loses_nothing(folder: Path, in_place: bool) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount")
    try:
        hosts = folder / "hosts"
        hosts.write_bytes(b"127.0.0.1 localhost\n")
        if in_place:
            os.link(hosts, folder / "other")
        target = target_of(hosts)
        done(target, create("grafana.talos00", IP))
        before = hosts.read_bytes()
        with pytest.raises(TargetUnreachable, match="No space left on device"):
            target.zone("talos00").apply([create(f"app-{number}.talos00", IP) for number in range(1000)])
        assert hosts.read_bytes() == before
        assert set(os.listdir(folder)) <= {"hosts", "other"}
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_without_rights_it_says_what_to_run_and_may_still_read(hosts: Path) -> None:
    target = target_of(hosts)
    hosts.chmod(0o444)
    with as_nobody():
        assert read(target) == {}
        command = f"sudo setfacl -m u:{os.geteuid()}:rw {hosts}"
        for refused in (target.check, lambda: list(target.zone("talos00").apply([create("grafana.talos00", IP)]))):
            with pytest.raises(ZoneUnusable) as caught:
                refused()
            assert str(caught.value) == (
                f"no right to write {hosts}: run `{command}`, or name a file of your own with --hosts-file"
            )


def test_a_missing_file_a_folder_and_a_pipe_are_refused_with_advice(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for name, advice in (
        ("none", f"{folder}/none does not exist: run `touch {folder}/none`"),
        ("", f"{folder} is no regular file: name another one"),
        ("pipe", f"{folder}/pipe is no regular file: name another one"),
    ):
        target = target_of(folder / name)
        for refused in (target.check, lambda target=target: target.zone("talos00").read()):
            with pytest.raises(ZoneUnusable, match=advice):
                refused()


def test_half_a_block_is_refused_untouched_by_name_of_the_file(hosts: Path) -> None:
    half = b"# BEGIN CATALYST-DNS-SYNC MANAGED BLOCK\n192.168.1.54  grafana.talos00\n10.0.0.9  nas.talos00\n"
    hosts.write_bytes(half)
    with pytest.raises(ZoneUnusable, match=f"{hosts}: line 1 begins the managed block and nothing ends it"):
        target_of(hosts).zone("talos00").read()
    with pytest.raises(ZoneUnusable, match="nothing ends it"):
        target_of(hosts).zone("talos00").apply([create("blog.talos00", IP)])
    assert hosts.read_bytes() == half


def test_entries_of_a_damaged_block_are_not_intact_until_they_are_written_again(hosts: Path) -> None:
    target = target_of(hosts)
    done(target, create("grafana.talos00", IP))
    whole = hosts.read_bytes()
    hosts.write_bytes(whole + b"10.0.0.9 nas.talos00\n" + whole.partition(b"localhost\n")[2])
    found = read(target)
    assert not found["grafana.talos00", "A"].intact
    assert found["nas.talos00", "A"].intact
    done(target, update(found["grafana.talos00", "A"], IP))
    assert read(target)["grafana.talos00", "A"].intact
    assert hosts.read_bytes() == whole + b"10.0.0.9 nas.talos00\n"


def test_many_writers_at_once_lose_nothing(hosts: Path) -> None:
    def write(number: int) -> None:
        target = target_of(hosts)
        for turn in range(5):
            done(target, create(f"app-{number}-{turn}.talos00", IP))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    assert len(read(target_of(hosts))) == 30


def test_a_file_that_someone_keeps_locked_is_tried_again_later(hosts: Path) -> None:
    with hosts.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(TargetUnreachable, match="another program keeps it locked"):
            target_of(hosts).zone("talos00").read()
    assert read(target_of(hosts)) == {}


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


@settings(max_examples=100, deadline=None)
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
