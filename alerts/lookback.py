"""The demo's past: traffic that was sent after the fact raises the alerts that it would have raised at its time."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import Project
from alerts import preview
from alerts.evaluate import Look, new_alert
from alerts.models import Alert, Rule
from alerts.preview import Firing
from core.timerange import TimeRange
from telemetry import series
from telemetry.series import Parts

FOUND = "all was well again; found by looking back"
LOOKED_AT = timedelta(hours=24)
#: The traffic of this long must have arrived and been judged, or baselines and quality would be wrong.
NEEDED = timedelta(hours=47)
HOUR = timedelta(hours=1)
#: Two alerts of one rule nearer than this are the same one, seen live and again in looking back.
SAME_WITHIN = timedelta(minutes=30)


def record(rule: Rule, span: TimeRange) -> list[Alert]:
    """Keep as resolved alerts what the rule would have raised and resolved in this range, once."""
    firings = [firing for firing in preview.simulate(rule, span).firings if firing.resolved_at]
    alerts = [_alert(rule, firing) for firing in firings if not _is_known(rule, firing)]
    return Alert.objects.bulk_create(alerts)


def _is_known(rule: Rule, firing: Firing) -> bool:
    ended = Q(resolved_at=None) | Q(resolved_at__gte=firing.fired_at - SAME_WITHIN)
    return rule.alerts.filter(ended, fired_at__lte=(firing.resolved_at or firing.fired_at) + SAME_WITHIN).exists()


def _alert(rule: Rule, firing: Firing) -> Alert:
    window = TimeRange(firing.fired_at - rule.window, firing.fired_at)
    look = Look(firing.observation, window)
    alert = new_alert(rule, look, firing.limits, started_at=firing.started_at, fired_at=firing.fired_at)
    alert.state, alert.resolved_at, alert.resolution = Alert.State.RESOLVED, firing.resolved_at, FOUND
    return alert


class DemoHistorian:
    """Looks back on the demo's rules, one a step, when its past is complete; once for each start of the process."""

    def __init__(self) -> None:
        self._done: set[int] = set()

    def step(self) -> bool:
        """Look back on one rule. False when there is nothing to do (yet)."""
        waiting = Rule.objects.filter(project__purpose=Project.Purpose.DEMO, enabled=True).exclude(pk__in=self._done)
        rule = waiting.select_related("project", "budget__project").first()
        now = timezone.now()
        if rule is None or not self._is_complete(rule.project, now):
            return False
        record(rule, TimeRange(now - LOOKED_AT, now))
        self._done.add(rule.pk)
        return True

    def _is_complete(self, project: Project, now: datetime) -> bool:
        """Whether every hour has calls and scores."""
        hours = series.windows(project.pk, TimeRange(now - NEEDED, now - HOUR), HOUR, parts=Parts.SPANS | Parts.SCORES)
        return all(window.calls and window.score("overall").count for _, window in hours)
