"""``manage.py runsyncer``: watch the cluster, keep the records."""

from __future__ import annotations

import getpass
import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from catalyst import __version__
from records.database_waits import wait_in_python
from records.ledger import DatabaseLedger
from records.models import SyncRequest
from syncer import health, metrics
from syncer.certificates import Certificates
from syncer.config import Config
from syncer.core.plan import Op
from syncer.errors import SyncError
from syncer.identity import ProcessIdentity
from syncer.kube.feed import Feed
from syncer.kube.store import Store
from syncer.kube.stores import StoreGroup
from syncer.ledger import AnotherSyncer, LedgerError, Request
from syncer.loop import Loop, describe_place
from syncer.memory import settle_in
from syncer.target_loop import Setup
from syncer.targets import make_target
from syncer.targets.shared_servers import PATIENCE, ServerUse, SharedServers
from syncer.tenure import has_ended
from syncer.wakeup import Wakeup
from syncer.zone.result import PartialPass, PassResult

SIGNS = {Op.CREATE: "+", Op.UPDATE: "~", Op.DELETE: "-"}

GRACE = 3.0
"""Seconds after SIGTERM that a request under way may still take. What it did is found out at the next start."""

log = logging.getLogger(__name__)


class CutShort(SystemExit):
    """Raised in the main thread when the grace is over."""


class Command(BaseCommand):
    help = "Watch the cluster and keep its host names in DNS."
    requires_system_checks: list[str] = []  # noqa: RUF012  (they load the URLconf, and with it what only the web needs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dev-mode", action="store_true", help="write a hosts file, log as text, reload on change")
        parser.add_argument("--hosts-file", default="", metavar="PATH", help="write this file instead of Technitium")
        parser.add_argument("--manifests", default="", metavar="DIR", help="read YAML files instead of a cluster")
        parser.add_argument(
            "--once", action="store_true", help="one pass, then exit (with 2 when --dry-run found changes)"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")
        parser.add_argument("--rebuild-ledger", action="store_true", help="take every record with our mark for ours")
        parser.add_argument("--approve-deletes", action="store_true", help="approve the deletes that the guard holds")
        parser.add_argument(
            "--target", default="", metavar="NAME", help="with --approve-deletes: those of this one alone"
        )
        parser.add_argument("--noreload", action="store_true", help="with --dev-mode: do not watch the code")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dev_mode"] and not options["noreload"] and not options["once"]:
            from django.utils.autoreload import run_with_reloader

            run_with_reloader(self._sync_or_end, **options)
        else:
            self.sync(**options)

    def _sync_or_end(self, **options: Any) -> None:
        """For the reloader, which runs this in a thread and would wait for the code to change."""
        try:
            self.sync(**options)
        except CommandError as error:
            self.stderr.write(f"error: {error}")
            self.stderr.flush()
            os._exit(error.returncode)

    def sync(self, **options: Any) -> None:
        if connection.vendor == "postgresql":
            wait_in_python()
        config: Config = settings.SYNC(
            dev_mode=options["dev_mode"],
            hosts_file=options["hosts_file"],
            manifests=options["manifests"],
            dry_run=options["dry_run"],
        )
        if options["dev_mode"] and not connection.introspection.table_names():
            call_command("migrate", verbosity=0)
        wakeup = Wakeup()
        ledger = DatabaseLedger()
        try:
            if options["approve_deletes"] and self._approve_deletes(ledger, _check_target(options["target"], config)):
                return
            certificates = Certificates() if config.kube.certificate_metrics and not options["once"] else None
            # With --once the targets have their passes one after the other, and none can wait for another one.
            names = [target.name for target in config.targets]
            servers = SharedServers(names, 0.0 if options["once"] else PATIENCE)
            setups = list(_make_setups(config, wakeup, servers, lambda index: loop.targets[index].beat()))
            if config.dry_run:
                ledger.read_as_moved([describe_place(setup) for setup in setups])
            stores = StoreGroup([setup.store for setup in setups])
            feed = _make_feed(config, stores, certificates)
            state = health.Health(feed.states, names, read_timeout=config.kube.read_timeout)
            find_failing = certificates.find_failing if certificates is not None else None
            loop = Loop(config, feed, setups, ledger, state, wakeup, find_failing=find_failing)
            if options["rebuild_ledger"]:
                for target in loop.targets:
                    target.worker.rebuild()
            settle_in()
            _stop_on_signals(wakeup)
            if options["once"]:
                self._pass_once(loop, config)
                return
            with suppress(LedgerError):  # the loop tells it, and goes on trying
                loop.take_over()  # before it listens where the other one may listen
            metrics.set_build(__version__, settings.COMMIT)
            metrics.REGISTRY.register(metrics.ClusterCollector(lambda: _count_objects(stores), feed.states))
            metrics.REGISTRY.register(metrics.HealthCollector(state))
            if certificates is not None:
                metrics.REGISTRY.register(certificates)
            listening = metrics.serve_metrics(config.metrics_address), health.serve_probes(config.health_address, state)
            self._log_start(config)
            loop.run()
            for server in listening:
                server.close()
        except CutShort:
            log.warning("Stopped in the middle of a request; the next start finds out what became of it")
        except (AnotherSyncer, SyncError, LedgerError, TimeoutError) as error:
            raise CommandError(str(error)) from error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)  # or it kills an interpreter that takes long to end

    def _approve_deletes(self, ledger: DatabaseLedger, target: str) -> bool:
        """Approve what is held, on one target or (``target`` "") on all; True when a running syncer took it over and
        there is nothing left to do here."""
        actor = f"{getpass.getuser()} (command)"
        holder = ledger.holder()
        if holder is None or has_ended(holder, ProcessIdentity.of_this_process()):
            decided = ledger.decide_hold(Request(0, "approve", "", "", "", actor, target), approve=True)
            self.stdout.write(f"{decided.number} deletes approved")
            return False
        request = SyncRequest.objects.create(action=SyncRequest.Action.APPROVE, requested_by=actor, target=target)
        for _ in range(100):
            request.refresh_from_db()
            if request.done_at:
                self.stdout.write(f"{request.outcome}; the running syncer deletes them")
                return True
            time.sleep(0.1)
        raise CommandError("the running syncer did not answer within 10 s; the request waits for it in the database")

    def _pass_once(self, loop: Loop, config: Config) -> None:
        try:
            by_target = loop.run_once()
        except PartialPass as error:  # what some are in trouble with hides nothing of the others
            self._tell_passes(error.results, config)
            raise
        held = self._tell_passes(by_target, config)
        results = list(chain.from_iterable(by_target.values()))
        if retry := sorted(set().union(*(result.retry for result in results))):
            raise CommandError(f"not everything is done ({', '.join(retry[:3])}): the log says why; run it again")
        if refused := sum(result.refused for result in results):
            raise CommandError(f"{refused} records were refused for good: the log says why")
        if config.dry_run and (held or any(result.planned for result in results)):
            sys.exit(2)

    def _tell_passes(self, by_target: Mapping[str, Sequence[PassResult]], config: Config) -> int:
        """Returns how many deletes are held."""
        for target, of_target in by_target.items():
            self._tell_plan(f"{target}: " if len(config.targets) > 1 else "", of_target)
        held = sum(result.held for result in chain.from_iterable(by_target.values()))
        if held:
            self.stdout.write(f"{held} deletes are held: approve them with --approve-deletes")
        return held

    def _tell_plan(self, prefix: str, results: Sequence[PassResult]) -> None:
        """What a dry run would change on a target, and what it would leave alone."""
        for change in (change for result in results for change in result.planned):
            before, after = change.before and change.before.rrset, change.after
            texts = [str(rrset) for rrset in (before, after) if rrset]
            self.stdout.write(f"{prefix}{SIGNS[change.op]} {' -> '.join(texts)}")
        for status in (status for result in results for status in result.left):
            self.stdout.write(f"{prefix}! {status.rrset}: {status.reason}")

    def _log_start(self, config: Config) -> None:
        source = config.kube.manifests or "the cluster"
        log.info(
            "%sfrom %s to %s",
            "(dry run) " if config.dry_run else "",
            source,
            ", ".join(target.place for target in config.targets),
        )


