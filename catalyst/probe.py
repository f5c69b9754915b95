"""Asks a running process for its health: the container's HEALTHCHECK, and a person with a shell."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence

from syncer.httpd import parse_address

TIMEOUT = 3.0
"""Seconds."""


def probe(argv: Sequence[str]) -> tuple[str, bool]:
    """What to tell, and whether all is well. The argument is a URL; without one, this machine's syncer is asked."""
    url = argv[0] if argv else own_address()
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310
            return f"{url}: {answer.status}", True
    except urllib.error.HTTPError as error:
        return f"{url}: {error.code} {said(error.read())}".rstrip(), False
    except OSError as error:
        return f"{url}: {getattr(error, 'reason', error)}", False


def own_address() -> str:
    host, port = parse_address(os.environ.get("HEALTH_PROBE_ADDRESS") or ":8081")  # noqa: TID251
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}/healthz" if ":" in host else f"http://{host}:{port}/healthz"


def said(body: bytes) -> str:
    try:
        return "; ".join(json.loads(body)["problems"])
    except (ValueError, KeyError, TypeError):
        return ""
