"""The way back: a stored span as the event that would have told all of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from telemetry.dialects.langfuse_bodies import OBSERVATION_NAMES, OWN, SHARED_NAMES, WHOLE
from telemetry.dialects.langfuse_events import EVENT, TRACE, Body
from telemetry.dialects.values import parse_json

if TYPE_CHECKING:
    from telemetry.queries import WholeSpan

#: Older than every event of a sender, so that each of those wins.
BEGINNING = 0
STORED_EVENT, SERVED_EVENT = "stored", "served"
KINDS = {
    "llm": "generation", "embedding": "embedding", "retrieval": "retriever", "tool": "tool", "agent": "agent",
    "guardrail": "guardrail", "evaluator": "evaluator", "other": EVENT,
}  # fmt: skip
#: Column -> key of a body, where the text is the same.
COPIED = {
    "name": "name", "input": "input", "output": "output", "user_id": "userId", "session_id": "sessionId",
    "release": "release", "environment": "environment", "prompt_name": "promptName", "prompt_version": "promptVersion",
}  # fmt: skip
#: Columns that were metadata, under the names by which they are found there again.
FROM_METADATA = ("feature", "experiment", "variant")
_KEYS = {attribute: key for key, attribute in (SHARED_NAMES | OBSERVATION_NAMES).items()}


def trace_known(span: WholeSpan) -> dict[str, Any]:
    """What ``langfuse_events.added`` would hold of the trace whose root this is."""
    body = _body(span, f"{WHOLE}metadata.")
    body |= {"id": span.trace_id, "timestamp": span.start_time.isoformat(), "endTime": _end(span)}
    return {"events": {STORED_EVENT: [BEGINNING, TRACE, body]}, "scope": span.scope}


def observation_known(span: WholeSpan, trace: WholeSpan | None) -> dict[str, Any]:
    """The same of an observation; what it has from its trace is left to that."""
    kind = KINDS.get(span.kind, "span")
    shared = _body(trace, "") if trace else {}
    body = {
        key: value
        for key, value in _body(span, f"{OWN}metadata.").items()
        if key not in SHARED_NAMES or key == "name" or shared.get(key) != value
    }
    events = {STORED_EVENT: [BEGINNING, kind, body | _observation(span)]}
    if span.response_model:
        events[SERVED_EVENT] = [BEGINNING + 1, kind, {"model": span.response_model}]
    return {"events": events, "scope": span.scope}


def _end(span: WholeSpan) -> str:
    return (span.start_time + timedelta(milliseconds=span.duration_ms)).isoformat()


def _observation(span: WholeSpan) -> Body:
    body = {"id": span.span_id, "traceId": span.trace_id, "startTime": span.start_time.isoformat()}
    if span.status != "unfinished":
        body["endTime"] = _end(span)
    if span.parent_id and span.parent_id != span.trace_id:
        body["parentObservationId"] = span.parent_id
    if span.time_to_first_token_ms:
        first = span.start_time + timedelta(milliseconds=span.time_to_first_token_ms)
        body["completionStartTime"] = first.isoformat()
    return body | _figures(span)


def _figures(span: WholeSpan) -> Body:
    body: Body = {"model": span.model} if span.model else {}
    usage = {
        "input": span.input_tokens - span.cached_tokens - span.cache_write_tokens,
        "input_cached_tokens": span.cached_tokens,
        "input_cache_creation": span.cache_write_tokens,
        "output": span.output_tokens - span.reasoning_tokens,
        "output_reasoning": span.reasoning_tokens,
    }
    if any(usage.values()):
        body["usageDetails"] = usage
    if span.cost_source == "reported":
        body["costDetails"] = {"total": span.cost_nano / 1e9}
    return body


def _body(span: WholeSpan, metadata_prefix: str) -> Body:
    """What traces and observations have in common."""
    body: Body = {key: value for column, key in COPIED.items() if (value := getattr(span, column))}
    body |= {"tags": list(span.tags)} if span.tags else {}
    if span.status == "error":
        body |= {"level": "ERROR", "statusMessage": span.error_message}
    kept = parse_json(span.attributes)
    kept = kept if isinstance(kept, dict) else {}
    metadata = {name: value for name in FROM_METADATA if (value := getattr(span, name))}
    metadata |= {
        name.removeprefix(metadata_prefix): value for name, value in kept.items() if name.startswith(metadata_prefix)
    }
    return body | _kept(kept) | ({"metadata": metadata} if metadata else {})


def _kept(attributes: Mapping[str, Any]) -> Body:
    """Attributes that no table has a field for; metadata, and the trace's name, are told otherwise."""
    body: Body = {}
    for name, value in attributes.items():
        if name in _KEYS and name != f"{WHOLE}name":
            body[_KEYS[name]] = value
        elif name.startswith(OWN) and not name.startswith(f"{OWN}metadata."):
            body[name.removeprefix(OWN)] = value
    return body
