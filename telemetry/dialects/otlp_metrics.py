"""OTLP metrics to points: gauges, sums, and histograms of both forms, each with what identifies its series.

A cumulative point repeats all before it since ``start_time``, and exporters repeat their last one when they end: the
last value of a series counts, never the sum of its points.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import orjson

from telemetry.dialects.decoded import BadItem
from telemetry.dialects.draft import SLOT
from telemetry.dialects.envelope import Signal, batches, explain
from telemetry.dialects.otlp import EPOCH, FUTURE_NS
from telemetry.dialects.translate import Defaults
from telemetry.dialects.values import plain

if TYPE_CHECKING:
    from accounts.keys import Caller

METRICS = Signal("ExportMetricsServiceRequest", "Metrics", "Metric", ("resourceMetrics", "scopeMetrics", "metrics"))

MetricKind = Literal["gauge", "sum", "histogram", "summary"]
Temporality = Literal["", "delta", "cumulative"]
TEMPORALITIES: dict[int, Temporality] = {1: "delta", 2: "cumulative"}

#: The flag of a point that says "no value at this time".
NO_RECORDED_VALUE = 1
#: Histograms with more buckets than this are refused: an exponential one has 160 by default.
MAX_BUCKETS = 2000
MAX_NAME = 400
#: The largest count that is believed.
MAX_COUNT = 2**62


@dataclass(slots=True)
class MetricPoint:
    """One value of one series at one time."""

    project_id: int
    name: str
    unit: str
    kind: MetricKind
    temporality: Temporality
    #: Of sums: never falls.
    monotonic: bool
    #: Since when a sum or histogram counts; None for gauges and where nobody said.
    start_time: datetime | None
    time: datetime
    #: Of histograms and summaries: the sum of what was measured.
    value: float
    #: Of histograms and summaries: how many were measured.
    count: int = 0
    minimum: float | None = None
    maximum: float | None = None
    #: Upper bounds, rising; ``buckets`` has one more for what lies above the last.
    bounds: list[float] = field(default_factory=list)
    buckets: list[int] = field(default_factory=list)
    #: Of summaries: quantile -> value.
    quantiles: dict[float, float] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    service: str = ""
    environment: str = ""
    release: str = ""
    scope: str = ""
    #: What else its sender says of itself, behind ``resource.`` and ``scope.``.
    resource: dict[str, Any] = field(default_factory=dict)
    #: The same for every point of one series of one sender: 32 hex digits.
    series: str = ""


@dataclass(slots=True)
class DecodedMetrics:
    """The good part of a body of metrics."""

    points: list[MetricPoint] = field(default_factory=list)
    #: Data points, as OTLP counts them.
    rejected: int = 0
    message: str = ""
    refused: list[str] = field(default_factory=list)


def decode_metrics(body: bytes, *, json: bool, caller: Caller) -> DecodedMetrics:
    """Points of an ``ExportMetricsServiceRequest``. Raises BadBody when it is none."""
    decoded, refusals = DecodedMetrics(), []
    base = Defaults.of(project_id=caller.project_id, key_id=caller.key_id)
    latest_ns = time.time_ns() + FUTURE_NS
    for place, defaults, items in batches(body, METRICS, base, json=json):
        for at, metric in enumerate(items):
            if isinstance(metric, BadItem):
                refusals.append(metric.at(f"{place}[{at}]"))
                continue
            reader = _Reader(metric, defaults, latest_ns)
            for point_at, (kind, given) in enumerate(reader.given()):
                try:
                    decoded.points += reader.read(kind, given)
                except BadItem as error:
                    refusals.append(error.at(f"{place}[{at}].{kind}.dataPoints[{point_at}]"))
    decoded.rejected, decoded.message, decoded.refused = len(refusals), explain(refusals), refusals
    return decoded


class _Reader:
    """Reads the points of one metric."""

    def __init__(self, metric: Any, defaults: Defaults, latest_ns: int) -> None:
        self.metric = metric
        self.name = metric.name.decode("utf-8", "replace")[:MAX_NAME]
        self.unit = metric.unit.decode("utf-8", "replace")[:MAX_NAME]
        self.latest_ns = latest_ns
        self.values = defaults.values
        self.rest = defaults.rest
        self.resource = orjson.dumps(defaults.rest, option=orjson.OPT_SORT_KEYS)

    def given(self) -> Iterator[tuple[str, Any]]:
        """Points with OTLP's name for their kind."""
        for kind, name in _KINDS.items():
            for point in getattr(self.metric, name).data_points:
                yield kind, point

    def read(self, kind: str, given: Any) -> list[MetricPoint]:
        """The point, in a list that is empty when it says that there was no value."""
        if given.flags & NO_RECORDED_VALUE:
            return []
        if not self.name:
            raise BadItem("the metric has no name", field="name")
        if not 0 < given.time_unix_nano <= self.latest_ns:
            raise BadItem("lies in the future" if given.time_unix_nano else "is missing", field="timeUnixNano")
        holder = getattr(self.metric, _KINDS[kind])
        start_ns = given.start_time_unix_nano
        point = MetricPoint(
            project_id=self.values[SLOT["project_id"]],
            name=self.name,
            unit=self.unit,
            kind=_OUR_KINDS[kind],
            temporality=TEMPORALITIES.get(holder.aggregation_temporality, "") if kind in _SUMMED else "",
            monotonic=kind == "sum" and holder.is_monotonic,
            start_time=_moment(start_ns) if 0 < start_ns <= self.latest_ns and kind != "gauge" else None,
            time=_moment(given.time_unix_nano),
            value=0.0,
            attributes=_attributes(given.attributes),
            service=self.values[SLOT["service"]],
            environment=self.values[SLOT["environment"]],
            release=self.values[SLOT["release"]],
            scope=self.values[SLOT["scope"]],
            resource=self.rest,
        )
        _READERS[kind](given, point)
        point.series = self._series(point)
        return [point]

    def _series(self, point: MetricPoint) -> str:
        identity = orjson.dumps(
            [
                point.project_id, point.name, point.unit, point.kind, point.temporality, point.service,
                point.environment, point.release, point.scope, point.attributes,
            ],
            option=orjson.OPT_SORT_KEYS,
            default=str,
        )  # fmt: skip
        return hashlib.blake2b(self.resource + identity, digest_size=16).hexdigest()


