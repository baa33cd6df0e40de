"""Addresses of the traces that a number is made of, with the scope's project, range and filters."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse

from core.timerange import TimeRange
from telemetry.scope import Scope

#: What charts put the bounds of a point's step in place of.
START, END = "START", "END"


def traces(scope: Scope, **changes: str | None) -> str:
    return f"{reverse('traces:list')}?{scope.query(**changes)}"


def traces_between(scope: Scope, start: datetime, length: timedelta, **changes: str | None) -> str:
    """The same with the range narrowed to one step, as far as it lies in the scope's range."""
    bounds = whole_minutes(scope.span)
    first, last = max(start, bounds.start), min(start + length, bounds.end)
    return traces(scope, **_range(f"{first:%Y-%m-%dT%H:%M:%SZ}", f"{last:%Y-%m-%dT%H:%M:%SZ}"), **changes)


def traces_at_point(scope: Scope, **changes: str | None) -> str:
    """A pattern for charts: the range is that of whichever point is picked."""
    return traces(scope, **_range(START, END), **changes)


def whole_minutes(span: TimeRange) -> TimeRange:
    """Widened to whole minutes, as all figures are; so a panel does not differ each second."""
    minute = timedelta(minutes=1)
    start = span.start.replace(second=0, microsecond=0)
    end = span.end.replace(second=0, microsecond=0)
    return TimeRange(start, end if end == span.end else end + minute, span.preset)


def _range(start: str, end: str) -> dict[str, str | None]:
    return {"range": None, "from": start, "to": end}
