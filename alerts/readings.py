"""Reading the series that rules watch, from the same windows of telemetry as every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.series import Definition, Reading, Watch
from core.timerange import TimeRange
from costs import budgets
from telemetry import series as telemetry_series
from telemetry.window import Window, merged

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Point:
    at: datetime
    value: float | None
    sample: int


def window_ending(now: datetime, length: timedelta) -> TimeRange:
    """Whole minutes up to and with the present one, so that a problem counts as soon as it is stored."""
    end = now.replace(second=0, microsecond=0) + MINUTE
    return TimeRange(end - length, end)


def read(watch: Watch, span: TimeRange) -> Reading:
    """The series over this stretch, exact to the minute. Raises StoreUnavailable."""
    definition = watch.definition
    if definition.read is None:
        return _fullest_budget(watch, span.end)
    return definition.read(telemetry_series.total(watch.project_id, span, watch.filters), watch.subject)


def _fullest_budget(watch: Watch, now: datetime) -> Reading:
    watched = [watch.budget] if watch.budget else budgets.for_project_id(watch.project_id)
    shares = [100 * budgets.status(budget, now).share for budget in watched]
    return Reading(max(shares), len(shares)) if shares else Reading(None, 0)


def points(watch: Watch, span: TimeRange, *, step: timedelta, window: timedelta) -> list[Point]:
    """The series as the rule sees it: at every step, the reading of the window that ends there.

    Runs one query. Empty for a series that is not read from windows.
    """
    definition = watch.definition
    if definition.read is None:
        return []
    found = telemetry_series.windows(watch.project_id, TimeRange(span.start - window, span.end), step, watch.filters)
    width = max(1, round(window / step))
    return [_point(definition, watch.subject, found, index, width, step) for index in range(width - 1, len(found))]


def _point(
    definition: Definition,
    subject: str,
    found: Sequence[tuple[datetime, Window]],
    index: int,
    width: int,
    step: timedelta,
) -> Point:
    assert definition.read is not None
    reading = definition.read(merged(window for _, window in found[index + 1 - width : index + 1]), subject)
    return Point(found[index][0] + step, reading.value, reading.sample)
