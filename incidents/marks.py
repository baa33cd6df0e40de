"""Incidents as bands on time charts."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse

from accounts.models import Project
from core.charts import BAD, Mark
from core.timerange import TimeRange
from incidents.models import Incident

MOST_MARKS = 10


def incidents(project: Project, span: TimeRange) -> list[Mark]:
    """The incidents that were open at some time of the range, from declared to resolved (or to its end)."""
    rows = Incident.objects.filter(
        Q(resolved_at=None) | Q(resolved_at__gt=span.start), project=project, opened_at__lt=span.end, merged_into=None
    )[:MOST_MARKS]
    return [
        Mark(
            max(incident.opened_at, span.start),
            f"{incident} ({incident.severity})",
            reverse("incidents:detail", args=[incident.ref]),
            until=min(incident.resolved_at or span.end, span.end),
            colour=BAD,
        )
        for incident in rows
    ]
