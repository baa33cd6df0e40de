"""The health score: one number from 0 to 100, and what it is made of. ``docs/health-score.md`` explains it to people.

Pure: windows in, figures out. What is not known is left out and said, never scored as perfect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from accounts.models import Project
from telemetry.window import ScoreSum, Window

Key = Literal["quality", "latency", "errors", "cost"]
Level = Literal["ok", "warn", "bad", "unknown"]

NAMES: dict[Key, str] = {
    "quality": "Response quality",
    "latency": "Latency score",
    "errors": "Error rate",
    "cost": "Cost efficiency",
}
WEIGHTS: dict[Key, float] = {"quality": 0.40, "latency": 0.20, "errors": 0.25, "cost": 0.15}

#: From here upwards a component gets ✓ instead of ⚠, and the whole is healthy.
GOOD = 80.0
#: Below, the whole is unhealthy.
POOR = 60.0

OVERALL = "overall"
DIMENSIONS = ("correctness", "relevance", "helpfulness", "safety")

#: Below these, a component still counts, and says that it rests on few.
FEW_CALLS = 20
FEW_SCORES = 10

#: Error rate -> points, straight lines between.
ERROR_POINTS: tuple[tuple[float, float], ...] = ((0.0, 100.0), (0.01, 90.0), (0.05, 60.0), (0.10, 35.0), (0.20, 0.0))
#: Cost per call, as a multiple of the baseline -> points. Three times the normal is a SEV2.
COST_POINTS: tuple[tuple[float, float], ...] = ((1.0, 100.0), (1.5, 75.0), (2.0, 50.0), (3.0, 0.0))


@dataclass(frozen=True, slots=True)
class Component:
    """One of the four. ``score`` is None when there is nothing to compute it from, and ``note`` says why."""

    key: Key
    score: float | None = None
    #: Points against the comparison; None when that is not known.
    change: float | None = None
    #: What the score was computed from: mean score, p99 in ms, share of failed calls, nano-dollars per call.
    value: float | None = None
    before: float | None = None
    sample: int = 0
    note: str = ""

    @property
    def name(self) -> str:
        return NAMES[self.key]

    @property
    def weight(self) -> float:
        return WEIGHTS[self.key]

    @property
    def is_good(self) -> bool:
        return self.score is not None and self.score >= GOOD

    @property
    def level(self) -> Level:
        return level(self.score)


@dataclass(frozen=True, slots=True)
class Health:
    """``score`` is None when no component is known."""

    score: float | None
    change: float | None
    components: tuple[Component, ...]

    @property
    def level(self) -> Level:
        return level(self.score)

    @property
    def missing(self) -> list[Component]:
        return [component for component in self.components if component.score is None]

    def as_dict(self) -> dict[str, Any]:
        """For the REST answer: scores and changes with one decimal place, None where unknown."""
        return {
            "score": _rounded(self.score),
            "change": _rounded(self.change),
            "components": {
                component.key: {
                    "score": _rounded(component.score),
                    "change": _rounded(component.change),
                    "weight": component.weight,
                    "sample": component.sample,
                    "note": component.note,
                }
                for component in self.components
            },
        }


class _Reading(NamedTuple):
    """What one window says about one component."""

    score: float | None
    value: float | None = None
    sample: int = 0
    note: str = ""


def level(score: float | None) -> Level:
    if score is None:
        return "unknown"
    return "ok" if score >= GOOD else "warn" if score >= POOR else "bad"


def of(window: Window, before: Window | None, project: Project, *, budget_pace: float | None = None) -> Health:
    """Health of a window, with its change against the comparison (None for no comparison).

    ``budget_pace`` is what the project's budgets forecast for their period over their limit (1.0 is just all of it);
    cost efficiency falls back on it where the comparison has no cost.
    """
    target = project.latency_target_ms
    pairs: tuple[tuple[Key, _Reading, _Reading | None], ...] = (
        ("quality", _quality(window), _quality(before) if before else None),
        ("latency", _latency(window, target), _latency(before, target) if before else None),
        ("errors", _errors(window), _errors(before) if before else None),
        ("cost", *_costs(window, before, budget_pace)),
    )
    components = tuple(_component(key, now, then) for key, now, then in pairs)
    return Health(_weighted(components), _change(components), components)


def _component(key: Key, now: _Reading, then: _Reading | None) -> Component:
    change = now.score - then.score if then and now.score is not None and then.score is not None else None
    return Component(key, now.score, change, now.value, then.value if then else None, sample=now.sample, note=now.note)


def _weighted(components: Sequence[Component]) -> float | None:
    known = [(component.weight, component.score) for component in components if component.score is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * score for weight, score in known) / total if known else None


def _change(components: Sequence[Component]) -> float | None:
    """Over the components that both sides know: one that appears or goes is no change."""
    known = [(component.weight, component.change) for component in components if component.change is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * change for weight, change in known) / total if known else None


def quality_sums(window: Window) -> ScoreSum:
    """The scores that response quality is the mean of: ``overall``, else all dimensions together."""
    overall = window.score(OVERALL)
    if overall.count:
        return overall
    together = ScoreSum()
    for dimension in DIMENSIONS:
        together.add(window.score(dimension))
    return together


def _quality(window: Window) -> _Reading:
    overall = window.score(OVERALL)
    means = [overall.mean] if overall.count else [window.score(name).mean for name in DIMENSIONS]
    known = [mean for mean in means if mean is not None]
    if not known:
        return _Reading(None, note="no scores yet")
    mean = min(1.0, max(0.0, sum(known) / len(known)))
    sample = quality_sums(window).count
    return _Reading(100 * mean, mean, sample, f"only {sample} scores" if sample < FEW_SCORES else "")


def latency_points(latency_ms: float, target_ms: float) -> float:
    """Smooth: 89 at the target, 50 at twice, 11 at four times."""
    return 100 / (1 + (latency_ms / (2 * target_ms)) ** 3)


def _latency(window: Window, target_ms: int) -> _Reading:
    p95, p99 = window.latency_ms(0.95), window.latency_ms(0.99)
    if p95 is None or p99 is None:
        return _Reading(None, note="no calls")
    score = (latency_points(p99, target_ms) + latency_points(p95, target_ms / 2)) / 2
    return _Reading(score, p99, window.calls, _few(window.calls))


def _errors(window: Window) -> _Reading:
    rate = window.error_rate
    if rate is None:
        return _Reading(None, note="no calls")
    return _Reading(_between(rate, ERROR_POINTS), rate, window.calls, _few(window.calls))


def cost_per_call(window: Window) -> float | None:
    """Nano-dollars a call, over the calls whose cost is known; None without any."""
    priced = priced_calls(window)
    return window.cost_nano / priced if priced else None


def priced_calls(window: Window) -> int:
    return window.calls - sum(model.unpriced for model in window.models.values())


def _costs(window: Window, before: Window | None, budget_pace: float | None) -> tuple[_Reading, _Reading | None]:
    """Against the comparison; by the budgets' pace where that has no cost. The comparison itself is the 100 points."""
    now, sample = cost_per_call(window), priced_calls(window)
    if now is None:
        return _Reading(None, note="no call with a known cost" if window.calls else "no calls"), None
    then = cost_per_call(before) if before else None
    if then:
        return _Reading(_between(now / then, COST_POINTS), now, sample, _few(sample)), _Reading(100.0, then)
    if budget_pace is not None:
        return _Reading(_between(budget_pace, COST_POINTS), now, sample, "by the pace of the budgets"), None
    return _Reading(None, now, sample, "nothing to compare with, and no budget"), None


def _few(calls: int) -> str:
    return f"only {calls} call{'' if calls == 1 else 's'}" if calls < FEW_CALLS else ""


def _between(x: float, points: Sequence[tuple[float, float]]) -> float:
    """Straight lines between the points, flat beyond them."""
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
