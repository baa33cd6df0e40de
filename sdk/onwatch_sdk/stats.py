"""What was sent and what was lost, counted since the start of the process."""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Stats:
    """``spans_dropped`` were ended but never fit the queue; ``spans_failed`` were refused or could not be delivered."""

    spans_ended: int = 0
    spans_sent: int = 0
    spans_failed: int = 0
    spans_dropped: int = 0
    scores_sent: int = 0
    scores_failed: int = 0
    scores_dropped: int = 0
    #: Faults inside this package that were kept from the application.
    faults: int = 0


_counts = {field.name: 0 for field in fields(Stats)}
_lock = threading.Lock()


def count(name: str, by: int = 1) -> None:
    with _lock:
        _counts[name] += by


def stats() -> Stats:
    """The counts as they are now."""
    with _lock:
        return Stats(**_counts)
