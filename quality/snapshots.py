"""Hourly snapshots of quality in SQL, made from the roll-ups again and again until their hour no longer changes."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db.models import Max

from accounts.models import Project
from quality.answers import milliseconds
from quality.models import DIMENSIONS, QualitySnapshot
from telemetry import store
from telemetry.columns import microseconds
from telemetry.window import ScoreSum

HOUR = timedelta(hours=1)
#: These are made anew every time; older ones when scores for them have come in.
ALWAYS = 3
#: Scores for hours before this change no snapshot any more, and as many hours at a time are caught up with.
OLDEST = timedelta(days=31)
#: What came in while the last snapshots were made is looked at again.
OVERLAP = timedelta(minutes=2)


class HourSums(NamedTuple):
    project_id: int
    hour: datetime
    name: str
    count: int
    total: float


class Touched(NamedTuple):
    project_id: int
    hour: datetime


def update(now: datetime | None = None) -> int:
    """Bring the snapshots up to date and return how many rows were written. Idempotent. Raises StoreUnavailable.

    1. Find the hours to look at: the running and the last two, those that are still provisional, and those for which
       scores were received since the last time.
    2. Sum them up in one question.
    3. Write the rows that are new or different.
    """
    now = now or datetime.now(UTC)
    current = now.replace(minute=0, second=0, microsecond=0)
    hours = {(None, current - HOUR * back) for back in range(ALWAYS)}
    hours |= {(row.project_id, row.hour) for row in _touched(now)}
    hours |= set(QualitySnapshot.objects.filter(provisional=True).values_list("project_id", "hour"))
    wanted = {hour for _, hour in hours}
    sums = _sums(min(wanted), max(wanted) + HOUR)
    known = {
        (row.project_id, row.hour): row
        for row in QualitySnapshot.objects.filter(hour__gte=min(wanted), hour__lte=max(wanted))
    }
    projects = set(Project.objects.values_list("pk", flat=True))
    written = 0
    for (project_id, hour), by_name in sums.items():
        if project_id in projects and ((None, hour) in hours or (project_id, hour) in hours):
            values = _values(by_name) | {"provisional": hour >= current}
            row = known.get((project_id, hour))
            if row is None or any(getattr(row, name) != value for name, value in values.items()):
                QualitySnapshot.objects.update_or_create(project_id=project_id, hour=hour, defaults=values)
                written += 1
    return written


def _touched(now: datetime) -> list[Touched]:
    last = QualitySnapshot.objects.aggregate(last=Max("updated_at"))["last"]
    since = max(last - OVERLAP, now - OLDEST) if last else now - OLDEST
    return store.rows(
        Touched,
        "quality/hours_touched",
        since=milliseconds(since),
        earliest=microseconds(now - OLDEST),
        names=list(DIMENSIONS),
    )


def _sums(start: datetime, end: datetime) -> dict[tuple[int, datetime], dict[str, ScoreSum]]:
    found: defaultdict[tuple[int, datetime], dict[str, ScoreSum]] = defaultdict(dict)
    for row in store.rows(
        HourSums,
        "quality/scores_by_hour",
        start=int(start.timestamp()),
        end=int(end.timestamp()),
        names=list(DIMENSIONS),
    ):
        found[row.project_id, row.hour][row.name] = ScoreSum(row.count, row.total)
    return found


def _values(by_name: dict[str, ScoreSum]) -> dict[str, float | int | None]:
    values: dict[str, float | int | None] = {}
    for name in DIMENSIONS:
        sums = by_name.get(name, ScoreSum())
        values[name] = sums.mean
        values[f"{name}_count"] = sums.count
    values["sample_size"] = max(sums.count for sums in by_name.values())
    return values
