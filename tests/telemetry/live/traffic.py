"""Seeded random telemetry, and how a test stores it."""

import random
import uuid
from datetime import UTC, datetime, timedelta

from telemetry import commit
from telemetry.span import KINDS, Score, Span

MODELS = ("gpt-5", "claude-opus-5", "text-embedding-3", "", "model: with ünïcode")
ERRORS = ("timeout", "rate_limit", "provider_5xx", "")
NAMES = ("overall", "relevance", "my own: score")


def make_span(rng: random.Random, project_id: int, start: datetime, **changes) -> Span:
    status = rng.choices(("ok", "error", "unfinished"), (8, 2, 1))[0]
    span = Span(
        project_id=project_id,
        trace_id=uuid.UUID(int=rng.getrandbits(128)).hex,
        span_id=f"{rng.getrandbits(64):016x}",
        start_time=start,
        duration_ms=rng.choice((0.0, 0.1, 0.102, 1.0, 250.0, rng.lognormvariate(7, 2))),
        kind=rng.choice(KINDS),
        name=rng.choice(("chat", "search")),
        model=rng.choice(MODELS),
        input_tokens=rng.randrange(5000),
        cached_tokens=rng.randrange(100),
        output_tokens=rng.randrange(1000),
        reasoning_tokens=rng.randrange(100),
        cost_nano=rng.randrange(10**9),
        cost_source=rng.choice(("", "price_book")),
        status=status,
        error_type=rng.choice(ERRORS) if status == "error" else "",
        feature=rng.choice(("search", "summary", "")),
        counted=rng.random() > 0.1,
    )
    for name, value in changes.items():
        setattr(span, name, value)
    return span


def make_traffic(seed: int, project_id: int, *, count: int, since: datetime, until: datetime) -> list[Span]:
    """Spans at random moments between the two, some with scores."""
    rng = random.Random(seed)
    width = (until - since) / timedelta(microseconds=1)
    spans = []
    for _ in range(count):
        span = make_span(rng, project_id, since + timedelta(microseconds=int(rng.random() * width)))
        if rng.random() < 0.3:
            span.scores = [Score(name=rng.choice(NAMES), value=round(rng.random(), 3), source="client")]
        spans.append(span)
    return spans


def store(spans: list[Span], scores: list[Score] | None = None) -> None:
    """Store and wait until the live side has seen it."""
    if spans:
        commit.store_spans(spans)
    if scores:
        commit.store_scores(scores)
    commit.settle()


def now() -> datetime:
    return datetime.now(UTC)
