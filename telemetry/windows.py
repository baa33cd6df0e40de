"""Windows asked of ClickHouse: roll-up rows in, ``Window`` out.

One question each for sums, latency and scores, because each then reads only its own columns, and one row a step is
enough for a histogram. All take whole hours from the hour tables and only the edges from the minute tables.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator
from enum import Flag, auto
from typing import Any, NamedTuple

from telemetry import store
from telemetry.filters import ROLLUP_FILTERS, SCORE_FILTERS, Filters
from telemetry.window import ModelSum, ScoreSum, Window

HOUR = 3600


class Parts(Flag):
    """What of a Window the caller will read; ClickHouse is not asked for the rest. Spans and failures come together."""

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

    def pieces(self) -> Iterator[tuple[str, Stretch]]:
        """What to ask of each table: ``1h`` for the whole hours, ``1m`` for the rest."""
        if self.hours_start < self.hours_end:
            yield "1h", Stretch(self.hours_start, self.hours_end, self.hours_start, self.hours_start)
        if (self.start, self.end) != (self.hours_start, self.hours_end):
            yield "1m", self


class SpanSums(NamedTuple):
    key: Any
    model: str
    is_call: bool
    #: An operation that failed; ``failure`` is its error type.
    failed: bool
    failure: str
    spans: int
    unpriced: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_nano: int


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
    for table, piece in stretch.pieces():
        common = {"project": project_id, "key": key, "step": step, **piece._asdict()}
        _read_spans(found, f"spans_{table}", common, filters.only(ROLLUP_FILTERS), parts)
        if Parts.SCORES in parts:
            _read_scores(found, f"scores_{table}", common, filters.only(SCORE_FILTERS))
    return dict(found)


def _read_spans(
    found: defaultdict[Any, Window], table: str, common: dict[str, Any], filters: Filters, parts: Parts
) -> None:
    where, values = filters.sql("rollup")
    ask = functools.partial(store.rows, where=where, table=table, **common, **values)
    if parts & (Parts.SPANS | Parts.FAILURES):
        for sums in ask(SpanSums, "telemetry/windows_spans"):
            _add_sums(found[sums.key], sums)
    if Parts.LATENCY in parts:
        for row in ask(Latency, "telemetry/windows_latency"):
            found[row.key].add(Window(latency=dict(zip(row.buckets, row.counts, strict=True))))


def _read_scores(found: defaultdict[Any, Window], table: str, common: dict[str, Any], filters: Filters) -> None:
    where, values = filters.sql("rollup")
    for row in store.rows(ScoreSums, "telemetry/windows_scores", where=where, table=table, **common, **values):
        found[row.key].scores.setdefault(row.name, ScoreSum()).add(ScoreSum(row.count, row.total, row.squares))


def _add_sums(window: Window, row: SpanSums) -> None:
    window.spans += row.spans
    if row.failed:
        window.failures[row.failure] = window.failures.get(row.failure, 0) + row.spans
    if not row.is_call:
        return
    window.calls += row.spans
    window.errors += row.spans if row.failed else 0
    window.input_tokens += row.input_tokens
    window.cached_tokens += row.cached_tokens
    window.output_tokens += row.output_tokens
    window.reasoning_tokens += row.reasoning_tokens
    window.cost_nano += row.cost_nano
    window.models.setdefault(row.model, ModelSum()).add(
        ModelSum(row.spans, row.input_tokens, row.output_tokens, row.cost_nano, row.unpriced)
    )
