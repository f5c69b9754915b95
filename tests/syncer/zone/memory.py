"""A ledger and a target that keep everything in dictionaries: one zone's parts can be tried without server and
database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from syncer.config import Config, HostsConfig, Managed, TargetConfig
from syncer.core.claims import Decision, EntrySpec, Mention
from syncer.core.known import KnownRRset, RecordState
from syncer.core.origin import Origin
from syncer.core.plan import Change, Drift, ForgottenRRset, Key, Op
from syncer.core.rrsets import Found, Marker, RRset
from syncer.core.scope import Scope
from syncer.core.source import Ref, SourceObject, Want
from syncer.errors import TargetUnreachable
from syncer.identity import ProcessIdentity
from syncer.ledger import (
    AnotherSyncer,
    AppliedChange,
    CountKey,
    DecidedHold,
    Deletion,
    Freeze,
    HeldDeletes,
    Holder,
    LastStart,
    LeftZone,
    ObservedRRset,
    Replaced,
    Request,
    SyncerStatus,
    TargetPlace,
)
from syncer.meters import Meter
from syncer.targets.base import Outcome, Reading, Result, ServerReport
from syncer.zone.guarding import PlannedChange

ZONE = "talos00"
ADDRESS = "192.168.1.54"
ORIGIN = "Ingress/web/grafana"
MARKER = Marker("default")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def rrset(name: str, *values: str, kind: str = "A", ttl: int = 300) -> RRset:
    return RRset(f"{name}.{ZONE}", kind, ttl, values or (ADDRESS,))


def ours(name: str, *values: str, kind: str = "A") -> Found:
    """As it is on the server, with our mark."""
    item = rrset(name, *values, kind=kind)
    return Found(item, (MARKER.mark(ORIGIN),) * len(item.values))


def create(name: str, *values: str, kind: str = "A", priority: int = 1) -> PlannedChange:
    item = rrset(name, *values, kind=kind)
    decision = Decision(item.name, (item,), ORIGIN, (ORIGIN,), priority=priority)
    return decision, Change(Op.CREATE, None, item, MARKER.mark(ORIGIN))


def update(name: str, *values: str, priority: int = 1) -> PlannedChange:
    item = rrset(name, *values)
    decision = Decision(item.name, (item,), ORIGIN, (ORIGIN,), priority=priority)
    return decision, Change(Op.UPDATE, ours(name), item, MARKER.mark(ORIGIN))


def delete(name: str, *, kind: str = "A", replaced_by: PlannedChange | None = None) -> PlannedChange:
    """``replaced_by``: what takes its place at the name, as where the type changes."""
    item = ours(name, kind=kind)
    decision = replaced_by[0] if replaced_by else Decision(item.rrset.name, origin=ORIGIN, claimants=(ORIGIN,))
    return decision, Change(Op.DELETE, item, None, "")


@dataclass
class MemoryZoneLedger:
    """``syncer.ledger.ZoneLedger``. ``log`` are the calls that write, in their order."""

    known: dict[Key, KnownRRset] = field(default_factory=dict)
    held: HeldDeletes = field(default_factory=HeldDeletes)
    open_plans: list[tuple[frozenset[Key], str]] = field(default_factory=list)
    gathered: list[bool] = field(default_factory=list)
    """Of each of them, whether all of it was there."""
    applied: list[AppliedChange] = field(default_factory=list)
    observed: list[ObservedRRset] = field(default_factory=list)
    gone: set[Key] = field(default_factory=set)
    left_zone: LeftZone = field(default_factory=LeftZone)
    deletions: dict[Key, Deletion] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    serials: list[int | None] = field(default_factory=list)
    """What each pass was recorded with."""
    shadows: list[Mapping[str, str]] = field(default_factory=list)
    """What it was told of them, each time."""
    others: list[tuple[Collection[str], Collection[str]]] = field(default_factory=list)
    """The wildcards and delegations that it was told of, each time."""
    manages: Callable[[str], bool] = lambda name: False
    is_rebuilding: bool = False

    def own(self, *names: str, state: RecordState = RecordState.SYNCED, reason: str = "") -> None:
        """Fill it with records of ours."""
        for name in names:
            item = rrset(name)
            row = KnownRRset(item, True, state, reason, ORIGIN, (ORIGIN,))
            self.known[item.name, item.type] = row

    def is_new(self) -> bool:
        return self.is_rebuilding or not self.known

    def names(self) -> list[str]:
        return list({name for name, _ in self.known})

    def rows(self, names: Collection[str]) -> Mapping[str, Mapping[str, KnownRRset]]:
        found: dict[str, dict[str, KnownRRset]] = {}
        for (name, kind), row in self.known.items():
            if name in names:
                found.setdefault(name, {})[kind] = row
        return found

    def entries(self, names: Collection[str]) -> Mapping[str, list[EntrySpec]]:
        return {}

    def entry_names(self) -> list[str]:
        return []

    def owned_count(self) -> int:
        return sum(row.owned for row in self.known.values())

    def owned_by(self, namespaces: Collection[str]) -> Mapping[str, int]:
        return Counter(Origin.parse(row.origin).namespace for row in self.known.values() if row.owned)

    def mentions(self, names: Collection[str]) -> Mapping[str, Mapping[str, Mention]]:
        return {}

    def deleted(self, names: Collection[str]) -> frozenset[Key]:
        return frozenset(key for key in self.gone if key[0] in names)

    def recent_deletions(self, names: Collection[str]) -> Mapping[Key, Deletion]:
        return {key: deletion for key, deletion in self.deletions.items() if key[0] in names}

    def recently_deleted(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.deletions)

    def claim_changes(self, changes: Iterable[tuple[Decision, Change]]) -> None:
        self.log.append("claim")
        for decision, change in changes:
            row = KnownRRset(change.rrset, True, RecordState.PENDING, "", decision.origin, decision.claimants)
            self.known[change.key] = row

    def record_pass(
        self,
        applied: Sequence[AppliedChange],
        observed: Sequence[ObservedRRset],
        correlation: str,
        actor: str,
        serial: int | None = None,
        node: str = "",
    ) -> None:
        self.log.append("record")
        self.serials.append(serial)
        self.applied += applied
        self.observed += observed
        for decision, result in applied:
            if result.outcome is Outcome.DONE:
                self.known.pop(result.change.key)
                self.gone.add(result.change.key)
                if after := result.change.after:
                    row = KnownRRset(after, True, RecordState.SYNCED, "", decision.origin, decision.claimants)
                    self.known[result.change.key] = row
                    self.gone.discard(result.change.key)
        for decision, status in observed:
            key = status.rrset.name, status.rrset.type
            if isinstance(status, ForgottenRRset):
                self.known.pop(key)
            else:
                row = KnownRRset(status.rrset, status.owned, status.state, status.reason, decision.origin)
                self.known[key] = row._replace(claimants=decision.claimants)
        if serial is not None:
            self.left_zone = self.left_zone._replace(serial=serial, node=node)

    def left(self) -> LeftZone:
        return self.left_zone

    def note_marks(self, lost: int, actor: str) -> None:
        self.log.append(f"{lost} marks lost")
        self.left_zone = self.left_zone._replace(is_unmarked=lost > 0)

    def note_rebuild(self, *, under_way: bool) -> None:
        self.log.append(f"rebuild {'begun' if under_way else 'done'}")
        self.is_rebuilding = under_way

    def drifting(self) -> Mapping[Key, bool]:
        return {}

    def record_drift(
        self, drifts: Sequence[tuple[Decision, Drift]], names: Collection[str] | None, correlation: str
    ) -> list[Drift]:
        return [drift for _, drift in drifts]

    def save_shadows(self, shadows: Mapping[str, str], manages: Callable[[str], bool]) -> None:
        self.shadows.append(shadows)
        self.manages = manages

    def note_rivals(self, rivals: Sequence[Found]) -> None: ...

    def save_others(self, wildcards: Collection[str], delegations: Collection[str]) -> None:
        self.others.append((wildcards, delegations))

    def holds(self, names: Collection[str] | None = None) -> HeldDeletes:
        held = (self.held.open, self.held.approved, self.held.rejected)
        return HeldDeletes(*(frozenset(key for key in keys if names is None or key[0] in names) for keys in held))

    def count_held(self) -> Mapping[str, int]:
        return Counter(self._find_namespace(key) for key in self.held.open)

    def list_namespaces(self, names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        return {name: (self._find_namespace(key),) for name in names for key in self.known if key[0] == name}

    def _find_namespace(self, key: Key) -> str:
        row = self.known.get(key)
        return Origin.parse(row.origin).namespace if row else ""

    def hold_deletes(
        self, deletes: Collection[Key], reason: str, names: Collection[str] | None = None, *, are_all: bool = True
    ) -> None:
        rest = frozenset(key for key in self.held.open if names is not None and key[0] not in names)
        held = rest.union(deletes)
        self.open_plans.append((held, reason))
        self.gathered.append(are_all)
        self.held = HeldDeletes(held, self.held.approved, self.held.rejected)

    def replacement(self, request_id: int) -> Replaced | None:
        return None

    def record_undo(self, replaced: Replaced, actor: str) -> None: ...

    def drop_keeping(self, name: str, kind: str, actor: str) -> bool:
        return False

    def end_keeping(self, names: Collection[str]) -> None:
        self.log.append(f"no more kept: {', '.join(sorted(names))}")

    def release_records(self, names: Collection[str], kind: str, actor: str) -> int:
        keys = [key for key in self.known if key[0] in names and kind in ("", key[1])]
        for key in keys:
            del self.known[key]
        return len(keys)


@dataclass
class MemoryLedger:
    """``syncer.ledger.Ledger`` over the zones of any target."""

    zones: dict[tuple[str, str], MemoryZoneLedger] = field(default_factory=dict)
    answers: dict[int, str] = field(default_factory=dict)
    statuses: list[SyncerStatus] = field(default_factory=list)
    at_work: Holder | None = None
    me: ProcessIdentity | None = None
    start: LastStart = field(default_factory=lambda: LastStart("", {}))
    starts: list[LastStart] = field(default_factory=list)
    frozen: list[Freeze] = field(default_factory=list)

    def zone(self, target: str, name: str) -> MemoryZoneLedger:
        return self.zones.setdefault((target, name), MemoryZoneLedger())

    def counts(self) -> Mapping[CountKey, int]:
        counts: dict[CountKey, int] = {}
        for (target, zone), rows in self.zones.items():
            for row in rows.known.values():
                key = CountKey(target, zone, row.state)
                counts[key] = counts.get(key, 0) + 1
        return counts

    def for_thread(self) -> MemoryLedger:
        return self

    def take_over_rows(self, targets: Sequence[TargetPlace]) -> Sequence[str]:
        return ()

    def check_database(self) -> None: ...

    def close(self) -> None: ...

    def save_sources(
        self,
        target: str,
        sources: Mapping[Ref, SourceObject | None],
        *,
        is_new_version: bool = False,
        beat: Callable[[], object] = lambda: None,
    ) -> Collection[str]:
        return ()

    def count_detached(
        self, target: str, seconds: float, grace: float, unread_kinds: Collection[str]
    ) -> Collection[str]:
        return ()

    def rank_names(self, target: str, namespace: str, most: int) -> Sequence[str]:
        return ()

    def forget_sources(self, target: str, kinds: Collection[tuple[str, str]], known: Collection[Ref]) -> None: ...

    def requests(self) -> list[Request]:
        return []

    def freezes(self, target: str) -> Sequence[Freeze]:
        return self.frozen

    def decide_hold(self, request: Request, *, approve: bool) -> DecidedHold:
        return DecidedHold(0)

    def answer_requests(self, outcomes: Mapping[int, str]) -> None:
        self.answers |= outcomes

    def save_status(self, status: SyncerStatus) -> None:
        self.statuses.append(status)

    def holder(self) -> Holder | None:
        return self.at_work

    def take_over(self, seen: Holder | None, me: ProcessIdentity, target: str) -> bool:
        if seen != self.at_work:
            return False
        self.me, self.at_work = me, Holder(me, me.name, NEW_YEAR, NEW_YEAR, False, 0.0, True)
        return True

    def renew(self) -> None:
        assert self.at_work
        if self.at_work.identity != self.me:
            raise AnotherSyncer("another one took over")
        self.beat()

    def release(self) -> None:
        assert self.at_work
        self.at_work = replace(self.at_work, has_stopped=True)

    def last_start(self) -> LastStart:
        return self.start

    def remember_start(self, start: LastStart) -> None:
        self.start = start
        self.starts.append(start)

    def beat(self) -> None:
        """The heartbeat of whoever is at work moves."""
        assert self.at_work
        self.at_work = replace(self.at_work, heartbeat_at=self.at_work.heartbeat_at + timedelta(seconds=5))


class Cluster:
    """``syncer.core.claims.Claims``: objects that each name one host."""

    def __init__(self, *names: str) -> None:
        self.sources: dict[str, SourceObject] = {}
        for name in names:
            self.put(name)

    def put(self, name: str) -> None:
        host = f"{name}.{ZONE}" if "." not in name else name
        self.sources[host] = SourceObject(Ref("Ingress", "web", name), wants=(Want(host, (ADDRESS,)),))

    def drop(self, name: str) -> None:
        del self.sources[f"{name}.{ZONE}"]

    def names(self) -> Iterable[str]:
        return self.sources.keys()

    def claimants(self, name: str) -> Sequence[SourceObject]:
        return [self.sources[name]] if name in self.sources else []

    def source(self, ref: Ref) -> SourceObject | None:
        return next((source for source in self.sources.values() if source.ref == ref), None)

    def note_servers(self, zone: str, names: Collection[str]) -> None: ...

    def is_leaving(self, namespace: str) -> bool:
        return False

    def fallback(self) -> tuple[tuple[str, ...], str]:
        return (ADDRESS,), ""


class ToyTarget:
    """``syncer.targets.base.Target``. ``calls`` are the questions and writes; ``trouble`` is raised instead of an
    answer, by call, by zone or, for the server as a whole, by "". ``takes`` is called at each call: time passes.
    ``single_types`` are those that it takes one by one. ``has_serials`` False: it shows none. ``breaks_after``: RRsets
    of a list that come before it breaks off."""

    kind = "toy"
    keeps_ttl = True
    is_exclusive = False
    marks_origin = True
    is_bulky = True
    paused = 0.0
    warning = ""
    has_serials = True
    single_types: Collection[str] = ()

    def __init__(self, *zones: str) -> None:
        self.calls: list[str] = []
        self.trouble: dict[str, Exception] = {}
        self.refusals: dict[str, Result] = {}
        self.takes: Callable[[], object] = lambda: None
        self.shelf: dict[Key, Found] = {}
        self.breaks_after: int | None = None
        self.meter = Meter()
        self.serial = dict.fromkeys(zones or (ZONE,), 1)
        self._zones = {zone: ToyZone(zone, self) for zone in self.serial}

    def ask(self, call: str, zone: str = "") -> None:
        """Count the call, and raise what is wrong."""
        self.calls.append(call)
        self.takes()
        for place in ("", zone, call):
            if place in self.trouble:
                raise self.trouble[place]

    def check(self) -> None:
        self.ask("check")

    def serials(self) -> Mapping[str, int] | None:
        self.ask("serials")
        return dict(self.serial) if self.has_serials else None

    def takes_together(self, rrset: RRset) -> bool:
        return self.is_bulky and rrset.type not in self.single_types

    def refuses(self, rrset: RRset) -> str:
        return ""

    def describe(self) -> ServerReport:
        return ServerReport("a shelf", version="1", calls=self.meter)

    def zone(self, name: str) -> ToyZone:
        return self._zones[name]

    def close(self) -> None: ...


class ToyZone:
    """``syncer.targets.base.TargetZone``. ``lost_writes`` until it is listed."""

    def __init__(self, name: str, target: ToyTarget) -> None:
        self.name = name
        self.node = ""
        self.lost_writes = False
        self._target = target
        self._expected = target.serial[name]

    @property
    def left_serial(self) -> int | None:
        """None after a write that was not ours."""
        serial = self._target.serial[self.name]
        return serial if self._target.has_serials and serial == self._expected else None

    def recall(self, node: str) -> None: ...

    def read(self, names: Collection[str] | None = None) -> Reading:
        self._target.ask("list" if names is None else "read", self.name)
        shelf = sorted(self._target.shelf.items())
        found = [item for (name, _), item in shelf if name.endswith(self.name) and (names is None or name in names)]
        serial = self._target.serial[self.name]
        if names is None:
            self.lost_writes, self._expected = False, serial
        return Reading(serial if self._target.has_serials else None, self._iterate_found(found))

    def _iterate_found(self, found: Sequence[Found]) -> Iterator[Found]:
        yield from found[: self._target.breaks_after]
        if self._target.breaks_after is not None:
            raise TargetUnreachable("the list of records broke off in the middle")

    def apply(self, changes: Sequence[Change]) -> Iterator[Result]:
        for change in changes:
            self._target.ask(f"{change.op} {change.name}", self.name)
            if change.name in self._target.refusals:
                yield self._target.refusals[change.name]._replace(change=change)
                continue
            self._target.serial[self.name] += 1
            self._expected += 1
            self._target.shelf.pop(change.key, None)
            if change.after:
                self._target.shelf[change.key] = Found(change.after, (change.mark,) * len(change.after.values))
            yield Result(change, Outcome.DONE)


def configure(*zones: str, dry_run: bool = False) -> Config:
    managed = Managed(Scope(zones=zones or (ZONE,), addresses=(ADDRESS,)))
    return Config((TargetConfig(managed, HostsConfig("toy", "toy")),), dry_run=dry_run)
