"""``catalyst-dns-sync preview FILE…``: for a pipeline that checks a pull request. No Django app, no database."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence

from catalyst.settings.environment import Environment
from catalyst.settings.sync import read_scope
from syncer.documents.limits import DocumentError, decode_text
from syncer.kube.documents import SIZE_LIMIT, ManifestError
from syncer.preview import preview as preview_records

NOTHING_LOST, UNREADABLE, SOMETHING_LOST = 0, 1, 3
"""Exit codes."""


def run_preview(argv: Sequence[str]) -> int:
    """Returns the exit code: 3 when a name is skipped or in conflict, 1 for input that cannot be read."""
    options = parse_options(argv)
    environment = Environment(os.environ)  # noqa: TID251
    scope = read_scope(environment, proposed=True, warn=print_warning).scope
    try:
        answer = preview_records(read_files(options.files), scope)
    except ManifestError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNREADABLE
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    return SOMETHING_LOST if answer["skipped"] or answer["conflicts"] else NOTHING_LOST


def parse_options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "catalyst-dns-sync preview",
        description="Show, as JSON, which DNS records Kubernetes manifests would give, and which names give none.",
        epilog="Exit code: 0, 3 when a name is skipped or in conflict, 1 for input that cannot be read.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="YAML or JSON; - for standard input")
    return parser.parse_args(argv)


def read_files(paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Where each text comes from, and the text. Raises ``ManifestError``."""
    for path in paths:
        try:
            if path == "-":
                data = sys.stdin.buffer.read(SIZE_LIMIT + 1)
            else:
                with open(path, "rb") as file:
                    data = file.read(SIZE_LIMIT + 1)
        except OSError as error:
            raise ManifestError(f"{path}: {error.strerror or error}") from error
        place = "standard input" if path == "-" else path
        try:
            text = decode_text(data)
        except DocumentError as error:
            raise ManifestError(f"{place}: {error}") from error
        yield place, text


def print_warning(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)
