"""Making roll-ups true again after a process was killed, or an insert failed, between storing and counting.

What is stored is the truth. For the minutes that recent inserts belong to, every roll-up is compared with what its
view would make of them, and where it differs the slot is cleared and filled anew.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from core import clickhouse
from telemetry import store

logger = logging.getLogger(__name__)

#: An insert is over, or stopped, within this time; what was on its way when a process died is not older.
LONGEST_INSERT = timedelta(seconds=60)
#: Slots looked at by one question.
CHUNK = 500


class Rollup(NamedTuple):
    """One roll-up: its table, filled by the view ``<table>_mv`` from what is inserted into ``source``."""

    table: str
    #: The name by which the view knows its source, and the table that holds the same rows.
    source: str
    kept_in: str
    #: Which rows of that table count.
    condition: str
    #: The column that says when, in the source and in the roll-up.
    moment: str
    slot: str
    seconds: int
    count: str


#: Where what was sent is kept, row by row.
KEPT = ("spans", "scores")

SPANS = (
    Rollup("spans_1m", "counted_spans", "spans", "counted", "start_time", "minute", 60, "spans"),
    Rollup("spend_15m", "counted_spans", "spans", "counted", "start_time", "slot", 900, "calls"),
    Rollup("spans_1h", "spans_1m", "spans_1m", "1", "minute", "minute", 3600, "spans"),
)
SCORES = (
    Rollup("scores_1m", "counted_scores", "scores", "1", "occurred_at", "minute", 60, "scores"),
    Rollup("scores_1h", "scores_1m", "scores_1m", "1", "minute", "minute", 3600, "scores"),
)


class _Value(NamedTuple):
    value: int


class _Text(NamedTuple):
    value: str


class Minute(NamedTuple):
    """A minute of a project, in seconds since 1970."""

    project_id: int
    minute: int


class _LastReceived(NamedTuple):
    span_at: int
    score_at: int


def repair_after_start() -> None:
    """Repair what the last life of this process left half done. Raises StoreUnavailable."""
    (last,) = store.rows(_LastReceived, "telemetry/last_received")
    back = LONGEST_INSERT // timedelta(milliseconds=1)
    ends = [end for end in last if end]
    if ends:
        repair(since=min(ends) - back, until=max(ends))


def repair(*, since: int, until: int, without: Collection[int] = ()) -> tuple[datetime, datetime] | None:
    """Repair the slots of what was received between these moments (milliseconds, both included).

    ``without`` are the stamps of inserts that are not yet counted and will be. Returns the first and last moment of
    what was repaired, None when all was right. Raises StoreUnavailable.
    """
    wrong: list[int] = []
    for rollups, question in ((SPANS, "telemetry/touched_span_minutes"), (SCORES, "telemetry/touched_score_minutes")):
        touched = store.rows(Minute, question, since=since, until=until)
        for rollup in rollups:
            wrong += _repair(rollup, _keys(touched, rollup.seconds), without)
    if not wrong:
        return None
    moments = [datetime.fromtimestamp(key & 0xFFFFFFFF, UTC) for key in wrong]
    logger.warning("Roll-ups were repaired in %d slots between %s and %s.", len(wrong), min(moments), max(moments))
    return min(moments), max(moments) + timedelta(hours=1)


def recount(minutes: Collection[Minute], *, without: Collection[int] = ()) -> None:
    """Make the roll-ups of these minutes anew from the spans that are stored. Raises StoreUnavailable."""
    _recount(SPANS, minutes, without)


def recount_scores(minutes: Collection[Minute], *, without: Collection[int] = ()) -> None:
    """The same for the roll-ups of scores: one in these minutes was changed. Raises StoreUnavailable."""
    _recount(SCORES, minutes, without)


def _recount(rollups: Collection[Rollup], minutes: Collection[Minute], without: Collection[int]) -> None:
    for rollup in rollups:
        for chunk in _chunks(_keys(minutes, rollup.seconds)):
            _make_anew(_pieces(rollup, chunk, without))
            # With a server, inserts are counted while this goes on.
            if not clickhouse.is_embedded():
                _repair(rollup, chunk, without)


def _keys(touched: Collection[Minute], seconds: int) -> list[int]:
    """The slots that hold these minutes, except those whose telemetry retention has begun to drop."""
    days = min(settings.ONWATCH_RETENTION_DAYS, settings.ONWATCH_ROLLUP_RETENTION_DAYS) - 1
    oldest = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    slots = {(project_id, minute - minute % seconds) for project_id, minute in touched if minute > oldest}
    return sorted(project_id << 32 | slot for project_id, slot in slots)


def _repair(rollup: Rollup, keys: list[int], without: Collection[int]) -> list[int]:
    wrong: list[int] = []
    for chunk in _chunks(keys):
        pieces = _pieces(rollup, chunk, without)
        found = [row.value for row in store.rows(_Value, "telemetry/wrong_slots", pieces=pieces)]
        if found:
            _make_anew(_pieces(rollup, found, without))
            wrong += found
    return wrong


def _make_anew(pieces: dict[str, str]) -> None:
    store.run("telemetry/clear_slots", pieces=pieces)
    store.run("telemetry/fill_slots", pieces=pieces)


def _chunks(keys: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def _pieces(rollup: Rollup, keys: list[int], without: Collection[int]) -> dict[str, str]:
    """What is put into the texts of the questions: names from the tables above and whole numbers, nothing else."""
    slots = [key & 0xFFFFFFFF for key in keys]
    pieces = {
        "table": rollup.table,
        "slot": rollup.slot,
        "count": rollup.count,
        "kept_in": rollup.kept_in,
        "condition": rollup.condition,
        "moment": rollup.moment,
        "seconds": str(rollup.seconds),
        "keys": ", ".join(map(str, keys)),
        "first": str(min(slots)),
        "last": str(max(slots)),
    }
    if without and rollup.kept_in in KEPT:
        stamps = ", ".join(map(str, without))
        pieces["condition"] += f" AND toUnixTimestamp64Milli(received_at) NOT IN ({stamps})"
    return pieces | {"expected": _expected(rollup, pieces)}


class UnknownView(Exception):
    """A view of another schema than ours. Nothing is repaired from it."""


def _expected(rollup: Rollup, pieces: dict[str, str]) -> str:
    """The view's own question, over those rows of its source that belong to the slots."""
    (view,) = store.rows(_Text, "telemetry/view_question", view=f"{rollup.table}_mv")
    source = store.text("telemetry/slot_source", pieces)
    stand_in = f"FROM ({source}) AS {rollup.source}"
    question, replaced = re.subn(rf"\bFROM \w+\.{rollup.source}\b", lambda _: stand_in, view.value)
    if replaced != 1:
        # Without the stand-in it would ask the whole table, and a repair would multiply the figures.
        raise UnknownView(f"{rollup.table}_mv does not read {rollup.source} as the present schema does")
    return question
