"""LangSmith runs, as its SDKs send them by REST: a finished run becomes a canonical span. Pure."""

from __future__ import annotations

import functools
import sys
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from django.utils.dateparse import parse_datetime

from core.money import to_nano
from core.timerange import in_utc
from telemetry import errors, lenient_json, times
from telemetry.dialects import langsmith_output
from telemetry.dialects.decoded import BadItem
from telemetry.dialects.events import without_folders
from telemetry.dialects.langsmith_places import EMPTY, as_text, at, fields, first, paths, scalars
from telemetry.dialects.settle import TRACEBACK
from telemetry.dialects.usage import MAX_USD
from telemetry.dialects.values import as_whole
from telemetry.lenient_json import BadJson
from telemetry.span import Document, Kind, Span

if TYPE_CHECKING:
    from accounts.keys import Caller

#: What a run of a type is; a type that no kind stands for is kept beside it.
KINDS: dict[str, Kind] = {
    "llm": "llm", "chat": "llm", "embedding": "embedding", "retriever": "retrieval", "tool": "tool",
    "chain": "chain", "prompt": "chain", "parser": "chain",
}  # fmt: skip

#: Where outputs tell of tokens. The first place that has something wins, with that in metadata as the second.
USAGE_PLACES = paths(
    "usage_metadata",
    "generations.0.0.message.kwargs.usage_metadata",
    "llm_output.token_usage",
    "usage",
)
#: The client's name of a thread, any of them.
THREAD_KEYS = ("thread_id", "session_id", "conversation_id")
METADATA_FIELDS: dict[str, str] = {
    "ls_provider": "provider",
    "ls_model_name": "model",
    "user_id": "user_id",
    **dict.fromkeys(THREAD_KEYS, "session_id"),
    "feature": "feature",
    "environment": "environment",
    "revision_id": "release",
    "lc_hub_repo": "prompt_name",
    "lc_hub_commit_hash": "prompt_version",
    "experiment": "experiment",
    "variant": "variant",
}
#: Where runs that call a model name it, if metadata does not.
MODEL = fields({"extra.invocation_params": {"model": "model"}, "inputs": {"model": "model"}})
CALLING = frozenset({"llm", "chat", "embedding"})
#: By the object of the outputs that they lie in: names, and the field that each fills unless an object above it does.
OUTPUT_FIELDS = fields(
    {
        "": {"model": "response_model", "id": "response_id", "service_tier": "service_tier"},
        "generations.0.0.message.kwargs.response_metadata": {
            "model_name": "response_model",
            "id": "response_id",
            "service_tier": "service_tier",
        },
        "llm_output": {"model_name": "response_model"},
    }
)
#: What one of the ``USAGE_PLACES`` holds: counts, and objects that tell more of them.
TOKEN_FIELDS: dict[str, str] = {
    "input_tokens": "input_tokens",
    "prompt_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "completion_tokens": "output_tokens",
}
TOKEN_DETAILS: dict[str, dict[str, str]] = {
    "input_token_details": {"cache_read": "cached_tokens", "cache_creation": "cache_write_tokens"},
    "output_token_details": {"reasoning": "reasoning_tokens"},
    "prompt_tokens_details": {"cached_tokens": "cached_tokens"},
    "completion_tokens_details": {"reasoning_tokens": "reasoning_tokens"},
}
#: What the first of ``THREAD_KEYS`` would be kept as.
THREAD = f"metadata.{THREAD_KEYS[0]}"
#: Told by the client about itself, or secret; not worth keeping.
HIDDEN_METADATA = ("LANGSMITH_", "LANGCHAIN_", "usage_metadata", "ls_invocation_params")
DOCUMENT_LISTS = paths("documents", "output")
#: Types that the kind tells again, and the only fields of an event that are kept elsewhere or say nothing.
TOLD_BY_KIND = frozenset({"llm", "embedding", "retriever", "tool", "chain"})
UNTELLING_EVENTS = frozenset({"new_token", "start", "end"})
MAX_EVENTS = 50


