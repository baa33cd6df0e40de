"""What quality keeps for every project from the first start."""

from __future__ import annotations

from accounts.models import Project
from quality.models import EvaluationCursor


def seed(project: Project) -> None:
    """The cursor from which evaluation starts, so that the first answers are not missed."""
    EvaluationCursor.objects.get_or_create(project=project)
