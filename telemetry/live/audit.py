"""Compares the minute buckets with what is stored, and marks what differs.

Nothing in the ordinary course makes them differ. But a process that is killed between an insert and its record, or an
insert that ClickHouse carried out and never confirmed, leaves spans that no bucket has seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from accounts.models import Project
from core.redis import RedisError, connect
from telemetry.live import counts, freshness, gaps, keys
from telemetry.live.buckets import minute_of, oldest_minute


class Difference(NamedTuple):
    minute: int
    live: counts.Counts
    stored: counts.Counts


#: What the last look found. Only what is still exactly so at the next one is wrong; the rest was on its way.
_suspects: dict[int, set[Difference]] = {}


def audit_all() -> None:
    """Look at every project once. Does nothing while Redis is away. Raises StoreUnavailable."""
    if not freshness.may_ask():
        return
    try:
        for project_id in Project.objects.values_list("pk", flat=True):
            audit(project_id)
    except RedisError as error:
        freshness.failed(error)


def audit(project_id: int) -> set[int]:
    """Mark and return the minutes that differ now as they did at the last look. Raises RedisError, StoreUnavailable."""
    found = set(_differences(project_id))
    wrong = {difference.minute for difference in found & _suspects.get(project_id, set())}
    _suspects[project_id] = found
    gaps.mark({project_id: wrong})
    return wrong


def _differences(project_id: int) -> Iterable[Difference]:
    # The minute that runs now is recorded a moment after it is stored; it has its turn later.
    start, end = oldest_minute() + 1, minute_of(datetime.now(UTC))
    stored = counts.stored(project_id, start, end)
    known = {int(minute) for minute in connect().zrange(keys.changed(project_id), 0, -1)}
    minutes = sorted({minute for minute in known if start <= minute < end} | set(stored))
    for minute, live in zip(minutes, counts.live(project_id, minutes), strict=True):
        if live != stored.get(minute, counts.NOTHING):
            yield Difference(minute, live, stored.get(minute, counts.NOTHING))