def run_id(value: Any, *, field: str = "id") -> str:  # noqa: ANN401
    """A run's UUID as 32 hex digits, which is also what its OTLP copy is called. Raises BadItem."""
    try:
        return _hex(str(value))
    except ValueError:
        raise BadItem(f"{str(value)[:60]!r} is no UUID", field=field) from None


@functools.lru_cache(maxsize=4096)
def _hex(value: str) -> str:
    """Each id is asked for several times: by the run itself, and by those below it."""
    digits = value.replace("-", "").lower()
    # As uuid does it, without making an object.
    return digits if len(digits) == 32 and digits.isalnum() and bytes.fromhex(digits) else uuid.UUID(value).hex


def moment(value: Any, *, field: str) -> datetime | None:  # noqa: ANN401
    """ISO 8601 (UTC where it names no zone), or milliseconds since 1970, which the JavaScript client sends."""
    if value in (None, ""):
        return None
    try:
        if value.__class__ is str and (found := datetime.fromisoformat(value)).tzinfo is UTC:
            return found
    except ValueError:
        pass
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        if found := parse_datetime(str(value)):
            return found if found.tzinfo is UTC else in_utc(found)
    except (ValueError, OverflowError, OSError):
        pass
    raise BadItem(f"{str(value)[:60]!r} is no time", field=field)


#: What a field is, where more than its text is read.
SHAPES = (("extra", dict), ("events", list), ("tags", list), ("attachments", list))


def checked(piece: dict[str, Any]) -> dict[str, Any]:
    """The same. Raises BadItem naming the first field that is of the wrong type."""
    for name, shape in SHAPES:
        value = piece.get(name)
        if value is not None and value.__class__ is not shape:
            raise BadItem(f"must be {'an object' if shape is dict else 'a list'}", field=name)
    metadata = (piece.get("extra") or {}).get("metadata")
    if metadata is not None and metadata.__class__ is not dict:
        raise BadItem("must be an object", field="extra.metadata")
    return piece


def merged(known: dict[str, Any], piece: dict[str, Any]) -> dict[str, Any]:
    """Two checked pieces of one run, in whichever order they came: what says something wins over what does not."""
    if not known:
        return piece
    together = known | {name: value for name, value in piece.items() if value or value not in EMPTY}
    before, after = known.get("extra"), piece.get("extra")
    # Nearly always both tell the same.
    if before and after and before != after:
        metadata = (before.get("metadata") or {}) | (after.get("metadata") or {})
        together["extra"] = before | after | {"metadata": metadata}
    if known.get("attachments") and piece.get("attachments"):
        together["attachments"] = known["attachments"] + piece["attachments"]
    return together


def is_finished(run: Mapping[str, Any]) -> bool:
    """Whether both ends are known."""
    return bool(run.get("start_time") and run.get("end_time") and run.get("name") and run.get("run_type"))


def to_span(run: Mapping[str, Any], caller: Caller) -> Span:
    """The canonical span of a run; one without an end is ``unfinished``. Raises BadItem naming the field."""
    try:
        return _to_span(run, caller)
    except RecursionError:
        raise BadItem(lenient_json.TOO_DEEP) from None


