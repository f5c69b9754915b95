"""The story of the demo: scenes as data. Each says what is done on the two servers and by whom, in a sentence for the
reader, and what the start page must then show.

The scenes go in a circle: the last leaves all as the first finds it. ``write_story`` draws the names of each round, and
draws the same ones for the same seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from catalyst.demo.cast import (
    APPS,
    HOME,
    PULL_REQUESTS,
    REVIEWS,
    REVIEWS_NAMESPACE,
    Manifest,
    list_apps,
    list_comers,
    list_reviews,
    make_gateway,
    make_ingress,
    make_route,
    name_host,
)

SEED = 1
HAND_ADDRESS = "198.51.100.7"
"""What someone writes into the zone by hand."""


class Put(NamedTuple):
    """Objects are created, or replaced, in the cluster."""

    manifests: Sequence[Manifest]


class Withdraw(NamedTuple):
    """Objects are deleted from the cluster, where they are there."""

    manifests: Sequence[Manifest]


class Clear(NamedTuple):
    """All Ingresses of the namespace are deleted by one request, as ``kubectl delete --all`` does: on a slow machine,
    too, they go at one moment."""

    namespace: str


class WriteByHand(NamedTuple):
    """Someone makes this the A record of the name, on the DNS server itself."""

    name: str
    address: str


class EraseByHand(NamedTuple):
    """Someone deletes this A record on the DNS server itself, where it is there."""

    name: str
    address: str


class Break(NamedTuple):
    """The API of the DNS server fails, or answers again."""

    is_away: bool


class Publish(NamedTuple):
    """An operator makes a custom entry in the dashboard's API."""

    name: str
    address: str


class Unpublish(NamedTuple):
    """The operator deletes the entry, where it is there."""

    name: str


class Remediate(NamedTuple):
    """An operator remediates the drift of the name, where the reader has not decided it."""

    name: str


class Approve(NamedTuple):
    """An operator approves the held plans that the reader has not decided."""


Step = Put | Withdraw | Clear | WriteByHand | EraseByHand | Break | Publish | Unpublish | Remediate | Approve


class Sight(NamedTuple):
    """``place`` is the id of a part of the start page, which has these words in it, or no longer."""

    place: str
    words: str
    is_there: bool = True


class Scene(NamedTuple):
    """``pause`` is how many seconds the reader has for it, at the usual speed."""

    sentence: str
    steps: Sequence[Step]
    sights: Sequence[Sight]
    pause: float = 15.0


def write_story(number: int, seed: int = SEED) -> Iterator[Scene]:
    """The round of this number, from 0 on."""
    mover, victim = Random(f"{seed}/{number}").sample(sorted(APPS), 2)  # noqa: S311 - it chooses names
    nas, blog, shop = make_ingress("nas", "storage"), name_host("blog"), name_host("shop")
    plan = f"{len(PULL_REQUESTS)} deletes in {REVIEWS}"
    preview = make_ingress("blog-preview", "web", blog, target="192.0.2.80", priority="low")
    yield Scene(
        "Two applications are deployed beside the ones that run already.",
        [Withdraw([nas]), Put([*list_apps(), *list_reviews(), *list_comers()])],
        [Sight("names", name_host("argocd")), Sight("activity", name_host("mealie"))],
    )
    yield Scene(
        f"A new Ingress asks for {name_host('nas')}, which someone made in the zone by hand: a conflict.",
        [WriteByHand(name_host("nas"), "192.0.2.66"), Put([nas])],
        [Sight("needs", f"{name_host('nas')} A")],
    )
    yield Scene(
        f"The preview of a redesign asks for {blog}, too. The blog has the higher priority and keeps it.",
        [Put([preview])],
        [Sight("needs", "Ingress/web/blog-preview does not get it")],
    )
    yield Scene(
        f"The preview goes, and {name_host(mover)} moves to another load balancer.",
        [Withdraw([preview]), Put([make_ingress(mover, APPS[mover], target="192.0.2.20")])],
        [Sight("needs", blog, is_there=False), Sight("activity", "192.0.2.20")],
    )
    yield Scene(
        f"Someone changes {name_host(victim)} on the DNS server by hand: drift.",
        [WriteByHand(name_host(victim), HAND_ADDRESS)],
        [Sight("needs", f"{name_host(victim)} A")],
        20.0,
    )
    yield Scene(
        "An IngressRoute comes with a rule in which a bracket is missing.",
        [Put([make_route("dashboards", f"Host(`dashboards.{HOME}`")])],
        [Sight("needs", "IngressRoute/monitoring/dashboards")],
    )
    yield Scene(
        "The rule is mended, and an operator has the drift remediated.",
        [Put([make_route("dashboards", f"Host(`dashboards.{HOME}`)")]), Remediate(name_host(victim))],
        [
            Sight("needs", "IngressRoute/monitoring/dashboards", is_there=False),
            Sight("needs", f"{name_host(victim)} A", is_there=False),
            Sight("activity", f"dashboards.{HOME}"),
        ],
    )
    yield Scene(
        f"Someone deletes the Gateway of {shop} while its route is there: the name is kept, not deleted.",
        [Withdraw([make_gateway()])],
        [Sight("needs", f"{shop} A")],
    )
    yield Scene(
        "The Gateway is back, and with it all that the route needs.",
        [Put([make_gateway()])],
        [Sight("needs", f"{shop} A", is_there=False)],
    )
    yield Scene(
        "The DNS server fails for a moment. What waits is written when it is back.",
        [Break(is_away=True)],
        [Sight("headline", "In trouble")],
        10.0,
    )
    yield Scene(
        "The DNS server is back.",
        [Break(is_away=False)],
        [Sight("headline", "In trouble", is_there=False)],
    )
    yield Scene(
        f"An operator makes a custom entry for {blog}, which has no effect: the Ingress has the name.",
        [Publish(blog, "192.0.2.90")],
        [Sight("needs", "entry without effect"), Sight("needs", blog)],
    )
    yield Scene(
        f"All {len(PULL_REQUESTS)} review environments are deleted at once. That is held until a person approves it.",
        [Unpublish(blog), Clear(REVIEWS_NAMESPACE)],
        [Sight("needs", plan), Sight("needs", blog, is_there=False)],
        30.0,
    )
    yield Scene(
        "An operator looks at the held plan and approves it.",
        [Approve()],
        [Sight("needs", plan, is_there=False)],
    )
    yield Scene(
        "The record made by hand is deleted, the two applications are retired, the review environments come back, and "
        "the name that moved moves home.",
        [
            EraseByHand(name_host("nas"), "192.0.2.66"),
            Withdraw([*list_comers(), make_route("dashboards", "")]),
            Put([*list_reviews(), make_ingress(mover, APPS[mover])]),
        ],
        [Sight("needs", "Nothing needs you"), Sight("headline", "In step")],
    )
