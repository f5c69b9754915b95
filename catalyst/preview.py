"""``catalyst-dns-sync preview PATH…``: for a pipeline that checks a pull request. No Django app, no database."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from catalyst.settings.environment import Environment
from catalyst.settings.sync import read_excluded, read_managed
from syncer.core.manifest import clip_text
from syncer.core.names import people_name
from syncer.documents.folders import describe_error, scan_folder
from syncer.documents.limits import DocumentError, decode_text
from syncer.kube.documents import SIZE_LIMIT, ManifestError
from syncer.preview import Row, gather_targets, list_lost
from syncer.preview import preview_documents as preview_records

ONLY_TARGET = "default"
"""What the target of the ``DNS_*`` variables is called."""

NOTHING_LOST, UNREADABLE, SOMETHING_LOST = 0, 1, 3
"""Exit codes."""

STANDARD_INPUT = "-"


def run_preview(argv: Sequence[str]) -> int:
    """Returns the exit code: 1 when something cannot be read, else 3 when a name is in conflict, or is skipped and no
    other target publishes it."""
    options = parse_options(argv)
    environment = Environment(os.environ)  # noqa: TID251
    targets = read_managed(environment, proposed=True, warn=print_warning)
    if options.target and options.target not in targets:
        known = ", ".join(filter(None, targets)) or "none, for there is no TARGETS_FILE"
        print(f"error: there is no target {clip_text(options.target)}: give {known}", file=sys.stderr)
        return UNREADABLE
    scopes = {name or ONLY_TARGET: managed.scope for name, managed in targets.items() if options.target in ("", name)}
    try:
        answer = preview_records(read_paths(options.paths, read_excluded(environment)), scopes)
    except ManifestError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNREADABLE
    shown = "".join(format_answer(answer)) if options.text else json.dumps(answer, indent=2, ensure_ascii=False) + "\n"
    # The name of a file may be no UTF-8, which JSON spells as Python does; and the locale may know no umlauts.
    sys.stdout.buffer.write(shown.encode("utf-8", "backslashreplace"))
    sys.stdout.flush()
    if answer["unreadable"]:
        return UNREADABLE
    return SOMETHING_LOST if list_lost(answer) or answer["conflicts"] else NOTHING_LOST


def parse_options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "catalyst-dns-sync preview",
        description="Show, as JSON, which DNS records Kubernetes manifests would give, and which names give none. "
        "What is in none of the files is unknown, rather than absent.",
        epilog="Exit code: 1 when something cannot be read, else 3 when a name is in conflict, or is skipped and no "
        "other target publishes it, else 0.",
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a file of YAML or JSON, a folder of such files to its leaves, or - for standard input",
    )
    parser.add_argument("--target", default="", help="of several targets this one alone")
    parser.add_argument("--text", action="store_true", help="for people, instead of JSON")
    return parser.parse_args(argv)


def read_paths(paths: Sequence[str], excluded: Sequence[str]) -> Iterator[tuple[str, str | DocumentError]]:
    """Where each text comes from, and the text, or why there is none."""
    for path in paths:
        if not os.path.isdir(path):
            yield path, read_text(path)
            continue
        try:
            stamps, unread = scan_folder(path, excluded)
        except OSError as error:
            yield path, DocumentError(describe_error(error))
            continue
        if not (stamps or unread):
            print_warning(f"{path}: no file in it is called *.yaml, *.yml or *.json")
        for place in sorted(stamps.keys() | unread.keys()):
            yield place, DocumentError(unread[place]) if place in unread else read_text(place)


def read_text(path: str) -> str | DocumentError:
    try:
        if path == STANDARD_INPUT:
            data = sys.stdin.buffer.read(SIZE_LIMIT + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(SIZE_LIMIT + 1)
        return decode_text(data)
    except OSError as error:
        return DocumentError(describe_error(error))
    except DocumentError as error:
        return error


def format_answer(answer: Row) -> Iterator[str]:
    """The lines of the answer for a person; where there are several targets, each says which ones it is about."""
    several = len(answer["targets"]) > 1
    rows = [
        (
            people_name(row["name"]),
            str(row["ttl"]),
            row["type"],
            " ".join(row["values"]) or "?",
            spell_object(row["source"]),
            f"on {where}" if several else "",
        )
        for row, where in gather_targets(answer["records"])
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n"
    sections = {
        "Skipped": list_lines(answer["skipped"], say_skipped, several),
        "In conflict": list_lines(answer["conflicts"], say_conflict, several),
        "Warnings": list_lines(
            answer["warnings"], lambda row: f"{spell_object(row['source'])}: {row['message']}", several
        ),
        "Cannot be read": [
            f"{row['file']}{f', document {number}' if (number := row['document']) > 1 else ''}: {row['reason']}"
            for row in answer["unreadable"]
        ],
        "Passed over": [f"{count} {kind}" for kind, count in answer["passed_over"].items()],
    }
    for title, lines in sections.items():
        if lines:
            yield f"\n{title}:\n"
            yield from (f"  {clip_text(line, 1000)}\n" for line in lines)
    told = [answer[key] for key in ("records", "skipped", "conflicts", "warnings", "unreadable")]
    records, skipped, conflicts, warnings, unreadable = map(len, told)
    yield f"\n{count_noun(records, 'record')}, {skipped} skipped, {conflicts} in conflict, "
    yield f"{count_noun(warnings, 'warning')}, {unreadable} that cannot be read\n"


def list_lines(rows: Iterable[Row], say: Callable[[Row], str], several: bool) -> list[str]:
    return [f"on {where}: {say(row)}" if several else say(row) for row, where in gather_targets(rows)]


def say_skipped(row: Row) -> str:
    return f"{people_name(row['name']) or 'the object'}: {row['reason']} ({spell_object(row['source'])})"


def say_conflict(row: Row) -> str:
    return f"{people_name(row['name'])}: not for {spell_object(row['loser'])}: {row['reason']}"


def count_noun(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def spell_object(source: Mapping[str, str]) -> str:
    return clip_text(f"{source['kind']}/{source['namespace']}/{source['name']}", 400)


def print_warning(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)
