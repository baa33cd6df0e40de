"""From what Langfuse's events say of a trace or observation to a span, by the table of ``langfuse.py``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from telemetry.dialects.decoded import BadItem
from telemetry.dialects.langfuse_events import EPOCH, Body, Known, text_of
from telemetry.dialects.translate import Defaults, translate
from telemetry.dialects.wire import Value
from telemetry.span import Span

if TYPE_CHECKING:
    from accounts.keys import Caller

OWN, WHOLE = "langfuse.observation.", "langfuse.trace."
#: Keys of a body -> the attribute that the newer majors send for it.
OBSERVATION_NAMES: dict[str, str] = {
    "input": f"{OWN}input", "output": f"{OWN}output", "level": f"{OWN}level", "statusMessage": f"{OWN}status_message",
    "model": f"{OWN}model.name", "modelParameters": f"{OWN}model.parameters",
    "completionStartTime": f"{OWN}completion_start_time", "promptName": f"{OWN}prompt.name",
    "promptVersion": f"{OWN}prompt.version", "version": "langfuse.version", "environment": "langfuse.environment",
}  # fmt: skip
#: What a trace says that holds for every span of it.
SHARED_NAMES: dict[str, str] = {
    "userId": "langfuse.user.id", "sessionId": "langfuse.session.id", "release": "langfuse.release",
    "version": "langfuse.version", "environment": "langfuse.environment", "tags": f"{WHOLE}tags",
    "name": f"{WHOLE}name", "public": f"{WHOLE}public",
}  # fmt: skip
#: Keys that are read here by themselves.
READ = frozenset({
    "id", "traceId", "parentObservationId", "name", "type", "startTime", "endTime", "timestamp", "metadata", "usage",
    "usageDetails", "costDetails", "trace",
})  # fmt: skip
#: Counts as some callers spell them -> what ``usage.langfuse_usage`` reads.
USAGE_NAMES = {
    "promptTokens": "prompt_tokens", "completionTokens": "completion_tokens", "totalTokens": "total_tokens",
}  # fmt: skip
COST_NAMES = {"inputCost": "input", "outputCost": "output", "totalCost": "total"}
#: What is counted in anything else is no token.
TOKENS = "TOKENS"

MILLISECOND = timedelta(milliseconds=1)


class _Status(NamedTuple):
    code: int = 0
    message: bytes = b""


class _Said(NamedTuple):
    """The shape that ``translate`` reads."""

    name: bytes
    attributes: Mapping[str, bytes]
    events: tuple[()] = ()
    links: tuple[()] = ()
    status: _Status = _Status()


def observation_span(own_id: str, known: Known, trace: Known | None, caller: Caller) -> Span:
    """The span of an observation; ``trace`` is what is known of its trace, if anything. Raises BadItem."""
    body = known.body
    start = known.time("startTime")
    if start is None:
        raise BadItem("is missing", field="startTime")
    trace_id = body.get("traceId") or own_id
    parent = body.get("parentObservationId") or (trace_id if trace and trace_id != own_id else "")
    end = known.time("endTime") or start
    shared = _shared(trace.body) if trace else {}
    attributes = shared | _attributes(body, SHARED_NAMES | OBSERVATION_NAMES) | {f"{OWN}type": known.kind}
    span = _span(trace_id, own_id, parent, start, end, body.get("name") or known.kind, attributes, known, caller)
    if not known.is_finished and not known.has_result:
        span.status = "unfinished"
    if known.asked_model and span.model != known.asked_model and span.model.startswith(known.asked_model):
        # The wrapper of a client says first what was asked for, then the dated name that served it.
        span.model, span.response_model = known.asked_model, span.model
    return span


def trace_span(own_id: str, known: Known, ended: datetime | None, caller: Caller) -> Span:
    """The root span that stands for a trace; ``ended`` is the end of its last observation. Raises BadItem."""
    body = known.body
    start = known.starts_at
    if start is None:
        raise BadItem("is missing", field="timestamp")
    # One without observations ends with its output; else an output may be added long after.
    end = max(filter(None, (known.time("endTime"), ended)), default=known.answered_at or start)
    own = {key: value for key, value in body.items() if key not in SHARED_NAMES}
    attributes = _shared(body) | _attributes(own, OBSERVATION_NAMES, metadata=False) | {f"{OWN}type": "span"}
    return _span(own_id, own_id, "", start, end, body.get("name") or "trace", attributes, known, caller)


def _span(
    trace_id: str,
    own_id: str,
    parent: str,
    start: datetime,
    end: datetime,
    name: Any,  # noqa: ANN401
    attributes: dict[str, Any],
    known: Known,
    caller: Caller,
) -> Span:
    duration_ms = max(0.0, (end - start) / MILLISECOND)
    defaults = Defaults.of(project_id=caller.project_id, key_id=caller.key_id, client=caller.client).named(
        "scope", known.scope
    )
    said = _Said(text_of(name).encode(), {key: _value(value) for key, value in attributes.items()})
    start_ns = (start - EPOCH) // timedelta(microseconds=1) * 1000
    return translate(said, (trace_id, own_id, parent, start, duration_ms), start_ns, defaults)


def _shared(body: Body) -> dict[str, Any]:
    said = {attribute: body[key] for key, attribute in SHARED_NAMES.items() if key in body}
    return said | _metadata(body.get("metadata"), WHOLE)


def _metadata(metadata: Any, prefix: str) -> dict[str, Any]:  # noqa: ANN401
    if isinstance(metadata, dict):
        return {f"{prefix}metadata.{key}": value for key, value in metadata.items() if value is not None}
    return {} if metadata is None else {f"{prefix}metadata": metadata}


def _attributes(body: Body, names: Mapping[str, str], *, metadata: bool = True) -> dict[str, Any]:
    """A body's own facts; keys that nobody knows are kept under their names."""
    said = {names.get(key, f"{OWN}{key}"): value for key, value in body.items() if key not in READ}
    if metadata:
        said |= _metadata(body.get("metadata"), OWN)
    return said | _usage(body)


def _usage(body: Body) -> dict[str, Any]:
    usage = body.get("usage") if isinstance(body.get("usage"), dict) else {}
    details, costs = body.get("usageDetails"), body.get("costDetails")
    said: dict[str, Any] = {}
    if usage.get("unit") not in (None, TOKENS):
        said[f"{OWN}usage"] = usage
    elif not details:
        details = {USAGE_NAMES.get(key, key): count for key, count in usage.items() if key not in (*COST_NAMES, "unit")}
    if not costs:
        costs = {name: usage[key] for key, name in COST_NAMES.items() if usage.get(key)}
    return (
        said
        | ({f"{OWN}usage_details": json_object(details)} if details else {})
        | ({f"{OWN}cost_details": json_object(costs)} if costs else {})
    )


def json_object(value: Any) -> str:  # noqa: ANN401
    return text_of({key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value)


def _value(value: Any) -> bytes:  # noqa: ANN401
    """As an attribute of OTLP would carry it."""
    if isinstance(value, bool):
        return Value(bool_value=value).SerializeToString()
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return Value(int_value=value).SerializeToString()
    if isinstance(value, float):
        return Value(double_value=value).SerializeToString()
    return Value(string_value=text_of(value).encode("utf-8", "replace")).SerializeToString()
