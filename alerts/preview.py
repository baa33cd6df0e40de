"""What a rule would have done: its own decision, played over the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

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
    observation: Observation
    limits: Limits | None
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
class _Course:
    """The series over the range and over earlier ones, each read once when first needed, looked at step by step."""

    rule: Rule
    span: TimeRange
    step: timedelta
    #: The step that is looked at.
    at: int = 0
    #: The window that is looked at.
    length: timedelta = field(init=False)
    _lengths: list[timedelta] = field(init=False)
    _least: int = field(init=False)
    _read: dict[tuple[timedelta, timedelta], list[Point]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.length, self._lengths, self._least = self.rule.window, self.rule.lengths, self.rule.spec.minimum_sample

    def points(self, distance: timedelta, length: timedelta) -> list[Point]:
        key = (distance, length)
        if key not in self._read:
            span = self.span.shifted(distance)
            self._read[key] = readings.points(self.rule.watch, span, step=self.step, window=length)
        return self._read[key]

    def look(self, at: int) -> Reading:
        """The first window whose sample is large enough, else the widest."""
        self.at = at
        for length in self._lengths:
            self.length = length
            reading = self.before(timedelta())
            if reading.sample >= self._least:
                break
        return reading

    def before(self, distance: timedelta) -> Reading:
        return self._take(self.points(distance, self.length))

    def day_before(self) -> Reading:
        return self._take(self.points(self.length, baselines.DAY))

    def _take(self, points: Sequence[Point]) -> Reading:
        return points[self.at].reading if self.at < len(points) else UNKNOWN_PAST


def _step(rule: Rule, span: TimeRange) -> timedelta:
    fine = span.length <= FINE_RANGE and rule.window <= SHORT_WINDOW
    return FINE_STEP if fine or rule.window < COARSE_STEP else COARSE_STEP


def simulate(rule: Rule, span: TimeRange) -> Preview:
    """Play the rule over the range, from a calm beginning. Raises StoreUnavailable.

    Reads one series for a threshold and up to 13 for a change, again for each wider window that is needed.
    """
    step = _step(rule, span)
    end = min(span.end, readings.window_ending(datetime.now(span.end.tzinfo), step).end)
    span = TimeRange(span.start, end)
    spec = replace(rule.spec, unwatched_after=max(rule.spec.unwatched_after, 3 * step))
    course = _Course(rule, span, step)
    found = Preview([], [], "", [], 0)
    state = State(Phase.OK, span.start)
    baseline: Baseline | None = None
    name, unknown = "", 0
    for position, point in enumerate(course.points(timedelta(), rule.window)):
        seen = course.look(position)
        found.points.append(replace(point, reading=seen))
        if rule.condition == Condition.CHANGE:
            if position % max(1, baselines.REMEMBERED // step) == 0:
                baseline = baselines.find(rule, course, course.length)
            name = baseline.name if baseline else name
        observation = Observation(seen.value, seen.sample, seen.low, seen.high, baseline)
        decision = rules.next_state(spec, state, observation, point.at)
        state = decision.state
        unknown += decision.verdict == Verdict.UNKNOWN
        found.limits.append(decision.limits or rules.limits(spec, baseline))
        if decision.effect == Effect.FIRE:
            found.firings.append(Firing(decision.started_at or point.at, point.at, observation, decision.limits))
        elif decision.effect == Effect.RESOLVE:
            found.firings[-1].resolved_at = point.at
    return replace(found, baseline=name, unknown=unknown)
