"""Questions about alerts and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from alerts.series import Series, Watch
from core.timerange import TimeRange
from telemetry import store
from telemetry.span import CALL_KINDS, OPERATION_KINDS

EXAMPLES = 10


class Example(NamedTuple):
    """A trace that shows the problem. ``figure`` is in the unit of the series; for failures, milliseconds."""

    trace_id: str
    span_id: str
    start_time: datetime
    name: str
    what: str
    figure: float


_CALLS = {"kinds": sorted(CALL_KINDS), "error_type": ""}


def _question(watch: Watch) -> tuple[str, Mapping[str, Any]]:
    match watch.series:
        case Series.SCORE:
            return "alerts/examples_lowest", {"score": watch.subject}
        case Series.ERROR_RATE:
            return "alerts/examples_failed", _CALLS
        case Series.FAILURES:
            return "alerts/examples_failed", {"kinds": sorted(OPERATION_KINDS), "error_type": watch.subject}
        case Series.LATENCY_P50 | Series.LATENCY_P95 | Series.LATENCY_P99:
            return "alerts/examples_slowest", {}
    return "alerts/examples_costliest", {}


def _micros(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1_000_000)


def examples(watch: Watch, span: TimeRange, *, limit: int = EXAMPLES) -> list[Example]:
    """The traces that show best why the value is what it is: the failed, the slowest, the dearest, the worst judged."""
    question, parameters = _question(watch)
    where, values = watch.filters.sql()
    return store.rows(
        Example,
        question,
        where=where,
        project_id=watch.project_id,
        start=_micros(span.start),
        end=_micros(span.end),
        limit=limit,
        **parameters,
        **values,
    )
