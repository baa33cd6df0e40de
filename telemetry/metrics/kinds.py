"""What can be asked of a metric: aggregations by its kind, and how each is read. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from telemetry.metrics.sums import Sums

#: ``gauge`` is also a sum that may fall; ``counter`` a sum that never does, or one of differences.
Shape = Literal["gauge", "counter", "histogram", "summary"]


@dataclass(frozen=True, slots=True)
class Aggregation:
    label: str
    #: From sums and the seconds that they stand for.
    of: Callable[[Sums, float], float | None]
    #: What follows the metric's unit.
    per: str = ""
    #: A count: the metric's own unit does not apply.
    is_count: bool = False
    #: Read from buckets, which cost most of all to read.
    needs_buckets: bool = False

    def read(self, sums: Sums, seconds: float) -> float | None:
        """Sums of the largest numbers that there are lie beyond all: nothing can be said then."""
        value = self.of(sums, seconds)
        return value if value is not None and math.isfinite(value) else None


def _rate(sums: Sums, seconds: float) -> float | None:
    return sums.increase / max(seconds, sums.covered) if sums.has_increase else None


def _calls(sums: Sums, seconds: float) -> float | None:
    return sums.count / max(seconds, sums.covered) if sums.has_increase else None


def _increase(sums: Sums, _: float) -> float | None:
    return sums.increase if sums.has_increase else None


def _count(sums: Sums, _: float) -> float | None:
    return float(sums.count) if sums.has_increase else None


def _measured_mean(sums: Sums, _: float) -> float | None:
    return sums.increase / sums.count if sums.count else None


def _mean(sums: Sums, _: float) -> float | None:
    return sums.total / sums.points if sums.points else None


def _last(sums: Sums, _: float) -> float | None:
    return max(sums.latest.values())[1] if sums.latest else None


def _sum_of_last(sums: Sums, _: float) -> float | None:
    return sum(value for _, value in sums.latest.values()) if sums.latest else None


def _low(sums: Sums, _: float) -> float | None:
    return sums.low if sums.points else None


def _high(sums: Sums, _: float) -> float | None:
    return sums.high if sums.points else None


def _quantile(share: float, label: str) -> Aggregation:
    def read(sums: Sums, _: float) -> float | None:
        return sums.quantile(share)

    return Aggregation(label, read, needs_buckets=True)


_QUANTILES = {
    "p50": _quantile(0.5, "median"),
    "p95": _quantile(0.95, "95th percentile"),
    "p99": _quantile(0.99, "99th percentile"),
}

#: The first of each shape is what a chart shows at first.
AGGREGATIONS: Mapping[Shape, Mapping[str, Aggregation]] = {
    "gauge": {
        "avg": Aggregation("average", _mean),
        "last": Aggregation("last value", _last),
        "sum": Aggregation("sum of the last values", _sum_of_last),
        "min": Aggregation("smallest", _low),
        "max": Aggregation("largest", _high),
    },
    "counter": {
        "rate": Aggregation("rate", _rate, per="/s"),
        "sum": Aggregation("increase", _increase),
    },
    "histogram": {
        **{name: _QUANTILES[name] for name in ("p95", "p50", "p99")},
        "avg": Aggregation("average", _measured_mean),
        "rate": Aggregation("how many a second", _calls, per="/s", is_count=True),
        "count": Aggregation("how many", _count, is_count=True),
        "sum": Aggregation("sum of what was measured", _increase),
    },
    "summary": {
        "avg": Aggregation("average", _measured_mean),
        **_QUANTILES,
        "rate": Aggregation("how many a second", _calls, per="/s", is_count=True),
        "count": Aggregation("how many", _count, is_count=True),
        "sum": Aggregation("sum of what was measured", _increase),
    },
}
#: Every word that some shape understands.
NAMES: tuple[str, ...] = tuple(dict.fromkeys(name for known in AGGREGATIONS.values() for name in known))


def shape_of(kind: str, temporality: str, monotonic: bool) -> Shape:
    if kind == "sum":
        return "counter" if monotonic or temporality == "delta" else "gauge"
    return kind if kind in ("histogram", "summary") else "gauge"  # type: ignore[return-value]


def unit_text(unit: str) -> str:
    """UCUM as people write it: ``{token}`` is tokens, ``1`` is nothing."""
    if unit.startswith("{") and unit.endswith("}"):
        return f"{unit[1:-1]}s" if unit[1:-1] and not unit.endswith("s}") else unit[1:-1]
    return {"1": "", "By": "bytes", "USD": "$"}.get(unit, unit)
