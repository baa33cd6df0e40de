"""The page of one trace: its tree with timings, and one span of it in full."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import viewer_required
from core.timerange import BadRange
from telemetry import queries, span_page, store, trace_tree
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
    raw, part = request.GET.get("raw", ""), request.GET.get("part")
    spans, scores, likely = _read(request, trace_id, cut=queries.WHOLE if raw else MOST_READ, whole=part != "tree")
    if not spans:
        raise Http404("No such trace.")
    built = trace_tree.build(spans, scores)
    chosen = _chosen(request, built)
    if raw:
        return _raw(request, trace_id, chosen, likely, raw)
    context |= {"trace": built, "chosen": chosen}
    if part == "tree":
        return render(request, "telemetry/_tree_rows.html", context | _lines(request, built))
    context |= _detail(request, trace_id, chosen, likely, scores)
    if part == "span":
        return render(request, "telemetry/_span.html", context)
    return render(request, "telemetry/trace.html", context | _lines(request, built))


class _Read(NamedTuple):
    spans: list[SpanRow]
    scores: list[ScoreRow]
    #: The span that will be shown in full, unless the tree has another root first.
    likely: list[WholeSpan]


def _read(request: HttpRequest, trace_id: str, *, cut: int, whole: bool) -> _Read:
    """The whole span takes as long as the tree and its scores, so it is not waited for that the tree names it."""
    project_id, span_id = request.project.pk, request.GET.get("span", "")

    def tree() -> tuple[list[SpanRow], list[ScoreRow]]:
        return queries.trace_spans(project_id, trace_id), queries.trace_scores(project_id, trace_id)

    if not whole:
        return _Read(*tree(), [])
    found, likely = store.together(tree, lambda: queries.likely_spans(project_id, trace_id, span_id, cut=cut))
    return _Read(*found, likely)


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


def _whole(request: HttpRequest, trace_id: str, span: SpanRow, likely: list[WholeSpan], *, cut: int) -> WholeSpan:
    found = [row for row in likely if row.span_id == span.span_id]
    found = found or queries.whole_spans(request.project.pk, trace_id, [span], cut=cut)
    if not found:
        raise Http404("This span is no longer kept.")
    return found[0]


def _detail(
    request: HttpRequest, trace_id: str, chosen: SpanRow, likely: list[WholeSpan], scores: list[ScoreRow]
) -> dict[str, Any]:
    whole = request.GET.get("show") == "all"
    span = _whole(request, trace_id, chosen, likely, cut=MOST_READ)
    return {
        "page": span_page.build(span, whole=whole),
        "span": span,
        "whole": whole,
        "scores": [score for score in scores if score.span_id == chosen.span_id],
        "notes": feedback_out.notes(request.project.pk, trace_id, chosen.span_id, chosen.parent_id),
        "trace_scores": [score for score in scores if not score.span_id],
    }


def _raw(request: HttpRequest, trace_id: str, chosen: SpanRow, likely: list[WholeSpan], name: str) -> HttpResponse:
    """One text exactly as it was stored, as plain text that no browser runs."""
    if name not in RAW_TEXTS:
        raise Http404("No such text.")
    text = getattr(_whole(request, trace_id, chosen, likely, cut=queries.WHOLE), name)
    return HttpResponse(
        text,
        content_type="text/plain; charset=utf-8",
        headers={"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"},
    )
