"""Open incidents in the head of every page and in the tab's title."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from incidents import live, queries


def open_incidents(request: HttpRequest) -> dict[str, Any]:
    user, project = getattr(request, "user", None), getattr(request, "project", None)
    if project is None or user is None or not user.is_authenticated:
        return {}
    # The stamp first, so that the page learns of what changes while it is being made.
    return {"incidents_stamp": live.stamp(project), "open_incidents": queries.open_incidents(project)}
