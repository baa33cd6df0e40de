"""LangSmith's projects, which it also calls sessions: here the services that send into one project of the console."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from telemetry.langsmith import ids, questions
from telemetry.langsmith.questions import Session
from telemetry.models import PendingRun

MOST_PENDING = 1000


def found(project_id: int, *, name: str | None = None) -> list[Session]:
    """The latest first. A run that has only begun makes its session known too. Raises StoreUnavailable."""
    known = {session.name: session for session in questions.sessions(project_id, name=name)}
    if name == ids.DEFAULT_SESSION and not known:
        known = {session.name: session for session in questions.sessions(project_id, name="")}
    for pending in _of_pending(project_id, name=name):
        known.setdefault(pending.name, pending)
    return list(known.values())


def _of_pending(project_id: int, *, name: str | None) -> list[Session]:
    runs = PendingRun.objects.filter(project_id=project_id, dialect="langsmith")
    if name is not None:
        runs = runs.filter(pieces__session_name=name)
    latest = runs.order_by("-due_at").values_list("pieces__session_name", "touched_at")[:MOST_PENDING]
    return [Session(str(service or ""), at, at, 0) for service, at in latest]


def with_id(project_id: int, session_id: uuid.UUID) -> Session | None:
    """Raises StoreUnavailable."""
    return next((one for one in found(project_id) if ids.session_id(project_id, one.name) == session_id), None)


_names: dict[tuple[int, str], str] = {}
MOST_NAMES = 10_000


def name_of(project_id: int, session_id: str) -> str:
    """The name of a session that a run gives by its UUID; one that nothing came from yet goes by the UUID itself.

    Raises StoreUnavailable.
    """
    if known := _names.get((project_id, session_id)):
        return known
    try:
        found = with_id(project_id, uuid.UUID(session_id))
    except ValueError:
        return session_id
    if found is None:
        return session_id
    if len(_names) >= MOST_NAMES:
        _names.clear()
    return _names.setdefault((project_id, session_id), found.name)


def services(project_id: int, session_ids: Collection[uuid.UUID]) -> list[str]:
    """The services that these sessions stand for, as far as they are known. Raises StoreUnavailable."""
    return [one.name for one in found(project_id) if ids.session_id(project_id, one.name) in session_ids]


def as_json(project_id: int, session: Session) -> dict[str, Any]:
    return {
        "id": ids.session_id(project_id, session.name),
        "tenant_id": ids.tenant_id(project_id),
        "name": session.name or ids.DEFAULT_SESSION,
        "start_time": _aware(session.first_hour),
        "last_run_start_time": _aware(session.last_hour),
        "end_time": None,
        "description": None,
        "extra": {},
        "default_dataset_id": None,
        "reference_dataset_id": None,
        "trace_tier": None,
        "run_count": session.spans,
    }


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
