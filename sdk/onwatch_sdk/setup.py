"""Where spans go: one OpenTelemetry provider with an exporter to the console."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from onwatch_sdk import client, stats
from onwatch_sdk.carried import carried_attributes

logger = logging.getLogger("onwatch_sdk")

DEFAULT_ENDPOINT = "http://localhost:8000"
QUEUE_SIZE = 8192

_provider: TracerProvider | None = None


class CountingExporter(SpanExporter):
    """Hands on to the real exporter and counts what became of the spans."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        stats.count("spans_sent" if result is SpanExportResult.SUCCESS else "spans_failed", len(spans))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class CarryingProcessor(BatchSpanProcessor):
    """Writes what the surrounding ``AITraceContext`` carries on every span below it, and counts what is ended."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        carried = carried_attributes(parent_context)
        if carried:
            span.set_attributes(carried)
        super().on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        if span.context.trace_flags.sampled:
            stats.count("spans_ended")
        super().on_end(span)


def setup_tracing(
    service_name: str,
    endpoint: str | None = None,
    key: str | None = None,
    *,
    environment: str = "",
    release: str = "",
    make_global: bool = True,
) -> TracerProvider:
    """Send this process's spans to the console at ``endpoint`` (its address, without a path).

    Without arguments the environment decides: ``ONWATCH_ENDPOINT`` and ``ONWATCH_KEY``. Calling it again replaces the
    destination of this package's own spans; OpenTelemetry keeps the first global provider.
    """
    global _provider
    base = (endpoint or os.environ.get("ONWATCH_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
    secret = key if key is not None else os.environ.get("ONWATCH_KEY", "")
    headers = {"x-api-key": secret} if secret else {}
    resource = {"service.name": service_name}
    if environment:
        resource["deployment.environment.name"] = environment
    if release:
        resource["service.version"] = release
    provider = TracerProvider(resource=Resource.create(resource))
    exporter = CountingExporter(OTLPSpanExporter(endpoint=f"{base}/v1/traces", headers=headers))
    provider.add_span_processor(CarryingProcessor(exporter, max_queue_size=QUEUE_SIZE, schedule_delay_millis=1000))
    if _provider is not None:
        _provider.shutdown()
    _provider = provider
    if make_global:
        trace.set_tracer_provider(provider)
    client.configure(base, secret)
    return provider


def tracer() -> trace.Tracer:
    """This package's tracer; without ``setup_tracing`` it belongs to whatever provider is global."""
    source = _provider if _provider is not None else trace.get_tracer_provider()
    return source.get_tracer("onwatch_sdk", "0.1.0")


def flush(timeout_seconds: float = 10) -> bool:
    """Wait until what was recorded has been sent, or the time is over (False)."""
    sent = _provider.force_flush(int(timeout_seconds * 1000)) if _provider is not None else True
    return client.flush(timeout_seconds) and sent


def shutdown() -> None:
    """Send what is left and stop. Counts as dropped what was ended and never reached an exporter."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None
    client.flush(5)
    now = stats.stats()
    lost = now.spans_ended - now.spans_sent - now.spans_failed - now.spans_dropped
    if lost > 0:
        stats.count("spans_dropped", lost)
        logger.warning("%d spans did not fit the queue and were dropped.", lost)
