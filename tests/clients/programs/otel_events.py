"""Spans go straight here; the application writes what was said to a file, which the Collector (0.135) reads."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)

# The application as it was.
import json  # noqa: E402
import os  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from pathlib import Path  # noqa: E402

import handwritten  # noqa: E402

with Path(os.environ["SHOP_EVENTS"]).open("a") as events:

    def tell(name: str, attributes: dict) -> None:
        span = trace.get_current_span().get_span_context()
        line = {
            "time": datetime.now(UTC).isoformat(timespec="microseconds"),
            "trace_id": trace.format_trace_id(span.trace_id),
            "span_id": trace.format_span_id(span.span_id),
            "event.name": name,
        }
        events.write(json.dumps(line | attributes) + "\n")

    tell("shop.opened", {})
    handwritten.run(trace.get_tracer("shop"), tell)
