"""Response clocks that count working time only."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Project
from incidents.business_hours import BusinessHours
from incidents.severity import respond_by

BERLIN = Project(time_zone="Europe/Berlin", business_start="09:00", business_end="17:00", business_days="12345")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        # Monday 10:00 in Berlin (winter, UTC+1): four hours later.
        ("2026-11-23T09:00", "2026-11-23T13:00"),
        # Monday 15:00: two hours that day, two the next morning.
        ("2026-11-23T14:00", "2026-11-24T10:00"),
        # Friday 16:30: half an hour, then Monday until 12:30.
        ("2026-11-20T15:30", "2026-11-23T11:30"),
        # Saturday noon: Monday 13:00.
        ("2026-11-21T11:00", "2026-11-23T12:00"),
        # At night before work: from nine on.
        ("2026-11-24T02:00", "2026-11-24T12:00"),
        # Across the change to summer time on 29 March 2026: Monday 13:00 is 11:00 UTC.
        ("2026-03-28T11:00", "2026-03-30T11:00"),
    ],
)
def test_it_counts_four_business_hours(opened, due):
    assert respond_by("SEV3", at(opened), BERLIN) == at(due)


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("2026-11-23T09:00", "2026-11-24T16:00"),
        ("2026-11-20T09:00", "2026-11-23T16:00"),
        # Before work begins, that day is still the next business day.
        ("2026-11-23T05:00", "2026-11-23T16:00"),
    ],
)
def test_it_gives_the_lowest_severity_until_the_end_of_the_next_business_day(opened, due):
    assert respond_by("SEV4", at(opened), BERLIN) == at(due)


def test_it_does_not_wait_for_the_morning_when_it_is_serious():
    night = at("2026-11-22T02:00")
    assert respond_by("SEV1", night, BERLIN) == night + timedelta(minutes=5)
    assert respond_by("SEV2", night, BERLIN) == night + timedelta(hours=1)


def test_without_any_working_hours_the_clock_runs_as_on_a_wall():
    nobody = BusinessHours.of(Project(time_zone="UTC", business_start="09:00", business_end="09:00", business_days="1"))
    assert nobody.add(at("2026-11-23T09:00"), timedelta(hours=1)) == at("2026-11-23T10:00")
