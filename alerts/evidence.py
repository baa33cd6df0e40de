"""What made an alert fire, kept with it: figures as data, so that the alert can be read after the traces are gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypedDict

from alerts import queries, readings
from alerts.models import Rule
from alerts.rules import Condition, Limits, Observation
from alerts.series import Series
from core.timerange import TimeRange

#: What happened before is half of the explanation.
SHORTEST_HISTORY = timedelta(hours=3)
LONGEST_HISTORY = timedelta(days=7)
HISTORY_WINDOWS = 8


class BaselineFacts(TypedDict):
    name: str
    value: float
    sample: int


class ExampleFacts(TypedDict):
    trace_id: str
    span_id: str
    at: str
    name: str
    what: str
    figure: float


class Evidence(TypedDict):
    """``Alert.evidence``. Values are in the unit of the series; times are ISO 8601 in UTC."""

    series: str
    subject: str
    label: str
    unit: str
    counted: str
    #: Which of several the value is of (a budget, and whose); else empty.
    about: str
    condition: str
    direction: str
    #: The whole condition in words.
    words: str
    filters: dict[str, str]
    #: Of a metric: those that its series have.
    attributes: dict[str, str]
    #: The window that was judged.
    start: str
    end: str
    value: float | None
    sample: int
    low: float | None
    high: float | None
    threshold: float | None
    clear: float | None
    baseline: BaselineFacts | None
    #: ``[time, value, sample]``: what the rule saw before, window by window.
    points: list[tuple[str, float | None, int]]
    examples: list[ExampleFacts]


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def history(rule: Rule, span: TimeRange) -> TimeRange:
    """The stretch before a window that its chart shows."""
    length = min(LONGEST_HISTORY, max(SHORTEST_HISTORY, HISTORY_WINDOWS * span.length))
    return TimeRange(span.end - length, span.end)


def step(span: TimeRange, window: timedelta) -> timedelta:
    """The distance of two points: about a hundred in the chart, and never more than the rule's window."""
    return min(span.step, max(readings.MINUTE, window))


def read_history(rule: Rule, span: TimeRange) -> list[readings.Point]:
    shown = history(rule, span)
    return readings.points(rule.watch, shown, step=step(shown, span.length), window=span.length)


def collect(rule: Rule, observation: Observation, limits: Limits | None, span: TimeRange, words: str) -> Evidence:
    """Read the history and the example traces and put them beside the figures. Raises StoreUnavailable."""
    facts = without_traces(rule, observation, limits, span, words)
    facts["points"] = [(iso(point.at), point.reading.value, point.reading.sample) for point in read_history(rule, span)]
    has_traces = rule.series != Series.METRIC and (rule.series != Series.BUDGET or rule.budget is None)
    if has_traces:
        facts["examples"] = [
            ExampleFacts(
                trace_id=found.trace_id,
                span_id=found.span_id,
                at=iso(found.start_time),
                name=found.name,
                what=found.what,
                figure=found.figure,
            )
            for found in queries.examples(rule.watch, span)
        ]
    return facts


def without_traces(
    rule: Rule, observation: Observation, limits: Limits | None, span: TimeRange, words: str
) -> Evidence:
    """The figures alone, for the moment when the store does not answer: the alert fires all the same."""
    watch = rule.watch
    baseline = observation.baseline if rule.condition == Condition.CHANGE else None
    return Evidence(
        series=watch.series,
        subject=watch.subject,
        label=watch.label,
        unit=watch.definition.unit.value,
        counted=watch.definition.counted,
        about=observation.about,
        condition=rule.condition,
        direction=rule.direction,
        words=words,
        filters=dict(watch.filters.values),
        attributes=dict(watch.attributes),
        start=iso(span.start),
        end=iso(span.end),
        value=observation.value,
        sample=observation.sample,
        low=observation.low,
        high=observation.high,
        threshold=limits.fire if limits else None,
        clear=limits.clear if limits else None,
        baseline=BaselineFacts(name=baseline.name, value=baseline.value, sample=baseline.sample) if baseline else None,
        points=[],
        examples=[],
    )
