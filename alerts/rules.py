"""How a rule decides. Pure: a specification, a state and an observation in, the next state and its effect out.

Values, limits and bounds are in the unit of the series (``alerts.series``). What a limit means, when it is
certain enough to wake somebody, and when it is over, is said here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import TextChoices

#: Where a threshold rule names no limit for the all-clear: this share of the way from its threshold to the ideal.
CLEAR_SHARE = 0.2
#: The same for change rules, as a share of the change that fires.
CLEAR_CHANGE_SHARE = 0.5
#: A change must certainly be larger than this share of the change that fires.
SURE_CHANGE_SHARE = 0.5


class Condition(TextChoices):
    THRESHOLD = "threshold", "Threshold: the value itself"
    CHANGE = "change", "Change in percent against a baseline"


class Direction(TextChoices):
    ABOVE = "above", "above"
    BELOW = "below", "below"


class NoData(TextChoices):
    KEEP = "keep", "Say so, and keep an open alert open"
    RESOLVE = "resolve", "Count as fine: an open alert resolves"
    ALERT = "alert", "Count as broken: alert on silence"


class Phase(TextChoices):
    """``firing`` and ``recovering`` have an open alert."""

    OK = "ok", "OK"
    PENDING = "pending", "Pending"
    FIRING = "firing", "Firing"
    RECOVERING = "recovering", "Recovering"
    NO_DATA = "no_data", "No data"
    ERROR = "error", "Error"

    @property
    def has_alert(self) -> bool:
        return self in (Phase.FIRING, Phase.RECOVERING)


class Verdict(StrEnum):
    """What one observation says. ``between`` is neither beyond the threshold nor back behind the clear threshold."""

    BREACHED = "breached"
    BETWEEN = "between"
    CLEAR = "clear"
    UNKNOWN = "unknown"
    FAILED = "failed"


class Effect(StrEnum):
    NONE = "none"
    FIRE = "fire"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is normal, in the unit of the series, and where that is known from."""

    value: float
    sample: int
    name: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What the series shows in the rule's window. ``value`` is None when it is unknown, which is not zero."""

    value: float | None
    sample: int
    low: float | None = None
    high: float | None = None
    baseline: Baseline | None = None
    #: Which of several the value is of (a budget, and whose).
    about: str = ""
    #: Why the series could not be read.
    error: str = ""


