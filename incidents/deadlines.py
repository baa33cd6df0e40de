"""The clocks: each is a row, claimed by a conditional update when its time has come, so that it is told once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from incidents import runs
from incidents.actions import write
from incidents.models import Deadline, Entry, Incident, PlaybookRun, State

#: Claimed in one go; the next sweep takes the rest.
BATCH = 200


def sweep(now: datetime | None = None) -> int:
    """Write down the deadlines that were missed; returns how many."""
    now = now or timezone.now()
    due = Deadline.objects.open().filter(due_at__lte=now).select_related("incident")
    return sum(_claim(deadline, now) for deadline in due[:BATCH])


@transaction.atomic
def _claim(deadline: Deadline, now: datetime) -> bool:
    if not Deadline.objects.open().filter(pk=deadline.pk).update(missed_at=now):
        return False
    if words := _words(deadline):
        write(deadline.incident, Entry.CLOCK, words, at=deadline.due_at, subject=deadline.subject)
    return True


def _words(deadline: Deadline) -> str:
    """What the timeline says; nothing where the deadline matters no more."""
    incident = deadline.incident
    match deadline.kind:
        case Deadline.Kind.RESPONSE if incident.is_open:
            return f"Nobody had responded by the time that {incident.severity} allows."
        case Deadline.Kind.STEP:
            step = _step(deadline)
            if step and _still_wanted(incident, step):
                return f"The time for the step “{step.name}” is over."
        case Deadline.Kind.REVIEW if incident.state != State.CLOSED:
            return "The review is due."
    return ""


def _step(deadline: Deadline) -> runs.Step | None:
    run_pk, _, slug = deadline.subject.partition("/")
    run = PlaybookRun.objects.filter(pk=run_pk, incident=deadline.incident).first()
    return next((step for step in runs.steps(run) if step.slug == slug), None) if run else None


def _still_wanted(incident: Incident, step: runs.Step) -> bool:
    """Once it is resolved, only what comes after (the post-mortem) is still asked for; once closed, nothing."""
    if incident.is_open:
        return True
    return incident.state == State.RESOLVED and step.starts_at > incident.resolved_at
