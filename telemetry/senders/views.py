"""The page of senders: who sends, and what is missing in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import viewer_required
from accounts.keys import DEFAULT_PROJECT
from telemetry.scope import Scope
from telemetry.senders import report as senders
from telemetry.senders.findings import Finding, findings
from telemetry.store import StoreUnavailable


def where_to_send(request: HttpRequest) -> dict[str, object]:
    """What the snippets need: the address, and whether a key is required."""
    keyless = settings.ONWATCH_KEYLESS and request.project.slug == DEFAULT_PROJECT
    return {"endpoint": request.build_absolute_uri("/").rstrip("/"), "keyless": keyless}


def _with_links(found: list[Finding], scope: Scope) -> list[tuple[Finding, str]]:
    """Each with the address of what shows more of it."""
    traces = reverse("traces:list")
    return [
        (one, f"#{one.anchor}" if one.anchor else f"{traces}?{scope.query(**one.search)}" if one.search else "")
        for one in found
    ]


@require_GET
@viewer_required
def sender_list(request: HttpRequest) -> HttpResponse:
    """Who sent in the last 24 hours, and what of it was not understood. ``part=report`` asks for what changes."""
    now = datetime.now(UTC)
    scope = Scope.from_query(request.project, {})
    context: dict[str, Any] = {"scope": scope}
    try:
        report = senders.report(request.project, now=now)
        context |= {
            "report": report,
            "clients": [(client, _with_links(findings(client, now=now), scope)) for client in report.clients],
            # Their keys are of no project, so that only those who see all of them may know.
            "strangers": senders.strangers(now=now) if request.user.is_superuser else [],
        }
        if not report.clients:
            context |= where_to_send(request)
    except StoreUnavailable:
        context["unavailable"] = True
    part = request.GET.get("part") == "report"
    return render(request, "telemetry/_senders.html" if part else "telemetry/senders.html", context)
