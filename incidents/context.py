"""Open incidents in the head of every page and in the tab's title."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from incidents import queries


def open_incidents(request: HttpRequest) -> dict[str, Any]:
    user, project = getattr(request, "user", None), getattr(request, "project", None)
    if project is None or user is None or not user.is_authenticated:
        return {}
    return {"open_incidents": queries.open_incidents(project)}
