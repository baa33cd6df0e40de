"""Charts of quality. Pure: windows and counts in, figure out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from core import charts
from core.charts import Figure, Mark
from quality.evidence import interval
from telemetry.window import Window

Trend = Sequence[tuple[datetime, Window]]


def trend_figure(
    trend: Trend,
    before: Trend,
    *,
    name: str,
    step: timedelta,
    link: str,
    marks: Sequence[Mark],
    uirevision: str,
    before_name: str = "",
) -> Figure:
    """The mean of one score over time within its 95 % interval, the comparison dashed behind it."""
    x = [at for at, _ in trend]
    means = [_rounded(window.score(name).mean) for _, window in trend]
    bounds = [interval(window.score(name)) for _, window in trend]
    traces = [
        _bound(x, [each and _rounded(each.high) for each in bounds], "95 % upper bound"),
        _bound(x, [each and _rounded(each.low) for each in bounds], "95 % lower bound", fill="tonexty"),
    ]
    if any(window.score(name).count for _, window in before):
        # Steps are matched by their place: the comparison is as long as the range.
        earlier = [_rounded(window.score(name).mean) for _, window in before[: len(x)]]
        traces.append(
            charts.line(x[: len(earlier)], earlier, name=before_name, colour=charts.BEFORE, unit="score", dashed=True)
        )
    traces.append(charts.line(x, means, name=name, unit="score", link=link, step=step))
    known = [mean for mean in means if mean is not None]
    is_share = all(0 <= mean <= 1 for mean in known)
    return charts.figure(
        *traces,
        uirevision=uirevision,
        unit="score",
        y_range=(0, 1.03) if is_share else None,
        marks=marks,
        legend=False,
    )


def distribution_figure(counts: Sequence[int], edges: Sequence[float], links: Sequence[str], uirevision: str) -> Figure:
    """How many scores lie in each part of the range."""
    # Only the lower edge: ten pairs of numbers do not fit beneath their bars.
    names = [f"{low:.3g}+" for low in edges[:-1]]
    return charts.figure(
        charts.bars(names, list(counts), name="scores", unit="count", links=links), uirevision=uirevision, unit="count"
    )


def _bound(x: Sequence[datetime], y: Sequence[float | None], name: str, *, fill: str = "") -> dict[str, Any]:
    trace = charts.line(x, y, name=name, unit="score")
    trace |= {"line": {"width": 0, "color": charts.SERIES[0]}, "mode": "lines", "hoverinfo": "skip"}
    del trace["hovertemplate"]
    return trace | ({"fill": fill, "fillcolor": "var(--series-1-soft)"} if fill else {})


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
