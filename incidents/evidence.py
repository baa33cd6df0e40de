"""What is kept of the moment an incident began: figures, a chart as data, example traces, and what had changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from alerts.models import Alert
from core.money import usd_text
from core.timerange import TimeRange
from incidents.models import Evidence, Incident
from telemetry import series
from telemetry.filters import Filters
from telemetry.models import Change
from telemetry.window import Window

EXAMPLE_TRACES = 10
CHANGES_BEFORE = timedelta(hours=24)


def _facts(window: Window) -> dict[str, Any]:
    """One window as plain figures; None is "not known"."""
    return {
        "calls": window.calls,
        "errors": window.errors,
        "error_rate": window.error_rate,
        "p50_ms": window.latency_ms(0.5),
        "p99_ms": window.latency_ms(0.99),
        "cost_usd": usd_text(window.cost_nano),
        "scores": {name: {"mean": found.mean, "count": found.count} for name, found in sorted(window.scores.items())},
    }


def _chart(alert: Alert) -> dict[str, Any]:
    """The alert's own evidence and its times: all that its chart is drawn from."""
    moments = {"started_at": alert.started_at.isoformat(), "fired_at": alert.fired_at.isoformat()}
    return alert.evidence | moments | {"alert": alert.pk}


def gather(incident: Incident, alert: Alert | None = None) -> tuple[list[Evidence], list[str]]:
    """Unsaved evidence and the ids of example traces. Raises StoreUnavailable."""
    now = timezone.now()
    scope = alert.evidence.get("filters", {}) if alert else {}
    filters = Filters(scope)
    hour = TimeRange(now - timedelta(hours=1), now)
    figures = {
        "now": _facts(series.total(incident.project_id, hour, filters)),
        "yesterday": _facts(series.total(incident.project_id, hour.shifted(timedelta(days=1)), filters)),
        "filters": scope,
    }
    found = [
        Evidence(incident=incident, taken_at=now, kind="figures", title="The last hour and yesterday's", data=figures)
    ]
    if alert and alert.evidence.get("points"):
        found.append(Evidence(incident=incident, taken_at=now, kind="chart", title=alert.title, data=_chart(alert)))
    changes = Change.objects.filter(project=incident.project, at__gte=now - CHANGES_BEFORE, at__lte=now)
    found.append(
        Evidence(
            incident=incident,
            taken_at=now,
            kind="changes",
            title="What changed in the 24 hours before",
            data={
                "changes": [
                    {"kind": change.kind, "title": change.title, "at": change.at.isoformat(), "version": change.version}
                    for change in changes[:50]
                ]
            },
        )
    )
    examples = alert.evidence.get("examples", []) if alert else []
    traces = list(dict.fromkeys(example["trace_id"] for example in examples))[:EXAMPLE_TRACES]
    return found, traces
