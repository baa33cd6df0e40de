"""What a budget's period will have cost when it ends. Pure; every figure is whole nano-dollars.

Two methods, and the page says which was used:

``pattern``
    The rest of the period costs what the same rest of earlier periods cost on average, scaled by how this
    period compares with them so far. Used when at least two earlier periods had spend.
``pace``
    The period goes on as it began: spend so far, over the share of the period that has passed.

Before a twentieth of the period has passed, and with no earlier periods to go by, it is ``early``: the figure
is what has been spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, NamedTuple

Method = Literal["pattern", "pace", "early"]

#: How many earlier periods the pattern is taken from. An hour is too short to have one.
PATTERN_PERIODS = {"hour": 0, "day": 7, "week": 4, "month": 3}
ENOUGH_PERIODS = 2
#: Below one part in this many of an earlier period's spend, the scale between the two says nothing.
LEAST_SHARE_FOR_SCALE = 50
LEAST_SHARE_FOR_PACE = 20


class Split(NamedTuple):
    """Spend of a period before and after the moment that corresponds to now."""

    before_nano: int
    after_nano: int


class Forecast(NamedTuple):
    nano: int
    method: Method


def forecast(present: Split, earlier: Sequence[Split], *, elapsed: timedelta, length: timedelta) -> Forecast:
    """``present.after_nano`` is what came since the last quarter of an hour began; it is never forecast away."""
    spent = present.before_nano + present.after_nano
    lived = [split for split in earlier if split.before_nano or split.after_nano]
    if len(lived) >= ENOUGH_PERIODS:
        before = sum(split.before_nano for split in lived)
        rest = sum(split.after_nano for split in lived)
        if before * LEAST_SHARE_FOR_SCALE > before + rest:
            expected = rest * present.before_nano // before
        else:
            expected = rest // len(lived)
        return Forecast(max(spent, present.before_nano + expected), "pattern")
    if elapsed * LEAST_SHARE_FOR_PACE < length:
        return Forecast(spent, "early")
    second = timedelta(seconds=1)
    return Forecast(spent * (length // second) // max(1, elapsed // second), "pace")
