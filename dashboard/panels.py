"""The dashboard's panels, in their order: what each is called, what it shows, and how it is rendered.

A panel works in three places: inside the page, alone at ``/panels/<name>/``, and pushed (``oob``) to open pages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import OperationalError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from alerts.models import Alert
from core.timerange import COMPARISONS
from costs.budgets import BudgetStatus
from dashboard import figures, issues, links
from dashboard.health import FEW_SCORES
from dashboard.queries import Reading
from incidents import queries as incidents
from telemetry.marks import marks_in
from telemetry.scope import Scope
from telemetry.series import Parts
from telemetry.store import StoreUnavailable
from telemetry.window import ModelSum, Window

logger = logging.getLogger(__name__)

Context = dict[str, Any]

MOST_MODELS = 8
MOST_BUDGETS = 4
MOST_ALERTS = 8


@dataclass(frozen=True, slots=True)
class Panel:
    """``context`` reads what the template shows; it may raise StoreUnavailable, which the panel then says by itself."""

    name: str
    title: str
    context: Callable[[Reading], Context]
    #: Pushed at most so often, in seconds: what needs more than a glance need not change at every glance.
    pause: float = 0.0

    @property
    def template(self) -> str:
        return f"dashboard/_{self.name}.html"

    def render(self, scope: Scope, *, oob: bool = False, reading: Reading | None = None) -> SafeString:
        """The panel as HTML. ``reading`` lets several panels of one scope share what they read."""
        frame: Context = {
            "panel": self,
            "scope": scope,
            "oob": oob,
            "url": f"{reverse('dashboard:panel', args=[self.name])}?{scope.query()}",
            "against": COMPARISONS[scope.compare] if scope.before else "",
        }
        try:
            return render_to_string(self.template, frame | self.context(reading or Reading(scope)))
        except (StoreUnavailable, OperationalError) as error:
            logger.warning("The panel %s of project %s has no figures: %s", self.name, scope.project.slug, error)
            return render_to_string("dashboard/_unavailable.html", frame)


def _open_incidents(reading: Reading) -> Context:
    found = incidents.open_with_clock(reading.scope.project)
    return {"incidents": found, "absent": not found, "now": datetime.now(UTC)}


def _health(reading: Reading) -> Context:
    scope, now = reading.scope, reading.now()
    raw = {
        "quality": links.traces(scope, score="overall" if now.score("overall").count else None),
        "latency": links.traces(scope, calls="1", min_ms=str(scope.project.latency_target_ms)),
        "errors": links.traces(scope, calls="1", status="error"),
        "cost": links.traces(scope, calls="1"),
    }
    return {
        "health": reading.health,
        "components": [(component, raw[component.key]) for component in reading.health.components],
        "now": now,
        "p95": now.latency_ms(0.95),
        "calls_url": links.traces(scope, calls="1"),
        "ignored": [name for name in ("user_id", "session_id") if name in scope.filters.values],
    }


def _quality(reading: Reading) -> Context:
    scope, now = reading.scope, reading.now(Parts.SCORES)
    before = reading.before(Parts.SCORES) or Window()
    trend, trend_before = reading.trend(Parts.SCORES), reading.trend_before(Parts.SCORES)
    names = figures.score_names(trend)
    rows = []
    for name in names:
        sums, mean_before = now.score(name), before.score(name).mean
        change = sums.mean - mean_before if sums.mean is not None and mean_before is not None else None
        url = links.traces(scope, score=name)
        rows.append(
            {"name": name, "sums": sums, "change": change, "url": url, "dot": figures.colour_number(name, names)}
        )
    return {
        "rows": rows,
        "few": FEW_SCORES,
        "figure": figures.quality_figure(scope, trend, trend_before, marks_in(scope.project, scope.span)),
    }


def _errors(reading: Reading) -> Context:
    wanted = Parts.SPANS | Parts.FAILURES
    scope, now, before = reading.scope, reading.now(wanted), reading.before(wanted)
    total = sum(now.failures.values())
    rows = [
        {
            "type": error_type,
            "count": failed,
            "share": failed / total,
            "before": before.failures.get(error_type, 0) if before and before.spans else None,
            "url": links.traces(scope, failed="1", error_type=error_type),
        }
        for error_type, failed in sorted(now.failures.items(), key=lambda item: (-item[1], item[0]))
        if failed
    ]
    rate_before = before.error_rate if before else None
    change = now.error_rate - rate_before if now.error_rate is not None and rate_before is not None else None
    return {
        "rows": rows,
        "total": total,
        "now": now,
        "change": change,
        "failed_url": links.traces(scope, failed="1"),
        "calls_url": links.traces(scope, calls="1", status="error"),
        "figure": figures.failures_figure(
            scope,
            reading.trend(Parts.FAILURES),
            reading.trend_before(Parts.FAILURES),
            marks_in(scope.project, scope.span),
        ),
    }


def _issues(reading: Reading) -> Context:
    found = issues.find(reading)
    return {"issues": found, "received": bool(found) or reading.now(Parts.SPANS).spans > 0}


def _costs(reading: Reading) -> Context:
    scope, now, before = reading.scope, reading.now(Parts.SPANS), reading.before(Parts.SPANS)
    ordered = sorted(now.models.items(), key=lambda item: (-item[1].cost_nano, -item[1].calls, item[0]))
    shown, rest = ordered[:MOST_MODELS], ModelSum()
    for _, sums in ordered[MOST_MODELS:]:
        rest.add(sums)
    most = max((sums.cost_nano for _, sums in ordered), default=0)
    rows = [
        {
            "model": model,
            "sums": sums,
            "share": sums.cost_nano / now.cost_nano if now.cost_nano else 0.0,
            "bar": 100 * sums.cost_nano / most if most else 0,
            "before": before.models.get(model) if before else None,
            "url": links.traces(scope, model=model, calls="1"),
        }
        for model, sums in shown
    ]
    spent_before = before.cost_nano if before and before.calls else None
    return {
        "rows": rows,
        "rest": rest if len(ordered) > MOST_MODELS else None,
        "rest_count": len(ordered) - MOST_MODELS,
        "now": now,
        "change": (now.cost_nano - spent_before) / spent_before if spent_before else None,
        "spent_before": spent_before,
        "unpriced": sum(sums.unpriced for sums in now.models.values()),
        "unpriced_url": links.traces(scope, calls="1", unpriced="1"),
        "calls_url": links.traces(scope, calls="1"),
        "budgets": [_budget_row(status) for status in reading.budgets[:MOST_BUDGETS]],
        "more_budgets": max(0, len(reading.budgets) - MOST_BUDGETS),
    }


def _budget_row(status: BudgetStatus) -> Context:
    return {
        "status": status,
        "used": min(100.0, 100 * status.share),
        "expected": min(100.0, 100 * status.forecast_share),
        "level": {"ok": "ok", "warning": "warn", "over": "bad"}[status.state],
    }


def _alerts(reading: Reading) -> Context:
    found = Alert.objects.filter(project=reading.scope.project).select_related("rule", "acknowledged_by")
    return {
        "alerts": found[:MOST_ALERTS],
        "firing": found.open().count(),
        "has_rules": reading.scope.project.rules.exists(),
    }


PANELS: tuple[Panel, ...] = (
    # Hidden while there are none.
    Panel("open-incidents", "Open incidents", _open_incidents),
    Panel("health", "Health score", _health),
    Panel("quality", "Response quality", _quality),
    Panel("errors", "Error distribution", _errors),
    Panel("issues", "Top issues", _issues, pause=10),
    Panel("costs", "Cost breakdown", _costs, pause=3),
    Panel("alerts", "Recent alerts", _alerts),
)

BY_NAME: dict[str, Panel] = {panel.name: panel for panel in PANELS}
