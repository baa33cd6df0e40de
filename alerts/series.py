"""What a rule can watch: one entry a series, and how each is taken from a window of telemetry. Pure.

A reading says the value in the unit of the series, how many calls or scores it rests on, and its 95 % bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from django.db.models import TextChoices

from alerts import bounds
from core.money import to_usd
from costs.models import Budget
from telemetry.filters import ROLLUP_FILTERS, SCORE_FILTERS, Filters
from telemetry.series import Parts
from telemetry.window import Window


class Series(TextChoices):
    SCORE = "score", "Quality: mean of a score"
    ERROR_RATE = "error_rate", "Error rate of calls"
    LATENCY_P50 = "latency_p50", "Latency of calls, median"
    LATENCY_P95 = "latency_p95", "Latency of calls, 95th percentile"
    LATENCY_P99 = "latency_p99", "Latency of calls, 99th percentile"
    FAILURES = "failures", "Failed operations"
    CALLS = "calls", "Calls"
    TOKENS = "tokens", "Tokens, input and output"
    COST = "cost", "Spend"
    BUDGET = "budget", "Share of a budget used"
    METRIC = "metric", "An OpenTelemetry metric"


class Unit(TextChoices):
    SCORE = "score", "0 to 1"
    PERCENT = "percent", "percent"
    MILLISECONDS = "ms", "milliseconds"
    COUNT = "count", "count"
    USD = "usd", "dollars"
    NUMBER = "number", "unit of the metric"


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a series. ``value`` is None when it is unknown; the sample says why."""

    value: float | None
    sample: int
    low: float | None = None
    high: float | None = None
    #: Which of several the value is of (a budget, and whose).
    about: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """How a series behaves. ``read`` takes a window and the subject (score name, error type)."""

    unit: Unit
    #: The value that is perfect; None where neither more nor less is better.
    ideal: float | None
    #: What the sample counts.
    counted: str
    #: None for what is not read from windows of telemetry.
    read: Callable[[Window, str], Reading] | None
    #: What ``read`` needs of the window.
    parts: Parts = Parts.ALL
    #: The window's length multiplies the value (counts, sums), so a longer window is no better sample.
    additive: bool = False
    filters: tuple[str, ...] = ROLLUP_FILTERS
    #: Not read from a sample of calls.
    exact: bool = False

    @property
    def is_estimate(self) -> bool:
        """Ratios, means and quantiles are only as good as their sample; counts, sums and budgets are exact."""
        return not (self.additive or self.exact)


def _score(window: Window, name: str) -> Reading:
    found = window.score(name)
    low, high = bounds.mean(found) or (None, None)
    return Reading(found.mean, found.count, low, high)


def _error_rate(window: Window, _: str) -> Reading:
    found = bounds.wilson(window.errors, window.calls)
    if window.error_rate is None or found is None:
        return Reading(None, 0)
    return Reading(100 * window.error_rate, window.calls, 100 * found[0], 100 * found[1])


def _latency(quantile: float) -> Callable[[Window, str], Reading]:
    def read(window: Window, _: str) -> Reading:
        low, high = bounds.quantile(window, quantile) or (None, None)
        return Reading(window.latency_ms(quantile), sum(window.latency.values()), low, high)

    return read


def _exactly(value: float, sample: int) -> Reading:
    """A count or sum is what it is: nothing was sampled."""
    return Reading(value, sample, value, value)


def _failures(window: Window, error_type: str) -> Reading:
    count = window.failures.get(error_type, 0) if error_type else sum(window.failures.values())
    return _exactly(count, window.spans)


def _calls(window: Window, _: str) -> Reading:
    return _exactly(window.calls, window.calls)


def _tokens(window: Window, _: str) -> Reading:
    return _exactly(window.input_tokens + window.output_tokens, window.calls)


def _cost(window: Window, _: str) -> Reading:
    return _exactly(float(to_usd(window.cost_nano)), window.calls)


DEFINITIONS: Mapping[str, Definition] = {
    Series.SCORE: Definition(Unit.SCORE, 1.0, "scores", _score, Parts.SCORES, filters=SCORE_FILTERS),
    Series.ERROR_RATE: Definition(Unit.PERCENT, 0.0, "calls", _error_rate, Parts.SPANS | Parts.FAILURES),
    Series.LATENCY_P50: Definition(Unit.MILLISECONDS, 0.0, "calls", _latency(0.50), Parts.LATENCY),
    Series.LATENCY_P95: Definition(Unit.MILLISECONDS, 0.0, "calls", _latency(0.95), Parts.LATENCY),
    Series.LATENCY_P99: Definition(Unit.MILLISECONDS, 0.0, "calls", _latency(0.99), Parts.LATENCY),
    Series.FAILURES: Definition(Unit.COUNT, 0.0, "operations", _failures, Parts.SPANS | Parts.FAILURES, additive=True),
    Series.CALLS: Definition(Unit.COUNT, None, "calls", _calls, Parts.SPANS, additive=True),
    Series.TOKENS: Definition(Unit.COUNT, None, "calls", _tokens, Parts.SPANS, additive=True),
    Series.COST: Definition(Unit.USD, 0.0, "calls", _cost, Parts.SPANS, additive=True),
    Series.BUDGET: Definition(Unit.PERCENT, 0.0, "budgets", None, filters=(), exact=True),
    Series.METRIC: Definition(Unit.NUMBER, None, "points", None, filters=()),
}

#: Aggregations of a metric that a longer window makes larger, and those that are only as good as their sample.
_ADDED_UP = frozenset({"sum", "count"})
_ESTIMATED = frozenset({"p50", "p95", "p99"})


@dataclass(frozen=True, slots=True)
class Watch:
    """Which series of which traffic: what a rule looks at, without how it judges."""

    project_id: int
    series: str
    #: Score name, error type, or name of a metric.
    subject: str = ""
    filters: Filters = field(default_factory=Filters)
    #: The one budget to watch; None for whichever budget of the project is used up most.
    budget: Budget | None = None
    #: Of a metric; empty for the usual one of its kind.
    aggregation: str = ""
    #: Of a metric: only series that have these, whatever they are called.
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def definition(self) -> Definition:
        found = DEFINITIONS[self.series]
        if self.series != Series.METRIC:
            return found
        return replace(found, additive=self.aggregation in _ADDED_UP, exact=self.aggregation not in _ESTIMATED)

    @property
    def label(self) -> str:
        """``Error rate of calls``, ``Quality: overall``, ``Failed operations: timeout``."""
        if self.series == Series.SCORE:
            return f"Quality: {self.subject}"
        if self.series == Series.METRIC:
            named = f"{self.subject} ({self.aggregation})" if self.aggregation else self.subject
            narrowed = ", ".join(f"{name}={value}" for name, value in sorted(self.attributes.items()))
            return f"{named} of {narrowed}" if narrowed else named
        label = str(Series(self.series).label)
        return f"{label}: {self.subject}" if self.subject else label
