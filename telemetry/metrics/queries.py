"""Questions about metrics: which there are, and what they say over time. All raise StoreUnavailable.

A chart reads points where its steps are finer than five minutes; else a roll-up, and points for the last two hours
alone, so that thirty days cost little more than an hour and what has just come is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from core.timerange import TimeRange
from telemetry import store
from telemetry.metrics.kinds import Shape, shape_of
from telemetry.metrics.sums import SeriesStep, Sums, by_step

#: Series that one figure adds up; of more, those that were in use last.
MOST_SERIES = 500
MOST_METRICS = 200
#: What came in this time is read from the points: roll-ups follow a little later.
RECENT = timedelta(hours=2)
#: What the small pictures of a list show.
SMALL_SPAN, SMALL_STEP = timedelta(hours=3), timedelta(minutes=4)
#: Before a chart's first step, so that a running total has a point to be compared with.
REACH = timedelta(minutes=15)

#: So long a gauge is taken to be what it was.
HOLDS_SECONDS = 300

_FIVE_MINUTES, _HOUR = 300, 3600
_COLUMNS = """series, start_time, cumulative, slot, bounds_hash, points, last_at, last, total, low, high, count,
        minimum, maximum, bounds, buckets, quantiles, quantile_values"""
_OF_SERIES = "project_id = {project_id:UInt32} AND series IN {series:Array(UInt64)}"
_ROLLED = f"""SELECT {_COLUMNS} FROM {{table}} FINAL
    WHERE {_OF_SERIES} AND slot >= fromUnixTimestamp64Micro({{start:Int64}}, 'UTC')
        AND slot < fromUnixTimestamp64Micro(least({{end:Int64}}, {{cut:Int64}}), 'UTC')"""
_POINTS = f"""SELECT
        series, start_time, cumulative, time AS slot, cityHash64(bounds) AS bounds_hash, 1 AS points, time AS last_at,
        value AS last, value AS total, value AS low, value AS high, count, minimum, maximum, bounds, buckets, quantiles,
        quantile_values
    FROM metric_points
    WHERE {_OF_SERIES} AND time >= fromUnixTimestamp64Micro(greatest({{start:Int64}}, {{cut:Int64}}), 'UTC')
        AND time < fromUnixTimestamp64Micro({{end:Int64}}, 'UTC')"""
_BUCKETS = """any(bounds) AS upper_bounds,
    if(cumulative, argMax(buckets, last_at), sumForEach(buckets)) AS counts,
    argMax(quantiles, last_at) AS shares,
    argMax(quantile_values, last_at) AS at_shares"""
_NO_BUCKETS = "[] AS upper_bounds, [] AS counts, [] AS shares, [] AS at_shares"


class Metric(NamedTuple):
    """One metric of a project, as it was last sent."""

    name: str
    kind: str
    unit: str
    temporality: str
    monotonic: bool
    series: int
    senders: list[str]
    seen: datetime

    @property
    def shape(self) -> Shape:
        return shape_of(self.kind, self.temporality, self.monotonic)


class Series(NamedTuple):
    name: str
    number: int
    kind: str
    unit: str
    temporality: str
    monotonic: bool
    service: str
    scope: str
    attributes: dict[str, str]

    @property
    def shape(self) -> Shape:
        return shape_of(self.kind, self.temporality, self.monotonic)


class Attribute(NamedTuple):
    name: str
    values: list[str]
    different: int


@dataclass(frozen=True, slots=True)
class Selection:
    """The series of one metric that fit, and whether there are more than are read."""

    series: list[Series] = field(default_factory=list)
    is_cut: bool = False

    @property
    def shape(self) -> Shape:
        return self.series[0].shape if self.series else "gauge"

    @property
    def unit(self) -> str:
        return self.series[0].unit if self.series else ""


def metrics(project_id: int, *, text: str = "") -> list[Metric]:
    """By name, at most ``MOST_METRICS``."""
    return store.rows(Metric, "telemetry/metric_list", project_id=project_id, q=text, limit=MOST_METRICS)


def select(project_id: int, name: str, attributes: Mapping[str, str] | None = None) -> Selection:
    """The series of one metric, of one shape, that have all of these attributes."""
    where, parameters = _where(attributes or {})
    found = store.rows(
        Series,
        "telemetry/metric_series",
        where=where,
        project_id=project_id,
        names=[name],
        each=MOST_SERIES + 1,
        limit=MOST_SERIES + 1,
        **parameters,
    )
    # A name that was sent as a gauge and as a histogram is what it was last.
    alike = [series for series in found if series.shape == found[0].shape]
    return Selection(alike[:MOST_SERIES], len(found) > MOST_SERIES)


def _where(attributes: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    clauses, parameters = [], {}
    for place, (name, value) in enumerate(sorted(attributes.items())):
        clauses.append(f"AND attributes[{{name_{place}:String}}] = {{value_{place}:String}}")
        parameters |= {f"name_{place}": name, f"value_{place}": value}
    return " ".join(clauses), parameters


def attributes(project_id: int, name: str) -> list[Attribute]:
    """What the series of a metric are told apart by."""
    return store.rows(Attribute, "telemetry/metric_attributes", project_id=project_id, name=name)


def by_series(
    series: Sequence[Series], project_id: int, span: TimeRange, step: timedelta, *, with_buckets: bool = True
) -> dict[int, dict[int, Sums]]:
    """Series -> step (seconds since 1970) -> what it says there. Steps begin at multiples of themselves."""
    seconds = int(step.total_seconds())
    begin, end = _steps(span, seconds)
    found: defaultdict[int, dict[int, Sums]] = defaultdict(dict)
    for number, at, sums in _read([each.number for each in series], project_id, begin, end, seconds, with_buckets):
        found[number].setdefault(at, Sums()).add(sums)
    return found


def over_time(
    selection: Selection, project_id: int, span: TimeRange, step: timedelta, *, by: str = "", with_buckets: bool = True
) -> dict[str, list[tuple[int, Sums]]]:
    """Value of the attribute ``by`` (empty for all together) -> one entry a step, empty ones too, oldest first."""
    seconds = int(step.total_seconds())
    begin, end = _steps(span, seconds)
    labels = {series.number: series.attributes.get(by, "") if by else "" for series in selection.series}
    groups: dict[str, dict[int, Sums]] = {label: {} for label in labels.values()}
    for number, steps in by_series(selection.series, project_id, span, step, with_buckets=with_buckets).items():
        group = groups[labels[number]]
        if selection.shape == "gauge":
            _carry(steps, range(begin, end, seconds))
        for at, sums in steps.items():
            group.setdefault(at, Sums()).add(sums)
    return {
        label: [(at, steps.get(at) or Sums()) for at in range(begin, end, seconds)] for label, steps in groups.items()
    }


def _carry(steps: dict[int, Sums], times: range) -> None:
    """A gauge holds until it is told anew: senders that report by turns would else never stand in one sum."""
    last: dict[int, tuple[datetime, float]] = {}
    for at in times:
        if at in steps:
            last = steps[at].latest
        elif last and at - max(last.values())[0].timestamp() <= HOLDS_SECONDS:
            steps[at] = Sums(latest=dict(last))


def _steps(span: TimeRange, seconds: int) -> tuple[int, int]:
    begin = int(span.start.timestamp()) // seconds * seconds
    return begin, -int(-span.end.timestamp() // seconds) * seconds


def _read(
    series: Sequence[int], project_id: int, begin: int, end: int, seconds: int, with_buckets: bool
) -> list[tuple[int, int, Sums]]:
    if not series:
        return []
    reach = max(int(REACH.total_seconds()), 2 * seconds)
    table, slot = _rollup(seconds)
    recent = int((datetime.now(UTC) - RECENT).timestamp()) // slot * slot if slot else 0
    source = f"({_ROLLED.replace('{table}', table)} UNION ALL {_POINTS})" if slot else f"({_POINTS})"
    rows = store.rows(
        SeriesStep,
        "telemetry/metric_steps",
        pieces={"source": source, "buckets": _BUCKETS if with_buckets else _NO_BUCKETS},
        project_id=project_id,
        series=list(series),
        step=seconds,
        start=(begin - reach) * 1_000_000,
        end=end * 1_000_000,
        cut=recent * 1_000_000,
    )
    return list(by_step(rows, since=begin))


def _rollup(seconds: int) -> tuple[str, int]:
    """The coarsest roll-up whose slots fit into the steps; none for fine ones."""
    if seconds % _HOUR == 0:
        return "metric_points_1h", _HOUR
    return ("metric_points_5m", _FIVE_MINUTES) if seconds % _FIVE_MINUTES == 0 else ("", 0)


def total(selection: Selection, project_id: int, span: TimeRange, *, with_buckets: bool = True) -> Sums:
    """What the series say of a stretch as a whole, exact to the minute where it is no longer than six hours."""
    length = span.end - span.start
    step = timedelta(minutes=1) if length <= timedelta(hours=6) else timedelta(minutes=5)
    sums = Sums()
    for steps in by_series(selection.series, project_id, span, step, with_buckets=with_buckets).values():
        for _, each in sorted(steps.items()):
            sums.add(each)
    return sums


def latest(series: Sequence[Series], project_id: int, now: datetime) -> dict[int, dict[int, Sums]]:
    """The last hours of many series, for small pictures: without percentiles."""
    span = TimeRange(now - SMALL_SPAN, now)
    return by_series(series, project_id, span, SMALL_STEP, with_buckets=False)


def series_of(project_id: int, names: Sequence[str]) -> list[Series]:
    """The series of several metrics, of each those in use last."""
    return store.rows(
        Series,
        "telemetry/metric_series",
        project_id=project_id,
        names=list(names),
        each=MOST_SERIES // 5,
        limit=4 * MOST_SERIES,
    )
