"""Storing once: what is new of a batch goes through the pipeline and into ClickHouse in one insert a table.

``store_spans`` and ``store_scores`` are the doors for everything that stores; receivers reach them through
``telemetry.group``, which gathers requests that arrive together.
"""

from __future__ import annotations

import functools
import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import compress
from typing import NamedTuple, TypeVar

import numpy as np
from django.conf import settings
from django.utils.module_loading import import_string

from core import clickhouse
from telemetry import counters, rollup_repair, store
from telemetry.columns import microseconds, score_columns, span_columns
from telemetry.count_once import RecentCalls, count_once
from telemetry.followup import Follower
from telemetry.live.freshness import mark_gap, mark_minutes
from telemetry.logs import pieces
from telemetry.metrics import points
from telemetry.recent import WINDOW, RecentIds, score_hash, span_hash
from telemetry.redact import redact_comments
from telemetry.rollups import Roller
from telemetry.senders import tally
from telemetry.span import Score, Span
from telemetry.store import BadRows, StoreUnavailable

__all__ = [
    "BadRows", "Stored", "StoreUnavailable", "replace_scores", "replace_spans", "run_pipeline", "settle", "start",
    "store_scores",
    "store_spans",
]  # fmt: skip

logger = logging.getLogger(__name__)

#: How far from its new start the old version of a span may lie.
REPLACED_AROUND = timedelta(days=1)
WINDOW_SECONDS = int(WINDOW.total_seconds())

#: What a score that travelled with a span takes from it.
_FROM_SPAN = ("project_id", "trace_id", "span_id", "model", "feature", "user_id", "environment", "release")
_FROM_PROMPT = ("prompt_name", "prompt_version", "variant")

T = TypeVar("T")

Step = Callable[[list[Span]], None]


class Stored(NamedTuple):
    """How many of a batch were new, and how many had been stored before."""

    spans: int
    repeated: int
    scores: int


class _ScoreMinute(NamedTuple):
    """Seconds since 1970."""

    project_id: int
    minute: int


#: Two at once could both find a score gone and both put theirs in its place.
_replacing = threading.Lock()


class _Replaced(NamedTuple):
    """A stored version that is to go."""

    id_hash: int
    project_id: int
    #: Seconds since 1970.
    minute: int
    counted: bool


@functools.lru_cache
def _load(paths: tuple[str, ...]) -> tuple[Step, ...]:
    return tuple(import_string(path) for path in paths)


def run_pipeline(spans: list[Span]) -> None:
    """The steps of TELEMETRY_PIPELINE."""
    for step in _load(tuple(settings.TELEMETRY_PIPELINE)):
        step(spans)


def _stored_lately(question: str) -> Callable[[], np.ndarray]:
    return lambda: store.numbers(question, seconds=WINDOW_SECONDS)


_spans = RecentIds(load=_stored_lately("telemetry/recent_span_ids"))
_calls = RecentCalls()
_scores = RecentIds(load=_stored_lately("telemetry/recent_score_ids"))
_follower = Follower(mark_gap=mark_gap)
_roller = Roller(follow=_follower.follow, mark_gap=mark_gap)


def start() -> None:
    """Learn what was stored before this process started, and repair what it left half done. Raises StoreUnavailable."""
    _spans.warm()
    _scores.warm()
    pieces.start()
    if clickhouse.is_embedded():
        rollup_repair.repair_after_start()


def forget() -> None:
    """Know only what ClickHouse knows, as after a restart."""
    settle()
    _spans.reset()
    _calls.forget()
    _scores.reset()
    pieces.forget()
    points.forget()


def settle() -> None:
    """Wait until roll-ups and live figures hold everything that is stored."""
    _roller.roll()
    _follower.settle()


def store_spans(spans: list[Span], *, scores: Sequence[Score] = (), count: bool = True) -> Stored:
    """Store what is new of ``spans``, and the scores given or carried by them; returns when it is on disk.

    With ``count`` the roll-ups hold it too by then, else a moment later. Idempotent by project, trace id and span id
    for 15 minutes. Raises StoreUnavailable, after which nothing or all of it may be stored and trying again is right,
    or BadRows when a value does not fit.
    """
    stored = _store(spans, scores, ask=bool(scores))
    if count:
        _roller.roll()
    return stored


