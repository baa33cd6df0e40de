"""The quality page and its download."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import may, viewer_required
from accounts.models import Membership
from core.downloads import csv_file
from core.timerange import BadRange
from quality import page
from quality.page import BadParameter, View
from telemetry.scope import Scope
from telemetry.store import StoreUnavailable


def _asked_rightly(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A query string that makes no sense is answered with the reason."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except (BadRange, BadParameter) as wrong:
            return HttpResponseBadRequest(str(wrong), content_type="text/plain; charset=utf-8")

    return answered


def _view(request: HttpRequest) -> View:
    query = request.GET.dict()
    return View.from_query(Scope.from_query(request.project, query), query)


@viewer_required
@require_safe
@_asked_rightly
def overview(request: HttpRequest) -> HttpResponse:
    """How good the answers are, how sure that is, what changed, and where they are worst."""
    view = _view(request)
    now = datetime.now(UTC)
    context = {
        "view": view,
        "scope": view.scope,
        "now": now,
        "may_administer": may(request.user, request.project, Membership.Role.ADMIN),
    }
    try:
        context |= page.context(view, now)
    except StoreUnavailable:
        context["is_away"] = True
    return render(request, "quality/overview.html", context, status=503 if "is_away" in context else 200)


@viewer_required
@require_safe
@_asked_rightly
def table(request: HttpRequest) -> HttpResponse:
    """All rows of the table as CSV."""
    view = _view(request)
    try:
        rows = page.rows_by(view, view.by)
    except StoreUnavailable:
        return HttpResponse("The store does not answer.", status=503, content_type="text/plain; charset=utf-8")
    headings = [
        view.by,
        "score",
        "mean",
        "low_95",
        "high_95",
        "scores",
        "change",
        "change_low_95",
        "change_high_95",
        "verdict",
    ]
    name = f"{request.project.slug}-quality-by-{view.by}-{view.scope.span.end:%Y-%m-%d}"
    return csv_file(name, headings, (_cells(view, row) for row in rows))


def _cells(view: View, row: page.Row) -> list[object]:
    change = row.change
    bounds = change.interval if change else None
    return [
        row.name, view.dimension, row.sums.mean, *(row.interval or (None, None)), row.sums.count,
        change.value if change else None, *(bounds or (None, None)), change.verdict if change else None,
    ]  # fmt: skip
