"""The file of targets: what it says of each, what it leaves to the variables, and the complaint about what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalyst.settings.environment import Environment
from catalyst.settings.sync import read_config, read_managed
from catalyst.settings.targets import BUILT, COMMON, LATER, SINGLE
from syncer.config import Config, HostsConfig, SettingNames, TargetConfig, TechnitiumConfig
from syncer.core.plan import Policy
from syncer.core.scope import EVERYTHING, PublishFilters
from syncer.redaction import Redaction
from tests.catalyst.settings.test_sync import PRODUCTION

TOKEN = "a-t0ken-in-a-file"
LAN = {
    "name": "lan",
    "kind": "technitium",
    "servers": ["https://dns1.talos00:53443/", "https://dns2.talos00:53443"],
    "zones": ["talos00", "example.com"],
    "addresses": ["192.168.1.54"],
}
PUBLIC = {
    "name": "public",
    "kind": "technitium",
    "servers": ["https://dns.example.net:53443"],
    "zones": ["example.com"],
    "addresses": ["home.example.com"],
}
HOSTS = {"name": "desk", "kind": "hosts", "path": "/srv/hosts", "zones": ["talos00"], "addresses": ["192.168.1.54"]}

Target = dict[str, Any]


class FileOfTargets:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "targets.yaml"
        self.token = folder / "token"
        self.token.write_text(f"{TOKEN}\n")
        self.redaction = Redaction()

    def write(self, *targets: Mapping[str, Any]) -> None:
        with_tokens = [
            {"token_file": str(self.token), **target} if target.get("kind") == "technitium" else target
            for target in targets
        ]
        self.path.write_text(json.dumps({"targets": with_tokens}))

    def environment(self, variables: Mapping[str, str]) -> Environment:
        return Environment({"TARGETS_FILE": str(self.path), **variables}, self.redaction)

    def read(self, *targets: Mapping[str, Any], dev_mode: bool = False, **variables: str) -> Config:
        self.write(*targets)
        return read_config(self.environment(variables), dev_mode=dev_mode)

    def complain(self, *targets: Mapping[str, Any], **variables: str) -> list[str]:
        self.write(*targets)
        return self.complain_of_text(self.path.read_text(), **variables)

    def complain_of_text(self, text: str, **variables: str) -> list[str]:
        self.path.write_text(text)
        with pytest.raises(ImproperlyConfigured) as caught:
            read_config(self.environment(variables))
        return str(caught.value).splitlines()


@pytest.fixture
def file(tmp_path: Path) -> FileOfTargets:
    return FileOfTargets(tmp_path)


def technitium(target: TargetConfig) -> TechnitiumConfig:
    assert isinstance(target.settings, TechnitiumConfig)
    return target.settings


def test_each_target_has_its_own_server_zones_and_addresses(file: FileOfTargets) -> None:
    lan, public, desk = file.read(LAN, PUBLIC, HOSTS).targets
    assert [target.name for target in (lan, public, desk)] == ["lan", "public", "desk"]
    assert technitium(lan).urls == ("https://dns1.talos00:53443", "https://dns2.talos00:53443")
    assert technitium(public).urls == ("https://dns.example.net:53443",)
    assert technitium(lan).token == technitium(public).token == TOKEN
    assert desk.settings == HostsConfig("/srv/hosts", "desk")
    assert (lan.scope.zones, public.scope.zones) == (("talos00", "example.com"), ("example.com",))
    assert (lan.scope.addresses, public.scope.addresses) == (("192.168.1.54",), ("home.example.com",))
    assert [target.scope.target_name for target in (lan, public, desk)] == ["lan", "public", "desk"]


def test_each_knows_the_names_of_all_targets_and_of_their_servers(file: FileOfTargets) -> None:
    for target in file.read(LAN, PUBLIC, HOSTS).targets:
        assert target.scope.target_names == ("lan", "public", "desk")
        assert target.scope.server_names == {"dns1.talos00", "dns2.talos00", "dns.example.net"}


def test_each_knows_the_zones_that_others_have_and_it_has_not(file: FileOfTargets) -> None:
    lan, public = file.read(LAN, PUBLIC).targets
    assert (lan.scope.other_zones, public.scope.other_zones) == (set(), {"talos00"})


def test_messages_name_the_fields_of_the_target_or_the_variable_that_holds_for_it(file: FileOfTargets) -> None:
    only = file.read(LAN).targets[0]
    assert technitium(only).spelled == SettingNames(
        servers="`servers` of target lan",
        token="`token_file` of target lan",
        zones="`zones` of target lan",
        ca_file="`ca_file` of target lan",
        fingerprint="`tls_fingerprint` of target lan",
    )
    assert only.zones_setting == "`zones` of target lan"
    pinned = technitium(file.read(LAN, DNS_API_TLS_FINGERPRINT="a" * 64).targets[0])
    assert pinned.spelled.fingerprint == "DNS_API_TLS_FINGERPRINT", "it is what the target has"
    own = {**LAN, "tls_fingerprint": "b" * 64}
    assert technitium(file.read(own, DNS_API_TLS_FINGERPRINT="a" * 64).targets[0]).spelled == only.settings.spelled  # type: ignore[attr-defined]


def test_all_fields_count(file: FileOfTargets) -> None:
    publish = {
        "ingress_classes": ["external"],
        "gateways": ["network/external"],
        "kinds": ["ingress", "HTTPRoute"],
        "annotation_filter": "catalyst-dns-sync.io/publish=true",
        "label_selector": "dns=public",
        "namespaces": ["web"],
    }
    own = {
        "ttl": "1m",
        "policy": "upsert-only",
        "publish": publish,
        "rate_limit": 2.5,
        "max_delete_ratio": 0.25,
        "max_deletes_unguarded": 3,
        "auto_remediate": True,
        "public": True,
        "by_annotation": True,
        "was": "default",
        "tls_fingerprint": "AB" * 32,
    }
    _, target = file.read(LAN, PUBLIC | own).targets
    assert target.was == "default"
    assert target.scope.ttl == 60
    assert target.scope.publish == PublishFilters(**publish | {  # type: ignore[arg-type]
        "ingress_classes": ("external",),
        "gateways": ("network/external",),
        "kinds": ("Ingress", "HTTPRoute"),
        "namespaces": ("web",),
    })  # fmt: skip
    assert target.scope.by_annotation
    assert target.scope.targets.public
    managed = target.managed
    assert managed.policies == {"example.com": Policy.UPSERT_ONLY}
    assert (managed.max_delete_ratio, managed.max_deletes_unguarded, managed.auto_remediate) == (0.25, 3, True)
    assert (technitium(target).rate_limit, technitium(target).fingerprint) == (2.5, "ab" * 32)


def test_what_is_left_out_comes_from_the_variable_of_that_name(file: FileOfTargets) -> None:
    variables = {
        "DNS_TTL_DEFAULT": "90",
        "SYNC_POLICY": "create-only",
        "DNS_API_RATE_LIMIT": "4",
        "DNS_API_TLS_FINGERPRINT": "cd" * 32,
        "MAX_DELETE_RATIO": "0.125",
        "MAX_DELETES_UNGUARDED": "7",
        "AUTO_REMEDIATE": "true",
        "INGRESS_CLASS": "traefik",
        "OWNER_ID": "homelab",
        "HOSTS_FILE": "/srv/other",
    }
    lan, desk = file.read(LAN, {key: HOSTS[key] for key in HOSTS if key != "path"}, **variables).targets
    for target in (lan, desk):
        managed = target.managed
        assert (managed.max_delete_ratio, managed.max_deletes_unguarded, managed.auto_remediate) == (0.125, 7, True)
        assert (target.scope.ttl, target.scope.ingress_classes, managed.owner_id) == (90, ("traefik",), "homelab")
        assert managed.policy("talos00") is Policy.CREATE_ONLY
        assert (target.scope.publish, target.scope.by_annotation, target.was) == (EVERYTHING, False, "")
    assert (technitium(lan).rate_limit, technitium(lan).fingerprint) == (4, "cd" * 32)
    assert desk.settings.places == ("/srv/other",)


def test_an_empty_field_counts_as_left_out(file: FileOfTargets) -> None:
    empty = {"ttl": None, "policy": "", "publish": {"kinds": [], "namespaces": None}, "was": "", "ca_file": None}
    (target,) = file.read(LAN | empty, DNS_TTL_DEFAULT="90").targets
    assert (target.scope.ttl, target.scope.publish, target.was) == (90, EVERYTHING, "")


def test_policies_are_by_zone_too(file: FileOfTargets) -> None:
    policies = {"talos00": "sync", "example.com": "upsert-only"}
    lan, public = file.read(LAN | {"policy": policies}, PUBLIC, SYNC_POLICY="example.com=create-only").targets
    assert lan.managed.policies == {"talos00": Policy.SYNC, "example.com": Policy.UPSERT_ONLY}
    assert public.managed.policies == {"example.com": Policy.CREATE_ONLY}
    assert "not a managed zone" in file.complain(LAN, SYNC_POLICY="home.lab=sync")[0]


def test_a_list_may_be_one_text(file: FileOfTargets) -> None:
    (target,) = file.read(LAN | {"zones": "talos00", "addresses": "10.0.0.1, fd00::1"}).targets
    assert (target.scope.zones, target.scope.addresses) == (("talos00",), ("10.0.0.1", "fd00::1"))


def test_the_objects_own_load_balancer_may_answer(file: FileOfTargets) -> None:
    (target,) = file.read(LAN | {"addresses": ["auto"]}).targets
    assert (target.scope.auto, target.scope.addresses) == (True, ())


def test_one_zone_on_two_servers_is_split_horizon_and_no_mistake(file: FileOfTargets) -> None:
    other_port = PUBLIC | {"servers": ["https://dns1.talos00:5380"]}
    assert [target.scope.zones[-1] for target in file.read(LAN, other_port).targets] == ["example.com", "example.com"]


def test_dev_mode_writes_to_the_hosts_files_of_the_targets_and_to_nothing_else(file: FileOfTargets) -> None:
    (target,) = file.read(HOSTS, dev_mode=True).targets
    assert target.settings == HostsConfig("/srv/hosts", "desk")
    assert target.scope.targets.loopback
    with pytest.raises(ImproperlyConfigured, match=r'targets\[1\]\.kind is "technitium": --dev-mode writes to hosts'):
        file.read(HOSTS, LAN, dev_mode=True)


def test_one_hosts_file_for_all_is_refused(file: FileOfTargets) -> None:
    file.write(HOSTS)
    with pytest.raises(ImproperlyConfigured, match="--hosts-file beside TARGETS_FILE: leave it out"):
        read_config(file.environment({}), hosts_file="/etc/hosts")


# What is wrong


@pytest.mark.parametrize("name", SINGLE)
def test_the_variables_of_a_single_target_are_refused_by_name(file: FileOfTargets, name: str) -> None:
    value = {"DNS_ZONES": "a,b", "DNS_IP_ADDRESSES": "a=10.0.0.1", **PRODUCTION}.get(name, str(file.token))
    (sentence,) = file.complain(LAN, **{name: value})
    assert sentence.startswith(f"{name} is set beside TARGETS_FILE: ")
    assert value not in sentence


WRONG: list[tuple[Target, str]] = [
    ({"name": ""}, ".name is missing: "),
    ({"name": "Lan"}, '.name is "Lan": no target can have that name; '),
    ({"name": "a" * 33}, f'.name is "{"a" * 33}": '),
    ({"name": "lan-"}, '.name is "lan-": '),
    ({"kind": None}, ".kind is missing: give one of technitium, hosts"),
    ({"kind": "bind"}, '.kind is "bind": give one of technitium, hosts'),
    ({"zones": []}, ".zones is missing: "),
    ({"zones": ["a..b"]}, '.zones[0] is "a..b": '),
    ({"zones": ["talos00", "*.talos00"]}, '.zones[1] is "*.talos00": a zone cannot be a wildcard; '),
    ({"zones": ["talos00", "Talos00."]}, '.zones[1] is "Talos00.": it is there twice: '),
    ({"zones": [["talos00"], "home.lab"]}, ".zones[0] is no single value"),
    ({"addresses": []}, ".addresses is missing: "),
    ({"addresses": ["10.0.0"]}, '.addresses[0] is "10.0.0": '),
    ({"addresses": ["10.0.0.1", "auto"]}, '.addresses[1] is "auto": it must be alone'),
    ({"addresses": ["a.talos00", "10.0.0.1"]}, '.addresses[0] is "a.talos00": it must be alone'),
    ({"addresses": ["10.0.0.1"], "public": True}, '.addresses[0] is "10.0.0.1": it is private, and '),
    ({"addresses": ["100.64.0.1"], "public": True}, '.addresses[0] is "100.64.0.1": it is shared, and '),
    ({"addresses": ["fd00::1"], "public": True}, '.addresses[0] is "fd00::1": it is unique-local, and '),
    ({"servers": None}, ".servers is missing: "),
    ({"servers": ["dns.talos00"]}, '.servers[0] is "dns.talos00": give the address with http'),
    ({"servers": ["https://dns.talos00/?token=abc"]}, ".servers holds more than an address: "),
    ({"token_file": ""}, ".token_file is missing: "),
    ({"token_file": "/no/such/file"}, '.token_file is "/no/such/file": the file cannot be read (No such file'),
    ({"token_file": "a-token-itself"}, ".token_file names no file that can be read (No such file"),
    ({"ca_file": "/no/such/file"}, '.ca_file is "/no/such/file": there is no such file'),
    ({"tls_fingerprint": "12:34"}, '.tls_fingerprint is "12:34": '),
    ({"ttl": 0}, '.ttl is "0": a TTL is from 1 to '),
    ({"policy": "delete"}, '.policy is "delete": '),
    ({"policy": {"home.lab": "sync"}}, '.policy is "home.lab": it is not a managed zone (talos00, example.com)'),
    ({"rate_limit": "fast"}, '.rate_limit is "fast": give a number, at least 0.01'),
    ({"max_delete_ratio": 2}, '.max_delete_ratio is "2": give a number, from 0 to 1'),
    ({"max_deletes_unguarded": -1}, '.max_deletes_unguarded is "-1": give a whole number'),
    ({"auto_remediate": "perhaps"}, '.auto_remediate is "perhaps": give true or false'),
    ({"public": []}, ".public is no single value"),
    ({"by_annotation": "yess"}, '.by_annotation is "yess": give true or false'),
    ({"was": "A"}, '.was is "A": '),
    ({"was": "lan"}, '.was is "lan": a target of that name is in the file; '),
    ({"publish": ["external"]}, ".publish is no object: "),
    ({"publish": {"kinds": ["Gateway"]}}, '.publish.kinds[0] is "Gateway": no such kind gives names; '),
    ({"publish": {"gateways": ["external"]}}, '.publish.gateways[0] is "external": its namespace is missing; '),
    ({"publish": {"ingress_classes": ["a b"]}}, '.publish.ingress_classes[0] is "a b": '),
    ({"publish": {"namespaces": ["A"]}}, '.publish.namespaces[0] is "A": '),
    ({"publish": {"label_selector": "a in"}}, '.publish.label_selector is "a in": '),
    ({"publish": {"annotation_filter": "=x"}}, '.publish.annotation_filter is "=x": '),
    ({"publish": {"class": "external"}}, ".publish.class is no known field: "),
    ({"zone": "talos00"}, ".zone is no known field: did you mean zones?"),
    ({"token": "a-token-itself"}, ".token is no known field: did you mean token_file?"),
    ({"server": "dns"}, ".server is a field of rfc2136 targets alone: did you mean servers?"),
    ({"proxied": True}, ".proxied is a field of cloudflare targets alone: leave it out."),
    ({"path": "/etc/hosts"}, ".path is a field of hosts targets alone: leave it out."),
    ({"marks": "txt"}, ".marks is not built yet in this version: leave it out."),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "complaint"), WRONG, ids=[complaint for _, complaint in WRONG])
def test_what_is_wrong_is_told_with_its_path(file: FileOfTargets, fields: Target, complaint: str) -> None:
    (sentence,) = file.complain(HOSTS, LAN | fields)
    assert sentence.startswith(f"TARGETS_FILE targets[1]{complaint}")
    assert "a-token-itself" not in sentence
    assert "token=abc" not in sentence


@pytest.mark.parametrize("kind", LATER)
def test_a_kind_of_a_later_version_is_no_unknown_word(file: FileOfTargets, kind: str) -> None:
    own = dict.fromkeys(LATER[kind], "x")
    common = {key: value for key, value in HOSTS.items() if key != "path"}
    (sentence,) = file.complain(LAN, {**common, **own, "kind": kind})
    assert sentence.startswith(f'TARGETS_FILE targets[1].kind is "{kind}": it is not built yet in this version; ')


def test_targets_that_get_into_each_others_way_are_refused(file: FileOfTargets) -> None:
    same_name = file.complain(LAN, PUBLIC | {"name": "lan"})
    assert same_name == ['TARGETS_FILE targets[1].name is "lan": another target has that name; give each its own.']
    same_server = file.complain(LAN, PUBLIC | {"servers": ["http://10.0.0.1", "https://DNS2.talos00:53443"]})
    assert same_server == [
        'TARGETS_FILE targets[1].zones[0] is "example.com": target lan has it on the same server; '
        "leave it out of one of them."
    ]
    same_file = file.complain(HOSTS, HOSTS | {"name": "other", "path": "/srv/../srv/hosts"})
    assert same_file == [
        'TARGETS_FILE targets[1].path is "/srv/../srv/hosts": target desk has that file; give another one.'
    ]
    same_past = file.complain(LAN | {"was": "old"}, PUBLIC | {"was": "old"})
    assert same_past == ['TARGETS_FILE targets[1].was is "old": another target takes that one over; one alone can.']


def test_a_host_name_is_no_address_in_a_hosts_file(file: FileOfTargets) -> None:
    (sentence,) = file.complain(HOSTS | {"addresses": ["a.talos00"]})
    assert sentence == 'TARGETS_FILE targets[0].addresses[0] is "a.talos00": a hosts file holds addresses alone.'


def test_all_that_is_wrong_is_said_at_once(file: FileOfTargets) -> None:
    sentences = file.complain(
        LAN | {"ttl": 0, "zones": ["a..b"]}, {"kind": "hosts"}, DNS_ZONE="talos00", OWNER_ID="a b"
    )
    assert [re.split(" is ", sentence)[0] for sentence in sentences] == [
        "DNS_ZONE",
        "OWNER_ID",
        "TARGETS_FILE targets[0].zones[0]",
        "TARGETS_FILE targets[1].zones",
        "TARGETS_FILE targets[0].ttl",
        "TARGETS_FILE targets[1].name",
        "TARGETS_FILE targets[1].addresses",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "TARGETS_FILE targets is missing: give a list."),
        ("targets: lan", "TARGETS_FILE targets is no list of objects: begin each with a dash."),
        ("targets: [lan]", "TARGETS_FILE targets[0] is no object: give it fields, such as name: lan."),
        ("target: []\ntargets: []", "TARGETS_FILE target is no known field: did you mean targets?"),
        ("- name: lan", "the file is no object: begin it with the name of a field and a colon."),
        ("targets: [\n", "the file is no plain YAML (line 2: "),
        ("a: 1\na: 2", "the file is no plain YAML (line 2: the key a is there twice in one object): correct it."),
        ("targets: &a [*a]", "the file is no plain YAML (line 1: aliases and anchors are not taken): correct it."),
        ("#" * 1_100_000, "the file is no plain YAML (more than 1 MB of text): correct it."),
    ],
)
def test_a_file_that_is_none_of_targets_is_refused(file: FileOfTargets, text: str, complaint: str) -> None:
    assert complaint in file.complain_of_text(text)[0]


def test_a_file_that_is_not_there_is_refused_and_nothing_else_is_said() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read_config(Environment({"TARGETS_FILE": "/no/such/file"}))
    assert str(caught.value) == (
        'TARGETS_FILE is "/no/such/file": the file cannot be read (No such file or directory): '
        "name one that this user may read."
    )


# Secrets, and who has none


def test_tokens_are_hidden_wherever_something_is_told(file: FileOfTargets) -> None:
    config = file.read(LAN, PUBLIC)
    assert file.redaction.redact_text(f"the server says {TOKEN}") == "the server says [hidden]"
    assert TOKEN not in f"{config!r}{config.published}"


def test_the_web_reads_the_file_and_no_token(file: FileOfTargets) -> None:
    file.write(LAN | {"ca_file": "/no/such/file"}, PUBLIC)
    file.token.unlink()
    env = file.environment({})
    checked = read_config(env, checking=True)
    assert [technitium(target).token for target in checked.targets] == ["", ""]
    managed = read_managed(env, proposed=True)
    assert {name: one.scope.zones for name, one in managed.items()} == {
        "lan": ("talos00", "example.com"),
        "public": ("example.com",),
    }
    assert file.redaction.secrets == set()


def test_without_a_file_the_only_target_has_no_name() -> None:
    managed = read_managed(Environment(PRODUCTION), proposed=False)
    assert list(managed) == [""]
    assert (managed[""].scope.target_name, managed[""].scope.target_names) == ("", ())


def test_no_field_is_of_two_meanings() -> None:
    for own in (*BUILT.values(), *LATER.values()):
        assert not set(own) & set(COMMON)


# The page

PAGE = (Path(__file__).parents[3] / "docs" / "targets.md").read_text()


def test_the_page_names_every_field_and_no_other() -> None:
    table = PAGE.partition("## Fields")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {
        *COMMON,
        *(field for fields in BUILT.values() for field in fields),
    }


def test_the_page_names_every_filter() -> None:
    table = PAGE.partition("## Which objects go where")[2].partition("\n## ")[0]
    assert {field.name for field in fields(PublishFilters)} <= {*re.findall(r"`(\w+)`", table)}


def test_the_example_of_the_page_is_one_that_the_program_reads(file: FileOfTargets) -> None:
    (example,) = re.findall(r"^```yaml\n# recipe: targets\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    file.path.write_text(re.sub("/run/secrets/technitium/.*", str(file.token), example))
    lan, public = read_config(file.environment({})).targets
    assert (lan.was, lan.scope.targets.public, public.scope.targets.public) == ("default", False, True)
    assert public.scope.publish == PublishFilters(ingress_classes=("external",), gateways=("network/external",))


# Whatever is in it

SCALARS = st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["auto", "lan", "technitium", "hosts", "a=b", "talos00", "https://[", "*.a", "10.0.0.1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [*COMMON, *(field for own in (*BUILT.values(), *LATER.values()) for field in own), "marks", "x"]
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dictionaries(FIELDS, VALUES, max_size=8), max_size=3), st.booleans())
def test_it_is_read_or_refused_in_lines_that_say_where(
    file: FileOfTargets, changes: list[dict[str, Any]], by_web: bool
) -> None:
    bases = [LAN, PUBLIC, HOSTS]
    file.write(*({**base, **change} for base, change in zip(bases, changes, strict=False)))
    said: list[str] = []
    with suppress(ImproperlyConfigured), Environment.gathering() as sentences:
        read_config(file.environment({}), checking=by_web)
        said += sentences
    assert all(sentence.startswith("TARGETS_FILE ") for sentence in said)
