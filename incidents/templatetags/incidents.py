"""Filters for the pages of incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.safestring import SafeString

from core.charts import Figure
from core.templatetags.onwatch import UNKNOWN, duration_text, percent_text
from incidents import figures
from incidents import markdown as safe_markdown
from incidents.models import Evidence, Incident
from incidents.runs import Step

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    return safe_markdown.render(text)


@register.filter
def overdue(step: Step, now: datetime) -> bool:
    return step.is_overdue(now)


def _between(start: datetime, end: datetime | None) -> str:
    return duration_text((end - start).total_seconds() * 1000) if end else UNKNOWN


@register.filter
def lasted(incident: Incident) -> str:
    """From opening to resolving."""
    return _between(incident.opened_at, incident.resolved_at)


@register.filter
def responded_after(incident: Incident) -> str:
    return _between(incident.opened_at, incident.responded_at)


@register.filter
def evidence_figure(piece: Evidence) -> Figure:
    return figures.evidence_figure(piece.data)


@register.filter
def figure_id(piece: Evidence) -> str:
    return f"evidence-{piece.pk}"


#: Row title, key of the facts, how it reads.
_ROWS = (
    ("Calls", "calls", lambda value: f"{value:,}"),
    ("Failed calls", "errors", lambda value: f"{value:,}"),
    ("Error rate", "error_rate", percent_text),
    ("Latency, median", "p50_ms", duration_text),
    ("Latency, p99", "p99_ms", duration_text),
    ("Cost", "cost_usd", lambda value: f"${value}"),
)


@register.filter
def figure_rows(piece: Evidence) -> list[dict[str, Any]]:
    """Kept figures as rows of a table: then, and the day before."""
    now, before = piece.data["now"], piece.data["yesterday"]

    def text(facts: dict[str, Any], key: str, show: Any) -> str:  # noqa: ANN401
        return UNKNOWN if facts.get(key) is None else show(facts[key])

    rows = [{"name": name, "now": text(now, key, show), "before": text(before, key, show)} for name, key, show in _ROWS]
    for name in sorted({*now["scores"], *before["scores"]}):
        found = [facts["scores"].get(name) for facts in (now, before)]
        shown = [f"{score['mean']:.2f} (n = {score['count']})" if score else UNKNOWN for score in found]
        rows.append({"name": f"Score {name}", "now": shown[0], "before": shown[1]})
    return rows


@register.filter
def current_step(steps: list[Step]) -> Step | None:
    """The first step that is not done: the one to work on."""
    return next((step for step in steps if not step.is_done), None)
