"""What was sent and what was lost, counted since the start of the process."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, fields

logger = logging.getLogger("onwatch_sdk")


@dataclass(frozen=True)
class Stats:
    """Counts since the process (or its fork) began. What is neither sent nor lost yet is waiting to be sent."""

    #: Sampled spans that ended here.
    spans_ended: int = 0
    #: Stored by the console: it answers after it has stored.
    spans_sent: int = 0
    #: Reached the console, which refused them (a wrong id, a clock that is off); the reason was logged.
    spans_rejected: int = 0
    #: Could not be delivered: the console was away for longer than we try, or refused the key.
    spans_failed: int = 0
    #: Pushed out of the full queue by newer ones, or still waiting when the process ended.
    spans_dropped: int = 0
    scores_given: int = 0
    scores_sent: int = 0
    scores_rejected: int = 0
    scores_failed: int = 0
    scores_dropped: int = 0
    #: Budget checks that got no answer and were allowed.
    budgets_unknown: int = 0
    #: Faults inside this package, or values it could not take, that were kept from the application.
    faults: int = 0

    @property
    def lost(self) -> int:
        """Spans and scores that will never arrive."""
        return sum(
            getattr(self, f"{what}_{how}") for what in ("spans", "scores") for how in ("rejected", "failed", "dropped")
        )

    @property
    def waiting(self) -> int:
        """Spans and scores that are still to be sent."""
        return self.spans_ended + self.scores_given - self.spans_sent - self.scores_sent - self.lost


_counts = {field.name: 0 for field in fields(Stats)}
_warned: set[str] = set()
# Re-entrant, for a stream that is forgotten ends its span wherever the garbage collector finds it: also in here.
_lock = threading.RLock()


def count(name: str, by: int = 1) -> None:
    with _lock:
        _counts[name] += by


def lost(name: str, by: int, reason: str) -> None:
    """Count a loss. The first of its kind is logged as a warning, the rest only for who debugs."""
    count(name, by)
    first = name not in _warned
    _warned.add(name)
    if first:
        logger.warning("%s: %d. %s (Said once; onwatch_sdk.stats() goes on counting.)", name, by, reason)
    else:
        logger.debug("%s: %d. %s", name, by, reason)


def fault(where: str) -> None:
    """Count an exception that is being kept from the application. Called while it is handled."""
    count("faults")
    first = "faults" not in _warned
    _warned.add("faults")
    logger.log(logging.WARNING if first else logging.DEBUG, "%s failed; the application goes on.", where, exc_info=True)


def stats() -> Stats:
    """The counts as they are now."""
    with _lock:
        return Stats(**_counts)


def _begin_anew() -> None:
    global _lock
    _lock = threading.RLock()
    _counts.update(dict.fromkeys(_counts, 0))


if hasattr(os, "register_at_fork"):
    # What the parent has waiting is the parent's to send, and to count.
    os.register_at_fork(after_in_child=_begin_anew)
