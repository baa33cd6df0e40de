"""OTLP over HTTP: export requests in, one answer each, in the type that was sent.

The exporters decide by the status alone whether to send again, so it is chosen with care: 429, 502, 503 and 504 mean
"later", every other error means "never", and anything below 400 means "stored".
"""

from __future__ import annotations

import functools
import logging
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import orjson
from django.conf import settings
from django.db import DatabaseError
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from accounts.keys import Caller, KeyRefused
from telemetry import counters
from telemetry.dialects import otlp
from telemetry.dialects.decoded import BadBody, Decoded
from telemetry.dialects.values import MAX_LABEL
from telemetry.group import Backlogged, committer
from telemetry.receive import body, signals
from telemetry.receive.body import BadEncoding, Disconnected, TooLarge, UnknownEncoding
from telemetry.receive.http import Reply, Request
from telemetry.span import Span
from telemetry.store import StoreUnavailable

logger = logging.getLogger(__name__)

PROTOBUF, JSON = "application/x-protobuf", "application/json"
#: What senders write, and the encoding that they mean.
MEDIA_TYPES = {PROTOBUF: PROTOBUF, "application/protobuf": PROTOBUF, JSON: JSON}

#: Names the project at LangSmith, for whose address exporters were configured: what its spans are called by here.
PROJECT = "langsmith-project"

#: LangSmith's own address for OTLP: who sends a run there sends it as a run too, unless OTLP alone was chosen.
_BESIDE_RUNS = re.compile(r"(?:/api/v1|/api|)/otel/v1/traces/?")

TOO_MUCH_WAITS = "Too much waits to be stored. Send it again in a moment."
STORE_AWAY = "The store does not answer. Send it again in a moment."
OUR_FAULT = "This request met a fault of the console, which is in its log."

#: google.rpc.Code by HTTP status.
CODES = {400: 3, 401: 16, 403: 7, 405: 12, 413: 8, 415: 3, 500: 13, 503: 14}


#: What a signal is called, by OTLP's word for how much of it was refused.
NAMES = {"rejected_spans": "traces", "rejected_data_points": "metrics", "rejected_log_records": "logs"}


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """An answer that is not 200."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One of OTLP's kinds of data: how its bodies are read and how it is answered."""

    decode: Callable[[bytes, bool, Caller], Decoded]
    answer: type[Message]
    rejected: str

    @property
    def name(self) -> str:
        return NAMES[self.rejected]

    async def export(self, request: Request) -> Reply:
        """Answers POST of an export request."""
        media_type = MEDIA_TYPES.get(request.media_type, "")
        try:
            decoded = await _export(self, request, media_type)
        except Refusal as refusal:
            return _refuse(refusal, media_type or JSON)
        body = _encode(self.response(decoded), media_type)
        return Reply(200, body, media_type, items=decoded.taken, copies=decoded.copies, refused=refusals(decoded))

    def response(self, decoded: Decoded) -> Message:
        """What OTLP answers to a body that was taken, as a whole or in part."""
        answer = self.answer()
        if decoded.rejected or decoded.message:
            if self is TRACES:
                counters.count("onwatch_spans_rejected_total", decoded.rejected)
            setattr(answer.partial_success, self.rejected, decoded.rejected)
            answer.partial_success.error_message = decoded.message
        return answer


TRACES = Signal(
    lambda plain, json, caller: otlp.decode_traces(plain, json=json, caller=caller),
    ExportTraceServiceResponse,
    "rejected_spans",
)
METRICS = Signal(signals.metric_points, ExportMetricsServiceResponse, "rejected_data_points")
LOGS = Signal(signals.logs, ExportLogsServiceResponse, "rejected_log_records")


def refusals(decoded: Decoded) -> list[str]:
    """One message for each item that was refused."""
    return decoded.refused or [decoded.message] * decoded.rejected


async def _export(signal: Signal, request: Request, media_type: str) -> Decoded:
    if request.method != "POST":
        raise Refusal(405, f"{request.path} takes POST alone.")
    try:
        caller = await request.caller()
        if not media_type:
            raise Refusal(415, f"Content-Type: {request.media_type[:60]!r} is neither {PROTOBUF} nor {JSON}.")
        raw = await body.read(
            request.receive,
            limit=settings.ONWATCH_MAX_BODY_BYTES,
            declared=request.headers.get("content-length", ""),
        )
        decode = functools.partial(
            _decode,
            signal=signal,
            encoding=request.headers.get("content-encoding", ""),
            json=media_type == JSON,
            caller=caller,
            project=request.headers.get(PROJECT, "").strip()[:MAX_LABEL],
            beside_runs=_BESIDE_RUNS.fullmatch(request.path) is not None,
        )
        return await committer().commit(raw, decode)
    except Refusal:
        raise
    except KeyRefused as error:
        raise Refusal(error.status, str(error)) from None
    except TooLarge as error:
        raise Refusal(413, str(error)) from None
    except UnknownEncoding as error:
        raise Refusal(415, str(error)) from None
    except (BadBody, BadEncoding) as error:
        raise Refusal(400, str(error)) from None
    except Backlogged:
        raise Refusal(503, TOO_MUCH_WAITS) from None
    except (StoreUnavailable, DatabaseError):
        raise Refusal(503, STORE_AWAY) from None
    except Disconnected:
        raise
    except Exception:
        logger.exception("An export request failed by a fault of ours.")
        raise Refusal(500, OUR_FAULT) from None


def _decode(
    raw: bytes, *, signal: Signal, encoding: str, json: bool, caller: Caller, project: str, beside_runs: bool
) -> tuple[Decoded, int]:
    plain = body.decompress(raw, encoding, limit=settings.ONWATCH_MAX_DECODED_BYTES)
    decoded = signal.decode(plain, json, caller)
    for span in decoded.spans if project else ():
        span.service = span.service or project
    # Where others are among them, copies hold the tree together: then they stay, uncounted.
    if beside_runs and all(map(_is_copy, decoded.spans)):
        decoded.copies, decoded.spans = len(decoded.spans), []
    return decoded, len(plain)


def _is_copy(span: Span) -> bool:
    return not span.counted and span.dialect == "langsmith"


def _refuse(refusal: Refusal, media_type: str) -> Reply:
    reply = Reply(refusal.status, b"", media_type, why=refusal.message)
    reply.body = _encode(Status(code=CODES[refusal.status], message=refusal.message), media_type)
    match refusal.status:
        case 503:
            counters.count("onwatch_requests_refused_total")
            # Exporters drop a batch for good when this exceeds what is left of their ten seconds.
            reply.headers["retry-after"] = str(random.randint(1, 3))
        case 401:
            reply.headers["www-authenticate"] = "Bearer"
        case 405:
            reply.headers["allow"] = "POST"
    return reply


def _encode(message: Message, media_type: str) -> bytes:
    if media_type == PROTOBUF:
        return message.SerializeToString()
    return orjson.dumps(MessageToDict(message))
