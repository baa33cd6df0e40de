"""Runs by their UUID and by query: from ids and bodies to the runs that clients know. All raise StoreUnavailable."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from accounts.keys import Caller
from telemetry.columns import json_text
from telemetry.dialects import langsmith
from telemetry.dialects.decoded import BadItem
from telemetry.langsmith import questions, sessions
from telemetry.langsmith.lineage import Lineage
from telemetry.langsmith.query import RunQuery, cursor_after
from telemetry.langsmith.questions import Judged, Place
from telemetry.langsmith.runs_out import Found
from telemetry.models import PendingRun
from telemetry.queries import WholeSpan
from telemetry.redact import redact
from telemetry.span import COLUMNS, Span

TEXTS = frozenset({"inputs", "outputs", "inputs_preview", "outputs_preview"})
#: Fields for which the other spans of the trace must be known.
KIN = frozenset(
    {
        "parent_run_ids", "dotted_order", "total_tokens", "prompt_tokens", "completion_tokens", "total_cost",
        "prompt_token_details", "completion_token_details",
    }
)  # fmt: skip


class Page(NamedTuple):
    runs: list[dict[str, Any]]
    next_cursor: str | None


def place(project_id: int, run: uuid.UUID) -> Place | None:
    found = questions.places(project_id, [run])
    return found[0] if found else None


def one(caller: Caller, run: uuid.UUID, *, with_subtree: bool = True) -> dict[str, Any] | None:
    """The run with this UUID, also one that has not ended yet."""
    found = place(caller.project_id, run)
    if found is None:
        return _begun(caller, run)
    runs = _runs(caller.project_id, [found], frozenset(), with_subtree=with_subtree)
    return runs[0] if runs else None


def page(project_id: int, query: RunQuery) -> Page:
    places = _places(project_id, query)
    wanted = places[: query.limit]
    runs = _runs(project_id, wanted, query.select, with_subtree=query.with_subtree)
    return Page(runs, cursor_after(wanted[-1]) if len(places) > query.limit else None)


def _places(project_id: int, query: RunQuery) -> list[Place]:
    if query.sessions:
        services = sessions.services(project_id, query.sessions)
        if not services:
            return []
        query.add(f"service IN {query.conditions.value(services, 'Array(String)')}")
    start, end = query.start, query.end
    if query.runs is not None:
        known = questions.places(project_id, query.runs)
        if not known:
            return []
        query.add(f"span_id IN {query.conditions.value([one.span_id for one in known], 'Array(String)')}")
        query.add(f"trace_id IN {query.conditions.value([one.trace_id for one in known], 'Array(String)')}")
        start = max(filter(None, (start, min(one.start_time for one in known))))
    return questions.page(
        project_id,
        start=start,
        end=end,
        where=query.where(),
        parameters=query.conditions.parameters,
        order=query.order,
        limit=query.limit + 1,
    )


def _runs(
    project_id: int, places: Sequence[Place], select: frozenset[str], *, with_subtree: bool
) -> list[dict[str, Any]]:
    def wants(fields: frozenset[str]) -> bool:
        return not select or bool(select & fields)

    spans = questions.spans(project_id, places, texts=wants(TEXTS))
    lineage = Lineage(questions.kin(project_id, _traces(spans, all_of_them=wants(KIN))))
    judged = _judged(project_id, spans) if wants(frozenset({"feedback_stats"})) else []
    return Found(project_id, spans, lineage, judged, with_subtree=with_subtree).runs()


def _traces(spans: Sequence[WholeSpan], *, all_of_them: bool) -> set[str]:
    """A parent with a short id may be a root, which is known by the UUID of its trace."""
    return {span.trace_id for span in spans if all_of_them or 0 < len(span.parent_id) < 32}


def _judged(project_id: int, spans: Sequence[WholeSpan]) -> list[Judged]:
    wanted = {(span.trace_id, span.span_id) for span in spans}
    wanted |= {(span.trace_id, "") for span in spans if not span.parent_id}
    return questions.judged(project_id, wanted)


def _begun(caller: Caller, run: uuid.UUID) -> dict[str, Any] | None:
    """A run of which only one end is known."""
    pending = PendingRun.objects.filter(project_id=caller.project_id, dialect="langsmith", run_id=run.hex).first()
    if pending is None:
        return None
    try:
        span = langsmith.to_span(pending.pieces, caller)
    except BadItem:
        return None
    redact([span])
    (begun,) = Found(caller.project_id, [_whole(span, pending)]).runs()
    return begun | {"dotted_order": pending.pieces.get("dotted_order") or ""}


def _whole(span: Span, pending: PendingRun) -> WholeSpan:
    """As it would be stored."""
    values = {name: getattr(span, name) for name in COLUMNS}
    values["documents"], values["attributes"] = json_text(span.documents), json_text(span.attributes)
    values["time_to_first_token_ms"] = span.time_to_first_token_ms or 0.0
    lengths = {"input_length": len(span.input), "output_length": len(span.output)}
    return WholeSpan(**values, received_at=pending.touched_at, **lengths)