def _to_span(run: Mapping[str, Any], caller: Caller) -> Span:
    start = moment(run.get("start_time"), field="start_time")
    if start is None:
        raise BadItem("is missing", field="start_time")
    end = moment(run.get("end_time"), field="end_time")
    if wrong := times.wrong(start):
        raise BadItem(wrong, field="start_time")
    duration = end - start if end else times.NONE
    # An end soon after a start that is believed is believed too.
    if end and not times.NONE <= duration <= times.HOUR and (wrong := times.wrong(end)):
        raise BadItem(wrong, field="end_time")
    parent, run_type, outputs = run.get("parent_run_id"), str(run.get("run_type") or ""), run.get("outputs")
    extra = run.get("extra") or {}
    texts, kept = _metadata(extra.get("metadata") or {})
    is_call = run_type in CALLING
    is_told_by_documents = run_type == "retriever" and langsmith_output.is_told_by_documents(outputs)
    if is_call:
        texts |= _model(run, texts, outputs)
    span = Span(
        project_id=caller.project_id,
        key_id=caller.key_id,
        client=caller.client,
        trace_id=run_id(run.get("trace_id") or _trace(run), field="trace_id"),
        span_id=run_id(run.get("id")),
        parent_id=run_id(parent, field="parent_run_id") if parent else "",
        start_time=start,
        duration_ms=max(0.0, duration.total_seconds() * 1000),
        kind=KINDS.get(run_type, "chain"),
        name=str(run.get("name") or run_type or "run"),
        status="ok" if end else "unfinished",
        input=_text(run, "inputs"),
        output="" if is_told_by_documents else _text(run, "outputs"),
        # A project that is named by its UUID alone goes by that.
        service=str(run.get("session_name") or run.get("session_id") or ""),
        scope=_client(extra.get("runtime")),
        dialect="langsmith",
        attributes=kept,
        **texts,
    )
    _keep_rest(span, run, run_type, extra)
    if error := run.get("error"):
        _fill_error(span, str(error))
    if events := run.get("events"):
        _read_events(span, events)
    if is_call:
        _fill_usage(span, extra, outputs)
    match span.kind:
        case "tool":
            span.tool_name = span.name
        case "llm":
            span.tool_calls = langsmith_output.tool_calls(outputs, span.output)
            span.finish_reason = langsmith_output.finish_reason(outputs)
        case "embedding":
            langsmith_output.fill_embedding(span, outputs)
        case "retrieval":
            _fill_documents(span, outputs)
    return span


