"""How rules decide: tables of cases, no store."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.rules import (
    Baseline,
    Condition,
    Direction,
    Effect,
    NoData,
    Observation,
    Phase,
    Spec,
    State,
    Verdict,
    clear_threshold,
    judge,
    limits,
    next_state,
)

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

ABOVE_5 = Spec(Condition.THRESHOLD, Direction.ABOVE, 5.0, clear_threshold=4.0, minimum_sample=10)
HELD = Spec(
    Condition.THRESHOLD,
    Direction.ABOVE,
    5.0,
    clear_threshold=4.0,
    minimum_sample=10,
    hold=5 * MINUTE,
    keep_firing=10 * MINUTE,
    debounce=30 * MINUTE,
)
DROP_20 = Spec(Condition.CHANGE, Direction.BELOW, 20.0, clear_threshold=10.0, ideal=1.0, certain=True)

BAD, BETWEEN, GOOD = Observation(9.0, 50), Observation(4.5, 50), Observation(1.0, 50)
FEW, SILENCE, BROKEN = Observation(9.0, 9), Observation(None, 0), Observation(None, 0, error="away")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (Spec(Condition.THRESHOLD, Direction.ABOVE, 5.0), 4.0),
        (Spec(Condition.THRESHOLD, Direction.ABOVE, 5.0, clear_threshold=2.0), 2.0),
        (Spec(Condition.THRESHOLD, Direction.BELOW, 0.7, ideal=1.0), 0.76),
        (Spec(Condition.THRESHOLD, Direction.BELOW, 100, ideal=None), 120),
        (Spec(Condition.THRESHOLD, Direction.ABOVE, 100, ideal=None), 80),
        (Spec(Condition.CHANGE, Direction.BELOW, 20, ideal=1.0), 10),
        (Spec(Condition.CHANGE, Direction.ABOVE, 200), 100),
    ],
)
def test_it_clears_a_fifth_of_the_way_to_the_ideal_or_at_half_the_change(spec, expected):
    assert clear_threshold(spec) == pytest.approx(expected)


def test_plus_200_percent_is_three_times():
    found = limits(Spec(Condition.CHANGE, Direction.ABOVE, 200, clear_threshold=50), Baseline(10.0, 5, "yesterday"))
    assert (found.fire, found.clear, found.sure) == (30.0, 15.0, 20.0)


def test_a_drop_is_measured_down_from_the_baseline():
    found = limits(DROP_20, Baseline(0.8, 100, "yesterday"))
    assert (found.fire, found.clear, found.sure) == pytest.approx((0.64, 0.72, 0.72))


@pytest.mark.parametrize(
    ("spec", "observation", "verdict"),
    [
        (ABOVE_5, BAD, Verdict.BREACHED),
        (ABOVE_5, Observation(5.0, 50), Verdict.BETWEEN),
        (ABOVE_5, BETWEEN, Verdict.BETWEEN),
        (ABOVE_5, Observation(4.0, 50), Verdict.CLEAR),
        (ABOVE_5, FEW, Verdict.UNKNOWN),
        (ABOVE_5, Observation(9.0, 10), Verdict.BREACHED),
        (ABOVE_5, SILENCE, Verdict.UNKNOWN),
        (ABOVE_5, BROKEN, Verdict.FAILED),
        # What silence means is the rule's own choice; a small sample is not silence.
        (Spec(Condition.THRESHOLD, Direction.ABOVE, 5.0, no_data=NoData.RESOLVE), SILENCE, Verdict.CLEAR),
        (Spec(Condition.THRESHOLD, Direction.ABOVE, 5.0, no_data=NoData.ALERT), SILENCE, Verdict.BREACHED),
        (
            Spec(Condition.THRESHOLD, Direction.ABOVE, 5.0, minimum_sample=10, no_data=NoData.ALERT),
            FEW,
            Verdict.UNKNOWN,
        ),
        # Nothing can fall against a baseline that nobody knows.
        (DROP_20, Observation(0.1, 100, 0.05, 0.15), Verdict.UNKNOWN),
        (DROP_20, Observation(0.1, 100, 0.05, 0.15, Baseline(0.0, 9, "yesterday")), Verdict.UNKNOWN),
        (DROP_20, Observation(0.6, 100, 0.55, 0.65, Baseline(0.8, 100, "yesterday")), Verdict.BREACHED),
        # Low enough, but a drop of under 10 % cannot be excluded.
        (DROP_20, Observation(0.6, 8, 0.45, 0.75, Baseline(0.8, 100, "yesterday")), Verdict.BETWEEN),
        (DROP_20, Observation(0.6, 1, None, None, Baseline(0.8, 100, "yesterday")), Verdict.BETWEEN),
        (DROP_20, Observation(0.7, 100, 0.65, 0.75, Baseline(0.8, 100, "yesterday")), Verdict.BETWEEN),
        (DROP_20, Observation(0.73, 100, 0.7, 0.76, Baseline(0.8, 100, "yesterday")), Verdict.CLEAR),
    ],
)
def test_what_one_observation_says(spec, observation, verdict):
    assert judge(spec, observation)[0] == verdict


def test_three_times_nearly_nothing_is_no_spike():
    spec = Spec(Condition.CHANGE, Direction.ABOVE, 200, floor=1.0)
    usual = Baseline(0.01, 5, "yesterday")
    assert judge(spec, Observation(0.05, 9, 0.05, 0.05, usual))[0] == Verdict.CLEAR
    assert judge(spec, Observation(1.05, 9, 1.05, 1.05, usual))[0] == Verdict.BREACHED


def at(phase: Phase, minutes: float = 0, *, watched: bool = True, quiet: float | None = None) -> State:
    """In this phase since so many minutes."""
    return State(
        phase,
        NOW - minutes * MINUTE,
        observed_at=NOW - timedelta(seconds=15) if watched else NOW - timedelta(hours=1),
        quiet_until=None if quiet is None else NOW + quiet * MINUTE,
    )


@pytest.mark.parametrize(
    ("spec", "state", "observation", "phase", "effect"),
    [
        # Without a hold one look is enough, in both directions.
        (ABOVE_5, at(Phase.OK), BAD, Phase.FIRING, Effect.FIRE),
        (ABOVE_5, at(Phase.FIRING), GOOD, Phase.OK, Effect.RESOLVE),
        # Hysteresis: between the two limits nothing changes.
        (ABOVE_5, at(Phase.OK), BETWEEN, Phase.OK, Effect.NONE),
        (ABOVE_5, at(Phase.FIRING), BETWEEN, Phase.FIRING, Effect.NONE),
        (ABOVE_5, at(Phase.NO_DATA), BETWEEN, Phase.OK, Effect.NONE),
        # The condition must hold for five minutes.
        (HELD, at(Phase.OK), BAD, Phase.PENDING, Effect.NONE),
        (HELD, at(Phase.PENDING, 4.9), BAD, Phase.PENDING, Effect.NONE),
        (HELD, at(Phase.PENDING, 5), BAD, Phase.FIRING, Effect.FIRE),
        (HELD, at(Phase.PENDING, 4.9), BETWEEN, Phase.OK, Effect.NONE),
        (HELD, at(Phase.PENDING, 4.9), GOOD, Phase.OK, Effect.NONE),
        (HELD, at(Phase.NO_DATA, 60), BAD, Phase.PENDING, Effect.NONE),
        (HELD, at(Phase.ERROR, 60), BAD, Phase.PENDING, Effect.NONE),
        # A firing alert does not fire again.
        (HELD, at(Phase.FIRING, 60), BAD, Phase.FIRING, Effect.NONE),
        # It must be well for ten minutes.
        (HELD, at(Phase.FIRING, 60), GOOD, Phase.RECOVERING, Effect.NONE),
        (HELD, at(Phase.RECOVERING, 9.9), GOOD, Phase.RECOVERING, Effect.NONE),
        (HELD, at(Phase.RECOVERING, 10), GOOD, Phase.OK, Effect.RESOLVE),
        (HELD, at(Phase.RECOVERING, 9.9), BAD, Phase.FIRING, Effect.NONE),
        (HELD, at(Phase.RECOVERING, 9.9), BETWEEN, Phase.FIRING, Effect.NONE),
        # Debounce: an alert that has just resolved waits.
        (HELD, at(Phase.PENDING, 5, quiet=1), BAD, Phase.PENDING, Effect.NONE),
        (HELD, at(Phase.PENDING, 5, quiet=-1), BAD, Phase.FIRING, Effect.FIRE),
        (ABOVE_5, at(Phase.OK, quiet=1), BAD, Phase.PENDING, Effect.NONE),
        (ABOVE_5, at(Phase.PENDING, 3, quiet=0), BAD, Phase.FIRING, Effect.FIRE),
        # Silence and too few: said, and an open alert stays open.
        (HELD, at(Phase.OK), FEW, Phase.NO_DATA, Effect.NONE),
        (HELD, at(Phase.PENDING, 4), SILENCE, Phase.NO_DATA, Effect.NONE),
        (HELD, at(Phase.FIRING, 60), SILENCE, Phase.FIRING, Effect.NONE),
        (HELD, at(Phase.RECOVERING, 60), SILENCE, Phase.RECOVERING, Effect.NONE),
        # A store that is away: one slow answer does not reset a running clock, a long one does.
        (HELD, at(Phase.OK), BROKEN, Phase.ERROR, Effect.NONE),
        (HELD, at(Phase.PENDING, 4), BROKEN, Phase.PENDING, Effect.NONE),
        (HELD, at(Phase.PENDING, 4, watched=False), BROKEN, Phase.ERROR, Effect.NONE),
        (HELD, at(Phase.FIRING, 60), BROKEN, Phase.FIRING, Effect.NONE),
        # Nobody looked for an hour: five minutes are counted from now, for good and bad news alike.
        (HELD, at(Phase.PENDING, 61, watched=False), BAD, Phase.PENDING, Effect.NONE),
        (HELD, at(Phase.RECOVERING, 61, watched=False), GOOD, Phase.RECOVERING, Effect.NONE),
    ],
)
def test_transitions(spec, state, observation, phase, effect):
    decision = next_state(spec, state, observation, NOW)
    assert (decision.state.phase, decision.effect) == (phase, effect)


def test_the_clock_of_an_unwatched_pending_rule_starts_anew():
    decision = next_state(HELD, at(Phase.PENDING, 61, watched=False), BAD, NOW)
    assert decision.state.since == NOW


def test_an_alert_says_when_the_problem_began():
    decision = next_state(HELD, at(Phase.PENDING, 7), BAD, NOW)
    assert decision.started_at == NOW - 7 * MINUTE
    assert decision.state.since == NOW


def test_resolving_starts_the_debounce():
    decision = next_state(HELD, at(Phase.RECOVERING, 10), GOOD, NOW)
    assert decision.state.quiet_until == NOW + 30 * MINUTE


def test_silence_does_not_count_as_watching():
    before = at(Phase.PENDING, 4)
    assert next_state(HELD, before, SILENCE, NOW).state.observed_at == before.observed_at
    assert next_state(HELD, before, BAD, NOW).state.observed_at == NOW


def test_a_whole_story_fires_once_and_resolves_once():
    """Bad for 20 minutes, good for 20, bad again at once: the debounce keeps the third act quiet."""
    state, effects = State(Phase.OK, NOW), []
    for quarter in range(4 * 60):
        now = NOW + quarter * timedelta(seconds=15)
        minute = quarter / 4
        observation = GOOD if 20 <= minute < 40 or minute >= 55 else BAD
        decision = next_state(HELD, state, observation, now)
        state = decision.state
        if decision.effect != Effect.NONE:
            effects.append((decision.effect, minute))
    assert effects == [(Effect.FIRE, 5), (Effect.RESOLVE, 30)]
    assert state.phase == Phase.OK
