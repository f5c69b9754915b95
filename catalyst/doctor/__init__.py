"""``catalyst-dns-sync doctor``: looks at a whole set-up and says what to do. It changes nothing."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from django.core.exceptions import ImproperlyConfigured

from catalyst.doctor.finding import Finding, Level, problem
from catalyst.logs.redaction import Redaction
from catalyst.settings.environment import Environment
from syncer.config import Config, HostsConfig, TechnitiumConfig
from syncer.errors import SyncError, TargetUnreachable

COLOURS = {Level.OK: "\x1b[32m", Level.WARNING: "\x1b[33m", Level.PROBLEM: "\x1b[31m"}

ADVICE = {
    "DNS server": " (check that it runs, that DNS_SERVER_URL is its address, and that no firewall or NetworkPolicy is "
    "between us)"
}
"""Where no sensible answer comes."""

Check = Callable[[], Iterator[Finding]]


def doctor(argv: Sequence[str]) -> int:
    """Prints its findings as it makes them. Returns the exit code: 1 when there is a problem."""
    options = parse(argv)
    from catalyst.cli import use_settings

    os.environ.setdefault("PGCONNECT_TIMEOUT", "5")  # noqa: TID251 - read by libpq, which else waits for minutes
    Environment.only_looks = True
    try:
        use_settings("catalyst.settings.web")
        from django.conf import settings

        warnings: list[str] = []
        config: Config = settings.SYNC(
            dev_mode=options.dev_mode,
            hosts_file=options.hosts_file,
            manifests=options.manifests,
            warn=warnings.append,
        )
    except ImproperlyConfigured as error:
        show(problem("settings", f"{error}"), Redaction([]))
        return 1

    import django

    django.setup()
    logging.disable(logging.CRITICAL)  # what is wrong stands in the findings
    redaction = Redaction(settings.ENVIRONMENT.secrets)
    counts: Counter[Level] = Counter()
    for finding in chain.from_iterable(attempt(about, check) for about, check in checks(config, warnings)):
        show(finding, redaction)
        counts[finding.level] += 1
    print(summary(counts[Level.PROBLEM], counts[Level.WARNING]))
    return 1 if counts[Level.PROBLEM] else 0


def parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("catalyst-dns-sync doctor", description="Exit code 0: no problem, 1: problems.")
    parser.add_argument("--dev-mode", action="store_true", help="as for runsyncer: a hosts file is written")
    parser.add_argument("--hosts-file", default="", metavar="PATH", help="as for runsyncer")
    parser.add_argument("--manifests", default="", metavar="DIR", help="as for runsyncer: no cluster is read")
    return parser.parse_args(argv)


def checks(config: Config, warnings: Sequence[str]) -> Iterator[tuple[str, Check]]:
    from catalyst.doctor import clock, dns_server, here, kubernetes

    answering: dict[str, str] = {}
    """URLs of the servers, by what to call them."""
    yield "settings", lambda: here.settings_in_force(config, warnings)
    yield "folder", here.folders
    yield "database", here.database
    yield "log", here.log_receiver
    target, manifests = config.target, config.kube.manifests
    if isinstance(target, TechnitiumConfig):
        yield "DNS server", lambda: dns_server.look(target, config.scope.zones, answering)
    elif isinstance(target, HostsConfig):
        yield "hosts file", lambda: here.hosts_file(config)
    if manifests:
        yield "manifests", lambda: here.manifests(manifests)
    else:
        yield "Kubernetes", lambda: kubernetes.look(config.kube, config.scope, answering)
    yield "clock", lambda: clock.compare(answering)


def attempt(about: str, check: Check) -> Iterator[Finding]:
    """What a check finds. One that fails hides none of the others."""
    try:
        yield from check()
    except TargetUnreachable as error:
        yield problem(about, f"{error}{ADVICE.get(about, '')}")
    except SyncError as error:
        yield problem(about, str(error))
    except Exception as error:  # noqa: BLE001 - an illness that no doctor knows is still one
        yield problem(about, f"this could not be checked: {type(error).__name__}: {error}")


def show(finding: Finding, redaction: Redaction) -> None:
    level, about, text = finding
    before, after = (COLOURS[level], "\x1b[0m") if is_coloured() else ("", "")
    line = " ".join(redaction.text(text).split())
    print(f"{before}{level:<7}{after}  {about:<10}  {line}", flush=True)


def is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")  # noqa: TID251 - settings may be what is wrong


def summary(problems: int, warnings: int) -> str:
    if not problems and not warnings:
        return "all is well"
    counts = ((problems, "problem"), (warnings, "warning"))
    return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count)
