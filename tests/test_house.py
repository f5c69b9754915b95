"""How the house is laid out: what the linters cannot see of the rules in CONTRIBUTING and docs/architecture."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("catalyst", "records", "syncer")

CLOCKS = {
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "process_time_ns",
    "thread_time",
}
WALL_CLOCKS = {"time", "time_ns", "clock"}
"""Of the module ``time`` alone: others have functions of that name."""
NAMES_CLOCK = re.compile(rf"\b({'|'.join(CLOCKS)}|time\.({'|'.join(WALL_CLOCKS)}))\b")

TAKES_ZONE = {
    "syncer/core/claims.py Claims.note_servers": "the zone says whose name servers they are",
    "syncer/kube/store.py Store.note_servers": "the zone says whose name servers they are",
    "syncer/kube/admitted.py AdmittedSources.note_servers": "the zone says whose name servers they are",
    "syncer/kube/admission.py Admission.set_servers": "the zone says whose name servers they are",
    "records/remembered.py RememberedClaims.note_servers": "the zone says whose name servers they are",
    "catalyst/doctor/dns_server.py check_zone": "asks a server about a zone that no syncer has in its hands yet",
    "syncer/core/fitting.py find_misplacement": "checks what a person typed, whose apex rules are the zone's",
    "records/mentions.py list_wildcards": "ends at the apex",
    "records/sync_requests.py sync_now": "a person chooses the zone",
    "records/operations.py hold_writes": "a person chooses the zone",
    "records/freezes.py set_freeze": "fills a row that names its zone",
    "syncer/config.py Managed.policy": "settings are by zone",
    "syncer/metrics.py count_drift": "a label of a metric",
}
"""Outside syncer/zone: functions that take the name of a zone and are not looking for its Zone, and why."""

CLASS_NAMES = {
    "Command": "Django finds a command by it",
    "Meta": "Django and REST framework find the options of a class by it",
    "Migration": "Django finds a migration by it",
}
"""Names that more than one class has, and why."""

TESTED_ELSEWHERE = {
    "catalyst/demo/cast.py": "values: tests/catalyst/demo/test_story.py looks at them",
    "catalyst/demo/stage.py": "tests/browser/test_demo.py plays on it",
    "catalyst/doctor/finding.py": "a value: tests/catalyst/doctor/test_doctor.py prints it",
    "catalyst/serve.py": "a command: tests/deploy/test_recipes.py and tests/deploy/test_scrape.py run it",
    "catalyst/settings/browser.py": "constants: tests/catalyst/web/test_csp.py sees the headers",
    "catalyst/settings/filefields.py": "tests/catalyst/settings/test_targets.py reads a file",
    "catalyst/settings/publishing.py": "tests/catalyst/settings/test_sync.py reads it from the environment",
    "catalyst/settings/values.py": "tests/catalyst/settings/test_sync.py gives right and wrong ones",
    "catalyst/settings/tasks.py": "constants: tests/records/test_tasks.py runs with them",
    "catalyst/settings/web.py": "constants: tests/catalyst/settings/test_settings.py starts processes with them",
    "catalyst/settings/worker.py": "constants: tests/catalyst/settings/test_settings.py starts processes with them",
    "catalyst/web/admin.py": "a constant: tests/records/test_admin.py opens the site",
    "catalyst/web/urls.py": "constants: tests/catalyst/web/test_health.py asks for the addresses",
    "records/admin/": "pages: tests/records/test_admin.py opens each, tests/browser/test_admin.py clicks",
    "records/answered_by.py": "tests/records/test_mentions.py asks what answers",
    "records/answer_models.py": "tests/records/propagation/test_turns.py fills the rows",
    "records/api/": "tests are by what is asked: tests/records/api/test_lists.py, tests/records/api/test_diagnostics.py"
    " and tests/records/api/test_fuzz.py ask every address",
    "records/apps.py": "Django reads it: tests/catalyst/test_bootstrap.py starts it",
    "records/broker.py": "tests/records/test_tasks.py works on the queue",
    "records/dashboard/paths.py": "constants: tests/records/dashboard/test_views.py asks for the addresses",
    "records/detached_rows.py": "tests/records/test_split_horizon.py writes them",
    "records/effect.py": "tests/records/api/test_entries.py is told it",
    "records/causes.py": "tests/records/test_held_rows.py is told each",
    "records/exchange/": "tests are by the way there and back: tests/records/test_exchange.py",
    "records/findings.py": "written by the engine: tests/syncer/zone/test_drift.py",
    "records/freeze_models.py": "tests/records/test_freezes.py fills the rows",
    "records/held_models.py": "tests/records/test_held_rows.py and tests/records/test_models.py fill the rows",
    "records/limits.py": "constants: tests/records/test_ledger.py runs into them",
    "records/locks.py": "tests/records/test_exchange_locks.py waits for them",
    "records/logins/": "tests/records/test_logins.py logs in",
    "records/management/commands/": "commands: tests/records/test_exchange.py, tests/records/api/test_tokens.py"
    " and tests/catalyst/test_cli.py run them",
    "records/meter_models.py": "tests/records/test_tenure.py fills the rows",
    "records/notify.py": "tests/records/test_tasks.py sends the messages",
    "records/places.py": "tests/records/api/test_lists.py and tests/records/test_models.py search",
    "records/plan.py": "tests/records/api/test_diagnostics.py asks for it",
    "records/queue.py": "Django reads it: tests/records/test_tasks.py runs it",
    "records/remembered.py": "tests/records/api/test_diagnostics.py plans by it",
    "records/replaced_rows.py": "tests/syncer/zone/test_replacement.py puts back",
    "records/resolve.py": "tests/records/api/test_diagnostics.py asks DNS servers",
    "records/roles.py": "tests/records/test_ranks.py and tests/records/api/test_roles.py take each role",
    "records/rows.py": "values on their way to a row: tests/records/test_ledger.py reads them back",
    "records/search.py": "tests/records/test_admin_names.py finds by it",
    "records/site.py": "pages: tests/records/test_admin.py opens them",
    "records/source_models.py": "tests/records/test_models.py and tests/records/test_mention_rows.py fill the rows",
    "records/templatetags/dashboard.py": "tests/records/dashboard/test_views.py sees the pages",
    "records/templatetags/registry.py": "tests/records/test_admin.py sees the pages",
    "records/target_field.py": "a column: tests/records/test_models.py writes it",
    "records/target_models.py": "tests/records/test_target_rows.py writes them",
    "records/zone_ledger.py": "tests/records/test_ledger.py holds it to the protocol",
    "records/zone_models.py": "tests/records/test_ledger.py writes them",
    "records/zone_queries.py": "tests/records/test_ledger.py asks them",
    "syncer/config.py": "values: tests/catalyst/settings/test_sync.py reads them",
    "syncer/core/kinds.py": "constants: tests/syncer/kube/test_discovery.py looks for them",
    "syncer/core/known.py": "values: tests/syncer/core/test_compare.py is given them",
    "syncer/core/rulelexer.py": "half a parser: tests/syncer/core/test_rules.py reads rules",
    "syncer/core/ruleparser.py": "half a parser: tests/syncer/core/test_rules.py reads rules",
    "syncer/kube/feed.py": "a protocol",
    "syncer/ledger.py": "protocols: tests/records/test_ledger.py holds the one in the database to them",
    "syncer/management/commands/": "a process: tests/sessions/test_session.py runs it",
    "syncer/target_loop.py": "tests/syncer/test_loop.py runs two of them",
    "syncer/targets/base.py": "protocols: tests/contract/test_contract.py holds each target to them",
    "syncer/targets/technitium/writer.py": "tests/syncer/targets/technitium/test_target.py writes by it",
    "syncer/targets/technitium/zone.py": "tests/syncer/targets/technitium/test_target.py reads and writes by it",
    "syncer/targets/technitium/zone_access.py": "tests/syncer/targets/technitium/test_faults.py asks by it",
    "syncer/zone/subjects.py": "tests/syncer/zone/test_ownership.py and tests/syncer/zone/test_drift.py compare by it",
    "syncer/zone/planning.py": "tests/syncer/zone/test_reconcile.py and tests/syncer/zone/test_drift.py plan by it",
}
"""Modules, or all of a folder, that have no file of tests of their name, and why."""


def list_modules(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


@cache
def read_module(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


# Tests tell no time


def is_clock(node: ast.AST) -> bool:
    """A call that tells the time."""
    if not isinstance(node, ast.Call):
        return False
    match node.func:
        case ast.Attribute(value=ast.Name(id="time"), attr=name):
            return name in CLOCKS | WALL_CLOCKS
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in CLOCKS
    return False


def spell_names(node: ast.AST) -> Iterator[str]:
    """What is assigned to, or read: ``started``, ``self.started``."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name | ast.Attribute):
            yield ast.unparse(part)


