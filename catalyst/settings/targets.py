"""The file of targets (``TARGETS_FILE``): several DNS servers, each with what is published there and by which rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from os.path import realpath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from catalyst.settings.api import SERVER_RIGHT, parse_server_address
from catalyst.settings.environment import Environment
from catalyst.settings.filefields import Fields, read_fields
from catalyst.settings.publishing import SELECTOR_RIGHT, TTL_RIGHT, find_server_names, read_policies, read_rules
from catalyst.settings.values import (
    check_ca_file,
    check_selector,
    parse_class,
    parse_default_ttl,
    parse_fingerprint,
    parse_gateway,
    parse_kind,
    parse_namespace,
    parse_server_url,
    parse_target_name,
    parse_zone,
)
from syncer.config import HostsConfig, Managed, SettingNames, TargetConfig, TargetSettings, TechnitiumConfig
from syncer.core.allowed import describe_private
from syncer.core.kinds import GIVING_NAMES
from syncer.core.names import canonical_target, value_type
from syncer.core.plan import Policy
from syncer.core.scope import PublishFilters
from syncer.core.selection import PUBLISH

TARGETS_FILE = "TARGETS_FILE"

SINGLE = {
    "DNS_SERVER_URL": "servers",
    "DNS_API_TOKEN": "token_file",
    "DNS_API_TOKEN_FILE": "token_file",
    "DNS_ZONE": "zones",
    "DNS_ZONES": "zones",
    "DNS_IP_ADDRESS": "addresses",
    "DNS_IP_ADDRESSES": "addresses",
}
"""The variables of a single target, each with the field that says the same."""

COMMON = (
    *("name", "kind", "zones", "addresses", "ttl", "policy", "publish", "rate_limit", "max_delete_ratio"),
    *("max_deletes_unguarded", "auto_remediate", "public", "by_annotation", "was"),
)
BUILT = {
    "technitium": ("servers", "token_file", "ca_file", "tls_fingerprint", "dns_test_servers"),
    "hosts": ("path",),
}
LATER = {
    "rfc2136": ("server", "tsig_key", "tsig_algorithm", "tsig_secret_file", "axfr"),
    "cloudflare": ("token_file", "proxied"),
    "octodns": ("class", "options"),
    "webhook": ("url",),
}
"""The fields that each kind has of its own."""
SPELLED = {
    "servers": "servers",
    "token": "token_file",
    "zones": "zones",
    "ca_file": "ca_file",
    "fingerprint": "tls_fingerprint",
}
"""The fields of the file that messages about a server name."""
NOT_BUILT = "is not built yet in this version"
AUTO = "auto"
URL_RIGHT = "give addresses of one server or of one cluster's nodes, such as https://dns1.talos00:53443"
ADDRESS_RIGHT = "give IPv4 or IPv6 addresses, one host name (names become CNAMEs), or auto"
FILTERS: Mapping[str, tuple[Any, str]] = {
    "ingress_classes": (parse_class, "give names of classes, such as external"),
    "gateways": (parse_gateway, "give Gateways, each as namespace/name"),
    "kinds": (parse_kind, f"give some of {', '.join(GIVING_NAMES)}"),
    "namespaces": (parse_namespace, "give names of namespaces"),
}
SELECTORS = {"annotation_filter": f"{PUBLISH}=true", "label_selector": "dns=public,tier!=test"}


class Drafted(NamedTuple):
    """One target as far as it can be read. ``zones`` has the path of each in the file. ``settings`` is None
    where the kind is none that is built."""

    fields: Fields
    zones: Mapping[str, str]
    name: str
    managed: Managed
    settings: TargetSettings | None
    was: str

    @property
    def urls(self) -> tuple[str, ...]:
        return self.settings.urls if isinstance(self.settings, TechnitiumConfig) else ()


def read_targets(env: Environment, *, dev_mode: bool, with_files: bool) -> tuple[TargetConfig, ...]:
    """One at least; within ``gathering()`` they mean nothing when something is wrong. ``with_files``: the files of
    tokens and certificates are read, which the syncer alone has. Raises ``ImproperlyConfigured``."""
    for variable, field in SINGLE.items():
        if env.read_text(variable):
            env.refuse(f"{variable} is set beside {TARGETS_FILE}: give each target its {field} there, and unset it.")
    reader = TargetReader(env, dev_mode, with_files)
    drafts = list(reader.read_file())
    check_names(drafts)
    check_places(drafts)
    names = tuple(draft.name for draft in drafts)
    servers = find_server_names(chain.from_iterable(draft.urls for draft in drafts))
    zones = {zone for draft in drafts for zone in draft.zones}
    targets = []
    for draft in drafts:
        others = frozenset(zones - draft.zones.keys())
        scope = replace(draft.managed.scope, target_names=names, server_names=servers, other_zones=others)
        if draft.settings:
            targets.append(TargetConfig(replace(draft.managed, scope=scope), draft.settings, draft.was))
    return tuple(targets) or (TargetConfig(reader.managed, HostsConfig(reader.hosts_file)),)


def read_connection(env: Environment) -> TechnitiumConfig:
    """How a server is talked to, whichever it is."""
    return TechnitiumConfig(
        url="",
        token="",
        ca_file=env.read_value("DNS_API_CA_FILE", "", check_ca_file, "give a file of PEM certificates"),
        fingerprint=env.read_value("DNS_API_TLS_FINGERPRINT", "", parse_fingerprint, "give 64 hexadecimal digits"),
        rate_limit=env.read_number("DNS_API_RATE_LIMIT", "10", least=0.01),
    )


class TargetReader:
    """``managed``, ``connection`` and ``hosts_file`` are what the variables say: it holds where a target does not."""

    def __init__(self, env: Environment, dev_mode: bool, with_files: bool) -> None:
        self._env = env
        self._dev_mode = dev_mode
        self._with_files = with_files
        self.managed = read_rules(env, loopback=dev_mode, urls=())
        self.connection = read_connection(env)
        self.hosts_file = env.read_text("HOSTS_FILE", "/etc/hosts")
        self._policies: Mapping[str, Policy] = {}

    def read_file(self) -> Iterator[Drafted]:
        file = read_fields(self._env, TARGETS_FILE)
        if file is None:
            return
        file.refuse_unknown(("targets",))
        objects = file.read_objects("targets")
        zones = [self._read_zones(fields) for fields in objects]
        self._policies = read_policies(self._env, "SYNC_POLICY", tuple(dict.fromkeys(chain.from_iterable(zones))))
        for fields, own_zones in zip(objects, zones, strict=True):
            yield self._read_target(fields, own_zones)

    def _read_zones(self, fields: Fields) -> Mapping[str, str]:
        right = "give zones, such as [talos00, example.com]"
        fields.require("zones", right)
        return {zone: place for place, zone in fields.read_list("zones", parse_zone, right)}

    def _read_target(self, fields: Fields, zones: Mapping[str, str]) -> Drafted:
        right = "give 1 to 32 of a-z 0-9 -, with a letter or digit at both ends, such as lan"
        fields.require("name", right)
        name = fields.read_value("name", "", parse_target_name, right)
        kind = self._read_kind(fields)
        return Drafted(
            fields,
            zones,
            name,
            self._read_managed(fields, name, kind, tuple(zones)),
            self._read_settings(fields, name, kind),
            fields.read_value("was", "", parse_target_name, "give the name of the target of before"),
        )

    def _read_kind(self, fields: Fields) -> str:
        """One that is built, or "": what is wrong is told."""
        kind = fields.read_text("kind").lower()
        right = f"give one of {', '.join(BUILT)}"
        fields.require("kind", right)
        if kind and kind not in BUILT:
            fields.refuse_value("kind", kind, f"it {NOT_BUILT}; {right}" if kind in LATER else right)
        if self._dev_mode and kind in BUILT and kind != "hosts":
            fields.refuse_value("kind", kind, "--dev-mode writes to hosts files alone; give hosts, or leave it out")
        if fields.is_given("marks"):
            fields.refuse("marks", f"{NOT_BUILT}: leave it out")
        fields.refuse_unknown(*find_fields(kind))
        return kind if kind in BUILT else ""

    def _read_managed(self, fields: Fields, name: str, kind: str, zones: tuple[str, ...]) -> Managed:
        default = self.managed
        public = fields.read_flag("public", False)
        values = read_addresses(fields, kind, public)
        scope = replace(
            default.scope,
            zones=zones,
            addresses=() if values == (AUTO,) else values,
            auto=values == (AUTO,),
            ttl=fields.read_value("ttl", default.scope.ttl, parse_default_ttl, TTL_RIGHT),
            targets=default.scope.targets._replace(public=public),
            target_name=name,
            publish=read_filters(fields.read_object("publish")),
            by_annotation=fields.read_flag("by_annotation", False),
        )
        return replace(
            default,
            scope=scope,
            policies=self._read_policies(fields, zones),
            max_delete_ratio=fields.read_number("max_delete_ratio", default.max_delete_ratio, most=1),
            max_deletes_unguarded=fields.read_integer("max_deletes_unguarded", default.max_deletes_unguarded),
            auto_remediate=fields.read_flag("auto_remediate", default.auto_remediate),
        )

    def _read_policies(self, fields: Fields, zones: tuple[str, ...]) -> Mapping[str, Policy]:
        if fields.is_given("policy"):
            env = fields.as_variable("policy", fields.read_pairs("policy"))
            return read_policies(env, fields.spell_path("policy"), zones)
        return {zone: self._policies[zone] for zone in zones if zone in self._policies}

    def _read_settings(self, fields: Fields, name: str, kind: str) -> TargetSettings | None:
        rate_limit = fields.read_number("rate_limit", self.connection.rate_limit, least=0.01)
        if kind == "technitium":
            return self._read_technitium(fields, replace(self.connection, name=name, rate_limit=rate_limit))
        return HostsConfig(fields.read_text("path") or self.hosts_file, name) if kind == "hosts" else None

    def _read_technitium(self, fields: Fields, connection: TechnitiumConfig) -> TechnitiumConfig:
        parse = partial(parse_server_url, fields.spell_path("servers"))
        urls = [url for _, url in fields.read_list("servers", parse, URL_RIGHT)]
        fields.require("servers", URL_RIGHT)
        fields.require("token_file", "give the path of a file with a token of the server in it")
        token_file = fields.read_text("token_file")
        is_read = bool(token_file) and self._with_files
        check_file = check_ca_file if self._with_files else str
        right = "give 64 hexadecimal digits"
        asked = fields.read_list("dns_test_servers", parse_server_address, SERVER_RIGHT)
        return replace(
            connection,
            url=urls[0] if urls else "",
            others=tuple(urls[1:]),
            token=self._env.read_secret_file(fields.spell_path("token_file"), token_file) if is_read else "",
            ca_file=fields.read_value("ca_file", connection.ca_file, check_file, "give a file of PEM certificates"),
            fingerprint=fields.read_value("tls_fingerprint", connection.fingerprint, parse_fingerprint, right),
            dns_servers=tuple(server for _, server in asked),
            spelled=self._spell_fields(fields, connection),
        )

    def _spell_fields(self, fields: Fields, connection: TechnitiumConfig) -> SettingNames:
        """A certificate may be vouched for by what the variables say of all servers."""
        names = {name: f"`{field}` of target {connection.name}" for name, field in SPELLED.items()}
        for name, value in (("ca_file", connection.ca_file), ("fingerprint", connection.fingerprint)):
            if value and not fields.is_given(SPELLED[name]):
                del names[name]
        return SettingNames(**names)


def find_fields(kind: str) -> tuple[Sequence[str], Mapping[str, str]]:
    """Those of a target of the kind, which may be none that there is; and why others are not, "" where that is told."""
    kinds = {**LATER, **BUILT}
    own = kinds.get(kind) or tuple(chain.from_iterable(kinds.values()))
    others = {field: f"is a field of {other} targets alone" for other, of_other in kinds.items() for field in of_other}
    return (*COMMON, *own), {"marks": "", **others}


def read_addresses(fields: Fields, kind: str, public: bool) -> tuple[str, ...]:
    fields.require("addresses", ADDRESS_RIGHT)
    found = fields.read_list("addresses", parse_address, ADDRESS_RIGHT)
    for place, value in found:
        is_host = value != AUTO and value_type(value) == "CNAME"
        if len(found) > 1 and (is_host or value == AUTO):
            fields.refuse_value(place, value, "it must be alone: leave out the others, or this one")
        elif is_host and kind == "hosts":
            fields.refuse_value(place, value, "a hosts file holds addresses alone")
        elif public and not is_host and value != AUTO and (what := describe_private(value)):
            right = "give one that others can reach, or leave out public"
            fields.refuse_value(place, value, f"it is {what}, and the target is public; {right}")
    return tuple(value for _, value in found)


def parse_address(text: str) -> str:
    return AUTO if text.lower() == AUTO else canonical_target(text)


def read_filters(fields: Fields) -> PublishFilters:
    fields.refuse_unknown((*FILTERS, *SELECTORS))
    lists = {
        key: tuple(value for _, value in fields.read_list(key, parse, right)) for key, (parse, right) in FILTERS.items()
    }
    texts = {
        key: fields.read_value(key, "", check_selector, SELECTOR_RIGHT + example) for key, example in SELECTORS.items()
    }
    return PublishFilters(**lists, **texts)  # type: ignore[arg-type]


def check_names(drafts: Sequence[Drafted]) -> None:
    names = [draft.name for draft in drafts]
    former: set[str] = set()
    for at, (fields, _, name, _, _, was) in enumerate(drafts):
        if name and name in names[:at]:
            fields.refuse_value("name", name, "another target has that name; give each its own")
        if was and was in names:
            fields.refuse_value("was", was, "a target of that name is in the file; name one that is no longer there")
        elif was and was in former:
            fields.refuse_value("was", was, "another target takes that one over; one alone can")
        former.add(was)


def check_places(drafts: Iterable[Drafted]) -> None:
    """No record may have two targets that write it."""
    taken: dict[tuple[str, int, str], str] = {}
    files: dict[str, str] = {}
    for fields, zones, name, _, settings, _ in drafts:
        if isinstance(settings, HostsConfig):
            if (path := realpath(settings.path)) in files:
                fields.refuse_value("path", settings.path, f"target {files[path]} has that file; give another one")
            files.setdefault(path, name)
        elif isinstance(settings, TechnitiumConfig):
            endpoints = dict.fromkeys(map(find_endpoint, filter(None, settings.urls)))
            for zone, place in zones.items():
                others = [taken[*endpoint, zone] for endpoint in endpoints if (*endpoint, zone) in taken]
                if others:
                    right = f"target {others[0]} has it on the same server; leave it out of one of them"
                    fields.refuse_value(place, zone, right)
            for endpoint in endpoints:
                taken.update({(*endpoint, zone): name for zone in zones if (*endpoint, zone) not in taken})


def find_endpoint(url: str) -> tuple[str, int]:
    """Host and port of a URL that was read."""
    parts = urlsplit(url)
    return canonical_target(parts.hostname or ""), parts.port or {"http": 80, "https": 443}[parts.scheme]
