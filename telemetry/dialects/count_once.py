"""A model call that several instruments saw is billed once.

A gateway and an SDK, or two instrumentors, each report the call as a span of their own, one inside the other, with the
response id that the provider gave it. Only ancestors count as the same call: response ids of fake and local servers
repeat, but not inside one another.
"""

from __future__ import annotations

from telemetry.span import CALL_KINDS, Span


def count_once(spans: list[Span]) -> None:
    """Keep ``counted`` on one span for each call in this batch: the outermost that knows its tokens."""
    calls = [span for span in spans if span.response_id and span.kind in CALL_KINDS]
    if len(calls) == len({(span.trace_id, span.response_id) for span in calls}):
        return
    by_id = {(span.trace_id, span.span_id): span for span in spans}
    for call in calls:
        outer = _same_call_above(call, by_id)
        if outer is not None:
            (call if outer.input_tokens or outer.output_tokens else outer).counted = False


def _same_call_above(call: Span, by_id: dict[tuple[str, str], Span]) -> Span | None:
    """The nearest counted ancestor with the same response id."""
    seen: set[str] = set()
    above = by_id.get((call.trace_id, call.parent_id))
    while above is not None and above.span_id not in seen:
        seen.add(above.span_id)
        if above.counted and above.kind in CALL_KINDS and above.response_id == call.response_id and above is not call:
            return above
        above = by_id.get((above.trace_id, above.parent_id))
    return None
