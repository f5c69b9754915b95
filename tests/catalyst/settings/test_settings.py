"""What the environment may say, and what a person reads who said it wrong."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from catalyst.settings.allowed_hosts import read_allowed_hosts
from catalyst.settings.api import read_dns_servers
from catalyst.settings.database import read_database
from catalyst.settings.environment import Environment
from catalyst.settings.secret_key import read_secret_key
from catalyst.settings.sync import read_config
from syncer.config import Config, HostsConfig, TechnitiumConfig
from syncer.core.plan import Policy
from tests.syncer.targets.technitium.test_client import make_certificate

ROOT = Path(__file__).parents[3]
PRODUCTION = {
    "DNS_SERVER_URL": "https://dns.talos00:53443",
    "DNS_ZONE": "talos00",
    "DNS_IP_ADDRESS": "192.168.1.54",
    "DNS_API_TOKEN": "a-token-of-the-tests",
}


def production(**variables: str) -> Config:
    return read_config(Environment({**PRODUCTION, **variables}))


def complaint(variables: Mapping[str, str], **options: bool) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        read_config(Environment(variables), **options)
    return str(caught.value)


def test_production_needs_four_variables_and_takes_the_proposals_defaults_for_the_rest() -> None:
    config = production()
    assert config.scope.zones == ("talos00",)
    assert config.scope.addresses == ("192.168.1.54",)
    assert config.scope.ttl == 300
    assert isinstance(config.target, TechnitiumConfig)
    assert config.target.rate_limit == 10
    assert (config.metrics_address, config.health_address) == (":8080", ":8081")
    assert (config.resync_interval, config.serial_probe_interval) == (300, 10)
    assert (config.managed.max_delete_ratio, config.managed.max_deletes_unguarded) == (0.5, 10)
    assert config.managed.policy("talos00") is Policy.SYNC
    assert not any((config.managed.adopt_identical, config.managed.auto_remediate, config.dry_run))


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_production_guesses_nothing(name: str) -> None:
    text = complaint({key: value for key, value in PRODUCTION.items() if key != name})
    assert text.startswith(f"{name} is not set: ")


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_a_blank_variable_counts_as_not_set(name: str) -> None:
    assert complaint(PRODUCTION | {name: "  "}).startswith(f"{name} is not set: ")


def test_dev_mode_has_the_proposals_values_and_needs_nothing() -> None:
    config = read_config(Environment({}), dev_mode=True)
    assert config.target == HostsConfig("/etc/hosts")
    assert config.scope.zones == ("talos00",)
    assert config.scope.addresses == ("192.168.1.54",)


def test_the_options_of_the_command_beat_the_environment() -> None:
    environment = Environment({"HOSTS_FILE": "/etc/hosts", "DRY_RUN": "false"})
    config = read_config(environment, dev_mode=True, hosts_file="hosts.dev", manifests="examples", dry_run=True)
    assert config.target == HostsConfig("hosts.dev")
    assert config.kube.manifests == "examples"
    assert config.dry_run


def test_names_and_addresses_are_canonical() -> None:
    config = production(
        DNS_ZONES="Home.Lab., talos00, home.lab,bücher.example", DNS_IP_ADDRESS="2001:DB8::0:1, 10.0.0.9"
    )
    assert config.scope.zones == ("home.lab", "talos00", "xn--bcher-kva.example")
    assert config.scope.addresses == ("2001:db8::1", "10.0.0.9")


def test_several_zones_beat_the_one_with_a_warning() -> None:
    warnings: list[str] = []
    config = read_config(Environment(PRODUCTION | {"DNS_ZONES": "home.lab"}), warn=warnings.append)
    assert config.scope.zones == ("home.lab",)
    assert warnings == ["DNS_ZONES is set: DNS_ZONE (talos00) is not used"]


def test_a_zone_may_have_addresses_of_its_own_and_then_needs_no_others() -> None:
    variables = PRODUCTION | {"DNS_IP_ADDRESSES": "talos00=10.0.0.1,talos00=fd00::1", "DNS_IP_ADDRESS": ""}
    scope = read_config(Environment(variables)).scope
    assert scope.zone_addresses == {"talos00": ("10.0.0.1", "fd00::1")}
    assert scope.addresses == ()


def test_auto_leaves_the_address_to_each_object() -> None:
    scope = production(DNS_IP_ADDRESS="Auto").scope
    assert scope.auto
    assert scope.addresses == ()


def test_a_policy_is_for_every_zone_or_for_the_named_ones() -> None:
    zones = {"DNS_ZONES": "talos00,home.lab", "DNS_ZONE": ""}
    assert production(**zones, SYNC_POLICY="create-only").managed.policy("home.lab") is Policy.CREATE_ONLY
    config = production(**zones, SYNC_POLICY="home.lab=upsert-only")
    assert (config.managed.policy("home.lab"), config.managed.policy("talos00")) == (Policy.UPSERT_ONLY, Policy.SYNC)


def test_times_are_seconds_or_go_durations() -> None:
    config = production(
        RESYNC_INTERVAL="1h30m", SERIAL_PROBE_INTERVAL="250ms", DNS_TTL_DEFAULT="5m", WATCH_READ_TIMEOUT="90"
    )
    assert (config.resync_interval, config.serial_probe_interval) == (5400, 0.25)
    assert (config.scope.ttl, config.kube.read_timeout) == (300, 90)


def test_certificates_are_watched_unless_they_are_switched_off() -> None:
    assert production().kube.certificate_metrics
    assert not production(CERTIFICATE_METRICS="false").kube.certificate_metrics


def test_a_fingerprint_may_come_as_openssl_prints_it() -> None:
    target = production(DNS_API_TLS_FINGERPRINT=":".join(["AB"] * 32)).target
    assert isinstance(target, TechnitiumConfig)
    assert target.fingerprint == "ab" * 32


WRONG = [
    ("DNS_SERVER_URL", "dns.talos00:53443"),
    ("DNS_SERVER_URL", "ftp://dns.talos00"),
    ("DNS_SERVER_URL", "https://"),
    ("DNS_SERVER_URL", "https://dns.talos00:port"),
    ("DNS_SERVER_URL", "https://dns.talos00:53443/?a=b"),
    ("DNS_SERVER_URL", "https://dns talos00:53443"),
    ("DNS_ZONE", "bad zone"),
    ("DNS_ZONE", "*.talos00"),
    ("DNS_ZONE", "x" * 64),
    ("DNS_ZONES", "talos00,-bad"),
    ("DNS_IP_ADDRESS", "banana"),
    ("DNS_IP_ADDRESS", "256.256.256.256"),
    ("DNS_IP_ADDRESS", "1.2.3.4/22"),
    ("DNS_IP_ADDRESS", "010.0.0.1"),
    ("DNS_IP_ADDRESS", "10.0.0.1,auto"),
    ("DNS_IP_ADDRESSES", "10.0.0.1"),
    ("DNS_IP_ADDRESSES", "talos00="),
    ("DNS_IP_ADDRESSES", "talos00=banana"),
    ("DNS_IP_ADDRESSES", "home.lab=10.0.0.1"),
    ("DNS_TTL_DEFAULT", "banana"),
    ("DNS_TTL_DEFAULT", "0"),
    ("DNS_TTL_DEFAULT", "-5"),
    ("DNS_TTL_DEFAULT", "1d"),
    ("DNS_TTL_DEFAULT", "2147483648"),
    ("DNS_API_CA_FILE", "/no/such/file.pem"),
    ("DNS_API_CA_FILE", "/etc/passwd"),
    ("DNS_API_TLS_FINGERPRINT", "ab:cd"),
    ("DNS_API_RATE_LIMIT", "0"),
    ("DNS_API_RATE_LIMIT", "nan"),
    ("DNS_API_RATE_LIMIT", "inf"),
    ("DNS_API_TOKEN_FILE", "/no/such/token"),
    ("WATCH_NAMESPACE", "Media"),
    ("WATCH_NAMESPACE", "media,a b"),
    ("INGRESS_CLASS", "a b"),
    ("INGRESS_CLASS", "traefik,nginx;internal"),
    ("LABEL_SELECTOR", "a in"),
    ("LABEL_SELECTOR", "=b"),
    ("EXCLUDE_NAMES", "(unclosed"),
    ("ALLOW_WILDCARDS", "yess"),
    ("INGRESS_TLS_HOSTS", "2"),
    ("EXTERNAL_DNS_ANNOTATIONS", "maybe"),
    ("TRAEFIK_RULE_SYNTAX", "v4"),
    ("TRAEFIK_SERVICE", "traefik"),
    ("TRAEFIK_SERVICE", "a/b/c"),
    ("OWNER_ID", "two words"),
    ("OWNER_ID", "ü"),
    ("OWNER_ID", "x" * 64),
    ("ADOPT_EXISTING", "always"),
    ("SYNC_POLICY", "delete-only"),
    ("SYNC_POLICY", "talos00=delete-only"),
    ("SYNC_POLICY", "home.lab=sync"),
    ("MAX_DELETE_RATIO", "50%"),
    ("MAX_DELETE_RATIO", "1.5"),
    ("MAX_DELETES_UNGUARDED", "-1"),
    ("MAX_DELETES_UNGUARDED", "ten"),
    ("RESYNC_INTERVAL", "banana"),
    ("RESYNC_INTERVAL", "0"),
    ("RESYNC_INTERVAL", "1ns"),
    ("RESYNC_INTERVAL", "501h"),
    ("DRIFT_INTERVAL", "9.9s"),
    ("SERIAL_PROBE_INTERVAL", "-1s"),
    ("SERIAL_PROBE_INTERVAL", "249ms"),
    ("WATCH_READ_TIMEOUT", "soon"),
    ("WATCH_READ_TIMEOUT", "0.001"),
    ("WATCH_READ_TIMEOUT", "999ms"),
    ("AUTO_REMEDIATE", "si"),
    ("DRY_RUN", "tru"),
    ("LEADER_ELECTION", "perhaps"),
    ("METRICS_BIND_ADDRESS", "8080"),
    ("METRICS_BIND_ADDRESS", ":99999"),
    ("HEALTH_PROBE_ADDRESS", "host:port"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_answered_by_one_sentence_that_names_the_variable(name: str, value: str) -> None:
    text = complaint({key: PRODUCTION[key] for key in PRODUCTION if f"{key}_FILE" != name} | {name: value})
    assert text.startswith(name), text
    assert text.endswith("."), text
    assert "\n" not in text
    assert 20 < len(text) < 300
    # The value itself, or the element of a list that is wrong.
    assert any(part.partition("=")[0][:70] in text for part in value.split(",")) or "?" in value, text


@pytest.mark.parametrize(
    ("name", "value", "reason", "limits"),
    [
        ("RESYNC_INTERVAL", "1ns", "too short", "from 10s to 500h"),
        ("DRIFT_INTERVAL", "501h", "too long", "from 10s to 500h"),
        ("SERIAL_PROBE_INTERVAL", "2h", "too long", "from 250ms to 1h"),
        ("WATCH_READ_TIMEOUT", "0.001", "not a time", "from 1s to 1h"),
    ],
)
def test_an_interval_has_limits_that_the_complaint_and_the_docs_tell(
    name: str, value: str, reason: str, limits: str
) -> None:
    right = f"give seconds (300) or a Go duration (5m, 1h30m), {limits}."
    assert complaint(PRODUCTION | {name: value}) == f'{name} is "{value}": {reason}; {right}'
    row = re.search(rf"^\| `{name}` .*$", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE)
    assert row
    assert limits in row[0].replace("`", "").lower()


def test_a_file_of_certificates_is_read_at_the_start(tmp_path: Path) -> None:
    make_certificate(tmp_path)
    path = str(tmp_path / "cert.pem")
    target = production(DNS_API_CA_FILE=path).target
    assert isinstance(target, TechnitiumConfig)
    assert target.ca_file == path
    assert "no certificate can be read from it" in complaint(PRODUCTION | {"DNS_API_CA_FILE": "/etc/passwd"})


def test_a_class_may_have_any_name_that_an_object_can_give_it() -> None:
    classes = ("traefik", "Nginx_internal", "gce-internal", "k8s.io/ingress")
    assert production(INGRESS_CLASS=", ".join(classes)).scope.ingress_classes == classes


def test_the_web_may_be_called_by_names_addresses_and_whole_domains() -> None:
    given = "DNS.home.lab, .home.lab,192.168.1.5,[::1],fd00::0:1,bücher.example,*"
    assert read_allowed_hosts(Environment({"ALLOWED_HOSTS": given})) == [
        "dns.home.lab", ".home.lab", "192.168.1.5", "[::1]", "[fd00::1]", "xn--bcher-kva.example", "*",
    ]  # fmt: skip


@pytest.mark.parametrize("host", ["http://foo/", "foo:8000", "a b", "*.home.lab", "foo/admin", "..", "[::1]:8000"])
def test_a_host_that_no_request_can_name_is_refused(host: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read_allowed_hosts(Environment({"ALLOWED_HOSTS": f"localhost,{host}"}))
    assert str(caught.value).startswith(f'ALLOWED_HOSTS is "{host}": ')


def test_servers_to_test_with_are_addresses_or_names() -> None:
    given = "192.168.1.53,dns.talos00:5353,fd00::1,[fd00::2]:5353"
    assert read_dns_servers(Environment({"DNS_TEST_SERVERS": given})) == [
        "192.168.1.53:53", "dns.talos00:5353", "[fd00::1]:53", "[fd00::2]:5353",
    ]  # fmt: skip
    for wrong in ("a b", "dns.talos00:port", "http://dns.talos00", "1.2.3.400", "*.talos00", "dns.talos00/x"):
        with pytest.raises(ImproperlyConfigured) as caught:
            read_dns_servers(Environment({"DNS_TEST_SERVERS": wrong}))
        assert str(caught.value).startswith(f'DNS_TEST_SERVERS is "{wrong}": ')


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_stops_dev_mode_as_well(name: str, value: str) -> None:
    assert complaint({name: value}, dev_mode=True).startswith(name)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("from-a-file\n")
    variables = PRODUCTION | {"DNS_API_TOKEN": "", "DNS_API_TOKEN_FILE": str(path)}
    target = read_config(Environment(variables)).target
    assert isinstance(target, TechnitiumConfig)
    assert target.token == "from-a-file"


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    text = complaint(PRODUCTION | {"DNS_API_TOKEN_FILE": str(tmp_path)})
    assert text == "DNS_API_TOKEN and DNS_API_TOKEN_FILE are both set: keep one of them."


def test_an_empty_secret_file_is_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch()
    assert "is empty" in complaint(PRODUCTION | {"DNS_API_TOKEN": "", "DNS_API_TOKEN_FILE": str(path)})


def test_no_complaint_shows_a_secret() -> None:
    assert "geheim" not in complaint(PRODUCTION | {"DNS_API_TOKEN": "geheim\nes"})
    assert "geheim" not in complaint(PRODUCTION | {"DNS_SERVER_URL": "https://admin:geheim@dns.talos00"})
    for url in ("mysql://u:geheim@h/x", "postgresql://u:geheim@h:99999/x", "postgresql://u:geheim@h", "geheim"):
        with pytest.raises(ImproperlyConfigured) as caught:
            read_database(Environment({"DATABASE_URL": url}), Path("/nowhere"))
        assert "geheim" not in str(caught.value)
        assert "DATABASE_URL" in str(caught.value)


def test_a_token_is_in_no_printed_configuration() -> None:
    assert PRODUCTION["DNS_API_TOKEN"] not in repr(production())


def test_a_token_that_begins_with_a_dollar_sign_stays_itself() -> None:
    target = production(DNS_API_TOKEN="$HOME").target
    assert isinstance(target, TechnitiumConfig)
    assert target.token == "$HOME"


def test_sqlite_in_the_data_folder_is_the_default(tmp_path: Path) -> None:
    database = read_database(Environment({}), tmp_path / "var")
    assert database["NAME"] == str(tmp_path / "var" / "catalyst.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]


def test_wal_can_be_switched_off_for_a_network_volume(tmp_path: Path) -> None:
    database = read_database(Environment({"SQLITE_WAL": "false"}), tmp_path)
    assert "journal_mode=DELETE" in database["OPTIONS"]["init_command"]


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match=r"^DATA_DIR is "):
        read_database(Environment({}), tmp_path / "file" / "var")


def test_what_is_made_for_the_database_is_for_its_owner_only_and_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    made, there = tmp_path / "made", tmp_path / "there"
    there.mkdir(mode=0o755)
    (there / "catalyst.sqlite3").touch(0o644)
    for folder, rights in ((made, (0o700, 0o600)), (there, (0o755, 0o644))):
        script = WRITE_AND_SHOW_RIGHTS.format(environment={"DATA_DIR": str(folder)})
        ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
        of_folder, of_file = (f"{each:o}" for each in rights)
        assert ended.stdout.split() == [
            of_folder, "catalyst.sqlite3", of_file, "catalyst.sqlite3-shm", of_file, "catalyst.sqlite3-wal", of_file,
        ]  # fmt: skip


WRITE_AND_SHOW_RIGHTS = """
import os
os.umask(0o022)
os.environ.update({environment})
from catalyst.cli import main
main(["migrate", "-v0"])
from django.conf import settings
from django.db import connection
connection.cursor().execute("CREATE TABLE session (key TEXT)")
print(f"{{settings.DATA_DIR.stat().st_mode & 0o777:o}}")
for path in sorted(settings.DATA_DIR.glob("catalyst*")):
    print(path.name, f"{{path.stat().st_mode & 0o777:o}}")
