"""The file for Gatus: each check is one that Gatus takes, and that passes where DNS is as it should be.

``Gatus`` judges as its documentation and its source (5.x) say that it does; the program itself is not to be had here.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import dns.message
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype
import pytest
import yaml
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from records.exchange import write_export
from records.models import CustomEntry, ManagedRecord
from syncer.targets.technitium.fields import make_parameters
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.records.api.conftest import client_for, record
from tests.records.api.test_widgets import read_recipe

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

FIELDS = {"name", "group", "url", "interval", "dns", "conditions"}


class Gatus:
    """The checks of a file, and what comes of them. Raises ``AssertionError`` for a file with which it would not
    start."""

    def __init__(self, text: str) -> None:
        assert "$" not in text, "it would look for a variable"
        self.endpoints: list[dict[str, Any]] = yaml.safe_load(text)["endpoints"]
        assert self.endpoints, "it wants one at least"
        keys = set()
        for endpoint in self.endpoints:
            assert endpoint.keys() == FIELDS
            assert endpoint["dns"].keys() == {"query-name", "query-type"}
            assert endpoint["dns"]["query-type"] in dns.rdatatype.RdataType.__members__
            assert endpoint["conditions"]
            assert all(len(condition.split(" == ")) == 2 or " > " in condition for condition in endpoint["conditions"])
            assert not re.search(r'["\\]', endpoint["name"] + endpoint["group"])
            keys.add(tuple(re.sub(r"[/_., #+&]", "-", endpoint[field].strip().lower()) for field in ("group", "name")))
        assert len(keys) == len(self.endpoints), "name and group must be unique"

    def find(self, name: str) -> dict[str, Any]:
        (endpoint,) = (endpoint for endpoint in self.endpoints if endpoint["name"] == name)
        return endpoint

    def list_failing(self) -> list[str]:
        return [each["name"] for each in self.endpoints if not self.is_passed(each)]

    def is_passed(self, endpoint: dict[str, Any]) -> bool:
        host, _, port = endpoint["url"].rpartition(":")
        query = dns.message.make_query(endpoint["dns"]["query-name"], endpoint["dns"]["query-type"])
        reply = dns.query.udp(query, host, timeout=5, port=int(port))
        answers = [rdata for rrset in reply.answer for rdata in rrset]
        found = {"[DNS_RCODE]": dns.rcode.to_text(reply.rcode()), "[BODY]": read_body(answers[-1]) if answers else ""}
        return all(holds(condition, found) for condition in endpoint["conditions"])


def read_body(rdata: dns.rdata.Rdata) -> str:
    match rdata.rdtype.name:
        case "A" | "AAAA":
            return str(rdata.address).removeprefix("::ffff:") if "." in rdata.address else str(rdata.address)
        case "CNAME" | "NS":
            return str(rdata.target)
        case "MX":
            return str(rdata.exchange)
    return "query type is not supported yet"


def holds(condition: str, found: dict[str, str]) -> bool:
    if match := re.fullmatch(r"len\((\[\w+\])\) > (\d+)", condition):
        return len(found[match[1]]) > int(match[2])
    left, right = condition.split(" == ")
    if match := re.fullmatch(r"any\((.*)\)", right):
        return found[left] in [option.strip() for option in match[1].split(",")]
    return found[left] == right


@pytest.fixture
def server(technitium: ServerUnderTest, settings: Any) -> ServerUnderTest:
    technitium.make_zone("talos00")
    settings.DNS_TEST_SERVERS = ["{}:{}".format(*technitium.dns)]
    return technitium


def write(server: ServerUnderTest, name: str, kind: str, values: list[str], origin: str = "Ingress/web/blog") -> None:
    """The record, in the database and in DNS."""
    record(name, values, type=kind, origin=origin)
    for value in values:
        server.ok("zones/records/add", {"domain": name, "type": kind, "ttl": 300, **make_parameters(kind, value)})


def test_every_check_passes_where_dns_is_in_step_and_fails_where_it_is_not(server: ServerUnderTest) -> None:
    write(server, "grafana.talos00", "A", ["192.0.2.7"])
    write(server, "grafana.talos00", "AAAA", ["2001:db8::7"])
    write(server, "both.talos00", "A", ["192.0.2.8", "192.0.2.9"])
    write(server, "www.talos00", "CNAME", ["grafana.talos00"])
    write(server, "*.apps.talos00", "A", ["192.0.2.10"])
    write(server, "mail.talos00", "MX", ["10 mx.example.org"])
    write(server, "note.talos00", "TXT", ["a == b, $HOME"])
    write(server, "_http._tcp.talos00", "SRV", ["0 5 80 www.talos00"])
    gatus = Gatus("".join(write_export("gatus")))
    assert len(gatus.endpoints) == 8
    assert gatus.list_failing() == []
    ManagedRecord.objects.filter(type__in=("A", "CNAME", "MX")).update(values=["198.51.100.1"])
    ManagedRecord.objects.filter(type="AAAA").update(values=["2001:db8::99"])
    ManagedRecord.objects.filter(type__in=("TXT", "SRV")).update(name="gone.talos00")
    assert len(Gatus("".join(write_export("gatus"))).list_failing()) == 8


def test_a_check_is_what_someone_who_uses_gatus_would_have_written(settings: Any) -> None:
    settings.DNS_TEST_SERVERS = ["192.168.1.53:53"]
    record("grafana.talos00", ["192.168.1.54"], origin="IngressRoute/monitoring/grafana")
    assert Gatus("".join(write_export("gatus"))).endpoints == read_recipe("gatus-names")["endpoints"], (
        "as docs/api.md has it"
    )


def test_it_says_what_a_check_cannot_see(server: ServerUnderTest) -> None:
    write(server, "note.talos00", "TXT", ["hello"])
    write(server, "mail.talos00", "MX", ["10 mx.example.org"])
    text = "".join(write_export("gatus"))
    assert "conditions:  # Gatus reads no value of this type: that there is one is checked, not which" in text
    assert "conditions:  # Gatus reads no preference: the host is checked" in text
    assert "one that is missing is not\n# noticed" in text


def test_any_of_several_values_will_do_and_a_wildcard_is_asked_by_a_name_below_it(server: ServerUnderTest) -> None:
    write(server, "*.apps.talos00", "A", ["192.0.2.8", "192.0.2.9"])
    check = Gatus("".join(write_export("gatus"))).find("*.apps.talos00 A")
    assert check["dns"]["query-name"] == "catalyst-check.apps.talos00"
    assert check["conditions"][1] == "[BODY] == any(192.0.2.8, 192.0.2.9)"


def test_names_that_gatus_takes_for_one_are_told_apart(server: ServerUnderTest) -> None:
    for name in ("a-b.talos00", "a.b.talos00", "a_b.talos00"):
        write(server, name, "A", ["192.0.2.7"])
    names = {each["name"] for each in Gatus("".join(write_export("gatus"))).endpoints}
    assert {name.split()[0] for name in names} == {"a-b.talos00", "a.b.talos00", "a_b.talos00"}
    assert len([name for name in names if name.endswith((" (2)", " (3)"))]) == 2


def test_the_group_is_the_zone_and_the_namespace_or_says_that_a_person_made_it(server: ServerUnderTest) -> None:
    entry = CustomEntry.objects.create(name="vpn.talos00", type="A", values=["192.0.2.9"])
    write(server, "vpn.talos00", "A", ["192.0.2.9"], origin=entry.origin)
    write(server, "old.talos00", "A", ["192.0.2.9"], origin='Ingress/$HOME "x"/y')
    gatus = Gatus("".join(write_export("gatus")))
    assert gatus.find("vpn.talos00 A")["group"] == "talos00/custom entries"
    assert gatus.find("old.talos00 A")["group"] == "talos00/-HOME--x-"


def test_each_server_is_asked_where_there_are_several(server: ServerUnderTest, settings: Any) -> None:
    settings.DNS_TEST_SERVERS = ["192.0.2.53:53", "[2001:db8::53]:53"]
    write(server, "grafana.talos00", "A", ["192.0.2.7"])
    found = {each["name"]: each["url"] for each in Gatus("".join(write_export("gatus"))).endpoints}
    assert found == {
        "grafana.talos00 A at 192.0.2.53:53": "192.0.2.53:53",
        "grafana.talos00 A at [2001:db8::53]:53": "[2001:db8::53]:53",
    }


def test_what_is_not_ours_is_not_checked(server: ServerUnderTest) -> None:
    write(server, "grafana.talos00", "A", ["192.0.2.7"])
    record("nas.talos00", ["192.0.2.66"], "conflict")
    assert [each["name"] for each in Gatus("".join(write_export("gatus"))).endpoints] == ["grafana.talos00 A"]


def test_the_api_gives_it_and_the_command_says_what_is_missing(settings: Any) -> None:
    record("grafana.talos00", ["192.0.2.7"])
    viewer: APIClient = client_for("viewer")
    settings.DNS_TEST_SERVERS = ["192.0.2.53:53"]
    answer = viewer.get("/api/v1/export?format=gatus")
    assert answer["Content-Disposition"] == 'attachment; filename="gatus.yaml"'
    assert Gatus(b"".join(answer.streaming_content).decode()).find("grafana.talos00 A")
    settings.DNS_TEST_SERVERS = []
    problem = viewer.get("/api/v1/export?format=gatus").json()["errors"][0]
    assert (problem["attr"], "DNS_TEST_SERVERS" in problem["detail"]) == ("format", True)
    with pytest.raises(CommandError, match="set DNS_TEST_SERVERS"):
        call_command("export", "--format", "gatus", stdout=StringIO())


def test_a_file_without_a_check_says_so(settings: Any) -> None:
    settings.DNS_TEST_SERVERS = ["192.0.2.53:53"]
    text = "".join(write_export("gatus"))
    assert "Nothing is owned yet" in text
    assert yaml.safe_load(text) == {"endpoints": []}
