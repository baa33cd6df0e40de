"""How sure a mean of scores is, whether two of them differ, and how many scores that takes. Pure."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from telemetry.window import ScoreSum

#: Two-sided 95 %, and the power to see a change nine times in ten.
Z, POWER = 1.959964, 1.281552
#: What a comparison should be able to see: a change by this share of what was before.
DETECTED = 0.15
#: Below this many scores nothing is concluded, however far apart two means are.
LEAST = 10
#: Few equal scores do not prove that all are equal: one more, this far off, is imagined among them.
IMAGINED = 0.25

Verdict = Literal["better", "worse", "no clear change", "not enough evidence yet"]


class Interval(NamedTuple):
    """The 95 % interval of a mean or of a difference."""

    low: float
    high: float

    @property
    def reach(self) -> float:
        return (self.high - self.low) / 2


class Difference(NamedTuple):
    """A mean against another one."""

    value: float
    #: None below two scores on either side.
    interval: Interval | None
    verdict: Verdict
    #: Scores on the smaller side, and how many it takes there.
    have: int
    needed: int

    @property
    def is_open(self) -> bool:
        return self.verdict == "not enough evidence yet"


def variance(sums: ScoreSum) -> float | None:
    """Of single scores; None below two."""
    deviation = sums.deviation
    if deviation is None:
        return None
    return (sums.count * deviation * deviation + IMAGINED * IMAGINED) / (sums.count + 1)


def interval(sums: ScoreSum) -> Interval | None:
    """Where the mean lies with 95 % certainty; None below two scores. Values of 0–1 keep to that range."""
    spread = variance(sums)
    if spread is None or sums.mean is None:
        return None
    reach = _t(sums.count - 1) * math.sqrt(spread / sums.count)
    low, high = sums.mean - reach, sums.mean + reach
    return Interval(max(0.0, low), min(1.0, high)) if 0 <= sums.mean <= 1 else Interval(low, high)


def difference(now: ScoreSum, before: ScoreSum) -> Difference | None:
    """How ``now`` differs from ``before`` (Welch); None where one of them has no scores.

    A difference counts when its interval excludes zero. "No difference" is only said with enough scores to have seen
    one; otherwise the evidence is not enough yet.
    """
    if now.mean is None or before.mean is None:
        return None
    have, needed = min(now.count, before.count), scores_needed(now, before)
    value = now.mean - before.mean
    spreads = variance(now), variance(before)
    if spreads[0] is None or spreads[1] is None:
        return Difference(value, None, "not enough evidence yet", have, needed)
    parts = spreads[0] / now.count, spreads[1] / before.count
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (now.count - 1) + parts[1] ** 2 / (before.count - 1))
    reach = _t(freedom) * math.sqrt(sum(parts))
    bounds = Interval(value - reach, value + reach)
    return Difference(value, bounds, _verdict(bounds, have, needed), have, needed)


def _verdict(bounds: Interval, have: int, needed: int) -> Verdict:
    if have >= LEAST and bounds.low > 0:
        return "better"
    if have >= LEAST and bounds.high < 0:
        return "worse"
    return "no clear change" if have >= needed else "not enough evidence yet"


def scores_needed(now: ScoreSum, before: ScoreSum) -> int:
    """On each side, to see a change by ``DETECTED`` nine times in ten, given how much these scores vary."""
    known = [spread for spread in (variance(now), variance(before)) if spread is not None]
    spread = max(known, default=IMAGINED * IMAGINED)
    seen = DETECTED * abs(before.mean or now.mean or 0)
    if seen == 0:
        return LEAST
    return max(LEAST, min(10_000, math.ceil(2 * (Z + POWER) ** 2 * spread / (seen * seen))))


def wilson(share: float, count: int) -> Interval | None:
    """The interval of a share of ``count``; None without any."""
    if not count:
        return None
    weight = Z * Z / count
    middle = (share + weight / 2) / (1 + weight)
    reach = Z * math.sqrt(share * (1 - share) / count + weight / (4 * count)) / (1 + weight)
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach))


def _t(freedom: float) -> float:
    """Student's 97.5 % quantile, by the expansion of Cornish and Fisher; 3 % off at two degrees, exact above ten."""
    if freedom < 2:
        return 12.706
    z2 = Z * Z
    return Z * (
        1
        + (z2 + 1) / (4 * freedom)
        + (5 * z2 * z2 + 16 * z2 + 3) / (96 * freedom**2)
        + (3 * z2**3 + 19 * z2 * z2 + 17 * z2 - 15) / (384 * freedom**3)
    )
