"""LangSmith runs, as its SDKs send them by REST: a finished run becomes a canonical span. Pure."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from accounts.keys import Caller
from core.money import to_nano
from telemetry import errors, lenient_json, times
from telemetry.dialects.decoded import BadItem
from telemetry.dialects.usage import MAX_USD
from telemetry.dialects.values import as_whole
from telemetry.span import Document, Kind, Score, Span

KINDS: dict[str, Kind] = {
    "llm": "llm", "chat": "llm", "embedding": "embedding", "retriever": "retrieval", "tool": "tool",
    "chain": "chain", "prompt": "chain", "parser": "chain",
}  # fmt: skip

#: The first place that has something wins. Dots lead into objects, numbers into lists.
USAGE_PLACES = (
    "outputs.usage_metadata",
    "extra.metadata.usage_metadata",
    "outputs.generations.0.0.message.kwargs.usage_metadata",
    "outputs.llm_output.token_usage",
    "outputs.usage",
)
PLACES: dict[str, tuple[str, ...]] = {
    "provider": ("extra.metadata.ls_provider",),
    "model": ("extra.metadata.ls_model_name", "extra.invocation_params.model", "inputs.model"),
    "response_model": (
        "outputs.model",
        "outputs.generations.0.0.message.kwargs.response_metadata.model_name",
        "outputs.llm_output.model_name",
    ),
    "response_id": ("outputs.id", "outputs.generations.0.0.message.kwargs.response_metadata.id"),
    "user_id": ("extra.metadata.user_id",),
    "session_id": ("extra.metadata.thread_id", "extra.metadata.session_id", "extra.metadata.conversation_id"),
    "feature": ("extra.metadata.feature",),
    "environment": ("extra.metadata.environment",),
    "release": ("extra.metadata.revision_id",),
    "prompt_name": ("extra.metadata.lc_hub_repo",),
    "prompt_version": ("extra.metadata.lc_hub_commit_hash",),
    "experiment": ("extra.metadata.experiment",),
    "variant": ("extra.metadata.variant",),
}
TOKEN_PLACES: dict[str, tuple[str, ...]] = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "cached_tokens": ("input_token_details.cache_read", "prompt_tokens_details.cached_tokens"),
    "cache_write_tokens": ("input_token_details.cache_creation",),
    "reasoning_tokens": ("output_token_details.reasoning", "completion_tokens_details.reasoning_tokens"),
}
#: Told by the client about itself, or secret; not worth keeping.
HIDDEN_METADATA = ("LANGSMITH_", "LANGCHAIN_", "usage_metadata", "ls_invocation_params")
DOCUMENT_LISTS = ("outputs.documents", "outputs.output")


def look(value: Any, place: str) -> Any:  # noqa: ANN401
    """Follow a dotted place; None where it ends early."""
    for part in place.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def mapping(value: Any, place: str) -> Mapping[str, Any]:  # noqa: ANN401
    """The object at a place; an empty one where there is none, or something else."""
    found = look(value, place)
    return found if isinstance(found, Mapping) else {}


def listed(run: Mapping[str, Any], name: str) -> list[Any]:
    found = run.get(name)
    return found if isinstance(found, list) else []


def first(value: Any, places: Iterable[str]) -> Any:  # noqa: ANN401
    return next((found for place in places if (found := look(value, place)) not in (None, "", {}, [])), None)


def run_id(value: Any, *, field: str = "id") -> str:  # noqa: ANN401
    """A run's UUID as 32 hex digits, which is also what its OTLP copy is called. Raises BadItem."""
    try:
        return uuid.UUID(str(value)).hex
    except ValueError:
        raise BadItem(f"{str(value)[:60]!r} is no UUID", field=field) from None


def moment(value: Any, *, field: str) -> datetime | None:  # noqa: ANN401
    """ISO 8601 (UTC where it names no zone), or milliseconds since 1970, which the JavaScript client sends."""
    if value in (None, ""):
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        found = parse_datetime(str(value))
    except (ValueError, OverflowError, OSError):
        found = None
    if found is None:
        raise BadItem(f"{str(value)[:60]!r} is no time", field=field)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


#: An unfinished post carries these empty; they must not overwrite what a patch brought before it.
_EMPTY: tuple[Any, ...] = (None, {}, [])


def merged(known: dict[str, Any], piece: dict[str, Any]) -> dict[str, Any]:
    """Two pieces of one run, in whichever order they came: what says something wins over what does not."""
    extra = {**mapping(known, "extra"), **mapping(piece, "extra")}
    metadata = {**mapping(known, "extra.metadata"), **mapping(piece, "extra.metadata")}
    together = {**known, **{name: value for name, value in piece.items() if value not in _EMPTY}}
    if extra or metadata:
        together["extra"] = extra | {"metadata": metadata}
    return together


def is_finished(run: Mapping[str, Any]) -> bool:
    """Whether both ends are known."""
    return bool(run.get("start_time") and run.get("end_time") and run.get("name") and run.get("run_type"))


