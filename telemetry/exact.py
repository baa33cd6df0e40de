"""Sums over a range exactly as it was given: whole minutes from the roll-ups, cut minutes at its ends from raw rows.

Pages widen a range to whole minutes; the REST API answers for what it was asked. Always from ClickHouse, so that what
was answered ``200`` a moment ago is in it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from core.timerange import TimeRange
from telemetry import store
from telemetry import windows as rolled_up
from telemetry.columns import microseconds
from telemetry.filters import ROLLUP_FILTERS, SCORE_FILTERS, Filters
from telemetry.window import ModelSum, ScoreSum, Window
from telemetry.windows import Stretch

MINUTE = timedelta(minutes=1)


class _SpanSums(NamedTuple):
    model: str
    is_call: bool
    is_failure: bool
    failure: str
    spans: int
    unpriced: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_nano: int
    latency: dict[int, int]


class _ScoreSums(NamedTuple):
    name: str
    count: int
    total: float
    squares: float


def total(project_id: int, span: TimeRange, filters: Filters) -> Window:
    """What began in the range. Users and sessions are no keys of the roll-ups: raw rows are read for them.

    Raises StoreUnavailable.
    """
    first, last = _ceil(span.start), _floor(span.end)
    in_rollups = filters.only(ROLLUP_FILTERS) == filters.only((*ROLLUP_FILTERS, "user_id", "session_id"))
    if first >= last or not in_rollups:
        return _raw(project_id, span, TimeRange(span.end, span.end), filters)
    window = rolled_up.total(project_id, Stretch.of(int(first.timestamp()), int(last.timestamp())), filters)
    if (first, last) != (span.start, span.end):
        window.add(_raw(project_id, TimeRange(span.start, first), TimeRange(last, span.end), filters))
    return window


def _raw(project_id: int, first: TimeRange, last: TimeRange, filters: Filters) -> Window:
    ask = {
        "project_id": project_id,
        "first_start": microseconds(first.start),
        "first_end": microseconds(first.end),
        "last_start": microseconds(last.start),
        "last_end": microseconds(last.end),
    }
    window = Window()
    where, values = filters.sql()
    for row in store.rows(_SpanSums, "telemetry/exact_spans", where=where, **ask, **values):
        window.add(_window(row))
    where, values = filters.only((*SCORE_FILTERS, "user_id")).sql()
    for score in store.rows(_ScoreSums, "telemetry/exact_scores", where=where, **ask, **values):
        window.scores[score.name] = ScoreSum(score.count, score.total, score.squares)
    return window


def _window(row: _SpanSums) -> Window:
    """Tokens, money and latency count for calls alone, as in the roll-ups."""
    window = Window(spans=row.spans)
    if row.is_failure:
        window.failures = {row.failure: row.spans}
        window.errors = row.spans if row.is_call else 0
    if row.is_call:
        window.calls = row.spans
        window.input_tokens = row.input_tokens
        window.cached_tokens = row.cached_tokens
        window.output_tokens = row.output_tokens
        window.reasoning_tokens = row.reasoning_tokens
        window.cost_nano = row.cost_nano
        window.latency = row.latency
        window.models = {
            row.model: ModelSum(row.spans, row.input_tokens, row.output_tokens, row.cost_nano, row.unpriced)
        }
    return window


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _ceil(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + MINUTE
