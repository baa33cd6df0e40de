"""The page of one trace: its tree with timings, and one span of it in full."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import viewer_required
from core.timerange import BadRange
from telemetry import queries, span_page, trace_tree
from telemetry.langsmith import feedback_out
from telemetry.queries import ScoreRow, SpanRow, WholeSpan
from telemetry.scope import Scope
from telemetry.search import BadSearch, Search
from telemetry.store import StoreUnavailable
from telemetry.trace_tree import Trace
from telemetry.views import list_query

#: Lines of the tree that are drawn at once.
TREE_STEP = 500
#: Bytes of one text that the page reads; a longer one is a link.
MOST_READ = 4_000_000
RAW_TEXTS = ("input", "output", "documents", "tool_calls", "attributes")


@require_GET
@viewer_required
def trace(request: HttpRequest, trace_id: str) -> HttpResponse:
    """``span`` chooses the span that is shown in full, ``show=all`` its whole texts, ``raw`` one of them as it came.

    ``part`` asks for a fragment: ``span``, or ``tree`` with the lines after ``after``.
    """
    try:
        scope = Scope.from_query(request.project, request.GET.dict())
        back = list_query(scope, Search.from_query(request.GET.dict()))
    except (BadRange, BadSearch) as error:
        return render(request, "400.html", {"message": str(error)}, status=400)
    context = {"scope": scope, "trace_id": trace_id, "back": f"{reverse('traces:list')}?{back}", "query": back}
    try:
        return _answer(request, trace_id, context)
    except StoreUnavailable:
        return render(request, "telemetry/trace_unavailable.html", context, status=503)


def _answer(request: HttpRequest, trace_id: str, context: dict[str, Any]) -> HttpResponse:
    spans = queries.trace_spans(request.project.pk, trace_id)
    if not spans:
        raise Http404("No such trace.")
    scores = queries.trace_scores(request.project.pk, trace_id)
    built = trace_tree.build(spans, scores)
    chosen = _chosen(request, built)
    if raw := request.GET.get("raw"):
        return _raw(request, trace_id, chosen, raw)
    part = request.GET.get("part")
    context |= {"trace": built, "chosen": chosen}
    if part == "tree":
        return render(request, "telemetry/_tree_rows.html", context | _lines(request, built))
    context |= _detail(request, trace_id, chosen, scores)
    if part == "span":
        return render(request, "telemetry/_span.html", context)
    return render(request, "telemetry/trace.html", context | _lines(request, built))


def _chosen(request: HttpRequest, built: Trace) -> SpanRow:
    """The span asked for. Raises Http404 when the trace has none with that id."""
    span_id = request.GET.get("span")
    if not span_id:
        return built.main
    found = built.span(span_id)
    if found is None:
        raise Http404("No such span in this trace.")
    return found


def _lines(request: HttpRequest, built: Trace) -> dict[str, Any]:
    after = request.GET.get("after", "")
    start = int(after) if after.isdecimal() and len(after) < 10 else 0
    end = start + TREE_STEP
    rest = max(0, built.size - end)
    return {"nodes": built.lines(start, end), "start": start, "after": end, "rest": rest, "step": min(rest, TREE_STEP)}


def _whole(request: HttpRequest, trace_id: str, span: SpanRow, *, cut: int) -> WholeSpan:
    found = queries.whole_spans(request.project.pk, trace_id, [span], cut=cut)
    if not found:
        raise Http404("This span is no longer kept.")
    return found[0]


def _detail(request: HttpRequest, trace_id: str, chosen: SpanRow, scores: list[ScoreRow]) -> dict[str, Any]:
    whole = request.GET.get("show") == "all"
    span = _whole(request, trace_id, chosen, cut=MOST_READ)
    return {
        "page": span_page.build(span, whole=whole),
        "span": span,
        "whole": whole,
        "scores": [score for score in scores if score.span_id == chosen.span_id],
        "notes": feedback_out.notes(request.project.pk, trace_id, chosen.span_id, chosen.parent_id),
        "trace_scores": [score for score in scores if not score.span_id],
    }


def _raw(request: HttpRequest, trace_id: str, chosen: SpanRow, name: str) -> HttpResponse:
    """One text exactly as it was stored, as plain text that no browser runs."""
    if name not in RAW_TEXTS:
        raise Http404("No such text.")
    text = getattr(_whole(request, trace_id, chosen, cut=queries.WHOLE), name)
    return HttpResponse(
        text,
        content_type="text/plain; charset=utf-8",
        headers={"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"},
    )
