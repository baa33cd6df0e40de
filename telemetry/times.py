"""Which times of a sender are believed. What is refused is refused item by item, with the reason.

The past is welcome, for history is loaded too, as far back as anything would be kept of it. A clock that is set to the
local time of another zone is hours ahead: its spans are taken, and the page of senders says that it is off. What lies
further ahead, or near 1970, is no clock but another unit.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.conf import settings

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

NONE, HOUR = timedelta(), timedelta(hours=1)
_DAY = 86_400
_SECOND = 1_000_000_000
_EARLIEST_NS = int(EARLIEST.timestamp()) * _SECOND

FUTURE = "lies more than a day in the future"
ANOTHER_UNIT = "lies before the year 2000: is it in another unit?"


def wrong(moment: datetime) -> str:
    """Why the moment is not believed; empty when it is."""
    ahead = moment.timestamp() - time.time()
    if -_DAY < ahead <= _DAY:
        return ""
    if ahead > _DAY:
        return FUTURE
    if moment < EARLIEST:
        return ANOTHER_UNIT
    return _too_old() if ahead < -_kept_days() * _DAY else ""


class Bounds:
    """The same for whole nanoseconds, worked out once for many."""

    def __init__(self) -> None:
        now = time.time_ns()
        self.earliest = max(now - _kept_days() * _DAY * _SECOND, _EARLIEST_NS)
        self.latest = now + _DAY * _SECOND

    def wrong(self, nanoseconds: int) -> str:
        if not nanoseconds:
            return "is missing"
        if nanoseconds > self.latest:
            return FUTURE
        if nanoseconds < _EARLIEST_NS:
            return ANOTHER_UNIT
        return _too_old() if nanoseconds < self.earliest else ""


def _kept_days() -> int:
    """Hourly figures are kept longest."""
    return settings.ONWATCH_HOURLY_RETENTION_DAYS


def _too_old() -> str:
    return f"lies more than {_kept_days()} days in the past, longer than anything is kept"
