"""Windows asked of ClickHouse: roll-up rows in, ``Window`` out.

One question each for sums, failures, latency and scores, because each then reads only its own columns.
All take whole hours from the hour tables and only the edges from the minute tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import Flag, auto
from typing import Any, NamedTuple

from telemetry import store
from telemetry.filters import ROLLUP_FILTERS, SCORE_FILTERS, Filters
from telemetry.window import ModelSum, ScoreSum, Window

HOUR = 3600


class Parts(Flag):
    """What of a Window the caller will read; ClickHouse is not asked for the rest."""

    SPANS = auto()
    FAILURES = auto()
    LATENCY = auto()
    SCORES = auto()
    ALL = SPANS | FAILURES | LATENCY | SCORES


class Stretch(NamedTuple):
    """Half open, Unix seconds, whole minutes; from ``hours_start`` to ``hours_end`` the hour tables are read."""

    start: int
    end: int
    hours_start: int
    hours_end: int

    @classmethod
    def of(cls, start: int, end: int, *, step: int | None = None) -> Stretch:
        """Hours can serve where nothing is cut by less than an hour (``step`` in seconds, None for no cut)."""
        first, last = -(-start // HOUR) * HOUR, end // HOUR * HOUR
        if first >= last or (step is not None and step % HOUR):
            return cls(start, end, start, start)
        return cls(start, end, first, last)


class SpanSums(NamedTuple):
    key: Any
    model: str
    is_call: bool
    spans: int
    unpriced: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_nano: int


class Failures(NamedTuple):
    key: Any
    error_type: str
    calls: int
    operations: int


class Latency(NamedTuple):
    key: Any
    buckets: list[int]
    counts: list[int]


class ScoreSums(NamedTuple):
    key: Any
    name: str
    count: int
    total: float
    squares: float


def by_step(
    project_id: int, stretch: Stretch, step: int, filters: Filters, parts: Parts = Parts.ALL
) -> dict[int, Window]:
    """Start of the step in Unix seconds -> Window; steps without anything are absent."""
    return _windows(project_id, stretch, filters, parts, key="slot", step=step)


def by_dimension(
    project_id: int, stretch: Stretch, dimension: str, filters: Filters, parts: Parts = Parts.ALL
) -> dict[str, Window]:
    """Value of the dimension -> Window. ValueError when it is no key of the roll-ups.

    Scores have fewer dimensions than spans, and ``topic`` that spans lack; what a table does not know stays empty.
    """
    if dimension not in ROLLUP_FILTERS and dimension not in SCORE_FILTERS:
        raise ValueError(f"dimension: {dimension!r} is not one of {', '.join(ROLLUP_FILTERS)}, topic")
    if dimension not in ROLLUP_FILTERS:
        parts &= Parts.SCORES
    if dimension not in SCORE_FILTERS:
        parts &= ~Parts.SCORES
    return _windows(project_id, stretch, filters, parts, key=dimension, step=1)


def total(project_id: int, stretch: Stretch, filters: Filters, parts: Parts = Parts.ALL) -> Window:
    found = _windows(project_id, stretch, filters, parts, key="project_id", step=1)
    return found.get(project_id) or Window()


def _windows(
    project_id: int, stretch: Stretch, filters: Filters, parts: Parts, *, key: str, step: int
) -> dict[Any, Window]:
    found: defaultdict[Any, Window] = defaultdict(Window)
    common: Mapping[str, Any] = {"project": project_id, "step": step, **stretch._asdict()}
    where, values = filters.only(ROLLUP_FILTERS).sql()
    ask = {"where": where, "key": key, **common, **values}
    if Parts.SPANS in parts:
        for sums in store.rows(SpanSums, "telemetry/windows_spans", **ask):
            _add_sums(found[sums.key], sums)
    if Parts.FAILURES in parts:
        for failed in store.rows(Failures, "telemetry/windows_failures", **ask):
            window = found[failed.key]
            window.errors += failed.calls
            window.failures[failed.error_type] = failed.operations
    if Parts.LATENCY in parts:
        for row in store.rows(Latency, "telemetry/windows_latency", **ask):
            found[row.key].latency = dict(zip(row.buckets, row.counts, strict=True))
    if Parts.SCORES in parts:
        where, values = filters.only(SCORE_FILTERS).sql()
        for score in store.rows(ScoreSums, "telemetry/windows_scores", where=where, key=key, **common, **values):
            found[score.key].scores[score.name] = ScoreSum(score.count, score.total, score.squares)
    return dict(found)


def _add_sums(window: Window, row: SpanSums) -> None:
    window.spans += row.spans
    if not row.is_call:
        return
    window.calls += row.spans
    window.input_tokens += row.input_tokens
    window.cached_tokens += row.cached_tokens
    window.output_tokens += row.output_tokens
    window.reasoning_tokens += row.reasoning_tokens
    window.cost_nano += row.cost_nano
    window.models[row.model] = ModelSum(row.spans, row.input_tokens, row.output_tokens, row.cost_nano, row.unpriced)
