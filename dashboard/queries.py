"""What the dashboard asks: each thing once for all panels of one scope."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from core.timerange import TimeRange
from costs import budgets
from costs.budgets import BudgetStatus
from dashboard import health
from dashboard.health import Health
from telemetry import series, store
from telemetry.filters import ROLLUP_FILTERS, SCORE_FILTERS
from telemetry.scope import Scope
from telemetry.series import Parts
from telemetry.window import Window

Row = TypeVar("Row", bound=NamedTuple)

#: Rows that one question about issues returns at the most.
MOST_ROWS = 2000
HOUR = timedelta(hours=1)
HOURLY_FROM = timedelta(hours=12)


class Grain(NamedTuple):
    """How finely issues are looked for: the roll-ups that are read, and the width of a step."""

    by_hours: bool
    step: timedelta

    def edges(self, span: TimeRange) -> tuple[int, int]:
        """Of the range, widened to whole hours or minutes; Unix seconds."""
        unit = 3600 if self.by_hours else 60
        return int(span.start.timestamp()) // unit * unit, -int(-span.end.timestamp() // unit) * unit

    def widened(self, span: TimeRange) -> TimeRange:
        start, end = self.edges(span)
        return TimeRange(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))


class Operation(NamedTuple):
    """How often something was done with a model (empty for none), and its latency histogram."""

    name: str
    model: str
    operations: int
    buckets: list[int]
    counts: list[int]


class SlowStep(NamedTuple):
    name: str
    #: Start of the step, Unix seconds, here and below.
    slot: int
    above: int


class Failure(NamedTuple):
    #: Whether ``subject`` is a model; else it is the name of an operation without one.
    by_model: bool
    subject: str
    error_type: str
    failed: int
    #: The step with most, and how many.
    peak: int
    at_peak: int
    #: In the whole comparison.
    before: int


class Scored(NamedTuple):
    """The scores of one name in one feature and topic, or in a feature ``whole``."""

    feature: str
    topic: str
    whole: bool
    name: str
    scores: int
    mean: float
    #: The step in which the mean was lowest.
    worst: int
    mean_at_worst: float
    #: Scores in steps whose mean was low, and their mean.
    low: int
    low_mean: float


#: Start of each step, and what happened in it.
Trend = list[tuple[datetime, Window]]


class Past:
    """What is over hardly changes: comparisons are read once for all panels and viewers, and again after a while.

    What it holds is shared between threads and must not be changed. Short of what arrives late, a minute's step in
    its keys' bounds would renew it anyway.
    """

    def __init__(self, *, seconds: float, settled: timedelta, most: int) -> None:
        self._seconds = seconds
        #: Ranges that ended more recently still fill.
        self._settled = settled
        self._most = most
        self._kept: dict[Hashable, tuple[float, Any]] = {}

    def read(self, key: Hashable, end: datetime, read: Callable[[], Answer]) -> Answer:
        if end > datetime.now(UTC) - self._settled:
            return read()
        kept = self._kept.get(key)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        answer = read()
        if len(self._kept) >= self._most:
            self._kept.clear()
        self._kept[key] = time.monotonic() + self._seconds, answer
        return answer

    def forget(self) -> None:
        self._kept.clear()


Answer = TypeVar("Answer")
PAST_SECONDS = 30.0
past = Past(seconds=PAST_SECONDS, settled=timedelta(minutes=5), most=200)


class _Found(NamedTuple):
    found: bool


class Reading:
    """The windows, budgets and groups of one scope, read when first asked for. All raise StoreUnavailable."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.project_id: int = scope.project.pk
        self._totals: dict[TimeRange, tuple[Parts, Window]] = {}

    @property
    def step(self) -> timedelta:
        return self.scope.span.step

    def now(self, parts: Parts = Parts.ALL) -> Window:
        """The range; at least ``parts`` of it are filled."""
        return self._total(self.scope.span, parts)

    def before(self, parts: Parts = Parts.ALL) -> Window | None:
        """The range it is compared with; it may be ``PAST_SECONDS`` old."""
        span = self.scope.before
        if span is None:
            return None
        return past.read(self._key("total", span, parts), span.end, lambda: self._total(span, parts))

    def trend(self, parts: Parts) -> Trend:
        return series.windows(self.project_id, self.scope.span, self.step, self.scope.filters, parts=parts)

    def trend_before(self, parts: Parts) -> Trend:
        """The comparison, moved to the times that it is compared with; it may be ``PAST_SECONDS`` old."""
        span = self.scope.before
        if span is None:
            return []
        ahead = self.scope.span.start - span.start
        key = self._key("trend", span, parts)
        found = past.read(
            key, span.end, lambda: series.windows(self.project_id, span, self.step, self.scope.filters, parts=parts)
        )
        return [(at + ahead, window) for at, window in found]

    @cached_property
    def budgets(self) -> list[BudgetStatus]:
        return budgets.for_project(self.scope.project)

    @cached_property
    def health(self) -> Health:
        return health.of(self.now(), self.before(), self.scope.project, budget_pace=self._budget_pace())

    @cached_property
    def is_new(self) -> bool:
        """Whether the project has never received anything."""
        return not store.rows(_Found, "dashboard/has_spans", project=self.project_id)[0].found

    @cached_property
    def operations(self) -> list[Operation]:
        """Whatever its kind."""
        return self._rows(Operation, "dashboard/operations")

    def slow_steps(self, names: list[str], *, target_bucket: int) -> list[SlowStep]:
        """Where and how often these operations were above the target."""
        return self._rows(SlowStep, "dashboard/slow_steps", names=names, target_bucket=target_bucket) if names else []

    def failures(self, *, least: int) -> list[Failure]:
        """Kinds of failure with at least so many in the range, most first."""
        start, end = self.span_grain.edges(self.scope.before) if self.scope.before else (0, 0)
        return self._rows(Failure, "dashboard/failures", before_start=start, before_end=end, least=least)

    def scores_by_group(self, *, sample: int, low_score: float) -> list[Scored]:
        """Means by feature and topic over at least ``sample`` scores; ``overall`` first.

        A step is low when it has so many itself, with a mean below ``low_score``.
        """
        where, values = self.scope.filters.only(SCORE_FILTERS).sql("rollup")
        names = {"names": [health.OVERALL, *health.DIMENSIONS], "overall": health.OVERALL}
        asked = {"sample": sample, "low_score": low_score, **names, **self._ask("scores", self.score_grain)}
        return store.rows(Scored, "dashboard/low_scores", where=where, **asked, **values)

    @property
    def span_grain(self) -> Grain:
        """There are many rows a minute, so a day is looked through by the hour."""
        by_hours = self.scope.span.length >= HOURLY_FROM
        return Grain(by_hours, max(self.step, HOUR) if by_hours else self.step)

    @property
    def score_grain(self) -> Grain:
        """Few rows, in which an hour would hide a dip."""
        return Grain(self.step >= HOUR, self.step)

    def _key(self, what: str, span: TimeRange, parts: Parts) -> tuple[Hashable, ...]:
        start, end = int(span.start.timestamp()) // 60, -int(-span.end.timestamp() // 60)
        return what, self.project_id, start, end, self.step, tuple(self.scope.filters.values.items()), parts

    def _total(self, span: TimeRange, parts: Parts) -> Window:
        known, window = self._totals.get(span, (Parts(0), Window()))
        if parts not in known:
            window = series.total(self.project_id, span, self.scope.filters, parts=parts)
            self._totals[span] = parts, window
        return window

    def _rows(self, row_type: type[Row], question: str, **more: Any) -> list[Row]:  # noqa: ANN401
        where, values = self.scope.filters.only(ROLLUP_FILTERS).sql("rollup")
        return store.rows(row_type, question, where=where, **self._ask("spans", self.span_grain), **values, **more)

    def _ask(self, what: str, grain: Grain) -> dict[str, int | str]:
        start, end = grain.edges(self.scope.span)
        table = f"{what}_1h" if grain.by_hours else f"{what}_1m"
        step = int(grain.step.total_seconds())
        return {
            "table": table, "project": self.project_id, "start": start, "end": end, "step": step, "limit": MOST_ROWS
        }  # fmt: skip

    def _budget_pace(self) -> float | None:
        """Only asked for where the comparison has no cost to compare with, and only for whole-project figures."""
        before = self.before()
        if self.scope.filters or (before and health.cost_per_call(before)):
            return None
        own = [each.forecast_share for each in self.budgets if not each.value and not each.budget.scope_value]
        return max(own, default=None)
