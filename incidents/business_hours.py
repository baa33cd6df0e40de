"""Business time: adding hours that count only while the team works. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Project


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """Local working time: ``days`` are ISO weekdays, Monday is 1."""

    zone: ZoneInfo
    start: time
    end: time
    days: frozenset[int]

    @classmethod
    def of(cls, project: Project) -> BusinessHours:
        return cls(
            ZoneInfo(project.time_zone),
            _as_time(project.business_start),
            _as_time(project.business_end),
            frozenset(int(day) for day in project.business_days if day.isdecimal()),
        )

    def _opens(self, day: date) -> datetime:
        return datetime.combine(day, self.start, self.zone)

    def _closes(self, day: date) -> datetime:
        return datetime.combine(day, self.end, self.zone)

    def _working_days(self, first: date) -> list[date]:
        """The working days of the five weeks from ``first``; more are never needed for the hours we add."""
        days = (first + timedelta(days=offset) for offset in range(35))
        return [day for day in days if day.isoweekday() in self.days]

    def add(self, moment: datetime, amount: timedelta) -> datetime:
        """The UTC moment when ``amount`` of business time has passed since ``moment``."""
        left = amount
        for day in self._working_days(moment.astimezone(self.zone).date()):
            begins = max(moment, self._opens(day).astimezone(UTC))
            ends = self._closes(day).astimezone(UTC)
            if begins >= ends:
                continue
            if ends - begins >= left:
                return (begins + left).astimezone(UTC)
            left -= ends - begins
        # Only where the hours of a project make no sense, for example no working day: the clock then runs as on a wall.
        return moment + amount

    def end_of_next_day(self, moment: datetime) -> datetime:
        """The end, in UTC, of the first working day that begins after ``moment``."""
        for day in self._working_days(moment.astimezone(self.zone).date()):
            if self._opens(day).astimezone(UTC) > moment:
                return self._closes(day).astimezone(UTC)
        return moment + timedelta(days=1)


def _as_time(value: time | str) -> time:
    """Unsaved models still hold the default's text."""
    return time.fromisoformat(value) if isinstance(value, str) else value
