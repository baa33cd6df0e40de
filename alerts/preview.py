"""What a rule would have done: its own decision, played over the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from alerts import baselines, readings, rules
from alerts.models import Rule
from alerts.readings import Point
from alerts.rules import Baseline, Condition, Effect, Limits, Observation, Phase, State, Verdict
from alerts.series import Reading
from core.timerange import TimeRange

FINE_STEP = timedelta(minutes=1)
COARSE_STEP = timedelta(minutes=5)
#: A longer range is read in coarse steps, and a window no longer than this needs fine ones.
FINE_RANGE = timedelta(hours=26)
SHORT_WINDOW = timedelta(minutes=15)
UNKNOWN_PAST = Reading(None, 0)


@dataclass(slots=True)
class Firing:
    """One alert that there would have been; ``resolved_at`` is None when it would still be open."""

    started_at: datetime
    fired_at: datetime
    value: float | None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    points: list[Point]
    #: Where it would have fired and cleared, point by point; None where no baseline was known.
    limits: list[Limits | None]
    #: Name of the last baseline in use; empty for thresholds.
    baseline: str
    firings: list[Firing]
    #: How many looks saw too little to judge by.
    unknown: int


@dataclass
class _PastOfPoints:
    """Reads each shifted stretch once and hands out its windows by position."""

    rule: Rule
    span: TimeRange
    step: timedelta
    at: int = 0
    _read: dict[timedelta, list[Point]] = field(default_factory=dict)

    def before(self, distance: timedelta) -> Reading:
        if distance not in self._read:
            self._read[distance] = _points(self.rule, self.span.shifted(distance), self.step, self.rule.window)
        return self._take(self._read[distance])

    def day_before(self) -> Reading:
        return self._take(self._days)

    @cached_property
    def _days(self) -> list[Point]:
        return _points(self.rule, self.span.shifted(self.rule.window), self.step, baselines.DAY)

    def _take(self, points: Sequence[Point]) -> Reading:
        return points[self.at].reading if self.at < len(points) else UNKNOWN_PAST


def _points(rule: Rule, span: TimeRange, step: timedelta, window: timedelta) -> list[Point]:
    return readings.points(rule.watch, span, step=step, window=window)


def _step(rule: Rule, span: TimeRange) -> timedelta:
    fine = span.length <= FINE_RANGE and rule.window <= SHORT_WINDOW
    return FINE_STEP if fine or rule.window < COARSE_STEP else COARSE_STEP


def simulate(rule: Rule, span: TimeRange) -> Preview:
    """Play the rule over the range, from a calm beginning. Reads up to 13 series; raises StoreUnavailable."""
    step = _step(rule, span)
    end = min(span.end, readings.window_ending(datetime.now(span.end.tzinfo), step).end)
    span = TimeRange(span.start, end)
    points = _points(rule, span, step, rule.window)
    spec = replace(rule.spec, unwatched_after=max(rule.spec.unwatched_after, 3 * step))
    past = _PastOfPoints(rule, span, step)
    found = Preview(points, [], "", [], 0)
    state = State(Phase.OK, span.start)
    baseline: Baseline | None = None
    name, unknown = "", 0
    for position, point in enumerate(points):
        seen = point.reading
        if rule.condition == Condition.CHANGE:
            if position % max(1, baselines.REMEMBERED // step) == 0:
                past.at = position
                baseline = baselines.find(rule, past, rule.window)
            name = baseline.name if baseline else name
        decision = rules.next_state(
            spec, state, Observation(seen.value, seen.sample, seen.low, seen.high, baseline), point.at
        )
        state = decision.state
        unknown += decision.verdict == Verdict.UNKNOWN
        found.limits.append(decision.limits or rules.limits(spec, baseline))
        if decision.effect == Effect.FIRE:
            found.firings.append(Firing(decision.started_at or point.at, point.at, seen.value))
        elif decision.effect == Effect.RESOLVE:
            found.firings[-1].resolved_at = point.at
    return replace(found, baseline=name, unknown=unknown)
