"""The file itself: rights, links, mounts, locks, and what a crash may leave of it."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from syncer.errors import TargetUnreachable, ZoneUnusable
from tests.syncer.targets.hosts.changes import (
    IP,
    as_nobody,
    create,
    delete,
    done,
    read,
    target_of,
)


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
