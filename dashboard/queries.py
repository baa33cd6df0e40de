"""What the dashboard asks: each thing once for all panels of one scope."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

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
from telemetry.windows import Stretch

#: Groups that one question about issues returns at the most.
MOST_GROUPS = 40


class Slow(NamedTuple):
    name: str
    operations: int
    slow: int
    #: Start of the worst step, Unix seconds.
    peak: int
    slow_at_peak: int
    buckets: list[int]
    counts: list[int]


class Failing(NamedTuple):
    #: Whether ``subject`` is a model; else it is the name of an operation without one.
    by_model: bool
    subject: str
    error_type: str
    failed: int
    #: All operations of the subject, failed or not.
    operations: int
    peak: int
    failed_at_peak: int


class Scored(NamedTuple):
    feature: str
    topic: str
    #: The score it is judged by.
    name: str
    scores: int
    mean: float
    #: Start of the step in which the mean was lowest, Unix seconds.
    worst: int
    mean_at_worst: float


#: Start of each step, and what happened in it.
Trend = list[tuple[datetime, Window]]


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
        """The range it is compared with."""
        return None if self.scope.before is None else self._total(self.scope.before, parts)

    def trend(self, parts: Parts) -> Trend:
        return series.windows(self.project_id, self.scope.span, self.step, self.scope.filters, parts=parts)

    def trend_before(self, parts: Parts) -> Trend:
        """The comparison, moved to the times that it is compared with."""
        span = self.scope.before
        if span is None:
            return []
        ahead = self.scope.span.start - span.start
        found = series.windows(self.project_id, span, self.step, self.scope.filters, parts=parts)
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

    def slow_operations(self, *, target_bucket: int, sample: int) -> list[Slow]:
        where, values = self.scope.filters.only(ROLLUP_FILTERS).sql()
        return store.rows(
            Slow, "dashboard/slow_operations", where=where,
            target_bucket=target_bucket, sample=sample, **self._bounds(), **values,
        )  # fmt: skip

    def failing_subjects(self) -> list[Failing]:
        where, values = self.scope.filters.only(ROLLUP_FILTERS).sql()
        return store.rows(Failing, "dashboard/failing_subjects", where=where, **self._bounds(), **values)

    def failing_subjects_before(self) -> list[Failing]:
        """Nothing without a comparison."""
        if self.scope.before is None:
            return []
        where, values = self.scope.filters.only(ROLLUP_FILTERS).sql()
        return store.rows(Failing, "dashboard/failing_subjects", where=where, **self._bounds(before=True), **values)

    def low_scores(self, *, below: float, sample: int) -> list[Scored]:
        """Features and topics with a mean below, over at least ``sample`` scores."""
        where, values = self.scope.filters.only(SCORE_FILTERS).sql()
        names = [health.OVERALL, *health.DIMENSIONS]
        return store.rows(
            Scored, "dashboard/low_scores", where=where,
            names=names, overall=health.OVERALL, low=below, sample=sample, **self._bounds(), **values,
        )  # fmt: skip

    def _total(self, span: TimeRange, parts: Parts) -> Window:
        known, window = self._totals.get(span, (Parts(0), Window()))
        if parts not in known:
            window = series.total(self.project_id, span, self.scope.filters, parts=parts)
            self._totals[span] = parts, window
        return window

    def _bounds(self, *, before: bool = False) -> dict[str, int]:
        span = self.scope.before if before and self.scope.before else self.scope.span
        step = int(self.step.total_seconds())
        start, end = int(span.start.timestamp()) // 60 * 60, -int(-span.end.timestamp() // 60) * 60
        stretch = Stretch.of(start, end, step=step)
        return {"project": self.project_id, "step": step, "limit": MOST_GROUPS, **stretch._asdict()}

    def _budget_pace(self) -> float | None:
        """Only asked for where the comparison has no cost to compare with, and only for whole-project figures."""
        before = self.before()
        if self.scope.filters or (before and health.cost_per_call(before)):
            return None
        own = [each.forecast_share for each in self.budgets if not each.value and not each.budget.scope_value]
        return max(own, default=None)
