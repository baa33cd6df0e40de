"""Bounds of small samples, against the figures of the literature."""

import pytest

from alerts import bounds
from telemetry.window import ScoreSum, Window, latency_bucket


@pytest.mark.parametrize(("sample", "needed"), [(10, 9), (20, 15), (30, 21), (100, 60)])
def test_how_many_failures_prove_that_more_than_half_fail(sample, needed):
    proven = [failed for failed in range(sample + 1) if bounds.wilson(failed, sample)[0] > 0.5]
    assert proven[0] == needed


def test_wilson_stays_between_0_and_1():
    assert bounds.wilson(0, 5) == (0.0, pytest.approx(0.434, abs=0.001))
    assert bounds.wilson(5, 5) == (pytest.approx(0.566, abs=0.001), 1.0)
    assert bounds.wilson(0, 0) is None


def test_a_mean_is_as_sure_as_its_spread_allows():
    hundred = ScoreSum(count=100, total=80.0, squares=64.0 + 99 * 0.0625)
    low, high = bounds.mean(hundred)
    assert (low, high) == (pytest.approx(0.751, abs=0.001), pytest.approx(0.849, abs=0.001))
    assert bounds.mean(ScoreSum(count=1, total=0.8, squares=0.64)) is None


def test_a_quantile_of_few_calls_could_be_nearly_anything():
    def calls(count: int) -> Window:
        window = Window()
        for number in range(count):
            bucket = latency_bucket(10.0 * (number + 1))
            window.latency[bucket] = window.latency.get(bucket, 0) + 1
        return window

    low, high = bounds.quantile(calls(20), 0.5)
    assert low < 70 and high > 140
    low, high = bounds.quantile(calls(1000), 0.5)
    assert 4600 < low < 4800 and 5200 < high < 5500
    assert bounds.quantile(Window(), 0.5) is None