def _check_target(name: str, config: Config) -> str:
    names = [target.name for target in config.targets]
    if name and name not in names:
        raise CommandError(f"there is no target {name}: give one of {', '.join(names)}")
    return name


def _make_setups(
    config: Config, wakeup: Wakeup, servers: SharedServers, beat: Callable[[int], None]
) -> Iterator[Setup]:
    """``beat`` is told which of the targets is waited for. Several have a wakeup each, for the thread of each."""
    for index, target in enumerate(config.targets):
        own = wakeup if len(config.targets) == 1 else Wakeup()
        store = Store(target.scope, assume_accepted=bool(config.kube.manifests), wakeup=own.notify)
        waiting = partial(beat, index)
        observe = partial(metrics.observe_request, target.name)
        waited = metrics.RATE_LIMIT_WAIT.labels(target.name).inc
        place = make_target(target, observe, waited, waiting, ServerUse(servers, target.name))
        yield Setup(target, store, place, own)


def _count_objects(stores: StoreGroup) -> Counter[tuple[str, str]]:
    """Objects that name hosts, by (namespace, kind)."""
    return Counter((source.ref.namespace, source.ref.kind) for source in stores.sources())


def _make_feed(config: Config, stores: StoreGroup, certificates: Certificates | None) -> Feed:
    """Each needs modules, and memory, that the other does without."""
    if config.kube.manifests:
        from syncer.kube.manifests import ManifestFeed

        return ManifestFeed(config.kube.manifests, stores, excluded=config.kube.manifests_excluded)
    from syncer.kube.watcher import KubeFeed

    return KubeFeed(config.kube, stores.scope, stores, certificates=certificates, is_dry=config.dry_run)


def _stop_on_signals(wakeup: Wakeup) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # under the reloader, which stops the process itself

    def give_up(*_: object) -> None:
        raise CutShort

    def stop(*_: object) -> None:
        wakeup.stop()
        signal.setitimer(signal.ITIMER_REAL, GRACE)

    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
