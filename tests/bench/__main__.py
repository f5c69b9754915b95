"""``make bench``: how long from an Ingress to an answer, and what it costs. Whole processes, HTTP, DNS queries."""

from __future__ import annotations

import argparse
import statistics
import time

from tests.bench.rig import ZONE, Burst, FirstStart, Mixture, run_rig

SETTLING = 20.0
"""Seconds until what follows a burst is over: it is read once more, and memory is given back."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--bursts", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--singles", type=int, default=20, help="single Ingresses into an idle system")
    parser.add_argument("--idle", type=float, default=20.0, metavar="SECONDS", help="how long to watch it do nothing")
    parser.add_argument("--first-starts", type=int, nargs="*", default=[10_000], metavar="NAMES")
    parser.add_argument(
        "--mixtures", nargs="*", default=["1000,500,200", "10000,2000,0"], metavar="INGRESSES,SERVICES,DNSENDPOINTS"
    )
    parser.add_argument("--postgres", action="store_true", help="instead of SQLite")
    options = parser.parse_args()
    singles = []
    with run_rig(on_postgres=options.postgres) as it:
        it.start_syncer()
        print(f"ready, RSS {it.syncer.rss:.1f} MB" if it.syncer else "")
        for number in range(options.singles):
            time.sleep(0.5)
            singles.append(it.measure_burst([f"single-{number}.{ZONE}"]))
        if singles:
            _print_singles(singles)
    print("\nburst   writing  first    median   last     whole    k8s  dns api  CPU     RSS")
    for count in options.bursts:
        with run_rig(on_postgres=options.postgres) as it:
            it.start_syncer()
            time.sleep(1)
            _print_burst(it.measure_burst([f"app-{number}.{ZONE}" for number in range(count)]))
            if count == options.bursts[-1] and options.idle and it.syncer:
                time.sleep(SETTLING)
                cpu, requests = it.syncer.cpu, it.count_requests()
                time.sleep(options.idle)
                after = it.count_requests()
                core = (it.syncer.cpu - cpu) / options.idle
                print(
                    f"\nidle for {options.idle:g} s with {count} records: {core:.4f} core,"
                    f" {after[1] - requests[1]} DNS API requests, RSS {it.syncer.rss:.1f} MB"
                )
    for words in options.mixtures:
        mixture = Mixture(*map(int, words.split(",")))
        with run_rig(on_postgres=options.postgres) as it:
            it.start_syncer()
            print(f"\n{mixture}: RSS {it.measure_mixture(mixture):.1f} MB")
    print("\nfirst start, with at most 10 DNS API requests a second")
    print("names   ready    all right  newcomer  dns api  CPU     RSS")
    for count in options.first_starts:
        with run_rig(on_postgres=options.postgres) as it:
            _print_first_start(it.measure_first_start(count))


def _print_first_start(start: FirstStart) -> None:
    slowest = f"{max(start.newcomers):.2f} s" if start.newcomers else "-"
    print(
        f"{start.count:<7} {start.ready:5.2f} s  {start.whole:6.2f} s   {slowest:>8}  {start.technitium:7}"
        f"  {start.cpu:4.1f} s  {start.rss:.1f} MB"
    )


def _print_singles(bursts: list[Burst]) -> None:
    waits = sorted(burst.last for burst in bursts)
    print(
        f"{len(waits)} single Ingresses: p50 {statistics.median(waits) * 1000:.0f} ms, max {waits[-1] * 1000:.0f} ms,"
        f" {sum(burst.technitium for burst in bursts) / len(bursts):.1f} DNS API requests each,"
        f" CPU {sum(burst.cpu for burst in bursts) / len(bursts) * 1000:.0f} ms each, RSS {bursts[-1].rss:.1f} MB"
    )


def _print_burst(burst: Burst) -> None:
    times = (burst.writing, burst.first, burst.median, burst.last, burst.whole)
    print(
        f"{burst.count:<7} {'  '.join(f'{value:5.2f} s' for value in times)}"
        f"  {burst.kubernetes:3}  {burst.technitium:7}  {burst.cpu:4.1f} s  {burst.rss:.1f} MB"
    )


if __name__ == "__main__":
    main()
