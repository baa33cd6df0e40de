"""What is drawn on every time chart: changes to the system, incidents, and whatever else ``TELEMETRY_MARKS`` names."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import Project
from core.charts import INFO, Mark
from core.timerange import TimeRange
from telemetry.models import Change

Source = Callable[[Project, TimeRange], list[Mark]]

#: More lines than this hide the chart; the newest are kept.
MOST_MARKS = 30


@cache
def _sources() -> tuple[Source, ...]:
    return tuple(import_string(path) for path in settings.TELEMETRY_MARKS)


def marks_in(project: Project, span: TimeRange) -> list[Mark]:
    """The marks of all sources in a range, newest first."""
    found = [mark for source in _sources() for mark in source(project, span)]
    return sorted(found, key=lambda mark: mark.at, reverse=True)[:MOST_MARKS]


def changes(project: Project, span: TimeRange) -> list[Mark]:
    """Deployments and other changes that somebody or something reported."""
    rows = Change.objects.filter(project=project, at__gte=span.start, at__lt=span.end)[:MOST_MARKS]
    return [Mark(change.at, f"{change} {change.version}".strip(), change.url, colour=INFO) for change in rows]
