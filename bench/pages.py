"""Server time of every panel and of lists with few and with many spans; memory, disk and start.

    python -m bench.pages                    # 100,000 and 1,000,000 spans, some five minutes
    python -m bench.pages --spans 20000 100000

Both consoles are there at the same time and are asked in turn, so that a machine that slows down slows both.
"""

from __future__ import annotations

import argparse
import re
import time
from typing import NamedTuple

from bench.console import Console, percentile
from bench.workload import Workload

SPANS_PER_REQUEST = 480
PANELS = ("health", "quality", "errors", "issues", "costs", "alerts")
IDLE_SECONDS = 20


class Times(NamedTuple):
    """Milliseconds of one address: until the answer was there, and of the server's processor for each answer."""

    p50: float
    p95: float
    cpu: float


def _addresses(console: Console) -> dict[str, str]:
    page = console.browser.open(f"{console.url}/traces/?project=default").read().decode()
    trace = re.search(r'href="(/traces/[0-9a-f]{32}/[^"]*)"', page)[1].replace("&amp;", "&")
    panels = {f"panel {name}": f"/panels/{name}/?project=default" for name in PANELS}
    lists = {"newest traces": "/traces/?project=default", "senders": "/senders/?project=default"}
    return panels | lists | {"one trace": trace}


def _fill(console: Console, spans: int, *, seed: int) -> None:
    bodies = Workload(seed=seed).bodies(spans, spans_per_request=SPANS_PER_REQUEST)
    sent = console.load(bodies, spans_per_request=SPANS_PER_REQUEST, connections=4)
    peak = console.memory_mb()
    settled = console.settle()
    disk = console.disk_bytes() / sent.spans
    print(
        f"{sent.spans:,} spans, {peak:.0f} MB at the end of loading, quiet {settled:.0f} s later,"
        f" {disk:.0f} bytes a span"
    )


def _compare(few: Console, many: Console, rounds: int) -> None:
    print(f"\n{'':16}{'few: p50 /  p95 ms (CPU)':>28}{'many: p50 /  p95 ms (CPU)':>28}{'ratio of p50, p95':>20}")
    for name, of_few, of_many in ((name, address, _addresses(many)[name]) for name, address in _addresses(few).items()):
        a, b = _in_turn((few, of_few), (many, of_many), rounds=rounds)
        shown = "".join(f"{each.p50:>12.0f} / {each.p95:>4.0f} ({each.cpu:>4.0f})" for each in (a, b))
        print(f"{name:16}{shown}{b.p50 / a.p50:>14.2f} {b.p95 / a.p95:.2f}")


def _in_turn(*asked: tuple[Console, str], rounds: int) -> list[Times]:
    times: list[list[float]] = [[] for _ in asked]
    cpu = [0.0 for _ in asked]
    for console, address in asked:
        console.get_ms(address)
    for _ in range(rounds):
        for place, (console, address) in enumerate(asked):
            before = console.cpu_seconds()
            times[place].append(console.get_ms(address))
            cpu[place] += console.cpu_seconds() - before
    return [
        Times(percentile(each, 0.5), percentile(each, 0.95), spent / rounds * 1000)
        for each, spent in zip(times, cpu, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.pages", description=__doc__.split("\n\n")[0])
    parser.add_argument("--spans", type=int, nargs=2, default=(100_000, 1_000_000))
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with Console() as few, Console() as many:
        first_start = time.perf_counter()
        few.sign_in()
        print(f"first page after sign-in: {time.perf_counter() - first_start:.2f} s")
        many.sign_in()
        time.sleep(10)
        before = few.cpu_seconds()
        time.sleep(IDLE_SECONDS)
        print(f"idle: {few.memory_mb():.0f} MB, {(few.cpu_seconds() - before) / IDLE_SECONDS:.1%} of one core")
        for number, (console, spans) in enumerate(zip((few, many), options.spans, strict=True)):
            _fill(console, spans, seed=number)
        _compare(few, many, options.rounds)
        many.kill()
        print(f"\nstart to /readyz after a kill, {options.spans[1]:,} spans stored: {many.start():.2f} s")


if __name__ == "__main__":
    main()
