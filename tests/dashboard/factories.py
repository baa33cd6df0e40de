"""Traffic with good defaults for the dashboard's tests."""

import itertools
from datetime import UTC, datetime, timedelta

from accounts.models import Project
from telemetry.commit import settle, store_spans
from telemetry.span import Score, Span

_numbers = itertools.count(1)


def make_span(
    project: Project, *, ago: timedelta = timedelta(minutes=5), scores: dict[str, float] | None = None, **changes
):
    """A priced call of 200 ms, some minutes ago."""
    number = next(_numbers)
    values = {
        "project_id": project.pk, "trace_id": f"{number:032x}", "span_id": f"{number:016x}",
        "start_time": datetime.now(UTC) - ago, "duration_ms": 200.0, "kind": "llm", "name": "chat model-a",
        "provider": "openai", "model": "model-a", "feature": "search", "input_tokens": 100, "output_tokens": 20,
        "cost_nano": 2_000_000, "cost_source": "reported",
    }  # fmt: skip
    span = Span(**(values | changes))
    span.scores = [Score(name, value) for name, value in (scores or {}).items()]
    return span


def send(*spans: Span) -> None:
    store_spans(list(spans))
    settle()
