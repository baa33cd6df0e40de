"""Minute buckets: a ``Window`` as the fields of one Redis hash, and back.

A field is two letters and, for the maps, their key: ``tc`` calls, ``f:timeout`` failures of a type, ``mc:gpt-5``
calls of a model, ``l:412`` calls in a latency bucket, ``sn:overall`` scores of a name, ``ts`` scores of any name.
Sums of score values (``st``, ``sq``) are decimal fractions, all else is whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from core.redis import connect
from telemetry.live import keys
from telemetry.window import ModelSum, ScoreSum, Window

#: How long a bucket is kept, counted from its minute: a day against the day before, and an hour to spare.
KEPT = timedelta(hours=49)
KEPT_SECONDS = int(KEPT.total_seconds())
MINUTE = 60

Pair = tuple[str, int | float]


def minute_of(moment: datetime) -> int:
    """Minutes since 1970."""
    return int(moment.timestamp() // MINUTE)


def moment_of(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * MINUTE, UTC)


def oldest_minute(now: datetime | None = None) -> int:
    """The first minute that has a bucket."""
    return minute_of((now or datetime.now(UTC)) - KEPT) + 1


def encode(window: Window) -> list[Pair]:
    """The fields to add to a bucket; what is 0 is left out."""
    pairs: list[Pair] = [
        ("tn", window.spans), ("tc", window.calls), ("te", window.errors), ("ti", window.input_tokens),
        ("tk", window.cached_tokens), ("to", window.output_tokens), ("tr", window.reasoning_tokens),
        ("t$", window.cost_nano), ("ts", sum(score.count for score in window.scores.values())),
    ]  # fmt: skip
    pairs += [(f"f:{error_type}", count) for error_type, count in window.failures.items()]
    for model, sums in window.models.items():
        pairs += [
            (f"mc:{model}", sums.calls), (f"mi:{model}", sums.input_tokens), (f"mo:{model}", sums.output_tokens),
            (f"m$:{model}", sums.cost_nano), (f"mu:{model}", sums.unpriced),
        ]  # fmt: skip
    pairs += [(f"l:{bucket}", count) for bucket, count in window.latency.items()]
    for name, score in window.scores.items():
        pairs += [(f"sn:{name}", score.count), (f"st:{name}", score.total), (f"sq:{name}", score.squares)]
    return [pair for pair in pairs if pair[1]]


_TOTALS = {
    b"tn": "spans", b"tc": "calls", b"te": "errors", b"ti": "input_tokens", b"tk": "cached_tokens",
    b"to": "output_tokens", b"tr": "reasoning_tokens", b"t$": "cost_nano",
}  # fmt: skip
_OF_MODEL = {
    b"mc": "calls", b"mi": "input_tokens", b"mo": "output_tokens", b"m$": "cost_nano", b"mu": "unpriced",
}  # fmt: skip


def decode(fields: Mapping[bytes, bytes]) -> Window:
    """What ``encode`` wrote. Latency comes first, because nearly all fields are latency buckets."""
    window = Window()
    for field, value in fields.items():
        kind = field[:2]
        if kind == b"l:":
            window.latency[int(field[2:])] = int(value)
        elif kind == b"f:":
            window.failures[field[2:].decode()] = int(value)
        elif kind in _OF_MODEL:
            setattr(window.models.setdefault(field[3:].decode(), ModelSum()), _OF_MODEL[kind], int(value))
        elif kind in _TOTALS:
            setattr(window, _TOTALS[kind], int(value))
        elif kind != b"ts":
            _decode_score(window.scores.setdefault(field[3:].decode(), ScoreSum()), kind, value)
    return window


def _decode_score(score: ScoreSum, kind: bytes, value: bytes) -> None:
    match kind:
        case b"sn":
            score.count = int(value)
        case b"st":
            score.total = float(value)
        case b"sq":
            score.squares = float(value)


def read_minutes(project_id: int, minutes: Sequence[int]) -> list[Window]:
    """The buckets of these minutes, empty Windows where there is none. One round trip; raises RedisError."""
    if not minutes:
        return []
    pipeline = connect().pipeline(transaction=False)
    for minute in minutes:
        pipeline.hgetall(keys.minute(project_id, minute))
    return [decode(fields) for fields in pipeline.execute()]


def read(project_id: int, start: datetime, end: datetime) -> list[tuple[datetime, Window]]:
    """Every minute from the one of ``start`` to before ``end`` as Redis has it now. Raises RedisError.

    For one look; ``reader`` keeps what it has read and knows whether Redis is complete.
    """
    minutes = range(minute_of(start), minute_of(end - timedelta(microseconds=1)) + 1)
    windows = read_minutes(project_id, minutes)
    return [(moment_of(minute), window) for minute, window in zip(minutes, windows, strict=True)]
