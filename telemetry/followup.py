"""What happens after an answer is due: the steps of TELEMETRY_AFTER_STORE, in order, in one thread of their own.

A sender never waits for them and never fails because of them. What they write is rebuilt from the store, so when
they fail or fall behind, the stretch of time concerned is marked as missing and they go on with what is new.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.utils.module_loading import import_string

from core.connections import drop_dead_connections
from telemetry.span import Score, Span

logger = logging.getLogger(__name__)

AfterStore = Callable[[list[Span], list[Score]], None]

#: About a second of full load; beyond it memory would grow faster than Redis takes it.
MOST_WAITING = 30_000


class _Stored(NamedTuple):
    spans: list[Span]
    scores: list[Score]

    @property
    def count(self) -> int:
        return len(self.spans) + len(self.scores)

    def moments(self) -> list[datetime]:
        moments = [span.start_time for span in self.spans]
        return moments + [score.occurred_at for score in self.scores if score.occurred_at]


@functools.lru_cache
def _load(paths: tuple[str, ...]) -> tuple[AfterStore, ...]:
    return tuple(import_string(path) for path in paths)


def steps() -> tuple[AfterStore, ...]:
    return _load(tuple(settings.TELEMETRY_AFTER_STORE))


class Follower:
    """Runs the steps for each stored batch, in the order of storing."""

    def __init__(self, *, mark_gap: Callable[[datetime, datetime], None], most_waiting: int = MOST_WAITING) -> None:
        self._mark_gap = mark_gap
        self._most_waiting = most_waiting
        self._changed = threading.Condition()
        self._queue: deque[_Stored] = deque()
        self._waiting = 0
        self._missed: list[datetime] = []
        self._thread: threading.Thread | None = None

    def follow(self, spans: list[Span], scores: list[Score]) -> None:
        """Hand over what was stored; returns at once."""
        stored = _Stored(spans, scores)
        with self._changed:
            if self._waiting + stored.count > self._most_waiting and self._waiting:
                self._miss(stored)
                return
            self._queue.append(stored)
            self._waiting += stored.count
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="after-store", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until nothing is left to do; False when that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._missed, timeout)

    def _miss(self, stored: _Stored) -> None:
        moments = stored.moments()
        self._missed = [min((*moments, *self._missed)), max((*moments, *self._missed))] if moments else self._missed

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._missed)
                stored = self._queue.popleft() if self._queue else None
            if stored:
                failed = not self._follow(stored)
            with self._changed:
                if stored:
                    self._waiting -= stored.count
                    if failed:
                        self._miss(stored)
                missed, self._missed = self._missed, []
                if not missed:
                    self._changed.notify_all()
            if missed:
                self._report(missed)
                with self._changed:
                    self._changed.notify_all()

    def _follow(self, stored: _Stored) -> bool:
        try:
            drop_dead_connections()
            for step in steps():
                step(stored.spans, stored.scores)
        except Exception:
            # Whatever went wrong here, the telemetry is stored, and later batches need this thread.
            logger.exception("A step after storing failed; live figures are rebuilt from the store.")
            return False
        return True

    def _report(self, missed: list[datetime]) -> None:
        try:
            self._mark_gap(*missed)
        except Exception:
            logger.exception("Live figures could not be marked as incomplete.")
