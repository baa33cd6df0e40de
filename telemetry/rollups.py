"""Counting what is stored: the roll-ups follow the inserts, many inserts at a time.

Bringing the roll-ups up to date costs about the same for one insert as for fifty, and more than a small insert itself.
So an insert that is alone is counted before it is answered, and under load those of half a second are counted
together. Only after that do live figures learn of them, so that Redis is never ahead of what it is rebuilt from.

With a ClickHouse server every insert is counted there by a view, and all of this is passed over.
See docs/decisions/0005-rollups-in-bulk.md.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core import clickhouse
from telemetry import rollup_repair, store
from telemetry.span import Score, Span
from telemetry.store import StoreUnavailable

logger = logging.getLogger(__name__)

#: Under load the roll-ups are this many seconds behind at the most.
PAUSE_SECONDS = 0.5
#: After a failure it is tried again so often.
REPAIR_SECONDS = 2.0


@dataclass(slots=True, eq=False)
class Batch:
    """One insert, and what it stored anew."""

    #: ``received_at`` in milliseconds since 1970; no other insert of this process has the same.
    stamp: int
    spans: list[Span] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)

    @property
    def received_at(self) -> datetime:
        return datetime.fromtimestamp(self.stamp // 1000, UTC) + timedelta(milliseconds=self.stamp % 1000)


class Roller:
    """Counts inserts in the order in which they ended, then hands them to ``follow``.

    ``mark_gap`` is told what live figures must be read again because the roll-ups were repaired.
    """

    def __init__(
        self, *, follow: Callable[[list[Span], list[Score]], None], mark_gap: Callable[[datetime, datetime], None]
    ) -> None:
        self._follow = follow
        self._mark_gap = mark_gap
        self._changed = threading.Condition()
        self._rolling = threading.Lock()
        self._last_stamp = 0
        #: Stamps of inserts that began and are not counted.
        self._open: set[int] = set()
        self._stored: list[Batch] = []
        #: Stamps of inserts that failed, or could not be counted: what became of them is not known.
        self._broken: set[int] = set()
        self._thread: threading.Thread | None = None

    def begin(self) -> Batch:
        """A stamp for an insert; tell afterwards that it was ``stored`` or ``failed``."""
        with self._changed:
            self._last_stamp = max(time.time_ns() // 1_000_000, self._last_stamp + 1)
            self._open.add(self._last_stamp)
            return Batch(self._last_stamp)

    def stored(self, batch: Batch) -> None:
        """The batch is on disk, whole; it is counted by the next ``roll``, or soon."""
        with self._changed:
            if not (batch.spans or batch.scores):
                self._open.discard(batch.stamp)
                return
            self._stored.append(batch)
            self._start()
            self._changed.notify_all()

    def failed(self, batch: Batch) -> None:
        """The insert failed; parts of it may be on disk."""
        with self._changed:
            self._broken.add(batch.stamp)
            self._start()
            self._changed.notify_all()

    def recount(self, batch: Batch, minutes: Collection[tuple[int, int]]) -> None:
        """Make the roll-ups of some minutes anew, because the batch replaced spans of theirs.

        ``minutes`` are projects and seconds since 1970. Raises StoreUnavailable.
        """
        with self._rolling:
            with self._changed:
                others = self._open - {batch.stamp}
            try:
                rollup_repair.recount([rollup_repair.Minute(*minute) for minute in minutes], without=others)
            except BaseException:
                self.failed(batch)
                raise
            with self._changed:
                self._open.discard(batch.stamp)

    def roll(self) -> None:
        """Count what is stored and not yet counted; returns when it is. What fails is repaired later."""
        with self._rolling:
            with self._changed:
                batches, self._stored = self._stored, []
            if not batches:
                return
            counted = not clickhouse.is_embedded() or _count(batches)
            with self._changed:
                stamps = {batch.stamp for batch in batches}
                if counted:
                    self._open -= stamps
                else:
                    self._broken |= stamps
            for batch in batches:
                self._follow(batch.spans, batch.scores)

    def recount_scores(self, minutes: Collection[tuple[int, int]]) -> None:
        """Count anew the minutes (project, Unix seconds) in which a score was changed. Raises StoreUnavailable."""
        with self._rolling:
            with self._changed:
                uncounted = set(self._open)
            rollup_repair.recount_scores(minutes, without=uncounted)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="roll-ups", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stored or self._broken)
                broken = bool(self._broken)
            time.sleep(PAUSE_SECONDS)
            self.roll()
            if broken:
                self._repair()
                time.sleep(REPAIR_SECONDS)

    def _repair(self) -> None:
        with self._rolling:
            with self._changed:
                broken = set(self._broken)
                others = self._open - broken
            try:
                repaired = rollup_repair.repair(since=min(broken), until=max(broken), without=others)
            except StoreUnavailable as error:
                logger.warning("The roll-ups wait to be repaired: %s", error)
                return
            except Exception:
                # This thread counts everything that comes: it must not end.
                logger.exception("The roll-ups could not be repaired; it is tried again.")
                return
            with self._changed:
                self._broken -= broken
                self._open -= broken
        if repaired:
            self._mark_gap(*repaired)


def _count(batches: list[Batch]) -> bool:
    try:
        if stamps := [batch.stamp for batch in batches if batch.spans]:
            store.run("telemetry/count_spans", stamps=stamps)
        if stamps := [batch.stamp for batch in batches if batch.scores]:
            store.run("telemetry/count_scores", stamps=stamps)
    except Exception:
        logger.exception("What was stored could not be counted; the roll-ups are repaired from it.")
        return False
    return True
