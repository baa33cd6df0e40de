"""What happened in one stretch of time, as sums that can be merged.

Redis minute buckets and ClickHouse roll-ups both read into a ``Window``, so every figure of the console
(health score, panels, alert series, REST summary) is computed from one type, whichever store answered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

#: Two neighbouring bucket bounds differ by this factor: a quantile is off by 1 % at the most.
GAMMA = 1.02
_LOG_GAMMA = math.log(GAMMA)
#: Bucket 0 holds everything up to this many milliseconds.
LOWEST_MS = 0.1


def latency_bucket(duration_ms: float) -> int:
    """Index of the log bucket that holds a latency. ``schema/`` computes the same in SQL."""
    if duration_ms <= LOWEST_MS:
        return 0
    return math.ceil(math.log(duration_ms / LOWEST_MS) / _LOG_GAMMA)


def bucket_ms(bucket: int) -> float:
    """The latency in milliseconds that stands for a bucket: the middle of its bounds."""
    if bucket == 0:
        return LOWEST_MS
    return LOWEST_MS * GAMMA**bucket * 2 / (1 + GAMMA)


@dataclass(slots=True)
class ScoreSum:
    """Sums over the scores of one name; values are 0–1 for the console's own dimensions."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    @property
    def deviation(self) -> float | None:
        """Sample standard deviation; None below two scores."""
        if self.count < 2:
            return None
        spread = self.squares - self.total * self.total / self.count
        return math.sqrt(max(0.0, spread) / (self.count - 1))

    def add(self, other: ScoreSum) -> None:
        self.count += other.count
        self.total += other.total
        self.squares += other.squares


@dataclass(slots=True)
class ModelSum:
    """Sums over the calls of one model."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0
    #: Calls whose cost is not known; their cost is missing from ``cost_nano``, not zero.
    unpriced: int = 0

    def add(self, other: ModelSum) -> None:
        self.calls += other.calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost_nano += other.cost_nano
        self.unpriced += other.unpriced


@dataclass(slots=True)
class Window:
    """Sums over the spans and scores of one stretch of time.

    ``calls`` and ``errors`` count spans of kind llm and embedding; ``failures`` counts every failed
    operation (tools and retrieval too) by normalised error type.
    """

    spans: int = 0
    calls: int = 0
    errors: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nano: int = 0
    models: dict[str, ModelSum] = field(default_factory=dict)
    #: Latency of calls: log bucket -> count.
    latency: dict[int, int] = field(default_factory=dict)
    scores: dict[str, ScoreSum] = field(default_factory=dict)

    def add(self, other: Window) -> None:
        self.spans += other.spans
        self.calls += other.calls
        self.errors += other.errors
        self.input_tokens += other.input_tokens
        self.cached_tokens += other.cached_tokens
        self.output_tokens += other.output_tokens
        self.reasoning_tokens += other.reasoning_tokens
        self.cost_nano += other.cost_nano
        for error_type, count in other.failures.items():
            self.failures[error_type] = self.failures.get(error_type, 0) + count
        for bucket, count in other.latency.items():
            self.latency[bucket] = self.latency.get(bucket, 0) + count
        for model, model_sum in other.models.items():
            self.models.setdefault(model, ModelSum()).add(model_sum)
        for name, score_sum in other.scores.items():
            self.scores.setdefault(name, ScoreSum()).add(score_sum)

    @property
    def error_rate(self) -> float | None:
        """Failed calls over calls, 0–1; None without calls (unknown, not perfect)."""
        return self.errors / self.calls if self.calls else None

    def latency_ms(self, quantile: float) -> float | None:
        """The latency in milliseconds below which this share of calls lies; None without calls."""
        total = sum(self.latency.values())
        if not total:
            return None
        rank = max(1, math.ceil(quantile * total))
        for bucket in sorted(self.latency):
            rank -= self.latency[bucket]
            if rank <= 0:
                return bucket_ms(bucket)
        raise AssertionError("the ranks of a histogram add up to its total")

    def score(self, name: str) -> ScoreSum:
        return self.scores.get(name) or ScoreSum()


def merged(windows: Iterable[Window]) -> Window:
    total = Window()
    for window in windows:
        total.add(window)
    return total
