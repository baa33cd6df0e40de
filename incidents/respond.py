"""From an alert to an incident: by one click, or by itself where the rule says so. The same alert again adds to it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from alerts.models import Alert
from core.clickhouse import StoreUnavailable
from incidents import evidence, runs
from incidents.actions import declare, link_alert, link_trace, write
from incidents.models import OPEN_STATES, Entry, Incident, LinkedAlert, Playbook


def incident_for(alert: Alert) -> Incident | None:
    """The incident that this alert belongs to: its own, or the open one of the same fingerprint."""
    link = LinkedAlert.objects.select_related("incident").filter(alert=alert).first()
    if link:
        return link.incident
    same = Incident.objects.filter(project=alert.project, fingerprint=alert.fingerprint)
    return same.filter(state__in=OPEN_STATES).order_by("-opened_at").first()


@transaction.atomic
def open_from_alert(alert: Alert, *, actor: User | None = None, severity: str = "") -> Incident:
    """Open an incident for the alert, or add the alert to the one that is open for the same problem.

    The severity and playbook are the rule's unless a person chose otherwise. Two callers at once get one incident,
    because the alert is claimed by a conditional update in the same transaction.
    """
    alert.claim()
    Alert.objects.select_for_update().get(pk=alert.pk)
    known = incident_for(alert)
    if known:
        link_alert(known, alert, actor=actor)
        return known
    rule = alert.rule
    scope = rule.scope if rule else {}
    incident = declare(
        alert.project,
        title=alert.title,
        severity=severity or alert.severity,
        actor=actor,
        features=[scope["feature"]] if scope.get("feature") else [],
        models=[scope["model"]] if scope.get("model") else [],
        fingerprint=alert.fingerprint,
        reason=f"The alert “{alert.title}” fired.",
    )
    link_alert(incident, alert, actor=actor)
    playbook = Playbook.objects.filter(slug=rule.playbook, archived_at=None).first() if rule and rule.playbook else None
    if playbook and playbook.newest:
        runs.start(incident, playbook, actor=actor, base_url=settings.ONWATCH_BASE_URL)
    return incident


def collect_evidence(incident: Incident, alert: Alert) -> None:
    """Keep the figures of this moment. A store that is away is said on the timeline instead."""
    try:
        pieces, trace_ids = evidence.gather(incident, alert)
    except StoreUnavailable as error:
        write(incident, Entry.EVIDENCE, f"No figures could be taken: the telemetry store did not answer ({error}).")
        return
    with transaction.atomic():
        for piece in pieces:
            piece.save()
        for trace_id in trace_ids:
            link_trace(incident, trace_id, note="example taken when the alert fired")
        write(incident, Entry.EVIDENCE, f"Kept {len(pieces)} pieces of evidence and {len(trace_ids)} example traces.")


def respond_to_alerts(now: datetime | None = None) -> int:
    """Open incidents for the alerts whose rules ask for it; returns how many alerts were handed over."""
    handled = 0
    for alert in Alert.objects.wanting_incident().select_related("rule", "project")[:20]:
        incident = open_from_alert(alert)
        if not incident.evidence.exists():
            collect_evidence(incident, alert)
        handled += 1
    return handled


def tell_resolved(now: datetime | None = None) -> int:
    """Write on the timeline that a linked alert ended; each is told once."""
    now = now or timezone.now()
    ended = LinkedAlert.objects.filter(
        alert__state=Alert.State.RESOLVED, alert__resolved_at__gte=now - timedelta(days=1), end_told_at=None
    ).select_related("alert", "incident")
    told = 0
    for link in ended[:100]:
        with transaction.atomic():
            if not LinkedAlert.objects.filter(pk=link.pk, end_told_at=None).update(end_told_at=now):
                continue
            write(
                link.incident,
                Entry.ALERT,
                f"Alert resolved: {link.alert.title}. {link.alert.resolution}".strip(),
                at=link.alert.resolved_at,
                alert=link.alert_id,
            )
            told += 1
    return told
