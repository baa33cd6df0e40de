"""Storing points of metrics once: by series, start and time, however often an exporter repeats them."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import compress
from typing import Any

import xxhash

from telemetry import counters, store
from telemetry.columns import EPOCH, microseconds
from telemetry.dialects.otlp_metrics import MetricPoint
from telemetry.dialects.values import as_text
from telemetry.recent import WINDOW, RecentIds

#: Attributes of one series, and characters of one value.
MOST_ATTRIBUTES, LONGEST_VALUE = 40, 300
#: Points of one insert.
MOST_AT_ONCE = 4000
#: Series remembered as written; beyond them all are forgotten and written again, which changes nothing.
MOST_REMEMBERED = 100_000
#: What every sender says of its SDK tells no series from another.
UNTELLING = "resource.telemetry."

_points = RecentIds(load=lambda: store.numbers("telemetry/recent_point_ids", seconds=int(WINDOW.total_seconds())))


class _Written:
    """Which series were written on which day."""

    def __init__(self) -> None:
        self._days: dict[tuple[int, int], date] = {}
        self._lock = threading.Lock()

    def missing(self, points: Sequence[MetricPoint], today: date) -> dict[tuple[int, int], MetricPoint]:
        return {
            (point.project_id, number(point)): point
            for point in points
            if self._days.get((point.project_id, number(point))) != today
        }

    def add(self, keys: Sequence[tuple[int, int]], today: date) -> None:
        with self._lock:
            if len(self._days) + len(keys) > MOST_REMEMBERED:
                self._days.clear()
            self._days.update(dict.fromkeys(keys, today))

    def clear(self) -> None:
        self._days.clear()


_written = _Written()


def forget() -> None:
    """Know only what ClickHouse knows, as after a restart."""
    _points.reset()
    _written.clear()


def number(point: MetricPoint) -> int:
    """The series as the store names it."""
    return int(point.series[:16], 16)


def point_hash(point: MetricPoint) -> int:
    start = microseconds(point.start_time) if point.start_time else 0
    return xxhash.xxh3_64_intdigest(f"{point.project_id}|{point.series}|{start}|{microseconds(point.time)}".encode())


def store_points(points: Sequence[MetricPoint]) -> int:
    """Store what is new of these; returns how many that were, when they are on disk.

    Raises StoreUnavailable, after which trying again is right, or BadRows when a value does not fit.
    """
    return sum(_store_some(points[at : at + MOST_AT_ONCE]) for at in range(0, len(points), MOST_AT_ONCE))


def _store_some(points: Sequence[MetricPoint]) -> int:
    hashes = [point_hash(point) for point in points]
    with _points.claim(hashes) as claim:
        new, new_hashes = list(compress(points, claim.fresh)), list(compress(hashes, claim.fresh))
        if new:
            # Asked always: points are few, and an exporter may come back with old ones after any time.
            known = _stored(new, new_hashes)
            new = [point for point, one in zip(new, new_hashes, strict=True) if one not in known]
            new_hashes = [one for one in new_hashes if one not in known]
        if new:
            now = datetime.now(UTC)
            _write_series(new, now)
            store.insert("metric_points", _columns(new, new_hashes, now))
        claim.keep()
    counters.count("onwatch_metric_points_stored_total", len(new))
    counters.count("onwatch_metric_points_repeated_total", len(points) - len(new))
    return len(new)


def _stored(points: Sequence[MetricPoint], hashes: Sequence[int]) -> set[int]:
    times = [point.time for point in points]
    found = store.numbers(
        "telemetry/metric_point_ids",
        projects=sorted({point.project_id for point in points}),
        series=sorted({number(point) for point in points}),
        earliest=microseconds(min(times)),
        latest=microseconds(max(times)),
        ids=list(hashes),
    )
    return set(found.tolist())


def _write_series(points: Sequence[MetricPoint], now: datetime) -> None:
    missing = _written.missing(points, now.date())
    if not missing:
        return
    found = list(missing.values())
    store.insert(
        "metric_series",
        {
            "project_id": [point.project_id for point in found],
            "name": [point.name for point in found],
            "series": [number(point) for point in found],
            "unit": [point.unit for point in found],
            "kind": [point.kind for point in found],
            "temporality": [point.temporality for point in found],
            "monotonic": [point.monotonic for point in found],
            "service": [point.service for point in found],
            "scope": [point.scope for point in found],
            "attributes": [_attributes(point) for point in found],
            "received_at": [microseconds(now) // 1000] * len(found),
        },
    )
    _written.add(list(missing), now.date())


def _attributes(point: MetricPoint) -> dict[str, str]:
    """What series are told apart by: the point's attributes, then its sender's."""
    sender = {"service": point.service, "environment": point.environment, "release": point.release}
    resource = {name: value for name, value in point.resource.items() if not name.startswith(UNTELLING)}
    told = point.attributes | {name: value for name, value in sender.items() if value} | resource
    kept = list(told.items())[:MOST_ATTRIBUTES]
    return {name[:LONGEST_VALUE]: as_text(value)[:LONGEST_VALUE] for name, value in kept}


def _columns(points: Sequence[MetricPoint], hashes: Sequence[int], now: datetime) -> dict[str, Sequence[Any]]:
    # Points that are no running total need no start: they are added up whatever it is.
    cumulative = [point.temporality == "cumulative" or point.kind == "summary" for point in points]
    starts = [point.start_time if is_total else None for point, is_total in zip(points, cumulative, strict=True)]
    return {
        "project_id": [point.project_id for point in points],
        "series": [number(point) for point in points],
        "time": [microseconds(point.time) for point in points],
        "start_time": [microseconds(start or EPOCH) for start in starts],
        "cumulative": cumulative,
        "value": [point.value for point in points],
        "count": [point.count for point in points],
        "minimum": [math.nan if point.minimum is None else point.minimum for point in points],
        "maximum": [math.nan if point.maximum is None else point.maximum for point in points],
        "bounds": [point.bounds for point in points],
        "buckets": [point.buckets for point in points],
        "quantiles": [list(point.quantiles) for point in points],
        "quantile_values": [list(point.quantiles.values()) for point in points],
        "received_at": [microseconds(now) // 1000] * len(points),
        "id_hash": hashes,
    }
