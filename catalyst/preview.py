"""``catalyst-dns-sync preview PATH…``: for a pipeline that checks a pull request. No Django app, no database."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalyst.settings.environment import Environment
from catalyst.settings.sync import read_excluded, read_managed
from syncer.core.manifest import clip_text
from syncer.core.names import people_name
from syncer.documents.folders import describe_error, scan_folder
from syncer.documents.limits import DocumentError, decode_text
from syncer.kube.documents import SIZE_LIMIT, ManifestError
from syncer.preview import preview as preview_records

NOTHING_LOST, UNREADABLE, SOMETHING_LOST = 0, 1, 3
"""Exit codes."""

STANDARD_INPUT = "-"


def run_preview(argv: Sequence[str]) -> int:
    """Returns the exit code: 1 when something cannot be read, else 3 when a name is skipped or in conflict."""
    options = parse_options(argv)
    environment = Environment(os.environ)  # noqa: TID251
    targets = read_managed(environment, proposed=True, warn=print_warning)
    if options.target and options.target not in targets:
        known = ", ".join(filter(None, targets)) or "none, for there is no TARGETS_FILE"
        print(f"error: there is no target {clip_text(options.target)}: give {known}", file=sys.stderr)
        return UNREADABLE
    scope = targets[options.target or next(iter(targets))].scope
    try:
        answer = preview_records(read_paths(options.paths, read_excluded(environment)), scope)
    except ManifestError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNREADABLE
    shown = "".join(format_answer(answer)) if options.text else json.dumps(answer, indent=2, ensure_ascii=False) + "\n"
    # The name of a file may be no UTF-8, which JSON spells as Python does; and the locale may know no umlauts.
    sys.stdout.buffer.write(shown.encode("utf-8", "backslashreplace"))
    sys.stdout.flush()
    if answer["unreadable"]:
        return UNREADABLE
    return SOMETHING_LOST if answer["skipped"] or answer["conflicts"] else NOTHING_LOST


def parse_options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "catalyst-dns-sync preview",
        description="Show, as JSON, which DNS records Kubernetes manifests would give, and which names give none. "
        "What is in none of the files is unknown, rather than absent.",
        epilog="Exit code: 1 when something cannot be read, else 3 when a name is skipped or in conflict, else 0.",
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a file of YAML or JSON, a folder of such files to its leaves, or - for standard input",
    )
    parser.add_argument("--target", default="", help="what it would give on this one (default: on the first)")
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


def format_answer(answer: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the answer for a person."""
    rows = [
        (people_name(row["name"]), str(row["ttl"]), row["type"], " ".join(row["values"]) or "?", spell(row["source"]))
        for row in answer["records"]
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n"
    sections = {
        "Skipped": [
            f"{people_name(row['name']) or 'the object'}: {row['reason']} ({spell(row['source'])})"
            for row in answer["skipped"]
        ],
        "In conflict": [
            f"{people_name(row['name'])}: not for {spell(row['loser'])}: {row['reason']}" for row in answer["conflicts"]
        ],
        "Warnings": [f"{spell(row['source'])}: {row['message']}" for row in answer["warnings"]],
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
    skipped, conflicts, warnings, unreadable, _ = map(len, sections.values())
    yield f"\n{count_noun(len(rows), 'record')}, {skipped} skipped, {conflicts} in conflict, "
    yield f"{count_noun(warnings, 'warning')}, {unreadable} that cannot be read\n"


def count_noun(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def spell(source: Mapping[str, str]) -> str:
    return clip_text(f"{source['kind']}/{source['namespace']}/{source['name']}", 400)


def print_warning(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)
