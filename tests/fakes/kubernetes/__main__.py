"""Run the double by hand: ``python -m tests.fakes.kubernetes --port 8001 --load deploy/examples``."""

from __future__ import annotations

import argparse
import gc
import signal
from pathlib import Path

from tests.fakes.kubernetes.resources import CUSTOM_GROUPS
from tests.fakes.kubernetes.server import ApiServer


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes.kubernetes", description="A Kubernetes API server to play with."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--load", type=Path, nargs="+", default=[], metavar="PATH", help="manifests to begin with")
    parser.add_argument("--token", default="", help="require this bearer token (kubectl sends one only with --tls)")
    parser.add_argument("--tls", action="store_true", help="serve HTTPS with a certificate made for it")
    parser.add_argument("--without", nargs="+", default=[], metavar="GROUP", choices=CUSTOM_GROUPS)
    parser.add_argument("--kubeconfig", type=Path, help="where to write a kubeconfig (a temporary file if not given)")
    parser.add_argument("--bookmarks", type=float, default=60.0, metavar="SECONDS", help="period of bookmarks")
    parser.add_argument("--namespace-delay", type=float, default=5.0, metavar="SECONDS")
    options = parser.parse_args()
    server = ApiServer(
        options.port,
        token=options.token,
        tls=options.tls,
        without=options.without,
        bookmark_period=options.bookmarks,
        namespace_delay=options.namespace_delay,
        kubeconfig=options.kubeconfig,
    )
    for path in options.load:
        server.load(path)
    for number in (signal.SIGTERM, signal.SIGINT):
        server.loop.add_signal_handler(number, server.loop.stop)
    gc.freeze()
    # The socket listens from the beginning: a client that comes right after this line waits, it is not refused.
    lines = f"listening on {server.url}", f"kubeconfig {server.kubeconfig.absolute()}", f"back door {server.back_door}"
    print("\n".join(lines), flush=True)
    server.serve()


if __name__ == "__main__":
    main()
