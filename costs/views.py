"""The costs page and its downloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import may, viewer_required
from accounts.models import Membership
from core.downloads import csv_file
from core.money import usd_text
from core.timerange import COMPARISONS, BadRange
from costs import budgets, queries, spending
from costs.figures import spend_figure
from costs.queries import Spend
from costs.spending import DEFAULT_SORT, DIMENSIONS, BadSort
from telemetry.marks import marks_in
from telemetry.scope import Scope
from telemetry.store import StoreUnavailable


def _asked_rightly(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A query string that makes no sense is answered with the reason, and so is a store that is away."""

    @wraps(view)
    def answered(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except (BadRange, BadSort) as wrong:
            return HttpResponseBadRequest(str(wrong), content_type="text/plain; charset=utf-8")
        except StoreUnavailable:
            return HttpResponse("The store does not answer.", status=503, content_type="text/plain; charset=utf-8")

    return answered


@viewer_required
@require_safe
@_asked_rightly
def overview(request: HttpRequest) -> HttpResponse:
    """Total and change, spend over time, who spent it, and what the budgets have left."""
    scope = Scope.from_query(request.project, request.GET.dict())
    sort = spending.sort_from(request.GET.dict())
    context = {
        "scope": scope,
        "sort": sort,
        "sort_param": None if sort == DEFAULT_SORT else sort,
        "unfiltered": scope.query(**dict.fromkeys(scope.filters.values)),
        "may_administer": may(request.user, request.project, Membership.Role.ADMIN),
        "now": datetime.now(UTC),
    }
    try:
        context |= _figures(scope, sort, request.GET.get("show", ""))
    except StoreUnavailable:
        context["is_away"] = True
    return render(request, "costs/overview.html", context, status=503 if "is_away" in context else 200)


def _figures(scope: Scope, sort: str, shown: str) -> dict[str, object]:
    project_id, before = scope.project.pk, scope.before
    tables = [spending.breakdown(scope, key, sort, is_long=key in (shown, "model")) for key in DIMENSIONS]
    total = tables[0].total
    earlier = queries.spend_total(project_id, before, scope.filters) if before else None
    return {
        "total": total,
        "earlier": earlier,
        "compared_with": COMPARISONS[scope.compare] if before else "",
        "spend_change": spending.change(total.cost_nano, earlier.cost_nano) if earlier else None,
        "each_change": spending.change(total.each_nano, earlier.each_nano) if earlier else None,
        "figure": _figure(scope) if total.cost_nano else None,
        "tables": tables if total.calls else [],
        "unpriced": queries.unpriced(project_id, scope.span, scope.filters) if total.unpriced else [],
        "budgets": budgets.for_project(scope.project),
    }


def _figure(scope: Scope) -> object:
    project_id, step, before = scope.project.pk, scope.span.step, scope.before

    def link(at: datetime, model: str | None) -> str:
        changes = {
            "range": None, "calls": "1", "from": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "to": (at + step).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }  # fmt: skip
        if model is not None:
            changes["model"] = model
        return f"{reverse('traces:list')}?{scope.query(**changes)}"

    return spend_figure(
        queries.spend_over_time(project_id, scope.span, step, scope.filters),
        queries.spend_over_time(project_id, before, step, scope.filters) if before else [],
        link=link,
        marks=marks_in(scope.project, scope.span),
        uirevision=f"spend {scope.span.preset or scope.span.start}",
        before_name=COMPARISONS[scope.compare],
    )


@viewer_required
@require_safe
@_asked_rightly
def table(request: HttpRequest, key: str) -> HttpResponse:
    """All rows of one table as CSV."""
    if key not in DIMENSIONS:
        raise Http404("No such table.")
    scope = Scope.from_query(request.project, request.GET.dict())
    rows = spending.rows_of(scope, key, spending.sort_from(request.GET.dict()))
    headings = [key, "calls", "unpriced_calls", "input_tokens", "output_tokens", "cost_usd", "cost_per_call_usd"]
    return _download(f"costs-by-{key}", scope, headings, map(_cells, rows))


def _cells(row: Spend) -> list[object]:
    each = "" if row.each_nano is None else usd_text(row.each_nano)
    return [row.name, row.calls, row.unpriced, row.input_tokens, row.output_tokens, usd_text(row.cost_nano), each]


@viewer_required
@require_safe
@_asked_rightly
def unpriced_table(request: HttpRequest) -> HttpResponse:
    """The calls without a known cost as CSV, by host, model and tier."""
    scope = Scope.from_query(request.project, request.GET.dict())
    rows = queries.unpriced(scope.project.pk, scope.span, scope.filters, limit=10_000)
    headings = ["provider", "model", "service_tier", "calls", "calls_without_tokens", "input_tokens", "output_tokens"]
    return _download("unpriced-calls", scope, headings, (row[:7] for row in rows))


@viewer_required
@require_safe
@_asked_rightly
def budgets_table(request: HttpRequest) -> HttpResponse:
    """The budgets in their present period as CSV."""
    scope = Scope.from_query(request.project, request.GET.dict())
    headings = [
        "budget", "scope", "value", "period", "period_start", "period_end", "limit_usd", "spent_usd", "remaining_usd",
        "forecast_usd", "forecast_method", "state",
    ]  # fmt: skip
    rows = [
        (
            each.budget.name, each.budget.scope, each.value, each.budget.period, each.period_start.isoformat(),
            each.period_end.isoformat(), usd_text(each.limit_nano), usd_text(each.spent_nano),
            usd_text(each.remaining_nano), usd_text(each.forecast_nano), each.forecast_method, each.state,
        )
        for each in budgets.for_project(scope.project)
    ]  # fmt: skip
    return _download("budgets", scope, headings, rows)


def _download(name: str, scope: Scope, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    return csv_file(f"{scope.project.slug}-{name}-{scope.span.end:%Y-%m-%d}", headings, rows)
