"""Runs that come in two pieces: the first waits in SQL until the second is there, then the whole is stored as a span.

An answered piece is durable: a process that is killed between the two loses neither. What never ends is stored as
unfinished after a while. A patch of a run whose beginning does not wait may be about a span that is stored: see
``telemetry.langsmith.corrections``.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.keys import Caller
from telemetry import commit, counters, lenient_json, pending
from telemetry.dialects import langsmith
from telemetry.dialects.decoded import BadItem
from telemetry.langsmith import questions, sessions
from telemetry.models import PendingRun
from telemetry.span import Span

WAITING, CHANGED = PendingRun.State.WAITING, PendingRun.State.CHANGED

logger = logging.getLogger(__name__)

DIALECT = "langsmith"
#: A run that has not ended by then is shown as unfinished, until it ends after all.
UNFINISHED_AFTER = timedelta(minutes=30)
#: Patches of one run come together, and a patch may overtake the post.
QUIET = timedelta(seconds=5)
BATCH = 500

Run = dict[str, Any]


@dataclass(slots=True)
class Joined:
    """What became of the pieces of one request."""

    #: Of runs that are whole now, to be stored and then forgotten.
    spans: list[Span] = field(default_factory=list)
    #: The rows in which pieces of them waited, to be forgotten then.
    waited: list[PendingRun] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def translate(posts: Iterable[Run], patches: Iterable[Run], caller: Caller) -> Joined | None:
    """The spans, when each of the runs is told whole by these pieces; None when something stored must be looked at."""
    joined, by_id = Joined(), {}
    _gather(posts, by_id, joined)
    begun = len(by_id)
    _gather(patches, by_id, joined)
    if len(by_id) > begun or not all(map(_stands_alone, by_id.values())):
        return None
    _translate(by_id, caller, joined)
    return joined


def _stands_alone(run: Run) -> bool:
    # A session that goes by its id alone must be looked up.
    return langsmith.is_finished(run) and bool(run.get("session_name") or not run.get("session_id"))


def join(posts: Iterable[Run], patches: Iterable[Run], caller: Caller) -> Joined:
    """Join pieces with those that wait; what is still incomplete is durable when this returns.

    Raises StoreUnavailable where a session must be looked up.
    """
    joined = Joined()
    by_id: dict[str, Run] = {}
    _gather(posts, by_id, joined)
    begun = frozenset(by_id)
    _gather(patches, by_id, joined)
    for identity in [identity for identity, run in by_id.items() if lenient_json.is_too_deep(run)]:
        joined.refused.append(f"run {identity}: {lenient_json.TOO_DEEP}")
        del by_id[identity]
    with transaction.atomic():
        whole, joined.waited = _join_waiting(by_id, begun, caller)
    _translate(whole, caller, joined)
    return joined


def _gather(pieces: Iterable[Run], by_id: dict[str, Run], joined: Joined) -> None:
    for piece in pieces:
        place = "run"
        try:
            if piece.__class__ is not dict:
                raise BadItem("must be a JSON object")
            identity = langsmith.run_id(piece.get("id"))
            place = f"run {identity}"
            piece = langsmith.checked(piece)
            by_id[identity] = langsmith.merged(by_id[identity], piece) if identity in by_id else piece
        except BadItem as bad:
            joined.refused.append(bad.at(place))


def _translate(whole: Mapping[str, Run], caller: Caller, joined: Joined) -> None:
    for identity, run in whole.items():
        try:
            joined.spans.append(span_of(run, caller))
        except BadItem as bad:
            joined.refused.append(bad.at(f"run {identity}"))
    counters.count("onwatch_spans_rejected_total", len(joined.refused))


def _join_waiting(
    by_id: dict[str, Run], begun: Collection[str], caller: Caller
) -> tuple[dict[str, Run], list[PendingRun]]:
    """Those that are whole now, and their rows. The same transaction reads what waits and writes down what must wait.

    ``begun`` are those of which the beginning is among the pieces.
    """
    now = timezone.now()
    like = PendingRun(
        project_id=caller.project_id, dialect=DIALECT, pieces={}, key_id_used=caller.key_id, touched_at=now,
        due_at=now + UNFINISHED_AFTER,
    )  # fmt: skip
    # Nearly always nothing is known of a run that begins.
    waiting = pending.add(
        like,
        {identity: run for identity, run in by_id.items() if identity in begun and not langsmith.is_finished(run)},
    )
    by_id = {identity: piece for identity, piece in by_id.items() if identity not in waiting}
    rows = pending.locked(caller.project_id, DIALECT, by_id.keys(), now=now)
    whole: dict[str, Run] = {}
    incomplete: list[PendingRun] = []
    for identity, piece in by_id.items():
        row = rows[identity]
        run = langsmith.merged(row.pieces, piece)
        may_be_stored = identity not in begun and (not row.pieces or row.state == CHANGED)
        if langsmith.is_finished(run) and not may_be_stored:
            whole[identity] = run
        else:
            row.state, row.due_at = (CHANGED, now + QUIET) if may_be_stored else (WAITING, now + UNFINISHED_AFTER)
            row.pieces, row.key_id_used, row.touched_at = run, caller.key_id, now
            incomplete.append(row)
    pending.write(incomplete)
    return whole, [rows[identity] for identity in whole]


def span_of(run: Run, caller: Caller) -> Span:
    """Raises BadItem, or StoreUnavailable where a session must be looked up."""
    span = langsmith.to_span(run, caller)
    if not run.get("session_name") and run.get("session_id"):
        span.service = sessions.name_of(caller.project_id, span.service)
    return span


def store_unfinished() -> None:
    """Store what has waited too long for its end; a bounded number at each call."""
    late = PendingRun.objects.filter(dialect=DIALECT, state=WAITING, due_at__lte=timezone.now())
    late = late.select_related("project")
    for run in late[:BATCH]:
        caller = Caller(run.key_id_used, run.project_id, run.project.slug, frozenset({"ingest"}))
        try:
            # A piece that was delivered again after its run was whole waits for nothing.
            if not questions.places(run.project_id, {uuid.UUID(run.run_id)}):
                commit.store_spans([span_of(run.pieces, caller)])
        except BadItem as bad:
            logger.info("A run that never began was dropped: %s", bad)
        PendingRun.objects.filter(pk=run.pk, touched_at=run.touched_at).delete()
