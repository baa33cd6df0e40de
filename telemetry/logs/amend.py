"""Log records that come after their span: what they tell is laid over the stored row, and their scores are stored.

The stored row is not replaced, which would cost new roll-ups: tokens, cost, model and error type stay as they were.
What is said (input, output, documents, tool calls) is kept in ``span_content`` beside it, and whoever reads texts of
spans lays it over them. An answer that had no text before is marked for the evaluators, as it would have been.

``sweep`` finds again what was missed: a process that was killed, or a span that another process stored meanwhile.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import orjson

from core import clickhouse
from telemetry import commit, counters, store, subjects
from telemetry.columns import json_text, microseconds
from telemetry.dialects.otlp_logs import LogJoin, complete
from telemetry.logs import pieces, told
from telemetry.logs.pieces import Piece
from telemetry.recent import response_hash
from telemetry.span import Score, Span

logger = logging.getLogger(__name__)

#: How long before a record its span may have begun: records are told within their span, judgements after it.
SPAN_LENGTH = timedelta(hours=2)
JUDGED_WITHIN = timedelta(hours=24)
#: Clocks of one sender agree, but a record may stand for the moment before its span.
AHEAD = timedelta(minutes=5)
#: A sweep looks back a little further than the last one did: inserts become visible when they end.
OVERLAP = timedelta(seconds=60)
#: Pieces that one question asks about.
MOST_AT_ONCE = 2000
#: Judgements stored without their span by one sweep.
BATCH = 500

CONTENT = ("input", "output", "documents", "tool_calls", "finish_reason", "error_message")
_OF_RESPONSES = (
    "OR (s.response_id != '' AND xxh3(concat(toString(s.project_id), '|response|', s.response_id))"
    " IN {keys:Array(UInt64)})"
)


class _Row(NamedTuple):
    id_hash: int
    project_id: int
    trace_id: str
    span_id: str
    start_time: datetime
    kind: str
    counted: bool
    sampled: bool
    response_id: str
    status: str
    error_type: str
    error_message: str
    input: str
    output: str
    documents: str
    tool_calls: str
    finish_reason: str
    model: str
    feature: str
    user_id: str
    environment: str
    release: str
    prompt_name: str
    prompt_version: str
    variant: str

    @property
    def span(self) -> Span:
        told = self._asdict()
        del told["id_hash"]
        return Span(**told | {"documents": orjson.loads(self.documents or "[]")})

    @property
    def response_key(self) -> int:
        return response_hash(self.project_id, self.response_id) if self.response_id else self.id_hash


def take(joins: Sequence[LogJoin]) -> None:
    """Keep what log records tell and join it to the spans that are stored already.

    Raises StoreUnavailable, after which trying again is right and changes nothing, or BadRows.
    """
    for at in range(0, len(joins), MOST_AT_ONCE):
        some = joins[at : at + MOST_AT_ONCE]
        keys = pieces.keep(some)
        _amend(keys, some, before=JUDGED_WITHIN if any(not join.span_id for join in some) else SPAN_LENGTH)


def _amend(keys: Collection[int], joins: Sequence[LogJoin], *, before: timedelta) -> int:
    """Lay pieces over the stored spans with these hashes; returns how many of them gained something."""
    rows = _rows(keys, joins, before)
    if not rows:
        return 0
    found = pieces.of({key for row in rows for key in (row.id_hash, row.response_key)})
    told: defaultdict[int, list[Piece]] = defaultdict(list)
    for piece in found:
        told[piece.waits_for].append(piece)
    changed: list[_Change] = []
    scores: list[Score] = []
    for row in rows:
        # Of several sights of a response the first, which counts, takes what was said of it.
        about = told.pop(row.id_hash, []) + told.pop(row.response_key, [])
        if about:
            whole = pieces.merged_about(row.span, about)
            scores += [_about(score, row) for score in whole.scores]
            if span := _amended(row, whole):
                changed.append(_Change(row, span, len(about)))
    if changed:
        _lay_over(changed)
    if scores:
        commit.store_scores(scores)
    pieces.joined(found)
    counters.count("onwatch_spans_amended_total", len(changed))
    return len(changed)


class _Change(NamedTuple):
    row: _Row
    span: Span
    #: How many pieces it rests on: of two changes made at the same time that with more holds.
    pieces: int


def _rows(keys: Collection[int], joins: Sequence[LogJoin], before: timedelta) -> list[_Row]:
    moments = [join.occurred_at for join in joins]
    return store.rows(
        _Row,
        "telemetry/spans_to_amend",
        pieces={"responses": _OF_RESPONSES} if any(not join.span_id for join in joins) else {},
        projects=sorted({join.project_id for join in joins}),
        keys=list(keys),
        earliest=microseconds(min(moments) - before),
        latest=microseconds(max(moments) + AHEAD),
    )


def _amended(row: _Row, whole: LogJoin) -> Span | None:
    """The span with what it gains; None when it gains nothing."""
    span = row.span
    complete(span, whole)
    after = [getattr(span, name) for name in CONTENT]
    return span if after != [getattr(row.span, name) for name in CONTENT] else None


def _about(score: Score, row: _Row) -> Score:
    for name in subjects.Subject._fields:
        setattr(score, name, row.start_time if name == "occurred_at" else getattr(row, name))
    return score


def _lay_over(changed: Sequence[_Change]) -> None:
    rows, spans = [change.row for change in changed], [change.span for change in changed]
    commit.run_pipeline(spans)
    columns = {name: [getattr(span, name) for span in spans] for name in CONTENT if name != "documents"}
    store.insert(
        "span_content",
        columns
        | {
            "project_id": [row.project_id for row in rows],
            "trace_id": [row.trace_id for row in rows],
            "span_id": [row.span_id for row in rows],
            "start_time": [microseconds(row.start_time) for row in rows],
            "documents": [json_text(span.documents) for span in spans],
            # What was judged with its text is judged.
            "sampled": [change.span.sampled and not change.row.sampled for change in changed],
            "pieces": [change.pieces for change in changed],
            "received_at": [microseconds(datetime.now(UTC)) // 1000] * len(rows),
            "id_hash": [row.id_hash for row in rows],
        },
    )
    told.noticed(row.project_id for row in rows)


class Sweep:
    """Joins what was missed, and gives up waiting for what does not come."""

    def __init__(self) -> None:
        self._since = datetime.now(UTC) - pieces.WAITS
        self._lock = threading.Lock()

    def run(self) -> int:
        """Returns how many spans gained something. Safe to be killed at any moment. Raises StoreUnavailable."""
        if clickhouse.is_embedded() and not pieces.is_anything_waiting():
            return 0
        with self._lock:
            began = datetime.now(UTC)
            keys = pieces.arrived(self._since)
            joins = [piece.join for piece in pieces.of(keys)] if keys else []
            amended = _amend(keys, joins, before=JUDGED_WITHIN) if joins else 0
            self._since = began - OVERLAP
        pieces.note_joined()
        return amended


_sweep = Sweep()


def sweep() -> None:
    _sweep.run()


def store_late_scores() -> None:
    """Judgements whose span never came are worth keeping; a bounded number at each call. Raises StoreUnavailable."""
    late = pieces.late_scores(BATCH)
    scores = [score for piece in late for score in piece.join.scores if score.trace_id]
    for project_id in {score.project_id for score in scores}:
        subjects.complete(project_id, [score for score in scores if score.project_id == project_id])
    if scores:
        commit.store_scores(scores)
    if late:
        pieces.joined(late)
        pieces.note_joined()
