"""From an alert to an incident: by one click, or by itself where the rule says so. The same alert again adds to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import capfirst

from accounts.models import User
from alerts.models import Alert
from core.clickhouse import StoreUnavailable
from incidents import evidence, runs
from incidents.actions import declare, link_alert, link_trace, write
from incidents.models import OPEN_STATES, Entry, Evidence, Incident, LinkedAlert, Playbook

#: What is said of a trace that was linked as evidence.
EXAMPLE = "example taken when it was opened"
#: Whoever opens an incident takes its figures at once; only after so long does the sweep think of it.
AT_ONCE = timedelta(seconds=20)
#: Between two tries while the store is away, and how long figures still say something about the moment.
RETRY = timedelta(seconds=20)
GIVE_UP = timedelta(hours=1)


class Known(NamedTuple):
    """The incident for an alert, and whether the alert is a part of it already."""

    incident: Incident
    is_linked: bool


def known_incident(alert: Alert) -> Known | None:
    """The incident that this alert belongs to: its own, or the open one of the same fingerprint."""
    link = LinkedAlert.objects.select_related("incident").filter(alert=alert).first()
    if link:
        return Known(link.incident, True)
    same = Incident.objects.filter(project=alert.project_id, fingerprint=alert.fingerprint, state__in=OPEN_STATES)
    found = same.order_by("-opened_at").first()
    return Known(found, False) if found else None


@transaction.atomic
def open_from_alert(alert: Alert, *, actor: User | None = None, severity: str = "") -> Incident:
    """Open an incident for the alert, or add the alert to the one that is open for the same problem.

    The severity and playbook are the rule's unless a person chose otherwise. Two callers at once get one incident,
    because the alert is claimed by a conditional update in the same transaction.
    """
    alert.claim()
    Alert.objects.select_for_update().get(pk=alert.pk)
    known = known_incident(alert)
    if known:
        link_alert(known.incident, alert, actor=actor)
        return known.incident
    rule = alert.rule
    scope = rule.scope if rule else {}
    incident = declare(
        alert.project,
        title=alert.title[:200],
        severity=severity or alert.severity,
        actor=actor,
        features=[scope["feature"]] if scope.get("feature") else [],
        models=[scope["model"]] if scope.get("model") else [],
        fingerprint=alert.fingerprint,
        reason=_reason(alert),
    )
    link_alert(incident, alert, actor=actor)
    playbook = Playbook.objects.filter(slug=rule.playbook, archived_at=None).first() if rule and rule.playbook else None
    if playbook and playbook.newest:
        runs.start(incident, playbook, actor=actor, base_url=settings.ONWATCH_BASE_URL)
    return incident


def _reason(alert: Alert) -> str:
    if alert.is_open:
        return f"The alert “{alert.title}” fired."
    return f"After the fact: the alert “{alert.title}” had resolved at {alert.resolved_at:%Y-%m-%d %H:%M} UTC."


def collect_evidence(incident: Incident, alert: Alert | None = None) -> bool:
    """Keep the figures of this moment, once; False while the store is away, which the timeline says the first time.

    Until it is done ``Incident.evidence_due_at`` is set, and the sweep goes on trying.
    """
    now = timezone.now()
    mine = Incident.objects.filter(pk=incident.pk, evidence_due_at__isnull=False).update(evidence_due_at=now + RETRY)
    if not mine:
        return True
    alert = alert or _first_alert(incident)
    try:
        pieces, trace_ids = evidence.gather(incident, alert)
    except StoreUnavailable as error:
        _say_once(incident, f"No figures could be taken yet: the telemetry store did not answer ({error}).")
        return False
    with transaction.atomic():
        if not Incident.objects.filter(pk=incident.pk, evidence_due_at__isnull=False).update(evidence_due_at=None):
            return True
        Evidence.objects.bulk_create(pieces)
        for trace_id in trace_ids:
            link_trace(incident, trace_id, note=EXAMPLE)
        kept = f"Kept {len(pieces)} pieces of evidence and {len(trace_ids)} example traces."
        write(incident, Entry.EVIDENCE, kept, evidence=[piece.kind for piece in pieces])
    return True


def _first_alert(incident: Incident) -> Alert | None:
    link = incident.alerts.select_related("alert").first()
    return link.alert if link else None


def _say_once(incident: Incident, text: str) -> None:
    if not incident.timeline.filter(kind=Entry.EVIDENCE).exists():
        write(incident, Entry.EVIDENCE, text)


def keep_evidence(now: datetime | None = None) -> int:
    """Keep what was not kept when an incident opened, because its process died or the store was away."""
    now = now or timezone.now()
    due = Incident.objects.filter(evidence_due_at__lte=now - AT_ONCE).select_related("project")
    done = 0
    for incident in due[:20]:
        if incident.opened_at < now - GIVE_UP:
            Incident.objects.filter(pk=incident.pk).update(evidence_due_at=None)
            write(incident, Entry.EVIDENCE, "No figures could be taken: the telemetry store did not answer in time.")
        else:
            done += collect_evidence(incident)
    return done


def respond_to_alerts(now: datetime | None = None) -> int:
    """Open incidents for the alerts whose rules ask for it; returns how many alerts were handed over."""
    handled = 0
    for alert in Alert.objects.wanting_incident().select_related("rule", "project")[:20]:
        collect_evidence(open_from_alert(alert), alert)
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
                f"Alert resolved: {link.alert.title}. {capfirst(link.alert.resolution)}".strip(),
                at=link.alert.resolved_at,
                alert=link.alert_id,
            )
            told += 1
    return told