"""


def test_a_database_file_may_be_anywhere(tmp_path: Path) -> None:
    database = read_database(Environment({"DATABASE_URL": f"sqlite:///{tmp_path}/own.sqlite3"}), Path("/nowhere"))
    assert (database["ENGINE"], database["NAME"]) == ("django.db.backends.sqlite3", f"{tmp_path}/own.sqlite3")


def test_postgresql_comes_by_its_url() -> None:
    environment = Environment({"DATABASE_URL": "postgresql://dns:p%40ss@db.home.lab:5433/dns?sslmode=require"})
    database = read_database(environment, Path("/nowhere"))
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.home.lab", 5433, "dns")
    assert (database["USER"], database["PASSWORD"]) == ("dns", "p@ss")
    assert database["OPTIONS"] == {"sslmode": "require"}
    assert "p@ss" in environment.secrets


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = read_secret_key(Environment({}), tmp_path, several_replicas=False)
    assert read_secret_key(Environment({}), tmp_path, several_replicas=False) == first
    assert len(first) >= 50
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_processes_that_start_at_once_agree_on_the_secret_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from catalyst.settings.secret_key import load_key;"
        "sys.stdin.read(); print(load_key(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) for _ in range(4)
    ]
    for process in started:
        assert process.stdin
        process.stdin.close()
        process.stdin = None
    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1
    assert len(keys.pop().strip()) >= 50


def test_several_replicas_must_share_a_secret_key(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY is not set: "):
        read_secret_key(Environment({}), tmp_path, several_replicas=True)


def test_a_short_secret_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY is too short") as caught:
        read_secret_key(Environment({"SECRET_KEY": "geheim"}), tmp_path, several_replicas=False)
    assert "geheim" not in str(caught.value)


def run(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **variables}
    command = [sys.executable, "-m", "catalyst.cli", *arguments]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.parametrize("command", ["web", "prepare", "migrate", "runsyncer", "check"])
def test_no_command_starts_with_a_wrong_value(command: str, tmp_path: Path) -> None:
    ended = run(tmp_path, command, RESYNC_INTERVAL="banana")
    assert ended.returncode == 1
    assert ended.stderr.startswith('error: RESYNC_INTERVAL is "banana": ')
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"), ("WEB_BIND_ADDRESS", "8000"), ("SECRET_KEY", "short")],
)
def test_the_webs_own_settings_are_checked_too(name: str, value: str, tmp_path: Path) -> None:
    ended = run(tmp_path, "check", **{name: value})
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: {name} is ")


def documented() -> dict[str, str]:
    """Variable -> default, from the tables of docs/configuration.md."""
    text = (ROOT / "docs" / "configuration.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", text, re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a variable stands there twice"
    return {name: default.removesuffix(" \\*").strip("`") for name, default in rows}


def test_every_variable_is_documented_with_its_default() -> None:
    from catalyst.settings.web import ENVIRONMENT

    names = ("DNS_API_TOKEN", "DATABASE_URL", "SECRET_KEY", "ADMIN_PASSWORD", "SLACK_WEBHOOK_URL")
    secrets = {f"{name}_FILE" for name in names}
    asked = {name: default or "-" for name, default in ENVIRONMENT.asked.items() if name not in secrets}
    assert documented() == asked
    assert secrets <= set(ENVIRONMENT.asked)


def test_the_web_loads_nothing_of_the_cluster() -> None:
    code = (
        "import django; django.setup(); import sys; print([m for m in sys.modules if m.split('.')[0] == 'kubernetes'])"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE}
    ended = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_the_syncer_loads_nothing_of_the_web(tmp_path: Path) -> None:
    code = "import django; django.setup(); import sys; print([m for m in sys.modules if m.startswith(%r)])"
    heavy = ("django.contrib", "django.core.handlers", "whitenoise", "uvicorn", "rest_framework")
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "catalyst.settings.worker", "DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", code % (heavy,)]
    ended = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
