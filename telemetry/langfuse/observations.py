"""Langfuse traces and observations that come in pieces, put together and kept true.

Every piece is written down before its sender is answered. What is whole is stored as a span at once; what nobody ends
is stored a little later, or as unfinished. A piece that comes after that (an output, a user who became known late)
changes the stored span: a job puts a new version in its place. What was written down is forgotten an hour after the
last piece.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.keys import Caller
from telemetry import commit, pending
from telemetry.dialects.decoded import BadItem
from telemetry.dialects.langfuse_bodies import SHARED_NAMES, observation_span, trace_span
from telemetry.dialects.langfuse_events import OBSERVATION, TRACE, Known, Piece, added, moment
from telemetry.langfuse import revival
from telemetry.langsmith.runs import UNFINISHED_AFTER
from telemetry.models import PendingRun
from telemetry.span import Span

logger = logging.getLogger(__name__)

DIALECT = "langfuse"
WAITING, CHANGED, STORED = PendingRun.State.WAITING, PendingRun.State.CHANGED, PendingRun.State.STORED
#: What has a result but no end, or is a trace (those have none), is stored when nothing more came for so long.
QUIET = timedelta(seconds=5)
KEPT = timedelta(hours=1)
#: Rows looked at by one run of the job.
BATCH = 500
#: The end of a trace's last observation, beside its events.
ENDED = "ended"


def take(pieces: Sequence[Piece], caller: Caller) -> None:
    """Write the pieces down, and store what they make whole. Raises StoreUnavailable, and sending again is right."""
    if not pieces:
        return
    now = timezone.now()
    touched = _write_down(pieces, caller, now)
    _store([row for row in touched if row.state == WAITING and row.due_at <= now], now)


def _key(subject: str, identity: str) -> str:
    return f"{subject}/{identity}"


def _trace_key(row: PendingRun) -> str:
    return _key(TRACE, row.trace_id)


def _own_id(row: PendingRun) -> str:
    return row.run_id.partition("/")[2]


# --- Writing down -----------------------------------------------------------------------------------------


def _write_down(pieces: Sequence[Piece], caller: Caller, now: datetime) -> list[PendingRun]:
    """The rows that these pieces changed, as they are now."""
    about = {subject: [piece for piece in pieces if piece.subject == subject] for subject in (OBSERVATION, TRACE)}
    keys = {_key(OBSERVATION, piece.id) for piece in about[OBSERVATION]}
    traces_of = _traces_of(about[OBSERVATION], caller)
    with transaction.atomic():
        # Traces before their observations, always: two requests that hold each other's rows would wait for ever.
        trace_keys = {_key(TRACE, identity) for identity in (*traces_of.values(), *(each.id for each in about[TRACE]))}
        traces = pending.locked(caller.project_id, DIALECT, trace_keys, now=now)
        rows = pending.locked(caller.project_id, DIALECT, keys, now=now)
        for key, row in rows.items():
            row.trace_id = traces_of[key]
        observations = _add(about[OBSERVATION], rows, caller, now)
        for row in observations:
            row.due_at = now + _patience(Known.of(row.pieces))
        pending.write(observations)
        _update_traces(traces, about[TRACE], observations, caller, now)
        pending.write(traces.values())
    return [*observations, *traces.values()]


def _traces_of(pieces: Sequence[Piece], caller: Caller) -> dict[str, str]:
    """Row of an observation -> id of its trace; one without any is a trace by itself."""
    named = {_key(OBSERVATION, piece.id): piece.trace_id for piece in pieces if piece.trace_id}
    unnamed = {_key(OBSERVATION, piece.id): piece.id for piece in pieces} | named
    known = pending.known(caller.project_id, DIALECT, unnamed.keys() - named.keys())
    return unnamed | {key: row.trace_id for key, row in known.items() if row.trace_id}


def _add(pieces: Iterable[Piece], rows: dict[str, PendingRun], caller: Caller, now: datetime) -> list[PendingRun]:
    """Add each piece to its row; returns the rows that learned something."""
    changed: dict[str, PendingRun] = {}
    for piece in pieces:
        row = rows[_key(piece.subject, piece.id)]
        together = added(row.pieces, piece)
        if together is not row.pieces:
            row.pieces = together
            changed[row.run_id] = row
    for row in changed.values():
        _touch(row, caller, now)
    return list(changed.values())


def _touch(row: PendingRun, caller: Caller, now: datetime) -> None:
    row.touched_at = row.due_at = now
    row.key_id_used = caller.key_id
    if row.state == STORED:
        row.state = CHANGED


def _patience(known: Known) -> timedelta:
    """How long an observation waits for more before it is stored as it is."""
    if known.is_finished:
        return timedelta(0)
    # Without a beginning it may be about something that was stored and forgotten here: that is soon seen.
    return QUIET if known.has_result or not known.starts_at else UNFINISHED_AFTER


def _update_traces(
    rows: dict[str, PendingRun],
    pieces: Sequence[Piece],
    observations: Sequence[PendingRun],
    caller: Caller,
    now: datetime,
) -> None:
    """Give the rows of traces what they are told, by themselves and by their observations."""
    before = {key: Known.of(row.pieces) for key, row in rows.items()}
    told = {row.run_id for row in _add(pieces, rows, caller, now)}
    for row in observations:
        _note_end(rows[_trace_key(row)], Known.of(row.pieces).time("endTime"), caller, now)
    for key, row in rows.items():
        row.trace_id = _own_id(row)
        after = Known.of(row.pieces)
        if key in told and _shared(before[key]) != _shared(after):
            _change_all_of(row, now)
        if row.state == WAITING:
            row.due_at = now + _trace_patience(row, after, now)
        elif row.state == STORED:
            row.due_at = now + KEPT


def _change_all_of(trace: PendingRun, now: datetime) -> None:
    """What holds for all observations of a trace has changed: those that are stored are not right any more."""
    others = PendingRun.objects.filter(project_id=trace.project_id, dialect=DIALECT, trace_id=trace.trace_id)
    others = others.exclude(pk=trace.pk)
    others.filter(state=STORED).update(state=CHANGED, due_at=now)
    # Also those that somebody stores at this moment, from what he read before.
    others.update(touched_at=now)


def _note_end(trace: PendingRun, end: datetime | None, caller: Caller, now: datetime) -> None:
    known = moment(trace.pieces.get(ENDED), field=ENDED)
    if end and (known is None or end > known):
        trace.pieces = {**trace.pieces, ENDED: end.isoformat()}
        _touch(trace, caller, now)


def _shared(known: Known) -> dict[str, object]:
    return {key: known.body.get(key) for key in ("id", "metadata", *SHARED_NAMES)}


def _trace_patience(row: PendingRun, known: Known, now: datetime) -> timedelta:
    """It waits for its observations, then for its output or its end; but most traces are told of neither."""
    if not known.kind:
        # Nobody told of it but its observations: there is nothing to store.
        return KEPT
    others = PendingRun.objects.filter(project_id=row.project_id, dialect=DIALECT, trace_id=row.trace_id, state=WAITING)
    if others.exclude(pk=row.pk).filter(due_at__gt=now + QUIET).exists():
        return UNFINISHED_AFTER
    has_ended = known.answered_at or known.body.get("endTime")
    return timedelta(0) if has_ended and known.starts_at else QUIET


# --- Storing ----------------------------------------------------------------------------------------------


def _store(rows: Sequence[PendingRun], now: datetime) -> None:
    """Store rows for the first time, as far as they have not been stored long ago. Raises StoreUnavailable."""
    rows = _new(rows, now)
    spans = _spans(rows)
    if not spans:
        return
    stored = commit.store_spans(list(spans.values()))
    done = [row for row in rows if row.run_id in spans]
    if stored.repeated:
        # Stored by a life of this process that was killed, or by a request at the same time, perhaps from fewer pieces.
        pending.settle(done, CHANGED, due_at=now, now=now)
    else:
        pending.settle(done, STORED, due_at=now + KEPT, now=now)


def _new(rows: Sequence[PendingRun], now: datetime) -> list[PendingRun]:
    """Without those that add to what was stored and then forgotten here, and those whose beginning is still to come."""
    known = {row.pk: Known.of(row.pieces) for row in rows}
    startless = {row.pk for row in rows if known[row.pk].kind and not known[row.pk].starts_at}
    doubtful = [row for row in rows if row.pk in startless or (known[row.pk].kind and _is_trace(row))]
    revived = revival.revive(doubtful, DIALECT, now=now) if doubtful else set()
    for row in rows:
        if row.pk in startless - revived and now - row.touched_at < UNFINISHED_AFTER:
            pending.settle([row], WAITING, due_at=row.touched_at + UNFINISHED_AFTER, now=now)
            revived.add(row.pk)
    return [row for row in rows if row.pk not in revived]


def _is_trace(row: PendingRun) -> bool:
    return row.run_id.startswith(f"{TRACE}/")


def _spans(rows: Sequence[PendingRun]) -> dict[str, Span]:
    """Row -> the span of what is known now; what can be none is forgotten."""
    spans: dict[str, Span] = {}
    for project_id, own in pending.by_project(rows).items():
        traces = pending.known(project_id, DIALECT, {_trace_key(row) for row in own})
        known = {key: Known.of(row.pieces) for key, row in traces.items()}
        for row in own:
            if not Known.of(row.pieces).kind:
                PendingRun.objects.filter(pk=row.pk, touched_at=row.touched_at).delete()
                continue
            try:
                spans[row.run_id] = _span(row, known)
            except BadItem as bad:
                logger.info("A piece of a Langfuse trace without the rest was dropped: %s", bad.at(row.run_id))
                PendingRun.objects.filter(pk=row.pk, touched_at=row.touched_at).delete()
    return spans


def _span(row: PendingRun, traces: dict[str, Known]) -> Span:
    caller = Caller(row.key_id_used, row.project_id, "", frozenset())
    known = Known.of(row.pieces)
    if _is_trace(row):
        return trace_span(_own_id(row), known, moment(row.pieces.get(ENDED), field=ENDED), caller)
    trace = traces.get(_trace_key(row))
    return observation_span(_own_id(row), known, trace if trace and trace.kind else None, caller)


# --- Tending ----------------------------------------------------------------------------------------------


def store_due() -> None:
    """Store what has waited long enough, and forget what is old; a bounded number. Raises StoreUnavailable."""
    now = timezone.now()
    pending.each(_due(now).filter(state=WAITING)[:BATCH], _store, now)
    old = list(_due(now).filter(state=STORED).values_list("pk", flat=True)[: 10 * BATCH])
    PendingRun.objects.filter(pk__in=old, state=STORED, due_at__lte=now).delete()


def correct_due() -> None:
    """Put right what changed after it was stored; a bounded number. Raises StoreUnavailable."""
    now = timezone.now()
    pending.each(_due(now).filter(state=CHANGED)[:BATCH], _replace, now)


def _due(now: datetime) -> QuerySet[PendingRun]:
    return PendingRun.objects.filter(dialect=DIALECT, due_at__lte=now).order_by("due_at")


def _replace(rows: Sequence[PendingRun], now: datetime) -> None:
    """Put what is known now in place of what was stored. Raises StoreUnavailable."""
    spans = _spans(rows)
    if spans:
        commit.replace_spans(list(spans.values()))
        pending.settle([row for row in rows if row.run_id in spans], STORED, due_at=now + KEPT, now=now)
