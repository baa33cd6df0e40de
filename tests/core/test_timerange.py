"""The URL is the state: what a query string means, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.timerange import BadRange, TimeRange, comparison, parse_moment

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_it_defaults_to_the_last_day():
    span = TimeRange.from_query({}, now=NOW)
    assert (span.start, span.end, span.preset) == (NOW - timedelta(hours=24), NOW, "24h")


def test_it_reads_relative_and_absolute_moments():
    assert parse_moment("now-6h", name="from", now=NOW) == NOW - timedelta(hours=6)
    assert parse_moment("2026-11-20T10:00:00Z", name="from", now=NOW) == NOW - timedelta(hours=2)
    # A plus sign that a browser sent unescaped arrives as a space.
    assert parse_moment("2026-11-20T12:00:00 02:00", name="from", now=NOW) == NOW - timedelta(hours=2)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"range": "3h"}, "range"),
        ({"from": "yesterday"}, "from"),
        ({"from": "now", "to": "now-1h"}, "from"),
        ({"from": "2026-13-40"}, "from"),
        ({"to": "later"}, "to"),
        ({"from": "0001-01-01T00:00:00+10:00"}, "from"),
        ({"from": "9999-12-30", "to": "9999-12-31T23:59:59-10:00"}, "to"),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "to"),
        ({"from": "now-999999w"}, "from"),
    ],
)
def test_it_names_the_parameter_that_is_wrong(query, names):
    with pytest.raises(BadRange, match=rf"^{names}:"):
        TimeRange.from_query(query, now=NOW)


@given(st.integers(min_value=1, max_value=60 * 24 * 365))
def test_it_draws_at_most_120_points(minutes):
    span = TimeRange(NOW - timedelta(minutes=minutes), NOW)
    assert span.length / span.step <= 120 or span.step == timedelta(days=7)


def test_it_compares_with_the_same_time_yesterday():
    span = TimeRange.from_query({"range": "1h"}, now=NOW)
    assert comparison(span, "yesterday").end == NOW - timedelta(days=1)
    assert comparison(span, "previous").end == span.start
    assert comparison(span, "none") is None
