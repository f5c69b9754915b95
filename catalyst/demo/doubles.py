"""The two servers beside which the demo runs: programs of their own, which the demo starts and talks to over HTTP.

They are those of the tests (``tests/fakes``). A clone has them there; the wheel carries them in a folder of data; an
image has none, and needs none. The program itself never imports them.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from catalyst.demo.cast import ZONES

HERE = Path(__file__).parent
FOLDERS = (HERE / "carried", HERE.parent.parent)
"""Of the wheel, and of a clone."""
DNS, CLUSTER = "tests.fakes.technitium", "tests.fakes.kubernetes"


class DoubleEnded(Exception):
    """One of them has ended, with this code, before it said where it is; why is in the log."""


class Doubles(NamedTuple):
    """``dns_api`` and ``cluster`` are URLs, ``dns`` is host:port, ``token`` that of the DNS server's administrator."""

    dns_api: str
    dns: str
    token: str
    cluster: str
    kubeconfig: str


def find_doubles() -> Path:
    """The folder from which they can be run. Raises ``ImproperlyConfigured``."""
    for folder in FOLDERS:
        if all((folder / module.replace(".", "/") / "__main__.py").is_file() for module in (DNS, CLUSTER)):
            return folder
    raise ImproperlyConfigured(
        "the demo's DNS server and API server are not here, as in an image: take a clone (make demo) or the wheel."
    )


def list_commands(kubeconfig: Path, token: str) -> Sequence[Sequence[str]]:
    """Of the DNS server and of the API server. Without the working folder on the path, where other tests may be."""
    python = [sys.executable, "-P", "-m"]
    zones = [f"--zone={zone}" for zone in ZONES]
    return [*python, DNS, f"--token={token}", *zones], [*python, CLUSTER, "--kubeconfig", str(kubeconfig)]


def start_doubles(
    env: Mapping[str, str], folder: Path, log: IO[bytes], children: list[subprocess.Popen[bytes]]
) -> Doubles:
    """``folder`` is for the kubeconfig; each is in ``children`` once it is started. Raises ``ImproperlyConfigured``
    where they are not here, and ``DoubleEnded``."""
    env = {**env, "PYTHONPATH": str(find_doubles())}
    token, kubeconfig = secrets.token_hex(32), folder / "kubeconfig"
    words: dict[str, str] = {}
    for command, last in zip(list_commands(kubeconfig, token), ("DNS", "back"), strict=True):
        child = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        children.append(child)
        words |= read_words(child, last)
    return Doubles(words["HTTP"], words["DNS"], token, words["back"], str(kubeconfig))


def read_words(child: subprocess.Popen[bytes], last: str) -> Mapping[str, str]:
    """What it says of where it is, up to the line that begins with ``last``: the end of each line by its beginning.
    Raises ``DoubleEnded``."""
    assert child.stdout
    words = {}
    for line in child.stdout:
        first, *_, text = line.decode().split()
        words[first] = text
        if first == last:
            return words
    raise DoubleEnded(child.wait())
