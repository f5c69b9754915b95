"""``catalyst-dns-sync doctor``: checks a whole set-up and says what to do. It changes nothing."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from django.core.exceptions import ImproperlyConfigured

from catalyst.bootstrap import WEB_SETTINGS, add_mode_options, pick_mode, use_settings
from catalyst.dev import DevNote, find_note, read_note
from catalyst.doctor.finding import Finding, Level, report_problem
from catalyst.settings.environment import Environment, list_sentences
from catalyst.settings.targets import TARGETS_FILE
from syncer.config import VARIABLES, Config, HostsConfig, TargetConfig, TechnitiumConfig
from syncer.errors import SyncError, TargetUnreachable
from syncer.redaction import REDACTION
from syncer.targets.shared_servers import ServerUse, SharedServers

COLOURS = {Level.OK: "\x1b[32m", Level.WARNING: "\x1b[33m", Level.PROBLEM: "\x1b[31m"}

ADVICE = {
    "DNS server": " (check that it runs, that {} has its address, and that no firewall or NetworkPolicy is between us)"
}
"""Added where a server gives no sensible answer."""

Check = Callable[[], Iterator[Finding]]


def run_doctor(argv: Sequence[str]) -> int:
    """Prints its findings as it makes them. Returns the exit code: 1 when there is a problem."""
    options = parse_options(argv)
    os.environ.setdefault("PGCONNECT_TIMEOUT", "5")  # noqa: TID251 - for libpq, which would wait for minutes
    Environment.read_only = True
    note = adopt_dev_mode(options, Environment(os.environ))  # noqa: TID251 - what is wrong with it is told below
    warnings: list[str] = []
    try:
        with Environment.gathering():
            use_settings(WEB_SETTINGS)
            from django.conf import settings

            config: Config = settings.SYNC(**pick_mode(options), warn=warnings.append)
    except ImproperlyConfigured as error:
        for sentence in list_sentences(error):
            print_finding(report_problem("settings", sentence))
        return 1

    import django

    django.setup()
    logging.disable(logging.CRITICAL)  # what is wrong is in the findings
    counts: Counter[Level] = Counter()
    checks = chain(list_started(note), list_checks(config, warnings))
    for finding in chain.from_iterable(run_check(about, check) for about, check in checks):
        print_finding(finding)
        counts[finding.level] += 1
    print(summarize_counts(counts[Level.PROBLEM], counts[Level.WARNING]))
    return 1 if counts[Level.PROBLEM] else 0


def parse_options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("catalyst-dns-sync doctor", description="Exit code 0: no problem, 1: problems.")
    add_mode_options(parser)
    return parser.parse_args(argv)


def adopt_dev_mode(options: argparse.Namespace, env: Environment) -> DevNote | None:
    """What ``up --dev`` was started with here, unless the options or a DNS server in the settings say what is meant."""
    is_production = env.is_given("DNS_SERVER_URL") or env.is_given(TARGETS_FILE)
    if options.dev_mode or options.hosts_file or options.manifests or is_production:
        return None
    if note := read_note(find_note(env)):
        options.dev_mode, options.hosts_file, options.manifests = True, note.setup.hosts_file, note.setup.manifests
    return note


def list_started(note: DevNote | None) -> Iterator[tuple[str, Check]]:
    from catalyst.doctor import here

    if note:
        yield "up --dev", lambda: here.check_started(note)


def list_checks(config: Config, warnings: Sequence[str]) -> Iterator[tuple[str, Check]]:
    from catalyst.doctor import clock, dns_server, here, kubernetes

    answering: dict[str, str] = {}
    """URLs of the servers that answered, by the name that the findings use."""
    yield "settings", lambda: here.check_settings(config, warnings)
    yield "folder", here.check_folders
    yield "database", here.check_database
    yield "log", here.check_log_receiver
    servers = SharedServers([target.name for target in config.targets], patience=0.0)
    for target in config.targets:
        name = target.name if len(config.targets) > 1 else ""
        yield from list_target_checks(target, answering, ServerUse(servers, target.name), name)
    if len(config.targets) > 1:
        yield "DNS server", lambda: dns_server.check_shared_zones(config.targets, servers)
    manifests = config.kube.manifests
    if manifests:
        yield "manifests", lambda: here.check_manifests(manifests)
    else:
        # As the cluster is watched: by whatever any of the targets needs.
        scope = replace(config.targets[0].scope, auto=any(target.scope.auto for target in config.targets))
        yield "Kubernetes", lambda: kubernetes.check_cluster(config.kube, scope, answering)
    yield "clock", lambda: clock.compare_clocks(answering)


def list_target_checks(
    target: TargetConfig, answering: dict[str, str], use: ServerUse, name: str
) -> Iterator[tuple[str, Check]]:
    """``name`` is what the findings say of it, "" where there is but one target."""
    from catalyst.doctor import dns_server, here

    settings, zones = target.settings, target.scope.zones
    if isinstance(settings, TechnitiumConfig):
        connection = settings

        def check_server() -> Iterator[Finding]:
            reached: dict[str, str] = {}
            node = dns_server.find_last_node(target.name)
            yield from dns_server.check_server(connection, zones, reached, node, use)
            answering.update((f"{server} ({name})" if name else server, url) for server, url in reached.items())

        yield "DNS server", lambda: name_findings(name, run_check("DNS server", check_server, settings.spelled.servers))
    elif isinstance(settings, HostsConfig):
        yield "hosts file", lambda: name_findings(name, here.check_hosts_file(target))


def name_findings(name: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """With the name of the target where there are several."""
    return (finding._replace(text=f"{name}: {finding.text}") if name else finding for finding in findings)


def run_check(about: str, check: Check, setting: str = VARIABLES.servers) -> Iterator[Finding]:
    """What a check finds. A check that fails does not hide the others. ``setting`` has the address of a server."""
    try:
        yield from check()
    except TargetUnreachable as error:
        yield report_problem(about, f"{error}{ADVICE.get(about, '').format(setting)}")
    except SyncError as error:
        yield report_problem(about, str(error))
    except Exception as error:  # noqa: BLE001 - whatever breaks a check is a problem to report
        yield report_problem(about, f"this could not be checked: {type(error).__name__}: {error}")


def print_finding(finding: Finding) -> None:
    level, about, text = finding
    before, after = (COLOURS[level], "\x1b[0m") if is_coloured() else ("", "")
    line = " ".join(REDACTION.redact_text(text).split())
    print(f"{before}{level:<7}{after}  {about:<10}  {line}", flush=True)


def is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")  # noqa: TID251 - the settings may be what is wrong


def summarize_counts(problems: int, warnings: int) -> str:
    if not problems and not warnings:
        return "all is well"
    counts = ((problems, "problem"), (warnings, "warning"))
    return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count)
