"""The list of traces. The page of one trace is in ``trace_views``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts.access import viewer_required
from core.timerange import BadRange, TimeRange
from telemetry import filter_form, queries, store, trace_list
from telemetry.scope import Scope
from telemetry.search import BadSearch, Search
from telemetry.store import StoreUnavailable, TookTooLong

STOPPED = "The search was stopped after 8 s. Narrow the range, or add a filter."
_SOME_ID = re.compile(r"[0-9a-fA-F-]{12,64}")


def counted_range(span: TimeRange) -> TimeRange:
    """Widened to whole minutes, as the figures are, so that a list holds what a figure counted."""
    start = span.start.replace(second=0, microsecond=0)
    end = span.end.replace(second=0, microsecond=0)
    return TimeRange(start, end if end == span.end else end + timedelta(minutes=1), span.preset)


def list_query(scope: Scope, search: Search, **changes: str | None) -> str:
    """The query string of a list with some parameters changed (None removes)."""
    return scope.query(**(search.query() | changes))


@require_GET
@viewer_required
def traces(request: HttpRequest) -> HttpResponse:
    """Traces with a span that matches the filters. ``part`` asks for a fragment: ``rows``, ``count`` or ``values``."""
    try:
        scope = Scope.from_query(request.project, request.GET.dict())
        if "form" in request.GET:
            return _to_clean_address(request, scope)
        search = Search.from_query(request.GET.dict())
        span = counted_range(scope.span)
        context: dict[str, Any] = {"scope": scope, "search": search}
        match request.GET.get("part"):
            case "count":
                return render(request, "telemetry/_count.html", context | _count(scope, span, search))
            case "values":
                return render(request, "telemetry/_filter_values.html", _filter_values(scope, span))
            case "rows":
                return render(request, "telemetry/_rows.html", context | _rows(request, scope, span, search))
        context |= _form(scope, search) | _jump(scope, search)
        if search.reads_texts:
            context |= _rows(request, scope, span, search)
        else:
            rows, counted = store.together(
                lambda: _rows(request, scope, span, search), lambda: _count(scope, span, search)
            )
            context |= rows | counted
    except (BadRange, BadSearch) as error:
        return render(request, "400.html", {"message": str(error)}, status=400)
    return render(request, "telemetry/traces.html", context)


def _to_clean_address(request: HttpRequest, scope: Scope) -> HttpResponse:
    """A browser submits empty fields too; the address keeps what filters."""
    gone = dict.fromkeys(scope.filters.values)
    return redirect(f"{request.path}?{scope.query(**(gone | filter_form.cleaned(request.GET)))}")


def _rows(request: HttpRequest, scope: Scope, span: TimeRange, search: Search) -> dict[str, Any]:
    cursor = request.GET.get("cursor", "")
    found: dict[str, Any] = {
        "cursor": cursor,
        "here": list_query(scope, search),
        "unfiltered": scope.query(**dict.fromkeys(scope.filters.values)),
        "retry_url": request.get_full_path(),
    }
    try:
        page = trace_list.page(scope.project.pk, span, search, cursor=cursor)
    except TookTooLong:
        return found | {"stopped": STOPPED}
    except StoreUnavailable:
        return found | {"unavailable": True}
    if page.next_cursor:
        found["older"] = list_query(scope, search, cursor=page.next_cursor)
    return found | {"rows": page.rows}


def _count(scope: Scope, span: TimeRange, search: Search) -> dict[str, Any]:
    """Costs as much as the list; with a text to find, the page asks for it on its own."""
    try:
        counted = trace_list.count(scope.project.pk, span, search)
    except TookTooLong:
        return {"count_stopped": True}
    except StoreUnavailable:
        return {"count_unavailable": True}
    return {"count": counted, "is_more": counted.spans > trace_list.MOST_COUNTED, "most": trace_list.MOST_COUNTED}


def _form(scope: Scope, search: Search) -> dict[str, Any]:
    kept = scope.query(**dict.fromkeys(scope.filters.values))
    return {
        "groups": filter_form.groups(search),
        "hidden": parse_qsl(kept, keep_blank_values=True),
        "values_url": f"?{list_query(scope, search, part='values')}",
        "count_url": f"?{list_query(scope, search, part='count')}",
    }


def _filter_values(scope: Scope, span: TimeRange) -> dict[str, Any]:
    values: dict[str, list[str]] = {}
    try:
        for row in queries.filter_values(scope.project.pk, span):
            values.setdefault(row.name, []).append(row.value)
    except StoreUnavailable:
        values.clear()
    return {"values": values}


def _jump(scope: Scope, search: Search) -> dict[str, Any]:
    """A text that is an id leads to its trace, also outside of the range."""
    text = search.texts.get("q", "")
    if not _SOME_ID.fullmatch(text):
        return {}
    try:
        return {"jump": queries.trace_of_id(scope.project.pk, text)}
    except StoreUnavailable:
        return {}
