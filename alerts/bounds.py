"""How sure a figure is: 95 % bounds for ratios, means and quantiles of small samples. Pure."""

from __future__ import annotations

import math

from telemetry.window import ScoreSum, Window

#: Two-sided 95 %.
Z = 1.959964

Bounds = tuple[float, float]


def wilson(hits: int, sample: int) -> Bounds | None:
    """Wilson's interval for a ratio, 0–1, which stays honest near 0 and 1; None without a sample."""
    if not sample:
        return None
    ratio = hits / sample
    weight = Z * Z / sample
    middle = (ratio + weight / 2) / (1 + weight)
    reach = Z * math.sqrt(ratio * (1 - ratio) / sample + weight / (4 * sample)) / (1 + weight)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def mean(scores: ScoreSum) -> Bounds | None:
    """The interval of a mean by its own spread; None below two scores, where the spread is not known."""
    if scores.mean is None or scores.deviation is None:
        return None
    reach = Z * scores.deviation / math.sqrt(scores.count)
    return scores.mean - reach, scores.mean + reach


def quantile(window: Window, share: float) -> Bounds | None:
    """The interval of a latency quantile in milliseconds, from the ranks that the sample leaves open."""
    sample = sum(window.latency.values())
    if not sample:
        return None
    reach = Z * math.sqrt(share * (1 - share) / sample)
    low, high = window.latency_ms(max(0.0, share - reach)), window.latency_ms(min(1.0, share + reach))
    return (low, high) if low is not None and high is not None else None
