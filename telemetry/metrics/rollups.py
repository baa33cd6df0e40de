"""Keeping the roll-ups of metric points: slots of which points came are made anew from all of their points.

Nothing is added up twice: a slot that is made again replaces what was there. So a run may be killed at any moment, two
workers may run at once, and after a restart it goes on from what the roll-up itself says that it holds.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from telemetry import store
from telemetry.columns import microseconds

#: Points may become visible so long after the moment of receipt that they carry.
OVERLAP = timedelta(seconds=60)


class PointRollup:
    """One roll-up table and the seconds of its slots."""

    def __init__(self, table: str, seconds: int, *, every: timedelta) -> None:
        self.table = table
        self.seconds = seconds
        self.every = every
        self._rolled_to: datetime | None = None
        self._lock = threading.Lock()

    def run(self, now: datetime | None = None) -> None:
        """Roll up what was received, at most so often as the slots are worth. Raises StoreUnavailable."""
        now = now or datetime.now(UTC)
        with self._lock:
            since = self._rolled_to or self._stored()
            if now - since < self.every:
                return
            after = microseconds(since - OVERLAP) // 1000
            if store.numbers("telemetry/points_since", since=after)[0]:
                store.run(
                    "telemetry/roll_points",
                    pieces={"table": self.table},
                    seconds=self.seconds,
                    since=after,
                    version=microseconds(now) // 1000,
                    days=settings.ONWATCH_RETENTION_DAYS - 1,
                )
            self._rolled_to = now

    def forget(self) -> None:
        """Know only what the roll-up says itself, as after a restart."""
        self._rolled_to = None

    def _stored(self) -> datetime:
        (version,) = store.rows(_Version, "telemetry/rolled_to", pieces={"table": self.table})
        return datetime.fromtimestamp(max(version.milliseconds / 1000, OVERLAP.total_seconds()), UTC)


class _Version(NamedTuple):
    milliseconds: int


FIVE_MINUTES = PointRollup("metric_points_5m", 300, every=timedelta(seconds=20))
HOURS = PointRollup("metric_points_1h", 3600, every=timedelta(minutes=3))


def roll_up() -> None:
    """The periodic job."""
    FIVE_MINUTES.run()
    HOURS.run()
