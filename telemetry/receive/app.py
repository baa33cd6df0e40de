"""The receivers' own ASGI application: senders come here before Django sees them.

No sessions, no CSRF, no redirect that an exporter would take for a success, and the body as a stream.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson
from django.db import DatabaseError

from accounts.keys import KeyRefused
from telemetry.langsmith.routing import ROOTS
from telemetry.receive import langfuse, langsmith, otlp_http
from telemetry.receive.body import Disconnected, Receive
from telemetry.receive.http import Reply, Request, Send
from telemetry.senders import tally

Handler = Callable[[Request], Awaitable[Reply]]

#: Where each signal is sent to, besides ``/v1/…``: what the SDKs of Langfuse and LangSmith make of their endpoint.
OTLP_ROOTS = ("", "/api/public/otel", "/otel", "/api/otel", "/api/v1/otel")
OTLP_SIGNALS = {"traces": otlp_http.TRACES, "metrics": otlp_http.METRICS, "logs": otlp_http.LOGS}

#: Exact paths; one slash more at the end is the same path.
INGEST_PATHS: dict[str, Handler] = {
    f"{root}/v1/{name}": signal.export for root in OTLP_ROOTS for name, signal in OTLP_SIGNALS.items()
} | {f"{root}{path}": handler for root in ROOTS for path, handler in langsmith.HANDLERS.items()}


def _handler(path: str) -> Handler | None:
    known = INGEST_PATHS.get(path) or INGEST_PATHS.get(path.removesuffix("/")) or langsmith.handler_of_run(path)
    return known or (langfuse.answer if langfuse.handles(path) else None)


def handles(path: str) -> bool:
    return _handler(path) is not None


#: JSON that is sent to these is for the REST API, which says itself what is not there.
API = "/api/v1/"
#: How every path of OTLP/HTTP ends, also where something was put before it.
_OTLP = re.compile(r"/v1/(?:traces|metrics|logs)/?$")


def is_lost(path: str) -> bool:
    """Whether JSON that is sent there by POST is telemetry on a wrong path."""
    return not path.startswith(API) or _OTLP.search(path) is not None


async def _nothing_here(request: Request) -> Reply:
    """Says so to the sender, and to whoever looks for what it sends: the commonest mistake is a path left away."""
    detail = f"Nothing is received at {request.path}. Traces go to /v1/traces, plain JSON to {API}spans."
    if request.method == "POST":
        with suppress(KeyRefused, DatabaseError):
            await request.caller()
    return Reply(404, orjson.dumps({"detail": detail}), why=detail)


class IngestApp:
    """Call it with the ASGI triple of an HTTP request; it answers 404 to a path that nobody ``handles``."""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        request = Request.of(scope, receive)
        handler = _handler(request.path) or _nothing_here
        try:
            reply = await handler(request)
        except Disconnected:
            _count(request, Reply(499, why="The sender went away in the middle of its body."))
            return
        await reply.send(send)
        _count(request, reply)


#: The word for what is sent to a path, by a part of it.
_SIGNALS = (
    (re.compile(r"/v1/traces"), "traces"),
    (re.compile(r"/v1/metrics"), "metrics"),
    (re.compile(r"/v1/logs"), "logs"),
    (re.compile(r"/(?:feedback|scores)"), "scores"),
    (re.compile(r"/runs"), "runs"),
    (re.compile(r"/ingestion"), "observations"),
)


def signal_of(path: str) -> str:
    return next((signal for pattern, signal in _SIGNALS if pattern.search(path)), "elsewhere")


def _count(request: Request, reply: Reply) -> None:
    """What became of it, for the page of senders. Reads, and what nobody in particular sent, are left out."""
    if request.sender is None or request.method == "GET":
        return
    signal = signal_of(request.path)
    if reply.status >= 400:
        why = reply.why or _said(reply.body)
        tally.refused(request.sender, signal, [f"{reply.status}: {why}"], whole=True)
    else:
        # Also what held nothing: its sender does not mean to send that.
        tally.received(request.sender, signal, items=reply.items)
        tally.left_out(request.sender, signal, reply.copies)
        tally.refused(request.sender, signal, reply.refused)


def _said(body: bytes) -> str:
    """What the answer itself says."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(said.get("detail") or said.get("message") or "") if isinstance(said, dict) else ""
