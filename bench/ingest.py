"""Spans stored before the answer, per second, beside what the engine alone takes of the same rows.

    python -m bench.ingest [--spans 96000] [--connections 8 32] [--spans-per-request 48] [--url http://… ]

Without ``--url`` the product is started from nothing in a folder of its own. This process sends; every request is built
before the clock starts. The engine alone is measured in the same run, in a third process, after the load.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from bench.console import ROOT, Console, percentile
from bench.sender import Sent
from bench.workload import Workload

#: Rows of one insert into the engine alone: as small as a group, and as large as it likes them.
REFERENCE_BATCHES = (384, 1_000, 10_000)
REFERENCE_ROWS = 40_000


class Load(NamedTuple):
    """One load and what the console took meanwhile; the last two are 0 where it is not ours to look at."""

    connections: int
    sent: Sent
    cpu_seconds: float
    memory_mb: float

    @property
    def rate(self) -> float:
        return self.sent.spans / self.sent.seconds


def _load(console: Console, bodies: Sequence[bytes], *, connections: int, spans_per_request: int) -> Load:
    ours = console.process is not None
    before = console.cpu_seconds() if ours else 0.0
    sent = console.load(bodies, spans_per_request=spans_per_request, connections=connections)
    cpu = console.cpu_seconds() - before if ours else 0.0
    return Load(connections, sent, cpu, console.memory_mb() if ours else 0.0)


def _print_loads(loads: Sequence[Load]) -> None:
    print("\n| connections | spans/s | p50 ms | p95 ms | p99 ms | server CPU µs/span | memory MB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for load in loads:
        p50, p95, p99 = (percentile(load.sent.latencies, share) for share in (0.5, 0.95, 0.99))
        cpu = load.cpu_seconds / max(1, load.sent.spans) * 1e6
        print(
            f"| {load.connections} | {load.rate:,.0f} | {p50:.0f} | {p95:.0f} | {p99:.0f} | {cpu:.0f}"
            f" | {load.memory_mb:.0f} |"
        )


def _print_reference(rates: dict[str, float], loads: Sequence[Load]) -> None:
    print(
        "\n| the engine alone: rows an insert | rows/s | "
        + " | ".join(f"ratio at {x.connections}" for x in loads)
        + " |"
    )
    print("| ---: | ---: |" + " ---: |" * len(loads))
    for batch, rate in rates.items():
        print(f"| {int(batch):,} | {rate:,.0f} | " + " | ".join(f"{load.rate / rate:.2f}" for load in loads) + " |")


def _reference() -> dict[str, float]:
    """Rates of the engine alone, measured in a process of its own: it takes one folder per process."""
    folder = tempfile.mkdtemp(prefix="onwatch-bench-engine-")
    try:
        environment = os.environ | {"ONWATCH_DATA": folder, "DJANGO_SETTINGS_MODULE": "onwatch.settings"}
        command = [sys.executable, "-m", "bench.ingest", "--engine-alone"]
        answer = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        return json.loads(answer.stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _engine_alone() -> None:
    """Insert decoded rows, as columns, into ``spans`` and nothing else; prints rows/s by batch size as JSON."""
    import django

    django.setup()
    from datetime import UTC, datetime

    from accounts.keys import Caller
    from telemetry import store
    from telemetry.columns import span_columns
    from telemetry.dialects import otlp

    caller = Caller(0, 1, "default", frozenset())
    bodies = Workload().bodies(REFERENCE_ROWS)
    spans = [span for body in bodies for span in otlp.decode_traces(body, json=False, caller=caller).spans]
    store.migrate()
    rates = {}
    for batch in REFERENCE_BATCHES:
        parts = [
            span_columns(spans[at : at + batch], [1] * len(spans[at : at + batch]), datetime.now(UTC))
            for at in range(0, len(spans), batch)
        ]
        store.insert("spans", parts[0])
        began = time.perf_counter()
        for part in parts:
            store.insert("spans", part)
        rates[str(batch)] = len(spans) / (time.perf_counter() - began)
    print(json.dumps(rates))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--connections", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--spans", type=int, default=96_000, help="for each number of connections")
    parser.add_argument("--spans-per-request", type=int, default=48)
    parser.add_argument("--url", help="a console that runs already and needs no key")
    parser.add_argument("--engine-alone", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.engine_alone:
        _engine_alone()
        return

    per_request = arguments.spans_per_request
    built = [
        list(Workload(seed=seed).bodies(arguments.spans, spans_per_request=per_request))
        for seed in range(2, 2 + len(arguments.connections))
    ]
    warm_up = list(Workload(seed=1).bodies(4_800, spans_per_request=per_request))
    size = sum(map(len, built[0])) / (len(built[0]) * per_request)
    print(
        f"{arguments.spans:,} spans for each load, {per_request} a request, {size:,.0f} bytes a span before compression"
    )

    console = Console()
    if arguments.url:
        console.url, console.port = arguments.url, urlsplit(arguments.url).port or 80
        _measure(console, warm_up, built, arguments.connections, per_request)
        return
    with console:
        _measure(console, warm_up, built, arguments.connections, per_request)


def _measure(
    console: Console, warm_up: list[bytes], built: list[list[bytes]], connections: list[int], per_request: int
) -> None:
    console.load(warm_up, spans_per_request=per_request, connections=4)
    loads = [
        _load(console, bodies, connections=number, spans_per_request=per_request)
        for number, bodies in zip(connections, built, strict=True)
    ]
    _print_loads(loads)
    if console.process is not None:
        spans = sum(load.sent.spans for load in loads) + len(warm_up) * per_request
        settled = console.settle()
        size = console.disk_bytes() / spans
        print(f"\n{size:,.0f} bytes on disk a span, with everything that comes with it, {settled:.0f} s later")
    _print_reference(_reference(), loads)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
