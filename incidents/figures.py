"""Charts of what was kept with an incident. Changes and incidents are marked on them as on every time chart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime

from accounts.models import Project
from alerts import figures
from alerts.models import Alert
from core import charts
from core.charts import Figure, Unit
from core.timerange import TimeRange
from telemetry.marks import marks_in


class Chart(NamedTuple):
    """A chart with the id and words that its page needs."""

    name: str
    title: str
    figure: Figure


#: Key of the kept course, what it is called, its unit.
_COURSES: tuple[tuple[str, str, Unit], ...] = (
    ("quality", "Quality: overall", "score"),
    ("error_rate", "Error rate of calls", "percent"),
    ("p95_ms", "Latency of calls, 95th percentile", "ms"),
    ("cost_usd", "Spend", "usd"),
)


def alert_figure(data: dict[str, Any], project: Project) -> Figure:
    """The alert's chart from the figures that were kept; it needs neither the alert nor its telemetry."""
    alert = Alert(
        pk=data.get("alert"),
        evidence=data,
        started_at=parse_datetime(data["started_at"]),
        fired_at=parse_datetime(data["fired_at"]),
    )
    first = parse_datetime(data["points"][0][0]) if data.get("points") else alert.started_at
    marks = marks_in(project, TimeRange(first, alert.fired_at + timedelta(minutes=1)))
    return figures.evidence_figure(alert, marks) or charts.figure(uirevision="empty")


def course_charts(data: dict[str, Any], project: Project) -> list[Chart]:
    """One chart for each figure that was known at some time of the course."""
    times = [parse_datetime(at) for at in data["times"]]
    if not times:
        return []
    step = timedelta(seconds=data["step_s"])
    marks = marks_in(project, TimeRange(times[0], times[-1] + step))
    found = []
    for key, title, unit in _COURSES:
        values = [None if value is None else float(value) for value in data[key]]
        if not any(values):
            continue
        figure = charts.figure(
            charts.line(times, values, name=title, unit=unit),
            uirevision=f"course-{key}-{data['times'][-1]}",
            unit=unit,
            x_range=(times[0], times[-1] + step),
            marks=marks,
            legend=False,
        )
        found.append(Chart(key, title, figure))
    return found
