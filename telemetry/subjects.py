"""What a score that came by itself judges: the span or trace gives it its time, model, feature and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from telemetry import store
from telemetry.span import Score


class Subject(NamedTuple):
    trace_id: str
    #: Empty for a trace as a whole.
    span_id: str
    occurred_at: datetime
    model: str
    feature: str
    user_id: str
    environment: str
    release: str
    prompt_name: str
    prompt_version: str
    variant: str


def complete(project_id: int, scores: Sequence[Score]) -> None:
    """Fill in what the judged span knows, else its trace. What is not stored yet adds nothing.

    Raises StoreUnavailable.
    """
    if not scores:
        return
    found = _of_spans(project_id, [score for score in scores if score.span_id])
    found |= _of_traces(project_id, [score for score in scores if (score.trace_id, score.span_id) not in found])
    for score in scores:
        subject = found.get((score.trace_id, score.span_id)) or found.get((score.trace_id, ""))
        if subject:
            for name in Subject._fields[2:]:
                setattr(score, name, getattr(subject, name))


def _of_spans(project_id: int, scores: Sequence[Score]) -> dict[tuple[str, str], Subject]:
    if not scores:
        return {}
    rows = store.rows(
        Subject,
        "telemetry/span_subjects",
        project_id=project_id,
        trace_ids=sorted({score.trace_id for score in scores}),
        span_ids=sorted({score.span_id for score in scores}),
    )
    return {(row.trace_id, row.span_id): row for row in rows}


def _of_traces(project_id: int, scores: Sequence[Score]) -> dict[tuple[str, str], Subject]:
    if not scores:
        return {}
    ids = sorted({score.trace_id for score in scores})
    rows = store.rows(Subject, "telemetry/trace_subjects", project_id=project_id, trace_ids=ids)
    return {(row.trace_id, ""): row for row in rows}
