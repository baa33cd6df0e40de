"""Price changes, for every time chart."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.db.models import Q
from django.urls import reverse

from accounts.models import Project
from core.charts import WARN, Mark
from core.timerange import TimeRange
from costs.models import Price

MOST = 10


def price_changes(project: Project, span: TimeRange) -> list[Mark]:
    """Own prices whose first day lies in the range."""
    rows = Price.objects.filter(
        Q(project=project) | Q(project=None), valid_from__gte=span.start.date(), valid_from__lte=span.end.date()
    )[:MOST]
    marks = [
        Mark(
            datetime.combine(row.valid_from, time(), UTC),
            f"New price of {row.model}",
            reverse("admin:costs_price_change", args=[row.pk]),
            colour=WARN,
        )
        for row in rows
    ]
    return [mark for mark in marks if span.start <= mark.at < span.end]
