"""How values are written on pages."""

from datetime import UTC, datetime, timedelta

import pytest

from core.templatetags import onwatch

NOW = datetime(2026, 7, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"), (8, "8 s ago"), (61, "1 min ago"), (3599, "59 min ago"), (7200, "2 h ago"),
        (47 * 3600, "47 h ago"), (50 * 3600, "2 d ago"), (-300, "in 5 min"),
    ],
)  # fmt: skip
def test_ago(seconds, text):
    assert onwatch.ago_text(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"), (0.42, "0.42 ms"), (812.4, "812 ms"), (999.6, "1.00 s"), (2412, "2.41 s"), (59_940, "59.9 s"),
        (59_960, "1 min"), (192_000, "3 min 12 s"), (8_040_000, "2 h 14 min"), (273_600_000, "3 d 4 h"),
    ],
)  # fmt: skip
def test_durations(milliseconds, text):
    assert onwatch.duration_text(milliseconds) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (0.0004, "< 0.1 %"), (0.031, "3.1 %"), (0.5, "50 %"), (1, "100 %")]
)
def test_percents(share, text):
    assert onwatch.percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0.0 %"), (0.0004, "< 0.1 %"), (0.031, "3.1 %"), (0.5, "50.0 %"), (None, "–")]
)
def test_percents_of_a_column_keep_their_decimal(share, text):
    assert onwatch.percent_column(share) == text


@pytest.mark.parametrize("filter_", [onwatch.usd, onwatch.duration, onwatch.count, onwatch.percent, onwatch.score])
def test_unknown_is_no_zero(filter_):
    assert filter_(None) == "–"


@pytest.mark.parametrize(
    ("change", "better", "tone", "text"),
    [
        (3.24, "up", "good", "▲ 3.2"),
        (-3, "up", "bad", "▼ 3.0"),
        (-3, "down", "good", "▼ 3.0"),
        (2, "none", "flat", "▲ 2.0"),
    ],
)
def test_changes_say_their_direction_in_more_than_colour(change, better, tone, text):
    html = onwatch.delta(change, better=better)

    assert f"delta--{tone}" in html
    assert text in html


def test_no_change_and_no_comparison():
    assert "no change" in onwatch.delta(0.01)
    assert onwatch.delta(None) == ""
