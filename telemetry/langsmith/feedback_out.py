"""Feedback as LangSmith's clients read it: what they sent, and what others judged of the runs that they name."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from telemetry import messages
from telemetry.langsmith import feedback, ids, questions
from telemetry.langsmith.questions import Judged
from telemetry.models import Feedback

MOST_LISTED = 1000
_THEIR_SOURCES = {ours: theirs for theirs, ours in feedback.SOURCES.items()} | {"evaluator": "model"}


def one(project_id: int, feedback_id: uuid.UUID) -> dict[str, Any] | None:
    row = Feedback.objects.filter(project_id=project_id, feedback_id=feedback_id, deleted_at=None).first()
    return _said(row) if row else None


def listed(
    project_id: int,
    *,
    runs: Sequence[uuid.UUID],
    keys: Collection[str] = (),
    sources: Collection[str] = (),
    limit: int,
    offset: int,
) -> list[dict[str, Any]]:
    """Newest first. With runs named, also the judgements that reached the console in other ways.

    Raises StoreUnavailable.
    """
    rows = Feedback.objects.filter(project_id=project_id, deleted_at=None).order_by("-created_at", "-pk")
    if runs:
        rows = rows.filter(run_id__in=[run.hex for run in runs])
    if keys:
        rows = rows.filter(key__in=keys)
    if sources:
        rows = rows.filter(said__feedback_source__type__in=sources)
    if not runs:
        return [_said(row) for row in rows[offset : offset + limit]]
    found = [_said(row) for row in rows[:MOST_LISTED]]
    found += [
        item
        for item in _of_others(project_id, runs)
        if (not keys or item["key"] in keys) and (not sources or item["feedback_source"]["type"] in sources)
    ]
    found.sort(key=lambda item: item["created_at"], reverse=True)
    return found[offset : offset + limit]


class Note(NamedTuple):
    """Feedback that says more than its score does."""

    key: str
    value: str
    comment: str
    correction: str
    at: datetime


def notes(project_id: int, trace_id: str, span_id: str, parent_id: str) -> list[Note]:
    """What was said of a span without a number, or with a correction; the oldest first."""
    run = ids.run_id(trace_id, span_id, parent_id)
    rows = Feedback.objects.filter(project_id=project_id, run_id=run.hex, deleted_at=None).order_by("created_at", "pk")
    return [
        Note(
            row.key,
            *(messages.as_text(row.said.get(name)) for name in ("value", "comment", "correction")),
            row.created_at,
        )
        for row in rows[:MOST_LISTED]
        if feedback.number(row.said) is None or row.said.get("correction")
    ]


def _said(row: Feedback) -> dict[str, Any]:
    return {
        "id": row.feedback_id,
        "run_id": uuid.UUID(row.run_id),
        "trace_id": uuid.UUID(row.trace_id),
        "key": row.key,
        "score": None,
        "value": None,
        "comment": None,
        "correction": None,
        "feedback_source": None,
        **row.said,
        "created_at": row.created_at,
        "modified_at": row.modified_at,
    }


def _of_others(project_id: int, runs: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
    places = questions.places(project_id, runs)
    wanted = {(place.trace_id, place.span_id): place.run_id for place in places}
    wanted |= {(place.trace_id, ""): place.run_id for place in places if not place.parent_id}
    judged = questions.judged(project_id, wanted.keys())
    known = set(
        Feedback.objects.filter(project_id=project_id, run_id__in=[run.hex for run in runs]).values_list(
            "feedback_id", flat=True
        )
    )
    return [
        item for row in judged if (item := _judged(row, wanted[row.trace_id, row.span_id]))["id"] not in known
    ]  # fmt: skip


def _judged(row: Judged, run: uuid.UUID) -> dict[str, Any]:
    return {
        "id": _score_uuid(row.score_id),
        "run_id": run,
        "trace_id": ids.of_id(row.trace_id),
        "key": row.name,
        "score": row.value,
        "value": row.label or None,
        "comment": row.comment or None,
        "correction": None,
        "feedback_source": {"type": _THEIR_SOURCES.get(row.source, "api"), "metadata": _judge(row)},
        "created_at": row.received_at,
        "modified_at": row.received_at,
    }


def _score_uuid(score_id: str) -> uuid.UUID:
    try:
        return uuid.UUID(score_id)
    except ValueError:
        return uuid.uuid5(ids.NAMESPACE, f"score:{score_id}")


def _judge(row: Judged) -> dict[str, str]:
    return {"evaluator": row.evaluator} if row.evaluator else {}
