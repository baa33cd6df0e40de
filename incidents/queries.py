"""Questions about incidents: lists by page, one with everything that its page shows, and who can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.http import Http404

from accounts.access import projects_for
from accounts.models import Project, User
from incidents.models import OPEN_STATES, Deadline, Incident, State, TimelineEntry

PAGE = 50
TIMELINE_PAGE = 50

STATES = {
    "open": "Open",
    "resolved": "Resolved",
    "closed": "Closed",
    "all": "All",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page and the cursor of the next, empty at the end."""

    rows: list[Incident]
    cursor: str


def get_incident_or_404(user: User, ref: str) -> Incident:
    """The incident behind ``INC-142``; 404 also where it exists and the person may not know of it."""
    number = ref.upper().removeprefix("INC-")
    found = None
    if number.isdecimal():
        found = (
            Incident.objects.filter(pk=number, project__in=projects_for(user))
            .select_related("project", "opened_by", "commander", "communications", "operations", "merged_into")
            .first()
        )
    if found is None:
        raise Http404("No such incident.")
    return found


def _in_state(state: str) -> Q:
    match state:
        case "open":
            return Q(state__in=OPEN_STATES)
        case "resolved":
            return Q(state=State.RESOLVED)
        case "closed":
            return Q(state=State.CLOSED)
    return Q()


def open_first(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    return incidents.annotate(
        rank=Case(When(state__in=OPEN_STATES, then=Value(0)), default=Value(1), output_field=IntegerField())
    ).order_by("rank", "-pk")


def listing(
    project: Project, *, state: str = "all", severity: str = "", search: str = "", cursor: str = "", limit: int = PAGE
) -> Page:
    """Open first, then newest first. ``cursor`` is ``rank-pk`` of the last row seen."""
    found = Incident.objects.filter(_in_state(state), project=project)
    if severity:
        found = found.filter(severity=severity)
    if search.strip():
        words = search.strip()
        number = words.upper().removeprefix("INC-")
        match = Q(title__icontains=words) | Q(summary__icontains=words)
        found = found.filter(match | Q(pk=number) if number.isdecimal() else match)
    found = open_first(found)
    rank, _, pk = cursor.partition("-")
    if rank.isdecimal() and pk.isdecimal():
        found = found.filter(Q(rank__gt=rank) | Q(rank=rank, pk__lt=pk))
    # Keys first: only what the page shows is read whole and has its alerts counted.
    keys = list(found.values_list("pk", "rank")[: limit + 1])
    shown = dict(keys[:limit])
    counted = Incident.objects.filter(pk__in=shown).select_related("commander").annotate(alert_count=Count("alerts"))
    rows = sorted(counted, key=lambda incident: (shown[incident.pk], -incident.pk))
    more = len(keys) > limit
    return Page(rows, f"{shown[rows[-1].pk]}-{rows[-1].pk}" if more else "")


def open_incidents(project: Project) -> list[Incident]:
    """The open ones, worst first."""
    return list(Incident.objects.filter(project=project, state__in=OPEN_STATES).order_by("severity", "pk")[:20])


def open_with_clock(project: Project) -> list[Incident]:
    """The open ones, worst first, each with its commander and ``due_at`` of its response."""
    clock = Deadline.objects.filter(incident=OuterRef("pk"), kind=Deadline.Kind.RESPONSE).values("due_at")[:1]
    found = Incident.objects.filter(project=project, state__in=OPEN_STATES).select_related("commander")
    return list(found.annotate(due_at=Subquery(clock)).order_by("severity", "pk")[:20])


class Entries(NamedTuple):
    """One page of a timeline, newest first, and the key of the last entry where older ones follow."""

    rows: list[TimelineEntry]
    older: int | None


def timeline(incident: Incident, *, before: int | None = None, limit: int = TIMELINE_PAGE) -> Entries:
    """The newest entries, or those before one of them."""
    found = incident.timeline.select_related("actor").prefetch_related("revisions").order_by("-at", "-pk")
    last = incident.timeline.filter(pk=before).first() if before is not None else None
    if last:
        found = found.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    rows = list(found[: limit + 1])
    return Entries(rows[:limit], rows[limit - 1].pk if len(rows) > limit else None)


def response_deadline(incident: Incident) -> Deadline | None:
    return incident.deadlines.filter(kind=Deadline.Kind.RESPONSE).first()


def responders(project: Project) -> QuerySet[User]:
    """Who can take a role: members above viewers, and superusers."""
    return (
        User.objects.filter(
            Q(is_superuser=True) | Q(memberships__project=project, memberships__role__in=["responder", "admin"]),
            is_active=True,
        )
        .distinct()
        .order_by("username")
    )
