"""Puts the project that a page is about on the request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.access import get_project_or_404, projects_for
from accounts.models import Project

SESSION_KEY = "project"


def current_project(request: HttpRequest) -> Project | None:
    """``?project=`` (404 when it may not be seen), else the one last chosen, else the demo, else one's own."""
    if not request.user.is_authenticated:
        return None
    if slug := request.GET.get("project"):
        project = get_project_or_404(request.user, slug)
        if request.session.get(SESSION_KEY) != slug:
            request.session[SESSION_KEY] = slug
        return project
    visible = projects_for(request.user)
    chosen = visible.filter(slug=request.session.get(SESSION_KEY, "")).first()
    for purpose in (Project.Purpose.DEMO, Project.Purpose.OWN):
        chosen = chosen or visible.filter(purpose=purpose).first()
    return chosen or visible.first()


class CurrentProjectMiddleware:
    """Sets ``request.project``; None for strangers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        request.project = current_project(request)  # type: ignore[attr-defined]
