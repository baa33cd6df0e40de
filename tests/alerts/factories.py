"""Rules and traffic with good defaults."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from accounts.models import Project
from alerts.models import Alert, Rule
from telemetry.commit import settle, store_spans
from telemetry.span import Score, Span

#: One moment for all that a test stores and checks: an hour ago, because what is older than the retention is dropped.
NOW = datetime.now(UTC).replace(second=30, microsecond=0) - timedelta(hours=1)

_ids = itertools.count(1)


def make_rule(project: Project, **changes) -> Rule:
    """Error rate above 10 % in 10 minutes, at once, with as little ceremony as possible."""
    fields = {
        "name": f"rule {next(_ids)}",
        "series": "error_rate",
        "threshold": 10.0,
        "minimum_sample": 1,
        "for_minutes": 0,
        "keep_firing_minutes": 0,
        "debounce_minutes": 0,
        "next_check_at": NOW,
        "state_since": NOW - timedelta(hours=1),
    }
    rule = Rule(project=project, **fields | changes)
    rule.full_clean()
    rule.save()
    return rule


def make_alert(project: Project, rule: Rule | None = None, **changes) -> Alert:
    number = next(_ids)
    fields = {
        "fingerprint": rule.fingerprint if rule else f"{number:016x}",
        "severity": "SEV3",
        "title": f"alert {number}",
        "started_at": NOW - timedelta(minutes=5),
        "fired_at": NOW,
        "value": 20.0,
        "threshold": 10.0,
        "sample": 50,
        "evidence": {},
    }
    return Alert.objects.create(project=project, rule=rule, **fields | changes)


def make_span(project: Project, at: datetime, **changes) -> Span:
    number = next(_ids)
    fields = {
        "trace_id": f"{number:032x}",
        "span_id": f"{number:016x}",
        "start_time": at,
        "duration_ms": 100.0,
        "kind": "llm",
        "name": "chat",
        "model": "gpt-4o-mini",
        "cost_source": "reported",
    }
    return Span(project_id=project.pk, **fields | changes)


def send(project: Project, at: datetime, *, good: int = 0, bad: int = 0, **changes) -> list[Span]:
    """Calls in one minute, some of which time out; stored for good when this returns."""
    spans = [make_span(project, at, **changes) for _ in range(good)]
    spans += [make_span(project, at, status="error", error_type="timeout", **changes) for _ in range(bad)]
    store_spans(spans)
    settle()
    return spans


def send_scores(project: Project, at: datetime, value: float, count: int, *, name: str = "overall", **changes) -> None:
    """Answers that were judged with this value."""
    store_spans([make_span(project, at, scores=[Score(name=name, value=value)], **changes) for _ in range(count)])
    settle()
