"""``kubernetes``: a cluster for one test, the double or, with CATALYST_TEST_KUBECONFIG, a real one."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.server import ApiServer

REAL = os.environ.get("CATALYST_TEST_KUBECONFIG", "")


@pytest.fixture
def kubernetes(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    if REAL:
        if request.node.get_closest_marker("double_only"):
            pytest.skip("only a double can do this")
        with _proxy() as proxy:
            url = _address(proxy)
            cluster = Cluster(url, Path(REAL), back_door=url)
            yield cluster
            cluster.tidy()
            proxy.terminate()
        return
    server = ApiServer(namespace_delay=0.2).start()
    yield Cluster(server.url, server.kubeconfig, server.back_door, server)
    server.stop()


@pytest.fixture
def kubernetes_double() -> Iterator[Callable[..., Cluster]]:
    """Makes a double with the options of ``ApiServer`` (token, tls, without, bookmark_period ...)."""
    if REAL:
        pytest.skip("only a double can do this")
    servers = []

    def make(**options: Any) -> Cluster:
        server = ApiServer(**options).start()
        servers.append(server)
        return Cluster(server.url, server.kubeconfig, server.back_door, server)

    yield make
    for server in servers:
        server.stop()


def _proxy() -> subprocess.Popen[str]:
    command = ["kubectl", "--kubeconfig", REAL, "proxy", "--port=0"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _address(proxy: subprocess.Popen[str]) -> str:
    assert proxy.stdout
    line = proxy.stdout.readline()
    found = re.search(r"127\.0\.0\.1:\d+", line)
    assert found, f"kubectl proxy did not start: {line!r}"
    return f"http://{found[0]}"
