"""Whether the live figures can be trusted, and which minutes cannot.

Redis may be away, emptied, or miss some commits. What a process failed to record it remembers here as a gap, until
Redis answers again and ``rebuild`` has marked the minutes there; from then on they are copied from ClickHouse. Gaps
that die with their process are found by the audit in ``rebuild``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from core.redis import RedisError, connect
from telemetry.live import keys
from telemetry.live.buckets import minute_of, oldest_minute

logger = logging.getLogger(__name__)

#: After a failure Redis is left alone for so long, so that a server that hangs does not stall everything behind it.
PAUSE_SECONDS = 2.0
#: A commit reaches no further into the future than a sender's clock may be wrong.
FURTHEST_AHEAD = timedelta(days=1)

ALL_PROJECTS = 0


class Freshness(NamedTuple):
    """Live when the buckets hold all that is stored; else since when they do not."""

    is_live: bool
    stale_since: datetime | None = None


_lock = threading.Lock()
_gaps: dict[int, set[int]] = {}
_away_since: datetime | None = None
_ask_again_at = 0.0
_last_outage: tuple[datetime, datetime] | None = None
_unready_since: dict[int, datetime] = {}


def mark_gap(start: datetime, end: datetime) -> None:
    """Note that figures between these moments (both included) may be missing from Redis, in every project."""
    last = min(end, datetime.now(UTC) + FURTHEST_AHEAD)
    mark_minutes(ALL_PROJECTS, range(minute_of(start), minute_of(last) + 1))


def mark_minutes(project_id: int, minutes: Iterable[int]) -> None:
    """Note that these minutes of a project (or of ``ALL_PROJECTS``) are wrong or missing in Redis."""
    oldest = oldest_minute()
    kept = {minute for minute in minutes if minute >= oldest}
    with _lock:
        if kept:
            _gaps.setdefault(project_id, set()).update(kept)


def has_gaps() -> bool:
    return bool(_gaps)


def take_gaps() -> dict[int, set[int]]:
    """The gaps, now the caller's to report; ``mark_minutes`` puts back what could not be reported."""
    global _gaps
    with _lock:
        taken, _gaps = _gaps, {}
    return taken


def may_ask() -> bool:
    """False for a moment after Redis failed."""
    return time.monotonic() >= _ask_again_at


def failed(error: Exception) -> None:
    """Redis did not answer. Logged once until it answers again."""
    global _away_since, _ask_again_at
    with _lock:
        _ask_again_at = time.monotonic() + PAUSE_SECONDS
        first = _away_since is None
        _away_since = _away_since or datetime.now(UTC)
    if first:
        logger.warning("Redis does not answer (%s); live figures are stale until it is back.", error)


def answered() -> None:
    global _away_since, _ask_again_at, _last_outage
    if _away_since is None:
        return
    with _lock:
        since, _away_since, _ask_again_at = _away_since, None, 0.0
        if since:
            _last_outage = since, datetime.now(UTC)
    if since:
        logger.warning("Redis answers again; live figures are copied from the store since %s.", since)


def state(project_id: int) -> Freshness:
    """Asks Redis, unless it failed a moment ago."""
    if _away_since and not may_ask():
        return Freshness(False, _away_since)
    try:
        ready = connect().hget(keys.state(project_id), "ready")
    except RedisError as error:
        failed(error)
        return Freshness(False, _away_since)
    answered()
    return note_ready(project_id, ready == b"1")


def note_ready(project_id: int, ready: bool) -> Freshness:
    """What was just seen of a project: complete in Redis or not."""
    if ready:
        _unready_since.pop(project_id, None)
        return Freshness(True)
    return Freshness(False, _unready_since.setdefault(project_id, _incomplete_since()))


def _incomplete_since() -> datetime:
    """The beginning of an outage that has just ended, for Redis then came back empty; else now."""
    now = datetime.now(UTC)
    if _last_outage and now - _last_outage[1] < timedelta(minutes=1):
        return _last_outage[0]
    return now


def forget() -> None:
    """Know nothing, as a new process."""
    global _away_since, _ask_again_at, _last_outage
    take_gaps()
    with _lock:
        _away_since, _ask_again_at, _last_outage = None, 0.0, None
        _unready_since.clear()
