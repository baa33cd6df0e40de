"""Periods begin on the project's own clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costs.periods import bounds, previous


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "zone", "now", "start", "end"),
    [
        ("hour", "UTC", "2026-11-18T12:34:56", "2026-11-18T12:00", "2026-11-18T13:00"),
        ("hour", "Asia/Kolkata", "2026-11-18T12:10", "2026-11-18T11:30", "2026-11-18T12:30"),
        ("hour", "Asia/Kathmandu", "2026-11-18T12:10", "2026-11-18T11:15", "2026-11-18T12:15"),
        ("day", "UTC", "2026-11-18T00:00", "2026-11-18T00:00", "2026-11-19T00:00"),
        ("day", "Europe/Berlin", "2026-11-17T23:30", "2026-11-17T23:00", "2026-11-18T23:00"),
        ("day", "America/Los_Angeles", "2026-11-18T07:59", "2026-11-17T08:00", "2026-11-18T08:00"),
        # Days on which the clock is changed have 23 and 25 hours.
        ("day", "Europe/Berlin", "2026-03-29T12:00", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("day", "Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00"),
        # The hour that comes twice is two hours.
        ("hour", "Europe/Berlin", "2026-10-25T00:30", "2026-10-25T00:00", "2026-10-25T01:00"),
        ("hour", "Europe/Berlin", "2026-10-25T01:30", "2026-10-25T01:00", "2026-10-25T02:00"),
        ("week", "UTC", "2026-11-18T12:00", "2026-11-16T00:00", "2026-11-23T00:00"),
        ("week", "UTC", "2026-11-22T23:59", "2026-11-16T00:00", "2026-11-23T00:00"),
        ("week", "Europe/Berlin", "2026-10-25T23:30", "2026-10-25T23:00", "2026-11-01T23:00"),
        ("month", "UTC", "2026-02-28T12:00", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("month", "Europe/Berlin", "2026-12-31T23:30", "2026-12-31T23:00", "2027-01-31T23:00"),
    ],
)
def test_it_finds_the_period(period, zone, now, start, end):
    assert bounds(period, utc(now), ZoneInfo(zone)) == (utc(start), utc(end))


@given(
    st.sampled_from(["hour", "day", "week", "month"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.integers(0, 3 * 365 * 24 * 3600),
)  # fmt: skip
def test_periods_follow_each_other_without_gaps(period, zone, seconds):
    now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    present = bounds(period, now, ZoneInfo(zone))
    assert present.start <= now < present.end
    earlier = previous(period, present, ZoneInfo(zone), 3)
    ends = [each.end for each in earlier]
    assert ends == [*(each.start for each in earlier[1:]), present.start]
    assert bounds(period, present.end, ZoneInfo(zone)).start == present.end
