"""How open pages learn that incidents changed: a word through Channels, and what every page's head shows now.

What happened is in SQL alone. Whoever changes an incident sends one short message to the processes that have viewers;
each looks up what its viewers should see and tells them. Messages only make that quick: without them, or without
Redis, the hub looks by itself every few seconds.
"""

from __future__ import annotations

import logging
from typing import Literal, TypedDict

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db.models import Count, Sum
from django.template.loader import render_to_string

from accounts.models import Project
from core.redis import RedisError
from incidents import queries
from incidents.models import Incident
from telemetry.live import freshness

logger = logging.getLogger(__name__)


class Changed(TypedDict):
    """Through the channel layer, to every process with viewers of the project."""

    type: Literal["incidents.changed"]
    project_id: int


class Now(TypedDict):
    """What a page's head shows; ``static/js/incidents.js`` reads it."""

    #: Differs from the one before whenever anything about an incident of the project changed.
    stamp: str
    open: int
    #: ``SEV1`` to ``SEV4``, empty when none is open.
    worst: str
    #: The strip with the open incidents, as HTML.
    strip: str


def group_name(project_id: int) -> str:
    return f"incidents.{project_id}"


def announce(project_id: int) -> None:
    """Wake the processes that have viewers of the project. A Redis that is away costs those viewers some seconds."""
    if not freshness.may_ask():
        return
    message: Changed = {"type": "incidents.changed", "project_id": project_id}
    try:
        async_to_sync(get_channel_layer().group_send)(group_name(project_id), message)
    except (RedisError, OSError) as error:
        freshness.failed(error)


def stamp(project: Project) -> str:
    """One query."""
    found = Incident.objects.filter(project=project).aggregate(count=Count("pk"), revisions=Sum("revision"))
    return f"{found['count']}.{found['revisions'] or 0}"


def now(project: Project) -> Now:
    # Before the rest, so that what changes in between is noticed the next time.
    current = stamp(project)
    found = queries.open_incidents(project)
    return {
        "stamp": current,
        "open": len(found),
        "worst": found[0].severity if found else "",
        "strip": render_to_string("incidents/_strip.html", {"open_incidents": found, "project": project}),
    }
