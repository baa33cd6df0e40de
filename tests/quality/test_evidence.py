"""How sure a mean is."""

import pytest

from quality import evidence
from telemetry.window import ScoreSum


def sums(*values: float) -> ScoreSum:
    return ScoreSum(len(values), sum(values), sum(value * value for value in values))


def spread(mean: float, count: int, by: float = 0.25) -> ScoreSum:
    return sums(*([mean - by, mean + by] * (count // 2)))


def test_one_score_has_no_interval():
    assert evidence.interval(sums(0.5)) is None
    assert evidence.interval(ScoreSum()) is None


def test_the_interval_is_students():
    low, high = evidence.interval(sums(*([0.25, 0.75] * 50)))
    # 1.984 x 0.2513 / 10, by a table of Student's t at 99 degrees.
    assert (low, high) == (pytest.approx(0.4502, abs=5e-4), pytest.approx(0.5498, abs=5e-4))


def test_few_equal_scores_are_not_certain():
    low, high = evidence.interval(sums(1.0, 1.0, 1.0))
    assert low < 0.8 and high == 1.0
    assert evidence.interval(sums(*[1.0] * 1000)).low > 0.999


def test_more_scores_are_surer():
    assert evidence.interval(spread(0.5, 400)).reach < evidence.interval(spread(0.5, 40)).reach / 3


@pytest.mark.parametrize(
    ("now", "before", "verdict"),
    [
        (spread(0.6, 200), spread(0.8, 200, 0.2), "worse"),
        (spread(0.75, 200), spread(0.5, 200), "better"),
        (spread(0.7, 1000), spread(0.7, 1000), "no clear change"),
        (spread(0.65, 20), spread(0.7, 20), "not enough evidence yet"),
        (sums(0.1, 0.1, 0.1), sums(0.9, 0.9, 0.9), "not enough evidence yet"),
        (sums(0.1), spread(0.7, 200), "not enough evidence yet"),
    ],
)
def test_a_difference_counts_when_chance_is_excluded(now, before, verdict):
    assert evidence.difference(now, before).verdict == verdict


def test_there_is_no_difference_from_nothing():
    assert evidence.difference(sums(0.5), ScoreSum()) is None
    assert evidence.difference(ScoreSum(), sums(0.5)) is None


def test_it_says_how_many_scores_it_takes():
    found = evidence.difference(spread(0.78, 24), spread(0.8, 300, 0.2))
    assert found.is_open
    assert found.have == 24
    assert 80 < found.needed < 110
