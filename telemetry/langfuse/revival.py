"""Pieces of Langfuse traces that come when the others have been forgotten: what was stored is written down again.

A person adds a tag to a trace of yesterday, a tool ends after hours: such a piece alone makes no span, but the span is
there. All spans of its trace become rows again, as one event each, and the piece is laid over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from telemetry import pending, queries, store
from telemetry.dialects.langfuse_events import OBSERVATION, TRACE, Known
from telemetry.dialects.langfuse_stored import observation_known, trace_known
from telemetry.models import PendingRun
from telemetry.queries import WholeSpan

#: Spans of one trace that are written down again.
MOST_SPANS = 2_000


class _Place(NamedTuple):
    trace_id: str
    span_id: str


def revive(rows: Sequence[PendingRun], dialect: str, *, now: datetime) -> set[int]:
    """Write down again what is stored of the traces of these rows; returns the keys of rows that are now ``CHANGED``.

    Raises StoreUnavailable.
    """
    found: set[int] = set()
    for project_id, own in pending.by_project(rows).items():
        ids = sorted({row.run_id.partition("/")[2] for row in own})
        places = store.rows(_Place, "telemetry/langfuse_places", project_id=project_id, span_ids=ids)
        written: set[str] = set()
        for trace_id in sorted({place.trace_id for place in places}):
            written |= _write_trace(project_id, trace_id, dialect, now)
        found |= {row.pk for row in own if row.run_id in written}
    return found


def _write_trace(project_id: int, trace_id: str, dialect: str, now: datetime) -> set[str]:
    spans = queries.trace_spans(project_id, trace_id)[:MOST_SPANS]
    whole = {_key(span): span for span in queries.whole_spans(project_id, trace_id, spans)}
    root = whole.get(f"{TRACE}/{trace_id}")
    with transaction.atomic():
        rows = pending.locked(project_id, dialect, set(whole), now=now)
        for key, row in rows.items():
            span = whole[key]
            stored = trace_known(span) if span is root else observation_known(span, root)
            _write_again(row, stored, span, now)
        pending.write(rows.values())
    return set(whole)


def _key(span: WholeSpan) -> str:
    return f"{TRACE if span.span_id == span.trace_id else OBSERVATION}/{span.span_id}"


def _write_again(row: PendingRun, stored: dict[str, Any], span: WholeSpan, now: datetime) -> None:
    row.trace_id, row.state, row.touched_at, row.due_at = span.trace_id, PendingRun.State.CHANGED, now, now
    row.key_id_used = row.key_id_used or span.key_id
    begun = Known.of(row.pieces).starts_at
    if begun and begun <= span.start_time:
        # The span was made of this row a moment ago: nothing of it is forgotten.
        return
    events = stored["events"] | row.pieces.get("events", {})
    row.pieces = {**row.pieces, "events": events, "scope": row.pieces.get("scope") or stored["scope"]}
