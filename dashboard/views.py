"""The dashboard page, its panels one by one, and the appearance switch."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST

from accounts.access import viewer_required
from accounts.models import User
from core.timerange import BadRange
from dashboard.panels import BY_NAME, PANELS
from dashboard.queries import Reading
from telemetry.scope import Scope
from telemetry.senders.views import where_to_send
from telemetry.store import StoreUnavailable


@gzip_page
@require_GET
@viewer_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """All panels of the current project; for one that never received anything, how to send."""
    try:
        scope = Scope.from_query(request.project, request.GET.dict())
    except BadRange as error:
        return render(request, "400.html", {"message": str(error)}, status=400)
    reading = Reading(scope)
    if _is_new(reading):
        return render(request, "dashboard/first_span.html", {"scope": scope} | where_to_send(request))
    panels = [panel.render(scope, reading=reading) for panel in PANELS]
    return render(request, "dashboard/dashboard.html", {"scope": scope, "panels": panels})


@require_GET
@viewer_required
def panel(request: HttpRequest, name: str) -> HttpResponse:
    """One panel alone, for refreshing, polling and retrying."""
    if name not in BY_NAME:
        raise Http404("No such panel.")
    try:
        scope = Scope.from_query(request.project, request.GET.dict())
    except BadRange as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain")
    return HttpResponse(BY_NAME[name].render(scope))


@require_GET
@viewer_required
def first_span(request: HttpRequest) -> HttpResponse:
    """Asked again and again by the empty page: 204 until something has arrived, then a reload."""
    if _is_new(Reading(Scope.from_query(request.project, {}))):
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Refresh": "true"})


def _is_new(reading: Reading) -> bool:
    """False when that cannot be known: the panels then say what is away."""
    try:
        return reading.is_new
    except StoreUnavailable:
        return False


@login_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the person's choice of light, dark or as the system; back to where they were."""
    choice = request.POST.get("theme", "")
    if choice not in User.Theme.values:
        return HttpResponseBadRequest(f"theme: not one of {', '.join(User.Theme.values)}", content_type="text/plain")
    request.user.theme = choice
    request.user.save(update_fields=["theme"])
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "/")
