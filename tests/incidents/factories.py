"""Incidents and alerts with good defaults."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import Project, User
from alerts.models import Alert, Rule
from incidents import actions
from incidents.models import Incident


def make_rule(project: Project, **values) -> Rule:
    values = {"name": "Quality dropped", "series": "score", "subject": "overall", "threshold": 0.7} | values
    return Rule.objects.create(project=project, **values)


def make_alert(rule: Rule, **values) -> Alert:
    now = timezone.now()
    values = {
        "title": rule.name,
        "severity": rule.severity,
        "fingerprint": rule.fingerprint,
        "started_at": now - timedelta(minutes=12),
        "fired_at": now - timedelta(minutes=2),
    } | values
    return Alert.objects.create(project=rule.project, rule=rule, **values)


def make_incident(project: Project, *, actor: User | None = None, **values) -> Incident:
    values = {"title": "Answers are wrong", "severity": "SEV2"} | values
    return actions.declare(project, actor=actor, **values)
