"""What the page of one incident shows, to whom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from accounts.access import may
from accounts.models import Membership, User
from alerts.models import Severity
from incidents import queries, runs, severity
from incidents.forms import MergeForm, NoteForm, SeverityForm, StateForm, TraceForm
from incidents.models import Incident, Playbook, Role, State

#: What mostly comes next; the form proposes it.
_NEXT = {
    State.DECLARED: State.ASSESSING,
    State.ASSESSING: State.MITIGATING,
    State.MITIGATING: State.MONITORING,
    State.MONITORING: State.RESOLVED,
    State.RESOLVED: State.CLOSED,
    State.CLOSED: State.ASSESSING,
}


def step_anchor(run: int, step: str) -> str:
    """The id inside a step, so that a browser opens the step when it goes there."""
    return f"run-{run}-{step}-inside"


def context(incident: Incident, user: User) -> dict[str, Any]:
    """Everything that the page shows. ``incident`` is as ``queries.get_incident_or_404`` gives it."""
    playbook_runs = [(run, runs.steps(run)) for run in incident.runs.select_related("version")]
    started = {run.version.playbook_id for run, _ in playbook_runs if run.version}
    may_respond = may(user, incident.project, Membership.Role.RESPONDER)
    return {
        "incident": incident,
        "project": incident.project,
        "now": datetime.now(UTC),
        "deadline": queries.response_deadline(incident),
        "response": severity.RESPONSE[Severity(incident.severity)],
        "runs": playbook_runs,
        "entries": queries.timeline(incident),
        "linked_alerts": incident.alerts.select_related("alert"),
        "linked_traces": list(incident.traces.exclude(linked_by=None).select_related("linked_by")),
        "evidence": list(incident.evidence.all()),
        "may_respond": may_respond,
        "playbooks": Playbook.objects.filter(archived_at=None).exclude(pk__in=started),
        "note_form": NoteForm(),
        "state_form": StateForm(initial={"state": _NEXT[State(incident.state)]}),
        "severity_form": SeverityForm(initial={"severity": incident.severity}),
        "merge_form": MergeForm(),
        "trace_form": TraceForm(),
        "roles": [(role, getattr(incident, role)) for role in Role],
        "responders": list(queries.responders(incident.project)) if may_respond else [],
    }
