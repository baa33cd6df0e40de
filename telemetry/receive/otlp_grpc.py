"""OTLP over gRPC: the same requests and the same committer as over HTTP, with gRPC's words for the answers."""

from __future__ import annotations

import functools
import logging
import random
from typing import NoReturn

import grpc
import grpc.aio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from accounts import keys
from accounts.keys import Caller, KeyRefused
from telemetry import counters
from telemetry.dialects.decoded import BadBody, Decoded
from telemetry.group import Backlogged, committer
from telemetry.receive.otlp_http import (
    LOGS,
    METRICS,
    OUR_FAULT,
    STORE_AWAY,
    TOO_MUCH_WAITS,
    TRACES,
    Signal,
    refusals,
)
from telemetry.senders import tally
from telemetry.senders.tally import Sender
from telemetry.store import StoreUnavailable

logger = logging.getLogger(__name__)

SIGNALS = {
    "opentelemetry.proto.collector.trace.v1.TraceService": TRACES,
    "opentelemetry.proto.collector.metrics.v1.MetricsService": METRICS,
    "opentelemetry.proto.collector.logs.v1.LogsService": LOGS,
}
#: The sender should come back in a moment.
LATER = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE)
REFUSED = {401: grpc.StatusCode.UNAUTHENTICATED, 403: grpc.StatusCode.PERMISSION_DENIED}


async def serve(host: str, port: int) -> grpc.aio.Server:
    """Start to listen; the caller stops the server. Raises OSError when the port is taken."""
    server = grpc.aio.server(
        options=[
            # Counted after decompression; gRPC's own limit of 4 MiB is less than a usual export can be.
            ("grpc.max_receive_message_length", settings.ONWATCH_MAX_DECODED_BYTES),
            ("grpc.so_reuseport", 0),
        ]
    )
    server.add_generic_rpc_handlers([_handlers(service, signal) for service, signal in SIGNALS.items()])
    address = f"[{host}]" if ":" in host else host
    try:
        bound = server.add_insecure_port(f"{address}:{port}")
    except RuntimeError as error:
        raise OSError(f"Cannot listen on {address}:{port}: {error}") from error
    if not bound:
        raise OSError(f"Cannot listen on {address}:{port}.")
    await server.start()
    return server


def _handlers(service: str, signal: Signal) -> grpc.GenericRpcHandler:
    # Bytes are decoded by the committer, so no deserializer is given.
    export = grpc.unary_unary_rpc_method_handler(
        functools.partial(_export, signal), response_serializer=lambda message: message.SerializeToString()
    )
    return grpc.method_handlers_generic_handler(service, {"Export": export})


async def _export(signal: Signal, body: bytes, context: grpc.aio.ServicerContext) -> object:
    """Answers one export request, and counts what became of it."""
    headers = {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}
    sender = None
    try:
        caller = await _caller(headers)
        sender = Sender.of(caller)
        decoded = await committer().commit(body, functools.partial(_decode, signal=signal, caller=caller))
    except KeyRefused as error:
        refused = REFUSED[error.status], str(error)
        sender = Sender.refused(error, headers)
    except BadBody as error:
        refused = grpc.StatusCode.INVALID_ARGUMENT, str(error)
    except Backlogged:
        refused = grpc.StatusCode.RESOURCE_EXHAUSTED, TOO_MUCH_WAITS
    except (StoreUnavailable, DatabaseError):
        refused = grpc.StatusCode.UNAVAILABLE, STORE_AWAY
    except Exception:
        logger.exception("An export request failed by a fault of ours.")
        refused = grpc.StatusCode.INTERNAL, OUR_FAULT
    else:
        tally.received(sender, signal.name, items=decoded.taken)
        tally.refused(sender, signal.name, refusals(decoded))
        return signal.response(decoded)
    code, message = refused
    if sender:
        tally.refused(sender, signal.name, [f"{code.name}: {message}"], whole=True)
    if code in LATER:
        await _later(context, code, message)
    await context.abort(code, message)


async def _caller(headers: dict[str, str]) -> Caller:
    known = keys.cached_caller(headers, scope="ingest")
    return known or await sync_to_async(keys.identify, thread_sensitive=False)(headers, scope="ingest")


def _decode(body: bytes, *, signal: Signal, caller: Caller) -> tuple[Decoded, int]:
    return signal.decode(body, False, caller), len(body)


async def _later(context: grpc.aio.ServicerContext, code: grpc.StatusCode, message: str) -> NoReturn:
    """Refuse for now; exporters resend only what names a pause, and look for it in one of two places."""
    counters.count("onwatch_requests_refused_total")
    pause = RetryInfo(retry_delay=Duration(seconds=random.randint(1, 3)))
    status = Status(code=code.value[0], message=message)
    status.details.add().Pack(pause)
    await context.abort(
        code,
        message,
        (
            ("grpc-status-details-bin", status.SerializeToString()),
            ("google.rpc.retryinfo-bin", pause.SerializeToString()),
        ),
    )
