"""What a span is to the others of its trace: ancestors, place in the order, sums over what is below. Pure."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from telemetry.langsmith import ids
from telemetry.langsmith.questions import Kin

#: Deeper nesting is a loop of ids.
MOST_ANCESTORS = 1000

Key = tuple[str, str]


class Sums(NamedTuple):
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0
    is_priced: bool = False

    def and_those_of(self, other: Kin | Sums) -> Sums:
        return Sums(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost_nano + other.cost_nano,
            self.is_priced or other.is_priced,
        )


class Lineage:
    """All spans of the traces of interest."""

    def __init__(self, kin: Iterable[Kin]) -> None:
        self._spans = {(span.trace_id, span.span_id): span for span in kin}
        self._sums: dict[Key, Sums] = {}

    def ancestors(self, trace_id: str, span_id: str) -> list[Kin]:
        """From the root down to the parent, as far as they are stored."""
        found: list[Kin] = []
        met = {span_id}
        span = self._spans.get((trace_id, span_id))
        while span and span.parent_id and span.parent_id not in met and len(found) < MOST_ANCESTORS:
            met.add(span.parent_id)
            span = self._spans.get((trace_id, span.parent_id))
            if span:
                found.append(span)
        return found[::-1]

    def parent_run(self, trace_id: str, parent_id: str) -> uuid.UUID:
        parent = self._spans.get((trace_id, parent_id))
        return run_id(parent) if parent else ids.of_id(parent_id)

    def dotted_order(self, trace_id: str, span_id: str) -> str:
        """Start and UUID of every ancestor and of the span itself: it sorts as the trace was executed."""
        own = self._spans.get((trace_id, span_id))
        return ".".join(map(_segment, [*self.ancestors(trace_id, span_id), *([own] if own else [])]))

    def sums(self, trace_id: str, span_id: str) -> Sums:
        """Over the span and all below it; what is neither is nothing."""
        if not self._sums:
            self._add_up()
        return self._sums.get((trace_id, span_id), Sums())

    def _add_up(self) -> None:
        sums: defaultdict[Key, Sums] = defaultdict(Sums)
        for key, span in self._spans.items():
            sums[key] = sums[key].and_those_of(span)
            if span.is_priced or span.input_tokens or span.output_tokens:
                for ancestor in self.ancestors(*key):
                    above = ancestor.trace_id, ancestor.span_id
                    sums[above] = sums[above].and_those_of(span)
        self._sums = dict(sums)


def run_id(span: Kin) -> uuid.UUID:
    return ids.run_id(span.trace_id, span.span_id, span.parent_id)


def _segment(span: Kin) -> str:
    return f"{span.start_time:%Y%m%dT%H%M%S%fZ}{run_id(span)}"
