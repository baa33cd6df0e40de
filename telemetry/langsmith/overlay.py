"""What a patch says of a run that is stored, laid over its span. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from telemetry.dialects import langsmith
from telemetry.dialects.values import parse_json
from telemetry.langsmith.runs_out import RUN_TYPES
from telemetry.span import COLUMNS, Span

if TYPE_CHECKING:
    from accounts.keys import Caller
    from telemetry.queries import WholeSpan

#: Facts that are read together: new outputs, or another usage, leave nothing of the old.
OF_OUTPUTS = (
    "output", "documents", "tool_calls", "finish_reason",
    "embedding_count", "embedding_dimensions", "embedding_norm", "embedding_projection",
)  # fmt: skip
OF_USAGE = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")


def laid_over(stored: WholeSpan, piece: dict[str, Any], caller: Caller) -> Span:
    """The stored span with what the piece says in place of what it said before. Raises BadItem."""
    span = _span(stored)
    frame = _frame(stored, span)
    before = langsmith.to_span(frame, caller)
    # A span is known by its ids, so these are the stored ones whatever the piece says.
    ids = {name: frame[name] for name in ("id", "trace_id")}
    after = langsmith.to_span(langsmith.merged(frame, piece) | ids, caller)
    said = {name for name in COLUMNS if getattr(after, name) != getattr(before, name)} - {"attributes"}
    if after.output or said.intersection(OF_OUTPUTS):
        said.update(OF_OUTPUTS)
    if said.intersection(OF_USAGE):
        said.update(OF_USAGE)
    for name in said:
        setattr(span, name, getattr(after, name))
    span.attributes |= {name: value for name, value in after.attributes.items() if value != before.attributes.get(name)}
    return span


def _span(stored: WholeSpan) -> Span:
    values = {name: getattr(stored, name) for name in COLUMNS}
    values["documents"] = parse_json(stored.documents) or []
    values["attributes"] = parse_json(stored.attributes) or {}
    values["time_to_first_token_ms"] = stored.time_to_first_token_ms or None
    return Span(**values)


def _frame(stored: WholeSpan, span: Span) -> dict[str, Any]:
    """The run as far as the meaning of a piece depends on it."""
    frame: dict[str, Any] = {
        "id": stored.span_id,
        "trace_id": stored.trace_id,
        "parent_run_id": stored.parent_id,
        "name": stored.name,
        "run_type": span.attributes.get("run_type") or RUN_TYPES.get(stored.kind, "chain"),
        "start_time": stored.start_time.isoformat(),
        "session_name": stored.service,
        # Else a model that outputs name would be taken for the one that was asked for.
        "extra": {"metadata": {"ls_model_name": stored.model}},
    }
    if stored.status != "unfinished":
        frame["end_time"] = (stored.start_time + timedelta(milliseconds=stored.duration_ms)).isoformat()
    return frame
