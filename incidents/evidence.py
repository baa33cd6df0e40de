"""What is kept of the moment an incident began: figures, charts as data, example traces, and what had changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Project
from alerts import examples, queries
from alerts.evidence import iso
from alerts.models import Alert
from alerts.series import Series, Watch
from core.money import usd_text
from core.templatetags.onwatch import duration_text
from core.timerange import TimeRange
from incidents.models import Evidence, Incident
from telemetry import series
from telemetry.filters import Filters
from telemetry.models import Change
from telemetry.window import Window

EXAMPLE_TRACES = 10
CHANGES_BEFORE = timedelta(hours=24)
MOST_CHANGES = 100
#: The charts show this much before the moment, in steps of five minutes.
COURSE = timedelta(hours=6)
COURSE_STEP = timedelta(minutes=5)


def gather(incident: Incident, alert: Alert | None = None) -> tuple[list[Evidence], list[str]]:
    """Unsaved evidence and the ids of example traces. Raises StoreUnavailable."""
    now = timezone.now()
    scope = _scope(incident, alert)
    filters = Filters(scope)
    found = [_figures(incident.project_id, now, filters, scope)]
    if alert and alert.evidence.get("points"):
        found.append(Evidence(kind="chart", title=alert.title[:200], data=_alert_chart(alert)))
    found.append(Evidence(kind="course", title="The six hours before", data=_course(incident.project_id, now, filters)))
    rows = _alert_examples(alert) if alert else []
    rows = rows or _worst(incident.project_id, now, filters)
    if rows:
        found.append(Evidence(kind="traces", title="Example traces", data={"examples": rows}))
    changes = _changes(incident.project, now)
    found.append(Evidence(kind="changes", title="What changed in the 24 hours before", data={"changes": changes}))
    for piece in found:
        piece.incident, piece.taken_at = incident, now
    return found, list(dict.fromkeys(row["trace_id"] for row in rows))


def _scope(incident: Incident, alert: Alert | None) -> dict[str, str]:
    """What to look at: what the alert looked at, else the feature or model that the incident names."""
    if alert:
        return alert.evidence.get("filters", {})
    for name, affected in (("feature", incident.affected_features), ("model", incident.affected_models)):
        if len(affected) == 1:
            return {name: affected[0]}
    return {}


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


def _figures(project_id: int, now: datetime, filters: Filters, scope: dict[str, str]) -> Evidence:
    hour = TimeRange(now - timedelta(hours=1), now)
    return Evidence(
        kind="figures",
        title="The last hour and yesterday's",
        data={
            "now": _facts(series.total(project_id, hour, filters)),
            "yesterday": _facts(series.total(project_id, hour.shifted(timedelta(days=1)), filters)),
            "filters": scope,
        },
    )


def _alert_chart(alert: Alert) -> dict[str, Any]:
    """The alert's own evidence and its times: all that its chart is drawn from."""
    moments = {"started_at": alert.started_at.isoformat(), "fired_at": alert.fired_at.isoformat()}
    return alert.evidence | moments | {"alert": alert.pk}


def _course(project_id: int, now: datetime, filters: Filters) -> dict[str, Any]:
    """Quality, failures, latency and spend before the moment, as points."""
    windows = series.windows(project_id, TimeRange(now - COURSE, now), COURSE_STEP, filters)
    return {
        "step_s": int(COURSE_STEP.total_seconds()),
        "times": [iso(at) for at, _ in windows],
        "quality": [window.score("overall").mean for _, window in windows],
        "error_rate": [window.error_rate for _, window in windows],
        "p95_ms": [window.latency_ms(0.95) for _, window in windows],
        "cost_usd": [usd_text(window.cost_nano) for _, window in windows],
    }


def _alert_examples(alert: Alert) -> list[dict[str, Any]]:
    """The traces that the alert kept, one row each, in words. Alerts of other sources may know no more than the id."""
    kept = [{"at": "", "name": "", "what": "", "figure": 0.0} | each for each in alert.evidence.get("examples", ())]
    found = examples.rows(alert.evidence | {"examples": kept})
    rows = [
        {
            "trace_id": row.trace_id,
            "at": row.at.isoformat() if row.at else "",
            "name": row.name,
            "what": row.what,
            "figure": row.figure,
        }
        for row in found.rows
    ]
    return _one_a_trace(rows)


def _worst(project_id: int, now: datetime, filters: Filters) -> list[dict[str, Any]]:
    """Without an alert: calls that failed in the last hour, then the answers that were judged worst."""
    hour = TimeRange(now - timedelta(hours=1), now)
    failed = queries.examples(Watch(project_id, Series.ERROR_RATE, filters=filters), hour, limit=EXAMPLE_TRACES)
    judged = queries.examples(Watch(project_id, Series.SCORE, "overall", filters), hour, limit=EXAMPLE_TRACES)
    rows = [_row(each, duration_text(each.figure)) for each in failed[: EXAMPLE_TRACES // 2]]
    rows += [_row(each, f"score {each.figure:.2f}") for each in judged]
    rows += [_row(each, duration_text(each.figure)) for each in failed[EXAMPLE_TRACES // 2 :]]
    return _one_a_trace(rows)


def _row(example: queries.Example, figure: str) -> dict[str, Any]:
    return {
        "trace_id": example.trace_id,
        "at": example.start_time.isoformat(),
        "name": example.name,
        "what": example.what,
        "figure": figure,
    }


def _one_a_trace(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({row["trace_id"]: row for row in reversed(list(rows))}.values())[::-1][:EXAMPLE_TRACES]


def _changes(project: Project, now: datetime) -> list[dict[str, Any]]:
    found = Change.objects.filter(project=project, at__gte=now - CHANGES_BEFORE, at__lte=now)[:MOST_CHANGES]
    return [
        {
            "kind": change.get_kind_display(),
            "title": change.title,
            "at": change.at.isoformat(),
            "version": change.version,
            "by": change.by,
            "url": change.url,
        }
        for change in found
    ]
