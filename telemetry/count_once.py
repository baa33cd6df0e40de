"""A model call that several instruments saw is billed once.

A gateway and an SDK, or two instrumentors of one client, each report the call as a span of their own, one inside the
other. They are known to be one by the response id that the provider gave, or, where one of them does not tell it,
by the same model and the same tokens. Only what lies inside one another is compared: the response ids of fake and
local servers repeat, and so do the tokens of small calls. See docs/decisions/0010-a-call-is-billed-once.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from telemetry.span import CALL_KINDS, Span

#: The two sights of a call come from exporters that send every few seconds.
REMEMBERED_SECONDS = 30.0
#: Traces and calls of one trace that are remembered at most, for half of that time.
MAX_TRACES, MAX_CALLS = 20_000, 50

Key = tuple[int, str, str]


def count_once(spans: list[Span]) -> None:
    """Keep ``counted`` on one span for each call among these: the one that knows most, the outermost of equals."""
    calls = [span for span in spans if span.kind in CALL_KINDS and span.counted]
    if len(calls) < 2:
        return
    by_id = {(span.project_id, span.trace_id, span.span_id): span for span in spans}
    for call in calls:
        for outer in _same_call_above(call, by_id):
            if _knowledge(call) <= _knowledge(outer):
                call.counted = False
                break
            outer.counted = False


def _same_call_above(call: Span, by_id: dict[Key, Span]) -> Iterator[Span]:
    """Counted ancestors that report the same call."""
    seen = {call.span_id}
    above, near = _parent(call, by_id), True
    while above is not None and above.span_id not in seen:
        seen.add(above.span_id)
        if above.kind in CALL_KINDS:
            if above.counted and _is_same(above, call, near=near):
                yield above
        elif above.kind != "other":
            # A tool, an agent or a step of its own: what is asked inside of it is not what was asked outside.
            near = False
        above = _parent(above, by_id)


def _parent(span: Span, by_id: dict[Key, Span]) -> Span | None:
    return by_id.get((span.project_id, span.trace_id, span.parent_id)) if span.parent_id else None


class _Call(NamedTuple):
    """What must be remembered of a call to know it again."""

    span_id: str
    parent_id: str
    response_id: str
    kind: str
    model: str
    input_tokens: int
    output_tokens: int
    status: str
    start_time: datetime
    duration_ms: float


_facts_of = attrgetter(*_Call._fields)


def _is_same(one: Span | _Call, other: Span | _Call, *, near: bool) -> bool:
    if one.response_id and other.response_id:
        return one.response_id == other.response_id
    return (
        near
        and one.kind == other.kind
        and _model(one) == _model(other)
        and (one.input_tokens, one.output_tokens) == (other.input_tokens, other.output_tokens)
        and (one.input_tokens > 0 or one.status == other.status == "error")
    )


def _model(call: Span | _Call) -> str:
    """Without the provider that gateways put in front of it."""
    return call.model.rpartition("/")[2]


def _knowledge(call: Span) -> tuple[bool, bool, bool]:
    """What the price depends on, the most important first."""
    return (
        call.input_tokens > 0 or call.output_tokens > 0,
        call.cost_nano > 0,
        call.cached_tokens > 0 or call.cache_write_tokens > 0,
    )


class RecentCalls:
    """Calls that were counted lately, for those who report them in a later request. Safe to use from threads.

    What was stored first stays counted, since the figures hold it by then.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changing = threading.Lock()
        #: The facts of each call, which are named when they are compared: that is rare, remembering is not.
        self._newer: dict[tuple[int, str], list[tuple[Any, ...]]] = {}
        self._older: dict[tuple[int, str], list[tuple[Any, ...]]] = {}
        self._since = clock()

    def discount(self, spans: list[Span]) -> None:
        """Take ``counted`` from spans whose call is counted already."""
        for span in spans:
            if span.kind in CALL_KINDS and span.counted:
                key = (span.project_id, span.trace_id)
                for known in (self._newer.get(key), self._older.get(key)):
                    if known and any(_reports(span, _Call(*facts)) for facts in known):
                        span.counted = False

    def remember(self, spans: list[Span]) -> None:
        """Call this when the spans are stored."""
        with self._changing:
            self._age()
            newer = self._newer
            for span in spans:
                if span.kind in CALL_KINDS and span.counted and (span.input_tokens or span.status == "error"):
                    key = (span.project_id, span.trace_id)
                    known = newer.get(key)
                    if known is None:
                        newer[key] = [_facts_of(span)]
                    elif len(known) < MAX_CALLS:
                        known.append(_facts_of(span))

    def forget(self) -> None:
        with self._changing:
            self._newer, self._older = {}, {}

    def _age(self) -> None:
        now = self._clock()
        if now - self._since > REMEMBERED_SECONDS or len(self._newer) > MAX_TRACES:
            self._older, self._newer, self._since = self._newer, {}, now


def _reports(span: Span, call: _Call) -> bool:
    """Without the spans between them, their times tell whether one lies inside the other."""
    if call.parent_id == span.parent_id:
        # Beside each other, whatever their times and ids.
        return False
    near = call.span_id == span.parent_id or call.parent_id == span.span_id
    return _is_same(span, call, near=near) and (near or _overlap(span, call))


def _overlap(one: Span | _Call, other: Span | _Call) -> bool:
    """They share more than half of the shorter one; the clocks of two machines need not agree to the millisecond."""
    start = max(one.start_time, other.start_time)
    end = min(_end(one), _end(other))
    shorter = min(one.duration_ms, other.duration_ms)
    return (end - start) / timedelta(milliseconds=1) > shorter / 2


def _end(call: Span | _Call) -> datetime:
    return call.start_time + timedelta(milliseconds=call.duration_ms)
