"""What a preview answers: unknown is not absent, and nothing stops anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.scope import Scope
from syncer.documents.limits import DocumentError
from syncer.kube.documents import ManifestError
from syncer.preview import preview_documents
from tests.syncer.manifests import (
    ACCEPTED,
    ANY,
    AUTO,
    SCOPES,
    gateway,
    http_route,
    ingress,
    names,
    route,
    seen,
    service,
)


def test_it_answers_in_the_form_of_the_product_page() -> None:
    older = "creationTimestamp: 2026-01-01T00:00:00Z,"
    two = ingress("grafana.talos00", "x.example.org", meta=older, target="192.168.1.54")
    other = ingress("grafana.talos00", name="other", target="10.0.0.9", color="red")
    assert preview_documents([("a.yaml", two), ("b.yaml", other)], SCOPES) == {
        "targets": ["default"],
        "records": [
            {
                "target": "default",
                "name": "grafana.talos00",
                "type": "A",
                "values": ["192.168.1.54"],
                "ttl": 300,
                "zone": "talos00",
                "source": {"kind": "Ingress", "namespace": "default", "name": "grafana"},
            }
        ],
        "skipped": [
            {
                "target": "default",
                "name": "x.example.org",
                "reason": "outside every managed zone",
                "source": {"kind": "Ingress", "namespace": "default", "name": "grafana"},
            }
        ],
        "conflicts": [
            {
                "target": "default",
                "name": "grafana.talos00",
                "winner": {"kind": "Ingress", "namespace": "default", "name": "grafana"},
                "loser": {"kind": "Ingress", "namespace": "default", "name": "other"},
                "reason": "Ingress/default/grafana has the name: it is older",
            }
        ],
        "warnings": [
            {
                "target": "default",
                "source": {"kind": "Ingress", "namespace": "default", "name": "other"},
                "message": "annotation catalyst-dns-sync.io/color is not known",
            }
        ],
        "unreadable": [],
        "passed_over": {},
    }


def test_an_empty_text_gives_nothing() -> None:
    nothing: dict[str, list[str]] = {"records": [], "skipped": [], "conflicts": [], "warnings": []}
    assert seen("") == seen("---\n---\n# nothing\n") == nothing


def test_an_object_that_is_being_deleted_is_gone_and_so_is_all_in_its_namespace() -> None:
    gone = ingress("a.talos00", meta="deletionTimestamp: 2026-01-01T00:00:00Z,")
    assert seen(gone) == {
        "records": [],
        "skipped": [],
        "conflicts": [],
        "warnings": ["Ingress/default/grafana: the object has a deletionTimestamp: it counts as gone"],
    }
    leaving = "{apiVersion: v1, kind: Namespace, metadata: {name: default, deletionTimestamp: 2026-01-01T00:00:00Z}}"
    assert names(ingress("a.talos00") + "\n" + leaving) == []


def test_a_list_is_taken_apart_and_json_is_read() -> None:
    item = {"metadata": {"name": "a"}, "spec": {"rules": [{"host": "a.talos00"}]}}
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}
    assert names(json.dumps({"apiVersion": "v1", "kind": "List", "items": [{**kind, **item}]})) == ["a.talos00"]
    of_kind = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressList", "items": [item]}
    assert names(json.dumps(of_kind)) == ["a.talos00"]


def test_an_object_that_is_there_twice_counts_once() -> None:
    answer = seen(ingress("a.talos00") + ingress("b.talos00"))
    assert [line.split()[0] for line in answer["records"]] == ["a.talos00"]
    assert answer["warnings"] == ["Ingress/default/grafana: the object is there twice: the first one counts"]


def test_the_order_of_the_documents_changes_nothing() -> None:
    texts = [
        gateway(ANY),
        http_route("blog.talos00"),
        ingress("blog.talos00", name="b", target="10.0.0.1"),
        ingress("blog.talos00", name="a", hostname="x.example.org"),
        route("Host(`a.talos00`) || Host(`z.example.org`)"),
    ]
    forward = preview_documents([("", text) for text in texts], SCOPES)
    assert forward == preview_documents([("", text) for text in reversed(texts)], SCOPES)
    assert [row["name"] for row in forward["records"]] == ["a.talos00", "blog.talos00"]


@pytest.mark.parametrize(
    "manifest",
    [
        {"metadata": None, "spec": None},
        {"metadata": [], "spec": []},
        {"metadata": {"name": "a"}, "spec": {"rules": {"host": "a.talos00"}}},
        {"metadata": {"name": "a"}, "spec": {"rules": [None, 3, "x", {"host": 3}, {"host": ["a"]}]}},
        {"metadata": {"name": "a", "annotations": ["x"], "labels": "y"}, "spec": {"tls": 3}, "status": 7},
        {"metadata": {"name": 3}},
        {"metadata": {"name": "a", "namespace": {"x": 1}}, "spec": {"routes": [{"match": 7}], "parentRefs": [1, None]}},
    ],
)
@pytest.mark.parametrize(
    "kind",
    [
        "networking.k8s.io/v1 Ingress",
        "traefik.io/v1alpha1 IngressRoute",
        "gateway.networking.k8s.io/v1 HTTPRoute",
        "gateway.networking.k8s.io/v1 Gateway",
        "v1 Service",
        "v1 Namespace",
    ],
)
def test_content_of_the_wrong_shape_never_fails(kind: str, manifest: dict[str, Any]) -> None:
    version, name = kind.split()
    assert seen(json.dumps({"apiVersion": version, "kind": name, **manifest}), **AUTO)["records"] == []


def test_many_small_files_and_many_host_names_are_refused_too() -> None:
    document = "---\n{kind: X, apiVersion: v1}\n"
    with pytest.raises(ManifestError, match=r"^more than 20,000 objects: give fewer at once$"):
        preview_documents([("", document * 20_001)], SCOPES)
    items = "apiVersion: v1\nkind: List\nitems:\n" + "- {kind: X, apiVersion: v1}\n" * 20_001
    with pytest.raises(ManifestError, match=r"^x\.yaml: with this file more than 20,000 objects"):
        preview_documents([("x.yaml", items)], SCOPES)
    with pytest.raises(ManifestError, match=r"^more than 20,000 objects"):
        preview_documents([("", "---\n{\n" * 20_001)], SCOPES)
    files = [("a.yaml", document * 15_000), ("b.yaml", document * 5_001)]
    with pytest.raises(ManifestError, match=r"^b\.yaml: with this file more than 20,000 objects: give fewer at once$"):
        preview_documents(files, SCOPES)
    hosts = ingress(*(f"a{number}.talos00" for number in range(15_000)), *(f"a{n}.org" for n in range(5_001)))
    with pytest.raises(ManifestError, match=r"^more than 20,000 host names: give fewer objects at once$"):
        preview_documents([("", hosts)], SCOPES)


def test_as_much_as_is_allowed_is_answered() -> None:
    answer = preview_documents([("", "---\n{kind: X, apiVersion: v1, metadata: {name: x}}\n" * 20_000)], SCOPES)
    assert (answer["passed_over"], answer["warnings"]) == ({"X": 20_000}, [])


# What is in no document is unknown, rather than absent


def test_a_route_whose_gateway_is_in_no_document_is_published_as_it_says() -> None:
    answer = seen(http_route("blog.talos00", "*.home.lab", "x.example.org"))
    assert answer == {
        "records": [
            "*.home.lab 300 A 192.168.1.54 < HTTPRoute/web/blog",
            "blog.talos00 300 A 192.168.1.54 < HTTPRoute/web/blog",
        ],
        "skipped": ["x.example.org: outside every managed zone"],
        "conflicts": [],
        "warnings": ["Gateway/infra/edge: it is in no document: its listeners were not checked"],
    }
    assert seen(http_route())["records"] == []


def test_there_is_one_warning_for_each_gateway_however_many_routes_it_has() -> None:
    routes = [http_route(f"a{n}.talos00").replace("name: blog", f"name: a{n}") for n in range(130)]
    routes += [
        http_route(f"b{n}.talos00", parent=f"name: inner, sectionName: s{n}").replace(": blog", f": b{n}")
        for n in range(2)
    ]
    answer = preview_documents([(f"{n}.yaml", text) for n, text in enumerate(routes)], SCOPES)
    assert len(answer["records"]) == 132
    assert [warning["source"]["name"] for warning in answer["warnings"] if "checked" in warning["message"]] == [
        "edge",
        "inner",
    ]


def test_of_two_parents_the_one_that_is_given_is_checked() -> None:
    elsewhere = gateway(f"{ANY}, hostname: '*.home.lab'")
    both = http_route("a.talos00", "a.home.lab", parent="name: edge, namespace: infra}, {name: other")
    assert names(elsewhere + both) == ["a.home.lab", "a.talos00"]
    assert names(elsewhere + http_route("a.talos00", "a.home.lab")) == ["a.home.lab"]


def test_a_route_that_nothing_is_published_of_gives_no_warning_about_its_gateway() -> None:
    ignored = http_route("a.talos00", meta="annotations: {catalyst-dns-sync.io/ignore: 'true'}")
    assert seen(ignored)["warnings"] == []
    refused = http_route("a.talos00", status=ACCEPTED.replace("'True'", "'False'") % "reason: NotAllowed")
    assert seen(refused)["skipped"] == ["a.talos00: Gateway infra/edge does not accept the route: NotAllowed"]


@pytest.mark.parametrize(
    ("selector", "is_published"),
    [
        ("matchLabels: {team: web}", True),
        ("matchExpressions: [{key: team, operator: DoesNotExist}]", True),
        ("matchLabels: {kubernetes.io/metadata.name: web, team: web}", True),
        ("matchLabels: {kubernetes.io/metadata.name: shop, team: web}", False),
    ],
)
def test_a_namespace_in_no_document_may_have_any_labels(selector: str, is_published: bool) -> None:
    listener = ANY.replace("from: All", f"from: Selector, selector: {{{selector}}}")
    answer = seen(gateway(listener) + http_route("blog.talos00"))
    warning = (
        "Gateway/infra/edge: its listeners were not checked: they choose by the labels of namespace web, which is in no"
        " document"
    )
    assert answer["warnings"] == ([warning] if is_published else [])
    assert len(answer["records"]) == is_published


def test_a_name_is_all_that_a_namespace_has_by_itself() -> None:
    listener = ANY.replace("from: All", "from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: web}}")
    answer = seen(gateway(listener) + http_route("blog.talos00"))
    assert (len(answer["records"]), answer["warnings"]) == (1, [])


def test_many_namespaces_are_told_in_one_warning() -> None:
    listener = ANY.replace("from: All", "from: Selector, selector: {matchLabels: {team: web}}")
    routes = (http_route(f"a{n}.talos00").replace("namespace: web", f"namespace: web{n}") for n in range(5))
    (warning,) = seen(gateway(listener) + "".join(routes))["warnings"]
    assert warning.endswith("of namespaces web0, web1, web2 and 2 more, which are in no document")


def test_a_gateway_that_is_being_deleted_is_not_unknown() -> None:
    leaving = gateway(ANY, meta="deletionTimestamp: 2026-01-01T00:00:00Z")
    assert seen(leaving + http_route("blog.talos00"))["skipped"] == [
        "blog.talos00: Gateway infra/edge is being deleted"
    ]
    gone = "{apiVersion: v1, kind: Namespace, metadata: {name: infra, deletionTimestamp: 2026-01-01T00:00:00Z}}"
    answer = seen(gateway(ANY) + http_route("blog.talos00") + "\n" + gone)
    assert answer["skipped"] == ["blog.talos00: Gateway infra/edge is not there"]


# An address that only a status could give


@pytest.mark.parametrize(
    "text",
    [
        ingress("a.talos00"),
        ingress("a.talos00", status="loadBalancer: {}"),
        route("Host(`a.talos00`)"),
        route("Host(`a.talos00`)") + service(""),
        route("Host(`a.talos00`)") + service("ip: 010.0.0.1"),
        route("Host(`a.talos00`)") + service("ip: 10.0.0.3", labels="nginx"),
        ingress("a.talos00") + service("", spec="type: ClusterIP"),
        http_route("a.talos00"),
        http_route("a.talos00") + gateway(ANY),
    ],
    ids=["ingress", "empty", "route", "pending", "refused", "other service", "cluster ip", "unknown", "gateway"],
)
def test_the_record_is_shown_without_an_address_that_only_a_status_could_give(text: str) -> None:
    answer = preview_documents([("", text)], {"default": Scope(zones=("talos00",), auto=True, ttl=60)})
    (record,) = answer["records"]
    assert (record["name"], record["type"], record["values"], record["ttl"]) == ("a.talos00", "A", [], 60)
    assert answer["skipped"] == answer["conflicts"] == []
    assert {
        "target": "default",
        "source": record["source"],
        "message": "a.talos00: no address yet: only a status can give it (DNS_IP_ADDRESS=auto)",
    } in answer["warnings"]


def test_what_no_status_can_give_is_skipped() -> None:
    assert seen(ingress("a.talos00"), addresses=())["skipped"] == ["a.talos00: no address yet"]
    alias = ingress("talos00") + service("hostname: lb.example.org")
    assert seen(alias, **AUTO)["skipped"] == ["talos00: a CNAME cannot be at the apex of zone talos00"]


def test_an_addressless_name_of_two_objects_is_one_record_of_the_first() -> None:
    answer = seen(ingress("a.talos00", name="b", ttl="30") + ingress("a.talos00", name="a"), **AUTO)
    assert answer["records"] == ["a.talos00 300 A  < Ingress/default/a"]
    assert len(answer["warnings"]) == 2


# Near misses, and what is passed over


@pytest.mark.parametrize(
    ("version", "kind", "right"),
    [
        ("traefik.io/v1", "IngressRoute", "traefik.io/v1alpha1, kind: IngressRoute"),
        ("gateway.networking.k8s.io/v1", "HttpRoute", "gateway.networking.k8s.io/v1, kind: HTTPRoute"),
        ("gateway.networking.k8s.io/v2", "Gateway", "gateway.networking.k8s.io/v1, kind: Gateway"),
    ],
)
def test_a_near_miss_is_skipped_with_the_right_spelling(version: str, kind: str, right: str) -> None:
    answer = preview_documents([("", f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: a}}}}")], SCOPES)
    (skip,) = answer["skipped"]
    assert skip["reason"] == f"{kind} of {version} is not read: write apiVersion: {right}"
    assert (skip["name"], skip["source"]["name"], answer["passed_over"]) == ("", "a", {})


@pytest.mark.parametrize("kind", ["serving.knative.dev/v1 Service", "apps/v1 Deployment", "v1 Service"])
def test_what_is_not_read_is_counted(kind: str) -> None:
    version, name = kind.split()
    text = f"---\n{{apiVersion: {version}, kind: {name}, metadata: {{name: a}}}}\n"
    answer = preview_documents([("", text * 2), ("", text)], SCOPES)
    assert answer["passed_over"] == {name: 3}
    assert answer["skipped"] == answer["warnings"] == answer["unreadable"] == []


def test_the_hosts_of_a_near_miss_are_what_is_skipped() -> None:
    old = ingress("a.talos00", "x.example.org").replace("networking.k8s.io/v1", "extensions/v1beta1")
    reason = "Ingress of extensions/v1beta1 is not read: write apiVersion: networking.k8s.io/v1, kind: Ingress"
    assert seen(old)["skipped"] == [f"a.talos00: {reason}", f"x.example.org: {reason}"]
    small = route("Host(`b.talos00`)").replace("kind: IngressRoute", "kind: ingressroute")
    assert seen(small)["skipped"][0].startswith("b.talos00: ingressroute of traefik.io/v1alpha1 is not read")
    blank = ingress("a.talos00").replace("apiVersion: networking.k8s.io/v1", "")
    assert seen(blank)["skipped"] == [
        "a.talos00: the object has no apiVersion: write apiVersion: networking.k8s.io/v1, kind: Ingress"
    ]


def test_an_object_without_a_name_is_skipped() -> None:
    nameless = ingress("a.talos00").replace("name: grafana", "generateName: grafana-")
    answer = preview_documents([("", nameless)], SCOPES)
    assert answer["records"] == []
    assert answer["skipped"] == [
        {
            "target": "default",
            "name": "a.talos00",
            "reason": "the object has no metadata.name",
            "source": {"kind": "Ingress", "namespace": "default", "name": ""},
        }
    ]


def test_what_is_no_object_is_counted_too() -> None:
    for text in ("replicas: 3", "just words", "- op: add\n  path: /x", "kind: Kustomization", "3", '{"a": 1}'):
        assert preview_documents([("", text)], SCOPES)["passed_over"] == {"no Kubernetes object": 1}
    mixed = preview_documents([("", ingress("a.talos00") + "\n- a\n---\nx: y\n")], SCOPES)
    assert (len(mixed["records"]), mixed["passed_over"]) == (1, {"no Kubernetes object": 2})
    listed = preview_documents([("", '{"kind": "List", "apiVersion": "v1", "items": [3, {}, null]}')], SCOPES)
    assert listed["passed_over"] == {"no Kubernetes object": 2}


# What cannot be read is listed, and stops nothing else


@pytest.mark.parametrize(
    ("text", "document", "reason"),
    [
        ("a: [", 1, "line 2: "),
        ('{"a": 1,, }', 1, "line 1: "),
        ("a: &a [*a]", 1, "line 1: alias *a is inside itself"),
        ("a: 1\n---\nb: 2\n---\n\nc: 3\nc: 4\n", 3, "line 7: the key c is there twice in one object"),
        ("# only a comment\n---\na: 1\n---\n---\nd: [\n", 3, "line 7: "),
        ("%YAML 1.1\n--- # first\na: 1\n...\n---\nd: [\n", 2, "line 7: "),
        (
            "\n".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10) if n else 'lol'}]" for n in range(10)),
            1,
            "line 8: the aliases expand",
        ),
        ("[" * 200, 1, "line 1: nested deeper than 100 levels"),
        ("a: \x00", 1, "unacceptable character"),
        ("# " + "x" * (10 * 1024 * 1024), 1, "more than 10 MB of text"),
        (
            "---\na:\n" + "- []\n" * 600_000 + "---\na:\n" + "- []\n" * 600_000 + "---\na: [",
            2,
            "line 999999: more than 1,000,000 nodes of YAML",
        ),
        ('{"a": [' + "[]," * 1_000_000 + "[]]}", 1, "line 1: more than 1,000,000 nodes of JSON"),
        ('{"a": ' + "1" * 5000 + "}", 1, "line 1: a number of more than 100 digits"),
        ("a: 1" + ":59" * 100, 1, "line 1: a number of more than 100 digits"),
    ],
    ids=[
        "yaml",
        "json",
        "self",
        "third",
        "empty ones count",
        "directive",
        "laughs",
        "deep",
        "control",
        "big",
        "nodes of all documents",
        "json nodes",
        "digits",
        "digits of base 60",
    ],
)
def test_a_document_that_cannot_be_read_is_listed(text: str, document: int, reason: str) -> None:
    (row,) = preview_documents([("x.yaml", text)], SCOPES)["unreadable"]
    assert (row["file"], row["document"]) == ("x.yaml", document)
    assert row["reason"].startswith(reason)


def test_it_stops_no_other_document_and_no_other_file() -> None:
    good, broken = ingress("a.talos00", name="a"), "\nkind: [\n---\n"
    answer = preview_documents(
        [
            ("first.yaml", good + broken + ingress("b.talos00", name="b")),
            ("gone.yaml", DocumentError("No such file or directory")),
            ("last.yaml", ingress("c.talos00", name="c")),
        ],
        SCOPES,
    )
    assert [row["name"] for row in answer["records"]] == ["a.talos00", "b.talos00", "c.talos00"]
    assert [(row["file"], row["document"]) for row in answer["unreadable"]] == [("first.yaml", 2), ("gone.yaml", 1)]
    assert answer["unreadable"][1]["reason"] == "No such file or directory"


TEMPLATE = """{{- if .Values.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "shop.fullname" . }}
spec:
  rules:
  {{- range .Values.hosts }}
    - host: {{ .host | quote }}
  {{- end }}
{{- end }}
"""


def test_a_template_says_that_it_is_to_be_rendered_first() -> None:
    answer = preview_documents([("t.yaml", TEMPLATE), ("a.yaml", ingress("a.talos00"))], SCOPES)
    (row,) = answer["unreadable"]
    assert row["reason"].startswith("it looks like a template to be rendered first (line 1: ")
    assert len(answer["records"]) == 1


def test_thirty_templates_among_two_hundred_files_hide_none_of_the_others() -> None:
    files = [(f"{n:03}.yaml", TEMPLATE if n % 20 < 3 else ingress(f"a{n}.talos00", name=f"a{n}")) for n in range(200)]
    answer = preview_documents(files, SCOPES)
    assert (len(answer["records"]), len(answer["unreadable"])) == (170, 30)
    assert answer["skipped"] == answer["warnings"] == []


@given(st.lists(st.sampled_from(["a: 1", "a: [", "---", "...", "# x", "%YAML 1.1", "", "- {b", "--- x", "  ---"])))
def test_every_document_of_any_text_is_read_or_listed(parts: list[str]) -> None:
    answer = preview_documents([("", "\n".join(parts))], SCOPES)
    numbers = [row["document"] for row in answer["unreadable"]]
    assert numbers == sorted(set(numbers))
    assert all(row["reason"] for row in answer["unreadable"])
    found = sum(answer["passed_over"].values())
    assert found >= sum(is_alone(parts, at) for at in range(len(parts)))


def is_alone(parts: list[str], at: int) -> bool:
    """Whether it is a document of one line, whatever else there is."""
    return parts[at] == "a: 1" and parts[at - 1 : at] == ["---"] and parts[at + 1 : at + 2] in ([], ["---"])


# Who may claim what


TENANTS = """
apiVersion: v1
kind: Namespace
metadata:
  name: web
  annotations: {catalyst-dns-sync.io/allowed-names: "*.web.talos00", catalyst-dns-sync.io/max-names: "1"}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: web, annotations: {catalyst-dns-sync.io/target: 127.0.0.1}}
