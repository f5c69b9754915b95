"""What the doctor says of a whole set-up, sound and broken."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from catalyst.dev import NOTE, DevSetup, leave_note
from catalyst.doctor import adopt_dev_mode, parse_options, summarize_counts
from catalyst.settings.environment import Environment
from syncer.httpd import PlainAnswer, Server
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.ports import free_port
from tests.processes import ROOT, Ended, Syncer, prepare, run, running

ADMIN = "a-token-of-an-administrator-0123456789"


def doctor(folder: Path, *options: str, **variables: str) -> Ended:
    env = {"DATA_DIR": str(folder / "data"), "HOME": str(folder), **variables}
    return run(["-m", "catalyst.cli", "doctor", *options], env)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    prepare(folder / "data")
    return folder


def production(
    technitium: ServerUnderTest, kubernetes: Cluster, token: str = "", zone: str = "talos00"
) -> dict[str, str]:
    return {
        "DNS_SERVER_URL": technitium.url,
        "DNS_API_TOKEN": token or technitium.token,
        "DNS_ZONE": zone,
        "DNS_IP_ADDRESS": "192.0.2.54",
        "KUBECONFIG": str(kubernetes.kubeconfig),
    }


def test_a_healthy_set_up_is_well_and_left_as_it_was(
    prepared: Path, technitium: ServerUnderTest, kubernetes: Cluster
) -> None:
    zone = technitium.make_zone("doctor.example")
    technitium.add(f"nas.{zone}", "A", "192.0.2.9")
    token = technitium.limited_token(zone)
    rows, serial = technitium.rows(zone), technitium.serial(zone)
    ended = doctor(prepared, **production(technitium, kubernetes, token, zone))
    assert (ended.code, ended.err) == (0, ""), ended.out
    *lines, last = ended.out.splitlines()
    assert last == "all is well"
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert any(f"zone {zone} is there" in line for line in lines)
    assert any("ingresses.networking.k8s.io v1 may be read everywhere" in line for line in lines)
    assert any("answers and is up to date" in line for line in lines)
    assert token not in ended.out
    assert "\x1b" not in ended.out
    assert (technitium.rows(zone), technitium.serial(zone)) == (rows, serial)


def test_everything_ill_at_once_is_one_line_each(tmp_path: Path) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    gelf = f"tcp://127.0.0.1:{free_port()}"
    ended = doctor(
        tmp_path, DNS_SERVER_URL=away, DNS_API_TOKEN=ADMIN, DNS_ZONE="talos00", DNS_IP_ADDRESS="10.0.0.1",
        KUBECONFIG="/no/such/file", GELF_URL=gelf, DNS_ZONESS="x", PATH_="x",
    )  # fmt: skip
    assert ended.code == 1
    ill = [line for line in ended.out.splitlines() if not line.startswith("ok ")]
    assert [line.split("  ")[:1] + re.split(r"\s{2,}", line)[1:2] for line in ill[:-1]] == [
        ["warning", "settings"], ["problem", "database"], ["problem", "log"], ["problem", "DNS server"],
        ["problem", "Kubernetes"],
    ]  # fmt: skip
    assert "DNS_ZONESS is not a setting and has no effect: did you mean DNS_ZONES?" in ill[0]
    assert "catalyst-dns-sync prepare" in ill[1]
    assert "Connection refused (check that it runs, that DNS_SERVER_URL has its address" in ill[3]
    assert "KUBECONFIG: cannot read /no/such/file" in ill[4]
    assert ill[-1] == "4 problems, 1 warning"
    assert ended.err == ""


def test_of_several_targets_each_says_where_its_address_is_set(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(ADMIN)
    rest = f"kind: technitium, token_file: {tmp_path / 'token'}, addresses: [10.0.0.1]"
    lines = [
        f"  - {{name: {name}, servers: ['http://127.0.0.1:{free_port()}'], zones: [{name}.lab], {rest}}}"
        for name in ("lan", "public")
    ]
    (tmp_path / "targets.yaml").write_text("\n".join(["targets:", *lines]))
    ended = doctor(tmp_path, TARGETS_FILE=str(tmp_path / "targets.yaml"), KUBECONFIG="/no/such/file")
    for name in ("lan", "public"):
        told = next(line for line in ended.out.splitlines() if f" {name}: " in line)
        assert f"Connection refused (check that it runs, that `servers` of target {name} has its address" in told
    assert not re.search(r"DNS_[A-Z]", ended.out)


def test_what_is_not_there_is_not_made(tmp_path: Path) -> None:
    options = ("--dev-mode", "--hosts-file", "none", "--manifests", str(tmp_path))
    ended = doctor(tmp_path, *options, BACKUP_DIR=str(tmp_path / "backups" / "daily"))
    lines = ended.out.splitlines()
    assert f"ok       folder      {tmp_path}/data is not there yet, and can be made" in lines
    assert f"ok       folder      {tmp_path}/backups/daily is not there yet, and can be made" in lines
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["BACKUP_DIR", "DATA_DIR"])
def test_a_folder_that_nobody_can_make_is_a_problem(name: str, tmp_path: Path, prepared: Path) -> None:
    options = ("--dev-mode", "--hosts-file", "none", "--manifests", str(tmp_path))
    ended = doctor(prepared, *options, **{name: "/proc/nope"})
    assert ended.code == 1
    text = f"/proc/nope cannot be made (No such file or directory): see {name}, and who owns the folder"
    assert f"problem  folder      {text}" in ended.out.splitlines()


def test_a_wrong_setting_is_the_first_thing_to_mend(tmp_path: Path) -> None:
    ended = doctor(tmp_path, "--dev-mode", RESYNC_INTERVAL="banana")
    assert ended.code == 1
    assert ended.out.startswith('problem  settings    RESYNC_INTERVAL is "banana": ')
    assert ended.out.count("\n") == 1


def test_all_that_is_missing_or_wrong_is_told_at_once(tmp_path: Path) -> None:
    ended = doctor(tmp_path, RESYNC_INTERVAL="banana", DNS_ZONEE="talos00")
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert [line.split()[2] for line in lines] == [
        "RESYNC_INTERVAL", "DNS_ZONE", "DNS_IP_ADDRESS", "DNS_SERVER_URL", "DNS_API_TOKEN",
    ]  # fmt: skip
    assert "DNS_ZONE is not set, and DNS_ZONEE is no setting: " in lines[1]


def test_a_hosts_file_and_a_folder_are_looked_at_instead(tmp_path: Path, prepared: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    options = ("--dev-mode", "--hosts-file", str(hosts), "--manifests")
    well = doctor(prepared, *options, str(tmp_path))
    assert (well.code, well.out.splitlines()[-1]) == (0, "all is well")
    assert hosts.read_text() == "127.0.0.1 localhost\n"
    hosts.unlink()
    ill = doctor(prepared, *options, str(tmp_path / "none"))
    assert ill.code == 1
    assert re.search(r"^problem  hosts file  .*does not exist", ill.out, re.MULTILINE)
    assert re.search(r"^problem  manifests   .*is not a folder that can be read", ill.out, re.MULTILINE)


def test_what_up_dev_started_is_looked_at_where_nothing_else_is_named(tmp_path: Path, prepared: Path) -> None:
    hosts = tmp_path / "hosts.dev"
    hosts.touch()
    pages = {"/readyz": lambda: PlainAnswer(b"{}", "application/json")}
    server = Server("WEB_BIND_ADDRESS", "127.0.0.1:0", pages)
    web, away = f"127.0.0.1:{server.port}", f"127.0.0.1:{free_port()}"
    setup = DevSetup(str(hosts), str(tmp_path), {"WEB_BIND_ADDRESS": web, "HEALTH_PROBE_ADDRESS": away})
    note = leave_note(prepared / "data" / NOTE, setup)
    assert note
    running = doctor(prepared)
    assert running.code == 1
    lines = running.out.splitlines()
    assert lines[:2] == [
        f"ok       up --dev    runs here; its dashboard is http://{web}/ui/",
        f"ok       up --dev    the web is ready (http://{web}/readyz: 200)",
    ]
    assert re.match(rf"problem  up --dev    the syncer is not ready \(http://{away}/readyz: .*refused", lines[2])
    assert f"from {tmp_path} to {hosts}, zones talos00" in lines[3]
    assert lines[-1] == "1 problem"

    note.close()
    server.close()
    ended = doctor(prepared)
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "all is well")
    assert ended.out.startswith("ok       up --dev    was started here last, and has ended; ")
    (prepared / "data" / NOTE).unlink()


def test_a_database_that_the_syncer_made_for_itself_is_of_use_to_it_and_not_yet_to_the_admin(tmp_path: Path) -> None:
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    options = ("--dev-mode", "--hosts-file", str(tmp_path / "hosts"), "--manifests", str(manifests))
    (tmp_path / "hosts").touch()
    env = {"DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path)}
    assert run(["-m", "catalyst.cli", "runsyncer", "--once", *options], env).code == 0
    ended = doctor(tmp_path, *options)
    assert ended.code == 0, ended.out
    assert "answers and has all that the syncer needs" in ended.out
    assert "warning  database    it has no tables for the admin and the API yet: run " in ended.out
    assert ended.out.splitlines()[-1] == "1 warning"


@pytest.mark.parametrize(
    ("words", "settings"),
    [(("--dev-mode",), {}), (("--manifests", "x"), {}), ((), {"DNS_SERVER_URL": "https://dns.talos00:53443"})],
)
def test_who_says_what_is_meant_is_taken_at_their_word(
    words: tuple[str, ...], settings: dict[str, str], tmp_path: Path
) -> None:
    note = leave_note(tmp_path / NOTE, DevSetup("hosts.dev", "examples", {}))
    assert note
    options = parse_options(words)
    assert adopt_dev_mode(options, Environment({"DATA_DIR": str(tmp_path), **settings})) is None
    assert options == parse_options(words)
    note.close()


def test_colours_are_for_a_terminal_only(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "catalyst.cli", "doctor"]
    for more, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        reader, writer = pty.openpty()
        env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "RESYNC_INTERVAL": "banana", **more}
        subprocess.run(command, env=env, cwd=ROOT, stdout=writer, stderr=writer, timeout=20, check=False)
        shown = os.read(reader, 10_000).decode()
        os.close(reader)
        os.close(writer)
        assert "problem" in shown
        assert ("\x1b[31m" in shown) is coloured


@pytest.mark.parametrize(
    ("problems", "warnings", "text"),
    [(0, 0, "all is well"), (1, 0, "1 problem"), (2, 1, "2 problems, 1 warning"), (0, 2, "2 warnings")],
)
def test_the_last_line_counts(problems: int, warnings: int, text: str) -> None:
    assert summarize_counts(problems, warnings) == text


def test_it_says_which_syncer_is_at_work(tmp_path: Path) -> None:
    env = {"DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path), "DNS_ZONE": "talos00"}
    prepare(tmp_path / "data")
    hosts = tmp_path / "hosts"
    hosts.touch()
    options = ("--dev-mode", "--hosts-file", str(hosts), "--manifests", str(tmp_path))

    def look() -> str:
        (line,) = (line for line in doctor(tmp_path, *options).out.splitlines() if line.split()[1] == "syncer")
        return line

    assert look() == "ok       syncer      none has been at work on this database yet"
    syncer = Syncer(tmp_path, env, *options, "--noreload").ready()
    with running(syncer):
        name = rf"process {syncer.pid} on \S+, since \d{{4}}-\d\d-\d\d [\d:]+ UTC"
        assert re.fullmatch(rf"ok       syncer      {name}, last heard of \d+ s ago", look())
        syncer.stop()
        assert re.fullmatch(rf"ok       syncer      none is at work; the last one was {name}", look())
