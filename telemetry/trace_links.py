"""Links to traces that clients of other consoles make from our address: they lead to the page of the trace here."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import get_project_or_404, projects_for
from accounts.models import Project
from telemetry import queries
from telemetry.store import StoreUnavailable


@require_GET
@login_required
def project_trace(request: HttpRequest, project: str, trace_id: str) -> HttpResponse:
    """``/project/SLUG/traces/ID``, as Langfuse's clients write it; ``observation`` names a span of it."""
    return _lead(request, [get_project_or_404(request.user, project)], trace_id)


@require_GET
@login_required
def any_trace(request: HttpRequest, trace_id: str) -> HttpResponse:
    """``/trace/ID``, as older ones write it: whichever of the person's projects has it."""
    return _lead(request, list(projects_for(request.user)), trace_id)


def _lead(request: HttpRequest, projects: list[Project], trace_id: str) -> HttpResponse:
    try:
        project, found = _find(projects, trace_id)
    except StoreUnavailable:
        return render(request, "telemetry/trace_unavailable.html", {"back": reverse("traces:list")}, status=503)
    query = {"project": project.slug}
    if span := request.GET.get("observation"):
        query["span"] = span
    return redirect(f"{reverse('traces:detail', args=[found])}?{urlencode(query)}")


def _find(projects: list[Project], trace_id: str) -> tuple[Project, str]:
    """The project that has the trace, and the trace's id there. Raises Http404."""
    for spelling in _spellings(trace_id):
        for project in projects:
            if found := queries.trace_of_id(project.pk, spelling):
                return project, found
    raise Http404("No such trace.")


def _spellings(trace_id: str) -> list[str]:
    """As it was given; and a UUID with and without dashes, since some protocols keep them and some do not."""
    try:
        known = uuid.UUID(trace_id)
    except ValueError:
        return [trace_id]
    return list(dict.fromkeys([trace_id, known.hex, str(known)]))
