"""Questions of the quality page: scores one by one, and sums by who judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from core.timerange import TimeRange
from quality.answers import asked_in, milliseconds
from quality.models import EvaluationCursor
from telemetry import messages, store
from telemetry.columns import microseconds
from telemetry.filters import SCORE_FILTERS, Filters
from telemetry.logs import told
from telemetry.window import ScoreSum
from telemetry.windows import Stretch

MINUTE = timedelta(minutes=1)
#: Longer texts are not fetched for an excerpt.
MOST_BYTES = 60_000


class SourceSums(NamedTuple):
    name: str
    source: str
    count: int
    total: float
    squares: float


class Bin(NamedTuple):
    bin: int
    count: int


class Extremes(NamedTuple):
    count: int
    low: float
    high: float


class LowScore(NamedTuple):
    trace_id: str
    span_id: str
    value: float
    label: str
    comment: str
    source: str
    evaluator: str
    occurred_at: datetime
    model: str
    feature: str
    topic: str


class OtherScore(NamedTuple):
    trace_id: str
    span_id: str
    name: str
    value: float
    label: str
    comment: str


class Texts(NamedTuple):
    trace_id: str
    span_id: str
    prompt: str
    said: str


class Written(NamedTuple):
    """What an evaluator wrote under one score name."""

    evaluator: str
    name: str
    count: int
    mean: float
    last_at: datetime


class Label(NamedTuple):
    name: str
    label: str
    count: int


class Low(NamedTuple):
    key: str
    count: int


class Feedback(NamedTuple):
    trace_id: str
    name: str
    value: float
    label: str
    comment: str
    occurred_at: datetime
    user_id: str


class Agreement(NamedTuple):
    is_content: bool
    count: int
    total: float
    squares: float


class Waiting(NamedTuple):
    answers: int
    oldest: datetime


def whole_minutes(span: TimeRange) -> TimeRange:
    """Widened as the roll-ups are, so that lists and sums count the same scores."""
    start = span.start.replace(second=0, microsecond=0)
    end = span.end.replace(second=0, microsecond=0)
    return TimeRange(start, end if end == span.end else end + MINUTE, span.preset)


def bounds_of(span: TimeRange) -> dict[str, int]:
    """``start`` and ``end`` of a question, in microseconds since 1970."""
    span = whole_minutes(span)
    return {"start": microseconds(span.start), "end": microseconds(span.end)}


def _ask(project_id: int, span: TimeRange, filters: Filters | None) -> dict[str, Any]:
    where, values = (filters or Filters()).only(SCORE_FILTERS).sql()
    return {"where": where, "project": project_id, **bounds_of(span), **values}


def by_source(project_id: int, span: TimeRange, filters: Filters) -> dict[tuple[str, str], ScoreSum]:
    """(name, source) -> sums, from the roll-ups. Raises StoreUnavailable."""
    found: defaultdict[tuple[str, str], ScoreSum] = defaultdict(ScoreSum)
    where, values = filters.only(SCORE_FILTERS).sql("rollup")
    span = whole_minutes(span)
    for width, piece in Stretch.of(int(span.start.timestamp()), int(span.end.timestamp())).pieces():
        for row in store.rows(
            SourceSums,
            "quality/scores_by_source",
            where=where,
            table=f"scores_{width}",
            project=project_id,
            **piece._asdict(),
            **values,
        ):
            found[row.name, row.source].add(ScoreSum(row.count, row.total, row.squares))
    return dict(found)


def extremes(project_id: int, span: TimeRange, filters: Filters, name: str) -> Extremes:
    (row,) = store.rows(Extremes, "quality/extremes", name=name, **_ask(project_id, span, filters))
    return row


def distribution(
    project_id: int, span: TimeRange, filters: Filters, name: str, *, low: float, high: float, bins: int
) -> list[int]:
    """How many scores lie in each of ``bins`` equal parts of the range from ``low`` to ``high``."""
    counts = [0] * bins
    asked = _ask(project_id, span, filters)
    for row in store.rows(Bin, "quality/distribution", name=name, low=low, high=high, bins=bins, **asked):
        counts[row.bin] = row.count
    return counts


def low_scores(
    project_id: int, span: TimeRange, filters: Filters, name: str, *, key: str, below: float
) -> dict[str, int]:
    """Value of a dimension -> how many of its scores lie below; ValueError when it is none."""
    if key not in SCORE_FILTERS:
        raise ValueError(f"key: {key!r} is not one of {', '.join(SCORE_FILTERS)}")
    asked = _ask(project_id, span, filters)
    return {
        row.key: row.count for row in store.rows(Low, "quality/low_scores", name=name, key=key, below=below, **asked)
    }


def worst(
    project_id: int, span: TimeRange, filters: Filters, name: str, *, limit: int, offset: int = 0
) -> list[LowScore]:
    asked = _ask(project_id, span, filters)
    return store.rows(LowScore, "quality/worst", name=name, limit=limit, offset=offset, **asked)


def others_of(project_id: int, scores: Sequence[LowScore]) -> dict[tuple[str, str], list[OtherScore]]:
    """(trace, span) -> all that was said of that answer, lowest first."""
    found: defaultdict[tuple[str, str], list[OtherScore]] = defaultdict(list)
    if scores:
        moments = [score.occurred_at for score in scores]
        for row in store.rows(
            OtherScore,
            "quality/other_scores",
            project=project_id,
            trace_ids=sorted({score.trace_id for score in scores}),
            start=microseconds(min(moments)),
            end=microseconds(max(moments)),
        ):
            found[row.trace_id, row.span_id].append(row)
    return dict(found)


def texts_of(project_id: int, scores: Sequence[LowScore]) -> dict[tuple[str, str], tuple[str, str]]:
    """(trace, span) -> question and answer, as far as the judged span is known."""
    if not scores:
        return {}
    rows = store.rows(
        Texts,
        "quality/texts",
        project=project_id,
        starts=[microseconds(score.occurred_at) for score in scores],
        trace_ids=sorted({score.trace_id for score in scores}),
        most_bytes=MOST_BYTES,
    )
    laid = told.later(project_id, [score.occurred_at for score in scores])
    return {row[:2]: _in_words(row, laid.get(row[:2])) for row in rows}


def _in_words(row: Texts, later: told.Told | None) -> tuple[str, str]:
    """Question and answer, also where a log record told them after the span."""
    prompt, said = (row.prompt, row.said) if later is None else (later.input or row.prompt, later.output or row.said)
    return asked_in(messages.question(prompt)), messages.answer(said)


def labels(project_id: int, span: TimeRange, filters: Filters, name: str) -> list[Label]:
    return store.rows(Label, "quality/labels", name=name, **_ask(project_id, span, filters))


def evaluators(project_id: int, span: TimeRange) -> list[Written]:
    asked = _ask(project_id, span, None)
    return store.rows(Written, "quality/evaluators", **asked)


def feedback(project_id: int, span: TimeRange, filters: Filters, *, limit: int = 8) -> list[Feedback]:
    return store.rows(Feedback, "quality/feedback", limit=limit, **_ask(project_id, span, filters))


def agreement(project_id: int, span: TimeRange, filters: Filters) -> dict[bool, ScoreSum]:
    """Whether users were content -> the evaluators' overall scores of the same traces."""
    rows = store.rows(Agreement, "quality/agreement", **_ask(project_id, span, filters))
    return {bool(row.is_content): ScoreSum(row.count, row.total, row.squares) for row in rows}


def waiting(cursor: EvaluationCursor) -> Waiting:
    """What the evaluators have not looked at yet."""
    (row,) = store.rows(
        Waiting,
        "quality/pending_of_project",
        project=cursor.project_id,
        after=milliseconds(cursor.received_at),
        position=cursor.position,
    )
    return row
