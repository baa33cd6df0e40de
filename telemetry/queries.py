"""Questions about single spans and traces, answered by the raw tables; each is one file in ``sql/``.

A trace is found by the bloom filter of its id, a span by its start. Lists read no texts. All raise StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from core.timerange import TimeRange
from telemetry import store
from telemetry.columns import microseconds
from telemetry.logs import told
from telemetry.search import Search

#: Spans of one trace beyond this many are not read: the page says so.
MOST_SPANS = 50_000
#: No text is longer: receivers take smaller bodies.
WHOLE = 1 << 40
#: An input up to this length is read as a whole for a list.
SHORT_INPUT = 20_000


class Hit(NamedTuple):
    """A trace in a list: its newest matching span, and how far the question read."""

    trace_id: str
    at: datetime
    span_id: str
    #: Matching spans read for all hits together, and the start of the oldest of them.
    was_read: int
    oldest: datetime


class Position(NamedTuple):
    """The end of a page: hits after it are older, or as old with a smaller id."""

    at: datetime
    trace_id: str


def matching_traces(
    project_id: int,
    span: TimeRange,
    search: Search,
    *,
    after: Position,
    seen: Collection[str] = (),
    spans: int,
    traces: int,
) -> list[Hit]:
    """The traces of the newest ``spans`` matching spans after a position, newest first, at most ``traces``.

    Raises TookTooLong when that needs more than eight seconds.
    """
    where, values = search.sql()
    return store.rows(
        Hit,
        "telemetry/matching_traces",
        where=where,
        project_id=project_id,
        **_range(span),
        before=microseconds(after.at),
        before_id=after.trace_id,
        seen=list(seen),
        spans=spans,
        traces=traces,
        **values,
    )


class _Id(NamedTuple):
    id: str


def listed_before(
    project_id: int,
    span: TimeRange,
    search: Search,
    *,
    after: Position,
    read_at: datetime,
    candidates: Sequence[str],
) -> set[str]:
    """Which candidates have a matching span before the position that was there when earlier pages were read."""
    where, values = search.sql()
    found = store.rows(
        _Id,
        "telemetry/matching_later",
        where=where,
        project_id=project_id,
        **_range(span),
        before=microseconds(after.at),
        before_id=after.trace_id,
        read_at=microseconds(read_at),
        candidates=list(candidates),
        **values,
    )
    return {row.id for row in found}


class MatchCount(NamedTuple):
    spans: int
    traces: int


def count_matches(project_id: int, span: TimeRange, search: Search, *, limit: int) -> MatchCount:
    """How many spans match, in how many traces; stops at ``limit`` spans. Raises TookTooLong after eight seconds."""
    where, values = search.sql()
    (counted,) = store.rows(
        MatchCount,
        "telemetry/matching_count",
        where=where,
        project_id=project_id,
        **_range(span),
        limit=limit,
        **values,
    )
    return counted


class TraceSummary(NamedTuple):
    """What a list says of one trace; tokens and money count what is ``counted``."""

    trace_id: str
    spans: int
    started: datetime
    ended: datetime
    roots: int
    name: str
    status: str
    main_span: str
    main_start: datetime
    #: The first model call, empty without one.
    call_span: str
    call_start: datetime
    feature: str
    #: The first answer's model, and how many there are in all.
    model: str
    models: int
    input_tokens: int
    output_tokens: int
    cost_nano: int
    calls: int
    unpriced: int
    failed: int
    error_type: str
    unfinished: int

    @property
    def other_models(self) -> int:
        return max(0, self.models - 1)

    @property
    def duration_ms(self) -> float:
        return (self.ended - self.started) / timedelta(milliseconds=1)


def trace_summaries(project_id: int, trace_ids: Sequence[str], span: TimeRange) -> list[TraceSummary]:
    """Of each trace, the spans that began in the range, in sums."""
    if not trace_ids:
        return []
    return store.rows(
        TraceSummary, "telemetry/trace_summaries", project_id=project_id, trace_ids=list(trace_ids), **_range(span)
    )


class SpanInput(NamedTuple):
    """``text`` is the whole of a short input, else its beginning; then ``ending`` is its end."""

    trace_id: str
    span_id: str
    text: str
    ending: str

    @classmethod
    def of(cls, trace_id: str, span_id: str, text: str) -> SpanInput:
        """As ``sql/span_inputs.sql`` cuts it."""
        if len(text) <= SHORT_INPUT:
            return cls(trace_id, span_id, text, "")
        return cls(trace_id, span_id, text[:1000], text[-4000:])


def span_inputs(project_id: int, spans: Sequence[tuple[datetime, str]]) -> list[SpanInput]:
    """The inputs of spans given by start and id, where they have one. Runs two queries."""
    if not spans:
        return []
    found = store.rows(
        SpanInput,
        "telemetry/span_inputs",
        project_id=project_id,
        starts=[microseconds(start) for start, _ in spans],
        span_ids=[span_id for _, span_id in spans],
    )
    laid = told.later(project_id, [start for start, _ in spans])
    later = [SpanInput.of(*ids, row.input) for ids, row in laid.items() if row.input]
    return [row for row in found if (row.trace_id, row.span_id) not in laid or not laid[row[:2]].input] + later


class ScoreMean(NamedTuple):
    trace_id: str
    name: str
    mean: float
    count: int


def scores_of_traces(project_id: int, trace_ids: Sequence[str], span: TimeRange) -> list[ScoreMean]:
    if not trace_ids:
        return []
    return store.rows(
        ScoreMean, "telemetry/scores_of_traces", project_id=project_id, trace_ids=list(trace_ids), **_range(span)
    )


class SpanRow(NamedTuple):
    """A span in the tree of its trace."""

    span_id: str
    parent_id: str
    start_time: datetime
    duration_ms: float
    kind: str
    name: str
    model: str
    feature: str
    status: str
    error_type: str
    input_tokens: int
    output_tokens: int
    cost_nano: int
    cost_source: str
    counted: bool


def trace_of_id(project_id: int, some_id: str) -> str:
    """The trace that has this id, or a span with it; empty when there is none."""
    found = store.rows(_Id, "telemetry/trace_of_id", project_id=project_id, id=some_id)
    return found[0].id if found else ""


class FilterValue(NamedTuple):
    name: str
    value: str
    spans: int


def filter_values(project_id: int, span: TimeRange) -> list[FilterValue]:
    """Up to 40 values of each filter in the range, the most frequent first; from the hour roll-up."""
    return store.rows(FilterValue, "telemetry/filter_values", project_id=project_id, **_range(span))


def trace_spans(project_id: int, trace_id: str) -> list[SpanRow]:
    """The spans of a trace without texts, oldest first, at most ``MOST_SPANS``; empty when there is no such trace."""
    return store.rows(SpanRow, "telemetry/trace_spans", project_id=project_id, trace_id=trace_id, limit=MOST_SPANS)


class WholeSpan(NamedTuple):
    """Everything that is known of one span; ``documents``, ``tool_calls`` and ``attributes`` are JSON texts."""

    project_id: int
    trace_id: str
    span_id: str
    parent_id: str
    start_time: datetime
    duration_ms: float
    #: 0 is "not known".
    time_to_first_token_ms: float
    kind: str
    name: str
    provider: str
    model: str
    response_model: str
    response_id: str
    finish_reason: str
    service_tier: str
    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_nano: int
    cost_source: str
    status: str
    error_type: str
    error_original: str
    error_message: str
    input: str
    output: str
    documents: str
    tool_calls: str
    tool_name: str
    embedding_count: int
    embedding_dimensions: int
    embedding_norm: float
    embedding_projection: list[float]
    user_id: str
    session_id: str
    feature: str
    environment: str
    release: str
    prompt_name: str
    prompt_version: str
    experiment: str
    variant: str
    tags: list[str]
    service: str
    scope: str
    dialect: str
    client: str
    attributes: str
    counted: bool
    sampled: bool
    key_id: int
    received_at: datetime
    #: Characters before any cut.
    input_length: int
    output_length: int


#: Which spans of a trace ``sql/whole_spans.sql`` reads: those with an id, in the range in which they began ...
_BY_IDS = """span_id IN {span_ids:Array(String)}
    AND start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time <= fromUnixTimestamp64Micro({end:Int64})"""
#: ... or one, when no more is known of it than perhaps its id.
_LIKELY = "if({span_id:String} = '', parent_id = '', span_id = {span_id:String}) LIMIT 1"


def whole_spans(project_id: int, trace_id: str, spans: Sequence[SpanRow], *, cut: int = WHOLE) -> list[WholeSpan]:
    """These spans of a trace with their texts, each cut to ``cut``, oldest first. Runs two queries."""
    if not spans:
        return []
    found = _whole_spans(
        project_id,
        trace_id,
        _BY_IDS,
        cut=cut,
        span_ids=[span.span_id for span in spans],
        start=microseconds(min(span.start_time for span in spans)),
        end=microseconds(max(span.start_time for span in spans)),
    )
    # Here and not in the question: with its sixty columns, sorting adds a fifth to the time that planning takes.
    return sorted(found, key=lambda row: (row.start_time, row.span_id))


def likely_spans(project_id: int, trace_id: str, span_id: str, *, cut: int = WHOLE) -> list[WholeSpan]:
    """As ``whole_spans`` before it is known which: the span with this id, without one some root; at most one."""
    return _whole_spans(project_id, trace_id, _LIKELY, cut=cut, span_id=span_id)


def _whole_spans(project_id: int, trace_id: str, which: str, *, cut: int, **values: Any) -> list[WholeSpan]:  # noqa: ANN401
    found = store.rows(
        WholeSpan,
        "telemetry/whole_spans",
        pieces={"which": which},
        project_id=project_id,
        trace_id=trace_id,
        cut=cut,
        **values,
    )
    once = {row.span_id: row for row in found}
    laid = told.later(project_id, [row.start_time for row in once.values()])
    return [_lay_over(row, laid.get((trace_id, row.span_id)), cut) for row in once.values()]


def _lay_over(row: WholeSpan, told_later: told.Told | None, cut: int) -> WholeSpan:
    if told_later is None:
        return row
    texts = {name: text for name, text in told_later._asdict().items() if text and name not in ("trace_id", "span_id")}
    lengths = {f"{name}_length": len(texts[name]) for name in ("input", "output") if name in texts}
    return row._replace(**{name: text[:cut] for name, text in texts.items()}, **lengths)


class ScoreRow(NamedTuple):
    """One judgement; an empty ``span_id`` judges the trace."""

    score_id: str
    span_id: str
    name: str
    value: float
    label: str
    comment: str
    source: str
    evaluator: str
    topic: str
    occurred_at: datetime
    received_at: datetime


def trace_scores(project_id: int, trace_id: str) -> list[ScoreRow]:
    return store.rows(ScoreRow, "telemetry/trace_scores", project_id=project_id, trace_id=trace_id)


def _range(span: TimeRange) -> dict[str, int]:
    return {"start": microseconds(span.start), "end": microseconds(span.end)}
