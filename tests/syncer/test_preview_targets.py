"""What manifests give on several targets: one answer, in which each row says where."""

from __future__ import annotations

from dataclasses import replace

from syncer.core.allowed import USUAL_RULES
from syncer.core.scope import PublishFilters
from syncer.preview import gather_targets, list_lost, preview_documents
from tests.syncer.manifests import SCOPE, ingress

NAMES = ("lan", "public")
LAN = replace(
    SCOPE,
    zones=("talos00", "example.com"),
    target_name="lan",
    target_names=NAMES,
)
PUBLIC = replace(
    SCOPE,
    zones=("example.com",),
    addresses=("203.0.113.7",),
    target_name="public",
    target_names=NAMES,
    other_zones=frozenset({"talos00"}),
    publish=PublishFilters(ingress_classes=("external",)),
    targets=USUAL_RULES._replace(public=True),
)
BOTH = {"lan": LAN, "public": PUBLIC}
EXTERNAL = "ingressClassName: external"


def test_one_answer_has_what_each_target_gets_and_the_answers_of_a_name_are_side_by_side() -> None:
    texts = [
        ("", ingress("wiki.example.com", "a.example.com", spec=EXTERNAL)),
        ("", ingress("nas.talos00", name="nas")),
    ]
    answer = preview_documents(texts, BOTH)
    assert answer["targets"] == ["lan", "public"]
    assert [(row["name"], row["target"], *row["values"]) for row in answer["records"]] == [
        ("a.example.com", "lan", "192.168.1.54"),
        ("a.example.com", "public", "203.0.113.7"),
        ("nas.talos00", "lan", "192.168.1.54"),
        ("wiki.example.com", "lan", "192.168.1.54"),
        ("wiki.example.com", "public", "203.0.113.7"),
    ]
    assert answer["skipped"] == [], "a name in a zone that another target alone has is no matter there"


def test_what_a_target_leaves_out_is_said_of_that_one_and_is_not_lost() -> None:
    answer = preview_documents(
        [("", ingress("wiki.example.com", "x.example.org", spec="ingressClassName: internal"))], BOTH
    )
    left_out = [(row["name"], row["target"], row["reason"]) for row in answer["skipped"]]
    by_class = 'ingress class "internal" is not in publish.ingress_classes of target public'
    assert left_out == [
        ("wiki.example.com", "public", by_class),
        ("x.example.org", "lan", "outside every managed zone"),
        ("x.example.org", "public", "outside every managed zone"),
    ]
    assert [row["name"] for row in list_lost(answer)] == ["x.example.org"] * 2


def test_of_one_target_alone_all_that_is_skipped_is_lost() -> None:
    internal = ingress("wiki.example.com", spec="ingressClassName: internal")
    answer = preview_documents([("", internal)], {"public": PUBLIC})
    assert [row["target"] for row in list_lost(answer)] == ["public"]


def test_what_is_the_same_everywhere_is_one_line_for_people() -> None:
    text = ingress("wiki.example.com", "x.example.org", spec=EXTERNAL, color="red") + "\nkind: Secret\napiVersion: v1\n"
    answer = preview_documents([("", text), ("b.yaml", "a: [")], BOTH)
    assert [(row["name"], where) for row, where in gather_targets(answer["skipped"])] == [
        ("x.example.org", "lan, public")
    ]
    assert [where for _, where in gather_targets(answer["records"])] == ["lan", "public"]
    assert [where for row, where in gather_targets(answer["warnings"]) if "color" in row["message"]] == ["lan, public"]
    assert (answer["passed_over"], len(answer["unreadable"])) == ({"Secret": 1}, 1), "a document is read once"
