"""The console's own requests, traced with OpenTelemetry's Django instrumentation into the project "console".

Spans go straight to the store, not through a receiver, and receiving is not instrumented: tracing never causes
spans of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode, format_span_id, format_trace_id

from accounts.models import Project
from core.clickhouse import StoreUnavailable
from onwatch.first_start import CONSOLE_PROJECT
from telemetry import commit
from telemetry.span import Span

logger = logging.getLogger(__name__)

#: Asked by machines every few seconds, or not pages at all.
NOT_TRACED = "healthz,readyz,metrics,static/.*,ws/.*"
#: Every writing costs an insert and its merges, of which pages that are being asked would notice more.
PAUSE_SECONDS = 10

_provider: TracerProvider | None = None


def _canonical(span: ReadableSpan, project_id: int) -> Span:
    attributes = dict(span.attributes or {})
    failed = span.status.status_code is StatusCode.ERROR
    return Span(
        project_id=project_id,
        trace_id=format_trace_id(span.context.trace_id),
        span_id=format_span_id(span.context.span_id),
        parent_id=format_span_id(span.parent.span_id) if span.parent else "",
        start_time=datetime.fromtimestamp(span.start_time / 1e9, UTC),
        duration_ms=(span.end_time - span.start_time) / 1e6,
        name=span.name,
        status="error" if failed else "ok",
        error_type="other" if failed else "",
        error_message=span.status.description or "",
        service="onwatch",
        scope=span.instrumentation_scope.name if span.instrumentation_scope else "",
        dialect="self",
        attributes={name: list(value) if isinstance(value, tuple) else value for name, value in attributes.items()},
    )


class StoreExporter(SpanExporter):
    """Hands finished spans to the group commit of this process."""

    def __init__(self, project_id: int) -> None:
        self.project_id = project_id

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            commit.store_spans([_canonical(span, self.project_id) for span in spans])
        except StoreUnavailable as error:
            logger.warning("Own spans were not stored: %s", error)
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS


def start() -> None:
    """Trace the console's own pages and API calls from now on."""
    global _provider
    project = Project.objects.get(slug=CONSOLE_PROJECT)
    _provider = TracerProvider(resource=Resource.create({"service.name": "onwatch"}), shutdown_on_exit=False)
    _provider.add_span_processor(
        BatchSpanProcessor(StoreExporter(project.pk), schedule_delay_millis=PAUSE_SECONDS * 1000)
    )
    DjangoInstrumentor().instrument(tracer_provider=_provider, excluded_urls=NOT_TRACED)


def stop() -> None:
    """Store what is left and trace no more."""
    global _provider
    if _provider is not None:
        DjangoInstrumentor().uninstrument()
        _provider.shutdown()
        _provider = None