def replace_spans(spans: list[Span]) -> None:
    """Put these in place of the stored spans with their ids; returns when figures hold them and no longer the old ones.

    Costs a delete in ClickHouse and new roll-ups of the minutes concerned: gather many. Raises BadRows, or
    StoreUnavailable, after which both versions may be there until it is done again.
    """
    batch = _roller.begin()
    hashes = [span_hash(span.project_id, span.trace_id, span.span_id) for span in spans]
    # The start may be what is corrected, so the old one is looked for in the whole time that ids are remembered.
    ask = {
        "projects": sorted({span.project_id for span in spans}),
        "ids": hashes,
        "earliest": microseconds(min(span.start_time for span in spans) - REPLACED_AROUND),
        "latest": microseconds(max(span.start_time for span in spans) + REPLACED_AROUND),
        "before": batch.stamp,
    }
    try:
        old = store.rows(_Replaced, "telemetry/replaced_spans", **ask)
        # A second sight of a call stays one, whatever else is corrected of it.
        uncounted = {row.id_hash for row in old if not row.counted}
        for span, one in zip(spans, hashes, strict=True):
            span.counted = span.counted and one not in uncounted
        run_pipeline(spans)
        store.insert("spans", span_columns(spans, hashes, batch.received_at))
        store.run("telemetry/delete_replaced", **ask)
    except BaseException:
        _roller.failed(batch)
        raise
    minutes = {(row.project_id, row.minute) for row in old}
    minutes |= {(span.project_id, int(span.start_time.timestamp()) // 60 * 60) for span in spans}
    _roller.recount(batch, minutes)
    for project_id, seconds in minutes:
        mark_minutes(project_id, [seconds // 60])
    counters.count("onwatch_spans_replaced_total", len(spans))


def store_scores(scores: list[Score]) -> int:
    """Store the scores whose ``score_id`` is new (an empty one gets an id) and return how many that were.

    Raises StoreUnavailable, or BadRows when a value does not fit.
    """
    stored = _store([], scores, ask=any(score.score_id for score in scores))
    _roller.roll()
    return stored.scores


def replace_scores(project_id: int, score_ids: Sequence[str], scores: Sequence[Score]) -> None:
    """Take scores back by their ids and store ``scores`` in their place; every figure follows before this returns.

    This rewrites parts and roll-ups, so it is for what people correct, not for streams. It may be done again when it
    failed half way. Raises StoreUnavailable, or BadRows when a value does not fit.
    """
    with _replacing:
        _roller.roll()
        minutes = set(store.rows(_ScoreMinute, "telemetry/score_minutes", project_id=project_id, ids=list(score_ids)))
        store.run("telemetry/delete_scores", project_id=project_id, ids=list(score_ids))
        if scores:
            batch = _roller.begin()
            try:
                _insert_scores(scores, batch.received_at)
            finally:
                # Counted below, with the rest of its minute.
                _roller.stored(batch)
        minutes |= {_ScoreMinute(score.project_id, _minute(score)) for score in scores}
        _roller.recount_scores(minutes)
        for score_minute in minutes:
            mark_minutes(score_minute.project_id, [score_minute.minute // 60])


def _insert_scores(scores: Sequence[Score], received_at: datetime) -> None:
    for score in scores:
        score.occurred_at = score.occurred_at or received_at
    redact_comments(scores)
    hashes = [score_hash(score.project_id, score.score_id) for score in scores]
    store.insert("scores", score_columns(scores, hashes, received_at))


def _minute(score: Score) -> int:
    return int(score.occurred_at.timestamp()) // 60 * 60 if score.occurred_at else 0


def _store(spans: list[Span], scores: Sequence[Score], *, ask: bool) -> Stored:
    batch = _roller.begin()
    joined: list[pieces.Piece] = []
    try:
        if spans:
            batch.spans, joined = _store_new_spans(spans, batch.received_at)
        carried = [score for span in spans if span.scores for score in _completed(span)]
        if carried or scores:
            batch.scores = _store_new_scores([*carried, *scores], batch.received_at, ask=ask)
    except BaseException:
        _roller.failed(batch)
        raise
    _roller.stored(batch)
    if joined:
        pieces.joined(joined)
    new, new_scores = len(batch.spans), len(batch.scores)
    counters.count("onwatch_spans_stored_total", new)
    counters.count("onwatch_spans_repeated_total", len(spans) - new)
    counters.count("onwatch_scores_stored_total", new_scores)
    if new:
        _tell(batch.spans, batch.stamp)
    return Stored(new, len(spans) - new, new_scores)


def _tell(spans: list[Span], stamp: int) -> None:
    """For the page of senders. They are stored: a fault in what is told of them is not their sender's."""
    try:
        tally.stored(spans, stamp)
    except Exception:
        logger.exception("The page of senders will not tell of %d spans.", len(spans))


def _completed(span: Span) -> list[Score]:
    for place, score in enumerate(span.scores):
        for name in _FROM_SPAN:
            setattr(score, name, getattr(span, name))
        for name in _FROM_PROMPT:
            setattr(score, name, getattr(score, name) or getattr(span, name))
        score.occurred_at = span.start_time
        # The same when the span is sent again, so that a repetition is recognised.
        score.score_id = score.score_id or f"{span.trace_id}:{span.span_id}:{score.name}:{place}"
    return span.scores


def _store_new_spans(spans: list[Span], received_at: datetime) -> tuple[list[Span], list[pieces.Piece]]:
    """The spans that were new, and the pieces of log records that came before them and are in them now."""
    joined: list[pieces.Piece] = []
    hashes = [span_hash(span.project_id, span.trace_id, span.span_id) for span in spans]
    with _spans.claim(hashes) as claim:
        new = _only(spans, claim.fresh)
        new_hashes = _only(hashes, claim.fresh)
        if new and (claim.doubtful or not clickhouse.is_embedded()):
            known = _stored_span_ids(new, new_hashes)
            new = [span for span, one in zip(new, new_hashes, strict=True) if one not in known]
            new_hashes = [one for one in new_hashes if one not in known]
        if new:
            joined = pieces.join(new, new_hashes)
            count_once(new)
            _calls.discount(new)
            run_pipeline(new)
            store.insert("spans", span_columns(new, new_hashes, received_at))
            _calls.remember(new)
        claim.keep()
    return new, joined


def _store_new_scores(scores: Sequence[Score], received_at: datetime, *, ask: bool) -> list[Score]:
    """``ask`` the store too when an id may be older than the index."""
    for score in scores:
        score.score_id = score.score_id or uuid.uuid4().hex
        score.occurred_at = score.occurred_at or received_at
    hashes = [score_hash(score.project_id, score.score_id) for score in scores]
    with _scores.claim(hashes) as claim:
        new = _only(scores, claim.fresh)
        new_hashes = _only(hashes, claim.fresh)
        if new and (ask or claim.doubtful or not clickhouse.is_embedded()):
            known = _stored_score_ids(new, new_hashes)
            new = [score for score, one in zip(new, new_hashes, strict=True) if one not in known]
            new_hashes = [one for one in new_hashes if one not in known]
        if new:
            redact_comments(new)
            store.insert("scores", score_columns(new, new_hashes, received_at))
        claim.keep()
    return new


def _stored_span_ids(spans: list[Span], hashes: list[int]) -> set[int]:
    moments = [span.start_time for span in spans]
    found = store.numbers(
        "telemetry/stored_span_ids",
        projects=sorted({span.project_id for span in spans}),
        earliest=microseconds(min(moments)),
        latest=microseconds(max(moments)),
        seconds=WINDOW_SECONDS,
        ids=hashes,
    )
    return set(found.tolist())


def _stored_score_ids(scores: list[Score], hashes: list[int]) -> set[int]:
    found = store.numbers(
        "telemetry/stored_score_ids",
        projects=sorted({score.project_id for score in scores}),
        score_ids=[score.score_id for score in scores],
        ids=hashes,
    )
    return set(found.tolist())


def _only(items: Sequence[T], wanted: Sequence[bool]) -> list[T]:
    return list(compress(items, wanted))