class TimeTeller(NamedTuple):
    """The names in a file that hold a time, and those that hold a duration, functions that return one included."""

    times: set[str]
    durations: set[str]

    def is_time(self, node: ast.AST) -> bool:
        return any(is_clock(part) for part in ast.walk(node)) or not self.times.isdisjoint(spell_names(node))

    def is_duration(self, node: ast.AST) -> bool:
        return not self.durations.isdisjoint(spell_names(node)) or any(map(self._is_difference, ast.walk(node)))

    def _is_difference(self, node: ast.AST) -> bool:
        """Between two times; a number taken from a time leaves a time."""
        return (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Sub)
            and self.is_time(node)
            and not isinstance(node.right, ast.Constant)
        )


def find_time_names(module: ast.Module) -> TimeTeller:
    teller = TimeTeller(set(), set())
    for node in ast.walk(module):
        match node:
            case ast.Assign(targets=[*targets], value=value) if any(is_clock(part) for part in ast.walk(value)):
                is_difference = any(isinstance(part, ast.BinOp) for part in ast.walk(value))
                if not is_difference:
                    teller.times.update(ast.unparse(target) for target in targets)
    for node in ast.walk(module):
        match node:
            case ast.Assign(targets=[*targets], value=value) if teller.is_duration(value):
                teller.durations.update(ast.unparse(target) for target in targets)
            case ast.FunctionDef(name=name) if any(
                isinstance(part, ast.Return) and part.value and teller.is_duration(part.value)
                for part in ast.walk(node)
            ):
                teller.durations.add(name)
    return teller


