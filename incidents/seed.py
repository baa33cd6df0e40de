"""The playbooks that come with the product. What people have edited is never overwritten."""

from __future__ import annotations

from django.db import transaction

from accounts.models import Project
from incidents import playbook_format
from incidents.models import Playbook, PlaybookVersion


@transaction.atomic
def seed(project: Project) -> None:
    """Add missing playbooks, and a new version where ours changed and nobody else has edited it."""
    for definition in playbook_format.seeds():
        playbook, _ = Playbook.objects.get_or_create(
            slug=definition["slug"], defaults={"name": definition["name"], "trigger": definition.get("trigger", "")}
        )
        newest = playbook.newest
        edited = newest is not None and newest.author_id is not None
        if newest is None or (not edited and newest.definition != definition):
            PlaybookVersion.objects.create(
                playbook=playbook, number=newest.number + 1 if newest else 1, definition=definition, note="as delivered"
            )
