"""OTLP bodies, protobuf and JSON, to canonical spans: what is good is kept, what is bad is named.

A span is accepted whole or refused whole. Texts that are not UTF-8 are repaired; an end before the start counts as no
duration; ids and start must be right, since nothing could be found again without them.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.message import DecodeError

from accounts.keys import Caller
from telemetry.dialects import wire
from telemetry.dialects.decoded import BadBody, BadSpan, Decoded
from telemetry.dialects.translate import Defaults, translate

TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8
NO_TRACE, NO_SPAN = bytes(TRACE_ID_BYTES), bytes(SPAN_ID_BYTES)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A clock that is wrong by more than this is not believed.
FUTURE_NS = 86_400 * 10**9
#: How many refused spans the message explains.
EXPLAINED = 5


def decode_traces(body: bytes, *, json: bool, caller: Caller) -> Decoded:
    """Canonical spans of an ``ExportTraceServiceRequest``. Raises BadBody when it is none."""
    decoded, reasons = Decoded(), []
    base = Defaults.of(project_id=caller.project_id, key_id=caller.key_id)
    latest_ns = time.time_ns() + FUTURE_NS
    for where, resource_spans in enumerate(_parse(body, json=json).resource_spans):
        of_resource = base.within(resource_spans.resource.attributes, "resource.")
        for scope_at, scope_spans in enumerate(resource_spans.scope_spans):
            defaults = _of_scope(of_resource, scope_spans.scope)
            for at, span in enumerate(scope_spans.spans):
                try:
                    checked, start_ns = _check(span, latest_ns)
                    decoded.spans.append(translate(span, checked, start_ns, defaults))
                except BadSpan as error:
                    decoded.rejected += 1
                    reasons.append(f"resourceSpans[{where}].scopeSpans[{scope_at}].spans[{at}].{error}")
    decoded.message = _explain(reasons)
    return decoded


def _parse(body: bytes, *, json: bool) -> Any:
    try:
        return wire.Traces.FromString(body)
    except DecodeError as error:
        raise BadBody(f"The body is no ExportTraceServiceRequest in protobuf: {error}") from None


def _of_scope(of_resource: Defaults, scope: Any) -> Defaults:
    defaults = of_resource.within(scope.attributes, "scope.")
    name, version = scope.name.decode(errors="replace"), scope.version.decode(errors="replace")
    defaults.set("scope", f"{name}/{version}" if version else name)
    return defaults


def _check(span: Any, latest_ns: int) -> tuple[tuple[str, str, str, datetime, float], int]:
    """Trace id, span id, parent id, start and duration of a span, and its start in nanoseconds."""
    trace_id, span_id, parent_id = span.trace_id, span.span_id, span.parent_span_id
    start_ns, end_ns = span.start_time_unix_nano, span.end_time_unix_nano
    if len(trace_id) != TRACE_ID_BYTES or trace_id == NO_TRACE:
        raise BadSpan(f"traceId: must be {TRACE_ID_BYTES} bytes and not all zero")
    if len(span_id) != SPAN_ID_BYTES or span_id == NO_SPAN:
        raise BadSpan(f"spanId: must be {SPAN_ID_BYTES} bytes and not all zero")
    if parent_id and len(parent_id) != SPAN_ID_BYTES:
        raise BadSpan(f"parentSpanId: must be empty or {SPAN_ID_BYTES} bytes")
    if not 0 < start_ns <= latest_ns:
        raise BadSpan("startTimeUnixNano: is missing" if not start_ns else "startTimeUnixNano: lies in the future")
    start = EPOCH + timedelta(0, 0, start_ns // 1000)
    duration_ms = (end_ns - start_ns) / 1e6 if end_ns > start_ns else 0.0
    parent = parent_id.hex() if parent_id != NO_SPAN else ""
    return (trace_id.hex(), span_id.hex(), parent, start, duration_ms), start_ns


def _explain(reasons: list[str]) -> str:
    if not reasons:
        return ""
    more = f" (and {len(reasons) - EXPLAINED} more)" if len(reasons) > EXPLAINED else ""
    return "; ".join(reasons[:EXPLAINED]) + more
