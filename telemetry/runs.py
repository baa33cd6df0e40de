"""Runs that come in two pieces: the first waits in SQL until the second is there, then the whole is stored as a span.

An answered piece is durable: a process that is killed between the two loses neither. What never ends is stored as
unfinished after a while.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from accounts.keys import Caller
from telemetry import commit, metrics
from telemetry.dialects import langsmith
from telemetry.dialects.decoded import BadItem
from telemetry.models import PendingRun
from telemetry.span import Score, Span

logger = logging.getLogger(__name__)

DIALECT = "langsmith"
#: A run that has not ended by then is shown as unfinished; if it ends after all, that is a second sight of it.
UNFINISHED_AFTER = timedelta(minutes=30)
BATCH = 500


class Taken(NamedTuple):
    """What became of the pieces of one request."""

    spans: int
    refused: list[str]


def take(pieces: Iterable[dict[str, Any]], feedback: Iterable[dict[str, Any]], caller: Caller) -> Taken:
    """Join, store and keep waiting what is incomplete. Raises StoreUnavailable; then nothing of it is forgotten."""
    refused: list[str] = []
    by_id: dict[str, dict[str, Any]] = {}
    for piece in pieces:
        try:
            identity = langsmith.run_id(piece.get("id"))
        except BadItem as bad:
            refused.append(bad.at("run"))
            continue
        by_id[identity] = langsmith.merged(by_id.get(identity, {}), piece)
    spans = _join(by_id, caller, refused)
    scores = _scores(feedback, caller, refused)
    metrics.count("onwatch_spans_rejected_total", len(refused))
    return Taken(_store(spans, scores, caller), refused)


def _join(by_id: dict[str, dict[str, Any]], caller: Caller, refused: list[str]) -> dict[str, Span]:
    """Spans of the runs that are whole now; the others are written down in the same transaction."""
    spans: dict[str, Span] = {}
    with transaction.atomic():
        waiting = {
            run.run_id: run
            for run in PendingRun.objects.select_for_update().filter(
                project_id=caller.project_id, dialect=DIALECT, run_id__in=by_id
            )
        }
        for identity, piece in by_id.items():
            known = waiting.get(identity)
            run = langsmith.merged(known.pieces, piece) if known else piece
            try:
                if langsmith.is_finished(run):
                    spans[identity] = langsmith.to_span(run, caller)
                    continue
            except BadItem as bad:
                refused.append(bad.at(f"run {identity}"))
                continue
            PendingRun.objects.update_or_create(
                project_id=caller.project_id,
                dialect=DIALECT,
                run_id=identity,
                defaults={"pieces": run, "key_id_used": caller.key_id, "touched_at": timezone.now()},
            )
    return spans


def _scores(feedback: Iterable[dict[str, Any]], caller: Caller, refused: list[str]) -> list[Score]:
    scores = []
    for entry in feedback:
        try:
            scores.append(langsmith.to_score(entry, caller))
        except BadItem as bad:
            refused.append(bad.at("feedback"))
    return scores


def _store(spans: dict[str, Span], scores: list[Score], caller: Caller) -> int:
    """Store first, forget after: a kill between the two leads to a second storing, which is not counted."""
    stored = commit.store_spans(list(spans.values())) if spans else None
    if spans:
        PendingRun.objects.filter(project_id=caller.project_id, dialect=DIALECT, run_id__in=spans).delete()
    if scores:
        commit.store_scores(scores)
    return stored.spans if stored else 0


def store_unfinished() -> None:
    """Store what has waited too long for its end; a bounded number at each call."""
    late = PendingRun.objects.filter(dialect=DIALECT, touched_at__lt=timezone.now() - UNFINISHED_AFTER)
    late = late.select_related("project")
    for run in late[:BATCH]:
        caller = Caller(run.key_id_used, run.project_id, run.project.slug, frozenset({"ingest"}))
        try:
            commit.store_spans([langsmith.to_span(run.pieces, caller)])
        except BadItem as bad:
            logger.info("A run that never began was dropped: %s", bad)
        PendingRun.objects.filter(pk=run.pk, touched_at=run.touched_at).delete()
