"""Stored spans as the runs that LangSmith's clients know. Pure."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any
from urllib.parse import urlencode

from core.money import to_usd
from telemetry import messages
from telemetry.dialects.langsmith import METADATA_FIELDS, THREAD_KEYS
from telemetry.langsmith import ids
from telemetry.langsmith.lineage import Lineage, Sums
from telemetry.langsmith.questions import Judged
from telemetry.queries import WholeSpan

RUN_TYPES = {
    "llm": "llm", "embedding": "embedding", "retrieval": "retriever", "rerank": "retriever", "tool": "tool",
}  # fmt: skip
STATUSES = {"ok": "success", "error": "error", "unfinished": "pending"}
#: Attributes that are fields of a run, not its metadata.
OWN_FIELDS = frozenset(
    {"run_type", "reference_example_id", "events", "attachments", "invocation_params", "exception.stacktrace", "links"}
)
METADATA_PREFIXES = ("metadata.", "langsmith.metadata.")
PREVIEW = 400


@dataclass(frozen=True, slots=True)
class Found:
    """A page of spans with what their runs are made of besides."""

    project_id: int
    spans: list[WholeSpan]
    lineage: Lineage = field(default_factory=lambda: Lineage(()))
    judged: Iterable[Judged] = ()
    #: Tokens and cost of a run include those of all below it.
    with_subtree: bool = True

    def runs(self) -> list[dict[str, Any]]:
        feedback = _feedback_by_span(self.judged)
        return [_run(span, self, feedback) for span in self.spans]


def app_path(project_id: int, service: str, run: uuid.UUID) -> str:
    session = ids.session_id(project_id, service)
    return f"/o/{ids.tenant_id(project_id)}/projects/p/{session}/r/{run}"


def _run(span: WholeSpan, found: Found, feedback: Mapping[tuple[str, str], list[Judged]]) -> dict[str, Any]:
    run = ids.run_id(span.trace_id, span.span_id, span.parent_id)
    attributes = _object(span.attributes)
    ended = _after(span, span.duration_ms) if span.status != "unfinished" else None
    ancestors = found.lineage.ancestors(span.trace_id, span.span_id)
    parent = found.lineage.parent_run(span.trace_id, span.parent_id) if span.parent_id else None
    judged = feedback.get((span.trace_id, span.span_id), [])
    if not span.parent_id:
        judged = judged + feedback.get((span.trace_id, ""), [])
    metadata = _metadata(span, attributes)
    path = app_path(found.project_id, span.service, run)
    query = urlencode({"trace_id": ids.of_id(span.trace_id), "start_time": span.start_time.isoformat()})
    return {
        "id": run,
        "name": span.name,
        "run_type": messages.as_text(attributes.get("run_type")) or RUN_TYPES.get(span.kind, "chain"),
        "start_time": span.start_time,
        "end_time": ended,
        "status": STATUSES.get(span.status, span.status),
        "trace_id": ids.of_id(span.trace_id),
        "parent_run_id": parent,
        "parent_run_ids": [ids.run_id(kin.trace_id, kin.span_id, kin.parent_id) for kin in ancestors],
        "dotted_order": found.lineage.dotted_order(span.trace_id, span.span_id),
        "session_id": ids.session_id(found.project_id, span.service),
        "app_path": f"{path}?{query}",
        "inputs": _texts(span.input, "input"),
        "outputs": _texts(span.output, "output") or _retrieved(span),
        "error": _error(span, attributes),
        "events": _events(span, attributes),
        "extra": {"metadata": metadata, **_extra(span, attributes)},
        "thread_id": next((str(metadata[key]) for key in THREAD_KEYS if metadata.get(key)), None),
        "tags": list(span.tags),
        "reference_example_id": attributes.get("reference_example_id"),
        "first_token_time": _first_token(span),
        "feedback_stats": _stats(judged),
        "in_dataset": False,
        "serialized": None,
        **_usage(span, found),
    }


def _object(text: str) -> dict[str, Any]:
    value = messages.parse(text)
    return value if isinstance(value, dict) else {}


def _texts(text: str, name: str) -> dict[str, Any]:
    """Inputs and outputs of a run are objects; whatever is none stands under ``name``."""
    if not text:
        return {}
    value = messages.parse(text)
    return value if isinstance(value, dict) else {name: value}


def _retrieved(span: WholeSpan) -> dict[str, Any] | None:
    """The documents of a retrieval as LangChain writes them."""
    found = messages.parse(span.documents)
    entries = [_document(entry) for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    return {"documents": entries} if entries else None


def _document(entry: Mapping[str, Any]) -> dict[str, Any]:
    metadata = entry.get("metadata") or {}
    own_id = entry.get("id")
    if own_id in (metadata.get("id"), metadata.get("source")):
        own_id = None
    if "score" in entry and "score" not in metadata:
        metadata = {**metadata, "score": entry["score"]}
    return {"id": own_id, "page_content": entry.get("content", ""), "metadata": metadata, "type": "Document"}


def _error(span: WholeSpan, attributes: Mapping[str, Any]) -> str | None:
    if span.status != "error":
        return None
    message = span.error_message or span.error_original or span.error_type
    trace = attributes.get("exception.stacktrace")
    return f"{message}\n\n{trace}" if trace else message


def _after(span: WholeSpan, milliseconds: Any) -> datetime:  # noqa: ANN401
    """So long after the start; the start itself where nobody can tell: one odd span must not spoil a page of runs."""
    try:
        return span.start_time + timedelta(milliseconds=float(milliseconds or 0))
    except (TypeError, ValueError, OverflowError):
        return span.start_time


def _first_token(span: WholeSpan) -> datetime | None:
    known = span.time_to_first_token_ms
    return _after(span, known) if known else None


def _events(span: WholeSpan, attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    kept = attributes.get("events")
    found = [
        {
            "name": event.get("name"),
            "time": _after(span, event.get("after_ms")),
            **({"kwargs": event["attributes"]} if event.get("attributes") else {}),
        }
        for event in (kept if isinstance(kept, list) else [])
        if isinstance(event, dict)
    ]
    first = _first_token(span)
    return ([{"name": "new_token", "time": first}] if first else []) + found


def _metadata(span: WholeSpan, attributes: Mapping[str, Any]) -> dict[str, Any]:
    found = {_bare(name): value for name, value in attributes.items() if name not in OWN_FIELDS}
    known = {name: getattr(span, field) for name, field in METADATA_FIELDS.items() if name not in THREAD_KEYS}
    found = {name: value for name, value in known.items() if value} | found
    if span.session_id and not any(name in found for name in THREAD_KEYS):
        found["thread_id"] = span.session_id
    return found


def _bare(name: str) -> str:
    for prefix in METADATA_PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def _extra(span: WholeSpan, attributes: Mapping[str, Any]) -> dict[str, Any]:
    name, _, version = span.scope.partition("/")
    extra: dict[str, Any] = {"runtime": {"sdk": name, "sdk_version": version}} if name else {}
    if parameters := attributes.get("invocation_params"):
        extra["invocation_params"] = parameters
    return extra


def _usage(span: WholeSpan, found: Found) -> dict[str, Any]:
    own = Sums(span.input_tokens, span.output_tokens, span.cost_nano, bool(span.cost_source))
    below = found.lineage.sums(span.trace_id, span.span_id) if found.with_subtree else Sums()
    # A chain may repeat the tokens of its calls; the calls are what counts.
    sums = below if below != Sums() else own
    return {
        "prompt_tokens": sums.input_tokens,
        "completion_tokens": sums.output_tokens,
        "total_tokens": sums.input_tokens + sums.output_tokens,
        "prompt_token_details": _details(cache_read=span.cached_tokens, cache_creation=span.cache_write_tokens),
        "completion_token_details": _details(reasoning=span.reasoning_tokens),
        "total_cost": float(to_usd(sums.cost_nano)) if sums.is_priced else None,
        # Only the sum is kept.
        "prompt_cost": None,
        "completion_cost": None,
    }


def _details(**counts: int) -> dict[str, int] | None:
    return {name: count for name, count in counts.items() if count} or None


def _feedback_by_span(judged: Iterable[Judged]) -> dict[tuple[str, str], list[Judged]]:
    found: defaultdict[tuple[str, str], list[Judged]] = defaultdict(list)
    for row in judged:
        found[row.trace_id, row.span_id].append(row)
    return found


def _stats(judged: Iterable[Judged]) -> dict[str, Any]:
    by_name: defaultdict[str, list[Judged]] = defaultdict(list)
    for row in judged:
        by_name[row.name].append(row)
    return {name: _stat(rows) for name, rows in by_name.items()}


def _stat(rows: list[Judged]) -> dict[str, Any]:
    values = [row.value for row in rows]
    labels = [row.label for row in rows if row.label]
    return {
        "n": len(rows),
        "avg": fmean(values),
        "min": min(values),
        "max": max(values),
        "values": {label: labels.count(label) for label in dict.fromkeys(labels)},
        "comments": [row.comment for row in rows if row.comment],
    }


#: Always there; the clients cannot do without them.
_KEPT = frozenset(
    {"id", "name", "run_type", "start_time", "end_time", "status", "trace_id", "session_id", "parent_run_id"}
)


def selected(run: dict[str, Any], wanted: Collection[str]) -> dict[str, Any]:
    """The run with the fields asked for; with all when none is named."""
    return {name: value for name, value in run.items() if name in _KEPT or name in wanted} if wanted else run


def second_version(run: Mapping[str, Any]) -> dict[str, Any]:
    """The same run under the names of the second version of the API, the field of each selection in lower case."""
    ended: datetime | None = run["end_time"]
    return {
        **{name: run[name] for name in _SAME},
        "status": run["status"].upper(),
        "run_type": run["run_type"].upper(),
        "project_id": run["session_id"],
        "is_root": run["parent_run_id"] is None,
        "latency_seconds": (ended - run["start_time"]).total_seconds() if ended else None,
        "metadata": run["extra"]["metadata"],
        "error_preview": run["error"][:PREVIEW] if run["error"] else None,
        "inputs_preview": messages.as_text(run["inputs"])[:PREVIEW],
        "outputs_preview": messages.as_text(run["outputs"])[:PREVIEW],
        "prompt_token_details": _raw(run["prompt_token_details"]),
        "completion_token_details": _raw(run["completion_token_details"]),
        "is_in_dataset": False,
    }


_SAME = (
    "id", "name", "start_time", "end_time", "error", "extra", "events", "inputs", "outputs", "parent_run_ids",
    "trace_id", "dotted_order", "reference_example_id", "total_tokens", "prompt_tokens", "completion_tokens",
    "total_cost", "prompt_cost", "completion_cost", "tags", "app_path", "first_token_time", "feedback_stats",
    "thread_id",
)  # fmt: skip


def _raw(details: dict[str, int] | None) -> dict[str, Any] | None:
    return {"raw": details} if details else None
