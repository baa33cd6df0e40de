"""How much each minute holds, in ClickHouse and in Redis: enough to tell whether the two agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from core.redis import connect
from telemetry import store
from telemetry.live import keys
from telemetry.live.buckets import MINUTE


class Counts(NamedTuple):
    spans: int
    scores: int


NOTHING = Counts(0, 0)


class MinuteCounts(NamedTuple):
    minute: int
    spans: int
    scores: int


def stored(project_id: int, start: int, end: int) -> dict[int, Counts]:
    """The minutes (since 1970) between the two that hold anything. Raises StoreUnavailable."""
    found = store.rows(
        MinuteCounts, "telemetry/minute_counts", project=project_id, start=start * MINUTE, end=end * MINUTE
    )
    return {row.minute: Counts(row.spans, row.scores) for row in found}


def live(project_id: int, minutes: Sequence[int]) -> list[Counts]:
    """What the buckets of these minutes hold. Raises RedisError."""
    pipeline = connect().pipeline(transaction=False)
    for minute in minutes:
        pipeline.hmget(keys.minute(project_id, minute), "tn", "ts")
    return [Counts(int(spans or 0), int(scores or 0)) for spans, scores in pipeline.execute()]