@dataclass(frozen=True, slots=True)
class Spec:
    """The part of a rule that decides. ``threshold`` is in the unit of the series, or in percent for a change."""

    condition: str
    direction: str
    threshold: float
    #: None for the default; for a change in percent too.
    clear_threshold: float | None = None
    #: The value that is perfect: 0 for errors and spend, 1 for scores; None where there is no such thing.
    ideal: float | None = 0.0
    #: A change does not count while the value itself is not beyond this.
    floor: float | None = None
    #: Fire only when chance is excluded: the 95 % bound must be beyond the limit too.
    certain: bool = False
    minimum_sample: int = 0
    hold: timedelta = timedelta()
    keep_firing: timedelta = timedelta()
    debounce: timedelta = timedelta()
    #: A clock (``hold``, ``keep_firing``) that nobody watched for longer than this starts anew.
    unwatched_after: timedelta = timedelta(minutes=2)
    no_data: str = NoData.KEEP


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a rule fires, where it clears, and what the bound must be beyond; in the unit of the series."""

    fire: float
    clear: float
    sure: float


@dataclass(frozen=True, slots=True)
class State:
    phase: Phase
    since: datetime
    #: The last observation that said something.
    observed_at: datetime | None = None
    #: No new alert before this.
    quiet_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    state: State
    effect: Effect
    verdict: Verdict
    limits: Limits | None
    #: When the condition began to hold, for an alert that fires now.
    started_at: datetime | None = None


def clear_threshold(spec: Spec) -> float:
    """The limit of the all-clear as configured or by default, in the unit of ``threshold``."""
    if spec.clear_threshold is not None:
        return spec.clear_threshold
    if spec.condition == Condition.CHANGE:
        return spec.threshold * CLEAR_CHANGE_SHARE
    if spec.ideal is None:
        sign = -1 if spec.direction == Direction.ABOVE else 1
        return spec.threshold + sign * CLEAR_SHARE * abs(spec.threshold)
    return spec.threshold + CLEAR_SHARE * (spec.ideal - spec.threshold)


def limits(spec: Spec, baseline: Baseline | None) -> Limits | None:
    """None for a change against a baseline that is not known, or that is 0 (no percentage of it means anything)."""
    clear = clear_threshold(spec)
    if spec.condition == Condition.THRESHOLD:
        return Limits(spec.threshold, clear, spec.threshold)
    if baseline is None or baseline.value <= 0:
        return None
    sign = 1 if spec.direction == Direction.ABOVE else -1

    def at(percent: float) -> float:
        return baseline.value * (1 + sign * percent / 100)

    return Limits(at(spec.threshold), at(clear), at(spec.threshold * SURE_CHANGE_SHARE))


def _beyond(value: float, limit: float, direction: str) -> bool:
    return value > limit if direction == Direction.ABOVE else value < limit


def judge(spec: Spec, observation: Observation) -> tuple[Verdict, Limits | None]:
    """What this observation says by itself, whatever came before it.

    The all-clear goes by the value alone: a small sample may never be certain of it, and an alert that cannot end
    teaches people to look away. That it must last (``keep_firing``) is the safeguard.
    """
    if observation.error:
        return Verdict.FAILED, None
    found = limits(spec, observation.baseline)
    value = observation.value
    if value is None:
        return {NoData.KEEP: Verdict.UNKNOWN, NoData.RESOLVE: Verdict.CLEAR, NoData.ALERT: Verdict.BREACHED}[
            NoData(spec.no_data)
        ], found
    if observation.sample < spec.minimum_sample or found is None:
        return Verdict.UNKNOWN, found
    if spec.floor is not None and not _beyond(value, spec.floor, spec.direction):
        return Verdict.CLEAR, found
    if not _beyond(value, found.clear, spec.direction):
        return Verdict.CLEAR, found
    if not _beyond(value, found.fire, spec.direction):
        return Verdict.BETWEEN, found
    if spec.certain:
        bound = observation.low if spec.direction == Direction.ABOVE else observation.high
        if bound is None or not _beyond(bound, found.sure, spec.direction):
            return Verdict.BETWEEN, found
    return Verdict.BREACHED, found


def next_state(spec: Spec, state: State, observation: Observation, now: datetime) -> Decision:
    """The state after this observation, and what must happen because of it."""
    verdict, found = judge(spec, observation)
    watched = state.observed_at is not None and now - state.observed_at <= spec.unwatched_after
    # What says nothing does not count as watching.
    seen = state if verdict in (Verdict.FAILED, Verdict.UNKNOWN) else replace(state, observed_at=now)

    def go(phase: Phase, effect: Effect = Effect.NONE, **changes: datetime) -> Decision:
        since = state.since if phase == state.phase else now
        return Decision(replace(seen, phase=phase, since=since, **changes), effect, verdict, found)

    def restart() -> Decision:
        return Decision(replace(seen, since=now), Effect.NONE, verdict, found)

    match verdict, state.phase:
        case ((Verdict.FAILED | Verdict.UNKNOWN), (Phase.FIRING | Phase.RECOVERING)):
            return go(state.phase)
        case Verdict.FAILED, Phase.PENDING if watched:
            # One slow answer of a store must not reset the clock of a real problem.
            return go(state.phase)
        case Verdict.FAILED, _:
            return go(Phase.ERROR)
        case Verdict.UNKNOWN, _:
            return go(Phase.NO_DATA)

        case Verdict.BREACHED, (Phase.FIRING | Phase.RECOVERING):
            return go(Phase.FIRING)
        case Verdict.BREACHED, Phase.PENDING if not watched and spec.hold:
            return restart()
        case Verdict.BREACHED, _:
            began = state.since if state.phase == Phase.PENDING else now
            quiet = state.quiet_until is not None and now < state.quiet_until
            if now - began < spec.hold or quiet:
                return go(Phase.PENDING)
            return replace(go(Phase.FIRING, Effect.FIRE), started_at=began)

        case Verdict.BETWEEN, (Phase.FIRING | Phase.RECOVERING):
            return go(Phase.FIRING)

        case Verdict.CLEAR, Phase.FIRING if spec.keep_firing:
            return go(Phase.RECOVERING)
        case Verdict.CLEAR, Phase.RECOVERING if spec.keep_firing and not watched:
            return restart()
        case Verdict.CLEAR, Phase.RECOVERING if now - state.since < spec.keep_firing:
            return go(Phase.RECOVERING)
        case Verdict.CLEAR, (Phase.FIRING | Phase.RECOVERING):
            return go(Phase.OK, Effect.RESOLVE, quiet_until=now + spec.debounce)
    return go(Phase.OK)
