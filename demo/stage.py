"""Scenes for tests and pictures: the assistant answers well or badly, a number of questions, now or yesterday."""

from __future__ import annotations

import json
import time
import urllib.request

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
    processor = BatchSpanProcessor(exporter, max_queue_size=512 + count * 10, max_export_batch_size=512)
    provider = TracerProvider(resource=Resource.create({"service.name": "bookshop-assistant"}), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    assistant = Assistant(provider.get_tracer("bookshop"), seed)
    end = time.time_ns() - int(minutes_ago * MINUTE_NS)
    for number in range(count):
        assistant.answer(started=end - int(over_minutes * MINUTE_NS * number / count), mood=mood)
    provider.shutdown()


def wait_until_judged(url: str, *, patience_s: float = 60) -> None:
    """Ask one question after another until the console judges the answers: a new share holds a little later."""
    deadline = time.monotonic() + patience_s
    while not _judged(url):
        if time.monotonic() > deadline:
            raise TimeoutError("The console judges no answers: is its share of evaluated answers above zero?")
        answer(url, 1, WELL, minutes_ago=30, over_minutes=1, seed=time.monotonic_ns())
        time.sleep(1)


def _judged(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/api/v1/summary?from=now-1h", timeout=10) as response:
        return json.load(response)["scores"].get("overall", {}).get("count", 0) > 0
