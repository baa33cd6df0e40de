"""From series of points to figures: increases of running totals, sums that can be added, and what is read from them.

Pure. A cumulative point repeats all before it: what happened in a step is the difference to the point before. Where a
total begins anew (another start, or less than before) it counts from zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

#: The first point of a total counts as a whole when it began so few seconds before: an exporter's first report. What
#: is older began before anybody looked, and would stand as a peak where it was first seen.
FIRST_REPORT_SECONDS = 3600
#: More than this share of what was measured in one bucket says nothing of percentiles.
COARSE_SHARE = 0.9

Bucket = tuple[float, float]


class SeriesStep(NamedTuple):
    """One series in one step, as ``sql/metric_steps.sql`` gives it. NaN is "not known"."""

    series: int
    start_time: datetime
    cumulative: bool
    #: The step's begin, seconds since 1970.
    at: int
    points: int
    newest: datetime
    latest: float
    total: float
    low: float
    high: float
    count: int
    minimum: float
    maximum: float
    bounds: list[float]
    buckets: list[int]
    quantiles: list[float]
    quantile_values: list[float]


@dataclass(slots=True)
class Sums:
    """What one or more series say of a stretch of time; stretches and series can be added."""

    points: int = 0
    #: Of all values, for the mean of a gauge.
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    #: By how much counters rose, and what histograms measured in sum.
    increase: float = 0.0
    #: How many a histogram measured.
    count: int = 0
    buckets: dict[Bucket, int] = field(default_factory=dict)
    #: The smallest and largest that a histogram measured.
    minimum: float = math.inf
    maximum: float = -math.inf
    #: Series -> when it said what last.
    latest: dict[int, tuple[datetime, float]] = field(default_factory=dict)
    #: Of summaries: what their senders said of quantiles last.
    quantiles: dict[float, tuple[datetime, float]] = field(default_factory=dict)
    #: Seconds that the longest increase took: a sender may report less often than a step is long.
    covered: float = 0.0
    #: Whether anything is known of an increase: the first point of a total has nothing before it.
    has_increase: bool = False

    def add(self, other: Sums) -> None:
        self.points += other.points
        self.total += other.total
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.increase += other.increase
        self.count += other.count
        self.covered = max(self.covered, other.covered)
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        self.has_increase |= other.has_increase
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        for mine, theirs in ((self.latest, other.latest), (self.quantiles, other.quantiles)):
            for key, said in theirs.items():
                mine[key] = max(mine.get(key, said), said)

    @property
    def is_coarse(self) -> bool:
        """Whether nearly all that was measured lies in one bucket whose ends are far apart."""
        if not self.count or not self.buckets:
            return False
        (low, high), count = max(self.buckets.items(), key=lambda pair: pair[1])
        low, high = self._known(low, high)
        return count >= COARSE_SHARE * self.count and high > 4 * max(low, 0.0)

    def quantile(self, share: float) -> float | None:
        """By the buckets, straight lines within each; by what a summary's sender said where there are none."""
        if not self.buckets:
            return self.quantiles[share][1] if share in self.quantiles else None
        ranked = sorted(self.buckets.items(), key=lambda pair: (pair[0][1], pair[0][0]))
        wanted = share * sum(count for _, count in ranked)
        below = 0.0
        for (low, high), count in ranked:
            if count and below + count >= wanted:
                low, high = self._ends(low, high)
                return low + (high - low) * (wanted - below) / count
            below += count
        return None

    def _known(self, low: float, high: float) -> Bucket:
        if self.minimum > self.maximum:
            return low, high
        return max(low, self.minimum), min(high, self.maximum)

    def _ends(self, low: float, high: float) -> Bucket:
        """Finite ends of a bucket, no wider than what was measured where that is known."""
        low, high = self._known(low, high)
        if math.isinf(low):
            low = min(0.0, high)
        return low, low if math.isinf(high) else max(low, high)


def by_step(rows: Iterable[SeriesStep], *, since: int) -> Iterator[tuple[int, int, Sums]]:
    """Series, step and what it says there. ``rows`` come series by series in the order of time.

    Steps before ``since`` are only there to be compared with.
    """
    before: dict[tuple[int, datetime], SeriesStep] = {}
    for row in rows:
        key = (row.series, row.start_time)
        if row.at >= since:
            yield row.series, row.at, _sums(row, before.get(key))
        before[key] = row


def _sums(row: SeriesStep, before: SeriesStep | None) -> Sums:
    sums = Sums(
        points=row.points,
        total=row.total,
        low=row.low,
        high=row.high,
        latest={row.series: (row.newest, row.latest)},
        quantiles={share: (row.newest, value) for share, value in zip(row.quantiles, row.quantile_values, strict=True)},
    )
    if not math.isnan(row.minimum):
        sums.minimum = row.minimum
    if not math.isnan(row.maximum):
        sums.maximum = row.maximum
    if before is not None:
        sums.covered = (row.newest - before.newest).total_seconds()
    if not row.cumulative:
        sums.increase, sums.count, sums.has_increase = row.total, row.count, True
        sums.buckets = _named(row.bounds, row.buckets)
    elif before is None or row.count < before.count or (not row.count and row.latest < before.latest):
        if before is not None or _is_first_report(row):
            sums.increase, sums.count, sums.has_increase = row.latest, row.count, True
            sums.buckets = _named(row.bounds, row.buckets)
    else:
        sums.increase, sums.count, sums.has_increase = row.latest - before.latest, row.count - before.count, True
        sums.buckets = _difference(row, before)
    return sums


def _is_first_report(row: SeriesStep) -> bool:
    began = row.start_time.timestamp()
    return began > 0 and row.newest.timestamp() - began <= FIRST_REPORT_SECONDS


def _named(bounds: Sequence[float], buckets: Sequence[int]) -> dict[Bucket, int]:
    if not buckets:
        return {}
    edges = [-math.inf, *bounds, math.inf]
    return {(low, high): count for (low, high), count in zip(pairwise(edges), buckets, strict=True) if count}


def _difference(row: SeriesStep, before: SeriesStep) -> dict[Bucket, int]:
    if row.bounds == before.bounds:
        pairs = zip(row.buckets, before.buckets, strict=True)
        return _named(row.bounds, [max(0, now - then) for now, then in pairs])
    # An exponential histogram has moved or coarsened its buckets: how many lay below each of its present bounds.
    edges, below, place = [*row.bounds, math.inf], 0, 0
    earlier, counts = [*before.bounds, math.inf], []
    for edge, now in zip(edges, row.buckets, strict=True):
        then = 0
        while place < len(before.buckets) and earlier[place] <= edge:
            then += before.buckets[place]
            place += 1
        below += then
        counts.append(max(0, now - then))
    return _named(row.bounds, counts)
