"""The dashboard's charts: rows in, Plotly dicts out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core import charts
from core.charts import Figure, Mark
from core.templatetags.onwatch import duration_text
from dashboard import links
from dashboard.health import DIMENSIONS, OVERALL
from telemetry.scope import Scope
from telemetry.window import Window

#: Names with a colour of their own; others take what is left, in alphabetical order.
KNOWN = (OVERALL, *DIMENSIONS)
MOST_SERIES = len(charts.SERIES)
LEAST_IN_LAST_STEP = 3
MILLISECOND = timedelta(milliseconds=1)

Trend = Sequence[tuple[datetime, Window]]


def score_names(trend: Trend) -> list[str]:
    """What the trend can show: the console's own names first, then those whose values lie between 0 and 1."""
    extremes: dict[str, tuple[float, float]] = {}
    for _, window in trend:
        for name, sums in window.scores.items():
            if sums.mean is not None:
                low, high = extremes.get(name, (sums.mean, sums.mean))
                extremes[name] = min(low, sums.mean), max(high, sums.mean)
    own = [name for name in KNOWN if name in extremes]
    others = sorted(name for name, (low, high) in extremes.items() if name not in KNOWN and low >= 0 and high <= 1)
    return (own + others)[:MOST_SERIES]


def colour_number(name: str, names: Sequence[str]) -> int:
    """1 to 8; the same name keeps its colour whichever others there are."""
    if name in KNOWN:
        return KNOWN.index(name) + 1
    others = [each for each in names if each not in KNOWN]
    return len(KNOWN) + others.index(name) % (MOST_SERIES - len(KNOWN)) + 1


def quality_figure(scope: Scope, trend: Trend, before: Trend, marks: Sequence[Mark]) -> Figure:
    """The mean of every score name over time, the comparison dashed behind; only the first name is shown at once."""
    names = score_names(trend)
    first = names[0] if names else ""
    traces = []
    for name in names:
        shared = {"unit": "score", "group": name, "on_demand": name != first}
        if any(window.score(name).count for _, window in before):
            traces.append(
                charts.line(*_means(before, name), name=f"{name}, before", colour=charts.BEFORE, dashed=True, **shared)
            )
        link = links.traces_at_point(scope, score=name)
        colour = charts.colour(colour_number(name, names) - 1)
        traces.append(
            charts.line(
                *_means(_settled(trend, name), name),
                name=name,
                colour=colour,
                link=link,
                step=scope.span.step,
                **shared,
            )
        )
    return charts.figure(
        *traces,
        uirevision=f"quality {scope.query()}",
        unit="score",
        y_range=(0, 1.03),
        x_range=_bounds(scope),
        marks=marks,
        legend=False,
    )


def failures_figure(scope: Scope, trend: Trend, before: Trend, marks: Sequence[Mark]) -> Figure:
    """Failed operations of every kind over time, the comparison dashed."""
    link = links.traces_at_point(scope, failed="1")
    traces = [
        charts.bars(*_failed(trend), name="failed", colour=charts.BAD, unit="count", link=link, step=scope.span.step)
    ]
    if any(window.failures for _, window in before):
        traces.append(
            charts.line(*_failed(before), name="failed, before", colour=charts.BEFORE, unit="count", dashed=True)
        )
    return charts.figure(
        *traces,
        uirevision=f"failures {scope.query()}",
        unit="count",
        y_title=f"failed in {duration_text(scope.span.step / MILLISECOND)}",
        x_range=_bounds(scope),
        marks=marks,
        legend=False,
    )


def _failed(trend: Trend) -> tuple[list[datetime], list[int]]:
    return [at for at, _ in trend], [sum(window.failures.values()) for _, window in trend]


def _bounds(scope: Scope) -> tuple[datetime, datetime]:
    span = links.whole_minutes(scope.span)
    return span.start, span.end


def _settled(trend: Trend, name: str) -> Trend:
    """Without a last step that has just begun: one low score in it would look like a fall."""
    *earlier, (_, last) = trend
    has_begun = last.score(name).count < LEAST_IN_LAST_STEP
    return earlier if has_begun and any(window.score(name).count for _, window in earlier) else trend


def _means(trend: Trend, name: str) -> tuple[list[datetime], list[float | None]]:
    means = [window.score(name).mean for _, window in trend]
    return [at for at, _ in trend], [None if mean is None else round(mean, 4) for mean in means]
