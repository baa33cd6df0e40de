"""The demo application as a sender of the tests: the bookshop's assistant, well or badly, now or yesterday."""

import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from demo.assistant import Assistant, Mood

MINUTE_NS = 60_000_000_000
WELL = Mood(wrong=0.0, refused=0.0, timeout=0.0, rate_limited=0.0, tool_failed=0.0, prompt_version="12")
BADLY = Mood(wrong=0.95, refused=0.0, timeout=0.0, rate_limited=0.0, tool_failed=0.0, prompt_version="13")


def answer(url: str, count: int, mood: Mood, *, minutes_ago: float, over_minutes: float, seed: int = 1) -> None:
    """Answer ``count`` questions, the last of them ``minutes_ago``, and return when all are stored."""
    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces")
    processor = BatchSpanProcessor(exporter, max_queue_size=count * 10, max_export_batch_size=512)
    provider = TracerProvider(resource=Resource.create({"service.name": "bookshop-assistant"}), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    assistant = Assistant(provider.get_tracer("bookshop"), seed)
    end = time.time_ns() - int(minutes_ago * MINUTE_NS)
    for number in range(count):
        assistant.answer(started=end - int(over_minutes * MINUTE_NS * number / count), mood=mood)
    provider.shutdown()
