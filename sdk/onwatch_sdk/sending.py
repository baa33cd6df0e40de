"""What is on its way to the console: one outbox for spans, one for scores."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan

from onwatch_sdk import counting
from onwatch_sdk.console import Console, Refused, Unreachable, parsed
from onwatch_sdk.outbox import Outbox, Patience

SPANS_WAITING = 8192
SPANS_AT_ONCE = 512
#: Characters of what waits: long prompts during an outage must not take the application's memory.
MOST_WAITING = 64_000_000
#: Characters of one request; the console takes 64 MiB.
MOST_AT_ONCE = 8_000_000
SCORES_WAITING = 4096
SCORES_AT_ONCE = 200
EVERY_SECONDS = 1.0


class Sending:
    """A console and what waits for it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.spans: Outbox[ReadableSpan] = Outbox(
            "spans",
            self._send_spans,
            size=SPANS_WAITING,
            batch=SPANS_AT_ONCE,
            every_seconds=EVERY_SECONDS,
            weigh=_weight,
            weight=MOST_WAITING,
            batch_weight=MOST_AT_ONCE,
        )
        self.scores: Outbox[dict[str, Any]] = Outbox(
            "scores", self._send_scores, size=SCORES_WAITING, batch=SCORES_AT_ONCE, every_seconds=EVERY_SECONDS / 4
        )

    def _send_spans(self, spans: Sequence[ReadableSpan], patience: Patience) -> None:
        # Instrumented HTTP clients would trace the sending, whose spans would be sent, and so on.
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        try:
            for batch in _encodable(spans):
                self._send_encoded(batch, patience)
        finally:
            detach(token)

    def _send_encoded(self, batch: tuple[int, bytes], patience: Patience) -> None:
        number, body = batch
        try:
            answer = self.console.deliver("/v1/traces", body, content_type="application/x-protobuf", patience=patience)
        except (Refused, Unreachable) as error:
            counting.lost("spans_failed", number, str(error))
            return
        refused, reason = _partial_success(answer)
        counting.count("spans_sent", number - refused)
        if refused:
            counting.lost("spans_rejected", refused, reason)

    def _send_scores(self, items: list[dict[str, Any]], patience: Patience) -> None:
        body = json.dumps(items, allow_nan=False).encode("utf-8", "replace")
        try:
            answer = self.console.deliver("/api/v1/scores", body, content_type="application/json", patience=patience)
        except Refused as error:
            # 422: none of them could be taken.
            counting.lost("scores_rejected" if error.status == 422 else "scores_failed", len(items), str(error))
            return
        except Unreachable as error:
            counting.lost("scores_failed", len(items), str(error))
            return
        said = parsed(answer)
        refused = said.get("rejected", 0) if isinstance(said, dict) else 0
        counting.count("scores_sent", len(items) - refused)
        if refused:
            counting.lost("scores_rejected", refused, str(said.get("errors", ""))[:300])


def _weight(span: ReadableSpan) -> int:
    """About its characters."""
    attributes = span.attributes or {}
    # A copy is a dictionary, which is read ten times faster than OpenTelemetry's own mapping.
    copied = attributes.copy() if hasattr(attributes, "copy") else attributes
    return 1000 + sum([len(value) for value in copied.values() if type(value) is str])


def _encodable(spans: Sequence[ReadableSpan]) -> list[tuple[int, bytes]]:
    """Requests for these spans. One that cannot be encoded (text that is no Unicode) costs itself, not the batch."""
    try:
        return [(len(spans), encode_spans(spans).SerializeToString())]
    except Exception as error:
        if len(spans) == 1:
            counting.lost("spans_failed", 1, f"The span {spans[0].name!r} cannot be encoded: {error!r}")
            return []
        half = len(spans) // 2
        return _encodable(spans[:half]) + _encodable(spans[half:])


def _partial_success(answer: bytes) -> tuple[int, str]:
    response = ExportTraceServiceResponse()
    try:
        response.ParseFromString(answer)
    except Exception:
        # A success in other words than OTLP's, from something between us and the console.
        return 0, ""
    return response.partial_success.rejected_spans, response.partial_success.error_message


_current: Sending | None = None
_lock = threading.RLock()


def current() -> Sending:
    """Where things go; without ``setup_tracing`` the environment says it."""
    global _current
    if _current is None:
        with _lock:
            _current = _current or Sending(Console())
    return _current


def replace(sending: Sending | None) -> Sending | None:
    """Send there from now on. Returns what was before."""
    global _current
    with _lock:
        before, _current = _current, sending
        return before
