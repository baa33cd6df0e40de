"""OTLP export requests for tests."""

import time
from collections.abc import Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def export_request(numbers: Iterable[int], *, name: str = "chat gpt-4o-mini", **attributes: str) -> bytes:
    """One request with a span for each number, which makes its ids."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    scope_spans = resource_spans.scope_spans.add()
    start = time.time_ns() - 10**9
    for number in numbers:
        span = scope_spans.spans.add()
        span.trace_id = (number + 1).to_bytes(16, "big")
        span.span_id = (number + 1).to_bytes(8, "big")
        span.name = name
        span.start_time_unix_nano = start
        span.end_time_unix_nano = start + 5_000_000
        for key, value in {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o-mini",
            **attributes,
        }.items():
            attribute = span.attributes.add()
            attribute.key = key
            attribute.value.string_value = value
    return request.SerializeToString()
