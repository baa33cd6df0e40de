"""What stored spans gained from later log records (``span_content``), for whoever reads texts of spans.

A question of its own: joined to the questions that read spans it would double the time that these take to plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from telemetry import store
from telemetry.columns import microseconds

#: Starts that one question names.
MOST_AT_ONCE = 5000


class Told(NamedTuple):
    """The texts of a span; an empty one adds nothing to what the span says itself."""

    trace_id: str
    span_id: str
    input: str
    output: str
    documents: str
    tool_calls: str
    finish_reason: str
    error_message: str


def later(project_id: int, starts: Iterable[datetime]) -> dict[tuple[str, str], Told]:
    """By trace and span id, of spans that began at these moments. Raises StoreUnavailable."""
    moments = sorted({microseconds(start) for start in starts})
    found: dict[tuple[str, str], Told] = {}
    for at in range(0, len(moments), MOST_AT_ONCE):
        rows = store.rows(Told, "telemetry/told_later", project_id=project_id, starts=moments[at : at + MOST_AT_ONCE])
        found |= {(row.trace_id, row.span_id): row for row in rows}
    return found
