"""Pages of alerts and rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts.access import may, viewer_required
from accounts.models import AuditEntry, Membership
from alerts import examples, figures, links, preview, queries
from alerts.doors import get_alert_or_404, get_rule_or_404
from alerts.models import Alert, Rule, Severity
from alerts.queries import AlertFilters, BadFilter
from core import htmx
from core.timerange import BadRange, TimeRange
from telemetry.marks import marks_in
from telemetry.scope import Scope
from telemetry.store import StoreUnavailable

PAGE = 50
#: Hours that the page of a rule shows.
HOURS = (6, 24, 48)
DEFAULT_HOURS = 24


def _bad_request(error: ValueError) -> HttpResponse:
    return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")


def _roles(request: HttpRequest) -> dict[str, bool]:
    return {
        "may_respond": may(request.user, request.project, Membership.Role.RESPONDER),
        "may_administer": may(request.user, request.project, Membership.Role.ADMIN),
    }


@viewer_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    query = request.GET.dict()
    try:
        scope = Scope.from_query(request.project, query)
        # The range in the address is kept for the pages with charts; this list goes back as far as there are alerts.
        filters = AlertFilters.from_query({**query, "from": ""}, now=datetime.now(UTC))
        page = queries.alerts(request.project.pk, filters, limit=PAGE, cursor=query.get("cursor", ""))
    except (BadFilter, BadRange) as error:
        return _bad_request(error)
    context = {
        "scope": scope,
        "page": page,
        "filters": filters,
        "cursor": query.get("cursor", ""),
        "query": _list_query(scope, filters),
        "hidden": parse_qsl(scope.query(), keep_blank_values=True),
        "open": queries.open_by_severity(request.project.pk),
        "states": queries.STATES,
        "severities": Severity.values,
        "rules": Rule.objects.filter(project=request.project).only("pk", "name"),
        **_roles(request),
    }
    answer = render(request, htmx.template(request, "alerts/list.html", "alerts/_list.html"), context)
    if htmx.wants_fragment(request) and "" in query.values():
        # The form sends its empty fields too; the address keeps what is asked for alone.
        answer["HX-Push-Url"] = f"{request.path}?{context['query']}"
    return answer


def _list_query(scope: Scope, filters: AlertFilters) -> str:
    """The address of this list without its cursor."""
    rule_id = str(filters.rule_id) if filters.rule_id else None
    return scope.query(
        state=filters.state or None, severity=filters.severity or None, rule=rule_id, q=filters.text or None
    )


@viewer_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    alert = get_alert_or_404(request, pk)
    try:
        scope = Scope.from_query(alert.project, request.GET.dict())
    except BadRange as error:
        return _bad_request(error)
    facts = alert.evidence
    shown = TimeRange(alert.started_at - timedelta(days=1), alert.fired_at + timedelta(minutes=1))
    context = {
        "scope": scope,
        "alert": alert,
        "facts": facts,
        "figure": figures.evidence_figure(alert, marks_in(alert.project, shown)),
        "examples": examples.rows(facts),
        "traces_url": links.evidence_traces(alert.project, facts),
        "earlier": queries.earlier(alert),
        # Incidents are of a later app; where it has nothing to offer, nothing stands in its place.
        "alert_actions": ("incidents/_alert_actions.html", "alerts/_no_actions.html"),
        **_roles(request),
    }
    return render(request, "alerts/detail.html", context)


@login_required
@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    alert = get_alert_or_404(request, pk, role=Membership.Role.RESPONDER)
    if alert.acknowledge(request.user):
        AuditEntry.objects.create(
            user=request.user, project=alert.project, action="alert.acknowledged", subject=alert.title[:200],
            detail={"id": alert.pk},
        )  # fmt: skip
        messages.success(request, "Acknowledged: the others see that you are on it.")
    else:
        messages.info(request, _why_not_acknowledged(Alert.objects.select_related("acknowledged_by").get(pk=pk)))
    return redirect(_next(request) or alert.get_absolute_url())


def _why_not_acknowledged(alert: Alert) -> str:
    if alert.acknowledged_at:
        return f"{alert.acknowledged_by or 'Somebody'} has acknowledged it already."
    return "It has resolved meanwhile."


def _next(request: HttpRequest) -> str:
    """Where the form says to go on, as long as that is on this site."""
    url = request.POST.get("next", "")
    return url if url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure()) else ""


@viewer_required
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    try:
        scope = Scope.from_query(request.project, request.GET.dict())
    except BadRange as error:
        return _bad_request(error)
    found = Rule.objects.filter(project=request.project).select_related("project", "budget")
    context = {"scope": scope, "rules": found.order_by("-enabled", "severity", "name"), **_roles(request)}
    return render(request, htmx.template(request, "alerts/rules.html", "alerts/_rules.html"), context)


@viewer_required
@require_safe
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_rule_or_404(request, pk)
    try:
        scope = Scope.from_query(found.project, request.GET.dict())
        hours = _hours(request)
    except BadRange as error:
        return _bad_request(error)
    now = datetime.now(UTC)
    span = TimeRange(now - timedelta(hours=hours), now)
    context = {
        "scope": scope,
        "rule": found,
        "hours": hours,
        "choices": HOURS,
        "alerts": found.alerts.select_related("acknowledged_by").order_by("-fired_at")[:20],
        "traces_url": links.rule_traces(found),
        **_preview(found, span),
        **_roles(request),
    }
    return render(request, "alerts/rule.html", context)


def _hours(request: HttpRequest) -> int:
    text = request.GET.get("hours", str(DEFAULT_HOURS))
    if text not in map(str, HOURS):
        raise BadRange(f"hours: {text!r} is not one of {', '.join(map(str, HOURS))}")
    return int(text)


def _preview(found: Rule, span: TimeRange) -> dict[str, Any]:
    """Empty while the store is away: the page says so and shows the rest."""
    try:
        played = preview.simulate(found, span)
    except StoreUnavailable:
        return {"preview": None}
    if not any(point.reading.value is not None for point in played.points):
        return {"preview": played, "figure": None}
    alerts = [alert for alert in found.alerts.all()[:50] if alert.resolved_at is None or alert.resolved_at > span.start]
    figure = figures.rule_figure(found, played, alerts, marks_in(found.project, span))
    return {"preview": played, "figure": figure}
