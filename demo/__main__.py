"""``python -m demo --endpoint http://localhost:8000``: two days of traffic behind it, then live until stdin closes.

The key comes from the environment (``ONWATCH_KEY``), so that it does not show in the list of processes.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import select
import sys
import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from demo.assistant import Assistant, mood_at

HOUR_NS = 3600 * 1_000_000_000
QUEUE_SIZE = 8192
MOST_SPANS_OF_AN_ANSWER = 5


def questions_per_minute(epoch_seconds: float) -> float:
    """Busier in the afternoon (UTC) than at night: between 3 and 9."""
    hour = epoch_seconds / 3600 % 24
    return 6 + 3 * math.sin((hour - 9) / 24 * 2 * math.pi)


def _provider(endpoint: str, key: str) -> tuple[TracerProvider, BatchSpanProcessor]:
    resource = Resource.create(
        {
            "service.name": "bookshop-assistant",
            "service.version": "2.8.1",
            "deployment.environment.name": "demo",
        }
    )
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", headers={"x-api-key": key})
    processor = BatchSpanProcessor(
        exporter, max_queue_size=QUEUE_SIZE, max_export_batch_size=512, schedule_delay_millis=700
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider, processor


def _parent_is_gone(seconds: float) -> bool:
    """Wait this long for the end of our input, which is how the parent says stop."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return bool(ready) and not sys.stdin.buffer.read1(1)


def fill(assistant: Assistant, processor: BatchSpanProcessor, *, hours: float, now: int) -> None:
    """Send the past, newest hour first, so that the pages fill from what people look at."""
    chance = random.Random(2)
    unsent = 0
    for back in range(math.ceil(hours)):
        start = now - (back + 1) * HOUR_NS
        for minute in range(60):
            at = start + minute * HOUR_NS // 60
            for _ in range(round(questions_per_minute(at / 1e9))):
                started = at + chance.randrange(HOUR_NS // 60)
                assistant.answer(started=started, mood=mood_at((now - started) / HOUR_NS))
                unsent += MOST_SPANS_OF_AN_ANSWER
            if unsent > QUEUE_SIZE // 2:
                # The SDK drops what does not fit its queue; wait for it rather than lose a part of the past.
                processor.force_flush()
                unsent = 0
        if back % 6 == 5:
            print(f"  demo: {back + 1} of {math.ceil(hours)} hours of traffic sent", flush=True)  # noqa: T201
    processor.force_flush()


def live(assistant: Assistant) -> None:
    """Ask questions at their time of day until the input closes."""
    chance = random.Random()
    while True:
        pause = chance.expovariate(questions_per_minute(time.time()) / 60)
        if _parent_is_gone(min(pause, 20)):
            return
        # A trace is sent when it is over, so it began some seconds ago.
        assistant.answer(started=time.time_ns() - 8_000_000_000, mood=mood_at(0))


def main() -> None:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="address of the console, for example http://localhost:8000")
    parser.add_argument("--hours", type=float, default=48, help="hours of past traffic to send first (default 48)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    provider, processor = _provider(options.endpoint.rstrip("/"), os.environ.get("ONWATCH_KEY", ""))
    assistant = Assistant(provider.get_tracer("bookshop", "2.8.1"), options.seed)
    try:
        if options.hours:
            fill(assistant, processor, hours=options.hours, now=time.time_ns())
        live(assistant)
    except KeyboardInterrupt:
        pass
    finally:
        provider.shutdown()


if __name__ == "__main__":
    main()
