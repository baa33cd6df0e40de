"""What the period will have cost when it ends."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costs.forecast import Forecast, Split, forecast

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("present", "earlier", "hours", "expected"),
    [
        # As it began: 6 of 24 hours cost 100, the day will cost 400.
        (Split(80, 20), [], 6, Forecast(400, "pace")),
        (Split(80, 20), [Split(50, 50)], 6, Forecast(400, "pace")),
        (Split(80, 20), [Split(50, 50), Split(0, 0)], 6, Forecast(400, "pace")),
        (Split(10, 0), [], 1, Forecast(10, "early")),
        (Split(0, 0), [], 12, Forecast(0, "pace")),
        # Earlier days spent 9 times as much after 6 o'clock as before; today goes twice as fast.
        (Split(200, 0), [Split(100, 900), Split(100, 900)], 6, Forecast(2_000, "pattern")),
        (Split(200, 5), [Split(100, 900), Split(100, 900)], 6, Forecast(2_000, "pattern")),
        (Split(0, 0), [Split(100, 900), Split(100, 900)], 6, Forecast(0, "pattern")),
        # At midnight nothing tells yet how today compares: the average rest.
        (Split(3, 0), [Split(1, 999), Split(1, 799)], 0, Forecast(902, "pattern")),
        # A spike in the last minutes is never forecast away.
        (Split(0, 5_000), [Split(100, 900), Split(100, 900)], 6, Forecast(5_000, "pattern")),
    ],
)
def test_it_forecasts(present, earlier, hours, expected):
    assert forecast(present, earlier, elapsed=timedelta(hours=hours), length=DAY) == expected


amounts = st.integers(0, 10**15)
splits = st.builds(Split, amounts, amounts)


@given(splits, st.lists(splits, max_size=7), st.integers(1, 86_399))
def test_it_is_never_below_what_is_spent_already(present, earlier, seconds):
    found = forecast(present, earlier, elapsed=timedelta(seconds=seconds), length=DAY)
    assert found.nano >= sum(present)
    assert isinstance(found.nano, int)
