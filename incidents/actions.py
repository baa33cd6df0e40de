"""Everything that people and rules do to an incident: each act is one transaction with its own timeline entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Project, User
from alerts.models import Alert, Severity
from incidents import live
from incidents.models import (
    OPEN_STATES,
    Deadline,
    Entry,
    Incident,
    LinkedAlert,
    LinkedTrace,
    Role,
    State,
    TimelineEntry,
    TimelineRevision,
)
from incidents.severity import respond_by


class Refused(Exception):
    """The action does not fit the incident as it is; the message says why, ``field`` which input is meant."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class EditedMeanwhile(Refused):
    """Somebody else saved since the form was made; nothing was overwritten."""

    def __init__(self, current: Incident) -> None:
        super().__init__("Somebody else changed this incident while you were editing. Your text is kept below.")
        self.current = current


def write(
    incident: Incident, kind: Entry, text: str, *, actor: User | None = None, at: datetime | None = None, **data: object
) -> TimelineEntry:
    """Add one entry to the timeline."""
    entry = TimelineEntry.objects.create(
        incident=incident, kind=kind, text=text, actor=actor, at=at or timezone.now(), data=data
    )
    touch(incident)
    return entry


def touch(incident: Incident) -> None:
    """Let open pages see, once this is committed, that the incident is no longer what they show."""
    Incident.objects.filter(pk=incident.pk).update(revision=F("revision") + 1)
    transaction.on_commit(partial(live.announce, incident.project_id))


def _locked(incident: Incident) -> Incident:
    """The incident as it is now, locked until the transaction ends (SQLite locks the database instead)."""
    return Incident.objects.select_for_update().select_related("project").get(pk=incident.pk)


def _save(incident: Incident, *fields: str) -> None:
    incident.version += 1
    incident.save(update_fields=[*fields, "version"])


def _person(user: User | None) -> str:
    return str(user) if user else "nobody"


@transaction.atomic
def declare(
    project: Project,
    *,
    title: str,
    severity: str,
    actor: User | None = None,
    summary: str = "",
    features: Sequence[str] = (),
    models: Sequence[str] = (),
    fingerprint: str = "",
    reason: str = "",
    by: str = "a rule",
    now: datetime | None = None,
) -> Incident:
    """Open an incident and start its response clock. A person who declares it has responded; ``by`` is who else did."""
    now = now or timezone.now()
    incident = Incident.objects.create(
        project=project,
        title=title,
        summary=summary,
        severity=severity,
        opened_at=now,
        opened_by=actor,
        affected_features=list(features),
        affected_models=list(models),
        fingerprint=fingerprint,
        evidence_due_at=now,
    )
    who = f"{actor} declared it" if actor else f"Opened by {by}"
    write(incident, Entry.DECLARED, f"{who} as {severity}." + (f" {reason}" if reason else ""), actor=actor, at=now)
    Deadline.objects.create(incident=incident, kind=Deadline.Kind.RESPONSE, due_at=respond_by(severity, now, project))
    if actor:
        responded(incident, now)
    return incident


def responded(incident: Incident, now: datetime) -> None:
    """The first act of a person stops the response clock."""
    if incident.responded_at is None:
        incident.responded_at = now
        incident.save(update_fields=["responded_at"])
        incident.deadlines.filter(kind=Deadline.Kind.RESPONSE, met_at__isnull=True).update(met_at=now)


@transaction.atomic
def respond(incident: Incident, *, actor: User) -> Incident:
    """A person says: I am on it."""
    incident = _locked(incident)
    if incident.responded_at is None:
        now = timezone.now()
        responded(incident, now)
        write(incident, Entry.STATE, f"{actor} responds.", actor=actor, at=now)
    return incident


@transaction.atomic
def change_state(incident: Incident, state: str, *, reason: str, actor: User) -> Incident:
    """Move to another state. Resolving, reopening and closing go through here as well; each wants a reason."""
    incident = _locked(incident)
    if state == incident.state:
        return incident
    if not reason.strip():
        raise Refused("Say why the state changes.", field="reason")
    if incident.merged_into_id:
        raise Refused(f"It was merged into INC-{incident.merged_into_id}; work goes on there.", field="state")
    if state == State.CLOSED and incident.is_open:
        raise Refused("Resolve it before closing it.", field="state")
    now, old = timezone.now(), incident.get_state_display()
    was_open = incident.is_open
    incident.state = state
    if state in OPEN_STATES:
        incident.resolved_at = incident.closed_at = None
    if state == State.MONITORING and incident.mitigated_at is None:
        incident.mitigated_at = now
    if state == State.RESOLVED:
        incident.resolved_at = now
        incident.mitigated_at = incident.mitigated_at or now
    if state == State.CLOSED:
        incident.closed_at = now
    _save(incident, "state", "mitigated_at", "resolved_at", "closed_at")
    responded(incident, now)
    verb = "Reopened" if incident.is_open and not was_open else f"{old} → {incident.get_state_display()}"
    write(incident, Entry.STATE, f"{verb}: {reason.strip()}", actor=actor, at=now, state=state)
    return incident


@transaction.atomic
def change_severity(incident: Incident, severity: str, *, reason: str, actor: User) -> Incident:
    """Change the severity; the response clock is set anew while nobody has responded."""
    incident = _locked(incident)
    if severity == incident.severity:
        return incident
    if severity not in Severity.values:
        raise Refused("Choose SEV1, SEV2, SEV3 or SEV4.", field="severity")
    if not reason.strip():
        raise Refused("Say why the severity changes.", field="reason")
    old, incident.severity = incident.severity, severity
    _save(incident, "severity")
    if incident.responded_at is None:
        incident.deadlines.filter(kind=Deadline.Kind.RESPONSE, met_at__isnull=True).update(
            due_at=respond_by(severity, incident.opened_at, incident.project), missed_at=None
        )
        responded(incident, timezone.now())
    write(incident, Entry.SEVERITY, f"{old} → {severity}: {reason.strip()}", actor=actor, severity=severity)
    return incident


