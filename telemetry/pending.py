"""Pieces that wait in SQL for the rest of what they belong to: written down before their sender is answered.

A row is touched by one request at a time; who read it knows by ``touched_at`` whether it changed since.
"""

from __future__ import annotations

import functools
import logging
import operator
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from telemetry import lenient_json
from telemetry.models import PendingRun
from telemetry.store import BadRows

logger = logging.getLogger(__name__)

#: Databases take some ten thousands of values in one statement.
ROWS_A_STATEMENT = 500


def add(like: PendingRun, pieces: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Write pieces down by their ids, in rows that are else like this one; returns the ids of which nothing was known.

    The others are left as they are. The ORM has no way to learn which in the same statement, and this is asked for
    every run that begins.
    """
    fields = [field for field in PendingRun._meta.concrete_fields if not field.primary_key]
    shared = {field.attname: field.get_db_prep_save(getattr(like, field.attname), connection) for field in fields}
    quoted = connection.ops.quote_name
    into = f"{quoted(PendingRun._meta.db_table)} ({', '.join(quoted(field.column) for field in fields)})"
    row = f"({', '.join(['%s'] * len(fields))})"
    # In this order always: two requests that wait for each other's rows would wait for ever.
    run_ids = sorted(pieces)
    new: set[str] = set()
    with connection.cursor() as cursor:
        for start in range(0, len(run_ids), ROWS_A_STATEMENT):
            some = run_ids[start : start + ROWS_A_STATEMENT]
            values: list[Any] = []
            for run_id in some:
                values += (shared | {"run_id": run_id, "pieces": lenient_json.dumps(pieces[run_id])}).values()
            rows = ", ".join([row] * len(some))
            cursor.execute(f"INSERT INTO {into} VALUES {rows} ON CONFLICT DO NOTHING RETURNING run_id", values)
            new.update(run_id for (run_id,) in cursor.fetchall())
    return new


def locked(project_id: int, dialect: str, run_ids: Set[str], *, now: datetime) -> dict[str, PendingRun]:
    """The rows with these ids, made where there are none; call it in a transaction, which holds them to its end."""
    rows = _held(project_id, dialect, run_ids)
    missing = run_ids - rows.keys() if len(rows) < len(run_ids) else ()
    if missing:
        # Made: a row that is not there cannot be held, and two requests would each write only their own piece.
        PendingRun.objects.bulk_create(
            [
                PendingRun(project_id=project_id, dialect=dialect, run_id=run_id, pieces={}, touched_at=now, due_at=now)
                for run_id in sorted(missing)
            ],
            ignore_conflicts=True,
        )
        rows |= _held(project_id, dialect, missing)
    return rows


def _held(project_id: int, dialect: str, run_ids: Collection[str]) -> dict[str, PendingRun]:
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
