"""URL <-> time range, comparison and refresh. The only parser of ``?range=&from=&to=&compare=&refresh=``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.utils.dateparse import parse_datetime

PRESETS: dict[str, timedelta] = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
PRESET_LABELS = {
    "15m": "15 min", "1h": "1 h", "6h": "6 h", "24h": "24 h", "7d": "7 d", "30d": "30 d",
}  # fmt: skip
DEFAULT_PRESET = "24h"

Compare = Literal["previous", "yesterday", "week", "none"]
COMPARISONS: dict[str, str] = {
    "previous": "previous period",
    "yesterday": "same time yesterday",
    "week": "same time last week",
    "none": "no comparison",
}
REFRESHES: dict[str, str] = {"live": "Live", "10s": "10 s", "1m": "1 min", "off": "Off"}

LONGEST = timedelta(days=800)
#: Nothing older is taken, and the stores hold no later times.
YEARS = range(2000, 2100)
_RELATIVE = re.compile(r"now(?:-(\d{1,6})([smhdw]))?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class BadRange(ValueError):
    """A query string that names no time range. The message names the parameter and what it takes."""


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC, in which it is where it names no zone. Raises ValueError where UTC has no year for it."""
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from None


def parse_moment(text: str, *, name: str, now: datetime) -> datetime:
    """``now``, ``now-6h`` or ISO 8601 (UTC where it names no zone). Raises BadRange naming ``name``."""
    try:
        moment = _moment(text.strip(), now)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise BadRange(f"{name}: {text!r} is neither ISO 8601 nor of the form now-6h")
    if moment.year not in YEARS:
        raise BadRange(f"{name}: {text!r} lies outside of the years {YEARS[0]} to {YEARS[-1]}")
    return moment


def _moment(text: str, now: datetime) -> datetime | None:
    if match := _RELATIVE.fullmatch(text):
        amount, unit = match.groups()
        return now - timedelta(**{_UNITS[unit]: int(amount)}) if amount else now
    moment = parse_datetime(text.replace(" ", "+") if "T" in text else text)
    return moment and in_utc(moment)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Half open, ``start <= t < end``, aware UTC."""

    start: datetime
    end: datetime
    #: The preset's name, or empty for a custom range.
    preset: str = ""

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def ends_now(self) -> bool:
        return bool(self.preset)

    def shifted(self, by: timedelta) -> TimeRange:
        return TimeRange(self.start - by, self.end - by)

    @property
    def step(self) -> timedelta:
        """Width of one point of a chart: between 30 and 120 points, in whole minutes."""
        for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440):
            if self.length <= timedelta(minutes=minutes * 120):
                return timedelta(minutes=minutes)
        return timedelta(days=7)

    @classmethod
    def from_query(
        cls, query: dict[str, str], *, now: datetime | None = None, default: str = DEFAULT_PRESET
    ) -> TimeRange:
        """Read ``range`` or ``from`` and ``to``. Raises BadRange."""
        now = now or datetime.now(UTC)
        if query.get("from") or query.get("to"):
            end = parse_moment(query.get("to") or "now", name="to", now=now)
            start = parse_moment(query.get("from") or "now-24h", name="from", now=now)
            if start >= end:
                raise BadRange("from: must be before to")
            if end - start > LONGEST:
                raise BadRange(f"from: the range may not be longer than {LONGEST.days} days")
            return cls(start, end)
        preset = query.get("range") or default
        if preset not in PRESETS:
            raise BadRange(f"range: {preset!r} is not one of {', '.join(PRESETS)}")
        return cls(now - PRESETS[preset], now, preset)


def comparison(span: TimeRange, compare: str) -> TimeRange | None:
    """The range to compare with, or None for ``none``. Raises BadRange for an unknown word."""
    match compare:
        case "previous":
            return span.shifted(span.length)
        case "yesterday":
            return span.shifted(timedelta(days=1))
        case "week":
            return span.shifted(timedelta(days=7))
        case "none":
            return None
    raise BadRange(f"compare: {compare!r} is not one of {', '.join(COMPARISONS)}")
