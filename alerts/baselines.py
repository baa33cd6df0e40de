"""What is normal: the value that a change is measured against, and the name of where it comes from.

The best one that the history allows is used and named: the same hour of the week, else the same hour of the day,
else the last 24 hours. A sum has no fallback on the last 24 hours: a day that began an hour ago would make every
hour look like a spike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Protocol

from alerts import readings
from alerts.models import Baselines, Rule
from alerts.rules import Baseline
from alerts.series import Reading, Watch
from core.timerange import TimeRange

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
#: A median of fewer windows than this is one bad day.
ENOUGH_WINDOWS = 3
#: The past changes slowly; a baseline is found anew after this.
REMEMBERED = timedelta(minutes=5)


class Past(Protocol):
    """The same series, earlier. Both raise StoreUnavailable."""

    def before(self, distance: timedelta) -> Reading:
        """The window that ended so long before."""
        ...

    def day_before(self) -> Reading:
        """The 24 hours up to the beginning of the window."""
        ...


@dataclass(frozen=True, slots=True)
class StoredPast:
    """Asks the store, once a question."""

    watch: Watch
    span: TimeRange

    def before(self, distance: timedelta) -> Reading:
        span = self.span.shifted(distance)
        return readings.read(self.watch, span, span.end)

    def day_before(self) -> Reading:
        return readings.read(self.watch, TimeRange(self.span.start - DAY, self.span.start), self.span.start)


def _is_enough(reading: Reading, minimum_sample: int) -> bool:
    return reading.value is not None and reading.sample >= max(1, minimum_sample)


def _single(reading: Reading, minimum_sample: int, name: str) -> Baseline | None:
    if reading.value is None or not _is_enough(reading, minimum_sample):
        return None
    return Baseline(reading.value, reading.sample, name)


def _median(past: Past, step: timedelta, count: int, minimum_sample: int, name: str) -> Baseline | None:
    looks = (past.before(step * number) for number in range(1, count + 1))
    found = [reading for reading in looks if _is_enough(reading, minimum_sample)]
    if len(found) < ENOUGH_WINDOWS:
        return None
    values = [reading.value for reading in found if reading.value is not None]
    return Baseline(median(values), sum(reading.sample for reading in found), name.format(count=len(found)))


def find(rule: Rule, past: Past, length: timedelta) -> Baseline | None:
    """What is normal for a window of this length; None while there is too little history. Looks 1 to 12 times."""
    least = rule.spec.minimum_sample
    match Baselines(rule.baseline):
        case Baselines.PREVIOUS:
            return _single(past.before(length), least, "the period before")
        case Baselines.YESTERDAY:
            return _single(past.before(DAY), least, "same time yesterday")
        case Baselines.WEEK:
            return _single(past.before(WEEK), least, "same time last week")
    found = _median(past, WEEK, 4, least, "median of the same hour in {count} weeks") or _median(
        past, DAY, 7, least, "median of the same hour on {count} days"
    )
    if found or rule.watch.definition.additive:
        return found
    return _single(past.day_before(), least, "the 24 h before")


class Memory:
    """Finds baselines of rules and remembers them for a few minutes."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, datetime, timedelta], tuple[datetime, Baseline | None]] = {}

    def find(self, rule: Rule, span: TimeRange) -> Baseline | None:
        """Raises StoreUnavailable; a failure is not remembered."""
        key = (rule.pk, rule.updated_at, span.length)
        known = self._known.get(key)
        if known and span.end - known[0] < REMEMBERED and rule.baseline != Baselines.PREVIOUS:
            return known[1]
        found = find(rule, StoredPast(rule.watch, span), span.length)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[key] = (span.end, found)
        return found
