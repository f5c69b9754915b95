"""What the doctor finds on this machine."""

from __future__ import annotations

from pathlib import Path

from catalyst.doctor import here


def test_a_volume_over_the_network_is_known_by_its_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"overlay / overlay rw 0 0\nnas:/x {tmp_path}/a\\040b nfs4 rw 0 0\n/dev/x {tmp_path}/a\\040b/c ext4 rw 0 0\n"
    )
    assert here.find_network_mount(tmp_path / "a b" / "db", str(mounts)) == "nfs4"
    assert here.find_network_mount(tmp_path / "a b" / "c" / "db", str(mounts)) == ""
    assert here.find_network_mount(tmp_path, str(mounts)) == ""
