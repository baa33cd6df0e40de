"""What log records tell of spans, kept durably until the span is there.

A record and its span come in separate requests, in either order. What came first is completed by what comes second:

- Records first (the usual case: they are sent more often): the piece is stored and waits; the span takes it in before
  it is itself stored (``join``, called by ``telemetry.commit``), so that its row is whole from the beginning.
- The span first: ``telemetry.logs.amend`` lays what the records tell over the stored row.

What waits is known in memory, so that a span costs a look into a dictionary, and after a restart from the store.
See docs/decisions/0013-log-records-and-spans.md.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import orjson
import xxhash

from core import clickhouse
from telemetry import counters, redact, store
from telemetry.columns import microseconds
from telemetry.dialects.otlp_logs import LogJoin, complete, is_of_another, merged
from telemetry.recent import WINDOW, RecentIds, response_hash, span_hash
from telemetry.span import Score, Span

#: A piece whose span has not come by then waits no longer; judgements are kept without it.
WAITS = timedelta(hours=24)
WAITS_SECONDS = int(WAITS.total_seconds())
#: Keys known in memory. Beyond them a span is completed after it was stored instead of before.
MOST_WAITING = 200_000


#: Fields that hold what people and models said.
SAID = frozenset({"input", "output", "documents", "tool_calls", "error_message"})


class Piece(NamedTuple):
    """A stored piece. ``waits_for`` is the hash of a span, or of a response where the records knew no span."""

    id_hash: int
    waits_for: int
    join: LogJoin


class _Waiting:
    """Hashes that stored pieces wait for, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, keys: Iterable[int]) -> None:
        now = time.monotonic()
        with self._lock:
            for key in keys:
                self._since.setdefault(key, now)
            while len(self._since) > MOST_WAITING or self._oldest(now) > WAITS_SECONDS:
                del self._since[next(iter(self._since))]

    def _oldest(self, now: float) -> float:
        return now - next(iter(self._since.values())) if self._since else 0.0

    def among(self, keys: Iterable[int]) -> set[int]:
        return self._since.keys() & keys

    def discard(self, keys: Iterable[int]) -> None:
        with self._lock:
            for key in keys:
                self._since.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._since.clear()


_waiting = _Waiting()
#: Pieces that spans took in, to be noted in the store by the next sweep.
_taken_in: deque[int] = deque()
_pieces = RecentIds(load=lambda: store.numbers("telemetry/recent_piece_ids", seconds=int(WINDOW.total_seconds())))


def start() -> None:
    """Learn what waits since before this process started. Raises StoreUnavailable."""
    _pieces.warm()
    _waiting.add(store.numbers("telemetry/waiting_pieces", seconds=WAITS_SECONDS)[-MOST_WAITING:].tolist())


def forget() -> None:
    """Know only what ClickHouse knows, as after a restart."""
    _pieces.reset()
    _waiting.clear()
    _taken_in.clear()


def is_anything_waiting() -> bool:
    return bool(_waiting or _taken_in)


def keep(joins: Sequence[LogJoin]) -> set[int]:
    """Store what is new of these and return the hashes that all of them wait for.

    Raises StoreUnavailable, or BadRows when a value does not fit.
    """
    _redact(joins)
    keys = [_key(join) for join in joins]
    hashes = [piece_hash(join, key) for join, key in zip(joins, keys, strict=True)]
    with _pieces.claim(hashes) as claim:
        fresh = [place for place, is_fresh in enumerate(claim.fresh) if is_fresh]
        if fresh and (claim.doubtful or not clickhouse.is_embedded()):
            known = store.numbers("telemetry/stored_piece_ids", ids=hashes, keys=sorted(set(keys))).tolist()
            fresh = [place for place in fresh if hashes[place] not in known]
        if fresh:
            _insert([joins[place] for place in fresh], [hashes[place] for place in fresh])
        claim.keep()
    counters.count("onwatch_log_pieces_stored_total", len(fresh))
    _waiting.add(keys)
    return set(keys)


def _insert(joins: Sequence[LogJoin], hashes: Sequence[int]) -> None:
    received_at = microseconds(datetime.now(UTC)) // 1000
    store.insert(
        "log_pieces",
        {
            "project_id": [join.project_id for join in joins],
            "waits_for": [_key(join) for join in joins],
            "occurred_at": [microseconds(join.occurred_at) for join in joins],
            "piece": [write(join).decode() for join in joins],
            "has_scores": [bool(join.scores) for join in joins],
            "received_at": [received_at] * len(joins),
            "id_hash": hashes,
        },
    )


