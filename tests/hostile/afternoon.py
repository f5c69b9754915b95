"""An afternoon of a tenant who may write Ingresses in a namespace of its own, and nothing else: what it tries, what DNS
answers then, and what is told.

The syncer is a process of its own, between a cluster, a DNS server and a database file."""

from __future__ import annotations

import json
import re
import secrets
from typing import NamedTuple

from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import ingress
from tests.fakes.kubernetes.resources import Manifest
from tests.processes import Syncer, wait_until
from tests.sessions.session import ADDRESS, PREFIX, Session

THEIRS = "192.0.2.66"
"""Where the tenant would like the traffic of others."""

REST = r"[^\n]+?(?= (?:hostname|kind|resource|namespace|zone)=|\n)"
"""Of a message in the log, up to its fields."""

FLOOD = 3_000
"""Host names in one Ingress."""

FLIPS = 14


class Attempt(NamedTuple):
    """``published`` is what DNS answers afterwards, ``told`` what the program says of it."""

    what: str
    published: str
    told: str


class Afternoon:
    def __init__(self, session: Session, cluster: Cluster, **settings: str) -> None:
        self.session = session
        self.cluster = cluster
        self.zone = session.zone
        self.shop = cluster.namespace("shop")
        self.evil = cluster.namespace("evil")
        self.attempts: list[Attempt] = []
        self.syncer: Syncer = session.start(**settings)
        cluster.create(ingress("web", f"shop.{self.zone}", namespace=self.shop))
        session.answers(f"shop.{self.zone}", ADDRESS)

    def spend(self) -> list[Attempt]:
        """Everything that it tries, one after another."""
        self.take_name()
        self.take_name_by_priority()
        self.claim_reserved_names()
        self.claim_zone()
        self.claim_below()
        self.point_at_machines()
        self.ask_for_short_ttl()
        self.claim_names_of_others()
        self.flip_name()
        self.flood_names()
        self.delete_flood()
        return self.attempts

    # What it does

    def put(self, name: str, *hosts: str, **words: str) -> Manifest:
        """An Ingress of the tenant. ``words`` are annotations of ours."""
        annotations = {PREFIX + key.replace("_", "-"): text for key, text in words.items()}
        manifest = ingress(name, *(f"{host}.{self.zone}".lstrip(".") for host in hosts), namespace=self.evil)
        manifest["metadata"]["annotations"] = annotations
        self.cluster.create(manifest)
        return manifest

    def take_name(self) -> None:
        """A host that another namespace has, with a target of its own."""
        self.put("thief", "shop", target=THEIRS)
        told = self.wait_for(r"Ingress/evil-\w+/thief does not get the name: " + REST)
        self.note("takes a name of another namespace", self.ask("shop"), told)

    def take_name_by_priority(self) -> None:
        loud = self.put("loud", "shop", target=THEIRS, priority="high")
        told = self.wait_for(r"Taken over: " + REST + r"|priority counts within its namespace alone: " + REST)
        self.settle()
        self.note("takes it by priority", self.ask("shop"), told)
        self.cluster.delete(loud)
        self.settle()
        self.note("drops the priority again", self.ask("shop"), self.explain_win("shop"))
        self.cluster.delete(ingress("thief", namespace=self.evil))
        self.session.answers(f"shop.{self.zone}", ADDRESS)

    def claim_reserved_names(self) -> None:
        self.put("proof", "_acme-challenge.shop", "wpad")
        told = self.wait_for(r"_acme-challenge\.shop\S+ is not published: " + REST)
        self.note("claims names that machines believe", self.ask("_acme-challenge.shop") + self.ask("wpad"), told)

    def claim_zone(self) -> None:
        self.put("zone", "", "*")
        self.settle()
        told = self.explain("") or "nothing"
        self.note("claims the apex and all names", self.ask("") + self.ask("whatever"), told)
        self.cluster.delete(ingress("zone", namespace=self.evil))
        self.settle()

    def claim_below(self) -> None:
        """All that is below a name of another namespace, the proof that a certificate is asked for by among it."""
        self.put("below", "*.shop", target=THEIRS)
        self.settle()
        told = self.explain("*.shop") or "nothing"
        self.note("claims all names below one of another namespace", self.ask("_acme-challenge.shop"), told)
        self.cluster.delete(ingress("below", namespace=self.evil))
        self.settle()

    def point_at_machines(self) -> None:
        self.put("inward", "inward", target="127.0.0.1,169.254.169.254")
        told = self.wait_for(r'"127\.0\.0\.1": \S+ is refused')
        self.session.answers(f"inward.{self.zone}", ADDRESS)
        self.note("points at the visitor's own machine", self.ask("inward"), told)

    def ask_for_short_ttl(self) -> None:
        self.put("nervous", "nervous", ttl="1")
        name = f"nervous.{self.zone}"
        wait_until(lambda: self.session.record(name)[1] == "synced", 20, "a record of it")
        (ttl,) = (ttl for found, _, ttl, _, _ in self.session.technitium.rows(self.zone) if found == name)
        self.note("asks for a TTL of 1 s", f"a TTL of {ttl} s", self.find(r"1 s is less than MIN_TTL: \d+ s is used"))

    def claim_names_of_others(self) -> None:
        self.put("squat", "payroll", "payroll.evil")
        self.settle()
        published = self.ask("payroll") + self.ask("payroll.evil")
        self.note("claims names that nobody has yet", published, self.explain("payroll"))

    def flip_name(self) -> None:
        flipped = self.put("flip", "flip", target="192.0.2.100")
        self.session.answers(f"flip.{self.zone}", "192.0.2.100")
        for number in range(1, FLIPS):
            target = f"192.0.2.{100 + number}"
            self.cluster.patch(flipped, {"metadata": {"annotations": {f"{PREFIX}target": target}}})
            if number <= 10:  # each is another change only once the one before is in DNS
                self.session.answers(f"flip.{self.zone}", target)
        told = self.wait_for(r"Flapping: " + REST)
        self.note(f"changes a name {FLIPS - 1} times", self.ask("flip"), told)

    def flood_names(self) -> None:
        self.put("flood", *(f"n{number:04}.evil" for number in range(FLOOD)))
        told = self.wait_for(r"is not published: over MAX_NAMES_" + REST)
        self.cluster.create(ingress("new", f"new.{self.zone}", namespace=self.shop))
        self.session.answers(f"new.{self.zone}", ADDRESS, within=60)
        wait_until(self.is_quiet, 40, "an end of the flood")
        self.note(f"floods the zone with {FLOOD:,} names", f"{self.count_flood():,} of them", told)

    def delete_flood(self) -> None:
        before = self.count_flood()
        self.cluster.delete(ingress("flood", namespace=self.evil))
        told = self.wait_for(r"Deletes held: [^\n]+?(?=; look)")
        self.cluster.delete(ingress("new", namespace=self.shop))
        self.session.answers(f"new.{self.zone}", within=60)
        gone = before - self.count_flood()
        published = f"{'10 at most' if gone <= 10 else gone} are gone; another namespace's delete was made"
        self.note("deletes them all at once", published, told)

    # What came of it

    def count_flood(self) -> int:
        sql = "select count(*) from records_managedrecord where owned and name like 'n____.evil.%'"
        return int(self.session.query(sql)[0][0])

    def note(self, what: str, published: str, told: str) -> None:
        self.attempts.append(Attempt(what, published, self.spell(told)))

    def spell(self, text: str) -> str:
        """Without what is another one each time."""
        for name, stem in ((self.zone, "ZONE"), (self.shop, "shop"), (self.evil, "evil")):
            text = text.replace(name, stem)
        return text

    def ask(self, host: str) -> str:
        answer = self.session.technitium.ask(f"{host}.{self.zone}".lstrip("."))
        values = ", ".join(answer) if isinstance(answer, list) and answer else "no answer"
        return f"[{host or 'apex'}: {values}]"

    def explain(self, host: str) -> str:
        """Why the tenant does not have the name, by the database."""
        sql = (
            "select m.reason from records_sourcename m join records_source s on s.id = m.source_id"
            " where m.name = ? and s.namespace = ? and m.reason <> ''"
        )
        rows = self.session.query(sql, f"{host}.{self.zone}".lstrip("."), self.evil)
        return str(rows[0][0]) if rows else ""

    def explain_win(self, host: str) -> str:
        """Why the others do not have the name."""
        sql = "select losers from records_managedrecord where name = ? and type = 'A'"
        losers = json.loads(self.session.query(sql, f"{host}.{self.zone}")[0][0])
        return "; ".join(f"{who}: {why}" for who, why in losers)

    def find(self, pattern: str) -> str:
        found = re.search(pattern, self.syncer.output)
        return found[0] if found else "nothing"

    def wait_for(self, pattern: str) -> str:
        return self.syncer.says(pattern, 30)[0]

    def is_quiet(self) -> bool:
        """Nothing waits: what was written last is in the ledger as synced."""
        return not self.session.query("select 1 from records_managedrecord where state = 'pending' limit 1")

    def settle(self) -> None:
        """A name of the other namespace goes all the way, after what was done before; another one each time, for one
        that came and went so often would be flapping."""
        name = f"marker{len(self.attempts)}-{secrets.token_hex(2)}"
        marker = ingress(name, f"{name}.{self.zone}", namespace=self.shop)
        self.cluster.create(marker)
        # In the ledger: a wildcard would answer for it as well.
        wait_until(lambda: self.session.record(f"{name}.{self.zone}")[1] == "synced", 20, "the marker")
        self.cluster.delete(marker)
        wait_until(lambda: not self.session.record(f"{name}.{self.zone}")[0], 20, "an end of the marker")


def format_attempts(title: str, attempts: list[Attempt]) -> str:
    lines = [f"\n{title}\n"]
    for what, published, told in attempts:
        lines += [f"- {what}", f"  published: {published}", f"  told:      {told}"]
    return "\n".join(lines)
