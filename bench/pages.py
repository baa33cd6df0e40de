"""Server time of every panel and of lists, at two sizes; memory, disk and start.

python -m bench.pages                    # 100,000 and 1,000,000 spans, some five minutes
python -m bench.pages --spans 20000 100000
"""

from __future__ import annotations

import argparse
import re
import time

from bench.console import Console, percentile
from bench.workload import Workload

SPANS_PER_REQUEST = 480
PANELS = ("health", "quality", "errors", "issues", "costs", "alerts")


def _addresses(console: Console) -> dict[str, str]:
    page = console.browser.open(f"{console.url}/traces/?project=default").read().decode()
    trace = re.search(r'href="(/traces/[0-9a-f]{32}/[^"]*)"', page)[1].replace("&amp;", "&")
    panels = {f"panel {name}": f"/panels/{name}/?project=default" for name in PANELS}
    return panels | {"newest traces": "/traces/?project=default", "one trace": trace}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.pages", description=__doc__.split("\n\n")[0])
    parser.add_argument("--spans", type=int, nargs=2, default=(100_000, 1_000_000))
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with Console() as console:
        first_start = time.perf_counter()
        console.sign_in()
        print(f"first page after sign-in: {time.perf_counter() - first_start:.2f} s")
        time.sleep(10)
        before = console.cpu_seconds()
        time.sleep(20)
        print(f"idle: {console.memory_mb():.0f} MB, {(console.cpu_seconds() - before) / 20:.1%} of one core")
        stored, figures = 0, {}
        for number, size in enumerate(options.spans):
            bodies = Workload(seed=number).bodies(size - stored, spans_per_request=SPANS_PER_REQUEST)
            sent = console.load(bodies, spans_per_request=SPANS_PER_REQUEST, connections=4)
            stored += sent.spans
            peak = console.memory_mb()
            time.sleep(15)
            disk = console.disk_bytes() / stored
            print(f"{stored:,} spans, {peak:.0f} MB at the end of loading, {disk:.0f} bytes a span")
            for name, address in _addresses(console).items():
                console.get_ms(address)
                times = [console.get_ms(address) for _ in range(options.rounds)]
                figures.setdefault(name, []).append((percentile(times, 0.5), percentile(times, 0.95)))
        print(f"\n{'':18}" + "".join(f"{size:>14,} p50/p95" for size in options.spans) + "   p95 ratio")
        for name, ((a50, a95), (b50, b95)) in figures.items():
            print(f"{name:18}{a50:>13.0f} /{a95:>6.0f} ms{b50:>12.0f} /{b95:>6.0f} ms{b95 / a95:>10.2f}")
        console.kill()
        print(f"\nstart to /readyz after a kill, {stored:,} spans stored: {console.start():.2f} s")


if __name__ == "__main__":
    main()
