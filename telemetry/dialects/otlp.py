"""OTLP traces, protobuf and JSON, to canonical spans: what is good is kept, what is bad is named.

A span is accepted whole or refused whole. Texts that are not UTF-8 are repaired; an end before the start counts as no
duration; ids and times must be right, since nothing could be found again without them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from telemetry.dialects.decoded import BadItem, Decoded
from telemetry.dialects.envelope import Signal, batches, explain
from telemetry.dialects.trace_fields import share_trace_fields
from telemetry.dialects.translate import Defaults, translate
from telemetry.times import Bounds

if TYPE_CHECKING:
    from accounts.keys import Caller

TRACES = Signal("ExportTraceServiceRequest", "Traces", "Span", ("resourceSpans", "scopeSpans", "spans"))

TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8
NO_TRACE, NO_SPAN = bytes(TRACE_ID_BYTES), bytes(SPAN_ID_BYTES)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A clock that is ahead by more than this is not believed.
FUTURE_NS = 86_400 * 10**9


def decode_traces(body: bytes, *, json: bool, caller: Caller) -> Decoded:
    """Canonical spans of an ``ExportTraceServiceRequest``. Raises BadBody when it is none."""
    spans, refusals = [], []
    base = Defaults.of(project_id=caller.project_id, key_id=caller.key_id, client=caller.client)
    bounds = Bounds()
    for place, defaults, items in batches(body, TRACES, base, json=json):
        for at, span in enumerate(items):
            try:
                if span.__class__ is BadItem:
                    raise span
                checked, start_ns = _check(span, bounds)
                spans.append(translate(span, checked, start_ns, defaults))
            except BadItem as error:
                refusals.append(error.at(f"{place}[{at}]"))
    share_trace_fields(spans)
    return Decoded(spans, len(refusals), explain(refusals), refusals)


def _check(span: Any, bounds: Bounds) -> tuple[tuple[str, str, str, datetime, float], int]:
    """Trace id, span id, parent id, start and duration of a span, and its start in nanoseconds."""
    trace_id, span_id, parent_id = span.trace_id, span.span_id, span.parent_span_id
    start_ns, end_ns = span.start_time_unix_nano, span.end_time_unix_nano
    if len(trace_id) != TRACE_ID_BYTES or trace_id == NO_TRACE:
        raise BadItem(f"must be {TRACE_ID_BYTES} bytes and not all zero", field="traceId")
    if len(span_id) != SPAN_ID_BYTES or span_id == NO_SPAN:
        raise BadItem(f"must be {SPAN_ID_BYTES} bytes and not all zero", field="spanId")
    if parent_id and len(parent_id) != SPAN_ID_BYTES:
        raise BadItem(f"must be empty or {SPAN_ID_BYTES} bytes", field="parentSpanId")
    if not bounds.earliest <= start_ns <= bounds.latest:
        raise BadItem(bounds.wrong(start_ns), field="startTimeUnixNano")
    if end_ns > bounds.latest:
        raise BadItem(bounds.wrong(end_ns), field="endTimeUnixNano")
    start = EPOCH + timedelta(0, 0, start_ns // 1000)
    duration_ms = (end_ns - start_ns) / 1e6 if end_ns > start_ns else 0.0
    parent = parent_id.hex() if parent_id != NO_SPAN else ""
    return (trace_id.hex(), span_id.hex(), parent, start, duration_ms), start_ns
