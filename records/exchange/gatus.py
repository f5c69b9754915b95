"""Our records as checks of Gatus (gatus.io), which asks a DNS server for each and compares.

What Gatus can say of an answer decides what is checked: it sees one value, the last of the answer, and of A, AAAA,
CNAME, MX and NS alone, without the preference of an MX. Of every other type it knows whether there is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv6Address

from records.models import ManagedRecord
from syncer.core.names import is_wildcard
from syncer.core.origin import Origin

INTERVAL = "5m"
CHECKED_LABEL = "catalyst-check"
"""Asked for below a wildcard, in the place of any name."""
BY_HAND = "custom entries"

HEAD = f"""\
# Written by catalyst-dns-sync: a check for each record that it owns, for Gatus (gatus.io). Write it anew when names
# come and go. Of several values Gatus sees the last in an answer, so each of them passes and one that is missing is not
# noticed. For a wildcard one name below it ({CHECKED_LABEL}) is asked for.
"""
NO_VALUE = "# Gatus reads no value of this type: that there is one is checked, not which"
NO_PREFERENCE = "# Gatus reads no preference: the host is checked"


def _spell_ipv6(value: str) -> str:
    """As Go does, for which an IPv4-mapped address is the IPv4 one."""
    return str(IPv6Address(value).ipv4_mapped or value)


def _spell_host(value: str) -> str:
    """The last word of a value, as Gatus has it: with the dot at its end."""
    return f"{value.split()[-1].rstrip('.')}."


SPELLED: Mapping[str, Callable[[str], str]] = {
    "A": str,
    "AAAA": _spell_ipv6,
    "CNAME": _spell_host,
    "MX": _spell_host,
    "NS": _spell_host,
}
"""What Gatus makes of a value, by type."""


def write_gatus_file(records: Iterable[ManagedRecord], servers: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """``servers`` are host:port by target; with several of them each is asked for each record. Raises ``ValueError``
    without one."""
    if not all(servers.values()):
        raise ValueError("no DNS server is known that Gatus could ask: set DNS_TEST_SERVERS")
    return _write_endpoints(records, servers)


def _write_endpoints(records: Iterable[ManagedRecord], servers: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield HEAD
    are_named = sum(map(len, servers.values())) > 1
    keys: set[str] = set()
    for record in records:
        if not keys:
            yield "endpoints:\n"
        conditions, note = _list_conditions(record)
        group = _name_group(record)
        for server in servers[record.target]:
            name = f"{record.name} {record.type}{f' at {server}' if are_named else ''}"
            yield _write_endpoint(_make_unique(group, name, keys), group, server, record, conditions, note)
    if not keys:
        yield "# Nothing is owned yet, and Gatus refuses a file without a check.\nendpoints: []\n"


def _write_endpoint(
    name: str, group: str, server: str, record: ManagedRecord, conditions: Sequence[str], note: str
) -> str:
    asked = f"{CHECKED_LABEL}.{record.name.removeprefix('*.')}" if is_wildcard(record.name) else record.name
    # Every text of JSON is one of YAML.
    lines = [
        f"  - name: {json.dumps(name)}",
        f"    group: {json.dumps(group)}",
        f"    url: {json.dumps(server)}",
        f"    interval: {INTERVAL}",
        "    dns:",
        f"      query-name: {json.dumps(asked)}",
        f"      query-type: {json.dumps(record.type)}",
        f"    conditions:{note and f'  {note}'}",
        *(f"      - {json.dumps(condition)}" for condition in conditions),
    ]
    return "\n".join(lines) + "\n"


def _list_conditions(record: ManagedRecord) -> tuple[list[str], str]:
    """And what is to be said of them."""
    answers = "[DNS_RCODE] == NOERROR"
    spell = SPELLED.get(record.type)
    if spell is None:
        return [answers, "len([BODY]) > 0"], NO_VALUE
    values = list(dict.fromkeys(spell(value) for value in record.values))
    one_of = values[0] if len(values) == 1 else f"any({', '.join(values)})"
    return [answers, f"[BODY] == {one_of}"], NO_PREFERENCE if record.type == "MX" else ""


def _name_group(record: ManagedRecord) -> str:
    """By zone and namespace. An import may have brought a source of any spelling, which Gatus expands or refuses."""
    origin = Origin.parse(record.origin)
    holder = BY_HAND if origin.is_entry else re.sub(r"[^\w.-]", "-", origin.namespace)
    return f"{record.zone}/{holder}".rstrip("/")


def _make_unique(group: str, name: str, keys: set[str]) -> str:
    """Gatus takes two names for one that differ in dots and hyphens alone, and then does not start."""
    unique, number = name, 1
    while (key := re.sub(r"[^\w*]|_", "-", f"{group}\n{unique}".lower())) in keys:
        number += 1
        unique = f"{name} ({number})"
    keys.add(key)
    return unique
