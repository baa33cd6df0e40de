"""OTLP bodies built with the official protobuf messages, so that our own view of the wire is tested against them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from accounts.keys import Caller
from telemetry.dialects.decoded import Decoded
from telemetry.dialects.otlp import decode_traces
from telemetry.span import Span

CALLER = Caller(key_id=3, project_id=7, project_slug="default", scopes=frozenset({"ingest"}))
TRACE_ID = bytes(range(16))
SPAN_ID = bytes(range(1, 9))
START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
START_NS = 1767323045678901234
MS = 1_000_000

#: Attributes, and what the span is to say.
Case = tuple[dict[str, Any], dict[str, Any]]


def set_value(target: AnyValue, value: Any) -> None:
    if isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int):
        target.int_value = value
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bytes):
        target.bytes_value = value
    elif isinstance(value, Mapping):
        target.kvlist_value.SetInParent()
        for key, item in value.items():
            pair = target.kvlist_value.values.add(key=key)
            set_value(pair.value, item)
    elif value is not None:
        target.array_value.SetInParent()
        for item in value:
            set_value(target.array_value.values.add(), item)


def set_attributes(target: Any, attributes: Mapping[str, Any]) -> None:
    for key, value in attributes.items():
        pair = target.add(key=key)
        pair.value.SetInParent()
        set_value(pair.value, value)


def proto_span(
    attributes: Mapping[str, Any] | None = None,
    *,
    name: str = "work",
    trace_id: bytes = TRACE_ID,
    span_id: bytes = SPAN_ID,
    parent_id: bytes = b"",
    start_ns: int = START_NS,
    duration_ms: float = 250,
    status: int = 0,
    message: str = "",
    events: Sequence[tuple[str, Mapping[str, Any], float]] = (),
) -> ProtoSpan:
    """A span; events are a name, attributes, and milliseconds after the start."""
    span = ProtoSpan(trace_id=trace_id, span_id=span_id, parent_span_id=parent_id, name=name)
    span.start_time_unix_nano = start_ns
    span.end_time_unix_nano = start_ns + int(duration_ms * MS)
    span.status.code, span.status.message = status, message
    set_attributes(span.attributes, attributes or {})
    for event_name, event_attributes, after_ms in events:
        event = span.events.add(name=event_name, time_unix_nano=start_ns + int(after_ms * MS))
        set_attributes(event.attributes, event_attributes)
    return span


def body(
    *spans: ProtoSpan, resource: Mapping[str, Any] | None = None, scope: str = "tests", version: str = "1"
) -> bytes:
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    set_attributes(resource_spans.resource.attributes, resource or {})
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name, scope_spans.scope.version = scope, version
    scope_spans.spans.extend(spans)
    return request.SerializeToString()


def decode(content: bytes, *, as_json: bool = False) -> Decoded:
    return decode_traces(content, json=as_json, caller=CALLER)


def translated(attributes: Mapping[str, Any], *, resource: Mapping[str, Any] | None = None, **about: Any) -> Span:
    """The canonical span of one span with these attributes."""
    scope = about.pop("scope", "tests")
    decoded = decode(body(proto_span(attributes, **about), resource=resource, scope=scope))
    assert (decoded.rejected, decoded.message) == (0, "")
    (span,) = decoded.spans
    return span


def check(span: Span, expected: Mapping[str, Any]) -> None:
    assert {name: getattr(span, name) for name in expected} == expected


def json_value(value: Any) -> dict[str, Any]:
    """A Python value as OTLP/JSON writes it; whole numbers as text, which the specification asks for."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": [{"key": key, "value": json_value(item)} for key, item in value.items()]}}
    if value is None:
        return {}
    return {"arrayValue": {"values": [json_value(item) for item in value]}}


def json_span(attributes: Mapping[str, Any] | None = None, /, **fields: Any) -> dict[str, Any]:
    """A span as OTLP/JSON writes it."""
    return {
        "traceId": TRACE_ID.hex(),
        "spanId": SPAN_ID.hex(),
        "name": "work",
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 250 * MS),
        "attributes": [{"key": key, "value": json_value(value)} for key, value in (attributes or {}).items()],
        **fields,
    }


def json_body(*spans: Any, **resource_spans: Any) -> bytes:
    scope_spans = [{"scope": {"name": "tests", "version": "1"}, "spans": list(spans)}]
    return json.dumps({"resourceSpans": [{"scopeSpans": scope_spans, **resource_spans}]}).encode()


def differs_from_default(span: Span) -> dict[str, Any]:
    """The fields that say something, without ids and times."""
    default = Span(project_id=7, trace_id="", span_id="", key_id=3)
    unsaid = {"trace_id", "span_id", "start_time", "duration_ms", "scores", "scope", "project_id", "key_id"}
    return {
        name: getattr(span, name)
        for name in Span.__dataclass_fields__
        if name not in unsaid and getattr(span, name) != getattr(default, name)
    }
