"""What is normal: the value that a change is measured against, and the name of where it comes from.

The best one that the history allows is used and named: the same hour of the week, else the same hour of the day,
else the last 24 hours. A sum has no fallback on the last 24 hours: a day that began an hour ago would make every
hour look like a spike.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

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


def _is_enough(reading: Reading, minimum_sample: int) -> bool:
    return reading.value is not None and reading.sample >= max(1, minimum_sample)


def _single(watch: Watch, span: TimeRange, minimum_sample: int, name: str) -> Baseline | None:
    reading = readings.read(watch, span, span.end)
    if reading.value is None or not _is_enough(reading, minimum_sample):
        return None
    return Baseline(reading.value, reading.sample, name)


def _median(watch: Watch, spans: Iterator[TimeRange], minimum_sample: int, name: str) -> Baseline | None:
    found = [reading for span in spans if _is_enough(reading := readings.read(watch, span, span.end), minimum_sample)]
    if len(found) < ENOUGH_WINDOWS:
        return None
    values = [reading.value for reading in found if reading.value is not None]
    return Baseline(median(values), sum(reading.sample for reading in found), name.format(count=len(found)))


def _auto(watch: Watch, span: TimeRange, minimum_sample: int) -> Baseline | None:
    weeks = (span.shifted(WEEK * number) for number in range(1, 5))
    days = (span.shifted(DAY * number) for number in range(1, 8))
    found = _median(watch, weeks, minimum_sample, "median of the same hour in {count} weeks") or _median(
        watch, days, minimum_sample, "median of the same hour on {count} days"
    )
    if found or watch.definition.additive:
        return found
    return _single(watch, TimeRange(span.start - DAY, span.start), minimum_sample, "the 24 h before")


def find(watch: Watch, kind: str, span: TimeRange, minimum_sample: int) -> Baseline | None:
    """The baseline for a value of this stretch; None while there is too little history. Runs 1 to 12 queries."""
    match Baselines(kind):
        case Baselines.PREVIOUS:
            return _single(watch, span.shifted(span.length), minimum_sample, "the period before")
        case Baselines.YESTERDAY:
            return _single(watch, span.shifted(DAY), minimum_sample, "same time yesterday")
        case Baselines.WEEK:
            return _single(watch, span.shifted(WEEK), minimum_sample, "same time last week")
        case Baselines.AUTO:
            return _auto(watch, span, minimum_sample)


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
        found = find(rule.watch, rule.baseline, span, rule.spec.minimum_sample)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[key] = (span.end, found)
        return found
