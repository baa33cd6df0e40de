"""Reading the series that rules watch, from the same windows of telemetry as every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts import metric_readings
from alerts.series import Reading, Series, Watch
from alerts.stretches import sliding
from core.timerange import TimeRange
from costs import budgets
from costs.models import Budget
from telemetry import series as telemetry_series
from telemetry.filters import Filters
from telemetry.series import Parts
from telemetry.window import merged

MINUTE = timedelta(minutes=1)
#: Counts that must not fall are looked at once late senders had time to report.
SETTLING = 2 * MINUTE


@dataclass(frozen=True, slots=True)
class Point:
    """What the rule saw at this moment, looking back over its window."""

    at: datetime
    reading: Reading


def window_ending(now: datetime, length: timedelta, *, exactly: bool = True) -> TimeRange:
    """Whole minutes up to and with the present one, so that a problem counts as soon as it is stored.

    Counts and sums take the present minute as the last of the window. Ratios, means and quantiles (not ``exactly``)
    take it besides: what is sent when its minute has just ended is then seen by a window of one minute too.
    """
    minute = now.replace(second=0, microsecond=0)
    return TimeRange(minute - length + (MINUTE if exactly else timedelta()), minute + MINUTE)


def read(watch: Watch, span: TimeRange, now: datetime) -> Reading:
    """The series over this stretch, exact to the minute; a budget as it stands ``now``. Raises StoreUnavailable."""
    definition = watch.definition
    if watch.series == Series.METRIC:
        return metric_readings.total(watch, span)
    if definition.read is None:
        return _budget(watch, now)
    return definition.read(
        telemetry_series.total(watch.project_id, span, watch.filters, parts=definition.parts), watch.subject
    )


def fullest_budget(watch: Watch, now: datetime) -> budgets.BudgetStatus | None:
    """The budget that is used up most, and of one for each user (feature, model) whose; None without a budget."""
    if watch.budget is None:
        return max(budgets.for_project(watch.project_id, now), key=lambda status: status.share, default=None)
    return budgets.status(watch.budget, now) if watch.budget.enabled else None


def _budget(watch: Watch, now: datetime) -> Reading:
    status = fullest_budget(watch, now)
    if status is None:
        return Reading(None, 0)
    share = 100 * status.share
    about = f"{status.budget.name}, {status.value}" if status.budget.is_each and status.value else status.budget.name
    return Reading(share, 1, share, share, about)


def points(watch: Watch, span: TimeRange, *, step: timedelta, window: timedelta) -> list[Point]:
    """The series as the rule sees it: at every step, the reading of the window that ends there.

    Runs one query (two for a budget, whose points are the spend so far in its present period). Empty for a
    user's budget, which no roll-up cuts by time.
    """
    definition = watch.definition
    width = max(1, round(window / step))
    reach = TimeRange(span.start - (width - 1) * step, span.end)
    if watch.series == Series.METRIC:
        ends, readings = metric_readings.sliding(watch, reach, step, width)
        return [Point(end, reading) for end, reading in zip(ends, readings, strict=True)]
    if definition.read is None:
        return _budget_points(watch, span.end, step)
    found = telemetry_series.windows(watch.project_id, reach, step, watch.filters, parts=definition.parts)
    ends = [at + step for at, _ in found[width - 1 :]]
    looks = sliding([window for _, window in found], width, merged)
    return [Point(end, definition.read(look, watch.subject)) for end, look in zip(ends, looks, strict=True)]


def _budget_points(watch: Watch, now: datetime, step: timedelta) -> list[Point]:
    status = fullest_budget(watch, now)
    if status is None or status.budget.scope == Budget.Scope.USER:
        return []
    whose = {} if status.budget.scope == Budget.Scope.PROJECT else {str(status.budget.scope): status.value}
    span = TimeRange(status.period_start, now)
    spent, found = 0, []
    for at, window in telemetry_series.windows(watch.project_id, span, step, Filters(whose), parts=Parts.SPANS):
        spent += window.cost_nano
        share = 100 * spent / status.limit_nano
        found.append(Point(at + step, Reading(share, 1, share, share)))
    return found