def find_speed_limits(module: ast.Module) -> Iterator[int]:
    """The lines that assert that something took less than a certain time."""
    teller = find_time_names(module)
    for statement in ast.walk(module):
        if not isinstance(statement, ast.Assert):
            continue
        for node in ast.walk(statement.test):
            if not isinstance(node, ast.Compare):
                continue
            sides = [node.left, *node.comparators]
            for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
                small = {ast.Lt: left, ast.LtE: left, ast.Gt: right, ast.GtE: right}.get(type(operator))
                if small is not None and teller.is_duration(small):
                    yield node.lineno


def test_no_test_asserts_that_something_is_done_within_a_certain_time() -> None:
    """A busy machine breaks such a test; count calls, comparisons or turns, or measure in tests/bench."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in list_modules("tests")
        if NAMES_CLOCK.search(path.read_text())
        for line in find_speed_limits(read_module(path))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "start = time.monotonic(); work(); assert time.monotonic() - start < 5",
        "start = perf_counter(); work(); took = perf_counter() - start; assert took <= 5",
        "self.start = time.time(); work(); assert 5 > time.time() - self.start",
        "assert abs(stamp - time.time()) < 2",
        "before = time.process_time(); work(); assert 0 < time.process_time() - before < 2",
        "def spent() -> float:\n    return time.monotonic() - START\nassert spent() < 1",
    ],
)
def test_such_an_assertion_is_found(text: str) -> None:
    assert NAMES_CLOCK.search(text)
    assert list(find_speed_limits(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "start = time.monotonic(); work(); assert time.monotonic() - start >= 0.2",
        "deadline = time.monotonic() + 5\nwhile time.monotonic() < deadline: work()",
        "before = time.time(); assert before - 0.001 <= stamp <= time.time() + 0.001",
        "assert len(rows) - 1 < 5",
    ],
)
def test_a_wait_with_a_deadline_and_a_least_time_are_none(text: str) -> None:
    assert not list(find_speed_limits(ast.parse(text)))


# Tests mirror the source, and every name means one thing


@pytest.mark.parametrize("package", PACKAGES)
def test_tests_have_the_folders_of_the_source(package: str) -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in list_modules(f"tests/{package}")}
    assert not {str(folder) for folder in folders if not (ROOT / folder).is_dir()}


def test_every_module_has_a_file_of_tests_or_a_reason() -> None:
    """A reader who changes a module finds its tests by its name."""
    untested = {
        str(path.relative_to(ROOT))
        for path in list_modules(*PACKAGES)
        if path.name != "__init__.py"
        and not (ROOT / "tests" / path.relative_to(ROOT).with_name(f"test_{path.name}")).exists()
    }
    reasons = {place: {name for name in untested if name.startswith(place)} for place in TESTED_ELSEWHERE}
    assert untested - set().union(*reasons.values()) == set(), "has neither a file of tests nor a reason"
    assert {place for place, names in reasons.items() if not names} == set(), "needs no reason any more"


def test_the_tests_that_a_reason_names_are_there() -> None:
    named = {name for reason in TESTED_ELSEWHERE.values() for name in re.findall(r"tests/[\w/]+\.py", reason)}
    assert len(named) > 20
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_no_file_name_means_three_things() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in list_modules(*PACKAGES):
        if path.name != "__init__.py":
            places[path.name].append(str(path.relative_to(ROOT)))
    assert not {name: paths for name, paths in places.items() if len(paths) > 2}


def test_no_class_name_means_two_things() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in list_modules(*PACKAGES):
        for node in read_module(path).body:
            if isinstance(node, ast.ClassDef) and node.name not in CLASS_NAMES:
                places[node.name].append(str(path.relative_to(ROOT)))
    assert not {name: paths for name, paths in places.items() if len(paths) > 1}


def test_the_name_of_a_function_says_what_it_does_to_what() -> None:
    """Two words or more. Methods may have one, where the object is the other: ``zone.invalidate()``."""
    found = [
        f"{path.relative_to(ROOT)} {node.name}"
        for path in list_modules(*PACKAGES)
        for node in read_module(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "_" not in node.name.strip("_")
    ]
    called_by_others = " main", " application", "lean.py escape", "lean.py unescape"
    assert [name for name in found if not name.endswith(called_by_others)] == []


# A zone is an object


def find_zone_takers(node: ast.AST, *scope: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef(name=name, args=arguments) | ast.AsyncFunctionDef(name=name, args=arguments):
                parameters = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
                if {"zone", "zone_name"} & {parameter.arg for parameter in parameters if not takes_object(parameter)}:
                    yield ".".join((*scope, name))
                yield from find_zone_takers(child, *scope, name)
            case ast.ClassDef(name=name):
                yield from find_zone_takers(child, *scope, name)
            case _:
                yield from find_zone_takers(child, *scope)


def takes_object(parameter: ast.arg) -> bool:
    """A Zone itself, or the zone of a target: not its name."""
    return parameter.annotation is not None and ast.unparse(parameter.annotation) in ("Zone", "TargetZone")


def test_who_takes_the_name_of_a_zone_has_a_reason() -> None:
    """What is known of a zone is in its Zone: a name handed around is looked up again and again."""
    found = {
        f"{path.relative_to(ROOT)} {function}"
        for path in list_modules(*PACKAGES)
        if path.parent != ROOT / "syncer" / "zone"
        for function in find_zone_takers(read_module(path))
    }
    assert found == TAKES_ZONE.keys()
