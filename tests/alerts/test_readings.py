"""Reading series window by window."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import readings
from alerts.evaluate import Evaluator
from alerts.stretches import sliding
from core.timerange import TimeRange
from telemetry.window import Window, latency_bucket, merged
from tests.alerts.factories import NOW, make_rule, send

MINUTE = timedelta(minutes=1)


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 12))
def test_sliding_sums_are_the_sums_of_neighbours(counts, width):
    windows = [Window(calls=count, latency={latency_bucket(10.0 * count): 1}) for count in counts]
    expected = [merged(windows[end - width : end]) for end in range(width, len(windows) + 1)]
    assert sliding(windows, width, merged) == expected
    # Nothing that was given is changed.
    assert [window.calls for window in windows] == counts


@pytest.mark.usefixtures("stores")
def test_points_are_what_the_rule_would_have_read(project):
    rule = make_rule(project, window_minutes=5)
    for minute in range(0, 30, 10):
        send(project, NOW - minute * MINUTE, good=minute, bad=2)
    span = TimeRange(NOW - 20 * MINUTE, NOW)
    points = readings.points(rule.watch, span, step=MINUTE, window=rule.window)
    assert len(points) == 21
    for point in points:
        window = TimeRange(point.at - rule.window, point.at)
        assert point.reading == readings.read(rule.watch, window, NOW)


@pytest.mark.parametrize(("second", "end"), [(0, 1), (59, 1)])
def test_a_window_contains_the_present_minute(second, end):
    now = NOW.replace(second=second)
    span = readings.window_ending(now, 10 * MINUTE)
    assert span.end == NOW.replace(second=0) + end * MINUTE
    assert span.length == 10 * MINUTE


@pytest.mark.usefixtures("stores")
def test_an_error_that_is_reported_when_its_minute_is_over_fires_a_rule_of_one_minute(project):
    send(project, NOW.replace(second=59), bad=10)
    rule = make_rule(project, window_minutes=1, threshold=50, minimum_sample=5)
    Evaluator(clock=lambda: NOW.replace(second=0) + MINUTE + timedelta(seconds=3)).step()
    rule.refresh_from_db()
    assert (rule.last_value, rule.last_sample) == (100, 10)
    assert rule.alerts.get().value == 100
