"""What may happen to the objects, in any order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from syncer.core.kinds import HTTP_ROUTE, INGRESS, INGRESS_ROUTE
from tests.histories.cast import (
    CREATED,
    GATES,
    NAMES,
    NAMESPACES,
    PRIORITIES,
    SECTIONS,
    SHARED,
    TARGETS,
    Gate,
    GateRoute,
    Key,
    Place,
    Terms,
    Website,
    gate_key,
)
from tests.histories.cluster import Cluster

name = st.sampled_from(NAMES)
namespace = st.sampled_from(NAMESPACES)
gate = st.sampled_from(GATES)
position = st.integers(0, 11)
site_name = st.sampled_from(NAMES[:-1])
site_hosts = st.lists(site_name, max_size=2, unique=True).map(tuple)
route_hosts = st.sampled_from([(), ("shop",), ("shop",), ("shop", "nas"), ("grafana",), ("blog", "shop")])
terms = st.builds(
    Terms,
    target=st.sampled_from([*TARGETS, "", ""]),
    ttl=st.sampled_from([0, 60, 300]),
    priority=st.sampled_from(["normal"] * 6 + [*PRIORITIES]),
    ignore=st.sampled_from([False] * 9 + [True]),
)
parents = st.lists(
    st.tuples(st.sampled_from([*GATES, SHARED]), st.sampled_from(SECTIONS)), min_size=1, max_size=2, unique=True
).map(tuple)
listened = st.sampled_from(["", "", "shop", *NAMES])


class ObjectSteps(RuleBasedStateMachine):
    cluster: Cluster

    # Ingresses and IngressRoutes

    @rule(
        kind=st.sampled_from([INGRESS, INGRESS, INGRESS_ROUTE]),
        namespace=namespace,
        party=st.sampled_from(list(CREATED)),
        hosts=site_hosts,
        terms=terms,
        broken=st.sampled_from([False, False, True]),
    )
    def put_site(
        self, kind: Any, namespace: str, party: str, hosts: tuple[str, ...], terms: Terms, broken: bool
    ) -> None:
        if not self.cluster.is_leaving(namespace):
            self.cluster.put((kind, namespace, party), Website(hosts, terms, broken and kind == INGRESS_ROUTE))

    @rule(which=position)
    def drop_one(self, which: int) -> None:
        if keys := self.list_keys():
            self.cluster.drop(keys[which % len(keys)])

    def list_keys(self) -> list[Key]:
        """Of the objects that name hosts."""
        return sorted(key for key, thing in self.cluster.objects.items() if isinstance(thing, Website | GateRoute))

    @rule(which=position, to=st.sampled_from(["another namespace", "another kind"]))
    def move_one(self, which: int, to: str) -> None:
        """In its old place it is deleted."""
        keys = self.list_keys()
        if not keys:
            return
        kind, namespace, own_name = old = keys[which % len(keys)]
        thing = self.cluster.objects[old]
        if to == "another namespace":
            namespace = NAMESPACES[1 - NAMESPACES.index(namespace)]
        elif isinstance(thing, Website):
            kind = INGRESS_ROUTE if kind == INGRESS else INGRESS
            thing = replace(thing, broken=False)
        if not self.cluster.is_leaving(namespace) and (kind, namespace, own_name) != old:
            self.cluster.put((kind, namespace, own_name), thing)
            self.cluster.drop(old)

    @rule(namespace=namespace)
    def delete_namespace(self, namespace: str) -> None:
        if not self.cluster.away:
            if self.cluster.is_leaving(namespace):
                self.cluster.end(namespace)
            else:
                self.cluster.leave(namespace)

    # Routes and their Gateways

    @rule(
        namespace=namespace,
        hosts=route_hosts,
        parents=parents,
        terms=terms,
        judged=st.sampled_from([True, True, False]),
    )
    def put_route(
        self, namespace: str, hosts: tuple[str, ...], parents: tuple[Place, ...], terms: Terms, judged: bool
    ) -> None:
        """Not ``judged``: its status still says what it said."""
        if self.cluster.is_leaving(namespace):
            return
        old = self.find_route(namespace)
        status = tuple((place, True) for place in parents) if judged else old.judged if old else ()
        self.cluster.put(self.route_key(namespace), GateRoute(hosts, parents, status, terms))

    @staticmethod
    def route_key(namespace: str) -> Key:
        return HTTP_ROUTE, namespace, "elder"

    def find_route(self, namespace: str) -> GateRoute | None:
        route = self.cluster.objects.get(self.route_key(namespace))
        return route if isinstance(route, GateRoute) else None

    @rule(namespace=namespace, change=st.sampled_from(["accepted", "refused", "status emptied", "moved", "moved"]))
    def change_route(self, namespace: str, change: str) -> None:
        """One that ``moved`` to another section has a status that still speaks of the old one."""
        if route := self.find_route(namespace):
            if change == "moved":
                places = tuple((name, SECTIONS[1 - SECTIONS.index(section)]) for name, section in route.parents)
                route = replace(route, parents=places)
            else:
                places = route.parents if change != "status emptied" else ()
                route = replace(route, judged=tuple((place, change == "accepted") for place in places))
            self.cluster.put(self.route_key(namespace), route)

    @rule(name=gate, hosts=st.lists(listened, min_size=2, max_size=2))
    def put_gate(self, name: str, hosts: list[str]) -> None:
        self.cluster.put(gate_key(name), Gate(tuple(zip(SECTIONS, hosts, strict=True))))

    @rule(
        which=position,
        change=st.sampled_from(["gone", "refused", "section refused", "lost", "renamed", "another host", "over"]),
    )
    def change_gate(self, which: int, change: str) -> None:
        """By preference one that a route names; of its listeners that of the route."""
        routes = [thing for thing in self.cluster.objects.values() if isinstance(thing, GateRoute)]
        places = [place for route in routes for place in route.parents] or [(name, SECTIONS[0]) for name in GATES]
        name, section = places[which % len(places)]
        before = self.cluster.objects.get(gate_key(name))
        if not isinstance(before, Gate):
            return
        if change == "gone":
            self.cluster.drop(gate_key(name))
            return
        others = tuple(listener for listener in before.listeners if listener[0] != section)
        after = {
            "refused": replace(before, accepted=False),
            "section refused": replace(before, refused=frozenset({section})),
            "lost": replace(before, listeners=others),
            "renamed": replace(before, listeners=(*others, ("renamed", ""))),
            "another host": replace(before, listeners=(*others, (section, "nas"))),
            "over": Gate(((SECTIONS[0], ""), (SECTIONS[1], "shop"))),
        }[change]
        self.cluster.put(gate_key(name), after)
