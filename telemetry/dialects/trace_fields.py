"""Langfuse 3 writes what holds for the whole trace on one span of it; figures by user or feature need it on all."""

from __future__ import annotations

from telemetry.span import Span

#: Fields of a trace rather than of a span.
TRACE_FIELDS = ("user_id", "session_id", "feature", "release", "environment", "experiment", "variant")
DIALECT = "langfuse"


def share_trace_fields(spans: list[Span]) -> None:
    """Fill what a span of this dialect lacks from the other spans of its trace in this batch."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        if span.dialect == DIALECT:
            traces.setdefault(span.trace_id, []).append(span)
    for trace in traces.values():
        if len(trace) > 1:
            _share(trace)


def _share(trace: list[Span]) -> None:
    for name in TRACE_FIELDS:
        value = next((getattr(span, name) for span in trace if getattr(span, name)), "")
        for span in trace if value else ():
            if not getattr(span, name):
                setattr(span, name, value)
    tags = next((span.tags for span in trace if span.tags), [])
    for span in trace:
        span.tags = span.tags or list(tags)
