"""What a browser takes for the dashboard: bytes, requests, and the time until every chart is drawn.

    python -m bench.first_load                  # 100,000 spans over 24 hours, five visits, some two minutes

Every visit is a new browser context, whose cache is empty; the second page in it finds what the first one left there.
Sign-in goes through the form, before the clock starts. A chart is drawn when the paths of its series are in the
document; the page itself looks at every frame, so that times are those of its own clock, from the start of the
navigation. Beside it stands what Plotly's script alone takes. Needs the packages of the tests and a Chromium.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from playwright.sync_api import BrowserContext

from bench.console import Console
from bench.screenshots import browser, sign_in
from bench.workload import Workload

DASHBOARD = "/?project=default&range=24h"
SPANS_PER_REQUEST = 480
MOST_BYTES = 1_600_000
MOST_MS = 2_000
#: Notes when, for the first time, every chart has paths in it and the frame with them has been handed to the screen.
WATCH = """
const look = () => {
  const charts = [...document.querySelectorAll("[data-js-figure]")];
  const isDrawn = (chart) => chart.querySelector(".cartesianlayer .trace path[d]");
  if (document.readyState === "loading" || !charts.length || !charts.every(isDrawn)) requestAnimationFrame(look);
  else requestAnimationFrame(() => { document.documentElement.dataset.benchDrawn = performance.now(); });
};
requestAnimationFrame(look);
"""
#: Milliseconds of Plotly's script on a page that has nothing else.
PLOTLY_ALONE = """
(source) => new Promise((resolve, reject) => {
  const script = document.createElement("script");
  const began = performance.now();
  script.src = source;
  script.onload = () => resolve(performance.now() - began);
  script.onerror = reject;
  document.head.append(script);
})
"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


class Visit(NamedTuple):
    """One opening of the dashboard. Bytes are those on the wire, headers included, without the live socket's."""

    bytes: int
    requests: int
    first_paint_ms: float
    drawn_ms: float
    charts: int
    plotly: str


def visit(context: BrowserContext) -> Visit:
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.add_init_script(WATCH)
    page.goto(DASHBOARD, wait_until="load")
    whole = page.locator("html[data-bench-drawn]")
    whole.wait_for(state="attached", timeout=60_000)
    drawn = float(whole.get_attribute("data-bench-drawn"))
    page.wait_for_timeout(500)
    charts = page.locator("[data-js-figure]").count()
    plotly = page.locator("script[data-plotly]").get_attribute("data-plotly")
    found = Visit(sum(sizes), len(sizes), page.evaluate(FIRST_PAINT), drawn, charts, plotly)
    page.close()
    return found


def plotly_alone(context: BrowserContext, source: str) -> float:
    page = context.new_page()
    page.goto("/healthz")
    took = page.evaluate(PLOTLY_ALONE, source)
    page.close()
    return took


def _shown(values: Sequence[float], places: int = 0) -> str:
    return f"{statistics.median(values):,.{places}f} / {max(values):,.{places}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=100_000)
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--gzip", action="store_true", help="as browsers ask other hosts without TLS: no Brotli")
    options = parser.parse_args()
    encodings = {"Accept-Encoding": "gzip, deflate"} if options.gzip else {}
    cold: list[Visit] = []
    warm: list[Visit] = []
    alone: list[float] = []
    with Console() as console, browser() as started:
        bodies = Workload().bodies(options.spans, spans_per_request=SPANS_PER_REQUEST)
        sent = console.load(bodies, spans_per_request=SPANS_PER_REQUEST, connections=4)
        print(f"{sent.spans:,} spans; quiet {console.settle():.0f} s after loading")
        entrance = started.new_context(base_url=console.url)
        sign_in(entrance.new_page())
        state = entrance.storage_state()
        entrance.close()
        for _ in range(options.visits):
            context = started.new_context(
                base_url=console.url,
                storage_state=state,
                viewport={"width": 1440, "height": 1000},
                extra_http_headers=encodings,
            )
            cold.append(visit(context))
            warm.append(visit(context))
            alone.append(plotly_alone(context, warm[-1].plotly))
            context.close()
    print(f"{options.visits} visits, {cold[0].charts} charts; median / worst\n")
    print("| cache | MB over the wire | requests | first contentful paint ms | every chart drawn ms |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, visits in (("empty", cold), ("warm", warm)):
        columns = (
            _shown([each.bytes / 1e6 for each in visits], 3),
            _shown([each.requests for each in visits]),
            _shown([each.first_paint_ms for each in visits]),
            _shown([each.drawn_ms for each in visits]),
        )
        print(f"| {name} | {' | '.join(columns)} |")
    print(f"| goal, empty | {MOST_BYTES / 1e6:.1f} | | | {MOST_MS:,} |")
    print(f"\nPlotly's script alone, from the cache, on a page with nothing else: {_shown(alone)} ms")


if __name__ == "__main__":
    main()