def _moment(time_ns: int) -> datetime:
    return EPOCH + timedelta(0, 0, time_ns // 1000)


def _attributes(given: Any) -> dict[str, Any]:
    found = {}
    for name in given:
        try:
            found[name] = plain(given[name])
        except BadItem as error:
            raise BadItem(str(error), field=f"attributes.{name}") from None
    return found


def _finite(value: float, name: str) -> float:
    if not math.isfinite(value):
        raise BadItem("must be a finite number", field=name)
    return value


def _count(value: int, name: str) -> int:
    if value > MAX_COUNT:
        raise BadItem("is beyond belief", field=name)
    return value


def _read_number(given: Any, point: MetricPoint) -> None:
    if given.HasField("as_int"):
        point.value = float(given.as_int)
    elif given.HasField("as_double"):
        point.value = _finite(given.as_double, "asDouble")
    else:
        raise BadItem("is missing", field="asDouble")


def _read_measured(given: Any, point: MetricPoint) -> None:
    point.count = _count(given.count, "count")
    point.value = _finite(given.sum, "sum")


def _read_histogram(given: Any, point: MetricPoint) -> None:
    _read_measured(given, point)
    _read_extremes(given, point)
    bounds, buckets = list(given.explicit_bounds), list(given.bucket_counts)
    if buckets and len(buckets) != len(bounds) + 1:
        raise BadItem(f"must be one more than the {len(bounds)} explicitBounds", field="bucketCounts")
    if len(buckets) > MAX_BUCKETS:
        raise BadItem(f"are more than {MAX_BUCKETS}", field="bucketCounts")
    if any(low >= high for low, high in zip(bounds, bounds[1:], strict=False)) or not all(map(math.isfinite, bounds)):
        raise BadItem("must be finite and rising", field="explicitBounds")
    point.bounds = bounds if buckets else []
    point.buckets = [_count(bucket, "bucketCounts") for bucket in buckets]


def _read_extremes(given: Any, point: MetricPoint) -> None:
    point.minimum = given.min if given.HasField("min") and math.isfinite(given.min) else None
    point.maximum = given.max if given.HasField("max") and math.isfinite(given.max) else None


def _read_exponential(given: Any, point: MetricPoint) -> None:
    """Written with explicit bounds: negative buckets, zero, positive buckets."""
    _read_measured(given, point)
    _read_extremes(given, point)
    for side in ("positive", "negative"):
        if len(getattr(given, side).bucket_counts) > MAX_BUCKETS // 2:
            raise BadItem(f"are more than {MAX_BUCKETS // 2}", field=f"{side}.bucketCounts")
    below = [(-high, -low, count) for low, high, count in _exponential(given.scale, given.negative)][::-1]
    above = list(_exponential(given.scale, given.positive))
    point.bounds, point.buckets = _merged(below, _count(given.zero_count, "zeroCount"), above)


def _exponential(scale: int, buckets: Any) -> Iterator[tuple[float, float, int]]:
    """Lower bound, upper bound and count: bucket ``i`` ends at ``2 ** ((offset + i + 1) * 2 ** -scale)``."""
    if not -30 <= scale <= 60:
        raise BadItem("must lie between -30 and 60", field="scale")
    for place, count in enumerate(buckets.bucket_counts):
        index = buckets.offset + place
        yield _power(index, scale), _power(index + 1, scale), _count(count, "bucketCounts")


def _power(index: int, scale: int) -> float:
    exponent = math.ldexp(index, -scale)
    return 2.0 ** max(-1074.0, min(1023.0, exponent))


def _merged(
    below: list[tuple[float, float, int]], zero_count: int, above: list[tuple[float, float, int]]
) -> tuple[list[float], list[int]]:
    """Rising bounds and their counts. Buckets that no double can tell apart are put together."""
    bounds: list[float] = []
    buckets: list[int] = [0]
    spans = [*below, (below[-1][1] if below else 0.0, above[0][0] if above else 0.0, zero_count), *above]
    for low, high, count in spans:
        if not bounds:
            bounds.append(low)
            buckets.append(0)
        if high > bounds[-1]:
            bounds.append(high)
            buckets.append(0)
            buckets[-2] += count
        else:
            buckets[-2] += count
    return bounds, buckets


def _read_summary(given: Any, point: MetricPoint) -> None:
    _read_measured(given, point)
    point.quantiles = {
        pair.quantile: pair.value
        for pair in given.quantile_values
        if 0 <= pair.quantile <= 1 and math.isfinite(pair.value)
    }


#: OTLP/JSON's names -> the wire's, ours, and how they are read.
_KINDS = {
    "gauge": "gauge",
    "sum": "sum",
    "histogram": "histogram",
    "exponentialHistogram": "exponential_histogram",
    "summary": "summary",
}
_OUR_KINDS: dict[str, MetricKind] = {
    "gauge": "gauge",
    "sum": "sum",
    "histogram": "histogram",
    "exponentialHistogram": "histogram",
    "summary": "summary",
}
_SUMMED = frozenset({"sum", "histogram", "exponentialHistogram"})
_READERS = {
    "gauge": _read_number,
    "sum": _read_number,
    "histogram": _read_histogram,
    "exponentialHistogram": _read_exponential,
    "summary": _read_summary,
}
