"""Runs that come in two pieces: the first waits in SQL until the second is there, then the whole is stored as a span.

An answered piece is durable: a process that is killed between the two loses neither. What never ends is stored as
unfinished after a while.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping
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

logger = logging.getLogger(__name__)

DIALECT = "langsmith"
#: A run that has not ended by then is shown as unfinished; if it ends after all, that is a second sight of it.
UNFINISHED_AFTER = timedelta(minutes=30)
BATCH = 500

Run = dict[str, Any]


@dataclass(slots=True)
class Joined:
    """What became of the pieces of one request."""

    #: Of runs that are whole now, to be stored and then forgotten.
    spans: list[Span] = field(default_factory=list)
    #: Ids of those of which a piece waits in SQL.
    waited: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def stands_alone(run: Run) -> bool:
    """Whether it can become a span without a look at what is stored."""
    return langsmith.is_finished(run) and bool(run.get("session_name") or not run.get("session_id"))


def translate(posts: Iterable[Run], caller: Caller) -> Joined:
    """The spans of runs that stand alone; ``complete`` them when they are stored."""
    joined = Joined()
    _translate(_by_id(posts, joined), caller, joined)
    return joined


def complete(spans: Iterable[Span], posts: Iterable[Run], caller: Caller) -> None:
    """Put what waited for stored runs into their spans, which is rare: a patch that came before its post.

    May be done again. Raises StoreUnavailable.
    """
    if not pending.is_any_known(caller.project_id, DIALECT, {span.span_id for span in spans}):
        return
    by_id = _by_id(posts, Joined())
    with transaction.atomic():
        waiting = pending.known(caller.project_id, DIALECT, by_id.keys(), held=True)
        together = {identity: langsmith.merged(by_id[identity], row.pieces) for identity, row in waiting.items()}
        joined = Joined()
        _translate(together, caller, joined)
        if joined.spans:
            commit.replace_spans(joined.spans)
        PendingRun.objects.filter(pk__in=[row.pk for row in waiting.values()]).delete()


def join(pieces: Iterable[Run], caller: Caller) -> Joined:
    """Join pieces with those that wait; what is still incomplete is durable when this returns.

    Raises StoreUnavailable where a session must be looked up.
    """
    joined = Joined()
    by_id = _by_id(pieces, joined)
    is_whole = all(langsmith.is_finished(run) for run in by_id.values())
    if is_whole and not pending.is_any_known(caller.project_id, DIALECT, by_id.keys()):
        # Both pieces of each came at once. For them SQL is read, but not locked.
        whole = by_id
    else:
        for identity in [identity for identity, run in by_id.items() if lenient_json.is_too_deep(run)]:
            joined.refused.append(f"run {identity}: {lenient_json.TOO_DEEP}")
            del by_id[identity]
        with transaction.atomic():
            whole = _join_waiting(by_id, caller)
        joined.waited += whole
    _translate(whole, caller, joined)
    return joined


def _by_id(pieces: Iterable[Run], joined: Joined) -> dict[str, Run]:
    by_id: dict[str, Run] = {}
    for piece in pieces:
        place = "run"
        try:
            identity = langsmith.run_id(piece.get("id"))
            place = f"run {identity}"
            by_id[identity] = langsmith.merged(by_id.get(identity, {}), piece)
        except BadItem as bad:
            joined.refused.append(bad.at(place))
    return by_id


def _translate(whole: Mapping[str, Run], caller: Caller, joined: Joined) -> None:
    for identity, run in whole.items():
        try:
            joined.spans.append(_span(run, caller))
        except BadItem as bad:
            joined.refused.append(bad.at(f"run {identity}"))
    counters.count("onwatch_spans_rejected_total", len(joined.refused))


def _join_waiting(by_id: dict[str, Run], caller: Caller) -> dict[str, Run]:
    """Those that are whole now. The same transaction reads what waits and writes down what must wait."""
    now = timezone.now()
    rows = pending.locked(caller.project_id, DIALECT, by_id.keys(), now=now)
    whole: dict[str, Run] = {}
    incomplete: list[PendingRun] = []
    for identity, piece in by_id.items():
        row = rows[identity]
        run = langsmith.merged(row.pieces, piece)
        if langsmith.is_finished(run):
            whole[identity] = run
        else:
            row.pieces, row.key_id_used, row.touched_at = run, caller.key_id, now
            incomplete.append(row)
    pending.write(incomplete)
    return whole


def _span(run: Run, caller: Caller) -> Span:
    span = langsmith.to_span(run, caller)
    if not run.get("session_name") and run.get("session_id"):
        span.service = sessions.name_of(caller.project_id, span.service)
    return span


def forget(joined: Joined, caller: Caller) -> None:
    """The spans are stored. Who is killed before this stores them a second time, which is not counted."""
    if joined.waited:
        PendingRun.objects.filter(project_id=caller.project_id, dialect=DIALECT, run_id__in=joined.waited).delete()


def store_unfinished() -> None:
    """Store what has waited too long for its end; a bounded number at each call."""
    late = PendingRun.objects.filter(dialect=DIALECT, touched_at__lt=timezone.now() - UNFINISHED_AFTER)
    late = late.select_related("project")
    for run in late[:BATCH]:
        caller = Caller(run.key_id_used, run.project_id, run.project.slug, frozenset({"ingest"}))
        try:
            # A piece that was delivered again after its run was whole waits for nothing.
            if not questions.places(run.project_id, {uuid.UUID(run.run_id)}):
                commit.store_spans([_span(run.pieces, caller)])
        except BadItem as bad:
            logger.info("A run that never began was dropped: %s", bad)
        PendingRun.objects.filter(pk=run.pk, touched_at=run.touched_at).delete()
