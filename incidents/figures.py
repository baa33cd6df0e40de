"""Charts of what was kept with an incident."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime

from alerts import figures
from alerts.models import Alert
from core import charts
from core.charts import Figure


def evidence_figure(data: dict[str, Any]) -> Figure:
    """The alert's chart from the figures that were kept; it needs neither the alert nor its telemetry."""
    alert = Alert(
        pk=data.get("alert"),
        evidence=data,
        started_at=parse_datetime(data["started_at"]),
        fired_at=parse_datetime(data["fired_at"]),
    )
    return figures.evidence_figure(alert) or charts.figure(uirevision="empty")
