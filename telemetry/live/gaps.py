"""Tells Redis which minutes are wrong or missing in it, so that ``rebuild`` copies them from ClickHouse."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import Project
from telemetry.live import freshness, keys, scripts


def report() -> None:
    """Mark in Redis what this process missed. Raises RedisError, and remembers everything when it does."""
    if not freshness.has_gaps():
        return
    missed = freshness.take_gaps()
    try:
        mark(_by_project(missed))
    except Exception:
        for project_id, minutes in missed.items():
            freshness.mark_minutes(project_id, minutes)
        raise


def mark(missed: dict[int, set[int]]) -> None:
    """Mark these minutes of these projects. Raises RedisError."""
    calls = [_call(project_id, minutes) for project_id, minutes in missed.items() if minutes]
    if calls:
        scripts.run("mark_dirty", *calls)


def _by_project(missed: dict[int, set[int]]) -> dict[int, set[int]]:
    everywhere = missed.get(freshness.ALL_PROJECTS)
    if not everywhere:
        return missed
    projects = set(Project.objects.values_list("pk", flat=True))
    return {pk: everywhere | missed.get(pk, set()) for pk in projects}


def _call(project_id: int, minutes: Iterable[int]) -> scripts.Call:
    return scripts.Call([keys.state(project_id), keys.dirty(project_id), keys.derived(project_id)], sorted(minutes))
