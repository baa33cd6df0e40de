"""Alerts and rules in templates: their figures in words, their states as badges."""

from __future__ import annotations

from django import template

from alerts import wording
from alerts.models import Alert, Rule, Severity
from alerts.rules import Phase
from alerts.series import DEFINITIONS
from core.templatetags.onwatch import UNKNOWN

register = template.Library()

register.filter("condition", wording.condition_text)
register.filter("clears", wording.clears_text)
register.filter("sample", wording.sample_text)
register.filter("silence", wording.silence_text)
register.filter("minutes", wording.minutes_text)

SEVERITY_BADGES = {
    Severity.SEV1: "badge--solid-bad", Severity.SEV2: "badge--bad", Severity.SEV3: "badge--warn",
    Severity.SEV4: "badge--muted",
}  # fmt: skip
PHASE_BADGES = {
    Phase.OK: "badge--ok", Phase.PENDING: "badge--warn", Phase.FIRING: "badge--bad", Phase.RECOVERING: "badge--warn",
    Phase.NO_DATA: "badge--muted", Phase.ERROR: "badge--warn",
}  # fmt: skip


@register.filter
def in_unit(value: float | None, series: str) -> str:
    """A value with the unit of its series."""
    if value is None:
        return UNKNOWN
    return wording.value_text(series, value) if series in DEFINITIONS else f"{value:g}"


@register.filter
def value_text(alert: Alert) -> str:
    """What was measured when the alert fired."""
    return in_unit(alert.value, alert.evidence.get("series", ""))


@register.filter
def limit_text(alert: Alert) -> str:
    """What the value was beyond."""
    return in_unit(alert.threshold, alert.evidence.get("series", ""))


@register.inclusion_tag("alerts/_severity.html")
def severity(level: str, words: bool = False) -> dict[str, object]:
    """SEV1 to SEV4 as a badge; what it means on hover, or in words beside it."""
    known = Severity(level)
    return {"level": known, "badge": SEVERITY_BADGES[known], "words": words}


@register.inclusion_tag("alerts/_phase.html")
def phase(rule: Rule) -> dict[str, object]:
    """The state of a rule as a badge."""
    return {"rule": rule, "badge": PHASE_BADGES[Phase(rule.state)]}


@register.inclusion_tag("alerts/_state.html")
def alert_state(alert: Alert) -> dict[str, object]:
    """Firing, acknowledged or resolved, as a badge."""
    return {"alert": alert}
