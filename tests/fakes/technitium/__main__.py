"""``python -m tests.fakes.technitium``: run until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import gc
import signal

from tests.fakes.technitium import Technitium
from tests.fakes.technitium.dialects import DIALECTS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.technitium", description="A Technitium to play with.")
    parser.add_argument("--port", type=int, default=0, help="HTTP; 0 takes any free one")
    parser.add_argument("--dns-port", type=int, default=0, help="DNS over UDP and TCP; 0 takes any free one")
    parser.add_argument("--token", required=True, help="the administrator's API token")
    parser.add_argument("--version", choices=DIALECTS, default="15.2")
    parser.add_argument("--zone", action="append", default=[], help="a primary zone to begin with; repeatable")
    args = parser.parse_args()
    gc.disable()  # nearly all there is stays; to look through 100,000 names again and again costs more than it frees
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with Technitium(token=args.token, version=args.version, port=args.port, dns_port=args.dns_port) as server:
        for name in args.zone:
            server.tree.create(name)
        print(f"HTTP {server.url}", f"DNS {server.dns[0]}:{server.dns[1]}", sep="\n", flush=True)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
