"""The addresses that LangSmith's clients compute for people: they lead to the pages of the console."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import projects_for
from accounts.models import Project
from telemetry.langsmith import ids, reading, sessions


@require_GET
@login_required
def run(request: HttpRequest, tenant: uuid.UUID, session: uuid.UUID, run: uuid.UUID) -> HttpResponse:
    """The trace of the run, with the run chosen in it."""
    project = _project_or_404(request, tenant)
    place = reading.place(project.pk, run)
    if place is None:
        raise Http404("No such run.")
    chosen = urlencode({"project": project.slug, "span": place.span_id})
    return redirect(f"{reverse('traces:detail', args=[place.trace_id])}?{chosen}")


@require_GET
@login_required
def session(request: HttpRequest, tenant: uuid.UUID, session: uuid.UUID) -> HttpResponse:
    """The traces of a LangSmith project."""
    project = _project_or_404(request, tenant)
    found = sessions.with_id(project.pk, session)
    if found is None:
        raise Http404("No such project.")
    narrowed = urlencode({"project": project.slug, "service": found.name})
    return redirect(f"{reverse('traces:list')}?{narrowed}")


def _project_or_404(request: HttpRequest, tenant: uuid.UUID) -> Project:
    for project in projects_for(request.user):
        if ids.tenant_id(project.pk) == tenant:
            return project
    raise Http404("No such project.")
