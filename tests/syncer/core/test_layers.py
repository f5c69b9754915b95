from __future__ import annotations

from typing import Any

from syncer.core.layers import NO_PARENTS, Layer, Parents, find_parents, read_layer

GROUP = "traefik.io"


def manifest(*rules: str, parents: Any = None, services: Any = None) -> dict[str, Any]:
    return {"spec": {"parentRefs": parents, "routes": [{"match": rule, "services": services} for rule in rules]}}


def key(name: str) -> tuple[str, str, str]:
    return GROUP, "web", name


def test_an_ordinary_route_is_in_no_layer() -> None:
    assert read_layer(GROUP, "web", manifest("Host(`a`)", services=[{"name": "app"}])) is None


def test_a_child_names_its_parents_and_a_parent_has_no_services() -> None:
    child = manifest("Path(`/`)", parents=[{"name": "root"}, {"name": "edge", "namespace": "infra"}], services=[{}])
    assert read_layer(GROUP, "web", child) == Layer(("Path(`/`)",), (key("root"), (GROUP, "infra", "edge")))
    assert read_layer(GROUP, "web", manifest("Host(`a`)")) == Layer(("Host(`a`)",), ())


def test_the_rules_of_all_layers_above_are_one() -> None:
    layers = {
        key("root"): Layer(("Host(`a`)", "Host(`b`)"), ()),
        key("middle"): Layer(("Path(`/x`)",), (key("root"),)),
        key("other"): Layer(("Host(`c`)",), ()),
    }
    child = Layer((), (key("middle"), key("other")))
    assert find_parents(child, layers) == Parents("((Path(`/x`)) && ((Host(`a`)) || (Host(`b`)))) || (Host(`c`))")
    assert find_parents(layers[key("root")], layers) == NO_PARENTS


def test_a_parent_that_is_not_there_is_named_and_a_circle_ends() -> None:
    assert find_parents(Layer((), (key("gone"),)), {}) == Parents("", (key("gone"),))
    layers = {key("a"): Layer(("Host(`a`)",), (key("b"),)), key("b"): Layer(("Host(`b`)",), (key("a"),))}
    parents = find_parents(layers[key("a")], layers)
    assert (parents.rule, bool(parents.missing)) == ("", True)
