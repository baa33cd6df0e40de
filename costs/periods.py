"""When a budget's periods begin and end: hours, days, weeks from Monday and months on the project's own clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo


class PeriodBounds(NamedTuple):
    """Half open, aware UTC. A day may have 23 or 25 hours."""

    start: datetime
    end: datetime


def _day(local: datetime) -> tuple[datetime, datetime]:
    start = local.replace(hour=0, minute=0)
    return start, start + timedelta(days=1)


def _week(local: datetime) -> tuple[datetime, datetime]:
    start = local.replace(hour=0, minute=0) - timedelta(days=local.weekday())
    return start, start + timedelta(days=7)


def _month(local: datetime) -> tuple[datetime, datetime]:
    start = local.replace(day=1, hour=0, minute=0)
    return start, (start + timedelta(days=32)).replace(day=1)


_BOUNDS: dict[str, Callable[[datetime], tuple[datetime, datetime]]] = {
    "day": _day,
    "week": _week,
    "month": _month,
}


def bounds(period: str, now: datetime, zone: ZoneInfo) -> PeriodBounds:
    """The ``hour``, ``day``, ``week`` or ``month`` that ``now`` lies in."""
    local = now.astimezone(zone)
    if period == "hour":
        # By the UTC clock, because the local one shows one hour twice when summer time ends.
        start = now.astimezone(UTC) - timedelta(
            minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
        return PeriodBounds(start, start + timedelta(hours=1))
    start, end = _BOUNDS[period](local.replace(tzinfo=None, second=0, microsecond=0, fold=0))
    return PeriodBounds(_utc(start, zone), _utc(end, zone))


def _utc(local: datetime, zone: ZoneInfo) -> datetime:
    """Where midnight does not exist or comes twice, the first moment of the day."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def previous(period: str, present: PeriodBounds, zone: ZoneInfo, count: int) -> list[PeriodBounds]:
    """The ``count`` periods before, oldest first."""
    found: list[PeriodBounds] = []
    for _ in range(count):
        present = bounds(period, present.start - timedelta(seconds=1), zone)
        found.append(present)
    return found[::-1]
