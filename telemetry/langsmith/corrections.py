"""Patches of runs whose beginning does not wait: most are about a run that is stored, and change its span.

A patch is written down before its sender is answered. A few seconds later a job looks whether the run is stored. If so,
what the patch says is laid over the span, and a new version takes the place of the old: see
docs/decisions/0012-pieces-that-change-what-is-stored.md. If not, the patch has overtaken its post, and waits for it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accounts.keys import Caller
from telemetry import commit, pending
from telemetry.dialects import langsmith
from telemetry.dialects.decoded import BadItem
from telemetry.langsmith import questions
from telemetry.langsmith.overlay import laid_over
from telemetry.langsmith.runs import BATCH, CHANGED, DIALECT, QUIET, UNFINISHED_AFTER, WAITING, span_of
from telemetry.models import PendingRun
from telemetry.queries import WholeSpan
from telemetry.span import Span

logger = logging.getLogger(__name__)


def correct_due() -> None:
    """Put right what was patched after it was stored; a bounded number. Raises StoreUnavailable."""
    now = timezone.now()
    due = PendingRun.objects.filter(dialect=DIALECT, state=CHANGED, due_at__lte=now).order_by("due_at")
    pending.each(due[:BATCH], _correct, now)


def _correct(rows: Sequence[PendingRun], now: datetime) -> None:
    for project_id, own in pending.by_project(rows).items():
        places = questions.places(project_id, {uuid.UUID(row.run_id) for row in own})
        stored = {span.span_id: span for span in questions.spans(project_id, places, texts=True)}
        found = {place.run_id.hex for place in places}
        _replace([row for row in own if row.run_id in found], stored, now)
        _store([row for row in own if row.run_id not in found], now)


def _replace(rows: Sequence[PendingRun], stored: dict[str, WholeSpan], now: datetime) -> None:
    """Put what is known now in place of what was stored, of spans that came as runs."""
    spans: list[Span] = []
    for row in rows:
        span = stored.get(row.run_id)
        if span is None or span.dialect != DIALECT:
            continue
        try:
            spans.append(laid_over(span, row.pieces, _caller(row)))
        except BadItem as bad:
            logger.info("A patch of a LangSmith run was dropped: %s", bad.at(f"run {row.run_id}"))
    if spans:
        commit.replace_spans(spans)
    pending.forget(rows, now=now)


def _store(rows: Sequence[PendingRun], now: datetime) -> None:
    """Store those that are whole by themselves; the others wait for their beginning.

    It may come as a whole post, which is stored without a look at what waits. So it is looked for again, after as long
    as the patch has waited.
    """
    for row in rows:
        if not langsmith.is_finished(row.pieces):
            waited = now - row.touched_at
            if waited < UNFINISHED_AFTER:
                pending.settle([row], CHANGED, due_at=now + max(QUIET, waited), now=now)
            else:
                pending.settle([row], WAITING, due_at=now, now=now)
            continue
        try:
            stored = commit.store_spans([span_of(row.pieces, _caller(row))])
        except BadItem as bad:
            logger.info("A LangSmith run was dropped: %s", bad.at(f"run {row.run_id}"))
        else:
            if stored.repeated:
                # Just now, by a request: next time it is found.
                pending.settle([row], CHANGED, due_at=now, now=now)
                continue
        pending.forget([row], now=now)


def _caller(row: PendingRun) -> Caller:
    return Caller(row.key_id_used, row.project_id, "", frozenset())
