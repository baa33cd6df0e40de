"""REST: list incidents and open one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Router, Schema

from accounts.api_auth import KeyAuth, caller
from accounts.models import Project
from alerts.models import Severity
from core.problems import Problem
from incidents import actions, queries, respond, runs
from incidents.models import Incident, Playbook

router = Router(tags=["incidents"])


class IncidentOut(Schema):
    id: str = Field(description="Short id, for example INC-142.")
    title: str
    severity: str
    state: str
    summary: str
    affected_features: list[str]
    affected_models: list[str]
    commander: str | None
    opened_at: datetime
    responded_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    url: str


class IncidentPage(Schema):
    incidents: list[IncidentOut]
    next_cursor: str | None


class IncidentIn(Schema):
    title: str = Field(min_length=1, max_length=200)
    severity: str = Field(description="SEV1 to SEV4.")
    summary: str = ""
    affected_features: list[str] = []
    affected_models: list[str] = []
    playbook: str = Field("", description="Slug of a playbook to start, for example quality-degradation.")


def _shown(incident: Incident) -> dict[str, Any]:
    plain = (
        "title", "severity", "state", "summary", "affected_features", "affected_models",
        "opened_at", "responded_at", "mitigated_at", "resolved_at", "closed_at",
    )  # fmt: skip
    return {name: getattr(incident, name) for name in plain} | {
        "id": incident.ref,
        "commander": str(incident.commander) if incident.commander else None,
        "url": f"{settings.ONWATCH_BASE_URL}{incident.get_absolute_url()}",
    }


@router.get("/incidents", auth=KeyAuth("read"), response=IncidentPage, summary="Incidents, open ones first")
def list_incidents(
    request: HttpRequest, state: str = "all", severity: str = "", q: str = "", limit: int = 50, cursor: str = ""
) -> dict[str, Any]:
    if state not in queries.STATES:
        raise Problem(400, f"state: {state!r} is not one of {', '.join(queries.STATES)}", field="state")
    if not 1 <= limit <= 200:
        raise Problem(400, "limit: must be from 1 to 200", field="limit")
    project = Project.objects.get(pk=caller(request).project_id)
    page = queries.listing(project, state=state, severity=severity, search=q, cursor=cursor, limit=limit)
    return {"incidents": [_shown(incident) for incident in page.rows], "next_cursor": page.cursor or None}


@router.post("/incidents", auth=KeyAuth("write"), response={201: IncidentOut}, summary="Open an incident")
def open_incident(request: HttpRequest, body: IncidentIn) -> tuple[int, dict[str, Any]]:
    if body.severity not in Severity.values:
        raise Problem(400, f"severity: {body.severity!r} is not one of {', '.join(Severity.values)}", field="severity")
    playbook = Playbook.objects.filter(slug=body.playbook, archived_at=None).first() if body.playbook else None
    if body.playbook and playbook is None:
        raise Problem(400, f"playbook: there is no playbook {body.playbook!r}", field="playbook")
    project = Project.objects.get(pk=caller(request).project_id)
    with transaction.atomic():
        incident = actions.declare(
            project,
            title=body.title,
            severity=body.severity,
            summary=body.summary,
            features=body.affected_features,
            models=body.affected_models,
            by="a key of the REST API",
        )
        if playbook:
            runs.start(incident, playbook, actor=None, base_url=settings.ONWATCH_BASE_URL)
    respond.collect_evidence(incident)
    return 201, _shown(incident)
