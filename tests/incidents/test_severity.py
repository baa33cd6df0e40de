"""Which severity the live figures speak for."""

import pytest

from incidents.severity import Figures, propose
from telemetry.window import ScoreSum, Window, latency_bucket


def window(*, calls=100, errors=0, quality=0.8, scores=60, cost=1_000_000_000, ms=900.0) -> Window:
    return Window(
        calls=calls,
        errors=errors,
        cost_nano=cost,
        latency={latency_bucket(ms): calls},
        scores={"overall": ScoreSum(scores, quality * scores, quality * quality * scores)},
    )


def figures(*, recent=None, hour=None, baseline=None) -> Figures:
    return Figures(recent or window(), hour or window(), baseline or window(), "the same hour yesterday", 5000)


@pytest.mark.parametrize(
    ("found", "severity", "reason"),
    [
        (figures(recent=window(errors=51)), "SEV1", "51 of 100 calls failed"),
        (figures(recent=window(errors=50)), "SEV3", "Partial degradation"),
        (figures(hour=window(quality=0.6)), "SEV2", "25 % below the same hour yesterday"),
        (figures(hour=window(quality=0.65)), "SEV3", "Minor quality issues"),
        (figures(hour=window(cost=3_100_000_000)), "SEV2", "3.1x"),
        (figures(recent=window(ms=9000)), "SEV3", "target 5 s"),
        (figures(), "SEV4", "No live figure"),
    ],
)
def test_it_proposes_the_worst_that_holds_and_says_why(found, severity, reason):
    proposal = propose(found)
    assert proposal.severity == severity
    assert reason in proposal.reason


def test_it_does_not_judge_by_three_calls_or_ten_scores():
    few = figures(recent=window(calls=3, errors=3), hour=window(quality=0.1, scores=10))
    proposal = propose(few)
    assert proposal.severity == "SEV4"
    assert any(found.measured and found.measured.holds is None for found in proposal.criteria)


def test_it_never_proposes_less_than_the_rule_that_fired():
    assert propose(figures(), alert_severity="SEV2").severity == "SEV2"
    assert propose(figures(recent=window(errors=90)), alert_severity="SEV3").severity == "SEV1"
