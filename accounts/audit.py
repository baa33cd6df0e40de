"""Writing down who changed what."""

from __future__ import annotations

from typing import Any

from accounts.models import AuditEntry, Project, User


def record(action: str, subject: object, *, user: User | None, project: Project | None, **detail: Any) -> AuditEntry:  # noqa: ANN401
    """Add one entry. ``action`` is ``<thing>.<what happened>``; secrets never belong into ``detail``."""
    return AuditEntry.objects.create(
        action=action, subject=str(subject)[:200], user=user, project=project, detail=detail
    )
