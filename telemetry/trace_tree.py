"""The spans of a trace as a tree with its timings, whatever came of it: parts may be missing or unfinished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from telemetry.queries import MOST_SPANS, ScoreRow, SpanRow
from telemetry.span import CALL_KINDS, OPERATION_KINDS

MILLISECOND = timedelta(milliseconds=1)
#: Deeper spans are drawn at this depth.
DEEPEST = 12
#: Narrower bars could not be seen, in percent of the trace.
NARROWEST = 0.4
#: The score that stands beside a span's name.
OVERALL = "overall"


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the tree; ``left`` and ``width`` are percentages of the trace's length."""

    span: SpanRow
    depth: int
    left: float
    width: float
    #: Its parent is named, but was not received.
    is_orphan: bool
    #: Mean of its overall scores, None without any.
    overall: float | None

    @property
    def indent(self) -> int:
        return min(self.depth, DEEPEST)

    @property
    def is_call(self) -> bool:
        return self.span.kind in CALL_KINDS


@dataclass(frozen=True, slots=True)
class Trace:
    """All spans of a trace. Tokens and money count what is ``counted``."""

    #: Depth first, siblings by start, with the depth of each.
    order: list[tuple[SpanRow, int]]
    started: datetime
    duration_ms: float
    input_tokens: int
    output_tokens: int
    cost_nano: int
    calls: int
    unpriced: int
    failed: int
    unfinished: int
    orphans: int
    roots: int
    #: Span id -> mean of its overall scores.
    overall: Mapping[str, float]

    @property
    def size(self) -> int:
        return len(self.order)

    @property
    def is_cut(self) -> bool:
        return self.size >= MOST_SPANS

    @property
    def main(self) -> SpanRow:
        """The root, else the first span."""
        return next((span for span, _ in self.order if not span.parent_id), self.order[0][0])

    @property
    def first_failed(self) -> SpanRow | None:
        return next((span for span, _ in self.order if span.counted and _is_failure(span)), None)

    def span(self, span_id: str) -> SpanRow | None:
        return next((span for span, _ in self.order if span.span_id == span_id), None)

    def lines(self, start: int, end: int) -> list[Node]:
        """A part of the tree, drawn."""
        present = {span.span_id for span, _ in self.order}
        return [
            Node(
                span,
                depth,
                *self._bar(span),
                is_orphan=_is_orphan(span, present),
                overall=self.overall.get(span.span_id),
            )
            for span, depth in self.order[start:end]
        ]

    def _bar(self, span: SpanRow) -> tuple[float, float]:
        if self.duration_ms <= 0:
            return 0.0, 100.0
        left = 100 * ((span.start_time - self.started) / MILLISECOND) / self.duration_ms
        left = min(left, 100 - NARROWEST)
        width = max(NARROWEST, 100 * span.duration_ms / self.duration_ms)
        return round(left, 2), round(min(width, 100 - left), 2)


def _is_failure(span: SpanRow) -> bool:
    return span.status == "error" and span.kind in OPERATION_KINDS


def build(spans: Sequence[SpanRow], scores: Sequence[ScoreRow] = ()) -> Trace:
    """At least one span, oldest first, and what the spans were given."""
    started = spans[0].start_time
    present = {span.span_id for span in spans}
    counted = [span for span in spans if span.counted]
    calls = [span for span in counted if span.kind in CALL_KINDS]
    return Trace(
        order=_depth_first(spans, present),
        started=started,
        duration_ms=max((span.start_time - started) / MILLISECOND + span.duration_ms for span in spans),
        # Agents and chains may repeat what the calls inside them used.
        input_tokens=sum(span.input_tokens for span in calls),
        output_tokens=sum(span.output_tokens for span in calls),
        cost_nano=sum(span.cost_nano for span in calls),
        calls=len(calls),
        unpriced=sum(not span.cost_source for span in calls),
        failed=sum(_is_failure(span) for span in counted),
        unfinished=sum(span.status == "unfinished" for span in spans),
        orphans=sum(_is_orphan(span, present) for span in spans),
        roots=sum(not span.parent_id for span in spans),
        overall=_overall(scores),
    )


def _overall(scores: Sequence[ScoreRow]) -> dict[str, float]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    for score in scores:
        if score.name == OVERALL:
            values[score.span_id].append(score.value)
    return {span_id: fmean(given) for span_id, given in values.items()}


def _is_orphan(span: SpanRow, present: set[str]) -> bool:
    return bool(span.parent_id) and span.parent_id not in present


def _depth_first(spans: Sequence[SpanRow], present: set[str]) -> list[tuple[SpanRow, int]]:
    """Every span once, with its depth. What hangs on a missing parent, or on itself in a circle, begins a tree."""
    below: defaultdict[str, list[SpanRow]] = defaultdict(list)
    for span in reversed(spans):
        below[span.parent_id if span.parent_id in present and span.parent_id != span.span_id else ""].append(span)
    order: list[tuple[SpanRow, int]] = []
    done: set[str] = set()

    def walk(stack: list[tuple[SpanRow, int]]) -> None:
        while stack:
            span, depth = stack.pop()
            if span.span_id not in done:
                done.add(span.span_id)
                order.append((span, depth))
                stack.extend((child, depth + 1) for child in below.get(span.span_id, ()))

    walk([(span, 0) for span in below[""]])
    for span in spans:
        if span.span_id not in done:
            walk([(span, 0)])
    return order
