"""The series that every figure of the console is computed from: Redis where it has them, else the roll-ups.

Edges are widened to whole minutes: a range counts every minute that it touches, so nothing inside it is left
out and a figure moves as soon as a span arrives. The filters of a scope that roll-ups do not know (user, session)
do not narrow these figures. Unknown to a source means absent from its Window, never zero quality.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.timerange import TimeRange
from telemetry import windows as stored
from telemetry.filters import ROLLUP_FILTERS, SCORE_FILTERS, Filters
from telemetry.live import reader
from telemetry.live.buckets import oldest_minute
from telemetry.window import Window
from telemetry.windows import Parts, Stretch

__all__ = ["Parts", "by", "total", "windows"]

MINUTE = 60


def windows(
    project_id: int, span: TimeRange, step: timedelta, filters: Filters | None = None, *, parts: Parts = Parts.ALL
) -> list[tuple[datetime, Window]]:
    """One Window for each whole step that the range touches, empty ones too, oldest first.

    Steps are whole minutes and begin at multiples of themselves since 1970 (UTC), so the first may begin before the
    range. ``parts`` says what will be read of them; the rest may be empty. Raises StoreUnavailable.
    """
    seconds = _whole_minutes(step)
    start = _floor(span.start, seconds)
    end = _ceil(span.end, seconds)
    filters = filters or Filters()
    live = _live(project_id, start, end, seconds, filters)
    if live is not None:
        return [(_moment(slot), window) for slot, window in zip(range(start, end, seconds), live, strict=True)]
    found = stored.by_step(project_id, Stretch.of(start, end, step=seconds), seconds, filters, parts)
    return [(_moment(slot), found.get(slot) or Window()) for slot in range(start, end, seconds)]


def total(project_id: int, span: TimeRange, filters: Filters | None = None, *, parts: Parts = Parts.ALL) -> Window:
    """What happened in the range, exact to the minute. Raises StoreUnavailable."""
    stretch = _stretch(span)
    filters = filters or Filters()
    live = _live(project_id, stretch.start, stretch.end, stretch.end - stretch.start, filters)
    return live[0] if live else stored.total(project_id, stretch, filters, parts)


def by(
    project_id: int, span: TimeRange, dimension: str, filters: Filters | None = None, *, parts: Parts = Parts.ALL
) -> dict[str, Window]:
    """The same for each value of one key of the roll-ups (``model``, ``feature``, ``prompt_version``, ``topic``, …).

    Always from ClickHouse. ``topic`` groups scores alone; ``kind``, ``name``, ``provider``, ``service``, ``status`` and
    ``error_type`` group spans alone. ValueError for any other word; raises StoreUnavailable.
    """
    return stored.by_dimension(project_id, _stretch(span), dimension, filters or Filters(), parts)


def _live(project_id: int, start: int, end: int, step: int, filters: Filters) -> list[Window] | None:
    """The Windows from Redis, or None when it does not have them: too long ago, filtered, away or incomplete."""
    narrowed = filters.only(ROLLUP_FILTERS) or filters.only(SCORE_FILTERS)
    if narrowed or start // MINUTE <= oldest_minute() or end <= start:
        return None
    return reader.slots(project_id, start // MINUTE, end // MINUTE, step // MINUTE)


def _stretch(span: TimeRange) -> Stretch:
    return Stretch.of(_floor(span.start, MINUTE), _ceil(span.end, MINUTE))


def _whole_minutes(step: timedelta) -> int:
    seconds = int(step.total_seconds())
    if seconds <= 0 or seconds % MINUTE:
        raise ValueError(f"step: {step} is not a whole number of minutes")
    return seconds


def _floor(moment: datetime, seconds: int) -> int:
    return int(moment.timestamp()) // seconds * seconds


def _ceil(moment: datetime, seconds: int) -> int:
    return -int(-moment.timestamp() // seconds) * seconds


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
