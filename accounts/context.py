"""What every page's frame shows of projects."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.access import projects_for, role_in
from accounts.models import Project


def projects(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    project = getattr(request, "project", None)
    return {
        "project": project,
        "projects": projects_for(user),
        "role": _role(request, project) if project else None,
    }


def _role(request: HttpRequest, project: Project) -> str | None:
    """As the view's door found it; pages without one ask."""
    return request.role if hasattr(request, "role") else role_in(request.user, project)