def _metadata(told: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The fields that metadata fills, and of the rest what is worth keeping."""
    texts: dict[str, str] = {}
    kept: dict[str, Any] = {}
    for name, value in told.items():
        field = METADATA_FIELDS.get(name)
        if field and field != "session_id":
            if value.__class__ is str and value:
                texts[field] = value
                continue
            if text := as_text(value):
                texts[field] = text
        if (value or value not in EMPTY) and not name.startswith(HIDDEN_METADATA):
            kept[f"metadata.{name}"] = value
    for name in THREAD_KEYS:
        if name in told and (text := as_text(told[name])):
            texts["session_id"] = text
            break
    # The first of the names is told by the field, the others are kept for who reads the run back.
    if texts.get("session_id") == kept.get(THREAD):
        kept.pop(THREAD, None)
    return texts, kept


def _model(run: Mapping[str, Any], told: Mapping[str, str], outputs: Any) -> dict[str, str]:  # noqa: ANN401
    """The model, where metadata did not tell it, and what a model says of its answer."""
    found = scalars(outputs, OUTPUT_FIELDS)
    if "model" in told:
        return found
    found |= scalars(run, MODEL)
    if "response_model" in found:
        found.setdefault("model", found["response_model"])
    return found


def _trace(run: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Without its name the trace is that of the first ancestor that is known."""
    first_ancestor = str(run.get("dotted_order") or "").partition(".")[0].rpartition("Z")[2]
    return first_ancestor or run.get("parent_run_id") or run.get("id")


def _text(run: Mapping[str, Any], field: str) -> str:
    value = run.get(field)
    if isinstance(value, str):
        return value
    if not value and value in EMPTY:
        return ""
    if isinstance(value, dict) and next(iter(value.values())) is None and all(v is None for v in value.values()):
        return ""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        pass
    try:
        return lenient_json.dumps(value, cut=False)
    except BadJson as bad:
        raise BadItem(str(bad), field=field) from None


def _client(runtime: Any) -> str:  # noqa: ANN401
    if not isinstance(runtime, dict):
        return ""
    name, version = runtime.get("sdk", ""), runtime.get("sdk_version", "")
    return f"{name}/{version}" if name and version else str(name)


def _keep_rest(span: Span, run: Mapping[str, Any], run_type: str, extra: Mapping[str, Any]) -> None:
    """What no field of the span tells, beside metadata."""
    if parameters := extra.get("invocation_params"):
        span.attributes["invocation_params"] = parameters
    if attachments := run.get("attachments"):
        span.attributes["attachments"] = attachments
    if example := run.get("reference_example_id"):
        span.attributes["reference_example_id"] = example
        span.experiment = span.experiment or span.service
    if tags := run.get("tags"):
        span.tags = [str(tag) for tag in tags]
    if run_type and run_type not in TOLD_BY_KIND:
        span.attributes["run_type"] = run_type


def _read_events(span: Span, events: Iterable[Any]) -> None:
    """When the first token came, and what the application added itself, in the form that events of other spans have."""
    kept = []
    for event in events:
        if not isinstance(event, dict):
            continue
        name = str(event.get("name") or "")
        # There is one for each token: of most of them not even the time is looked at.
        if name in UNTELLING_EVENTS and (name != "new_token" or span.time_to_first_token_ms is not None):
            continue
        # LangChain's word that the run failed; the error says it too.
        if name == "error" and span.status == "error":
            continue
        if name != "new_token" and len(kept) >= MAX_EVENTS:
            continue
        at = moment(event.get("time"), field="events.time")
        after_ms = (at - span.start_time).total_seconds() * 1000 if at else None
        if name == "new_token":
            span.time_to_first_token_ms = None if after_ms is None else max(0.0, after_ms)
            continue
        attributes = {key: value for key, value in event.items() if key not in ("name", "time", "kwargs")}
        own = event.get("kwargs")
        attributes |= own if isinstance(own, dict) else {}
        kept.append({"name": name, "after_ms": after_ms or 0.0, "attributes": attributes})
    if kept:
        span.attributes["events"] = kept


def _fill_error(span: Span, error: str) -> None:
    """``error`` is a representation, a blank line and a traceback; the type stands before the parenthesis."""
    said, _, trace = error.partition(TRACEBACK)
    head = said.split("\n", 1)[0]
    span.status = "error"
    span.error_original = head.split("(", 1)[0].split(":", 1)[0].strip()[:200]
    span.error_message = said.strip()
    span.error_type = errors.normalise(span.error_original, message=head, kind=span.kind)
    if trace:
        span.attributes["exception.stacktrace"] = without_folders(TRACEBACK + trace)


def _fill_usage(span: Span, extra: Mapping[str, Any], outputs: Any) -> None:  # noqa: ANN401
    told_beside = (extra.get("metadata") or {}).get("usage_metadata")
    usage = at(outputs, USAGE_PLACES[0]) or told_beside or first(outputs, USAGE_PLACES)
    if not isinstance(usage, dict):
        return
    _count(span, usage, TOKEN_FIELDS)
    for name, details in TOKEN_DETAILS.items():
        if isinstance(told := usage.get(name), dict):
            _count(span, told, details)
    if span.cached_tokens + span.cache_write_tokens > span.input_tokens:
        span.input_tokens += span.cached_tokens + span.cache_write_tokens
    # A total alone counts as input, as in OTLP; beside one side it tells the other.
    rest = (as_whole(usage.get("total_tokens")) or 0) - span.input_tokens - span.output_tokens
    if rest > 0 and not span.input_tokens:
        span.input_tokens = rest
    elif rest > 0 and not span.output_tokens:
        span.output_tokens = rest
    cost = usage.get("total_cost")
    if isinstance(cost, int | float) and not isinstance(cost, bool) and 0 < cost < MAX_USD:
        span.cost_nano, span.cost_source = to_nano(float(cost)), "reported"


def _count(span: Span, told: Mapping[str, Any], wanted: Mapping[str, str]) -> None:
    for name, said in told.items():
        field = wanted.get(name)
        if field and (count := as_whole(said)) and not getattr(span, field):
            setattr(span, field, count)


def _fill_documents(span: Span, outputs: Any) -> None:  # noqa: ANN401
    found = first(outputs, DOCUMENT_LISTS)
    for entry in found if isinstance(found, list) else []:
        if not isinstance(entry, dict):
            continue
        metadata = entry["metadata"] if isinstance(entry.get("metadata"), dict) else {}
        document = Document(content=str(entry.get("page_content") or entry.get("content") or ""))
        if identity := entry.get("id") or metadata.get("id") or metadata.get("source"):
            document["id"] = str(identity)
        score = entry.get("score")
        if score is None:
            score = metadata.get("score")
        if isinstance(score, int | float) and abs(score) <= sys.float_info.max:
            document["score"] = float(score)
        if metadata:
            document["metadata"] = metadata
        span.documents.append(document)
