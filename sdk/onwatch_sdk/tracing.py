"""Where spans go: ``setup_tracing`` connects OpenTelemetry with the console."""

from __future__ import annotations

import atexit
import logging
import time
import weakref
from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from onwatch_sdk import content, counting, sending
from onwatch_sdk.carried import carried
from onwatch_sdk.console import Console
from onwatch_sdk.sending import Sending
from onwatch_sdk.version import VERSION

logger = logging.getLogger("onwatch_sdk")

SCOPE = "onwatch_sdk"
#: Operations whose spans carry tokens and cost.
MODEL_CALLS = frozenset({"chat", "text_completion", "generate_content", "embeddings"})
EXIT_SECONDS = 5.0

_provider: TracerProvider | None = None
_tracer: trace.Tracer | None = None
_tracer_of: trace.TracerProvider | None = None


class Carrier(SpanProcessor):
    """Writes what contexts carry on the spans of others; this package's own have it from the start."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        above = carried(parent_context)
        if not above.attributes and not above.model_call_began:
            return
        scope = span.instrumentation_scope
        if scope is not None and scope.name == SCOPE:
            return
        said = span.attributes or {}
        span.set_attributes({name: value for name, value in above.attributes.items() if name not in said})
        if said.get("gen_ai.operation.name") in MODEL_CALLS:
            above.tell_model_call()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        # Older releases of OpenTelemetry ask no further processor after one that does not say yes.
        return True


class Forwarder(SpanProcessor):
    """Hands every ended span to the outbox."""

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            counting.count("spans_ended")
            sending.current().spans.put(span)

    def shutdown(self) -> None:
        # The outbox outlives a provider: another one may use it, and it closes with the process.
        self.force_flush(int(EXIT_SECONDS * 1000))

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return sending.current().spans.flush(timeout_millis / 1000)


_forwarder = Forwarder()
_connected: weakref.WeakSet[TracerProvider] = weakref.WeakSet()
_own: weakref.WeakSet[TracerProvider] = weakref.WeakSet()


def setup_tracing(
    service_name: str,
    endpoint: str | None = None,
    key: str | None = None,
    *,
    environment: str = "",
    release: str = "",
    capture_content: bool | None = None,
    max_text: int | None = None,
    redact: Callable[[str], str] | None = None,
) -> TracerProvider:
    """Send this process's spans and scores to the console at ``endpoint`` (its address, without a path).

    ``endpoint`` and ``key`` come from ``ONWATCH_ENDPOINT`` and ``ONWATCH_KEY`` where they are not given.
    ``environment`` and ``release`` are told with every span. ``capture_content=False`` (or
    ``ONWATCH_CAPTURE_CONTENT=0``) keeps prompts, answers, documents and error messages in the process; ``max_text``
    (or ``ONWATCH_MAX_TEXT``) is the most characters of one text; ``redact`` is given each text before it is recorded.

    A process that has an OpenTelemetry SDK provider already keeps it, with its own service name: its spans go to the
    console as well. Else a provider is made and becomes the global one. Calling this again changes where everything
    goes from then on; what waits is still sent where it was meant for.

    Returns the provider. Does not connect: whether anybody listens at ``endpoint`` shows in ``stats()`` and the log.
    """
    global _provider
    content.configure(capture_content, max_text, redact)
    before = sending.replace(Sending(Console(endpoint, key)))
    if before is not None:
        before.spans.retire()
        before.scores.retire()
    found = trace.get_tracer_provider()
    if isinstance(found, TracerProvider) and found not in _own:
        logger.info("Spans of the tracer provider that was here first go to the console; it keeps its service name.")
        _provider = found
    else:
        _provider = _new_provider(service_name, environment, release)
        if not isinstance(found, TracerProvider):
            trace.set_tracer_provider(_provider)
    if _provider not in _connected:
        _provider.add_span_processor(Carrier())
        _provider.add_span_processor(_forwarder)
        _connected.add(_provider)
    return _provider


def _new_provider(service_name: str, environment: str, release: str) -> TracerProvider:
    resource = {"service.name": service_name}
    if environment:
        resource["deployment.environment.name"] = environment
    if release:
        resource["service.version"] = release
    named = {name: content.unicode(str(value)) for name, value in resource.items()}
    # This module sees to the end of the process itself, for all providers at once.
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    _own.add(provider)
    return provider


def tracer() -> trace.Tracer:
    """This package's tracer; without ``setup_tracing`` it belongs to whatever provider is global."""
    global _tracer, _tracer_of
    source = _provider if _provider is not None else trace.get_tracer_provider()
    if _tracer is None or source is not _tracer_of:
        _tracer, _tracer_of = source.get_tracer(SCOPE, VERSION), source
    return _tracer


def flush(timeout_seconds: float = 10) -> bool:
    """Wait until what was recorded has been sent or given up, or the time is over (False). Blocks: for scripts and
    tests, not for requests."""
    deadline = time.monotonic() + timeout_seconds
    now = sending.current()
    sent = now.spans.flush(timeout_seconds)
    return now.scores.flush(max(0.0, deadline - time.monotonic())) and sent


def shutdown(timeout_seconds: float = EXIT_SECONDS) -> None:
    """Send what is left, trying once, and stop. What comes later is counted as dropped.

    Runs by itself when the process ends; a process that is killed loses what it recorded in its last second.
    """
    deadline = time.monotonic() + timeout_seconds
    now = sending.current()
    now.scores.retire()
    now.spans.close(timeout_seconds)
    now.scores.close(max(0.0, deadline - time.monotonic()))


atexit.register(shutdown)
