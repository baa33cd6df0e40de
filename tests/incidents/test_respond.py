"""From an alert to an incident."""

import pytest
from django.utils import timezone

from alerts.models import Alert
from incidents import actions, respond
from incidents.models import Incident, State
from incidents.seed import seed
from telemetry import store
from tests.incidents.factories import make_alert, make_rule
from tests.people import make_alice

pytestmark = pytest.mark.django_db


def resolve(alert: Alert) -> None:
    Alert.objects.filter(pk=alert.pk).update(
        state="resolved", resolved_at=timezone.now(), resolution="All was well for 5 minutes."
    )


def test_a_rule_opens_it_by_itself_with_severity_playbook_and_evidence(project, stores):
    seed(project)
    rule = make_rule(
        project, severity="SEV2", opens_incident=True, playbook="quality-degradation", scope={"feature": "chat"}
    )
    make_alert(rule, evidence={"filters": {"feature": "chat"}, "examples": [{"trace_id": "c" * 32}] * 3})
    assert respond.respond_to_alerts() == 1
    incident = Incident.objects.get()
    assert (incident.severity, incident.affected_features) == ("SEV2", ["chat"])
    assert incident.runs.get().name == "Quality degradation"
    assert incident.traces.get().trace_id == "c" * 32
    assert [piece.kind for piece in incident.evidence.all()] == ["figures", "course", "traces", "changes"]
    assert respond.respond_to_alerts() == 0


def test_the_same_alert_again_adds_to_the_open_incident(project, stores):
    rule = make_rule(project, opens_incident=True)
    first = make_alert(rule)
    respond.respond_to_alerts()
    resolve(first)
    assert respond.tell_resolved() == 1
    make_alert(rule)
    respond.respond_to_alerts()
    incident = Incident.objects.get()
    assert incident.alerts.count() == 2
    texts = [entry.text for entry in incident.timeline.all()]
    assert "Alert resolved: Quality dropped. All was well for 5 minutes." in texts


def test_after_it_is_resolved_the_alert_opens_a_new_one(project, stores):
    alice = make_alice(project)
    rule = make_rule(project, opens_incident=True)
    first = make_alert(rule)
    respond.respond_to_alerts()
    actions.change_state(Incident.objects.get(), State.RESOLVED, reason="fixed", actor=alice)
    resolve(first)
    make_alert(rule)
    respond.respond_to_alerts()
    assert Incident.objects.count() == 2


def test_two_clicks_open_one(project, stores):
    alert = make_alert(make_rule(project))
    alice = make_alice(project)
    opened = {respond.open_from_alert(alert, actor=alice).pk for _ in range(2)}
    assert opened == {Incident.objects.get().pk}


def test_evidence_is_kept_later_when_the_process_died_in_between(project, stores, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    make_alert(make_rule(project, opens_incident=True))
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("incidents.evidence.gather", die)
        respond.respond_to_alerts()
    incident = Incident.objects.get()
    assert not incident.evidence.exists()
    later = timezone.now() + respond.RETRY + respond.AT_ONCE
    assert [respond.keep_evidence(later), respond.keep_evidence(later)] == [1, 0]
    assert {piece.kind for piece in incident.evidence.all()} >= {"figures", "course", "changes"}


def test_an_alert_that_has_resolved_opens_one_after_the_fact(project, stores):
    alert = make_alert(make_rule(project))
    resolve(alert)
    alert.refresh_from_db()
    incident = respond.open_from_alert(alert, actor=make_alice(project))
    assert "After the fact: the alert “Quality dropped” had resolved at" in incident.timeline.first().text


def test_it_opens_without_figures_when_the_store_is_away(project, stores, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise store.StoreUnavailable("gone")

    make_alert(make_rule(project, opens_incident=True))
    with monkeypatch.context() as patch:
        patch.setattr("incidents.evidence.gather", away)
        respond.respond_to_alerts()
        respond.keep_evidence(timezone.now() + respond.RETRY + respond.AT_ONCE)
    incident = Incident.objects.get()
    said = [entry.text for entry in incident.timeline.filter(kind="evidence")]
    assert len(said) == 1 and "did not answer" in said[0]
    respond.keep_evidence(timezone.now() + 3 * respond.RETRY)
    assert incident.evidence.exists()
