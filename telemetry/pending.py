"""Pieces that wait in SQL for the rest of what they belong to: written down before their sender is answered.

A row is touched by one request at a time; who read it knows by ``touched_at`` whether it changed since.
"""

from __future__ import annotations

import functools
import logging
import operator
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from telemetry.models import PendingRun
from telemetry.store import BadRows

logger = logging.getLogger(__name__)


def locked(project_id: int, dialect: str, run_ids: Collection[str], *, now: datetime) -> dict[str, PendingRun]:
    """The rows with these ids, made where there are none; call it in a transaction, which holds them to its end."""
    # Made first: a row that is not there cannot be held, and two requests would each write only their own piece.
    PendingRun.objects.bulk_create(
        [
            PendingRun(project_id=project_id, dialect=dialect, run_id=run_id, pieces={}, touched_at=now, due_at=now)
            for run_id in sorted(run_ids)
        ],
        ignore_conflicts=True,
    )
    rows = _of(project_id, dialect, run_ids).select_for_update().order_by("run_id")
    return {row.run_id: row for row in rows}


def known(project_id: int, dialect: str, run_ids: Collection[str]) -> dict[str, PendingRun]:
    return {row.run_id: row for row in _of(project_id, dialect, run_ids)}


def _of(project_id: int, dialect: str, run_ids: Collection[str]) -> QuerySet[PendingRun]:
    return PendingRun.objects.filter(project_id=project_id, dialect=dialect, run_id__in=run_ids)


def write(rows: Iterable[PendingRun]) -> None:
    """Save rows that are held."""
    fields = ["trace_id", "pieces", "key_id_used", "touched_at", "state", "due_at"]
    # They are all there, so each is updated; bulk_update would spell out a case for every row and field.
    PendingRun.objects.bulk_create(list(rows), update_conflicts=True, unique_fields=["id"], update_fields=fields)


def settle(rows: Iterable[PendingRun], state: str, *, due_at: datetime, now: datetime) -> None:
    """Note what became of rows as they were read; one that was touched since is ``CHANGED`` instead."""
    read_at: defaultdict[datetime, list[int]] = defaultdict(list)
    for row in rows:
        read_at[row.touched_at].append(row.pk)
    for touched_at, keys in read_at.items():
        ours = PendingRun.objects.filter(pk__in=keys)
        ours.exclude(touched_at=touched_at).update(state=PendingRun.State.CHANGED, due_at=now)
        ours.filter(touched_at=touched_at).update(state=state, due_at=due_at)


def forget(rows: Sequence[PendingRun], *, now: datetime) -> None:
    """Delete rows whose pieces are stored, as they were read; one that was touched since is ``CHANGED`` instead."""
    if not rows:
        return
    read_at: defaultdict[datetime, list[int]] = defaultdict(list)
    for row in rows:
        read_at[row.touched_at].append(row.pk)
    as_read = [Q(pk__in=keys, touched_at=touched_at) for touched_at, keys in read_at.items()]
    deleted, _ = PendingRun.objects.filter(functools.reduce(operator.or_, as_read)).delete()
    if deleted < len(rows):
        left = PendingRun.objects.filter(pk__in=[row.pk for row in rows])
        left.update(state=PendingRun.State.CHANGED, due_at=now)


Step = Callable[[Sequence[PendingRun], datetime], None]


def each(rows: Sequence[PendingRun], step: Step, now: datetime) -> None:
    """Do a step that stores with all rows at once, or with each alone where the store refuses a value of one."""
    try:
        step(rows, now)
    except BadRows:
        for row in rows:
            _alone(row, step, now)


def _alone(row: PendingRun, step: Step, now: datetime) -> None:
    try:
        step([row], now)
    except BadRows as error:
        logger.warning("A span of %s was dropped because the store refuses a value of it: %s", row.dialect, error)
        PendingRun.objects.filter(pk=row.pk, touched_at=row.touched_at).delete()


def by_project(rows: Iterable[PendingRun]) -> Mapping[int, list[PendingRun]]:
    found: defaultdict[int, list[PendingRun]] = defaultdict(list)
    for row in rows:
        found[row.project_id].append(row)
    return found