spec: {rules: [{host: a.web.talos00}, {host: b.web.talos00}, {host: shop.talos00}, {host: wpad.talos00}]}
"""


def test_the_rules_for_tenants_hold_in_a_preview_too() -> None:
    scope = Scope(zones=("talos00",), addresses=("192.168.1.54",), strict=True)
    seen = preview_documents([("", TENANTS)], {"default": scope})
    assert [(row["name"], row["values"]) for row in seen["records"]] == [("a.web.talos00", ["192.168.1.54"])]
    assert {row["name"]: row["reason"] for row in seen["skipped"]} == {
        "b.web.talos00": "over the catalyst-dns-sync.io/max-names of its Namespace (1)",
        "shop.talos00": "not among the names that its Namespace allows (catalyst-dns-sync.io/allowed-names)",
        "wpad.talos00": "reserved: machines look for wpad by themselves, and believe it",
    }
    assert [row["message"] for row in seen["warnings"]] == [
        'annotation catalyst-dns-sync.io/target: "127.0.0.1": loopback is refused; the default address is used instead'
    ]


def test_a_namespace_that_is_in_no_document_is_unknown() -> None:
    scope = Scope(zones=("talos00",), addresses=("192.168.1.54",), strict=True)
    ingress = TENANTS.partition("---")[2]
    seen = preview_documents([("", ingress)], {"default": scope})
    assert [row["name"] for row in seen["records"]] == ["a.web.talos00", "b.web.talos00", "shop.talos00"]
    assert "its Namespace is in no document" in " ".join(row["message"] for row in seen["warnings"])
