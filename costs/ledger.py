"""What each user has spent in a period, answered from memory.

No table is ordered by user, so the spend of one is found only by reading that of all. That is done once: what lies
more than a quarter of an hour back is *settled* and kept, and only the *tail* since then is read for each answer.
Settled spend is read again in the background once it is a minute old, so calls that arrive more than a quarter of an
hour after they were made count a minute later.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from costs import queries
from costs.periods import PeriodBounds
from telemetry.store import StoreUnavailable

logger = logging.getLogger(__name__)

SLOT = timedelta(minutes=15)
SETTLED_SECONDS = 60.0
#: Users kept per period and tail; those who spent less are asked for one by one.
MOST_USERS = 200_000
MOST_IN_TAIL = 20_000
#: Of the settled, this many can be among those who have spent most once the tail is added.
MOST_RANKED = 200
MOST_PERIODS = 200


@dataclass(slots=True)
class Settled:
    """Spend of a period's users before ``cut``."""

    cut: datetime
    spent: dict[str, int]
    #: Whether ``spent`` holds everybody.
    is_whole: bool
    fresh_until: float
    is_being_read: bool = False
    ranked: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UserBook:
    """Everybody's spend in one period, as of one moment."""

    project_id: int
    period: PeriodBounds
    settled: Settled
    tail: dict[str, int]
    #: Whether ``tail`` holds everybody.
    is_whole: bool

    def spent_by(self, user: str) -> int:
        """Nano-dollars. Asks ClickHouse only where there are too many users to keep; raises StoreUnavailable."""
        return self._settled(user) + self._tail(user)

    def highest(self, limit: int) -> list[tuple[str, int]]:
        """The users who have spent most, with what they spent."""
        spent = {user: self.settled.spent[user] for user in self.settled.ranked}
        for user, nano in self.tail.items():
            spent[user] = self.settled.spent.get(user, 0) + nano
        ranked = heapq.nsmallest(limit, spent, key=lambda user: (-spent[user], user))
        return [(user, spent[user] if self.is_whole else self.spent_by(user)) for user in ranked]

    def _settled(self, user: str) -> int:
        known = self.settled.spent.get(user)
        if known is None and not self.settled.is_whole:
            return _read_one(self.project_id, self.period.start, self.settled.cut, user)
        return known or 0

    def _tail(self, user: str) -> int:
        known = self.tail.get(user)
        if known is None and not self.is_whole:
            return _read_one(self.project_id, self.settled.cut, self.period.end, user)
        return known or 0


def _read_one(project_id: int, start: datetime, end: datetime, user: str) -> int:
    return sum(row.spent for row in queries.user_spend(project_id, start, end, user=user))


#: ``owner`` tells one use of the ledger from another, so that a changed budget starts anew.
Key = tuple[object, int, datetime]


class Ledger:
    """One for each process."""

    def __init__(self) -> None:
        self._settled: dict[Key, Settled] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        with self._lock:
            self._settled.clear()

    def book(self, owner: object, project_id: int, period: PeriodBounds, now: datetime) -> UserBook:
        """Settled spend from memory, and the tail from ClickHouse. Raises StoreUnavailable."""
        settled = self._of(owner, project_id, period, now)
        rows = queries.user_spend(project_id, settled.cut, period.end, limit=MOST_IN_TAIL)
        tail = {row.user_id: row.spent for row in rows}
        return UserBook(project_id, period, settled, tail, is_whole=len(rows) < MOST_IN_TAIL)

    def _of(self, owner: object, project_id: int, period: PeriodBounds, now: datetime) -> Settled:
        key = (owner, project_id, period.start)
        settled = self._settled.get(key)
        if settled is None:
            return self._read(key, period, now)
        if time.monotonic() >= settled.fresh_until:
            with self._lock:
                is_ours, settled.is_being_read = not settled.is_being_read, True
            if is_ours:
                threading.Thread(
                    target=self._read_again, args=(key, period, settled), name="ledger", daemon=True
                ).start()
        return settled

    def _read_again(self, key: Key, period: PeriodBounds, old: Settled) -> None:
        try:
            self._read(key, period, datetime.now(UTC))
        except StoreUnavailable:
            logger.warning("The users' spend could not be read again; the tail is added to what is known.")
        finally:
            old.is_being_read = False

    def _read(self, key: Key, period: PeriodBounds, now: datetime) -> Settled:
        cut = datetime.fromtimestamp(int(now.timestamp()) // 900 * 900, UTC) - SLOT
        cut = max(period.start, min(cut, period.end))
        rows = queries.user_spend(key[1], period.start, cut, limit=MOST_USERS) if cut > period.start else []
        settled = Settled(
            cut=cut,
            spent={row.user_id: row.spent for row in rows},
            is_whole=len(rows) < MOST_USERS,
            fresh_until=time.monotonic() + SETTLED_SECONDS,
            ranked=[row.user_id for row in rows[:MOST_RANKED]],
        )
        with self._lock:
            if len(self._settled) >= MOST_PERIODS:
                self._settled.clear()
            self._settled[key] = settled
        return settled
