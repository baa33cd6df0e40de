"""Adds wordings to the playbooks: from the delivered files, the admin and the command line."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import User
from incidents import playbook_format
from incidents.models import Playbook, PlaybookVersion

#: The note of versions that came with the product and nobody wrote.
DELIVERED = "as delivered"


@transaction.atomic
def save(
    playbook: Playbook, definition: dict[str, Any], *, author: User | None, note: str = ""
) -> PlaybookVersion | None:
    """Keep a checked definition as the newest version, or return None where the newest says the same."""
    playbook.slug, playbook.name = definition["slug"], definition["name"]
    playbook.trigger = definition.get("trigger") or ""
    playbook.save()
    newest = playbook.newest
    if newest and newest.definition == definition:
        return None
    number = newest.number + 1 if newest else 1
    made = PlaybookVersion.objects.create(
        playbook=playbook, number=number, definition=definition, author=author, note=note
    )
    if note != DELIVERED:
        # Playbooks are shared by all projects.
        audit.record("playbook.changed", playbook, user=author, project=None, version=number, note=note)
    return made


def add(text: str, *, author: User | None = None, note: str = "") -> PlaybookVersion | None:
    """Read YAML and keep it under its slug. Raises BadPlaybook; None where it says what we have."""
    definition = playbook_format.parse(text)
    return save(_named(definition["slug"]), definition, author=author, note=note)


@transaction.atomic
def seed() -> None:
    """Add missing playbooks, and a new version where ours changed. What people wrote is never overwritten."""
    for definition in playbook_format.seeds():
        playbook = _named(definition["slug"])
        newest = playbook.newest if playbook.pk else None
        if newest is None or newest.note == DELIVERED:
            save(playbook, definition, author=None, note=DELIVERED)


def _named(slug: str) -> Playbook:
    return Playbook.objects.filter(slug=slug).first() or Playbook(slug=slug)
