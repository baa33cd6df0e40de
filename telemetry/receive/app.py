"""The receivers' own ASGI application: senders come here before Django sees them.

No sessions, no CSRF, no redirect that an exporter would take for a success, and the body as a stream.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from telemetry.receive import langfuse, langsmith, otlp_http
from telemetry.receive.body import Disconnected, Receive
from telemetry.receive.http import Reply, Request, Send

Handler = Callable[[Request], Awaitable[Reply]]

#: Where each signal is sent to, besides ``/v1/…``: what the SDKs of Langfuse and LangSmith make of their endpoint.
OTLP_ROOTS = ("", "/api/public/otel", "/otel", "/api/otel", "/api/v1/otel")
OTLP_SIGNALS = {"traces": otlp_http.TRACES, "metrics": otlp_http.METRICS, "logs": otlp_http.LOGS}

#: Exact paths; one slash more at the end is the same path.
INGEST_PATHS: dict[str, Handler] = {
    f"{root}/v1/{name}": signal.export for root in OTLP_ROOTS for name, signal in OTLP_SIGNALS.items()
} | {f"{root}{path}": handler for root in langsmith.ROOTS for path, handler in langsmith.HANDLERS.items()}


def _handler(path: str) -> Handler | None:
    known = INGEST_PATHS.get(path) or INGEST_PATHS.get(path.removesuffix("/")) or langsmith.handler_of_run(path)
    return known or (langfuse.answer if langfuse.handles(path) else None)


def handles(path: str) -> bool:
    return _handler(path) is not None


async def _nothing_here(request: Request) -> Reply:
    detail = f"Nothing is received at {request.path}. Traces go to /v1/traces."
    return Reply(404, orjson.dumps({"detail": detail}))


class IngestApp:
    """Call it with the ASGI triple of an HTTP request; it answers 404 to a path that nobody ``handles``."""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        request = Request.of(scope, receive)
        handler = _handler(request.path) or _nothing_here
        try:
            reply = await handler(request)
        except Disconnected:
            return
        await reply.send(send)
