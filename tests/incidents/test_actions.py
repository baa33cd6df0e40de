"""What people do to incidents, and the timeline that it leaves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import actions, deadlines
from incidents.actions import EditedMeanwhile, Refused
from incidents.models import Deadline, Entry, State, TimelineEntry
from tests.incidents.factories import make_alert, make_incident, make_rule
from tests.people import make_alice, make_rosa

pytestmark = pytest.mark.django_db


def told(incident) -> list[str]:
    return [entry.text for entry in incident.timeline.all()]


def test_it_tells_the_story_in_order(project):
    alice, rosa = make_alice(project), make_rosa(project)
    incident = make_incident(project, actor=alice)
    actions.assign(incident, "commander", alice, actor=alice)
    actions.change_state(incident, State.MITIGATING, reason="rolling back", actor=alice)
    actions.add_note(incident, "Prompt 13 is to blame", actor=rosa)
    actions.assign(incident, "commander", rosa, actor=alice)
    incident = actions.change_state(incident, State.RESOLVED, reason="scores are back", actor=rosa)
    assert told(incident) == [
        "alice declared it as SEV2.",
        "Incident commander: nobody → alice.",
        "Declared → Mitigating: rolling back",
        "Prompt 13 is to blame",
        "Incident commander: alice → rosa.",
        "Mitigating → Resolved: scores are back",
    ]
    assert incident.resolved_at and incident.mitigated_at and not incident.is_open


def test_it_wants_a_reason_for_a_state_or_severity(project):
    alice = make_alice(project)
    incident = make_incident(project, actor=alice)
    with pytest.raises(Refused, match="why"):
        actions.change_state(incident, State.RESOLVED, reason="  ", actor=alice)
    with pytest.raises(Refused, match="why"):
        actions.change_severity(incident, "SEV1", reason="", actor=alice)
    incident.refresh_from_db()
    assert (incident.state, incident.severity) == (State.DECLARED, "SEV2")


def test_it_reopens_and_closes_only_what_is_resolved(project):
    alice = make_alice(project)
    incident = make_incident(project, actor=alice)
    with pytest.raises(Refused, match="Resolve it before"):
        actions.change_state(incident, State.CLOSED, reason="done", actor=alice)
    actions.change_state(incident, State.RESOLVED, reason="fixed", actor=alice)
    incident = actions.change_state(incident, State.ASSESSING, reason="it is back", actor=alice)
    assert incident.is_open and incident.resolved_at is None
    assert told(incident)[-1] == "Reopened: it is back"


def test_it_never_overwrites_what_somebody_else_saved(project):
    alice, rosa = make_alice(project), make_rosa(project)
    incident = make_incident(project, actor=alice)
    actions.edit(incident, {"title": "Rosa's title"}, version=incident.version, actor=rosa)
    with pytest.raises(EditedMeanwhile) as conflict:
        actions.edit(incident, {"title": "Alice's title"}, version=incident.version, actor=alice)
    assert conflict.value.current.title == "Rosa's title"
    incident.refresh_from_db()
    assert incident.title == "Rosa's title"


def test_it_keeps_what_a_note_said_before_it_was_corrected(project):
    alice = make_alice(project)
    note = actions.add_note(make_incident(project, actor=alice), "since 3 am", actor=alice)
    note = actions.correct_note(note, "since 4 am", actor=alice)
    assert note.text == "since 4 am"
    assert [revision.text for revision in note.revisions.all()] == ["since 3 am"]
    with pytest.raises(Refused, match="Only notes"):
        actions.correct_note(TimelineEntry.objects.exclude(kind=Entry.NOTE).first(), "rewritten", actor=alice)


def test_it_merges_a_duplicate_with_its_alerts_and_traces(project):
    alice = make_alice(project)
    first, second = make_incident(project, actor=alice), make_incident(project, actor=alice, title="Same again")
    alert = make_alert(make_rule(project))
    actions.link_alert(second, alert)
    actions.link_trace(first, "a" * 32)
    actions.link_trace(second, "a" * 32)
    actions.link_trace(second, "b" * 32)
    actions.merge(second, first, actor=alice)
    second.refresh_from_db()
    assert second.state == State.CLOSED and second.merged_into == first
    assert first.alerts.get().alert == alert
    assert sorted(first.traces.values_list("trace_id", flat=True)) == ["a" * 32, "b" * 32]
    with pytest.raises(Refused, match="merged"):
        actions.change_state(second, State.ASSESSING, reason="again", actor=alice)
    with pytest.raises(Refused, match="itself"):
        actions.merge(first, first, actor=alice)


def test_the_response_clock_stops_with_the_first_person(project):
    rosa = make_rosa(project)
    incident = make_incident(project)
    assert incident.responded_at is None
    incident = actions.respond(incident, actor=rosa)
    assert incident.responded_at is not None
    assert deadlines.sweep(timezone.now() + timedelta(days=1)) == 0


def test_a_missed_clock_is_told_once_however_many_sweep(project):
    incident = make_incident(project, severity="SEV1")
    later = timezone.now() + timedelta(minutes=6)
    assert [deadlines.sweep(later), deadlines.sweep(later)] == [1, 0]
    assert told(incident)[-1] == "Nobody had responded by the time that SEV1 allows."
    deadline = Deadline.objects.get(incident=incident)
    assert deadline.missed_at == later and deadline.met_at is None
