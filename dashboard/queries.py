"""What the dashboard asks: each thing once for all panels of one scope."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
    #: In the whole comparison.
    failed_before: int


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
        where, values = self.scope.filters.only(ROLLUP_FILTERS).sql("rollup")
        limits = {"target_bucket": target_bucket, "sample": sample}
        return store.rows(Slow, "dashboard/slow_operations", where=where, **self._ask("spans"), **limits, **values)

    def failing_subjects(self) -> list[Failing]:
        where, values = self.scope.filters.only(ROLLUP_FILTERS).sql("rollup")
        before = self._edges(self.scope.before) if self.scope.before else (0, 0)
        edges = dict(zip(("before_start", "before_end"), before, strict=True))
        return store.rows(Failing, "dashboard/failing_subjects", where=where, **self._ask("spans"), **edges, **values)

    def low_scores(self, *, below: float, sample: int) -> list[Scored]:
        """Features and topics with a mean below, over at least ``sample`` scores."""
        where, values = self.scope.filters.only(SCORE_FILTERS).sql("rollup")
        names = {"names": [health.OVERALL, *health.DIMENSIONS], "overall": health.OVERALL}
        limits = {"low": below, "sample": sample}
        ask = self._ask("scores")
        return store.rows(Scored, "dashboard/low_scores", where=where, **ask, **names, **limits, **values)

    @property
    def issue_span(self) -> TimeRange:
        """What issues are looked for in: long ranges read the hour tables, widened to whole hours."""
        start, end = self._edges(self.scope.span)
        return TimeRange(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))

    def _total(self, span: TimeRange, parts: Parts) -> Window:
        known, window = self._totals.get(span, (Parts(0), Window()))
        if parts not in known:
            window = series.total(self.project_id, span, self.scope.filters, parts=parts)
            self._totals[span] = parts, window
        return window

    @property
    def _by_hours(self) -> bool:
        return self.step >= timedelta(hours=1)

    def _edges(self, span: TimeRange) -> tuple[int, int]:
        unit = 3600 if self._by_hours else 60
        return int(span.start.timestamp()) // unit * unit, -int(-span.end.timestamp() // unit) * unit

    def _ask(self, what: str) -> dict[str, int | str]:
        start, end = self._edges(self.scope.span)
        table = f"{what}_1h" if self._by_hours else f"{what}_1m"
        step = int(self.step.total_seconds())
        return {
            "table": table, "project": self.project_id, "start": start, "end": end, "step": step, "limit": MOST_GROUPS
        }  # fmt: skip

    def _budget_pace(self) -> float | None:
        """Only asked for where the comparison has no cost to compare with, and only for whole-project figures."""
        before = self.before()
        if self.scope.filters or (before and health.cost_per_call(before)):
            return None
        own = [each.forecast_share for each in self.budgets if not each.value and not each.budget.scope_value]
        return max(own, default=None)
