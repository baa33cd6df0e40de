"""What the pages of metrics show, worked out from the query string."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from telemetry.metrics import queries as metric_queries
from telemetry.metrics.kinds import AGGREGATIONS, Aggregation, Shape, unit_text
from telemetry.metrics.queries import Attribute, Metric, Selection, Series
from telemetry.metrics.sums import Sums
from telemetry.scope import Scope

#: Parameters that begin so narrow the series: ``where.queue=mail``.
WHERE = "where."
#: More lines than this cannot be told apart.
MOST_GROUPS = 8
#: Values of one attribute that are offered.
MOST_VALUES = 12
#: What a small picture shows of each shape, without percentiles.
SMALL: Mapping[Shape, str] = {"gauge": "avg", "counter": "rate", "histogram": "avg", "summary": "avg"}
SPARK_WIDTH, SPARK_HEIGHT = 120, 26

#: What must be known of a metric before it is believed.
NOTES = {
    "gen_ai.usage.cost": "What its sender believes calls cost. Spend is priced from spans; this is never added to it.",
}
COARSE = (
    "Percentiles are limited by the sender's buckets: nearly everything that was measured lies in one of them. "
    "For model calls, the latency of spans is exact."
)


class BadMetric(ValueError):
    """A parameter that names nothing of the metric; the message says what it takes."""


def number_text(value: float | None) -> str:
    """Four digits, and all of a whole number."""
    if value is None or math.isnan(value):
        return "–"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.2f}" if 100 <= abs(value) < 1e7 else f"{value:.4g}"


def value_text(value: float | None, unit: str) -> str:
    shown = number_text(value)
    if value is None or not unit:
        return shown
    return f"{unit}{shown}" if unit == "$" else f"{shown} {unit}"


def unit_of(aggregation: Aggregation, unit: str) -> str:
    shown = "" if aggregation.is_count else unit_text(unit)
    return f"{shown}{aggregation.per}" if shown else aggregation.per.replace("/s", "per second")


class Row(NamedTuple):
    """One metric in the list."""

    metric: Metric
    unit: str
    #: What the value is: ``rate``, ``average``.
    how: str
    value: str
    #: Points of an SVG line, empty where there is too little to draw.
    spark: str
    url: str


def rows(scope: Scope, text: str) -> list[Row]:
    """All metrics of the project whose name holds the text. Runs three queries; raises StoreUnavailable."""
    project_id, found = scope.project.pk, metric_queries.metrics(scope.project.pk, text=text)
    if not found:
        return []
    by_name: dict[str, list[Series]] = {metric.name: [] for metric in found}
    for series in metric_queries.series_of(project_id, list(by_name)):
        by_name[series.name].append(series)
    everything = [series for series_of_one in by_name.values() for series in series_of_one]
    steps = metric_queries.latest(everything, project_id, datetime.now(UTC))
    return [_row(scope, metric, by_name[metric.name], steps) for metric in found]


def _row(scope: Scope, metric: Metric, series: Sequence[Series], steps: Mapping[int, Mapping[int, Sums]]) -> Row:
    how = AGGREGATIONS[metric.shape][SMALL[metric.shape]]
    together: dict[int, Sums] = {}
    for each in series:
        if each.shape == metric.shape:
            for at, sums in steps.get(each.number, {}).items():
                together.setdefault(at, Sums()).add(sums)
    seconds = int(metric_queries.SMALL_STEP.total_seconds())
    values = [(at, how.read(sums, so_far(at, seconds, sums))) for at, sums in sorted(together.items())]
    known = [(at, value) for at, value in values if value is not None]
    unit = unit_of(how, metric.unit)
    return Row(
        metric,
        unit_text(metric.unit),
        how.label,
        value_text(known[-1][1], unit) if known else "–",
        spark(known),
        scope.query(metric=metric.name),
    )


def so_far(at: int, seconds: int, sums: Sums) -> float:
    """The length of a step, or of as much of the present one as has been told of."""
    if at + seconds <= datetime.now(UTC).timestamp() or not sums.latest:
        return seconds
    newest = max(when for when, _ in sums.latest.values())
    return max(1.0, min(seconds, newest.timestamp() - at))


def spark(points: Sequence[tuple[int, float]]) -> str:
    """The points of a small line that fills its picture."""
    if len(points) < 2:
        return ""
    first, last = points[0][0], points[-1][0]
    low, high = min(value for _, value in points), max(value for _, value in points)
    across, up = SPARK_WIDTH - 4, SPARK_HEIGHT - 4
    return " ".join(
        f"{2 + across * (at - first) / (last - first):.1f},{2 + up * (1 - (value - low) / ((high - low) or 1)):.1f}"
        for at, value in points
    )


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    values: list[float | None]


@dataclass(slots=True)
class Chart:
    """One metric over time, as asked for."""

    name: str
    selection: Selection
    aggregation: str
    by: str
    where: dict[str, str]
    unit: str
    times: list[datetime] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    #: Groups that are not drawn.
    left_out: int = 0
    attributes: list[Attribute] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: The range as a whole.
    value: str = "–"

    @property
    def how(self) -> Aggregation:
        return AGGREGATIONS[self.selection.shape][self.aggregation]

    @property
    def choices(self) -> Mapping[str, Aggregation]:
        return AGGREGATIONS[self.selection.shape]

    @property
    def is_empty(self) -> bool:
        return not any(value is not None for line in self.lines for value in line.values)

    @property
    def senders(self) -> list[str]:
        return sorted({series.service for series in self.selection.series if series.service})


def chart(scope: Scope, query: Mapping[str, str]) -> Chart | None:
    """None where the project has no such metric. Raises BadMetric or StoreUnavailable."""
    project_id, name = scope.project.pk, query.get("metric", "")
    where = {key.removeprefix(WHERE): value for key, value in query.items() if key.startswith(WHERE)}
    attributes = metric_queries.attributes(project_id, name)
    if not attributes and not metric_queries.select(project_id, name).series:
        return None
    selection = metric_queries.select(project_id, name, where)
    if not selection.series:
        selection = Selection(metric_queries.select(project_id, name).series[:0])
    known = AGGREGATIONS[selection.shape]
    aggregation = query.get("aggregation") or next(iter(known))
    if selection.series and aggregation not in known:
        raise BadMetric(f"aggregation: {aggregation!r} is not one of {', '.join(known)}")
    if aggregation not in known:
        aggregation = next(iter(known))
    by = query.get("by", "")
    if by and by not in {attribute.name for attribute in attributes}:
        raise BadMetric(f"by: {by!r} is no attribute of {name}")
    shown = Chart(name, selection, aggregation, by, where, unit_of(known[aggregation], selection.unit))
    shown.attributes = [each for each in attributes if each.different > 1 or each.name in where]
    _fill(shown, scope)
    return shown


def _fill(shown: Chart, scope: Scope) -> None:
    step = scope.span.step
    seconds = int(step.total_seconds())
    groups = metric_queries.over_time(
        shown.selection, scope.project.pk, scope.span, step, by=shown.by, with_buckets=shown.how.needs_buckets
    )
    lines = [
        Line(label, [shown.how.read(sums, so_far(at, seconds, sums)) for at, sums in steps])
        for label, steps in sorted(groups.items())
    ]
    lines.sort(key=lambda line: -max((value for value in line.values if value is not None), default=-math.inf))
    shown.lines, shown.left_out = lines[:MOST_GROUPS], max(0, len(lines) - MOST_GROUPS)
    shown.times = [datetime.fromtimestamp(at, UTC) for at, _ in next(iter(groups.values()), [])]
    whole = Sums()
    for steps in groups.values():
        for _, sums in steps:
            whole.add(sums)
    shown.value = value_text(shown.how.read(whole, scope.span.length.total_seconds()), shown.unit)
    if shown.name in NOTES:
        shown.notes.append(NOTES[shown.name])
    if whole.is_coarse:
        shown.notes.append(COARSE)
    if shown.selection.is_cut:
        shown.notes.append(f"Of more than {metric_queries.MOST_SERIES} series these figures hold those seen last.")
