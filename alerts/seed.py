"""The rules that every project begins with. Figures and reasons are in docs/alerts.md."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import Project
from alerts.models import Baselines, Rule, Severity
from alerts.rules import Condition, Direction
from alerts.series import Series

_QUALITY_DROP: dict[str, Any] = {
    "series": Series.SCORE,
    "subject": "overall",
    "condition": Condition.CHANGE,
    "direction": Direction.BELOW,
    "baseline": Baselines.AUTO,
    "certain": True,
    "window_minutes": 60,
    "widest_window_minutes": 240,
    "for_minutes": 10,
    "minimum_sample": 60,
    "playbook": "quality-degradation",
}


def _defaults(project: Project) -> list[dict[str, Any]]:
    return [
        {
            "name": "Outage: most calls fail",
            "description": "More than half of the calls fail, and chance is excluded. Is the model provider up? "
            "What was deployed last?",
            "severity": Severity.SEV1,
            "series": Series.ERROR_RATE,
            "threshold": 50,
            "clear_threshold": 25,
            "certain": True,
            "window_minutes": 5,
            "for_minutes": 2,
            "keep_firing_minutes": 10,
            "minimum_sample": 10,
            "opens_incident": True,
            "playbook": "provider-down",
        },
        {
            "name": "Quality drop over 20 %",
            "description": "Answers are judged clearly worse than usual at this hour.",
            "severity": Severity.SEV2,
            "threshold": 20,
            "clear_threshold": 10,
            "keep_firing_minutes": 20,
            **_QUALITY_DROP,
        },
        {
            "name": "Quality drop over 15 %",
            "description": "Answers are judged worse than usual at this hour: time to begin the playbook.",
            "severity": Severity.SEV3,
            "threshold": 15,
            "clear_threshold": 8,
            "keep_firing_minutes": 20,
            **_QUALITY_DROP,
        },
        {
            "name": "Low quality",
            "description": "The mean of the overall score is low, whatever is usual. This needs no history, so it "
            "watches from the first day; set it to what your own answers reach.",
            "severity": Severity.SEV3,
            "series": Series.SCORE,
            "subject": "overall",
            "direction": Direction.BELOW,
            "threshold": 0.5,
            "window_minutes": 30,
            "widest_window_minutes": 120,
            "for_minutes": 10,
            "keep_firing_minutes": 10,
            "minimum_sample": 30,
            "playbook": "quality-degradation",
        },
        {
            "name": "Elevated error rate",
            "description": "More calls fail than should. The error types on the dashboard say which way to look.",
            "severity": Severity.SEV3,
            "series": Series.ERROR_RATE,
            "threshold": 10,
            "clear_threshold": 5,
            "certain": True,
            "window_minutes": 10,
            "widest_window_minutes": 60,
            "for_minutes": 5,
            "keep_firing_minutes": 10,
            "minimum_sample": 20,
            "playbook": "provider-down",
        },
        {
            "name": "Slow calls (p99)",
            "description": "The slowest of 100 calls takes longer than the project's latency target.",
            "severity": Severity.SEV3,
            "series": Series.LATENCY_P99,
            "threshold": project.latency_target_ms,
            "window_minutes": 15,
            "widest_window_minutes": 60,
            "for_minutes": 10,
            "keep_firing_minutes": 10,
            "minimum_sample": 100,
        },
        {
            "name": "Spend spike: +200 %, that is 3x",
            "description": "This hour costs more than three times what this hour usually costs.",
            "severity": Severity.SEV2,
            "series": Series.COST,
            "condition": Condition.CHANGE,
            "threshold": 200,
            "clear_threshold": 50,
            "floor": 1,
            "baseline": Baselines.AUTO,
            "window_minutes": 60,
            "for_minutes": 5,
            "keep_firing_minutes": 10,
            "playbook": "cost-spike",
        },
        {
            "name": "Spend in one hour",
            "description": "The calls of the last 60 minutes cost more than this sum; set it to what you can bear.",
            "severity": Severity.SEV3,
            "series": Series.COST,
            "threshold": 25,
            "window_minutes": 60,
            "for_minutes": 0,
            "keep_firing_minutes": 5,
            "playbook": "cost-spike",
        },
        {
            "name": "Budget nearly used",
            "description": "One of the project's budgets is used by more than nine tenths before its period ends.",
            "severity": Severity.SEV3,
            "series": Series.BUDGET,
            "threshold": 90,
            "for_minutes": 0,
            "keep_firing_minutes": 0,
            "check_every_seconds": 30,
            "playbook": "cost-spike",
        },
    ]


@transaction.atomic
def seed(project: Project) -> None:
    """Give a project without rules the usual ones; what people changed or deleted stays as it is.

    The console's own project makes no calls to models, so nothing there is watched.
    """
    if project.purpose == Project.Purpose.CONSOLE or Rule.objects.filter(project=project).exists():
        return
    for fields in _defaults(project):
        rule = Rule(project=project, **fields)
        rule.full_clean()
        rule.save()
