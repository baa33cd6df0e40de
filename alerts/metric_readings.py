"""Reading a metric that a rule watches. A name that nobody sends, and an aggregation that does not fit, are no data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from alerts.series import Reading, Watch
from alerts.stretches import sliding as stretches
from core.timerange import TimeRange
from telemetry.metrics import queries as metric_queries
from telemetry.metrics.kinds import AGGREGATIONS, Aggregation, Shape
from telemetry.metrics.queries import Selection
from telemetry.metrics.sums import Sums

NOTHING = Reading(None, 0)


def total(watch: Watch, span: TimeRange) -> Reading:
    """The metric over this stretch as a whole. Raises StoreUnavailable."""
    selection = _select(watch)
    how = _aggregation(watch, selection.shape)
    if how is None:
        return NOTHING
    sums = metric_queries.total(selection, watch.project_id, span, with_buckets=how.needs_buckets)
    return _reading(sums, selection.shape, how, span.length.total_seconds())


def sliding(watch: Watch, span: TimeRange, step: timedelta, width: int) -> tuple[list[datetime], list[Reading]]:
    """The ends of all stretches of ``width`` steps in the range, and their readings. Raises StoreUnavailable."""
    selection = _select(watch)
    how = _aggregation(watch, selection.shape)
    if how is None:
        return [], []
    steps = metric_queries.over_time(selection, watch.project_id, span, step, with_buckets=how.needs_buckets).get(
        "", []
    )
    seconds = width * step.total_seconds()
    looks = stretches([sums for _, sums in steps], width, _merged)
    ends = [datetime.fromtimestamp(at, UTC) + step for at, _ in steps[width - 1 :]]
    return ends, [_reading(look, selection.shape, how, seconds) for look in looks]


def _select(watch: Watch) -> Selection:
    return metric_queries.select(watch.project_id, watch.subject, watch.attributes)


def _aggregation(watch: Watch, shape: Shape) -> Aggregation | None:
    known = AGGREGATIONS[shape]
    return known.get(watch.aggregation or next(iter(known)))


def _reading(sums: Sums, shape: Shape, how: Aggregation, seconds: float) -> Reading:
    value = how.read(sums, seconds)
    if value is None:
        return NOTHING
    return Reading(value, sums.count if shape in ("histogram", "summary") else sums.points, value, value)


def _merged(parts: Sequence[Sums]) -> Sums:
    whole = Sums()
    for part in parts:
        whole.add(part)
    return whole
