"""OTLP bodies, protobuf and JSON, to canonical spans: what is good is kept, what is bad is named.

A span is accepted whole or refused whole. Texts that are not UTF-8 are repaired; an end before the start counts as no
duration; ids and start must be right, since nothing could be found again without them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from telemetry.dialects import otlp_json, wire
from telemetry.dialects.count_once import count_once
from telemetry.dialects.decoded import BadBody, BadSpan, Decoded
from telemetry.dialects.otlp_json import ResourceSpans, ScopeSpans
from telemetry.dialects.trace_fields import share_trace_fields
from telemetry.dialects.translate import Defaults, translate

if TYPE_CHECKING:
    from accounts.keys import Caller

TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8
NO_TRACE, NO_SPAN = bytes(TRACE_ID_BYTES), bytes(SPAN_ID_BYTES)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A clock that is wrong by more than this is not believed.
FUTURE_NS = 86_400 * 10**9
#: How many refused spans the message explains.
EXPLAINED = 5


def decode_traces(body: bytes, *, json: bool, caller: Caller) -> Decoded:
    """Canonical spans of an ``ExportTraceServiceRequest``. Raises BadBody when it is none."""
    decoded, refusals = Decoded(), []
    base = Defaults.of(project_id=caller.project_id, key_id=caller.key_id)
    latest_ns = time.time_ns() + FUTURE_NS
    for where, resource_spans in enumerate(otlp_json.parse(body) if json else _parse(body)):
        for scope_at, (spans, defaults) in enumerate(_scopes(resource_spans, base)):
            for at, span in enumerate(spans):
                try:
                    if span.__class__ is BadSpan:
                        raise span
                    checked, start_ns = _check(span, latest_ns)
                    decoded.spans.append(translate(span, checked, start_ns, defaults))
                except BadSpan as error:
                    refusals.append(error.at(f"resourceSpans[{where}].scopeSpans[{scope_at}].spans[{at}]"))
    count_once(decoded.spans)
    share_trace_fields(decoded.spans)
    decoded.rejected, decoded.message = len(refusals), _explain(refusals)
    return decoded


def _parse(body: bytes) -> Iterable[Any]:
    """The resource spans of a protobuf body."""
    try:
        return wire.Traces.FromString(body).resource_spans
    except DecodeError:
        return _salvage(body)


def _salvage(body: bytes) -> list[ResourceSpans]:
    """Read one by one what could not be read as a whole."""
    try:
        sealed = wire.SealedTraces.FromString(body)
    except DecodeError:
        raise BadBody("The body is no ExportTraceServiceRequest in protobuf.") from None
    return [
        ResourceSpans(
            _opened(wire.Resource, resource_spans.resource),
            [
                ScopeSpans(
                    _opened(wire.Scope, scope_spans.scope), [_opened(wire.Span, raw) for raw in scope_spans.spans]
                )
                for scope_spans in resource_spans.scope_spans
            ],
        )
        for resource_spans in sealed.resource_spans
    ]


def _opened(message: Any, raw: bytes) -> Any:
    """The message, or the reason why it is none."""
    try:
        return message.FromString(raw)
    except DecodeError:
        return BadSpan("is malformed, or the name of an attribute is not UTF-8")


def _scopes(resource_spans: Any, base: Defaults) -> Iterator[tuple[Iterable[Any], Defaults]]:
    """Spans by scope, with what they have in common; spans of an unreadable resource or scope are refused."""
    for scope_spans in resource_spans.scope_spans:
        try:
            of_resource = _within(base, resource_spans.resource, "resource")
            yield scope_spans.spans, _of_scope(of_resource, scope_spans.scope)
        except BadSpan as error:
            yield [error] * len(scope_spans.spans), base


def _within(defaults: Defaults, holder: Any, name: str) -> Defaults:
    if isinstance(holder, BadSpan):
        raise BadSpan(str(holder), field=name)
    try:
        return defaults.within(holder.attributes, f"{name}.")
    except BadSpan as error:
        raise BadSpan(str(error), field=f"{name}.{error.field}") from None


def _of_scope(of_resource: Defaults, scope: Any) -> Defaults:
    defaults = _within(of_resource, scope, "scope")
    name, version = scope.name.decode(errors="replace"), scope.version.decode(errors="replace")
    defaults.set("scope", f"{name}/{version}" if version else name)
    return defaults


def _check(span: Any, latest_ns: int) -> tuple[tuple[str, str, str, datetime, float], int]:
    """Trace id, span id, parent id, start and duration of a span, and its start in nanoseconds."""
    trace_id, span_id, parent_id = span.trace_id, span.span_id, span.parent_span_id
    start_ns, end_ns = span.start_time_unix_nano, span.end_time_unix_nano
    if len(trace_id) != TRACE_ID_BYTES or trace_id == NO_TRACE:
        raise BadSpan(f"must be {TRACE_ID_BYTES} bytes and not all zero", field="traceId")
    if len(span_id) != SPAN_ID_BYTES or span_id == NO_SPAN:
        raise BadSpan(f"must be {SPAN_ID_BYTES} bytes and not all zero", field="spanId")
    if parent_id and len(parent_id) != SPAN_ID_BYTES:
        raise BadSpan(f"must be empty or {SPAN_ID_BYTES} bytes", field="parentSpanId")
    if not 0 < start_ns <= latest_ns:
        raise BadSpan("lies in the future" if start_ns else "is missing", field="startTimeUnixNano")
    start = EPOCH + timedelta(0, 0, start_ns // 1000)
    duration_ms = (end_ns - start_ns) / 1e6 if end_ns > start_ns else 0.0
    parent = parent_id.hex() if parent_id != NO_SPAN else ""
    return (trace_id.hex(), span_id.hex(), parent, start, duration_ms), start_ns


def _explain(reasons: list[str]) -> str:
    if not reasons:
        return ""
    more = f" (and {len(reasons) - EXPLAINED} more)" if len(reasons) > EXPLAINED else ""
    return "; ".join(reasons[:EXPLAINED]) + more
