"""What stored spans gained from later log records (``span_content``), for whoever reads texts of spans.

A question of its own: joined to the questions that read spans it would double the time that these take to plan.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from telemetry import store
from telemetry.columns import microseconds

#: Seconds until what another process stored is noticed in a project that had nothing.
NOTICED_IN = 5.0
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


class _Found(NamedTuple):
    found: int


#: Projects that have some; and until when others are known to have none.
_some: set[int] = set()
_none_until: dict[int, float] = {}


def noticed(project_ids: Iterable[int]) -> None:
    """This process stored some."""
    _some.update(project_ids)


def _is_there(project_id: int) -> bool:
    """Most projects never have any; what another process stores is noticed after a few seconds."""
    if project_id in _some:
        return True
    if time.monotonic() < _none_until.get(project_id, 0.0):
        return False
    if store.rows(_Found, "telemetry/told_anything", project_id=project_id):
        _some.add(project_id)
        return True
    _none_until[project_id] = time.monotonic() + NOTICED_IN
    return False


def later(project_id: int, starts: Iterable[datetime]) -> dict[tuple[str, str], Told]:
    """By trace and span id, of spans that began at these moments. Raises StoreUnavailable."""
    if not _is_there(project_id):
        return {}
    moments = sorted({microseconds(start) for start in starts})
    found: dict[tuple[str, str], Told] = {}
    for at in range(0, len(moments), MOST_AT_ONCE):
        rows = store.rows(Told, "telemetry/told_later", project_id=project_id, starts=moments[at : at + MOST_AT_ONCE])
        found |= {(row.trace_id, row.span_id): row for row in rows}
    return found
