"""``GET /api/v1/summary``: how the system is doing, in one answer."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from accounts.api_auth import KeyAuth, caller
from accounts.models import Project
from core.money import usd_text
from core.problems import Problem
from dashboard.queries import Reading
from telemetry import exact
from telemetry.api import MeanOut, SpanFilterQuery
from telemetry.scope import Scope
from telemetry.search import FLAGS, NUMBERS, TEXTS
from telemetry.series import Parts
from telemetry.window import Window

router = Router(tags=["summary"], auth=KeyAuth("read"))


class SummaryQuery(SpanFilterQuery):
    compare: str = Field(
        "yesterday", description="What changes are against: `previous`, `yesterday`, `week` or `none`."
    )


class LatencyOut(Schema):
    """Milliseconds within 1 %; null without calls."""

    p50: float | None
    p95: float | None
    p99: float | None


class ComponentOut(Schema):
    score: float | None
    change: float | None
    weight: float
    sample: int
    note: str


class HealthOut(Schema):
    score: float | None = Field(description="0 to 100; null when no component is known.")
    change: float | None
    components: dict[str, ComponentOut] = Field(description="quality, latency, errors and cost.")


class SummaryOut(Schema):
    calls: int = Field(description="Spans of kind llm or embedding that are counted.")
    errors: int = Field(description="Failed calls.")
    input_tokens: int
    output_tokens: int
    cost_usd: str = Field(description="A decimal number of dollars.")
    unpriced_calls: int = Field(description="Calls whose cost is not known, and is missing from `cost_usd`.")
    latency_ms: LatencyOut
    health: HealthOut
    scores: dict[str, MeanOut]


class ExactReading(Reading):
    """Reads the range to the microsecond instead of in whole minutes."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._read = cache(lambda span: exact.total(self.project_id, span, scope.filters))

    def now(self, parts: Parts = Parts.ALL) -> Window:
        return self._read(self.scope.span)

    def before(self, parts: Parts = Parts.ALL) -> Window | None:
        return None if self.scope.before is None else self._read(self.scope.before)


@router.get("/summary", response=SummaryOut, summary="Calls, errors, tokens, cost, latency, health and scores")
def summary(request: HttpRequest, query: Query[SummaryQuery]) -> dict[str, Any]:
    """Of everything that began in the range, exactly as given."""
    given = request.GET.dict()
    if only_lists := next((name for name in (*TEXTS, *NUMBERS, *FLAGS) if name in given), ""):
        raise Problem(400, f"{only_lists}: only lists of traces can be narrowed by it", field=only_lists)
    project = Project.objects.get(pk=caller(request).project_id)
    reading = ExactReading(Scope.from_query(project, given))
    window = reading.now()
    return {
        "calls": window.calls,
        "errors": window.errors,
        "input_tokens": window.input_tokens,
        "output_tokens": window.output_tokens,
        "cost_usd": usd_text(window.cost_nano),
        "unpriced_calls": sum(model.unpriced for model in window.models.values()),
        "latency_ms": {f"p{percent}": window.latency_ms(percent / 100) for percent in (50, 95, 99)},
        "health": reading.health.as_dict(),
        "scores": {
            name: {"mean": score.mean, "count": score.count}
            for name, score in sorted(window.scores.items())
            if score.count
        },
    }
