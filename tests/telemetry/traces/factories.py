"""Spans with good defaults, stored in one go."""

import itertools
from datetime import UTC, datetime, timedelta

from core.timerange import TimeRange
from telemetry import commit
from telemetry.span import Score, Span

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = TimeRange(NOON - timedelta(hours=12), NOON + timedelta(hours=12))
#: The same day in an address.
IN_DAY = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z"

_numbers = itertools.count(1)


def make_span(project_id: int, **changes) -> Span:
    """An answered model call at noon; ``second`` moves it."""
    number = next(_numbers)
    values = {
        "trace_id": f"{number:032x}", "span_id": f"{number:016x}", "duration_ms": 800.0, "kind": "llm",
        "name": "chat gpt-4o", "provider": "openai", "model": "gpt-4o", "input_tokens": 100, "output_tokens": 20,
        "cost_nano": 1_500_000, "cost_source": "price_book", "input": "Who wrote Emma?", "output": "Jane Austen.",
        "feature": "chat", "user_id": "ann", "session_id": "s1", "service": "shop", "environment": "production",
    } | changes  # fmt: skip
    second = values.pop("second", 0)
    return Span(project_id, start_time=values.pop("start_time", NOON + timedelta(seconds=second)), **values)


def stored(*spans: Span) -> None:
    commit.store_spans(list(spans))


def make_trace(project_id: int, trace_id: str, *, second: float = 0, **changes) -> list[Span]:
    """A chain over a retrieval and a model call."""
    ids = [f"{next(_numbers):016x}" for _ in range(3)]
    plain = {"provider": "", "model": "", "input_tokens": 0, "output_tokens": 0, "cost_nano": 0, "cost_source": ""}
    common = {"trace_id": trace_id} | changes
    root = {"span_id": ids[0], "kind": "chain", "name": "answer", "duration_ms": 2000.0, "second": second}
    search = {"span_id": ids[1], "kind": "retrieval", "name": "search", "duration_ms": 300.0, "second": second + 0.1}
    found = [{"id": "kb/1", "score": 0.91, "content": "Emma is by Jane Austen."}]
    return [
        make_span(project_id, **root, **plain | common),
        make_span(project_id, parent_id=ids[0], documents=found, **search, **plain | common),
        make_span(project_id, span_id=ids[2], parent_id=ids[0], second=second + 0.5, **common),
    ]


def judged(span: Span, name: str, value: float, **more) -> Span:
    span.scores.append(Score(name, value, **more))
    return span
