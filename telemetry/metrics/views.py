"""The metrics that a project sends, and a chart of each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import may, viewer_required
from accounts.models import Membership
from core.timerange import BadRange
from telemetry.marks import marks_in
from telemetry.metrics import page as metric_page
from telemetry.metrics.figures import metric_figure
from telemetry.metrics.page import MOST_VALUES, WHERE, BadMetric, Chart
from telemetry.scope import Scope
from telemetry.store import StoreUnavailable


@require_GET
@viewer_required
def metric_list(request: HttpRequest) -> HttpResponse:
    """Every metric with its last value; ``q`` narrows by name."""
    try:
        scope = Scope.from_query(request.project, request.GET.dict())
    except BadRange as error:
        return render(request, "400.html", {"message": str(error)}, status=400)
    text = request.GET.get("q", "").strip()[:200]
    context: dict[str, Any] = {"scope": scope, "q": text, "endpoint": request.build_absolute_uri("/").rstrip("/")}
    try:
        context["rows"] = metric_page.rows(scope, text)
    except StoreUnavailable:
        return render(request, "telemetry/metrics.html", context | {"unavailable": True}, status=503)
    return render(request, "telemetry/metrics.html", context)


@require_GET
@viewer_required
def metric_chart(request: HttpRequest) -> HttpResponse:
    """One metric over time: ``metric``, ``aggregation``, ``by`` an attribute, ``where.NAME`` narrows."""
    query = request.GET.dict()
    try:
        scope = Scope.from_query(request.project, query)
        shown = metric_page.chart(scope, query)
    except (BadRange, BadMetric) as error:
        return render(request, "400.html", {"message": str(error)}, status=400)
    except StoreUnavailable:
        context = {"scope": scope, "name": query.get("metric", ""), "unavailable": True}
        return render(request, "telemetry/metric.html", context, status=503)
    if shown is None:
        raise Http404("No such metric.")
    return render(request, "telemetry/metric.html", _context(request, scope, shown))


def _context(request: HttpRequest, scope: Scope, shown: Chart) -> dict[str, Any]:
    def link(**changes: str | None) -> str:
        own = {"metric": shown.name, "aggregation": shown.aggregation, "by": shown.by}
        own |= {f"{WHERE}{name}": value for name, value in shown.where.items()}
        kept = {name: value for name, value in (own | changes).items() if value}
        return f"?{scope.query()}&{urlencode(kept)}"

    figure = None
    if not shown.is_empty:
        revision = f"metric {shown.name} {shown.aggregation} {shown.by} {scope.span.preset or scope.span.start}"
        figure = metric_figure(shown, marks=marks_in(scope.project, scope.span), uirevision=revision)
    return {
        "scope": scope,
        "name": shown.name,
        "shown": shown,
        "figure": figure,
        "may_administer": may(request.user, request.project, Membership.Role.ADMIN),
        "silent": " ".join(("metric", "aggregation", "by", *(f"{WHERE}{name}" for name in shown.where))),
        "aggregations": [
            {"name": name, "label": each.label, "url": link(aggregation=name), "current": name == shown.aggregation}
            for name, each in shown.choices.items()
        ],
        "groupings": [{"name": "", "label": "all together", "url": link(by=None), "current": not shown.by}]
        + [
            {"name": each.name, "label": each.name, "url": link(by=each.name), "current": each.name == shown.by}
            for each in shown.attributes
        ],
        "chips": [
            {"label": name, "value": value, "url": link(**{f"{WHERE}{name}": None})}
            for name, value in shown.where.items()
        ],
        "filters": [
            {
                "name": each.name,
                "rest": max(0, each.different - MOST_VALUES),
                "values": [
                    {"label": value or "(none)", "url": link(**{f"{WHERE}{each.name}": value})}
                    for value in each.values[:MOST_VALUES]
                ],
            }
            for each in shown.attributes
            if each.name not in shown.where
        ],
        "rule_query": urlencode(
            {"project": scope.project.slug, "series": "metric", "subject": shown.name, "aggregation": shown.aggregation}
        ),
    }