def join(spans: Sequence[Span], hashes: Sequence[int]) -> list[Piece]:
    """Complete those of these new spans that pieces wait for; returns the pieces.

    Tell with ``joined`` when the spans are stored. Raises StoreUnavailable.
    """
    if not _waiting:
        return []
    keys = _keys_of(spans, hashes)
    wanted = _waiting.among(keys)
    if not wanted:
        return []
    found = of(wanted)
    told: defaultdict[int, list[Piece]] = defaultdict(list)
    for piece in found:
        told[keys[piece.waits_for]].append(piece)
    for place, about in told.items():
        whole = merged_about(spans[place], about)
        complete(spans[place], whole)
        spans[place].scores = [*spans[place].scores, *whole.scores]
    return found


def merged_about(span: Span, pieces: Sequence[Piece]) -> LogJoin:
    """What all pieces tell of the span. Of one that tells of another call only its scores count: they name the span."""
    scores_alone = {"fields": {}, "spoken": {}, "response_id": ""}
    joins = (piece.join for piece in pieces)
    return merged(replace(join, **scores_alone) if is_of_another(span, join) else join for join in joins)


def _keys_of(spans: Sequence[Span], hashes: Sequence[int]) -> dict[int, int]:
    """What pieces may wait for -> the place of the span; of calls with one response id, the first that counts."""
    keys: dict[int, int] = {}
    for place, span in enumerate(spans):
        if span.response_id:
            key = response_hash(span.project_id, span.response_id)
            if key not in keys or (span.counted and not spans[keys[key]].counted):
                keys[key] = place
    return keys | {one: place for place, one in enumerate(hashes)}


def of(keys: Collection[int]) -> list[Piece]:
    """All pieces about these, also those that were joined before. Raises StoreUnavailable."""
    rows = store.rows(_Stored, "telemetry/pieces_of", keys=list(keys))
    return [Piece(row.id_hash, row.waits_for, read(row.piece)) for row in rows]


def late_scores(limit: int) -> list[Piece]:
    """Pieces with judgements whose time is over. Raises StoreUnavailable."""
    rows = store.rows(_Stored, "telemetry/late_scores", seconds=WAITS_SECONDS, limit=limit)
    return [Piece(row.id_hash, row.waits_for, read(row.piece)) for row in rows]


def joined(pieces: Iterable[Piece]) -> None:
    """Note that spans have taken in these pieces. If the note is lost, they are joined again, which changes nothing."""
    for piece in pieces:
        _taken_in.append(piece.id_hash)
        _waiting.discard([piece.waits_for])


def note_joined() -> None:
    """Write down which pieces wait no more. Raises StoreUnavailable."""
    noted = [_taken_in.popleft() for _ in range(len(_taken_in))]
    if noted:
        store.insert("joined_pieces", {"id_hash": np.unique(np.array(noted, np.uint64)).tolist()})


def arrived(since: datetime) -> set[int]:
    """What pieces wait for and what was received after a moment. Raises StoreUnavailable."""
    found = store.numbers("telemetry/keys_arrived", seconds=WAITS_SECONDS, since=microseconds(since) // 1000)
    return set(found.tolist())


class _Stored(NamedTuple):
    id_hash: int
    waits_for: int
    piece: str


def _key(join: LogJoin) -> int:
    if join.trace_id and join.span_id:
        return span_hash(join.project_id, join.trace_id, join.span_id)
    return response_hash(join.project_id, join.response_id)


def _redact(joins: Sequence[LogJoin]) -> None:
    """As the pipeline does with spans: nothing that a project wants replaced is stored, not even for a moment."""
    for join in joins:
        said = {name: value for name, value in join.fields.items() if name in SAID}
        join.fields = join.fields | redact.redact_value(join.project_id, said)
        join.spoken = {
            side: [(at, redact.redact_value(join.project_id, message)) for at, message in messages]
            for side, messages in join.spoken.items()
        }
        redact.redact_comments(join.scores)


_SCORE_FIELDS = tuple(field.name for field in fields(Score) if field.name != "occurred_at")


def _told(join: LogJoin) -> dict[str, Any]:
    told = {field.name: getattr(join, field.name) for field in fields(LogJoin) if field.name != "scores"}
    del told["occurred_at"]
    scores = [{name: getattr(score, name) for name in _SCORE_FIELDS} for score in join.scores]
    return told | {"scores": [{name: value for name, value in score.items() if value} for score in scores]}


def piece_hash(join: LogJoin, key: int) -> int:
    """The same for what says the same, whenever it is sent."""
    return xxhash.xxh3_64_intdigest(orjson.dumps(_told(join), option=orjson.OPT_SORT_KEYS), seed=key)


def write(join: LogJoin) -> bytes:
    return orjson.dumps(_told(join) | {"occurred_at": join.occurred_at})


def read(text: str | bytes) -> LogJoin:
    """What was written."""
    told: dict[str, Any] = orjson.loads(text)
    told["occurred_at"] = datetime.fromisoformat(told["occurred_at"])
    told["spoken"] = {side: [(at, said) for at, said in spoken] for side, spoken in told["spoken"].items()}
    told["scores"] = [Score(**{"value": 0.0} | score, occurred_at=told["occurred_at"]) for score in told["scores"]]
    return LogJoin(**told)