def to_span(run: Mapping[str, Any], caller: Caller) -> Span:
    """The canonical span of a run; one without an end is ``unfinished``. Raises BadItem naming the field."""
    own = run_id(run.get("id"))
    start = moment(run.get("start_time"), field="start_time")
    if start is None:
        raise BadItem("is missing", field="start_time")
    end = moment(run.get("end_time"), field="end_time")
    for field, said in (("start_time", start), ("end_time", end)):
        if said and (wrong := times.wrong(said)):
            raise BadItem(wrong, field=field)
    parent = run.get("parent_run_id")
    kind = KINDS.get(str(run.get("run_type") or ""), "chain")
    texts = {name: str(found) for name, places in PLACES.items() if (found := first(run, places)) is not None}
    texts["model"] = texts.get("model") or texts.get("response_model", "")
    span = Span(
        project_id=caller.project_id,
        key_id=caller.key_id,
        client=caller.client,
        trace_id=run_id(run.get("trace_id") or run.get("id"), field="trace_id"),
        span_id=own,
        parent_id=run_id(parent, field="parent_run_id") if parent else "",
        start_time=start,
        duration_ms=max(0.0, (end - start).total_seconds() * 1000) if end else 0.0,
        time_to_first_token_ms=_first_token_ms(run, start),
        kind=kind,
        name=str(run.get("name") or run.get("run_type") or "run"),
        status="ok" if end else "unfinished",
        input=_text(run.get("inputs")),
        output=_text(run.get("outputs")),
        service=str(run.get("session_name") or ""),
        scope=_client(run),
        dialect="langsmith",
        tags=[str(tag) for tag in listed(run, "tags")],
        attributes=_rest(run),
        **texts,
    )
    if span.kind == "tool":
        span.tool_name = span.name
    if run.get("reference_example_id"):
        span.experiment = span.experiment or span.service
    _fill_error(span, run)
    _fill_usage(span, run)
    _fill_documents(span, run)
    return span


def _first_token_ms(run: Mapping[str, Any], start: datetime) -> float | None:
    for event in listed(run, "events"):
        if isinstance(event, Mapping) and event.get("name") == "new_token":
            at = moment(event.get("time"), field="events.time")
            return max(0.0, (at - start).total_seconds() * 1000) if at else None
    return None


def _text(value: Any) -> str:  # noqa: ANN401
    if value in _EMPTY:
        return ""
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:  # noqa: ANN401
    return lenient_json.dumps(value)


def _client(run: Mapping[str, Any]) -> str:
    runtime = mapping(run, "extra.runtime")
    name, version = runtime.get("sdk", ""), runtime.get("sdk_version", "")
    return f"{name}/{version}" if name and version else str(name)


def _rest(run: Mapping[str, Any]) -> dict[str, Any]:
    metadata = mapping(run, "extra.metadata")
    kept = {f"metadata.{name}": value for name, value in metadata.items() if not name.startswith(HIDDEN_METADATA)}
    parameters = look(run, "extra.invocation_params")
    return kept | ({"invocation_params": parameters} if parameters else {})


def _fill_error(span: Span, run: Mapping[str, Any]) -> None:
    """``error`` is a representation, a blank line and a traceback; the type stands before the parenthesis."""
    message = run.get("error")
    if not message:
        return
    head = str(message).split("\n", 1)[0]
    span.status = "error"
    span.error_original = head.split("(", 1)[0].split(":", 1)[0].strip()[:200]
    span.error_message = head
    span.error_type = errors.normalise(span.error_original, message=head, kind=span.kind)


def _fill_usage(span: Span, run: Mapping[str, Any]) -> None:
    usage = first(run, USAGE_PLACES)
    if not isinstance(usage, Mapping):
        return
    for name, places in TOKEN_PLACES.items():
        if count := as_whole(first(usage, places)):
            setattr(span, name, count)
    if span.cached_tokens + span.cache_write_tokens > span.input_tokens:
        span.input_tokens += span.cached_tokens + span.cache_write_tokens
    cost = usage.get("total_cost")
    if isinstance(cost, int | float) and not isinstance(cost, bool) and 0 < cost < MAX_USD:
        span.cost_nano, span.cost_source = to_nano(float(cost)), "reported"


def _fill_documents(span: Span, run: Mapping[str, Any]) -> None:
    if span.kind != "retrieval":
        return
    found = first(run, DOCUMENT_LISTS)
    for entry in found if isinstance(found, list) else []:
        if not isinstance(entry, Mapping):
            continue
        metadata = entry.get("metadata") if isinstance(entry.get("metadata"), Mapping) else {}
        document = Document(content=str(entry.get("page_content") or entry.get("content") or ""))
        if identity := entry.get("id") or metadata.get("id") or metadata.get("source"):
            document["id"] = str(identity)
        score = next((value for value in (entry.get("score"), metadata.get("score")) if value is not None), None)
        if isinstance(score, int | float) and abs(score) <= sys.float_info.max:
            document["score"] = float(score)
        span.documents.append(document)


#: Who gave the feedback -> the canonical source.
SOURCES = {"model": "judge"}


def to_score(feedback: Mapping[str, Any], caller: Caller) -> Score:
    """Feedback as a score. Raises BadItem naming the field."""
    if not feedback.get("key"):
        raise BadItem("is missing", field="key")
    value, label = feedback.get("score"), ""
    if value is None and isinstance(feedback.get("value"), int | float | bool):
        value = feedback["value"]
    if not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise BadItem("must be a number or a boolean", field="score")
    if isinstance(feedback.get("value"), str):
        label = feedback["value"]
    judged = feedback.get("run_id") or feedback.get("trace_id")
    if not judged:
        raise BadItem("is missing", field="run_id")
    source = look(feedback, "feedback_source.type") or ""
    return Score(
        name=str(feedback["key"]),
        value=float(value),
        trace_id=run_id(feedback["trace_id"], field="trace_id") if feedback.get("trace_id") else "",
        span_id=run_id(judged, field="run_id"),
        score_id=str(feedback.get("id") or ""),
        source=SOURCES.get(source, "user"),
        label=label,
        comment=str(feedback.get("comment") or ""),
        project_id=caller.project_id,
        occurred_at=moment(feedback.get("created_at"), field="created_at"),
    )
