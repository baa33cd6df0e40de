"""Filters for the pages of incidents."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts.models import Alert
from core.charts import Figure
from core.money import display, to_nano
from core.templatetags.onwatch import UNKNOWN, duration_text, percent_text
from incidents import figures
from incidents import markdown as safe_markdown
from incidents.models import Evidence, Incident
from incidents.playbook_format import duration
from incidents.respond import Known
from incidents.respond import known_incident as known_incident_of
from incidents.runs import Step

register = template.Library()

MILLISECOND = timedelta(milliseconds=1)


@register.filter
def markdown(text: str) -> SafeString:
    return safe_markdown.render(text)


@register.filter
def join_id(start: str, end: object) -> str:
    """Two halves of an element's id."""
    return f"{start}{end}"


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
    """``at once`` for whoever declared it, else how long it took."""
    if incident.responded_at and incident.responded_at - incident.opened_at < timedelta(seconds=1):
        return "at once"
    return f"after {_between(incident.opened_at, incident.responded_at)}"


@register.filter
def known_incident(alert: Alert) -> Known | None:
    return known_incident_of(alert)


@register.filter
def alert_figure(piece: Evidence, incident: Incident) -> Figure:
    return figures.alert_figure(piece.data, incident.project)


@register.filter
def course_charts(piece: Evidence, incident: Incident) -> list[figures.Chart]:
    return figures.course_charts(piece.data, incident.project)


@register.filter
def parsed(at: str) -> datetime | None:
    """A moment that was kept as text."""
    return parse_datetime(at)


#: What differs between two renderings of the same: words like "5 min ago", and the masks of CSRF tokens.
_FLEETING = re.compile(r'(?<=data-js-ago>)[^<]*|(?<=name="csrfmiddlewaretoken" value=")[^"]*')


@register.simple_block_tag
def part(content: str, name: str, tag: str = "div", css: str = "") -> SafeString:
    """A part of a page that ``static/js/merge.js`` replaces when what it says has changed, and only then."""
    stamp = hashlib.blake2s(_FLEETING.sub("", content).encode(), digest_size=8).hexdigest()
    return format_html(
        '<{} id="{}"{} data-stamp="{}">{}</{}>',
        tag, name, format_html(' class="{}"', css) if css else "", stamp, content, tag,
    )  # fmt: skip


@register.filter
def window_text(window: dict[str, str]) -> str:
    """When a step of a playbook is worked: ``From 5 min to 15 min.``"""
    bounds = {name: duration(text) for name, text in window.items()}
    start, end = (duration_text(at / MILLISECOND) if (at := bounds.get(name)) else "" for name in ("from", "to"))
    if not end:
        return f"From {start} on." if start else ""
    return f"From {start} to {end}." if start else f"Within {end}."


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
    ("Cost", "cost_usd", lambda value: display(to_nano(value))),
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
        shown = [f"{score['mean']:.2f} (n = {score['count']})" if score else UNKNOWN for score in found]
        rows.append({"name": f"Score {name}", "now": shown[0], "before": shown[1]})
    return rows


@register.filter
def current_step(steps: list[Step]) -> Step | None:
    """The first step that is not done: the one to work on."""
    return next((step for step in steps if not step.is_done), None)
