"""Addresses of the traces that a rule or alert is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import Project
from alerts.models import Rule
from alerts.series import Series
from telemetry.metrics.page import WHERE


def narrowing(series: str, subject: str, threshold: float | None) -> dict[str, str]:
    """The filters of the trace list that show what is beyond the threshold of a series."""
    limit = "" if threshold is None else f"{threshold:.6g}"
    match series:
        case Series.SCORE:
            return {"score": subject} | ({"score_below": limit} if limit else {})
        case Series.ERROR_RATE:
            return {"calls": "1", "status": "error"}
        case Series.FAILURES:
            return {"failed": "1"} | ({"error_type": subject} if subject else {})
        case Series.LATENCY_P50 | Series.LATENCY_P95 | Series.LATENCY_P99:
            return {"calls": "1"} | ({"min_ms": limit} if limit else {})
    return {"calls": "1"}


def evidence_traces(project: Project, facts: Mapping[str, Any]) -> str:
    """The traces of the window that made an alert fire; empty where nothing was kept."""
    if not facts.get("start"):
        return ""
    query = {"project": project.slug, "from": facts["start"], "to": facts["end"]}
    if facts["series"] == Series.METRIC:
        return _metric(query, facts["subject"], facts["attributes"])
    query |= facts["filters"]
    query |= narrowing(facts["series"], facts["subject"], facts["threshold"])
    return f"{reverse('traces:list')}?{urlencode(query)}"


def _metric(query: dict[str, str], name: str, attributes: Mapping[str, str]) -> str:
    """A metric has no traces: its chart."""
    query = query | {"metric": name} | {f"{WHERE}{key}": value for key, value in attributes.items()}
    return f"{reverse('traces:metric')}?{urlencode(query)}"


def rule_traces(rule: Rule) -> str:
    """The traffic that a rule looked at last; empty before its first check."""
    detail = rule.last_detail
    if not detail:
        return ""
    query = {"project": rule.project.slug, "from": detail["start"], "to": detail["end"]}
    if rule.series == Series.METRIC:
        return _metric(query, rule.subject, rule.scope)
    query |= rule.scope
    calls = {"score": rule.subject} if rule.series == Series.SCORE else {"calls": "1"}
    return f"{reverse('traces:list')}?{urlencode(query | calls)}"
