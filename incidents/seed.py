"""What the first start of a project adds: the playbooks that come with the product."""

from __future__ import annotations

from accounts.models import Project
from incidents import library


def seed(project: Project) -> None:
    """Playbooks belong to all projects alike, so the project does not matter."""
    library.seed()
