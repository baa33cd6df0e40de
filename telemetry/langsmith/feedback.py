"""Feedback of LangSmith's clients: kept whole in SQL, and its number, where it has one, counted as a score.

SQL is the truth. A score that does not agree with it yet, because a store was away or the process was killed, is made
to agree by ``apply_waiting``. See docs/decisions/0011-langsmith-reads.md.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models

from telemetry import commit, redact, subjects
from telemetry.dialects import langsmith
from telemetry.dialects.decoded import BadItem
from telemetry.langsmith import questions
from telemetry.models import Feedback, FeedbackToken, PendingRun
from telemetry.span import Score

#: What is kept of feedback as it was said.
SAID = (
    "score", "value", "comment", "correction", "feedback_source", "extra", "feedback_group_id", "feedback_config",
    "comparative_experiment_id", "error",
)  # fmt: skip
#: At least one of these makes it feedback.
MEANING = ("score", "value", "comment", "correction")
MOST_KEY = 200
LARGEST = 1e15
#: Who gave the feedback -> the canonical source.
SOURCES = {"model": "judge"}
BATCH = 200


@dataclass(frozen=True, slots=True)
class Given:
    """One piece of feedback as it came."""

    feedback_id: uuid.UUID
    run_id: uuid.UUID
    trace_id: uuid.UUID | None
    key: str
    said: dict[str, Any]
    created_at: datetime
    modified_at: datetime


def read(feedback: Mapping[str, Any]) -> Given:
    """Raises BadItem naming the field."""
    key = feedback.get("key")
    if not isinstance(key, str) or not key:
        raise BadItem("is missing", field="key")
    if len(key) > MOST_KEY:
        raise BadItem(f"is longer than {MOST_KEY} characters", field="key")
    judged = feedback.get("run_id") or feedback.get("trace_id")
    if not judged:
        raise BadItem("is missing", field="run_id")
    said = {name: feedback[name] for name in SAID if feedback.get(name) is not None}
    check(said)
    created = langsmith.moment(feedback.get("created_at"), field="created_at") or datetime.now(UTC)
    trace = feedback.get("trace_id")
    return Given(
        feedback_id=_uuid(feedback.get("id"), field="id") if feedback.get("id") else uuid.uuid4(),
        run_id=_uuid(judged, field="run_id"),
        trace_id=_uuid(trace, field="trace_id") if trace else None,
        key=key,
        said=said,
        created_at=created,
        modified_at=langsmith.moment(feedback.get("modified_at"), field="modified_at") or created,
    )


def check(said: Mapping[str, Any]) -> None:
    """Raises BadItem unless this is feedback whose number can be counted."""
    if all(said.get(name) is None for name in MEANING):
        raise BadItem("is missing: feedback has a score, a value, a comment or a correction", field="score")
    score = said.get("score")
    if score is not None and not isinstance(score, int | float):
        raise BadItem("must be a number or a boolean", field="score")
    for name in ("score", "value"):
        if isinstance(said.get(name), int | float) and not abs(said[name]) < LARGEST:
            raise BadItem(f"must be smaller than {LARGEST:g}", field=name)


def _uuid(value: Any, *, field: str) -> uuid.UUID:  # noqa: ANN401
    return uuid.UUID(hex=langsmith.run_id(value, field=field))


def number(said: Mapping[str, Any]) -> float | None:
    """What is counted: the score, else a value that is a number."""
    for name in ("score", "value"):
        if isinstance(value := said.get(name), int | float):
            return float(value)
    return None


def take(project_id: int, given: Sequence[Given]) -> None:
    """Keep and count. What came before is recognised by its id; of two versions the one modified later holds.

    Raises StoreUnavailable; trying again is right.
    """
    if not given:
        return
    last = {one.feedback_id: one for one in given}
    everything = Feedback.objects.filter(project_id=project_id, feedback_id__in=last)
    known = set(everything.values_list("feedback_id", flat=True))
    new = [one for one in last.values() if one.feedback_id not in known]
    traces = _traces(project_id, new)
    Feedback.objects.bulk_create(
        [
            Feedback(
                project_id=project_id,
                feedback_id=one.feedback_id,
                run_id=one.run_id.hex,
                trace_id=traces[one.feedback_id].hex,
                key=one.key,
                said=redact.redact_value(project_id, one.said),
                created_at=one.created_at,
                modified_at=one.modified_at,
            )
            for one in new
        ],
        ignore_conflicts=True,
    )
    for one in (last[feedback_id] for feedback_id in known):
        _ours(project_id).filter(feedback_id=one.feedback_id, modified_at__lt=one.modified_at).update(
            said=redact.redact_value(project_id, one.said), modified_at=one.modified_at, is_applied=False
        )
    apply(everything.filter(is_applied=False))


def _ours(project_id: int) -> models.QuerySet[Feedback]:
    return Feedback.objects.filter(project_id=project_id, deleted_at=None)


def _traces(project_id: int, given: Collection[Given]) -> dict[uuid.UUID, uuid.UUID]:
    """The trace of each; where nobody says and the run is not known yet, it is taken for the root of its own."""
    unknown = {one.run_id for one in given if one.trace_id is None}
    found: dict[uuid.UUID, uuid.UUID] = {}
    if unknown:
        begun = PendingRun.objects.filter(
            project_id=project_id, dialect="langsmith", run_id__in=[run.hex for run in unknown]
        )
        for run_id, trace in begun.values_list("run_id", "pieces__trace_id"):
            if trace:
                found[uuid.UUID(run_id)] = uuid.UUID(str(trace))
        found |= {
            place.run_id: uuid.UUID(place.trace_id)
            for place in questions.places(project_id, unknown)
            if len(place.trace_id) == 32
        }
    return {one.feedback_id: one.trace_id or found.get(one.run_id, one.run_id) for one in given}


def change(project_id: int, feedback_id: uuid.UUID, changes: Mapping[str, Any]) -> bool:
    """Change the parts that are named; None takes one away. False when there is no such feedback.

    Raises BadItem naming the field, StoreUnavailable.
    """
    row = _ours(project_id).filter(feedback_id=feedback_id).first()
    if row is None:
        return False
    if unknown := sorted(set(changes) - set(SAID) - {"feedback_config"}):
        raise BadItem("cannot be changed", field=unknown[0])
    said = {name: value for name, value in {**row.said, **changes}.items() if value is not None}
    check(said)
    Feedback.objects.filter(pk=row.pk).update(
        said=redact.redact_value(project_id, said), modified_at=datetime.now(UTC), is_applied=False
    )
    apply(Feedback.objects.filter(pk=row.pk))
    return True


def delete(project_id: int, feedback_id: uuid.UUID) -> bool:
    """Take it back. False when there is no such feedback. Raises StoreUnavailable."""
    now = datetime.now(UTC)
    rows = _ours(project_id).filter(feedback_id=feedback_id)
    if not rows.update(deleted_at=now, modified_at=now, is_applied=False):
        return False
    apply(Feedback.objects.filter(project_id=project_id, feedback_id=feedback_id))
    return True


# --- The scores ----------------------------------------------------------------------------------------------


def apply(waiting: Iterable[Feedback]) -> None:
    """Make the scores agree with what was said. Raises StoreUnavailable."""
    by_project: dict[int, list[Feedback]] = {}
    for row in waiting:
        by_project.setdefault(row.project_id, []).append(row)
    for project_id, rows in by_project.items():
        fresh = [row for row in rows if not row.is_scored]
        known = [row for row in rows if row.is_scored]
        if fresh:
            # Said first: who is killed between the two replaces it, and so never leaves two.
            Feedback.objects.filter(pk__in=[row.pk for row in fresh]).update(is_scored=True)
            commit.store_scores(_scores(project_id, fresh))
        if known:
            commit.replace_scores(project_id, [str(row.feedback_id) for row in known], _scores(project_id, known))
        # Not those that were changed meanwhile.
        Feedback.objects.filter(
            pk__in=[row.pk for row in rows], modified_at__in={row.modified_at for row in rows}
        ).update(is_applied=True)


def apply_waiting() -> None:
    """Do what was interrupted, and forget what is older than all telemetry."""
    now = datetime.now(UTC)
    apply(Feedback.objects.filter(is_applied=False, modified_at__lt=now - timedelta(minutes=1))[:BATCH])
    kept = now - timedelta(days=settings.ONWATCH_RETENTION_DAYS)
    Feedback.objects.filter(modified_at__lt=kept).delete()
    FeedbackToken.objects.filter(expires_at__lt=now - timedelta(days=7)).delete()


def _scores(project_id: int, rows: Iterable[Feedback]) -> list[Score]:
    counted = [(row, value) for row in rows if not row.deleted_at and (value := number(row.said)) is not None]
    places = {
        place.run_id: place for place in questions.places(project_id, {uuid.UUID(row.run_id) for row, _ in counted})
    }
    scores = []
    for row, value in counted:
        place = places.get(uuid.UUID(row.run_id))
        label = row.said.get("value")
        source = row.said.get("feedback_source")
        kind = source.get("type") if isinstance(source, dict) else ""
        scores.append(
            Score(
                name=row.key,
                value=value,
                trace_id=place.trace_id if place else row.trace_id,
                span_id=place.span_id if place else row.run_id,
                score_id=str(row.feedback_id),
                source=SOURCES.get(str(kind), "user"),
                label=label if isinstance(label, str) else "",
                comment=str(row.said.get("comment") or ""),
                project_id=project_id,
                occurred_at=row.created_at,
            )
        )
    subjects.complete(project_id, scores)
    return scores
