import re

import pytest

from syncer.core.selector import SelectorError, match_labels, parse_selector, read_selector

GRAFANA = {"app": "grafana", "tier": "web", "rank": "7", "example.com/team": "metrics", "empty": ""}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "app=grafana",
        "app==grafana",
        " app = grafana , tier = web ",
        "app!=nas",
        "owner!=nas",
        "app in (nas, grafana)",
        "tier notin (db,cache)",
        "owner notin (nas)",
        "app",
        "!owner",
        "! owner",
        "rank>6",
        "rank<8",
        "example.com/team=metrics",
        "empty=",
        "empty in (,a)",
        "app in (grafana),!owner,rank>1",
        "app,tier",
    ],
)
def test_it_selects_what_kubectl_selects(text: str) -> None:
    assert match_labels(parse_selector(text), GRAFANA)


@pytest.mark.parametrize(
    "text",
    [
        "app=nas",
        "app!=grafana",
        "app in (nas)",
        "app notin (grafana,nas)",
        "owner",
        "!app",
        "rank>7",
        "rank<7",
        "app>1",
        "owner>1",
        "owner=",
        "app=grafana,tier=db",
    ],
)
def test_it_leaves_out_what_kubectl_leaves_out(text: str) -> None:
    assert not match_labels(parse_selector(text), GRAFANA)


@pytest.mark.parametrize(
    "text",
    [
        "=",
        "app=grafana,",
        ",app",
        "app,,tier",
        "app in",
        "app in ()",
        "app in (a",
        "app in (a b)",
        "app in (a))",
        "app in a",
        "app grafana",
        "a=b=c",
        "rank>high",
        "rank>",
        "app=-x",
        "-app=x",
        "/app=x",
        "Example.com/app=x",
        "a/b/c=x",
        "app=" + "x" * 64,
        "x" * 64 + "=a",
        "!",
        "!app=x",
        "app=ü",
        pytest.param("(" * 50_000, id="many parentheses"),
    ],
)
def test_a_selector_that_kubernetes_refuses_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(SelectorError) as refused:
        parse_selector(text)
    assert 10 < len(str(refused.value)) < 300


def test_a_selector_object_holds_when_all_its_parts_do() -> None:
    selector = read_selector(
        {
            "matchLabels": {"app": "grafana"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["web", "db"]},
                {"key": "tier", "operator": "NotIn", "values": ["cache"]},
                {"key": "rank", "operator": "Exists"},
                {"key": "owner", "operator": "DoesNotExist"},
            ],
        }
    )
    assert match_labels(selector, GRAFANA)
    for label, value in (("app", "nas"), ("tier", "cache"), ("owner", "nas")):
        assert not match_labels(selector, {**GRAFANA, label: value})


def test_an_empty_selector_object_selects_everything() -> None:
    assert match_labels(read_selector({}), {})
    assert match_labels(read_selector(None), GRAFANA)


@pytest.mark.parametrize(
    "expression",
    [
        {"key": "tier", "operator": "In"},
        {"key": "tier", "operator": "Exists", "values": ["web"]},
        {"key": "tier", "operator": "Like", "values": ["web"]},
        {"operator": "Exists"},
        {"key": "tier", "operator": "In", "values": [7]},
        "tier",
    ],
)
def test_a_broken_expression_is_refused(expression: object) -> None:
    with pytest.raises(SelectorError):
        read_selector({"matchExpressions": [expression]})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a in (", 'at its end, the values of "a" are no list'),
        ("a in (b c)", 'at character 9 ("c"), the values of "a" are no list'),
        ("a=b=c", 'at character 4 ("="), a comma goes between requirements'),
        ("a,", 'at character 2 (","), a comma goes between requirements, and not at the end'),
        ("a b", 'at character 3 ("b"), after "a" an operator is missing: =, !=, in, notin, > or <'),
        ("a notin", 'at its end, after "a notin" values are missing'),
        ("a,b=-c", 'at character 5 ("-c"), "-c" is no value'),
        ("a=b,=c", 'at character 5 ("="), "=" is no key'),
        ("a>b", 'at character 3 ("b"), "a" is compared with "b"'),
    ],
)
def test_it_says_where_a_selector_breaks(text: str, place: str) -> None:
    with pytest.raises(SelectorError, match=f"^{re.escape(place)}"):
        parse_selector(text)
