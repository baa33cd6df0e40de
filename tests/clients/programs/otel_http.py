"""The OpenTelemetry SDK over OTLP/HTTP with protobuf; the address and the key come from the environment."""

import json

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("shop")

with tracer.start_as_current_span("answer") as root, tracer.start_as_current_span("chat gpt-4o-mini") as call:
    call.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"})
provider.shutdown()
print(json.dumps({"trace_id": trace.format_trace_id(root.get_span_context().trace_id)}))
