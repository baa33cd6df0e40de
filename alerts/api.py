"""``GET /api/v1/alerts``: what fires and what fired."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from accounts.api_auth import KeyAuth, caller
from alerts import queries
from alerts.models import Alert
from alerts.queries import AlertFilters, BadFilter
from core.problems import Problem

router = Router(tags=["alerts"])


class BaselineOut(Schema):
    name: str
    value: float
    sample: int


class AlertOut(Schema):
    """One firing of one rule. ``value`` and ``threshold`` are as they were when it fired, in ``unit``."""

    id: int
    title: str
    severity: str
    state: str
    rule_id: int | None
    rule: str | None
    fingerprint: str
    series: str
    unit: str
    condition: str = Field(description="The whole condition in words.")
    filters: dict[str, str]
    value: float | None
    threshold: float | None
    sample: int | None
    baseline: BaselineOut | None
    trace_ids: list[str] = Field(description="Example traces.")
    started_at: datetime = Field(description="When the condition began to hold.")
    fired_at: datetime
    resolved_at: datetime | None
    resolution: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    url: str = Field(description="Its page, below the address of the console.")


class AlertPage(Schema):
    alerts: list[AlertOut]
    next_cursor: str | None = Field(description="Give it back as `cursor` for the next page; null on the last one.")


class AlertQuery(Schema):
    state: str = Field("", description="`firing`, `unacknowledged` or `resolved`; empty for all.")
    severity: str = Field("", description="`SEV1` to `SEV4`; empty for all.")
    rule: str = Field("", description="The number of a rule.")
    q: str = Field("", description="Part of the title.")
    from_: str = Field(
        "", alias="from", description="Fired at or after this moment, or firing still: ISO 8601 or `now-6h`."
    )
    limit: int = Field(50, ge=1, le=200)
    cursor: str = ""


def _shown(alert: Alert) -> dict[str, Any]:
    facts = alert.evidence
    return {
        "id": alert.pk,
        "title": alert.title,
        "severity": alert.severity,
        "state": alert.state,
        "rule_id": alert.rule_id,
        "rule": alert.rule.name if alert.rule else None,
        "fingerprint": alert.fingerprint,
        "series": facts.get("series", ""),
        "unit": facts.get("unit", ""),
        "condition": facts.get("words", ""),
        "filters": facts.get("filters", {}),
        "value": alert.value,
        "threshold": alert.threshold,
        "sample": alert.sample,
        "baseline": facts.get("baseline"),
        "trace_ids": [example["trace_id"] for example in facts.get("examples", ())],
        "started_at": alert.started_at,
        "fired_at": alert.fired_at,
        "resolved_at": alert.resolved_at,
        "resolution": alert.resolution,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_by": str(alert.acknowledged_by) if alert.acknowledged_by else None,
        "url": alert.get_absolute_url(),
    }


@router.get("/alerts", response=AlertPage, auth=KeyAuth("read"), summary="List alerts")
def list_alerts(request: HttpRequest, query: Query[AlertQuery]) -> dict[str, Any]:
    """Alerts of the key's project, firing ones first, then the newest."""
    try:
        filters = AlertFilters.from_query(query.dict(by_alias=True), now=datetime.now(UTC))
        page = queries.alerts(caller(request).project_id, filters, limit=query.limit, cursor=query.cursor)
    except BadFilter as error:
        raise Problem(400, str(error), field=error.field) from error
    return {"alerts": [_shown(alert) for alert in page.alerts], "next_cursor": page.cursor or None}