@transaction.atomic
def assign(incident: Incident, role: str, person: User | None, *, actor: User) -> Incident:
    """Give one of the three roles to a person, or take it away."""
    incident = _locked(incident)
    old = getattr(incident, role)
    if old == person:
        return incident
    setattr(incident, role, person)
    _save(incident, role)
    responded(incident, timezone.now())
    write(incident, Entry.ROLE, f"{Role(role).label}: {_person(old)} → {_person(person)}.", actor=actor, role=role)
    return incident


#: What the edit form changes, with the name that the timeline uses.
EDITABLE = {
    "title": "title",
    "summary": "summary",
    "affected_features": "affected features",
    "affected_models": "affected models",
}


@transaction.atomic
def edit(incident: Incident, changes: dict[str, object], *, version: int, actor: User) -> Incident:
    """Save the fields that differ, unless the incident was changed since ``version`` (EditedMeanwhile)."""
    current = _locked(incident)
    changed = [name for name, value in changes.items() if name in EDITABLE and getattr(current, name) != value]
    if not changed:
        return current
    if current.version != version:
        raise EditedMeanwhile(current)
    before = {name: getattr(current, name) for name in changed}
    for name in changed:
        setattr(current, name, changes[name])
    _save(current, *changed)
    responded(current, timezone.now())
    write(current, Entry.EDIT, f"Changed {', '.join(EDITABLE[name] for name in changed)}.", actor=actor, before=before)
    return current


@transaction.atomic
def add_note(incident: Incident, text: str, *, actor: User, at: datetime | None = None) -> TimelineEntry:
    """A note by hand, in Markdown; ``at`` may lie before now, for what is written down afterwards."""
    if not text.strip():
        raise Refused("Write something.", field="text")
    incident = _locked(incident)
    responded(incident, timezone.now())
    return write(incident, Entry.NOTE, text.strip(), actor=actor, at=at)


@transaction.atomic
def correct_note(entry: TimelineEntry, text: str, *, actor: User) -> TimelineEntry:
    """Replace a note's text; what it said before stays readable."""
    entry = TimelineEntry.objects.select_for_update().select_related("incident").get(pk=entry.pk)
    if entry.kind != Entry.NOTE:
        raise Refused("Only notes can be corrected.", field="text")
    if not text.strip():
        raise Refused("Write something.", field="text")
    if text.strip() != entry.text:
        TimelineRevision.objects.create(entry=entry, text=entry.text, replaced_by=actor)
        entry.text = text.strip()
        entry.save(update_fields=["text"])
        touch(entry.incident)
    return entry


@transaction.atomic
def link_alert(incident: Incident, alert: Alert, *, actor: User | None = None) -> bool:
    """Make an alert part of the incident; False when it belonged to one already."""
    _, fresh = LinkedAlert.objects.get_or_create(alert=alert, defaults={"incident": incident})
    if fresh:
        write(incident, Entry.ALERT, f"Alert: {alert.title}", actor=actor, alert=alert.pk)
    return fresh


@transaction.atomic
def link_trace(incident: Incident, trace_id: str, *, note: str = "", actor: User | None = None) -> bool:
    """Keep a trace with the incident; False when it was there already."""
    _, fresh = LinkedTrace.objects.get_or_create(
        incident=incident, trace_id=trace_id, defaults={"note": note, "linked_by": actor}
    )
    if fresh and actor:
        write(incident, Entry.EVIDENCE, f"Linked trace {trace_id[:12]}… {note}".strip(), actor=actor, trace=trace_id)
    return fresh


@transaction.atomic
def merge(duplicate: Incident, into: Incident, *, actor: User) -> Incident:
    """Close a duplicate; its alerts and traces move to the incident that goes on."""
    if duplicate.pk == into.pk:
        raise Refused("An incident cannot be merged into itself.", field="into")
    duplicate, into = _locked(duplicate), _locked(into)
    if duplicate.project_id != into.project_id:
        raise Refused("Both incidents must belong to the same project.", field="into")
    if into.merged_into_id:
        raise Refused(f"{into.ref} was itself merged into INC-{into.merged_into_id}.", field="into")
    if duplicate.merged_into_id:
        raise Refused(f"It was merged into INC-{duplicate.merged_into_id} before.", field="into")
    now = timezone.now()
    LinkedAlert.objects.filter(incident=duplicate).update(incident=into)
    known = into.traces.values_list("trace_id", flat=True)
    duplicate.traces.exclude(trace_id__in=list(known)).update(incident=into)
    duplicate.merged_into = into
    duplicate.state = State.CLOSED
    duplicate.closed_at = now
    duplicate.resolved_at = duplicate.resolved_at or now
    _save(duplicate, "merged_into", "state", "closed_at", "resolved_at")
    duplicate.deadlines.open().update(met_at=now)
    Incident.objects.filter(pk=into.pk).update(version=F("version") + 1)
    write(duplicate, Entry.MERGE, f"Merged into {into.ref}.", actor=actor, into=into.pk)
    write(into, Entry.MERGE, f"Took over {duplicate.ref}: {duplicate.title}", actor=actor, duplicate=duplicate.pk)
    return into
