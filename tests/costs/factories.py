"""Calls and budgets with good defaults."""

import itertools
from datetime import UTC, datetime
from decimal import Decimal

from accounts.models import Project
from core.money import to_nano
from costs.models import Budget
from telemetry.commit import store_spans
from telemetry.span import Span

#: A Wednesday.
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def make_call(project: Project, at: datetime = NOW, usd: str | Decimal | int = "1", **changes) -> Span:
    """A call whose cost its sender reported; ``usd=""`` for one that nobody knows the price of."""
    number = next(_numbers)
    values = {
        "project_id": project.pk, "trace_id": f"{number:032x}", "span_id": f"{number:016x}", "start_time": at,
        "duration_ms": 120.0, "kind": "llm", "name": "chat", "provider": "openai", "model": "model-a",
        "feature": "search", "user_id": "ada", "input_tokens": 100, "output_tokens": 20,
    }  # fmt: skip
    if usd != "":
        values |= {"cost_nano": to_nano(usd), "cost_source": "reported"}
    return Span(**(values | changes))


def spend(project: Project, at: datetime = NOW, usd: str | Decimal | int = "1", **changes) -> None:
    """Store one such call."""
    store_spans([make_call(project, at, usd, **changes)])


def make_budget(project: Project, **changes) -> Budget:
    values = {"name": f"Budget {next(_numbers)}", "limit_usd": Decimal(10), "period": "day"} | changes
    budget = Budget(project=project, **values)
    budget.full_clean()
    budget.save()
    return budget
