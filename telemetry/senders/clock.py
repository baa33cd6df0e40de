"""Whether a sender's clock is off, by how long after the end of its newest span each batch was received. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

#: Seconds that a span may end after its receipt: clocks that are set by the network differ by less.
AHEAD_SECONDS = 2.0
#: Seconds after which what comes is not of now.
BEHIND_SECONDS = 120.0
#: A clock that is behind is so by the same at every batch. History that is loaded comes faster than it happened.
STEADY_SECONDS = 60.0
#: So few batches say nothing of steadiness.
FEWEST_BATCHES = 3
#: The newest minutes with spans are judged, so that a clock that was set is believed soon.
JUDGED_MINUTES = 10


class Lag(Protocol):
    """A minute's batches, and the least and the greatest of their lags in seconds; negative is ahead."""

    @property
    def batches(self) -> int: ...
    @property
    def lag_min(self) -> float: ...
    @property
    def lag_max(self) -> float: ...


class Clock(NamedTuple):
    """A clock that is off by about so many seconds."""

    is_ahead: bool
    seconds: float


def clock_of(minutes: Sequence[Lag]) -> Clock | None:
    """The verdict on minutes in their order; None when nothing is wrong with the clock, or nothing can be said."""
    judged = minutes[-JUDGED_MINUTES:]
    if not judged:
        return None
    least, greatest = min(one.lag_min for one in judged), max(one.lag_max for one in judged)
    if least < -AHEAD_SECONDS:
        return Clock(True, -least)
    steady = greatest - least < STEADY_SECONDS and sum(one.batches for one in judged) >= FEWEST_BATCHES
    if least > BEHIND_SECONDS and steady:
        return Clock(False, least)
    return None
